"""What EchoPrime's networks see of a clip: the middle of the sector, all else black, in standard deviations of its training.

How the authors find the border of the sector is not among the facts this was written from: here the sector is what changes
between frames, its largest connected part and what that encloses.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.clip_input import PADDING, rectangle_to_image
from models.inputs.clip_squares import Frames, centre_square, image_window, resized
from models.inputs.normalisation import Normalisation
from models.library.manifest import Manifest
from models.library.reading import Decoding

SIZE_PX = 224
_TAKEN, _STRIDE = 32, 2  # from frame 0 on, so 16 are shown
_ZOOM = 0.1  # of the side, from every side
_NOTHING = 8  # grey levels: what compression alone changes, or paints into black
TRAINING = Normalisation(torch.tensor((29.110628, 28.076836, 29.096405)), torch.tensor((47.989223, 46.456997, 47.20083)))


class SectorFrames:
    """The encoder's. Raises ReadingError for a single frame in the published way, which takes clips only."""

    def __init__(self, clip: Clip, manifest: Manifest, decoding: Decoding = Decoding.CORRECTED) -> None:
        if decoding is Decoding.PUBLISHED and clip.number_of_frames == 1:
            raise ReadingError("the published way skips single frames: the clip has one frame")
        self._clip, self._decoding = clip, decoding
        self._window, _ = image_window(clip, decoding)

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        present, missing = taken_frames(self._clip.number_of_frames, self._decoding)
        return [*present, *[PADDING] * missing]

    def batch(self, frames: Sequence[int]) -> Tensor:
        """These `frames`, RGB (n, 3, 224, 224), float32, in standard deviations, no unit; zeros in the place of padding.

        The sector is that of these frames together. Raises ReadingError for an image of nothing.
        """
        x0, y0, x1, y1 = self._window
        present = [frame for frame in frames if frame != PADDING]
        seen = outside_blackened(self._clip.take(present)[:, y0:y1, x0:x1])
        square = centre_square((0, 0, x1 - x0, y1 - y0), _ZOOM)
        values = TRAINING.apply(resized(seen, square, SIZE_PX, cv2.INTER_CUBIC)).transpose(0, 1)
        batch = torch.zeros(len(frames), *values.shape[1:])
        batch[torch.tensor([frame != PADDING for frame in frames])] = values
        return batch

    def to_image(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """`points_px` (n, 2), (x, y) px of the square, in px of the whole image (n, 2)."""
        return rectangle_to_image(points_px, centre_square(self._window, _ZOOM), SIZE_PX, SIZE_PX)


class FirstFrame(SectorFrames):
    """The view classifier's: it was taught on the first frame alone, cut out as one of the clip."""

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return (0,)

    def batch(self, frames: Sequence[int]) -> Tensor:
        """The first of the `frames`, RGB (1, 3, 224, 224), float32, in standard deviations, no unit."""
        return super().batch(super().chosen(()))[:1]


def taken_frames(number_of_frames: int, decoding: Decoding) -> tuple[list[int], int]:
    """Every second of the first 32 frames, and how many of the 16 stay empty. The corrected way plays a short clip again.

    Empty frames are zero after normalisation, which is the mean grey; on which side of it the authors fill up is not known.

    >>> taken_frames(100, Decoding.PUBLISHED)[0][-1], taken_frames(7, Decoding.PUBLISHED)
    (30, ([0, 2, 4, 6], 12))
    >>> taken_frames(7, Decoding.CORRECTED)
    ([0, 2, 4, 6, 1, 3, 5, 0, 2, 4, 6, 1, 3, 5, 0, 2], 0)
    """
    wanted = range(0, _TAKEN, _STRIDE)
    if decoding is Decoding.CORRECTED:
        return [frame % number_of_frames for frame in wanted], 0
    present = [frame for frame in wanted if frame < number_of_frames]
    return present, len(wanted) - len(present)


def outside_blackened(frames: Frames) -> Frames:
    """RGB `frames` (n, rows, columns, 3), 0 to 255, black outside the sector: (n, rows, columns, 3).

    They stay as they are where no sector is found.
    """
    inside = sector(frames)
    return frames if inside is None else np.asarray(frames * inside[None, :, :, None], np.uint8)


def sector(frames: Frames) -> NDArray[np.bool_] | None:
    """(rows, columns), true inside the ultrasound sector of RGB `frames` (n, rows, columns, 3), 0 to 255.

    It is the convex hull of the largest part that changes between frames. Text, logos and scales stand still. A single
    frame shows all it has: there the largest part that is not black. None where nothing is.
    """
    grey = frames.max(axis=3)
    alive = grey.max(axis=0) - grey.min(axis=0) if len(grey) > 1 else grey[0]
    if alive.max() <= _NOTHING:
        alive = grey[0]
    # Speckle has gaps, an ECG trace is thin: closing joins the one, opening drops the other.
    side = max(3, min(alive.shape) // 40)
    kernel = np.ones((side, side), np.uint8)
    seen = cv2.morphologyEx((alive > _NOTHING).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    seen = cv2.morphologyEx(seen, cv2.MORPH_OPEN, kernel)
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(seen)
    if len(statistics) < 2:
        return None
    largest = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    outlines, _ = cv2.findContours((parts == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(outlines))
    return np.asarray(cv2.fillConvexPoly(np.zeros(alive.shape, np.uint8), hull, 1), bool)
