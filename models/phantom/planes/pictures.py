"""Training pictures: squares with the whole sector in the middle, and their label maps."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.phantom import image
from models.phantom.rendered import STRUCTURES, PlaneClip, SectorShape

_SHIFT = 4  # fractional bits of a vertex


def square_pictures(clip: PlaneClip, size_px: int) -> NDArray[np.uint8]:
    """Every frame as a square whose side the sector's longer side fills, the rest black: uint8 (frames, size, size), 0 to 255.

    What `models.inputs` makes of the sector's box. Each pixel is a mean over its area, for single samples alias the speckle.
    """
    polar = torch.from_numpy(clip.polar)
    squares = image.square_picture(polar, clip.sector, size_px)
    return np.asarray((squares * 255).round().clamp(0, 255).to(torch.uint8).numpy())


def label_map(clip: PlaneClip, frame: int, size_px: int) -> NDArray[np.uint8]:
    """What each pixel of `square_pictures` shows: uint8 (size, size), 0 for nothing, else the index of `STRUCTURES` and one.

    Outside the sector it is 0. A smaller structure inside a larger one covers it: the cavity lies on what the wall encloses.
    """
    labels = np.zeros((size_px, size_px), np.uint8)
    for name in sorted(clip.contours_mm, key=lambda name: name != "lv_wall"):
        outline = clip.contours_mm[name][frame]
        if not np.isnan(outline).any():
            vertices = np.round(square_px(clip.sector, outline, size_px) * 2**_SHIFT).astype(np.int32)
            cv2.fillPoly(labels, [vertices], STRUCTURES.index(name) + 1, shift=_SHIFT)
    lateral, axial = image.square_places_mm(clip.sector, size_px)
    radius, angle = torch.hypot(lateral, axial), torch.atan2(lateral, axial).abs()
    sector = (radius >= clip.sector.near_mm) & (radius <= clip.sector.far_mm) & (angle <= clip.sector.half_angle_rad)
    return np.asarray(labels * sector.numpy())


def square_px(sector: SectorShape, places_mm: NDArray[np.float64], size_px: int) -> NDArray[np.float64]:
    """`places_mm` (..., 2), (lateral, axial), in px of the square: float64 (..., 2), (x, y), pixel centres at whole numbers."""
    left, top, right, bottom = image.box_mm(sector)
    mm_per_px = max(right - left, bottom - top) / size_px
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    return np.asarray((places_mm - middle) / mm_per_px + (size_px - 1) / 2)
