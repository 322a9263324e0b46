"""Outlines and calipers on the frame they were found on, with their labels, and words below it."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.drawing.lettering import Box, Lettering, shown
from models.results import Caliper, CaliperKind, Contour, Point

RGB = NDArray[np.uint8]

_COLOUR = (255, 220, 0)  # yellow: rare in grey scale, colour Doppler and ECG alike
_EDGE = (0, 0, 0)
_SHIFT = 4  # OpenCV draws between pixels in units of 1/16
_LEGIBLE_PX = 480
_FARTHEST_PX = 1 << 15  # from the picture: what lies beyond is cut off there


def legible_scale(rows: int, columns: int) -> int:
    """The smallest whole factor by which an image of this size has room for words: its longer side then has 480 px."""
    return max(1, -(-_LEGIBLE_PX // max(rows, columns, 1)))


def draw(
    frame: RGB,
    contours: Iterable[Contour] = (),
    calipers: Iterable[Caliper] = (),
    *,
    scale: float = 1.0,
    caption: Sequence[str] = (),
    width_px: int = 0,
) -> RGB:
    """A copy of `frame` with these marks, whichever frame they name, and the lines of `caption` in a band below it.

    `frame` is RGB, uint8 (rows, columns, 3), 0 to 255. The result (scale * rows + band, scale * columns, 3) is of its kind, and
    the marks are drawn after scaling. Points are (x, y) in px of `frame`, (0, 0) the centre of the top left pixel; what is not
    finite is not drawn. `width_px` is that of the lines, by default what suits the picture at its own size.
    """
    rows, columns = max(1, round(frame.shape[0] * scale)), max(1, round(frame.shape[1] * scale))
    picture = np.ascontiguousarray(frame).copy()
    if (rows, columns) != frame.shape[:2]:
        picture = np.asarray(
            cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
        )
    factors = (columns / frame.shape[1], rows / frame.shape[0])
    marks = [Caliper(CaliperKind.OUTLINE, "", 1, contour.points_px) for contour in contours]
    marks += calipers
    placed = [(mark, _scaled(mark.points_px, factors)) for mark in marks]
    placed = [(mark, points) for mark, points in placed if len(points)]
    width = width_px or max(1, round(min(rows, columns) / 400))
    for colour, more in ((_EDGE, 2), (_COLOUR, 0)):  # a dark edge around all lines, under any of them
        for mark, points in placed:
            _stroke(picture, mark.kind, points, colour, width, more)
    lettering = Lettering.of(rows, columns)
    drawn = np.concatenate([np.empty((0, 2)), *(_along(mark.kind, points) for mark, points in placed)])
    labels = _labels([(shown(mark.label), points) for mark, points in placed if mark.label], drawn, rows, columns, lettering)
    return lettering.below(lettering.write(picture, labels) if labels else picture, caption)


def _scaled(points_px: Sequence[Point], factors: Point) -> NDArray[np.float64]:
    """(n, 2) in px of the picture, whose pixels have their centres at whole numbers, too."""
    points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
    points = (points[np.isfinite(points).all(axis=1)] + 0.5) * factors - 0.5
    return np.clip(points, -_FARTHEST_PX, _FARTHEST_PX)


def _stroke(
    picture: RGB, kind: CaliperKind, points: NDArray[np.float64], colour: tuple[int, int, int], width: int, more: int
) -> None:
    """`more` px thicker than `width`, so that the edge shows at both sides."""
    if kind is not CaliperKind.POINT:
        _lines(picture, points, kind is CaliperKind.OUTLINE, colour, width + more)
    if kind is CaliperKind.OUTLINE:
        return
    for end, towards in _ends(kind, points):
        arm = _across(end, towards) * (3 * width + 2)
        for direction in (arm, arm[::-1] * (-1, 1)) if kind is CaliperKind.POINT else (arm,):
            _lines(picture, np.stack([end - direction, end + direction]), False, colour, width + more)


def _ends(kind: CaliperKind, points: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """What gets a stroke across it, and where its line goes: both ends of a caliper, every point of points."""
    if kind is CaliperKind.POINT or len(points) == 1:
        return [(point, point) for point in points]
    return [(points[0], points[1]), (points[-1], points[-2])]


def _across(end: NDArray[np.float64], towards: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit vector at a right angle to the line; the horizontal one where there is no line."""
    along = towards - end
    length = float(np.hypot(*along))
    return np.array([-along[1], along[0]]) / length if length > 0 else np.array([1.0, 0.0])


def _lines(picture: RGB, points: NDArray[np.float64], closed: bool, colour: tuple[int, int, int], thickness: int) -> None:
    fixed = np.rint(points * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(picture, [fixed[:, None]], closed, colour, thickness, cv2.LINE_AA, _SHIFT)


def _labels(
    wanted: Sequence[tuple[str, NDArray[np.float64]]], drawn: NDArray[np.float64], rows: int, columns: int, lettering: Lettering
) -> list[tuple[str, int, int]]:
    """Each beside its mark, inside the picture; on none of the others, and on no line (`drawn`, (n, 2)) while there is room."""
    written: list[Box] = []
    labels = []
    for text, points in wanted:
        width, height = lettering.size(text)
        boxes = [_inside(left, top, width, height, rows, columns) for left, top in _places(points, width, height)]
        apart = [box for box in boxes if not any(_overlap(box, other) for other in written)] or boxes
        box = next((box for box in apart if not _covers(box, drawn)), apart[0])
        written.append(box)
        labels.append((text, box[0], box[1]))
    return labels


def _along(kind: CaliperKind, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places on the lines of a mark, ten between two points: (n, 2)."""
    if kind is CaliperKind.POINT or len(points) == 1:
        return points
    ends = np.vstack([points, points[:1]]) if kind is CaliperKind.OUTLINE else points
    steps = np.linspace(0, 1, 11)[None, :, None]
    return np.asarray((ends[:-1, None] * (1 - steps) + ends[1:, None] * steps).reshape(-1, 2))


def _covers(box: Box, places: NDArray[np.float64]) -> bool:
    x, y = places.T
    return bool(((x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])).any())


def _places(points: NDArray[np.float64], width: int, height: int) -> list[tuple[float, float]]:
    """Left and top: right of the mark, left of it, below, above, then further and further down on its right."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    middle, gap = (top + bottom - height) / 2, height / 2
    beside = [(right + gap, middle), (left - gap - width, middle), (left, bottom + gap), (left, top - gap - height)]
    return beside + [(right + gap, middle + step * height) for number in range(1, 30) for step in (number, -number)]


def _inside(left: float, top: float, width: int, height: int, rows: int, columns: int) -> Box:
    x, y = max(0, min(round(left), columns - width)), max(0, min(round(top), rows - height))
    return x, y, x + width, y + height


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
