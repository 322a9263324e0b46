"""Whose objects these are: what each header says of its patient, made comparable, and what it means when two differ.

The patient identifier with its issuer decides between two objects that state one. An empty identifier, or one that stands for
nobody (UNKNOWN, 0, ANONYMOUS), is no identifier: then name, birth date and sex decide. What is absent in one differs from
nothing.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydicom.charset import decode_bytes, default_encoding, python_encoding
from pydicom.dataset import Dataset

from models.results import QualityFlag, QualityIssue

SEVERAL_PATIENTS = "several patient identifiers in one study"

# What carts, gateways and anonymisers write where nobody is named, letters and digits alone. Compared with identifiers and
# with each component of a name; repeated 0, 9 and X are found by rule. CONFORMANCE.md repeats the list.
PLACEHOLDERS = frozenset(
    {
        "ANON", "ANONYM", "ANONYME", "ANONYMISED", "ANONYMISIERT", "ANONYMIZED", "ANONYMOUS",
        "ANONYMOUSPATIENT", "BLANK", "DEFAULT", "DEIDENTIFIED", "DESCONOCIDA", "DESCONOCIDO", "DUMMY",
        "EMERGENCY", "EMPTY", "ID", "INCONNU", "INCONNUE", "NA", "NAME", "NAN", "NIL", "NO", "NOID", "NONAME",
        "NONE", "NOPATIENTID", "NOTAPPLICABLE", "NOTASSIGNED", "NOTAVAILABLE", "NOTFALL", "NOTKNOWN",
        "NOTPROVIDED", "NULL", "ONBEKEND", "PATIENT", "PATIENTID", "PATIENTNAME", "REDACTED", "REMOVED",
        "SCONOSCIUTO", "TEMP", "TEMPORARY", "TEST", "UNASSIGNED", "UNBEKANNT", "UNDEFINED", "UNIDENTIFIED",
        "UNK", "UNKNOWN", "UNKNOWNPATIENT", "UNNAMED", "UNSPECIFIED",
    }
)  # fmt: skip
_REPEATED = ("0", "9", "X")  # 0, 0000, 9999, XXX
_SHORTEST_REPEATED = {"0": 1, "9": 3, "X": 1}
# Nobody examined today was born then; systems write these days for "not known".
_PLACEHOLDER_DAYS = frozenset({"00010101", "18000101", "19000101", "99991231"})

_CHARACTER_SET, _NAME, _ID, _ISSUER, _BIRTH_DATE, _SEX = 0x00080005, 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040
PATIENT_TAGS = (_CHARACTER_SET, _NAME, _ID, _ISSUER, _BIRTH_DATE, _SEX)  # what is read of a header here
_ESCAPE = b"\x1b"  # announces another character set within a value, PS3.5 6.1.2.5
_MULTI_BYTE = frozenset(python_encoding[term] for term in ("ISO_IR 192", "GB18030", "GBK"))
_NAME_DELIMITERS = {ord("^"), ord("="), ord("\\")}
_COMBINING_ACCENTS = range(0x0300, 0x0370)  # of Latin, Greek, Cyrillic; the voicing marks of kana are others and stay


@dataclass(frozen=True)
class StatedPatient:
    """What one header says of its patient, each value empty where it says nothing. Patient data until it is `keyed`.

    `name` has one entry for each component group (PS3.5 6.2.1.1: alphabetic, ideographic, phonetic).
    """

    identifier: str = ""
    name: tuple[str, str, str] = ("", "", "")
    birth_date: str = ""
    sex: str = ""

    def keyed(self, pseudonym: Callable[[str], str]) -> "StatedPatient":
        """The same in values that can be compared, and that tell as little as a `pseudonym` does."""

        def key(kind: str, value: str) -> str:
            return pseudonym(kind + value) if value else ""

        alphabetic, ideographic, phonetic = (key("name ", group) for group in self.name)
        return StatedPatient(
            key("", self.identifier),
            (alphabetic, ideographic, phonetic),
            key("birth date ", self.birth_date),
            key("sex ", self.sex),
        )


@dataclass(frozen=True)
class PatientVerdict:
    """`withhold` says why the study's documents must not leave the node, `note` what is only remarkable. Both may be empty."""

    withhold: str = ""
    note: str = ""


def stated_patient(header: Dataset) -> StatedPatient:
    """What a header states of its patient. Its values need not be valid; nothing in it stops the reading."""
    identifier, issuer = _text(header, _ID), _text(header, _ISSUER)
    return StatedPatient(
        "" if _is_placeholder(identifier) else "\\".join(part for part in (identifier, issuer) if part),
        _name_groups(_text(header, _NAME)),
        _birth_date(_text(header, _BIRTH_DATE)),
        sex if (sex := _text(header, _SEX).upper()) in ("M", "F") else "",  # O is what is written for not known
    )


def decide_patients(patients: Iterable[StatedPatient]) -> PatientVerdict:
    """Over the newest header of each object of one study; all of them keyed, or none.

    Objects of one identifier with another name are one patient whose name was corrected or changed: documents are written with
    the newest header, and a flag. Another name *and* another birth date are two people, whatever the identifier says.
    """
    everybody = set(patients)
    if len({patient.identifier for patient in everybody} - {""}) > 1:
        return PatientVerdict(SEVERAL_PATIENTS)
    if differing := _differing(everybody, [patient for patient in everybody if not patient.identifier]):
        return PatientVerdict(f"different {_listed(differing)} in one study, and no patient identifier that decides")
    named = [patient for patient in everybody if patient.identifier]
    if differing := _differing(named, named):
        told = f"one patient identifier with different {_listed(differing)}"
        if "names" in differing and "birth dates" in differing:
            return PatientVerdict(f"{told} in one study")
        return PatientVerdict(note=f"{told}; those of the newest header are used")
    return PatientVerdict()


def patient_flags(verdict: PatientVerdict) -> tuple[QualityFlag, ...]:
    if verdict.withhold:
        return (QualityFlag(QualityIssue.SEVERAL_PATIENT_IDS, None, verdict.withhold),)
    return (QualityFlag(QualityIssue.DEMOGRAPHICS_CHANGED, None, verdict.note),) if verdict.note else ()


_COMPARED: Mapping[str, tuple[Callable[[StatedPatient], str], ...]] = {
    "names": (lambda p: p.name[0], lambda p: p.name[1], lambda p: p.name[2]),
    "birth dates": (lambda p: p.birth_date,),
    "sexes": (lambda p: p.sex,),
}


def _differing(everybody: Iterable[StatedPatient], some: Iterable[StatedPatient]) -> list[str]:
    """The names of what `some` of them state and on which `everybody` does not agree."""
    everybody, some = list(everybody), list(some)
    return [
        what
        for what, values in _COMPARED.items()
        if any(any(value(one) for one in some) and len({value(one) for one in everybody} - {""}) > 1 for value in values)
    ]


def _listed(words: list[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def _is_placeholder(text: str) -> bool:
    compact = "".join(letter for letter in text.upper() if letter.isalnum())
    if compact in PLACEHOLDERS or not compact:
        return True
    return any(compact == one * len(compact) and len(compact) >= _SHORTEST_REPEATED[one] for one in _REPEATED)


def _name_groups(name: str) -> tuple[str, str, str]:
    groups = [*(_comparable_name(group) for group in name.split("=")), "", ""]
    return groups[0], groups[1], groups[2]


def _comparable_name(group: str) -> str:
    """The name without what may change when it is spelt twice: case, accents, width, spaces, trailing delimiters."""
    letters = (letter for letter in unicodedata.normalize("NFKD", group) if ord(letter) not in _COMBINING_ACCENTS)
    plain = unicodedata.normalize("NFKC", "".join(letters)).casefold()
    components = [" ".join(component.split()) for component in plain.split("^")]
    if all(_is_placeholder(component) for component in components):
        return ""
    return "^".join(components).rstrip("^")


def _birth_date(text: str) -> str:
    digits = text.replace(".", "").replace("-", "")  # ACR-NEMA wrote 1994.06.08
    if len(digits) != 8 or digits in _PLACEHOLDER_DAYS:
        return ""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).strftime("%Y%m%d")
    except ValueError:
        return ""


def _text(header: Dataset, tag: int) -> str:
    """A value without validation, which would quote it in a warning."""
    value: Any = header.get_item(tag).value if tag in header else b""
    if isinstance(value, bytes):
        return _decoded(value, header).strip(" \0")
    several = value if hasattr(value, "append") else [value]
    return "\\".join("" if one is None else str(one) for one in several).strip(" \0")


def _decoded(value: bytes, header: Dataset) -> str:
    """The text of `value` by the stated character set.

    Where that has one byte a letter, bytes that are UTF-8 throughout are read as UTF-8.
    """
    if value.isascii() and _ESCAPE not in value:
        return value.decode("ascii")
    stated = _character_sets(header)
    if _ESCAPE in value or len(stated) > 1:
        try:
            return decode_bytes(value, stated or [default_encoding], _NAME_DELIMITERS)
        except (UnicodeError, LookupError, ValueError, Warning):
            return value.decode("latin-1")
    for codec in (*stated, "utf-8") if _MULTI_BYTE.intersection(stated) else ("utf-8", *stated):
        try:
            return value.decode(codec)
        except UnicodeError:
            continue
    return value.decode("latin-1")


def _character_sets(header: Dataset) -> list[str]:
    """The stated character sets as Python's codecs; terms that nobody knows are left out."""
    value: Any = header.get_item(_CHARACTER_SET).value if _CHARACTER_SET in header else b""
    terms = (
        value.decode("latin-1").split("\\") if isinstance(value, bytes) else [value] if isinstance(value, str) else value or []
    )
    return [codec for term in terms if (codec := python_encoding.get(str(term).strip(" \0"), ""))]
