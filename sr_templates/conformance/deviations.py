"""What is not as the standard has it: how grave, where, by which rule."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """ERROR breaks a rule; WARNING is allowed or only probably wrong, and some receiver will stumble over it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Deviation:
    """`path` counts the content items from 1 at each level, the root being 1; empty where it is about the header.

    `place` is the same in words, `rule` the place in the standard that is broken.
    """

    severity: Severity
    path: str
    place: str
    message: str
    rule: str

    def __str__(self) -> str:
        parts = (f"{self.severity}:", self.path, f"{self.place}:", self.message, f"[{self.rule}]")
        return " ".join(part for part in parts if part)
