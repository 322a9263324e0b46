"""How well two masks agree: Dice, IoU, and the distance between their borders.

Ours: scikit-learn and torchmetrics give a share of each mask, and not the counts that are pooled over all masks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Overlap:
    """Pixels that two masks share, and that either has; and the mean distance of their borders where both are there."""

    shared: int
    either: int
    surface_distance: float | None

    @property
    def dice(self) -> float:
        return pooled_dice([self])

    @property
    def iou(self) -> float:
        return self.shared / self.either if self.either else 1.0


def overlap(true: Mask, found: Mask, pixel_size: tuple[float, float] = (1.0, 1.0)) -> Overlap:
    """How far the masks `true` and `found` (rows, columns), true inside, agree. Two empty masks do.

    `pixel_size` (x, y) gives the unit of the surface distance.

    >>> square = np.zeros((8, 8), dtype=bool); square[2:6, 2:6] = True
    >>> shifted = np.roll(square, 1, axis=1)
    >>> found = overlap(square, shifted)
    >>> found.dice, found.iou
    (0.75, 0.6)
    """
    if true.shape != found.shape:
        raise ValueError(f"masks of {true.shape} and {found.shape}")
    return Overlap(int((true & found).sum()), int((true | found).sum()), _surface_distance(true, found, pixel_size))


def pooled_dice(overlaps: Sequence[Overlap]) -> float:
    """Dice of all pixels of all masks together, as EchoNet-Dynamic prints it: large ventricles weigh more."""
    shared, either = sum(one.shared for one in overlaps), sum(one.either for one in overlaps)
    return 2 * shared / (either + shared) if either else 1.0


def _surface_distance(true: Mask, found: Mask, pixel_size: tuple[float, float]) -> float | None:
    """Mean over the border pixels of both, each to the nearest one of the other."""
    if not (true.any() and found.any()):
        return None
    sampling = (pixel_size[1], pixel_size[0])
    borders = [mask & ~binary_erosion(mask, border_value=0) for mask in (true, found)]
    to_other = [distance_transform_edt(~other, sampling=sampling)[one] for one, other in (borders, borders[::-1])]
    return float(np.concatenate(to_other).mean())
