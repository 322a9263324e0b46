"""A crude heart for tests of pictures: ellipses for four chambers as an apical view shows them, beating a little."""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor

from models.phantom.image.grid import Grid


class Kind(IntEnum):
    LUNG = 0
    CHEST_WALL = 1
    PERICARDIUM = 2
    LV_WALL = 3
    LV_CAVITY = 4
    RV_WALL = 5
    RV_CAVITY = 6
    LA = 7
    LA_WALL = 8
    RA = 9
    RA_WALL = 10
    MITRAL_LEAFLET = 11


class Vectors(NamedTuple):
    x: Tensor
    y: Tensor
    z: Tensor


@dataclass(frozen=True)
class Shells:
    kind: Tensor
    normal: Vectors
    edge_mm: Tensor
    material: Vectors


KINDS = {kind.name: int(kind) for kind in Kind}


def beam_of(grid: Grid) -> Vectors:
    sine, cosine = torch.sin(grid.angle_rad).expand(grid.shape), torch.cos(grid.angle_rad).expand(grid.shape)
    return Vectors(sine, torch.zeros(grid.shape), cosine)


def everywhere(grid: Grid, kind: Kind, shift_mm: float = 0.0) -> Shells:
    """One kind of tissue without a boundary, moved down by `shift_mm` since end-diastole."""
    lateral, axial = grid.places_mm()
    nowhere = torch.full(grid.shape, 99.0)
    normal = Vectors(*(torch.full(grid.shape, float(axis == 2)) for axis in range(3)))
    kinds = torch.full(grid.shape, int(kind), dtype=torch.int8)
    return Shells(kinds, normal, nowhere, Vectors(lateral, torch.zeros(grid.shape), axial - shift_mm))


def _ellipse(
    lateral: Tensor, axial: Tensor, centre: tuple[float, float], half: tuple[float, float]
) -> tuple[Tensor, Tensor, Tensor]:
    """First-order distance to an ellipse's border in mm, negative inside, and its normal."""
    x, z = (lateral - centre[0]) / half[0], (axial - centre[1]) / half[1]
    reach = torch.sqrt(x * x + z * z).clamp_min(1e-3)
    along, across = x / half[0], z / half[1]
    slope = torch.sqrt(along * along + across * across).clamp_min(1e-6)
    return (reach - 1) * reach / slope, along / slope, across / slope


def four_chambers(grid: Grid, contraction: float = 0.0, top_mm: float = 12.0) -> Shells:
    """Chambers below a chest wall of `top_mm`; `contraction` 0 to 1 narrows and shortens the left ventricle."""
    lateral, axial = grid.places_mm()
    axial_from = grid.depth_mm[0] + top_mm
    inner = (22 * (1 - 0.3 * contraction), 42 * (1 - 0.12 * contraction))
    middle = (6.0, float(axial_from) + 10 + 42 - 4 * contraction)
    parts = [
        (Kind.RV_WALL, Kind.RV_CAVITY, (-30.0, middle[1] + 8), (15.0, 34.0), 4.0),
        (Kind.LV_WALL, Kind.LV_CAVITY, middle, inner, 10.0 + 3 * contraction),
        (Kind.LA_WALL, Kind.LA, (10.0, middle[1] + inner[1] + 20), (20.0, 22.0), 2.5),
        (Kind.RA_WALL, Kind.RA, (-26.0, middle[1] + inner[1] + 18), (18.0, 20.0), 2.5),
    ]
    kind = torch.full(grid.shape, int(Kind.LUNG), dtype=torch.int8)
    kind[(axial - axial_from < 0)] = int(Kind.CHEST_WALL)
    edge, nx, nz = torch.full(grid.shape, 99.0), torch.zeros(grid.shape), torch.ones(grid.shape)
    for wall, cavity, centre, half, thick in parts:
        distance, along, across = _ellipse(lateral, axial, centre, half)
        for where, value in (
            ((distance < thick + 2) & (distance >= thick), Kind.PERICARDIUM),
            ((distance < thick) & (distance >= 0), wall),
            (distance < 0, cavity),
        ):
            kind[where] = int(value)
        near = torch.minimum(distance.abs(), (distance - thick).abs())
        closer = near < edge
        edge, nx, nz = torch.where(closer, near, edge), torch.where(closer, along, nx), torch.where(closer, across, nz)
    base = middle[1] + 0.97 * inner[1]
    leaflet = ((axial - base).abs() < 1.2) & ((lateral - middle[0]).abs() < 15)
    kind[leaflet] = int(Kind.MITRAL_LEAFLET)
    material = Vectors(lateral / (1 - 0.2 * contraction), torch.zeros(grid.shape), axial + 6 * contraction)
    return Shells(kind, Vectors(nx, torch.zeros(grid.shape), nz), edge, material)


def arc_mm(grid: Grid, row: int) -> float:
    """Distance in mm between neighbouring lines at a row."""
    return float(grid.depth_mm[row]) * math.radians(grid.angle_step_deg)
