"""Point scatterers: scattered once over a plane, then carried along by the tissue they lie in."""

import numpy as np
from numpy.typing import NDArray

from models.phantom.counterpart.body import Body
from models.phantom.counterpart.section import Plane
from models.phantom.rendered import SectorShape

_NODES = 26  # of the field of motion, along each side
_REACH_MM = 7.0  # how far tissue follows a surface
_NEAR_PLANE_MM = 7.0
_BESIDE_MM = 12.0
_MOST = 420  # places whose motion is known
_MOVING = ("lv", "lv_epi", "rv", "rv_wall", "la", "ra", "rvot", "aorta", "pa")


def _anchors(body: Body) -> NDArray[np.float64]:
    stacks = [body.chambers[name].reshape(-1, 3) for name in _MOVING]
    sheets = [sheet.reshape(-1, 3) for name, sheet in body.sheets.items() if not name.startswith("chord")]
    return np.concatenate(stacks + sheets)


class MotionField:
    """How every place of a plane has moved since end-diastole, from what the surfaces near it do."""

    def __init__(self, body: Body, plane: Plane, sector: SectorShape, rng: np.random.Generator) -> None:
        self._plane = plane
        start = _anchors(body)
        near = np.flatnonzero(np.abs(plane.height(start)) < _NEAR_PLANE_MM)
        self._chosen = near if len(near) <= _MOST else np.sort(rng.choice(near, _MOST, replace=False))
        self._start = start[self._chosen]
        wide = sector.far_mm * np.sin(sector.half_angle_rad) + _BESIDE_MM
        self._low = np.array([-wide, 0.0])
        self._step = np.array([2 * wide, sector.far_mm]) / (_NODES - 1)
        grid = self._low + np.stack(np.meshgrid(*[np.arange(_NODES)] * 2, indexing="ij"), axis=-1).reshape(-1, 2) * self._step
        flat = plane.flat(self._start)
        distance = np.square(grid[:, None] - flat[None]).sum(axis=-1)
        weight = np.exp(-distance / (2 * _REACH_MM**2))
        self._weights = weight / (weight.sum(axis=1, keepdims=True) + 0.3)

    def nodes(self, body: Body) -> NDArray[np.float64]:
        """The way in mm of each node, (nodes, nodes, 3): lateral, axial, out of the plane; float64."""
        moved = _anchors(body)[self._chosen]
        way = np.concatenate(
            [self._plane.flat(moved) - self._plane.flat(self._start), (moved - self._start) @ self._plane.normal[:, None]],
            axis=1,
        )
        return np.asarray((self._weights @ way).reshape(_NODES, _NODES, 3))

    def share(self, places: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Between which nodes `places`, float64 (places, 2) in mm, lie.

        Answers the index of the first one, int64 (places,), and the share of all four, float32 (places, 4), 0 to 1.
        """
        at = np.clip((places - self._low) / self._step, 0, _NODES - 1.001)
        cell = at.astype(np.int64)
        x, y = (at - cell).T
        weights = np.stack([(1 - x) * (1 - y), (1 - x) * y, x * (1 - y), x * y], axis=1)
        return cell[:, 0] * _NODES + cell[:, 1], weights.astype(np.float32)


class Scatterers:
    """The scatterers of one clip: where they lie at end-diastole, how strong they are, how they turn out of the plane."""

    def __init__(
        self,
        field: MotionField,
        sector: SectorShape,
        shape: tuple[int, int],
        grain: float,
        density: float,
        rng: np.random.Generator,
    ) -> None:
        samples, lines = shape
        # Some lie beside the sector: they come into it when tissue moves along the probe's face.
        spare = _BESIDE_MM / 25
        radius = rng.uniform(
            sector.near_mm - 3, sector.far_mm + 3, int(samples * lines * density * (1 + spare / sector.half_angle_rad))
        )
        angle = rng.uniform(-1, 1, len(radius)) * (sector.half_angle_rad + spare)
        kept = np.abs(angle) < sector.half_angle_rad + _BESIDE_MM / np.maximum(radius, 25)
        radius, angle = radius[kept], angle[kept]
        count = len(radius)
        self.start = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1).astype(np.float32)
        self._cell, self._weights = field.share(self.start.astype(np.float64))
        # Few strong and many weak ones where grain is small; the mean power is 1 whatever it is.
        self.strength = np.sqrt(rng.gamma(grain, 1 / grain, count)).astype(np.float32)
        self._depth = rng.uniform(0, 2 * np.pi, count).astype(np.float32)
        self._slice_mm = 5.0

    def moved(self, nodes: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Places (scatterers, 2) in mm and strengths (scatterers,) after the motion of the nodes, (nodes, nodes, 3) in mm.

        What leaves the slice gives way to others, so its echo waxes and wanes. Results are float32, the nodes float64.
        """
        flat = nodes.reshape(-1, 3).astype(np.float32)
        w = self._weights
        way = flat[self._cell] * w[:, :1]
        for number, offset in enumerate((1, _NODES, _NODES + 1), start=1):
            way += flat[self._cell + offset] * w[:, number : number + 1]
        turn = np.cos(self._depth + way[:, 2] * np.float32(np.pi / self._slice_mm))
        return self.start + way[:, :2], self.strength * turn * np.float32(np.sqrt(2))
