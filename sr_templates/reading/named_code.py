"""A code as an SR states it, and what it is the same as: SNOMED RT and CT, old and new designators.

pydicom's `Code` compares SRT and SCT codes as equal, so it cannot say which a document used. A `NamedCode` keeps what was
written; `identity` is what two codes are compared by.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pydicom.sr._snomed_dict import mapping

CodeIdentity = tuple[str, str]  # scheme and value

# PS3.16 section 8: SNM3 and 99SDM are SRT's older designators. LOINC's own name is what some systems write for LN.
_SCHEMES = {
    "SNM3": "SRT",
    "99SDM": "SRT",
    "SNOMED-RT": "SRT",
    "SNOMED-CT": "SCT",
    "SNOMED": "SCT",
    "LOINC": "LN",
    "DICOM": "DCM",
}


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
    """
    scheme = scheme.strip().upper()
    scheme = _SCHEMES.get(scheme, scheme)
    if scheme == "SRT" and (found := mapping["SRT"].get(value)) is not None:
        return "SCT", str(found)
    return scheme, value


def identity_of_code(code: StatedCode) -> CodeIdentity:
    """Of one of our own codes."""
    return identity_of(code.value, code.scheme_designator)
