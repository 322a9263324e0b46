"""Surfaces as stacks of rings: the one way in which this heart is built.

A stack is float64 (rings, points, 3), x, y, z in mm of the heart's frame. Each ring is closed; the surface is closed by flat
caps over the first and the last ring, where they are not single points already.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]


def capped(stack: Grid) -> Grid:
    """The stack with the middle of its first and of its last ring before and behind it: float64 (rings + 2, points, 3) in mm.

    `stack` is float64 (rings, points, 3) in mm.
    """
    ends = np.broadcast_to(stack[[0, -1]].mean(axis=1, keepdims=True), (2, *stack.shape[1:]))
    return np.concatenate([ends[:1], stack, ends[1:]])


def volume_ml(stack: Grid) -> float:
    """What the stack, float64 (rings, points, 3) in mm, holds, by the divergence theorem over its triangles. Exact.

    >>> square = np.array([[0.0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]])
    >>> round(volume_ml(np.stack([square, square + [0, 0, 10]])), 6)
    1.0
    """
    closed = capped(stack)
    closed = closed - closed[0, 0]
    here, above = closed[:-1], closed[1:]
    here_next, above_next = np.roll(here, -1, axis=1), np.roll(above, -1, axis=1)
    six = _determinants(here, here_next, above_next) + _determinants(here, above_next, above)
    return abs(float(six)) / 6000


def _determinants(a: Grid, b: Grid, c: Grid) -> float:
    return float(np.einsum("ijk,ijk->", a, np.cross(b, c)))


def swollen(stack: Grid, outward: Grid, volume: float) -> Grid:
    """The stack moved along `outward` so far that it holds `volume` mL.

    `stack` and `outward` are float64 (rings, points, 3) in mm, and so is the result (rings, points, 3); `outward` has no z. The
    volume is then a quadratic polynomial of the way, which
    three values determine, so the result is exact.
    """
    less, now, more = (volume_ml(stack + way * outward) for way in (-0.05, 0.0, 0.05))
    square, slope = (more + less - 2 * now) / 0.005, (more - less) / 0.1
    root = np.sqrt(max(slope**2 - 4 * square * (now - volume), 0.0))
    way = 2 * (volume - now) / (slope + root)
    return np.asarray(stack + way * outward)


def tube(centres: Sequence[Grid], radii: Sequence[float], rings: int, points: int = 20) -> tuple[Grid, Grid]:
    """A vessel about the smooth curve through `centres`, each float64 (3,) in mm, with `radii` in mm at them.

    Answers the stack (rings, points, 3) and its unit normals of the same shape, float64.
    """
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(np.asarray(centres), axis=0), axis=1))])
    wanted = np.linspace(0, at[-1], rings)
    middle, along = _curve(at, np.asarray(centres), wanted)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    radius = np.interp(wanted, at, radii)
    side = np.cross(along[0], [0.31, 0.47, 0.83])
    sides = []
    for direction in along:  # carried along without turning about the curve
        side = side - (side @ direction) * direction
        side = side / np.linalg.norm(side)
        sides.append(side)
    one = np.stack(sides)
    other = np.cross(along, one)
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)[None, :, None]
    normals = np.cos(angle) * one[:, None] + np.sin(angle) * other[:, None]
    return middle[:, None] + radius[:, None, None] * normals, normals


def _curve(at: Grid, places: Grid, wanted: Grid) -> tuple[Grid, Grid]:
    """Places (wanted, 3) and directions of a smooth curve through `places` (places, 3): Hermite's cubics."""
    slopes = np.gradient(places, at, axis=0)
    piece = np.clip(np.searchsorted(at, wanted, side="right") - 1, 0, len(at) - 2)
    long = (at[piece + 1] - at[piece])[:, None]
    t = (wanted - at[piece])[:, None] / long
    start, end, out, into = places[piece], places[piece + 1], slopes[piece] * long, slopes[piece + 1] * long
    middle = start * (1 + 2 * t) * (1 - t) ** 2 + out * t * (1 - t) ** 2 + end * t**2 * (3 - 2 * t) + into * t**2 * (t - 1)
    along = (end - start) * 6 * t * (1 - t) + out * (1 - t) * (1 - 3 * t) + into * t * (3 * t - 2)
    return middle, along
