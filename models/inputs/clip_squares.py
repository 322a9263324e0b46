"""What models of whole clips see of one: the square in the middle of the image, of a few frames, at their own size."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.clip import Clip
from models.errors import ReadingError
from models.library.reading import Decoding

Frames = NDArray[np.uint8]
Window = tuple[int, int, int, int]  # x0, y0, x1, y1 in px of the image, the last exclusive

# Mean and deviation per colour of ImageNet, 0 to 255.
IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_STD = (0.229 * 255, 0.224 * 255, 0.225 * 255)


def image_window(clip: Clip, decoding: Decoding) -> tuple[Window, str]:
    """Where the ultrasound image lies, and how that is known: the whole frame as published, or the clip's B-mode region."""
    choice = clip.b_mode_region()
    region = choice.region
    if decoding is Decoding.PUBLISHED or region is None:
        return (0, 0, clip.columns, clip.rows), "the whole frame"
    return (region.x0_px, region.y0_px, region.x1_px + 1, region.y1_px + 1), f"the region chosen by {choice.rule}"


def centre_square(window: Window, margin: float = 0.0) -> Window:
    """The largest square in the middle of `window`, less `margin` (a share of its side) on every side.

    >>> centre_square((0, 0, 800, 600)), centre_square((0, 0, 800, 600), margin=0.1)
    ((100, 0, 700, 600), (160, 60, 640, 540))
    """
    x0, y0, x1, y1 = window
    side = min(x1 - x0, y1 - y0)
    left, upper = x0 + (x1 - x0 - side) // 2, y0 + (y1 - y0 - side) // 2
    cut = int(side * margin)
    return left + cut, upper + cut, left + side - cut, upper + side - cut


def resized(frames: Frames, window: Window, size_px: int, interpolation: int) -> Frames:
    """`window` of `frames` (n, rows, columns, 3) as (n, size, size, 3), 0 to 255.

    Raises ReadingError where it holds nothing.
    """
    x0, y0, x1, y1 = window
    if x1 - x0 < 2 or y1 - y0 < 2:
        raise ReadingError(f"the image is only {frames.shape[2]} x {frames.shape[1]} px: nothing is left after cutting")
    cut = (np.ascontiguousarray(frame[y0:y1, x0:x1]) for frame in frames)
    return np.stack([np.asarray(cv2.resize(frame, (size_px, size_px), interpolation=interpolation), np.uint8) for frame in cut])


def evenly(number_of_frames: int, wanted: int) -> Sequence[int]:
    """At most `wanted` indices, spread over a clip from its first to its last frame.

    >>> evenly(9, 3), evenly(2, 3)
    ([0, 4, 8], [0, 1])
    """
    if number_of_frames <= wanted:
        return list(range(number_of_frames))
    return [int(index) for index in np.rint(np.linspace(0, number_of_frames - 1, wanted))]
