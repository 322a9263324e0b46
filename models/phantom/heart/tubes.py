"""Round things along a bent line: vessels, papillary muscles, chordae. Also the straight root of the aorta."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.phantom.heart.heart import Vessels
from models.phantom.heart.kinds import Points
from models.phantom.heart.table import Array

_SMALL = 1e-6


@dataclass(frozen=True, eq=False)
class Tube:
    """A line of `nodes` (nodes, 3) in mm with a radius in mm at each, `radii` (nodes,), both float64; linear between them."""

    nodes: Array
    radii: Array

    def bounds(self, margin_mm: float) -> tuple[Array, Array]:
        """The corners of a box round it, (3,) each, float64, mm."""
        reach = self.radii[:, None] + margin_mm
        return (self.nodes - reach).min(axis=0), (self.nodes + reach).max(axis=0)


def tube(nodes: list[tuple[float, ...]] | Array, radii: list[float] | Array) -> Tube:
    """A tube of float64 `nodes` (nodes, 3) and `radii` (nodes,), both mm: of the same shapes."""
    return Tube(np.asarray(nodes, np.float64), np.asarray(radii, np.float64))


def tube_distance(line: Tube, points: Points) -> tuple[Tensor, Points, Tensor]:
    """Signed distance in mm of points of any shape, any float dtype, the unit vector away from the line, and the place
    along it counted in nodes. All have the points' shape.
    """
    best = torch.full_like(points.x, math.inf)
    normal, place = Points(torch.zeros_like(best), torch.zeros_like(best), torch.ones_like(best)), torch.zeros_like(best)
    for index in range(len(line.nodes) - 1):
        start, axis = line.nodes[index], line.nodes[index + 1] - line.nodes[index]
        x, y, z = points.x - float(start[0]), points.y - float(start[1]), points.z - float(start[2])
        a, b, c = (float(v) / max(float(axis @ axis), _SMALL) for v in axis)
        share = (x * a + y * b + z * c).clamp(0, 1)
        x, y, z = x - share * float(axis[0]), y - share * float(axis[1]), z - share * float(axis[2])
        length = torch.sqrt(x * x + y * y + z * z + _SMALL)
        near, far = float(line.radii[index]), float(line.radii[index + 1])
        distance = length - (near + (far - near) * share)
        closer = distance < best
        best = torch.where(closer, distance, best)
        place = torch.where(closer, share + index, place)
        normal = Points(*(torch.where(closer, new / length, old) for new, old in zip((x, y, z), normal, strict=True)))
    return best, normal, place


@dataclass(frozen=True, eq=False)
class Root:
    """The straight part of the aorta from the outflow tract on: it starts at `start` (3,) and runs along `direction` (3,).

    `side` and `up` (3,) complete the frame; `side` lies in the plane of a parasternal long axis, anterior. All float64, mm.
    `radii` (places,) are inner ones every `_STEP_MM` along it, `lobe_mm` (places,) the sinuses' threefold bulge.
    """

    start: Array
    direction: Array
    side: Array
    up: Array
    radii: Array
    lobe_mm: Array

    def at(self, along_mm: float, side_mm: float = 0.0) -> Array:
        """float64 (3,): the place in mm `along_mm` from the start and `side_mm` off the axis."""
        return self.start + along_mm * self.direction + side_mm * self.side

    def radius_at(self, along_mm: float) -> float:
        return float(np.interp(along_mm / _STEP_MM, np.arange(len(self.radii)), self.radii))


_STEP_MM = 0.5
ROOT_MM = 80.0
ANNULUS_MM = 6.0  # the valve's hinges lie this far from where the outflow tract starts


def stations_mm(vessels: Vessels) -> tuple[float, float, float]:
    """How far along the root the sinuses are widest, the sinotubular junction narrowest, and the ascending aorta measured."""
    return ANNULUS_MM + 0.85 * vessels.sinus_mm, ANNULUS_MM + 1.75 * vessels.sinus_mm, ANNULUS_MM + 3.1 * vessels.sinus_mm


def root_radii(vessels: Vessels) -> tuple[Array, Array]:
    """Inner radius and the sinuses' threefold bulge in mm, float64 (places,) each: level where each is measured."""
    sinus, junction, ascending = stations_mm(vessels)
    knots = [0.0, 3.0, ANNULUS_MM, sinus, junction, ascending, ROOT_MM + 10]
    radii = [
        vessels.lvot_mm, vessels.lvot_mm, vessels.annulus_mm, vessels.sinus_mm, vessels.junction_mm, vessels.ascending_mm,
        vessels.ascending_mm,
    ]  # fmt: skip
    along = np.arange(round((ROOT_MM + 10) / _STEP_MM) + 1) * _STEP_MM
    index = np.clip(np.searchsorted(knots, along, side="right") - 1, 0, len(knots) - 2)
    low, high = np.asarray(knots)[index], np.asarray(knots)[index + 1]
    share = 0.5 - 0.5 * np.cos(math.pi * np.clip((along - low) / (high - low), 0, 1))
    radius = np.asarray(radii)[index] * (1 - share) + np.asarray(radii)[index + 1] * share
    bulge = np.sin(math.pi * np.clip((along - ANNULUS_MM) / (junction - ANNULUS_MM), 0, 1)) ** 2
    return radius, 0.07 * vessels.sinus_mm * bulge


def root_distance(root: Root, points: Points) -> tuple[Tensor, Points, Tensor, Tensor, Tensor]:
    """Signed distance in mm to the lumen, its unit normal, the place along the root in mm, and distance from the axis in mm and
    angle in rad about it (0 anterior). All have the shape of the points: any shape, any float dtype.
    """
    shifted = [p - float(s) for p, s in zip(points, root.start, strict=True)]
    along, side, up = (
        shifted[0] * float(v[0]) + shifted[1] * float(v[1]) + shifted[2] * float(v[2])
        for v in (root.direction, root.side, root.up)
    )
    across = torch.sqrt(side * side + up * up + _SMALL)
    place = (along / _STEP_MM).clamp(0, len(root.radii) - 2)
    index = place.floor()
    share, index = place - index, index.long()
    table = torch.stack((torch.from_numpy(root.radii), torch.from_numpy(root.lobe_mm))).to(points.x)
    radius, lobe = table[:, index] * (1 - share) + table[:, index + 1] * share
    cosine, sine = side / across, up / across
    lobes = cosine * (4 * cosine * cosine - 3)  # cos 3a
    distance = across - radius - lobe * lobes
    normal = Points(*(cosine * float(s) + sine * float(u) for s, u in zip(root.side, root.up, strict=True)))
    return distance, normal, along, across, torch.atan2(up, side)
