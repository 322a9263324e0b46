"""Peaks in the probability maps of networks that look at spectral Doppler and M-mode displays.

Maps are (rows, columns), 0 to 1, pairs of maps (2, rows, columns); points are (x, y) px of the map, (0, 0) at the centre of its
top left pixel. What EchoNet-Measurements' scripts do begins with `published_`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.derive.calipers.heat_map import centroid_near
from models.errors import NoPointPair
from models.results import Point

Map = NDArray[np.floating]

_WINDOW_PX = 12  # radius of the window around a maximum that its centroid is taken from
_SECOND_PX = 15  # two points nearer than this are one, in the published pairing as in ours
_CANDIDATE = 0.3  # share of the highest maximum below which another one is background
MOST_APART_PX = 300  # published for E and A: further apart, the two are of two beats
_ALIKE = 0.9  # pairs of at least this share of the best score are told apart by time


@dataclass(frozen=True)
class Candidate:
    """A local maximum of both maps together, with each map's probability there."""

    x: float
    y: float
    probabilities: tuple[float, float]

    @property
    def point(self) -> Point:
        return self.x, self.y


def published_peak(probability: Map) -> tuple[int, int]:
    """(x, y) px of the one brightest pixel of `probability` (rows, columns), any float, the first of equal ones.

    It is a whole number of rows, so of velocity steps.
    """
    row, column = np.unravel_index(int(probability.argmax()), probability.shape)
    return int(column), int(row)


def soft_peak(probability: Map, near: Point | None = None) -> Point:
    """(x, y) px of the brightest peak of `probability` (rows, columns), any float, from 0 on, to a fraction of a pixel.

    It is the centroid of what exceeds half the maximum in a window around it. With `near` the window is around that point.

    >>> rows, columns = np.mgrid[:60, :80]
    >>> x, y = soft_peak(np.exp(-((columns - 31.4) ** 2 + (rows - 20.7) ** 2) / 50))
    >>> round(x, 1), round(y, 1)
    (31.4, 20.7)
    """
    return centroid_near(probability, published_peak(probability) if near is None else near, _WINDOW_PX)


def published_pair(maps: Map) -> tuple[tuple[int, int], tuple[int, int]]:
    """EchoNet-Measurements' two points (x, y) px of `maps` (2, rows, columns), any float, 0 to 1, from left to right.

    The first is the blob of the added maps nearest to their maximum. The second is the nearest blob to it further away than 15
    px. It is sought in one map alone where that map's own maximum is more than 15 px further from the added maps' maximum than
    the other map's. Elsewhere it is sought in the added maps. Raises NoPointPair.
    """
    first, second = (_stretched(channel) for channel in maps)
    both = first + second
    top = published_peak(both)
    blobs = _blobs(both)
    if not blobs:
        raise NoPointPair("no peak stands out of the maps")
    one = min(blobs, key=lambda blob: _distance(blob, top))
    away = _distance(top, published_peak(first)) - _distance(top, published_peak(second))
    source = first if away > _SECOND_PX else second if -away > _SECOND_PX else both
    others = [blob for blob in _blobs(source) if _distance(blob, one) > _SECOND_PX]
    if not others:
        raise NoPointPair("there is one peak only")
    other = min(others, key=lambda blob: _distance(blob, one))
    left, right = sorted((one, other), key=lambda blob: blob[0])
    return left, right


def candidates(maps: Map, least_probability: float = 0.0) -> tuple[Candidate, ...]:
    """All points of `maps` (2, rows, columns), any float, 0 to 1, that may be meant, from left to right.

    None is nearer than 15 px to a brighter one, and of each at least one map is sure by `least_probability`.
    """
    both = maps.sum(axis=0)
    highest = ndimage.maximum_filter(both, size=2 * _SECOND_PX + 1)
    tops, count = ndimage.label((both == highest) & (both >= _CANDIDATE * both.max()) & (both > 0))
    found: list[Candidate] = []
    for y, x in ndimage.center_of_mass(np.ones_like(both), tops, range(1, count + 1)):
        point = soft_peak(both, (float(x), float(y)))
        window = maps[:, max(round(y) - 2, 0) : round(y) + 3, max(round(x) - 2, 0) : round(x) + 3]
        found.append(Candidate(*point, (float(window[0].max()), float(window[1].max()))))
    found.sort(key=lambda candidate: -sum(candidate.probabilities))
    kept: list[Candidate] = []
    for candidate in found:
        if all(_distance(candidate.point, other.point) > _SECOND_PX for other in kept):
            kept.append(candidate)
    sure = (candidate for candidate in kept if max(candidate.probabilities) >= least_probability)
    return tuple(sorted(sure, key=lambda candidate: candidate.x))


def follows(step_s: float | None, least_s: float, most_s: float) -> Callable[[Candidate, Candidate], bool]:
    """Whether the second of two points comes `least_s` to `most_s` after the first.

    `step_s` is the time from a column to the next, negative where time runs to the left; without it the second lies to the
    right, at most the published 300 px.
    """
    least_px, most_px, direction = 1.0, float(MOST_APART_PX), 1
    if step_s:
        least_px, most_px, direction = least_s / abs(step_s), most_s / abs(step_s), 1 if step_s > 0 else -1
    return lambda one, other: least_px <= direction * (other.x - one.x) <= most_px


def best_pair(
    points: tuple[Candidate, ...],
    belongs: Callable[[Candidate, Candidate], bool],
    score: Callable[[Candidate, Candidate], float],
) -> tuple[Candidate, Candidate]:
    """The two of `points` that belong together with the highest score; of about equal ones the closest in time (x).

    Raises NoPointPair where no two belong together.
    """
    pairs = [(one, other) for one in points for other in points if one is not other and belongs(one, other)]
    if not pairs:
        raise NoPointPair("no two peaks belong to one beat")
    best = max(score(*pair) for pair in pairs)
    return min((pair for pair in pairs if score(*pair) >= _ALIKE * best), key=lambda pair: abs(pair[1].x - pair[0].x))


def _stretched(channel: Map) -> NDArray[np.float64]:
    values = channel.astype(np.float64)
    span = float(np.ptp(values))
    return np.asarray((values - values.min()) / span if span else np.zeros_like(values))


def _blobs(channel: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Whole-pixel centroids, weighted by the map, of what Otsu's threshold parts from the rest."""
    levels = (_stretched(channel) * 255).astype(np.uint8)
    _, bright = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    centroids = []
    for contour in contours:
        inside = cv2.drawContours(np.zeros_like(levels), [contour], -1, 1, thickness=-1)
        rows, columns = np.nonzero(inside)
        weights = channel[rows, columns]
        if weights.sum() > 0:
            centroids.append((int(columns @ weights / weights.sum()), int(rows @ weights / weights.sum())))
    return centroids


def _distance(one: Point, other: Point) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
