"""What one model reads off one clip: rows for the table, marks for the overlay, values for the summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from models.calibration import RegionProblem, TraceProblem
from models.catalogue import Direction
from models.clip import Clip
from models.library.manifest import Manifest
from models.results import Point, Reason


class Decoding(StrEnum):
    """How the network's output becomes a number.

    PUBLISHED does what the model's authors' scripts do, their errors included; CORRECTED, the default, does what they meant.
    """

    PUBLISHED = "published"
    CORRECTED = "corrected"


ONE_DECODING = "published and corrected decoding are the same for this model"


class MarkKind(StrEnum):
    POINT = "point"
    LINE = "line"  # a caliper
    OUTLINE = "outline"  # closed


@dataclass(frozen=True)
class Mark:
    """Something drawn on one frame: points (x, y) in px of the whole image, (0, 0) at the centre of the top left pixel.

    `probability` is that of its least sure point, where the network says so.
    """

    frame_index: int
    kind: MarkKind
    points_px: tuple[Point, ...]
    label: str = ""
    probability: float | None = None


@dataclass(frozen=True)
class ReadValue:
    """One number of a clip, or why there is none: `value` None with `reasons`, the primary one first.

    `key` is that of the dictionary of echo measurements where it has one. A length in "px" is a pixel count of an uncalibrated
    clip: it stands beside the NotMeasured value in cm, never in its place. `frame_indices` are all frames of a mean over
    several `beats`, whose standard deviation in `unit` is `sd`; empty where `frame_index` is the only one. `direction` and
    `at_least` as in `results.ClipValue`.
    """

    key: str
    unit: str
    value: float | None
    frame_index: int | None = None
    reasons: tuple[Reason, ...] = ()
    detail: str = ""
    beats: int = 1
    sd: float | None = None
    frame_indices: tuple[int, ...] = ()
    direction: Direction | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.reasons):
            raise ValueError(f"{self.key}: a value, or the reasons for its absence")

    @property
    def frames(self) -> tuple[int, ...]:
        """Every frame the value came from, 0-based; empty where it is of the whole clip."""
        return self.frame_indices or (() if self.frame_index is None else (self.frame_index,))


@dataclass(frozen=True)
class Reading:
    """`rows` are the model's table in the order of `columns`, the authors' names where they publish a table. `folder_columns`
    are those of the table over several files where that one has others.
    """

    values: tuple[ReadValue, ...]
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str | int | float | None], ...] = ()
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = field(default=())  # which rule or fallback decided, in plain words
    folder_columns: tuple[str, ...] = ()


class Reader(Protocol):
    """A loaded network that measures. Raises `ReadingError` for a clip it cannot be asked about (form, not content)."""

    manifest: Manifest

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading: ...


_INCONSISTENT = (
    RegionProblem.IMPLAUSIBLE_SIZE, RegionProblem.OUTSIDE_IMAGE, RegionProblem.CONTRADICTION, RegionProblem.NOT_SQUARE,
)  # fmt: skip


_TRACE_REASONS = {
    TraceProblem.SEVERAL: Reason.SPLIT_SCREEN,
    TraceProblem.CONTRADICTION: Reason.CALIBRATION_INCONSISTENT,
    TraceProblem.OUTSIDE_IMAGE: Reason.CALIBRATION_INCONSISTENT,
    TraceProblem.IMPLAUSIBLE_SIZE: Reason.CALIBRATION_INCONSISTENT,
    TraceProblem.BASELINE_OUTSIDE: Reason.CALIBRATION_INCONSISTENT,
}


def trace_reason(problem: TraceProblem) -> Reason:
    """Why a spectral or M-mode display has no scale, as a coded reason."""
    return _TRACE_REASONS.get(problem, Reason.NO_CALIBRATION)


def calibration_reason(problem: RegionProblem | None) -> Reason:
    """Why there are no centimetres, as a coded reason; `problem.value` says it in words."""
    if problem is RegionProblem.SEVERAL:
        return Reason.SPLIT_SCREEN
    return Reason.CALIBRATION_INCONSISTENT if problem in _INCONSISTENT else Reason.NO_CALIBRATION
