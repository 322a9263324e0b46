"""From a network's probability map to the point it means.

Maps are (rows, columns), 0 to 1; points are (x, y) px of the map, (0, 0) at the centre of its top left pixel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.floating]

_NEAR_PX = 20  # radius of the window around the maximum
_ROUNDS = 3  # the window moves onto its own centroid: a saturated peak is flat, and its first maximum stands at its border


@dataclass(frozen=True)
class PeakLimits:
    """When a map has no one peak: its maximum below `least_probability`, or at least `second_peak` of that maximum further than
    `far_px` away - another peak, or a map that is flat.
    """

    least_probability: float
    second_peak: float
    far_px: float


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of `logits` of any shape: the same shape."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)


def published_centroid(probability: Map) -> tuple[float, float]:
    """EchoNet-Measurements' point (x, y) px: the mean over the whole map by probability, the sum enlarged by 1e-8.

    `probability` is (rows, columns), any float, 0 to 1. The faint background has as many pixels as the map, so it pulls the
    point towards the middle:

    >>> probability = np.full((100, 100), 0.001)
    >>> probability[20, 10] = 1.0
    >>> published_centroid(probability)[0] > 40
    True
    """
    total = float(probability.sum(dtype=np.float64)) + 1e-8
    columns, rows = probability.sum(axis=0, dtype=np.float64), probability.sum(axis=1, dtype=np.float64)
    return float(columns @ np.arange(columns.size)) / total, float(rows @ np.arange(rows.size)) / total


def peak(probability: Map, limits: PeakLimits) -> tuple[float, float] | None:
    """The one peak (x, y) px to a fraction of a pixel, None where there is none or more than one.

    `probability` is (rows, columns), any float, 0 to 1. The peak is the centroid of what exceeds half the maximum in a window
    around it, so no background counts.

    >>> rows, columns = np.mgrid[:60, :80]
    >>> probability = np.exp(-((columns - 31.4) ** 2 + (rows - 20.7) ** 2) / 50)
    >>> x, y = peak(probability, PeakLimits(0.05, 0.5, 30))
    >>> round(x, 1), round(y, 1)
    (31.4, 20.7)
    """
    top = float(probability.max())
    if not top >= limits.least_probability:
        return None
    row, column = np.unravel_index(int(probability.argmax()), probability.shape)
    x, y = centroid_near(probability, (float(column), float(row)), _NEAR_PX)
    rows, columns = np.nonzero(probability >= limits.second_peak * top)
    if (np.hypot(columns - x, rows - y) > limits.far_px).any():
        return None
    return x, y


def centroid_near(probability: Map, point: tuple[float, float], radius_px: int) -> tuple[float, float]:
    """The centroid (x, y) px of what exceeds half the value at a maximum, `point`, in a window around it that moves with it.

    `probability` is (rows, columns), any float, from 0 on.
    """
    x, y = point
    floor = float(probability[round(y), round(x)]) / 2
    for _ in range(_ROUNDS):
        left, upper = max(round(x) - radius_px, 0), max(round(y) - radius_px, 0)
        window = probability[upper : round(y) + radius_px + 1, left : round(x) + radius_px + 1]
        weights = np.clip(window.astype(np.float64) - floor, 0, None)
        total = float(weights.sum())
        if total == 0:  # nothing but zeros
            break
        x = left + float(weights.sum(axis=0) @ np.arange(window.shape[1])) / total
        y = upper + float(weights.sum(axis=1) @ np.arange(window.shape[0])) / total
    return float(x), float(y)
