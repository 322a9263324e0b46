"""What each point of the witness's heart is."""

import math
from collections.abc import Callable

import numpy as np

from models.phantom.witness.heart import Field, State

TISSUES = ("outside", "lv", "lv_wall", "rv", "rv_wall", "la", "ra", "atrial_wall", "aorta", "aortic_wall", "muscle_inside")


def tissue_at(state: State, points: Field) -> tuple[Field, Field, Field]:
    """What lies at `points`, float64 (3, ...) in mm: int64 indices into `TISSUES`, of the shape of one coordinate, any shape.

    Beside it the height, 0 at the annulus and 1 at the apex, and the share of the radius, both float64 of the same shape.
    """
    heart = state.heart
    x, y, z = points
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    height = z / state.length_mm
    inner, outer = state.inner_mm(height, angle), state.outer_mm(z, angle)
    above = z > 0
    what = np.zeros(radius.shape, dtype=np.int64)

    reach = np.abs((angle - math.pi + math.pi) % (2 * math.pi) - math.pi)
    crescent = np.cos(np.clip(reach / 1.35, 0, 1) * math.pi / 2) ** 0.7
    taper = np.sqrt(np.clip(1 - (height / 0.88) ** 2, 0, 1))
    rv = outer + heart.rv_width_mm * (1 - 0.25 * state.contraction) * crescent * taper
    what[above & (radius < rv + 4) & (crescent * taper > 0.02)] = TISSUES.index("rv_wall")
    what[above & (radius < rv)] = TISSUES.index("rv")

    for name, atrium in (("la", left_atrium(state)), ("ra", _right_atrium(state))):
        inside = atrium(points)
        what[~above & (inside < 1.12) & (what != TISSUES.index("la"))] = TISSUES.index("atrial_wall")
        what[~above & (inside < 1.0)] = TISSUES.index(name)
    off, along = _root(state, points)
    what[(along > 0) & (off < heart.root_mm / 2 + 2.0)] = TISSUES.index("aortic_wall")
    what[(along > 0) & (off < heart.root_mm / 2)] = TISSUES.index("aorta")

    what[(z > -2) & (radius < outer) & (z < state.length_mm + heart.apex_wall_mm)] = TISSUES.index("lv_wall")
    cavity = above & (height < 1) & (radius < inner)
    what[cavity] = TISSUES.index("lv")
    share = radius / np.maximum(inner, 1e-6)
    what[cavity & _muscle_inside(state, height, angle, share)] = TISSUES.index("muscle_inside")
    what[(z > -2.5) & (z <= 0) & _leaflet(state, radius, angle)] = TISSUES.index("atrial_wall")
    return what, height, np.asarray(np.where(radius > inner, 1 + (radius - inner) / 20, share))


def _muscle_inside(state: State, height: Field, angle: Field, share: Field) -> Field:
    """Ridges that end at uneven depths, and two papillary muscles. They belong to the cavity."""
    depth = state.heart.trabecula_share * np.clip(height, 0, 1) ** 1.5
    ridges = 0.5 + 0.5 * np.sin(9 * angle + 23 * height) * np.sin(31 * height - 4 * angle + state.heart.seed % 7)
    trabeculae = share > 1 - depth * ridges
    papillary = np.zeros_like(trabeculae)
    for centre in (math.radians(-35), math.radians(235)):
        aside = np.abs((angle - centre + math.pi) % (2 * math.pi) - math.pi)
        body = 1 - ((height - 0.55) / 0.2) ** 2 - (aside / 0.34) ** 2 - ((share - 1) / 0.4) ** 2
        papillary |= body > 0
    return np.asarray(trabeculae | papillary)


def _leaflet(state: State, radius: Field, angle: Field) -> Field:
    closed = state.contraction > 0.03
    ring = state.inner_mm(np.zeros_like(angle), angle)
    return np.asarray((radius < ring) & ((radius > 0.75 * ring) | closed))


def left_atrium(state: State) -> Callable[[Field], Field]:
    """A function of places, float64 (3, ...) in mm, that gives (...) float64: below 1 inside."""
    wide, long = state.heart.la_mm
    return _ellipsoid(state, 0.12 * wide, wide, long)


def _right_atrium(state: State) -> Callable[[Field], Field]:
    wide, long = state.heart.ra_mm
    return _ellipsoid(state, -(0.38 * state.heart.la_mm[0] + 0.5 * wide + 2), wide, long)


def _ellipsoid(state: State, centre_x: float, wide_mm: float, long_mm: float) -> Callable[[Field], Field]:
    """An atrium fills while its ventricle empties."""
    filled = 0.86 + 0.14 * state.contraction

    def inside(points: Field) -> Field:
        x, y, z = points
        half = wide_mm / 2 * filled
        middle, tall = -0.46 * long_mm * filled, 0.5 * long_mm * filled
        return np.asarray(((x - centre_x) / half) ** 2 + (y / (0.95 * half)) ** 2 + (np.abs((z - middle) / tall)) ** 2.5)

    return inside


def _root(state: State, points: Field) -> tuple[Field, Field]:
    """Distance in mm from the aorta's axis, bulging at the sinuses, and the way along it from the annulus."""
    angle = math.radians(122)
    start = (0.62 * state.radius_mm + 0.32 * state.heart.root_mm) * np.array([math.cos(angle), math.sin(angle), 0.0])
    axis = np.array([0.25 * math.cos(angle), 0.25 * math.sin(angle), -1.0])
    axis /= np.linalg.norm(axis)
    gap = points - start.reshape((3,) + (1,) * (points.ndim - 1))
    along = np.tensordot(axis, gap, axes=1)
    off = np.sqrt(np.maximum((gap**2).sum(axis=0) - along**2, 0))
    bulge = 0.86 + 0.14 * np.exp(-(((along - 13) / 7) ** 2))
    return np.asarray(off / bulge), np.asarray(along)
