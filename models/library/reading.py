"""What one model reads off one clip: rows for the table, marks for the overlay, values for the summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.calibration import DisplayProblem, RegionProblem
from models.results import Point, ReadValue, Reason


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


_INCONSISTENT = (
    RegionProblem.IMPLAUSIBLE_SIZE, RegionProblem.OUTSIDE_IMAGE, RegionProblem.CONTRADICTION, RegionProblem.NOT_SQUARE,
)  # fmt: skip


_TRACE_REASONS = {
    DisplayProblem.SEVERAL: Reason.SPLIT_SCREEN,
    DisplayProblem.CONTRADICTION: Reason.CALIBRATION_INCONSISTENT,
    DisplayProblem.OUTSIDE_IMAGE: Reason.CALIBRATION_INCONSISTENT,
    DisplayProblem.IMPLAUSIBLE_SIZE: Reason.CALIBRATION_INCONSISTENT,
    DisplayProblem.BASELINE_OUTSIDE: Reason.CALIBRATION_INCONSISTENT,
}


def display_reason(problem: DisplayProblem) -> Reason:
    """Why a spectral or M-mode display has no scale, as a coded reason."""
    return _TRACE_REASONS.get(problem, Reason.NO_CALIBRATION)


def calibration_reason(problem: RegionProblem | None) -> Reason:
    """Why there are no centimetres, as a coded reason; `problem.value` says it in words."""
    if problem is RegionProblem.SEVERAL:
        return Reason.SPLIT_SCREEN
    return Reason.CALIBRATION_INCONSISTENT if problem in _INCONSISTENT else Reason.NO_CALIBRATION
