"""Borders by root finding on the implicit surfaces. The tissue is asked for few times, for many places at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.phantom.heart import HeartState, Kind
from models.phantom.planes.placement import Placement
from models.phantom.planes.section import anatomy_at, members

Kinds = tuple[Kind, ...]
Array = NDArray[np.float64]
_STEP_MM = 0.75
_PARTS = 21


@dataclass(frozen=True, eq=False)
class Ray:
    """From `start` (2,) along the unit vector `direction` (2,), (lateral, axial) in mm, float64, until it leaves `kinds`.

    It begins in them and leaves for the first time; where `last`, it may begin outside, and leaves for the last. It runs
    `reach_mm` at most.
    """

    start: Array
    direction: Array
    kinds: Kinds
    reach_mm: float = 70.0
    last: bool = False


def ray_ends(state: HeartState, placement: Placement, rays: Sequence[Ray]) -> Array:
    """Where each ray leaves its kinds: float64 (rays, 2), (lateral, axial) in mm, NaN where it does not."""
    starts, directions = np.stack([ray.start for ray in rays]), np.stack([ray.direction for ray in rays])
    tables = torch.stack([members(ray.kinds) for ray in rays])
    reach = np.array([ray.reach_mm for ray in rays])
    steps = np.broadcast_to(np.arange(0.0, reach.max(), _STEP_MM), (len(rays), int(np.ceil(reach.max() / _STEP_MM))))
    within, _ = _inside(state, placement, starts[:, None] + steps[..., None] * directions[:, None], tables)
    leaves: NDArray[np.bool_] = np.logical_and(within[:, :-1] & ~within[:, 1:], steps[:, 1:] <= reach[:, None])
    late = np.array([ray.last for ray in rays])
    index = np.where(late, leaves.shape[1] - 1 - leaves[:, ::-1].argmax(axis=1), leaves.argmax(axis=1))
    found = leaves.any(axis=1) & (within[:, 0] | late)
    near = steps[np.arange(len(rays)), index]
    exact = settled(state, placement, starts + (near + _STEP_MM / 2)[:, None] * directions, directions, tables, 0.55 * _STEP_MM)
    return np.where(found[:, None], exact, np.nan)


def settled(
    state: HeartState, placement: Placement, places_mm: Array, normals: Array, tables: Tensor, reach_mm: float
) -> Array:
    """`places_mm` (points, 2) moved along `normals` onto the next border of their sets: float64 (points, 2), mm.

    `normals` (points, 2) are unit vectors out of the set; `tables` (points, kinds) bool is true of the set's kinds. A place
    without a border within `reach_mm` stays.
    """
    parts = reach_mm * np.linspace(-1, 1, _PARTS)
    at = places_mm[:, None] + parts[:, None] * normals[:, None]
    within, edge = _inside(state, placement, at, tables)
    leaves = np.logical_and(within[:, :-1], ~within[:, 1:])
    found = np.asarray(leaves.any(axis=1))
    middle = np.abs(parts[:-1] + parts[1:])
    best = np.where(leaves, middle, np.inf).argmin(axis=1)
    rows = np.arange(len(places_mm))
    # Next to a border its distance is linear.
    before, after = edge[rows, best], edge[rows, best + 1]
    share = before / np.maximum(before + after, 1e-9)
    moved = places_mm + (parts[best] + share * (parts[best + 1] - parts[best]))[:, None] * normals
    return np.where(found[:, None], moved, places_mm)


def _inside(state: HeartState, placement: Placement, at_mm: Array, tables: Tensor) -> tuple[NDArray[np.bool_], Array]:
    """Of places (rows, columns, 2) in mm: true where in the row's set, and mm to the next border; (rows, columns) both."""
    lateral, axial = (torch.from_numpy(at_mm[..., axis].astype(np.float32)) for axis in (0, 1))
    anatomy = anatomy_at(state, placement.points(lateral, axial))
    within = torch.gather(tables, 1, anatomy.kind.long()).numpy()
    return within, anatomy.edge_mm.numpy().astype(np.float64)
