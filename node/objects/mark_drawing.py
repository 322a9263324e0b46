"""What a model found, drawn into the frames it was found on."""

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.library.reading import Mark
from models.results import CaliperKind

Frame = NDArray[np.uint8]

_COLOUR = (255, 220, 0)  # yellow: rare in grey scale, colour Doppler and ECG alike
_TEXT_COLOUR = (255, 255, 255)
_SHIFT = 4  # OpenCV draws between pixels in units of 1/16
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def annotated(frames: Iterable[Frame], marks: Sequence[Mark], caption: str = "") -> Iterator[Frame]:
    """Copies of the RGB `frames` (rows, columns, 3), 0 to 255, with their marks, each (rows, columns, 3).

    The caption stands in the lower left corner.
    """
    of_frame: dict[int, list[Mark]] = {}
    for mark in marks:
        of_frame.setdefault(mark.frame_index, []).append(mark)
    for index, frame in enumerate(frames):
        drawn = np.ascontiguousarray(frame).copy()
        for mark in of_frame.get(index, []):
            _draw(drawn, mark)
        if caption:
            _write(drawn, caption, (4, frame.shape[0] - 6))
        yield drawn


def _draw(frame: Frame, mark: Mark) -> None:
    thickness = max(1, round(frame.shape[0] / 400))
    points = np.round(np.array(mark.points_px, dtype=np.float64) * (1 << _SHIFT)).astype(np.int32)
    if not len(points):
        return
    if mark.kind is not CaliperKind.POINT:
        closed = mark.kind is CaliperKind.OUTLINE
        cv2.polylines(frame, [points[:, None]], closed, _COLOUR, thickness, cv2.LINE_AA, _SHIFT)
    if mark.kind is not CaliperKind.OUTLINE:
        radius = (2 * thickness + 1) << _SHIFT
        for x, y in points.tolist():
            cv2.circle(frame, (x, y), radius, _COLOUR, -1, cv2.LINE_AA, _SHIFT)
    if mark.label:
        x, y = np.array(mark.points_px).max(axis=0)
        _write(frame, mark.label, (round(x) + 8, round(y)))


def _write(frame: Frame, text: str, lower_left: tuple[int, int]) -> None:
    """Writes `text` inside the image, with black around it, so that it can be read on white."""
    scale = max(0.35, frame.shape[0] / 1200)
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, 1)
    place = (max(min(lower_left[0], frame.shape[1] - width - 2), 0), max(lower_left[1], height + 2))
    cv2.putText(frame, text, place, _FONT, scale, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(frame, text, place, _FONT, scale, _TEXT_COLOUR, 1, cv2.LINE_AA)
