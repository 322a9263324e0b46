"""Values that a document takes over from its source: as the source has them, or not at all, and what was remarkable.

An identifier is never cut and never dropped for its form alone: a shortened accession number may be another order. Any other
value that its own attribute does not allow is left out, and so passed on to nobody.
"""

import math
import unicodedata
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydicom import config
from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.sequence import Sequence
from pydicom.valuerep import validate_value

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OverflowError, NotImplementedError, BytesLengthException)

IDENTIFIERS = frozenset({"PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyID"})
_ENUMERATED = {"PatientSex": ("M", "F", "O"), "QualityControlSubject": ("YES", "NO")}  # PS3.3 C.7.1.1
_LONGEST = {"PatientName": 64, "PatientID": 64, "IssuerOfPatientID": 64, "AccessionNumber": 16, "StudyID": 16}  # PS3.5 6.2


class IrregularValue(ValueError):
    """A value cannot be taken over, and leaving it out would be worse. The message holds no patient data."""


@dataclass(frozen=True)
class IdentifierRules:
    """What becomes of identifiers that break their value representation, and of those that are several values.

    Several values are two patients or two orders: which of them, only a person can say.
    """

    overlong: Literal["echo", "omit"] = "echo"
    several: Literal["refuse", "echo", "omit"] = "refuse"


BY_DEFAULT = IdentifierRules()


@dataclass(frozen=True)
class CopiedValue:
    """`element` is None where the value is absent or left out, `remark` empty where nothing was remarkable."""

    element: DataElement | None
    remark: str = ""


def copied_value(header: Dataset, keyword: str, rules: IdentifierRules) -> CopiedValue:
    """Raises IrregularValue for an identifier that is no text, or is several values where the rules refuse them."""
    try:
        values = _values(header, keyword)
    except UNREADABLE:
        if keyword in IDENTIFIERS:
            raise IrregularValue(f"{keyword} of the source object cannot be read as text") from None
        return CopiedValue(None, f"{keyword} of the source object is not readable: left out")
    if not any(values):
        return CopiedValue(None)
    problem = _problem(keyword, values)
    if not problem:
        return CopiedValue(_element(keyword, values))
    if keyword not in IDENTIFIERS:
        return CopiedValue(None, f"{keyword} of the source object is {problem}: left out")
    rule = rules.several if len(values) > 1 else rules.overlong
    if rule == "refuse" and keyword == "StudyID":  # files a document under nobody
        rule = "omit"
    if rule == "refuse":
        raise IrregularValue(f"{keyword} of the source object is {problem}: a person has to say which of them")
    done = "left out" if rule == "omit" else "echoed as it is"
    return CopiedValue(
        None if rule == "omit" else _element(keyword, values), f"{keyword} of the source object is {problem}: {done}"
    )


def copied_list(header: Dataset, keyword: str) -> CopiedValue:
    """An attribute of several values, all of them valid or none."""
    try:
        values = _values(header, keyword)
    except UNREADABLE:
        return CopiedValue(None, f"{keyword} of the source object is not readable: left out")
    if not any(values):
        return CopiedValue(None)
    vr = dictionary_VR(tag_for_keyword(keyword) or 0)
    if all(value and _is_valid(keyword, vr, value) for value in values):
        return CopiedValue(_element(keyword, values))
    return CopiedValue(None, f"{keyword} of the source object is invalid: left out")


def text_of(header: Dataset, keyword: str) -> str:
    """The attribute as DICOM writes it, several values with a backslash between them; empty where absent or no text."""
    try:
        return "\\".join(_values(header, keyword))
    except UNREADABLE:
        return ""


def _values(header: Dataset, keyword: str) -> list[str]:
    """Decoded, without padding. Raises what pydicom raises for a value it cannot read, TypeError for a sequence."""
    if keyword not in header:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's words quote the value
        value: Any = header[keyword].value
    if value is None:
        return []
    if isinstance(value, Sequence | Dataset):
        raise TypeError("a sequence")
    several = value if hasattr(value, "append") else [value]
    return [_plain(one) for one in several]


def _plain(value: Any) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else "" if value is None else str(value)
    return text.strip(" \0")


def _problem(keyword: str, values: list[str]) -> str:
    vr = dictionary_VR(tag_for_keyword(keyword) or 0)
    if len(values) > 1 and dictionary_VM(tag_for_keyword(keyword) or 0) == "1":
        return f"{len(values)} values where one is allowed"
    longest = max(len(group) for value in values for group in (value.split("=") if vr == "PN" else [value]))
    if longest > _LONGEST.get(keyword, longest):
        return f"longer than the {_LONGEST[keyword]} characters that {vr} allows"
    return "" if all(_is_valid(keyword, vr, value) for value in values) else "invalid"


def _is_valid(keyword: str, vr: str, value: str) -> bool:
    if keyword in _ENUMERATED and value not in _ENUMERATED[keyword]:
        return False
    if any(unicodedata.category(letter) == "Cc" for letter in value):  # PS3.5 6.1.3
        return False
    if vr == "DA" and not _is_date(value):
        return False
    if vr == "DS" and not _is_finite(value):
        return False
    if vr == "TM" and "-" in value:  # a range, which only queries have
        return False
    try:
        validate_value(vr, value, config.RAISE)
    except ValueError:
        return False
    return True


def _is_finite(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _is_date(value: str) -> bool:
    if len(value) != 8 or not (value.isascii() and value.isdecimal()):
        return False
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return False
    return True


def _element(keyword: str, values: list[str]) -> DataElement:
    """Checked above: pydicom's own check would repeat the value in a warning."""
    tag = tag_for_keyword(keyword) or 0
    return DataElement(tag, dictionary_VR(tag), "\\".join(values), validation_mode=config.IGNORE)


def remarks(copied: Iterable[CopiedValue]) -> tuple[str, ...]:
    return tuple(one.remark for one in copied if one.remark)
