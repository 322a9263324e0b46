"""How far the image reaches: whether a structure lies in it whole, or is cut off by the edge of the sector.

The edge is that of the beams which show anything on some frame: what lies dark between them is inside. Points are (x, y) px of
the whole image, (0, 0) at the centre of the top left pixel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.clip import Clip
from models.derive.ventricle.sector import probe_position, sector_mask

Points = NDArray[np.float64]

_BINS = 180  # of depth and of angle
_SHOWN = 0.04  # share of a bin's pixels that must show something
_EDGE = 0.014  # of the depth: an outline that comes so near to the edge lies on it
_ALONG = 0.07  # share of an outline that may lie on the edge; our choice


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """A sector around `origin_px` (2,), (x, y), in steps of `cm_per_px` (2,), or of 1 where there is no scale.

    `radii` are its nearest and its farthest depth, in cm or px as the steps are, `angles` the outermost beams, in rad to the
    right of straight down; `box_px` is the rectangle x0, y0, x1, y1 that holds it.
    """

    origin_px: Points
    cm_per_px: Points
    radii: tuple[float, float]
    angles: tuple[float, float]
    box_px: tuple[int, int, int, int]

    def cuts_off(self, outline_px: Points) -> bool:
        """Whether a structure of this `outline_px` (n, 2), (x, y) px, goes on beyond the edge, as far as one can see.

        The points are taken to lie evenly along the outline.
        """
        steps = (outline_px - self.origin_px) * self.cm_per_px
        depth, angle = np.hypot(*steps.T), np.arctan2(*steps.T)
        near = _EDGE * self.radii[1]
        beside = np.minimum(angle - self.angles[0], self.angles[1] - angle) * depth
        inside = np.minimum(np.minimum(depth - self.radii[0], self.radii[1] - depth), beside)
        x0, y0, x1, y1 = self.box_px
        x, y = outline_px.T
        across, down = self.cm_per_px
        to_box = np.minimum(np.minimum(x - x0, x1 - x) * across, np.minimum(y - y0, y1 - y) * down)
        return bool((np.minimum(inside, to_box) < near).mean() > _ALONG)


def field_of_view(clip: Clip) -> FieldOfView:
    """Of the calibrated region, or of the whole image."""
    region = clip.b_mode_region().region
    box = region.corners_px if region else (0, 0, clip.columns - 1, clip.rows - 1)
    cm_per_px = np.array(region.cm_per_px if region else (1.0, 1.0))
    origin = probe_position(clip)
    shown = sector_mask(clip)
    rows, columns = np.mgrid[: shown.shape[0], : shown.shape[1]]
    steps = (np.stack([columns.ravel(), rows.ravel()], axis=1) + np.array(box[:2]) - origin) * cm_per_px
    depth, angle = np.hypot(*steps.T), np.arctan2(*steps.T)
    angles = _reach(angle, shown.ravel())
    between = (angle >= angles[0]) & (angle <= angles[1])
    return FieldOfView(origin, cm_per_px, _reach(depth[between], shown.ravel()[between]), angles, box)


def _reach(places: Points, shown: NDArray[np.bool_]) -> tuple[float, float]:
    """From the first to the last of the bins of `places` (n,) that show something (n,); all of them where none does."""
    edges = np.linspace(float(places.min()), float(places.max()), _BINS + 1)
    all_of, lit_of = (np.histogram(chosen, edges)[0] for chosen in (places, places[shown]))
    bright = np.flatnonzero(lit_of > np.maximum(_SHOWN * all_of, 1))
    if not bright.size:
        return float(edges[0]), float(edges[-1])
    return float(edges[bright[0]]), float(edges[bright[-1] + 1])
