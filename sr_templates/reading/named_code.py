"""A code as an SR states it, and what it is the same as: SNOMED RT and CT, old and new designators.

pydicom's `Code` compares SRT and SCT codes as equal, so it cannot say which a document used. A `NamedCode` keeps what was
written; `identity` is what two codes are compared by.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pydicom.sr._snomed_dict import mapping

CodeIdentity = tuple[str, str]  # scheme and value

# PS3.16 section 8: SNM3 and 99SDM are SRT's older designators. The others are names, and identifiers of HL7 and of PS3.16
# Table 8-1, that systems write in their place; without space, hyphen and underscore.
_SCHEMES = {
    "SRT": "SRT", "SNM3": "SRT", "99SDM": "SRT", "SNOMEDRT": "SRT", "2.16.840.1.113883.6.96": "SCT", "SCT": "SCT",
    "SNOMEDCT": "SCT", "SNOMED": "SCT", "SCTID": "SCT", "HTTP://SNOMED.INFO/SCT": "SCT", "LN": "LN", "LOINC": "LN", "LNC": "LN",
    "2.16.840.1.113883.6.1": "LN", "HTTP://LOINC.ORG": "LN", "DCM": "DCM", "DICOM": "DCM", "1.2.840.10008.2.16.4": "DCM",
    "HTTP://DICOM.NEMA.ORG/RESOURCES/ONTOLOGY/DCM": "DCM",
}  # fmt: skip
_SEPARATORS = str.maketrans("", "", " -_")
# A code as one URN (PS3.3 8.8): the identifier of its scheme, then the code.
_URNS = {
    "http://snomed.info/id/": "SCT", "urn:oid:2.16.840.1.113883.6.96.": "SCT", "http://loinc.org/": "LN",
    "urn:oid:2.16.840.1.113883.6.1.": "LN",
}  # fmt: skip


class StatedCode(Protocol):
    """As pydicom's `Code` has it."""

    @property
    def value(self) -> str: ...
    @property
    def scheme_designator(self) -> str: ...


@dataclass(frozen=True)
class NamedCode:
    """Value, scheme designator and meaning as they are written, each empty where it is missing."""

    value: str
    scheme: str
    meaning: str = ""

    @cached_property
    def identity(self) -> CodeIdentity:
        return identity_of(self.value, self.scheme)

    @property
    def is_private(self) -> bool:
        """PS3.16 section 8: designators that begin with 99 are private."""
        return self.identity[0].startswith("99") or self.scheme.upper().startswith("L-")

    def __str__(self) -> str:
        """The meaning, or what there is instead."""
        return self.meaning or f"({self.value}, {self.scheme})"


def identity_of(value: str, scheme: str) -> CodeIdentity:
    """
    >>> identity_of("T-32600", "SRT") == identity_of("87878005", "SCT") == ("SCT", "87878005")
    True
    >>> identity_of("18043-0", "http://loinc.org"), identity_of("http://snomed.info/id/87878005", "")
    (('LN', '18043-0'), ('SCT', '87878005'))
    """
    for start, of_urn in _URNS.items():
        if value.startswith(start):
            value, scheme = value.removeprefix(start), of_urn
    scheme = standard_designator(scheme) or scheme.strip().upper()
    if scheme in ("SRT", "SCT"):  # the editions are told by their codes: all figures, or with letters
        current = value if value.isdecimal() else mapping["SRT"].get(value)
        return ("SCT", str(current)) if current is not None else (scheme, value)
    return scheme, value


def standard_designator(scheme: str) -> str:
    """What PS3.16 section 8 has for a scheme that somebody names otherwise; "" for one that is not known here.

    >>> standard_designator("LOINC"), standard_designator("SNOMED CT"), standard_designator("99CART")
    ('LN', 'SCT', '')
    """
    return _SCHEMES.get(scheme.strip().upper().translate(_SEPARATORS), "")


def identity_of_code(code: StatedCode) -> CodeIdentity:
    """Of one of our own codes."""
    return identity_of(code.value, code.scheme_designator)
