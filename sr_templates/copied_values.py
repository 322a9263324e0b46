"""Values that a document takes over from its source: as the source has them, or not at all, and what was remarkable.

An identifier is never cut and never dropped for its form alone: a shortened accession number may be another order. Any other
value that its own attribute does not allow is left out, and so passed on to nobody.
"""

import math
import unicodedata
import warnings
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydicom import config
from pydicom.datadict import dictionary_description, dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.valuerep import validate_value

from sr_templates.unreadable import UNREADABLE

IDENTIFIERS = frozenset({
    "PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyID", "AdmissionID", "RequestedProcedureID",
    "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
})  # fmt: skip
# What a document is filed under: two of these are two patients or two orders.
_FILED_UNDER = frozenset({"PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber"})
_ENUMERATED = {"PatientSex": ("M", "F", "O"), "QualityControlSubject": ("YES", "NO")}  # PS3.3 C.7.1.1
_LONGEST = {"SH": 16, "LO": 64, "PN": 64}  # characters, of PN of each component group: PS3.5 6.2
OF_THE_SOURCE = "of the source object"


class IrregularValue(ValueError):
    """A value cannot be taken over, and leaving it out would be worse. The message holds no patient data."""


@dataclass(frozen=True)
class IdentifierRules:
    """What becomes of identifiers that break their value representation, and of those that are several values.

    "omit" leaves the attribute empty and puts the full value into the text of the document. Several values are two patients or
    two orders: which of them, only a person can say.
    """

    overlong: Literal["echo", "omit"] = "echo"
    several: Literal["refuse", "echo", "omit"] = "echo"

    def strictly(self) -> "IdentifierRules":
        """The rules of a destination that takes valid values alone."""
        return IdentifierRules("omit", "refuse" if self.several == "refuse" else "omit")


BY_DEFAULT = IdentifierRules()


@dataclass(frozen=True)
class CopiedValue:
    """`element` is None where the value is absent or left out, `remark` empty where nothing was remarkable.

    `full` is the value of an identifier that was left out, for the document's text: patient data, never for a log. `asks`
    marks a remark that a person has to know of.
    """

    element: DataElement | None
    remark: str = ""
    full: str = ""
    asks: bool = False


def copied_value(header: Dataset, keyword: str, rules: IdentifierRules, where: str = OF_THE_SOURCE) -> CopiedValue:
    """`where` says in the remark which item the value is of.

    Raises IrregularValue for several values of what documents are filed under, where the rules refuse them.
    """
    try:
        values = _values(header, keyword)
    except UNREADABLE:
        asks = keyword in _FILED_UNDER
        return CopiedValue(None, f"{keyword} {where} is not readable as text: left {'empty' if asks else 'out'}", asks=asks)
    if not any(values):
        return CopiedValue(None)
    problem = _problem(keyword, values)
    if not problem:
        return CopiedValue(_element(keyword, values))
    if keyword not in IDENTIFIERS:
        return CopiedValue(None, f"{keyword} {where} is {problem}: left out")
    return _irregular_identifier(keyword, values, f"{keyword} {where} is {problem}", rules)


def _irregular_identifier(keyword: str, values: list[str], remark: str, rules: IdentifierRules) -> CopiedValue:
    two = len(values) > 1 and keyword in _FILED_UNDER
    rule = rules.several if len(values) > 1 else rules.overlong
    if rule == "refuse":
        if two:
            raise IrregularValue(f"{remark}: a person has to say which of them")
        rule = "omit"  # files a document under nobody
    if rule == "echo":
        return CopiedValue(_element(keyword, values), f"{remark}: echoed as it is", asks=two)
    full = f"{dictionary_description(keyword)} of the images, in full: {_shown(values)}"
    return CopiedValue(None, f"{remark}: left out, in full in the document's text", full, two)


def _shown(values: list[str]) -> str:
    """As DICOM writes it, control characters as numbers: text may not hold them (PS3.5 6.1.3)."""
    text = "\\".join(values)
    return "".join(f"\\x{ord(one):02x}" if unicodedata.category(one) == "Cc" else one for one in text)


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
    if keyword in IDENTIFIERS and longest > _LONGEST[vr]:
        return f"longer than the {_LONGEST[vr]} characters that {vr} allows"
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
