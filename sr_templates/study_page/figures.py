"""The frames that values came from, as pictures with their outlines and calipers."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from models.catalogue import QUANTITIES, Phase
from models.drawing import draw
from models.results import Caliper, Contour, FrameReference, Measurement, Point, StudyFindings
from sr_templates import codes
from sr_templates.copied_values import text_of
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.study_page.clips import ClipNames, view_text
from sr_templates.study_page.contents import Figure
from sr_templates.study_page.words import lower_case, number_text, sentence_case, unit_text

_LONGER_SIDE_PX = 560
_LINE_PX = 2  # pages show pictures at half their size
_QUALITY = 88  # of the JPEG, with colours at full resolution: lines stay sharp
_Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in px of the frame, the last two not in it
_CORNERS = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
_PHASES = {Phase.END_DIASTOLE: "end-diastole", Phase.END_SYSTOLE: "end-systole"}


@dataclass(frozen=True)
class _Shown:
    """One frame, and everything that came from it."""

    frame: FrameReference
    measurements: tuple[Measurement, ...]

    @property
    def place(self) -> tuple[str, int]:
        return self.frame.sop_instance_uid, self.frame.frame_number

    @property
    def calipers(self) -> tuple[Caliper, ...]:
        marks = (mark for measurement in self.measurements for mark in measurement.calipers)
        return tuple(dict.fromkeys(mark for mark in marks if (mark.sop_instance_uid, mark.frame_number) == self.place))

    @property
    def outlined(self) -> frozenset[str]:
        """The structures whose outlines gave values: what was read by marks of its own has no need of one."""
        keys = (measurement.key for measurement in self.measurements if not (measurement.calipers or measurement.model))
        return frozenset(QUANTITIES[key].structure for key in keys)


class Figures:
    """The figures of a study in the order of clips and frames."""

    def __init__(self, findings: StudyFindings, evidence: Evidence, names: ClipNames) -> None:
        self._evidence, self._names = evidence, names
        shown = sorted(_frames(findings.measurements), key=lambda one: (names.number(one.place[0]), one.place))
        self._numbers = {one.place: number for number, one in enumerate(shown, start=1)}
        self.all = tuple(self._figure(number, one) for number, one in enumerate(shown, start=1))

    def of(self, sources: Sequence[FrameReference]) -> tuple[int, ...]:
        places = ((source.sop_instance_uid, source.frame_number) for source in sources)
        return tuple(sorted({self._numbers[place] for place in places if place in self._numbers}))

    def _figure(self, number: int, shown: _Shown) -> Figure:
        uid, frame_number = shown.place
        clip = self._names.clip(uid)
        contours = tuple(
            contour
            for contour in (clip.contours if clip else ())
            if contour.frame_index == frame_number - 1 and contour.structure in shown.outlined
        )
        phase = _PHASES.get(shown.frame.phase, "") if shown.frame.phase else ""
        place, view = f"{self._names.name(uid)}, frame {frame_number}", view_text(clip) or "Image"
        description = f"{view}, {place}{f' at {phase}' if phase else ''}{_marked(contours, shown.calipers)}"
        jpeg, width_px, height_px = self._picture(uid, frame_number, contours, shown.calipers)
        values = tuple(_value(measurement) for measurement in _worth_naming(shown))
        title = f"{view}, {phase}" if phase else view
        return Figure(number, title, place, values, description, jpeg, width_px, height_px)

    def _picture(
        self, uid: str, frame_number: int, contours: tuple[Contour, ...], calipers: tuple[Caliper, ...]
    ) -> tuple[bytes, int, int]:
        """A JPEG, its width and height; no bytes where there are no pixels to show."""
        if self._evidence.frame_of is None:
            return b"", 0, 0
        try:
            frame = self._evidence.frame(uid, frame_number)
        except DocumentError:  # the numbers stand without
            return b"", 0, 0
        marked = [one.points_px for one in contours] + [one.points_px for one in calipers]
        points = [point for points_px in marked for point in points_px]
        box = _region(self._evidence.header(uid), frame.shape[1], frame.shape[0], points)
        cut = frame[box[1] : box[3], box[0] : box[2]]
        moved = [replace(one, points_px=_moved(one.points_px, box)) for one in contours]
        marks = [replace(one, points_px=_moved(one.points_px, box)) for one in calipers]
        picture = draw(cut, moved, marks, scale=_LONGER_SIDE_PX / max(cut.shape[:2]), width_px=_LINE_PX)
        return _jpeg(picture), picture.shape[1], picture.shape[0]


def _frames(measurements: Sequence[Measurement]) -> list[_Shown]:
    """The first frame of each clip and phase of every value: of several beats one is shown."""
    found: dict[tuple[str, int], _Shown] = {}
    for measurement in measurements:
        first: dict[tuple[str, Phase | None], FrameReference] = {}
        for source in measurement.sources:
            first.setdefault((source.sop_instance_uid, source.phase), source)
        for source in first.values():
            place = (source.sop_instance_uid, source.frame_number)
            found.setdefault(place, _Shown(source, ()))
    return [replace(one, measurements=tuple(m for m in measurements if _came_from(m, place))) for place, one in found.items()]


def _came_from(measurement: Measurement, place: tuple[str, int]) -> bool:
    return any((source.sop_instance_uid, source.frame_number) == place for source in measurement.sources)


def _worth_naming(shown: _Shown) -> Sequence[Measurement]:
    """The values of this frame alone; where there is none, those of several frames."""
    alone = [one for one in shown.measurements if len({(s.sop_instance_uid, s.phase) for s in one.sources}) == 1]
    return alone or shown.measurements


def _value(measurement: Measurement) -> str:
    name = QUANTITIES[measurement.key].name
    return " ".join(filter(None, (name, number_text(measurement.key, measurement.value), unit_text(measurement.unit))))


def _marked(contours: Sequence[Contour], calipers: Sequence[Caliper]) -> str:
    outlines = [
        f"the outline of the {lower_case(sentence_case(codes.STRUCTURE_CODES[one.structure].meaning))}" for one in contours
    ]
    said = [*dict.fromkeys(outlines), *(["the marks of the measurement"] if calipers else [])]
    return f", with {' and '.join(said)}" if said else ""


def _region(header: Dataset, width_px: int, height_px: int, points: Sequence[Point]) -> _Box:
    """The smallest region of the image (PS3.3 C.8.5.5) that has all points in it, the largest without points; else all of it.

    Outside the regions carts write the patient's name and their settings.
    """
    boxes = [box for item in header.get("SequenceOfUltrasoundRegions") or [] if (box := _box(item, width_px, height_px))]
    around = [box for box in boxes if all(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in points)]
    if not around:
        return 0, 0, width_px, height_px
    return min(around, key=_area) if points else max(around, key=_area)


def _box(item: Dataset, width_px: int, height_px: int) -> _Box | None:
    corners = [text_of(item, keyword) for keyword in _CORNERS]
    if not all(corner.isdecimal() for corner in corners):
        return None
    x0, y0, x1, y1 = map(int, corners)
    box = (x0, y0, min(x1 + 1, width_px), min(y1 + 1, height_px))
    return box if box[2] - box[0] >= 16 and box[3] - box[1] >= 16 else None


def _area(box: _Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _moved(points: Sequence[Point], box: _Box) -> tuple[Point, ...]:
    return tuple((x - box[0], y - box[1]) for x, y in points)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Of RGB (rows, columns, 3), 0 to 255."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=_QUALITY, subsampling=0)
    return stream.getvalue()
