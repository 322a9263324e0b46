"""Where the probe is: the point from which the beams of an ultrasound sector fan out, found in what the image shows.

The border of a sector consists of straight sides that meet in that point and of arcs around it. That holds whatever its
opening, however it is turned or mirrored, and also where its top is cut or curved. Points are (x, y) px, (0, 0) at the centre
of the top left pixel.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.clip import Clip

Points = NDArray[np.float64]

_SIZE_PX = 96  # longer side of the small mask that is searched
_FRAMES = 8  # looked at together: what one frame leaves black another one shows
_BLACK = 12  # grey levels: what lossy compression leaves in black
_BORDER, _GRID = 144, 37
_REACH = 0.6  # share of the mask's size: so far outside the beams may meet, as those of a curved array do
_ANGLE = 0.12  # rad: how exactly a side points to where the beams meet, and an arc runs around it
_LEAST_EXPLAINED, _LEAST_STRAIGHT = 0.6, 0.2  # shares of the border: of all of it, and of its straight sides
# The probe is above on nearly all displays. Elsewhere it is believed only where the border shows it plainly.
_PLAINLY, _ABOVE = 0.8, 0.5  # the second: cosine of the angle to the vertical
_FAR = 0.85  # share of the greatest distance: from here on lies the far arc


def probe_position(clip: Clip) -> Points:
    """The point (2,), (x, y) px of the whole image, from which the beams of the calibrated region, or of the whole image, fan
    out.

    Where the image shows no sector, it is above the middle of it.
    """
    region = clip.b_mode_region().region
    x0, y0, x1, y1 = region.corners_px if region else (0, 0, clip.columns - 1, clip.rows - 1)
    met = beams_meet(lit(clip))
    if met is None:
        met = np.array([(x1 - x0) / 2, -0.05 * (y1 - y0)])
    return np.asarray(met + np.array([x0, y0]))


def sector_mask(clip: Clip) -> NDArray[np.bool_]:
    """Where the calibrated region, or the whole image, shows the sector on some frame: (rows, columns) px of it.

    Text and marks beside the sector are other parts than it.
    """
    shown = lit(clip)
    largest = _largest_part(shown, _SIZE_PX / max(shown.shape))
    if largest is None:
        return shown
    whole = cv2.resize(largest, shown.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(shown & (whole > 0))


def lit(clip: Clip) -> NDArray[np.bool_]:
    """Where the calibrated region, or the whole image, is not black on some frame: (rows, columns) px of it."""
    region = clip.b_mode_region().region
    x0, y0, x1, y1 = region.corners_px if region else (0, 0, clip.columns - 1, clip.rows - 1)
    indices = np.unique(np.linspace(0, clip.number_of_frames - 1, _FRAMES).round().astype(int)).tolist()
    return np.asarray(clip.take(indices)[:, y0 : y1 + 1, x0 : x1 + 1].max(axis=(0, 3)) > _BLACK)


def beams_meet(mask: NDArray[np.bool_]) -> Points | None:
    """The point (2,), (x, y) px, where the beams of `mask` (rows, columns), true where the image is not black, meet.

    It may lie outside the mask; None where the mask's border is not that of a sector.
    """
    scale = _SIZE_PX / max(mask.shape)
    border = _border(mask, scale)
    if border is None:
        return None
    along = np.roll(border, -1, axis=0) - np.roll(border, 1, axis=0)
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    low, high = border.min(axis=0), border.max(axis=0)
    reach = _REACH * (high - low).max()
    best, explained = None, _LEAST_EXPLAINED
    for step in (1.0, 0.12):  # the whole plane, then around the best
        centre = (low + high) / 2 if best is None else best
        half = step * ((high - low).max() / 2 + reach)
        offsets = np.linspace(-half, half, _GRID)
        grid = centre + np.stack(np.meshgrid(offsets, offsets), axis=-1).reshape(-1, 2)
        share, straight = _explained(grid, border, along)
        share[straight < _LEAST_STRAIGHT] = 0
        if share.max() > explained or best is not None:
            best, explained = grid[share.argmax()], float(share.max())
    if best is None:
        return None
    beam = border.mean(axis=0) - best
    if explained < _PLAINLY and beam[1] < _ABOVE * np.linalg.norm(beam):
        return None
    return np.asarray((best + 0.5) / scale - 0.5)


def _explained(grid: Points, border: Points, along: Points) -> tuple[Points, Points]:
    """For each point of the grid the share of the border that runs to it or around it, and the share that runs to it."""
    beams = border[None] - grid[:, None]
    lengths = np.linalg.norm(beams, axis=2)
    beams = beams / np.maximum(lengths, 1e-9)[..., None]
    to_it = np.abs(beams[..., 0] * along[None, :, 1] - beams[..., 1] * along[None, :, 0])
    around_it = np.abs((beams * along[None]).sum(axis=2))
    straight = (to_it < _ANGLE).mean(axis=1)
    arc = ((around_it < _ANGLE) & (lengths > _FAR * lengths.max(axis=1, keepdims=True))).mean(axis=1)
    return straight + arc, straight


def _border(mask: NDArray[np.bool_], scale: float) -> Points | None:
    """Evenly spaced points on the convex border of the largest part; text and marks beside the sector are other parts."""
    largest = _largest_part(mask, scale)
    if largest is None:
        return None
    points = np.argwhere(largest)[:, ::-1].astype(np.float32)
    hull = cv2.convexHull(points)[:, 0].astype(np.float64)
    if len(hull) < 4:
        return None
    closed_hull = np.vstack([hull, hull[:1]])
    position = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed_hull, axis=0), axis=1))])
    wanted = np.linspace(0, position[-1], _BORDER, endpoint=False)
    even = np.stack([np.interp(wanted, position, closed_hull[:, axis]) for axis in (0, 1)], axis=1)
    # The border of pixels is a staircase, so its direction is taken over several pixels.
    kernel = np.ones(5) / 5
    return np.stack([np.convolve(np.pad(even[:, axis], 2, mode="wrap"), kernel, "valid") for axis in (0, 1)], axis=1)


def _largest_part(mask: NDArray[np.bool_], scale: float) -> NDArray[np.uint8] | None:
    """The largest part of the small mask, 1 inside; None where nothing is marked."""
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.3
    closed = cv2.morphologyEx(small.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, figures, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    if count < 2:
        return None
    return np.asarray(labels == 1 + int(figures[1:, cv2.CC_STAT_AREA].argmax()), np.uint8)
