"""Where the probe is held, and which part of its plane the picture shows."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.phantom.heart import Points
from models.phantom.rendered import SectorShape

Vector = NDArray[np.float64]
Place = tuple[float, float, float]
Span = tuple[float, float]


@dataclass(frozen=True)
class Placement:
    """A picture's plane in the heart frame, mm: `origin` is that of the beams, `forward` and `right` are unit vectors.

    `forward` is the central beam and `right` the image's right. `face_mm` is how far the probe's face lies from the origin; in
    a zoomed picture the sector begins deeper. `foreshortening_deg` is the angle between the plane and the ventricle's long
    axis. `chambers_mm` is where in the plane chambers lie at end-diastole, lateral and axial from and to.
    """

    origin: Place
    forward: Place
    right: Place
    sector: SectorShape
    face_mm: float
    foreshortening_deg: float = 0.0
    chambers_mm: tuple[Span, Span] = ((-110.0, 110.0), (0.0, 230.0))

    @property
    def is_zoomed(self) -> bool:
        return self.sector.near_mm > self.face_mm

    def points(self, lateral_mm: Tensor, axial_mm: Tensor) -> Points:
        """Positions in the heart frame, mm.

        `lateral_mm` and `axial_mm` have one shape, any shape, and any float dtype; so have the positions.
        """
        parts = (o + f * axial_mm + r * lateral_mm for o, f, r in zip(self.origin, self.forward, self.right, strict=True))
        return Points(*parts)

    def polar_points(self, samples: int, lines: int) -> tuple[Points, Points]:
        """Positions of the sector's samples, (samples, lines) in mm, and the beams' directions, (1, lines) unit vectors.

        All are float32. The first and last sample lie at the sector's near and far end, the first and last line at its sides.
        """
        depth = torch.linspace(self.sector.near_mm, self.sector.far_mm, samples).reshape(-1, 1)
        angle = torch.linspace(-self.sector.half_angle_rad, self.sector.half_angle_rad, lines).reshape(1, -1)
        lateral, axial = torch.sin(angle), torch.cos(angle)
        beams = Points(*(f * axial + r * lateral for f, r in zip(self.forward, self.right, strict=True)))
        return self.points(depth * lateral, depth * axial), beams

    def in_plane(self, place: Place) -> Vector:
        """Foot of the perpendicular from `place`, mm of the heart frame: (2,) float64, (lateral, axial) in mm."""
        gap = np.subtract(place, self.origin)
        return np.array([gap @ np.array(self.right), gap @ np.array(self.forward)])

    def distance_mm(self, place: Place) -> float:
        """How far `place`, mm of the heart frame, lies from the plane."""
        normal = np.cross(self.right, self.forward)
        return abs(float(np.subtract(place, self.origin) @ normal))

    def shows(self, places_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of `places_mm` (..., 2), (lateral, axial) in mm, lie in the sector: bool (...), true inside."""
        radius = np.hypot(places_mm[..., 0], places_mm[..., 1])
        angle = np.arctan2(places_mm[..., 0], places_mm[..., 1])
        within = (radius >= self.sector.near_mm) & (radius <= self.sector.far_mm)
        return np.asarray(within & (np.abs(angle) <= self.sector.half_angle_rad))


def unit(vector: Vector) -> Vector:
    """`vector` (3,) of length 1: (3,) float64, no unit."""
    return np.asarray(vector / math.sqrt(float(vector @ vector)))


def turned(vector: Vector, axis: Vector, angle_rad: float) -> Vector:
    """`vector` (3,) turned about the unit vector `axis` (3,) by the right hand (Rodrigues): (3,) float64, in its own unit."""
    cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
    return np.asarray(vector * cosine + np.cross(axis, vector) * sine + axis * float(axis @ vector) * (1 - cosine))


def place_of(vector: Vector) -> Place:
    """`vector` (3,), any unit, as a tuple."""
    return float(vector[0]), float(vector[1]), float(vector[2])
