"""From a clip to what EchoNet-Dynamic's networks see: grey squares of 112 px, minus mean, by standard deviation.

The published way from a DICOM object is the recipe of the data set's notebook; the frames of a video file are taken as they
are. The recipe's lossy step (Motion JPEG) is left out in both modes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.normalisation import Normalisation
from models.library.manifest import Manifest
from models.library.reading import Decoding
from models.results import Point

SIZE_PX = 112
_MARGIN = 10  # one part in ten of the height is dropped on every side
_DARK = 1.0  # mean of a row that shows nothing; the image lies below the first such row of the first frame
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True)
class Placement:
    """Where the square lies in the whole image: its top left corner (px, of the pixel's edge) and image px per square px."""

    x0_px: float
    y0_px: float
    scale_x: float
    scale_y: float

    def to_image(self, points_px: NDArray[np.float64]) -> tuple[Point, ...]:
        """`points_px` (n, 2), (x, y) of the square, in px of the whole image, (0, 0) at the centre of the top left pixel."""
        moved = (points_px + 0.5) * (self.scale_x, self.scale_y) + (self.x0_px, self.y0_px) - 0.5
        return tuple((float(x), float(y)) for x, y in moved)


@dataclass(frozen=True)
class Squares:
    """RGB `frames` (frames, rows, columns, 3), 0 to 255, usually 112 by 112 px.

    `cm2_per_px` is None without a usable region.
    """

    frames: NDArray[np.uint8]
    placement: Placement
    cm2_per_px: float | None
    note: str


def squares(clip: Clip, decoding: Decoding) -> Squares:
    """The clip as the networks take it, once for both. Raises ReadingError for a clip the published recipe cannot cut."""
    return clip.cache.once((SIZE_PX, decoding), lambda: _squares(clip, decoding))


def _squares(clip: Clip, decoding: Decoding) -> Squares:
    if clip.from_video_file:
        return _of_video(clip, decoding)
    if decoding is Decoding.PUBLISHED:
        grey = clip.frames[..., 0]
        dark = np.flatnonzero(clip.frames[0].mean(axis=(1, 2)) < _DARK)
        if not dark.size:
            raise ReadingError("the published recipe needs a dark row above the image, and the first frame has none")
        window, note = (0, int(dark[0]), clip.columns, clip.rows), "cut below the first dark row, as published"
        return _cut(grey, window, None, note)
    choice = clip.b_mode_region()
    region = choice.region
    grey = np.rint(clip.frames.astype(np.float32) @ _LUMA).astype(np.uint8)
    if region is None:
        return _cut(grey, (0, 0, clip.columns, clip.rows), None, "no calibrated region: cut from the whole image, areas in px")
    window = (region.x0_px, region.y0_px, region.x1_px + 1, region.y1_px + 1)
    delta_x, delta_y = region.cm_per_px
    return _cut(grey, window, delta_x * delta_y, f"cut from the region chosen by {choice.rule}")


def _of_video(clip: Clip, decoding: Decoding) -> Squares:
    whole = Placement(0.0, 0.0, 1.0, 1.0)
    if (clip.rows, clip.columns) == (SIZE_PX, SIZE_PX) or decoding is Decoding.PUBLISHED:
        return Squares(clip.frames, whole, None, "video frames as they are")
    resized = [cv2.resize(frame, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA) for frame in clip.frames]
    placement = Placement(0.0, 0.0, clip.columns / SIZE_PX, clip.rows / SIZE_PX)
    return Squares(np.stack(resized), placement, None, f"video frames resized to {SIZE_PX} px")


def _cut(grey: NDArray[np.uint8], window: tuple[int, int, int, int], cm2_per_image_px: float | None, note: str) -> Squares:
    """Square in the middle of `window` (x0, y0, x1, y1; last exclusive), less its margin, resized, the sector kept."""
    x0, y0, x1, y1 = window
    excess = abs((x1 - x0) - (y1 - y0)) // 2
    if x1 - x0 > y1 - y0:
        x0, x1 = x0 + excess, x1 - excess
    else:
        y0, y1 = y0 + excess, y1 - excess
    margin = (y1 - y0) // _MARGIN
    # Both the margin and the end are those of the height, also across: a window one px wider than high loses that px.
    x1, y1 = min(x1, x0 + (y1 - y0) - margin), y1 - margin
    x0, y0 = x0 + margin, y0 + margin
    if x1 - x0 < 2 or y1 - y0 < 2:
        raise ReadingError(f"the image is only {grey.shape[2]} by {grey.shape[1]} px: nothing is left after cutting")
    inside = sector_mask()
    frames = np.empty((len(grey), SIZE_PX, SIZE_PX), dtype=np.uint8)
    for index, frame in enumerate(grey):
        cut = np.ascontiguousarray(frame[y0:y1, x0:x1])
        frames[index] = cv2.resize(cut, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC) * inside
    placement = Placement(float(x0), float(y0), (x1 - x0) / SIZE_PX, (y1 - y0) / SIZE_PX)
    area = None if cm2_per_image_px is None else cm2_per_image_px * placement.scale_x * placement.scale_y
    return Squares(np.repeat(frames[..., None], 3, axis=3), placement, area, note)


def sector_mask() -> NDArray[np.bool_]:
    """(112, 112), true below the two straight borders of the published sector: x + y > 67 and x - y < 67."""
    limit = SIZE_PX // 2 + SIZE_PX // 10
    x, y = np.meshgrid(np.arange(SIZE_PX), np.arange(SIZE_PX))
    return np.asarray((x + y > limit) & (x - y < limit))


NOT_NORMALISABLE = (
    "the mean and standard deviation of the training clips are not published; give them when importing the weights "
    "(--set mean=... --set std=..., one number or three, 0 to 255)"
)


def normalisation(manifest: Manifest) -> Normalisation | None:
    """From `[architecture] mean` and `std`, one number or one per colour; None where the manifest has them not."""
    values = [manifest.architecture.get(key) for key in ("mean", "std")]
    if any(value is None for value in values):
        return None
    mean, deviation = (torch.as_tensor(value, dtype=torch.float32).expand(3) for value in values)
    if not bool((deviation > 0).all()):
        raise ReadingError(f"model {manifest.name}: a standard deviation of {values[1]!r} divides by nothing")
    return Normalisation(mean, deviation)
