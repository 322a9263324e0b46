"""What both algorithms of diastolic function look at: a study's values, against the cut-offs of one guideline."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.results import AssessmentInput, ClipFindings, Measurement

# Limits of a regular rhythm: our choice. Of atrial fibrillation no network here knows anything.
_IRREGULAR_SHARE, _FEWEST_BEATS = 0.10, 3
CAVEAT = "In sinus rhythm alone; never claimed in atrial fibrillation, which nothing here recognises for certain"


@dataclass
class Criteria:
    """Values by key, and what was asked of them: each criterion is taken down, met or not, or as missing."""

    values: Mapping[str, Measurement]
    inputs: list[AssessmentInput] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def above(self, cut_offs: Mapping[str, float], *, inclusive: bool = False) -> bool | None:
        """Whether the first measured of these keys lies above its cut-off; None where none is measured."""
        return self._first(cut_offs, 1.0, inclusive=inclusive)

    def any_below(self, cut_offs: Mapping[str, float], *, inclusive: bool = False) -> bool | None:
        """Whether any of these lies below its cut-off; None where none is measured."""
        known = [self._first({key: limit}, -1.0, inclusive=inclusive) for key, limit in cut_offs.items()]
        met = [verdict for verdict in known if verdict is not None]
        return any(met) if met else None

    def number(self, *keys: str) -> float | None:
        """The first measured of them, which decides by more than one cut-off."""
        found = next((self.values[key] for key in keys if key in self.values), None)
        if found is None:
            self.missing.append(keys[0])
            return None
        self.inputs.append(AssessmentInput(found.key, found.value, found.unit, abnormal=False))
        return found.value

    def _first(self, cut_offs: Mapping[str, float], sign: float, *, inclusive: bool) -> bool | None:
        for key, limit in cut_offs.items():
            if (found := self.values.get(key)) is not None:
                beyond = sign * (found.value - limit)
                met = beyond > 0 or (inclusive and beyond == 0)
                self.inputs.append(AssessmentInput(key, found.value, found.unit, met))
                return met
        self.missing.append(next(iter(cut_offs)))
        return None


def irregular(clips: tuple[ClipFindings, ...]) -> str:
    """Why the rhythm may be no sinus rhythm, in words; "" where no clip says so."""
    for clip in clips:
        rate = clip.heart_rate
        if rate and rate.sd and rate.beats >= _FEWEST_BEATS and rate.sd > _IRREGULAR_SHARE * rate.bpm:
            return f"the rhythm is irregular, {rate.bpm:.0f} +/- {rate.sd:.0f}/min"
    return ""
