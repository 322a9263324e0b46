"""What one model reads off one clip: rows for the table, marks for the overlay, values for the summary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from models.calibration import DisplayChoice, DisplayProblem, RegionProblem
from models.results import Caliper, CaliperKind, Point, ReadValue, Reason, in_order


class Decoding(StrEnum):
    """How the network's output becomes a number.

    PUBLISHED does what the model's authors' scripts do, their errors included; CORRECTED, the default, does what they meant.
    """

    PUBLISHED = "published"
    CORRECTED = "corrected"


Absent = tuple[Reason, str]  # why there is no number: coded, and in words

ONE_DECODING = "published and corrected decoding are the same for this model"


@dataclass(frozen=True)
class Mark:
    """Something drawn on one frame: points (x, y) in px of the whole image, (0, 0) at the centre of the top left pixel.

    `probability` is that of its least sure point, where the network says so. `keys` are those of the values that are read
    from such marks, each from the ones on its own frames.
    """

    frame_index: int
    kind: CaliperKind
    points_px: tuple[Point, ...]
    label: str = ""
    probability: float | None = None
    keys: tuple[str, ...] = ()


def with_calipers(values: tuple[ReadValue, ...], marks: Iterable[Mark]) -> tuple[ReadValue, ...]:
    """Each value with the marks that it was read from: those of its key, on the frames it came from.

    >>> from models.results import of_frames
    >>> line = Mark(6, CaliperKind.LINE, ((10.0, 20.0), (10.0, 60.0)), keys=("lvidd_2d",))
    >>> value = ReadValue("lvidd_2d", "cm", 4.0, of_frames(6))
    >>> [caliper.frame_number for caliper in with_calipers((value,), [line, replace(line, frame_index=7)])[0].calipers]
    [7]
    """
    read_from = [mark for mark in marks if mark.keys]
    return tuple(replace(value, calipers=_calipers(value, read_from)) if value.value is not None else value for value in values)


def _calipers(value: ReadValue, marks: Sequence[Mark]) -> tuple[Caliper, ...]:
    frames = {source.frame_number for source in value.sources}
    return tuple(
        Caliper(mark.kind, "", mark.frame_index + 1, tuple((float(x), float(y)) for x, y in mark.points_px), mark.label)
        for mark in marks
        if value.key in mark.keys and mark.frame_index + 1 in frames
    )


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


def why_uncalibrated(choice: DisplayChoice) -> list[Absent]:
    """Nothing where the region's scale can be used for a velocity or a length."""
    if choice.problem is not None:
        return [(display_reason(choice.problem), choice.problem.value)]
    if choice.region is not None and choice.region.doppler_correction_angle_deg != 0:
        words = f"velocities are corrected for an angle of {choice.region.doppler_correction_angle_deg:g} degrees"
        return [(Reason.CALIBRATION_INCONSISTENT, words)]
    return []


def not_measured(key: str, unit: str, absent: Sequence[Absent]) -> ReadValue:
    reasons = in_order([reason for reason, _ in absent])
    return ReadValue(key, unit, None, reasons=reasons, detail="; ".join(words for _, words in absent))


def calibration_reason(problem: RegionProblem | None) -> Reason:
    """Why there are no centimetres, as a coded reason; `problem.value` says it in words."""
    if problem is RegionProblem.SEVERAL:
        return Reason.SPLIT_SCREEN
    return Reason.CALIBRATION_INCONSISTENT if problem in _INCONSISTENT else Reason.NO_CALIBRATION
