"""Where the witness's probe sits for A4C, A2C and PLAX."""

import math
from dataclasses import dataclass

import numpy as np

from models.catalogue import View
from models.phantom.rendered import SectorShape
from models.phantom.witness.heart import Field, Heart, state_at

PLANES = {"a4ch-full": View.A4C, "a2ch-full": View.A2C, "plax-full-lv": View.PLAX}
_TURN_DEG = {View.A4C: 0.0, View.A2C: 68.0, View.PLAX: 122.0}


@dataclass(frozen=True, eq=False)
class Plane:
    """Where the probe is: `origin` of the beams in mm, unit vectors `forward` of the central beam and `right` of the image's
    right, all float64 (3,).
    """

    view: View
    origin: Field
    forward: Field
    right: Field
    sector: SectorShape

    def points(self, lateral_mm: Field, axial_mm: Field) -> Field:
        """Places in the heart's frame in mm, float64 (3, ...), of places in the plane, in mm.

        `lateral_mm` and `axial_mm` are float64 of one shape, any shape.
        """
        shape = (3,) + (1,) * np.ndim(lateral_mm)
        return self.origin.reshape(shape) + self.forward.reshape(shape) * axial_mm + self.right.reshape(shape) * lateral_mm

    def seen(self, points: Field) -> Field:
        """(lateral, axial) in mm, float64 (n, 2), of the nearest places in the plane to `points` (n, 3) in mm."""
        return np.stack(((points - self.origin) @ self.right, (points - self.origin) @ self.forward), axis=1)


def place(heart: Heart, view: View, random: np.random.Generator) -> Plane:
    """A probe position for `view`: tilted, turned and shifted as in everyday scanning."""
    u = random.uniform
    angle = math.radians(_TURN_DEG[view] + random.normal(0, 4))
    side = np.array([math.cos(angle), math.sin(angle), 0.0])
    near = u(4, 15)
    half = math.radians(u(34, 46))
    if view is View.PLAX:
        outer = state_at(heart, 0).radius_mm + heart.septum_mm + 0.6 * heart.rv_width_mm + u(14, 24)
        forward = -side + np.array([0.0, 0.0, u(-0.15, 0.1)])
        origin = side * (outer + near) + np.array([0.0, 0.0, heart.length_ed_mm * u(0.05, 0.25)])
        right = np.array([0.0, 0.0, -1.0])
        depth = outer + state_at(heart, 0).radius_mm + heart.posterior_wall_mm + u(15, 40)
    else:
        standoff = heart.apex_wall_mm + u(8, 20)
        across = np.array([-math.sin(angle), math.cos(angle), 0.0])
        forward = np.array([0.0, 0.0, -1.0]) + math.tan(math.radians(u(-9, 9))) * side + u(-0.03, 0.03) * across
        middle = np.array([0.0, 0.0, 0.5 * heart.length_ed_mm])
        forward /= np.linalg.norm(forward)
        origin = middle - forward * (0.5 * heart.length_ed_mm + standoff + near) + across * u(-1.5, 1.5)
        right = side
        depth = standoff + heart.length_ed_mm + u(0.6, 1.1) * heart.la_mm[1]
    forward = forward / np.linalg.norm(forward)
    right = right - forward * float(right @ forward)
    return Plane(view, origin, forward, right / np.linalg.norm(right), SectorShape(half, near, near + depth))
