"""What one model reads off one clip: rows for the table, marks for the overlay, values for the summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from models.clip import Clip
from models.manifest import Manifest
from models.results import Point, Reason


class Decoding(StrEnum):
    """How the network's output becomes a number.

    PUBLISHED does what the model's authors' scripts do, their errors included; CORRECTED, the default, does what they meant.
    """

    PUBLISHED = "published"
    CORRECTED = "corrected"


class MarkKind(StrEnum):
    POINT = "point"
    LINE = "line"  # a caliper
    OUTLINE = "outline"  # closed


@dataclass(frozen=True)
class Mark:
    """Something drawn on one frame: points (x, y) in px of the whole image, (0, 0) at the centre of the top left pixel."""

    frame_index: int
    kind: MarkKind
    points_px: tuple[Point, ...]
    label: str = ""


@dataclass(frozen=True)
class ReadValue:
    """One number of a clip, or why there is none: `value` None with `reasons`, the primary one first.

    `key` is that of the dictionary of echo measurements where it has one. A length in "px" is a pixel count of an uncalibrated
    clip: it stands beside the NotMeasured value in cm, never in its place.
    """

    key: str
    unit: str
    value: float | None
    frame_index: int | None = None
    reasons: tuple[Reason, ...] = ()
    detail: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.reasons):
            raise ValueError(f"{self.key}: a value, or the reasons for its absence")


@dataclass(frozen=True)
class Reading:
    """`rows` are the model's table in the order of `columns`, the authors' names where they publish a table."""

    values: tuple[ReadValue, ...]
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str | int | float | None], ...] = ()
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = field(default=())  # which rule or fallback decided, in plain words


class Reader(Protocol):
    """A loaded network that measures. Raises `ReadingError` for a clip it cannot be asked about (form, not content)."""

    manifest: Manifest

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading: ...


class ReadingError(ValueError):
    """The clip has not the form the model takes: number of frames, shape, mode. Says what it has and what is needed."""
