"""What lies on single frames: outlines, calipers, the beats between them."""

from dataclasses import dataclass
from enum import StrEnum

from models.catalogue import Phase

Point = tuple[float, float]


@dataclass(frozen=True)
class FrameReference:
    """A frame that a value came from. `frame_number` is 1-based."""

    sop_instance_uid: str
    frame_number: int
    phase: Phase | None = None


def of_frames(*frame_indices: int) -> tuple[FrameReference, ...]:
    """0-based frames of the clip that a model is reading, of which the model knows no UID.

    >>> of_frames(0, 7)[1].frame_number
    8
    """
    return tuple(FrameReference("", int(index) + 1) for index in frame_indices)


@dataclass(frozen=True)
class Contour:
    """A closed outline of one structure on one frame: points (x, y) in px of the whole image, last not repeating the first.

    For `lv` the first and the last point are the ends of the mitral annulus line, so the closing edge is that line.
    """

    structure: str
    frame_index: int
    points_px: tuple[Point, ...]


class CaliperKind(StrEnum):
    """How the points of a mark belong together."""

    LINE = "line"  # two ends
    POINT = "point"
    OUTLINE = "outline"  # closed, the last point not repeating the first


@dataclass(frozen=True)
class Caliper:
    """A mark on one frame from which a number was read: points (x, y) in px of the whole image. `frame_number` is 1-based.

    A model knows no UID, so it leaves that empty; the analysis adds it. `label` is what the model writes beside the mark.
    """

    kind: CaliperKind
    sop_instance_uid: str
    frame_number: int
    points_px: tuple[Point, ...]
    label: str = ""


@dataclass(frozen=True)
class Beat:
    """One cardiac cycle by frame index (0-based): end-diastole, the following end-systole."""

    ed_frame_index: int
    es_frame_index: int
