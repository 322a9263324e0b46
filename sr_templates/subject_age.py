"""How old the patient was when the study was made."""

from datetime import date

from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence

_OLDEST_YEARS = 130  # beyond, a date has another century in it


def age_years(evidence: Evidence) -> int | None:
    """Patient's Age where it is in years, else from the dates of birth and study; None where neither tells."""
    age = text_of(evidence.newest, "PatientAge")
    if len(age) == 4 and age[:3].isdecimal() and age[3] == "Y":
        return _plausible(int(age[:3]))
    born, examined = _date(evidence, "PatientBirthDate"), _date(evidence, "StudyDate")
    if born is None or examined is None:
        return None
    return _plausible(examined.year - born.year - ((examined.month, examined.day) < (born.month, born.day)))


def _plausible(years: int) -> int | None:
    return years if 0 <= years <= _OLDEST_YEARS else None


def _date(evidence: Evidence, keyword: str) -> date | None:
    try:
        return date.fromisoformat(text_of(evidence.newest, keyword))
    except ValueError:
        return None
