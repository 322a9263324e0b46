"""From a cavity's probability map to its outline: marching squares, then the ends of the mitral annulus.

Points are (x, y) px of the map, (0, 0) at the centre of its top left pixel.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

# Cosine of the greatest angle between the beam through the ventricle's middle and its long axis: 60 degrees. A ventricle seen
# further from the side is not in an apical view. Our choice.
_LEAST_AWAY = 0.5

# Cell corners: 1 top left, 2 top right, 4 bottom right, 8 bottom left. Sides: 0 top, 1 right, 2 bottom, 3 left. Each step
# enters by the first side and leaves by the second with the inside on its left hand; the two saddles keep the inside apart.
_STEPS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 0), (1, 2)), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((2, 0),), 10: ((0, 1), (2, 3)), 11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip


def closed_lines(field: NDArray[np.float32], level: float) -> list[Points]:
    """All closed lines (n, 2), (x, y) px, where `field` (rows, columns) crosses `level`, in its unit; beyond its edge it counts
    as 0.

    Lorensen and Cline's marching cubes in two dimensions, with linear interpolation between neighbouring pixels.

    Ours: contourpy finds the same crossings in the same time, but begins lines elsewhere, which moves outlines by 0.2 px.
    """
    padded = np.pad(field, 1).astype(np.float64)
    columns = padded.shape[1]
    inside = padded >= level
    case = inside[:-1, :-1] + 2 * inside[:-1, 1:] + 4 * inside[1:, 1:] + 8 * inside[1:, :-1]
    following: dict[int, int] = {}
    for number, steps in _STEPS.items():
        cell = np.flatnonzero(case == number)
        corner = (cell // (columns - 1)) * columns + cell % (columns - 1)
        # A side is named by its upper or left pixel, vertical ones after all horizontal ones.
        side = (corner, corner + 1 + padded.size, corner + columns, corner + padded.size)
        for enter, leave in steps:
            following.update(zip(side[enter].tolist(), side[leave].tolist(), strict=True))
    lines = []
    while following:
        start, here = following.popitem()
        sides = [start]
        while here != start:
            sides.append(here)
            here = following.pop(here)
        lines.append(_crossings(padded, np.array(sides), level) - 1)
    return lines


def _crossings(padded: NDArray[np.float64], sides: NDArray[np.int64], level: float) -> Points:
    vertical = sides >= padded.size
    first = sides - padded.size * vertical
    values = padded.ravel()
    before, after = values[first], values[first + np.where(vertical, padded.shape[1], 1)]
    part = (level - before) / (after - before)
    return np.stack([first % padded.shape[1] + part * ~vertical, first // padded.shape[1] + part * vertical], axis=1)


def polygon_area(points: Points) -> float:
    """Area of the closed polygon `points` (n, 2), (x, y), in the square of their unit, by the shoelace formula.

    >>> polygon_area(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 3.0], [0.0, 3.0]]))
    6.0
    """
    x, y = points.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def cavity_outline(
    probability: NDArray[np.float32], level: float, points: int = 96, probe: Points | None = None
) -> Points | None:
    """The largest cavity of `probability` (rows, columns) as evenly spaced points (points, 2), (x, y) px of the map.

    Values and `level` have the same unit: probabilities or logits. The points run from one end of the mitral annulus (smaller
    x) over the apex to the other, so that the closing edge is the annulus line. None where nothing larger than 0.4 % of the map
    is marked.

    In apical views the annulus lies away from `probe` (2,), (x, y) px of the map; an outline without a side there is None, too.
    """
    line = max(closed_lines(probability, level), key=polygon_area, default=None)
    if line is None or polygon_area(line) < 0.004 * probability.size:
        return None
    line = _evenly(np.vstack([line, line[:1]]), 4 * points)[:-1]
    found = _annulus_ends(line, probe)
    if found is None:
        return None
    ends = sorted(found, key=lambda index: line[index, 0])
    forward = np.roll(line, -ends[0], axis=0)[: (ends[1] - ends[0]) % len(line) + 1]
    backward = np.roll(line[::-1], -(len(line) - 1 - ends[0]), axis=0)[: (ends[0] - ends[1]) % len(line) + 1]
    return _evenly(max(forward, backward, key=_length), points)


def _annulus_ends(line: Points, probe: Points | None) -> tuple[int, int] | None:
    """Indices of the two basal corners of a bullet-shaped outline, at any rotation.

    The base is the flattest of the four sides that the principal axes face: a bullet may be wider than long. With a `probe`
    only sides away from it are asked, and the side that the beam itself faces; without one of them there is no base.
    """
    middle = line.mean(axis=0)
    centred = line - middle
    axes = list(np.linalg.svd(centred, full_matrices=False)[2])
    if probe is None:
        sides = [_corners(centred, sign * axis) for axis in axes for sign in (1, -1)]
        return min(sides, key=lambda ends: _bulge(centred, *ends))
    beam = middle - probe
    beam = beam / np.linalg.norm(beam)
    outward = [axis if axis @ beam > 0 else -axis for axis in axes]
    sides = [_corners(centred, axis) for axis in [beam, *(axis for axis in outward if axis @ beam > _LEAST_AWAY)]]
    away = [ends for ends in sides if _points_away(centred, ends, beam)]
    return min(away, key=lambda ends: _bulge(centred, *ends), default=None)


def _points_away(centred: Points, ends: tuple[int, int], beam: Points) -> bool:
    """Whether the apex, the farthest point from the side between `ends`, lies on the probe's side of it."""
    base = (centred[ends[0]] + centred[ends[1]]) / 2
    axis = base - centred[np.argmax(np.linalg.norm(centred - base, axis=1))]
    return bool(axis @ beam > _LEAST_AWAY * np.linalg.norm(axis))


def _corners(centred: Points, axis: Points) -> tuple[int, int]:
    """The corners of the side that `axis` points to: the farthest points along both diagonals between axis and width.

    Diagonals find a corner even where the base is tilted or the wall curves in. The second time the axis runs from the apex.
    """
    for _ in range(2):
        side = np.array([-axis[1], axis[0]])
        one, other = int(np.argmax(centred @ (axis + side))), int(np.argmax(centred @ (axis - side)))
        base = (centred[one] + centred[other]) / 2
        apex = centred[np.argmax(np.linalg.norm(centred - base, axis=1))]
        axis = (base - apex) / np.linalg.norm(base - apex)
    return one, other


def _bulge(centred: Points, one: int, other: int) -> float:
    """How far the outline bends away from the chord between two of its points, as a share of the chord; inf for no chord."""
    first, last = sorted((one, other))
    pieces = centred[first : last + 1], np.vstack([centred[last:], centred[: first + 1]])
    side = min(pieces, key=_length)
    chord = side[-1] - side[0]
    length = float(np.linalg.norm(chord))
    away = (side - side[0]) @ np.array([-chord[1], chord[0]])
    return float(np.abs(away).max()) / length**2 if length > 0 else float("inf")


def _length(line: Points) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _evenly(line: Points, points: int) -> Points:
    """An open line resampled to `points` points at equal distances along it, both ends kept."""
    position = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    wanted = np.linspace(0, position[-1], points)
    return np.stack([np.interp(wanted, position, line[:, axis]) for axis in (0, 1)], axis=1)
