"""What follows of several quantities together and is no number: a grade, with everything that it was made of."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """Of diastolic function."""

    NORMAL = "normal"
    ONE = "I"
    TWO = "II"
    THREE = "III"
    INDETERMINATE = "indeterminate"


class Pressure(StrEnum):
    """Of the left atrium, as far as an algorithm says it."""

    NORMAL = "normal"
    ELEVATED = "elevated"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AssessmentInput:
    """One criterion: the quantity in `key`, its value in `unit`, and whether the guideline calls that abnormal."""

    key: str
    value: float
    unit: str
    abnormal: bool


@dataclass(frozen=True)
class Assessment:
    """By one `guideline`. `missing` are the keys that it would have taken and that were not measured; `detail` says what
    decided. It holds in sinus rhythm alone: `caveat` says so.
    """

    key: str
    name: str
    guideline: str
    grade: Grade
    left_atrial_pressure: Pressure
    inputs: tuple[AssessmentInput, ...]
    missing: tuple[str, ...]
    detail: str
    caveat: str

    @property
    def words(self) -> str:
        """In one line, for a page or a terminal."""
        pressure = f", left atrial pressure {self.left_atrial_pressure}"
        without = f"; not measured: {', '.join(self.missing)}" if self.missing else ""
        return f"{self.name} ({self.guideline}): {self.grade}{pressure}; {self.detail}{without}. {self.caveat}"
