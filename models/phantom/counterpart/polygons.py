"""Two outlines as one: the right ventricle's body and its outflow tract are two surfaces, and one chamber."""

import cv2
import numpy as np
from numpy.typing import NDArray

Polygon = NDArray[np.float64]


def joined(one: Polygon, other: Polygon) -> Polygon | None:
    """The outline of both together, float64 (vertices, 2) in their unit; None where they do not cross each other twice.

    `one` and `other` are closed outlines without holes, float64 (vertices, 2), in any unit.

    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> joined(square, square + [1.0, 0.5]).tolist()
    [[1.0, 2.0], [0.0, 2.0], [0.0, 0.0], [2.0, 0.0], [2.0, 0.5], [3.0, 0.5], [3.0, 2.5], [1.0, 2.5]]
    """
    places, first, second = _crossings(one, other)
    if len(places) != 2:
        return None
    arcs_one = _arc(one, first[0], first[1]), _arc(one, first[1], first[0])
    arcs_other = _arc(other, second[0], second[1]), _arc(other, second[1], second[0])
    outer = [arc for arc in (arcs_one[0], arcs_one[1][::-1]) if _outside(arc, other, places)]
    outer_other = [arc for arc in (arcs_other[0], arcs_other[1][::-1]) if _outside(arc, one, places)]
    if len(outer) != 1 or len(outer_other) != 1:
        return None
    # Each runs from the first crossing to the second one; the other one is walked back.
    return np.concatenate([places[1:], outer[0][::-1], places[:1], outer_other[0]])


def _crossings(one: Polygon, other: Polygon) -> tuple[Polygon, list[int], list[int]]:
    """Where the outlines cross, (crossings, 2), and after which vertex of each."""
    side, its = np.roll(one, -1, axis=0) - one, np.roll(other, -1, axis=0) - other
    gap = other[None] - one[:, None]
    turn = side[:, None, 0] * its[None, :, 1] - side[:, None, 1] * its[None, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (gap[..., 0] * its[None, :, 1] - gap[..., 1] * its[None, :, 0]) / turn
        beside = (gap[..., 0] * side[:, None, 1] - gap[..., 1] * side[:, None, 0]) / turn
    at, where = np.nonzero((along >= 0) & (along < 1) & (beside >= 0) & (beside < 1))
    return one[at] + along[at, where][:, None] * side[at], at.tolist(), where.tolist()


def _arc(outline: Polygon, start: int, end: int) -> Polygon:
    """The vertices after side `start` up to and with the one that side `end` begins at."""
    count = (end - start) % len(outline)
    return outline[(start + 1 + np.arange(count)) % len(outline)]


def _outside(arc: Polygon, outline: Polygon, ends: Polygon) -> bool:
    """Whether a part of one outline, between two crossings, lies outside the other one."""
    middle = arc[len(arc) // 2] if len(arc) else ends.mean(axis=0)
    return cv2.pointPolygonTest(outline.astype(np.float32)[:, None], (float(middle[0]), float(middle[1])), False) < 0
