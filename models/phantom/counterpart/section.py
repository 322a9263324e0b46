"""Where a plane cuts surfaces: closed loops through stacks, pieces of line through sheets. Exact on their facets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.phantom.counterpart.ring_stack import Grid, capped


@dataclass(frozen=True, eq=False)
class Plane:
    """An imaging plane: `origin` (3,) in mm is where the beams meet; `forward`, `right`, `normal` (3,) are unit vectors.

    All are float64, in the heart's frame. Places in the plane are (lateral, axial) in mm from the origin.
    """

    origin: Grid
    forward: Grid
    right: Grid

    @property
    def normal(self) -> Grid:
        return np.asarray(np.cross(self.right, self.forward))

    def flat(self, places: Grid) -> NDArray[np.float64]:
        """Places float64 (..., 3) in mm of the heart's frame as (..., 2), (lateral, axial) in mm of the plane."""
        away = places - self.origin
        return np.stack([away @ self.right, away @ self.forward], axis=-1)

    def height(self, places: Grid) -> NDArray[np.float64]:
        """How far places float64 (..., 3) in mm lie from the plane, (...,) in mm, signed."""
        return np.asarray((places - self.origin) @ self.normal)


@dataclass(frozen=True, eq=False)
class Loop:
    """One closed line in a plane: `points` float64 (points, 2), (lateral, axial) in mm; `ring` (points,), the share of a ring.

    Ring 0 is the first of the surface; points with a negative one lie on its cap, which is an opening, not a wall.
    """

    points: NDArray[np.float64]
    ring: NDArray[np.float64]
    rings: int

    @property
    def area_mm2(self) -> float:
        x, y = self.points.T
        return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)

    @property
    def on_cap(self) -> NDArray[np.bool_]:
        """(points,), bool, true where the point lies on a cap."""
        return (self.ring < -1e-9) | (self.ring > self.rings - 1 + 1e-9)

    def opened(self) -> NDArray[np.float64]:
        """From one end of the opening to the other, float64 (points, 2) in mm; a loop without opening begins anywhere.

        The first point is the left one of the two ends. An opening is one over the first ring.
        """
        cap = self.ring < -1e-9
        if not cap.any() or cap.all():
            return self.points
        starts = np.flatnonzero(cap & ~np.roll(cap, -1)).tolist()
        longest = max(starts, key=lambda start: _run(cap, start + 1))
        line = np.roll(self.points, -(longest + 1), axis=0)[: _run(cap, longest + 1)]
        return line if line[0, 0] <= line[-1, 0] else line[::-1]


def _run(cap: NDArray[np.bool_], start: int) -> int:
    """How many points from `start` on do not lie on the cap."""
    rolled = np.roll(cap, -start)
    return int(np.argmax(rolled)) if rolled.any() else len(cap)


def loops(stack: Grid, plane: Plane) -> list[Loop]:
    """All closed lines in which `plane` cuts the surface of `stack`, float64 (rings, points, 3) in mm; the largest first."""
    closed = capped(stack)
    height = plane.height(closed)
    above = height > 0
    if above.all() or not above.any():
        return []
    rings = len(height)
    around = above != np.roll(above, -1, axis=1)  # edges along rings
    upward = above[:-1] != above[1:]  # edges from ring to ring
    flat = plane.flat(closed)
    places, ring = _crossings(flat, height, around, upward)
    number = {
        edge: index
        for index, edge in enumerate(np.concatenate([np.flatnonzero(around), around.size + np.flatnonzero(upward)]).tolist())
    }
    partner = _partners(around, upward)
    found = []
    while partner:
        start = next(iter(partner))
        walk, here = [start], partner[start].pop()
        while here != start:
            walk.append(here)
            ways = partner[here]
            ways.remove(walk[-2])
            here = ways.pop()
        for edge in walk:
            partner.pop(edge, None)
        index = [number[edge] for edge in walk]
        found.append(Loop(places[index], ring[index], rings - 2))
    return sorted(found, key=lambda loop: -loop.area_mm2)


def _crossings(
    flat: Grid, height: NDArray[np.float64], around: NDArray[np.bool_], upward: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    i, j = np.nonzero(around)
    k = (j + 1) % height.shape[1]
    share = (height[i, j] / (height[i, j] - height[i, k]))[:, None]
    along = flat[i, j] * (1 - share) + flat[i, k] * share
    u, v = np.nonzero(upward)
    rise = (height[u, v] / (height[u, v] - height[u + 1, v]))[:, None]
    between = flat[u, v] * (1 - rise) + flat[u + 1, v] * rise
    return np.concatenate([along, between]), np.concatenate([i - 1.0, u - 1.0 + rise[:, 0]])


def _partners(around: NDArray[np.bool_], upward: NDArray[np.bool_]) -> dict[int, list[int]]:
    """For every crossed edge the two that a line through its two cells leads to."""
    rows, points = upward.shape
    cell = np.arange(rows * points).reshape(rows, points)
    edges = np.stack([cell, cell + points, around.size + cell, around.size + np.roll(cell, -1, axis=1)], axis=-1)
    crossed = np.stack([around[:-1], around[1:], upward, np.roll(upward, -1, axis=1)], axis=-1)
    count = crossed.sum(axis=-1)
    pairs = edges[count == 2][crossed[count == 2]].reshape(-1, 2).tolist()
    # Of a saddle each two neighbouring sides belong together; which two leaves the facets' volume to within one cell.
    for lower, upper, left, right in edges[count == 4].tolist():
        pairs += [(lower, left), (upper, right)]
    partner: dict[int, list[int]] = {}
    for one, other in pairs:
        partner.setdefault(one, []).append(other)
        partner.setdefault(other, []).append(one)
    return partner


def pieces(sheet: Grid, plane: Plane) -> NDArray[np.float64]:
    """Where `plane` cuts the open sheet, float64 (rows, columns, 3) in mm: pieces of line (pieces, 2, 2) in mm, float64."""
    height = plane.height(sheet)
    above = height > 0
    if above.all() or not above.any():
        return np.empty((0, 2, 2))
    flat = plane.flat(sheet)
    corners = np.stack([height[:-1, :-1], height[:-1, 1:], height[1:, 1:], height[1:, :-1]], axis=-1).reshape(-1, 4)
    place = np.stack([flat[:-1, :-1], flat[:-1, 1:], flat[1:, 1:], flat[1:, :-1]], axis=-2).reshape(-1, 4, 2)
    after = np.roll(corners, -1, axis=1)
    crossed = (corners > 0) != (after > 0)
    keep = crossed.sum(axis=1) == 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (corners / (corners - after))[..., None]
        points = place * (1 - share) + np.roll(place, -1, axis=1) * share
    return np.asarray(points[keep][crossed[keep]].reshape(-1, 2, 2))


def evenly(line: NDArray[np.float64], points: int, closed: bool = False) -> NDArray[np.float64]:
    """The line as float64 (points, 2) at equal distances along it; its ends are kept unless it is closed.

    `line` is float64 (vertices, 2) in any unit.
    """
    whole = np.concatenate([line, line[:1]]) if closed else line
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(whole, axis=0).T))])
    wanted = np.linspace(0, at[-1], points + closed)[: points or None]
    return np.stack([np.interp(wanted, at, whole[:, axis]) for axis in (0, 1)], axis=1)
