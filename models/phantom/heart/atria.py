"""The two atria as tables between their annulus and a roof, solved for their volumes; set beside the aorta and each other."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from models.phantom.heart.heart import Atrium
from models.phantom.heart.table import ATRIUM_GRID, Array, closed, smooth_step

_GRID = ATRIUM_GRID
_U, _PHI = _GRID.heights[:, None], _GRID.angle_rad[None, :]


@dataclass(frozen=True, eq=False)
class AtriumShape:
    """One atrium at one moment. `table` is float64 (2, heights, angles + 1): squared radius in mm2 and its slope per mm of z.

    `axis_x`, `axis_y` (heights,) are float64, mm: the middle of each cross-section. `annulus_z_mm` is the z of the annulus at
    the middle of the axis, the roof lies `length_mm` towards smaller z. Heights are sheared by `slope` mm per mm along
    `angle_rad`.
    """

    table: Tensor
    axis_x: Array
    axis_y: Array
    annulus_z_mm: float
    length_mm: float
    slope: float
    angle_rad: float


def ring_radii(outline: Array, centre: tuple[float, float], angles: int = _GRID.angles) -> Array:
    """float64 (angles,): radius in mm at even angles about `centre` of a closed `outline` (points, 2) that it looks out on."""
    x, y = outline[:, 0] - centre[0], outline[:, 1] - centre[1]
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    order = np.argsort(angle)
    even = np.arange(angles) * (2 * math.pi / angles)
    return np.asarray(np.interp(even, angle[order], radius[order], period=2 * math.pi))


def mitral_outline(base_radii: Array, root: tuple[float, float, float]) -> tuple[Array, tuple[float, float]]:
    """Outline (angles, 2) and middle of the mitral annulus, float64, mm: the ventricle's base without the aortic root's disc.

    `base_radii` (angles,) are even round the axis; `root` is x, y and outer radius of the disc in mm.
    """
    even = np.arange(len(base_radii)) * (2 * math.pi / len(base_radii))
    base = np.stack((base_radii * np.cos(even), base_radii * np.sin(even)), axis=1)
    distance = math.hypot(root[0], root[1])
    away = np.array([root[0], root[1]]) / distance
    behind = -float(np.min(base @ away))
    middle = (distance - root[2] - behind) / 2
    centre = (float(middle * away[0]), float(middle * away[1]))
    reach = ring_radii(base, centre)
    directions = np.stack((np.cos(_PHI[0]), np.sin(_PHI[0])), axis=1)
    to_root = np.array([root[0] - centre[0], root[1] - centre[1]])
    along = directions @ to_root
    square = root[2] ** 2 - (to_root @ to_root - along**2)
    hit = np.where((square > 0) & (along > 0), along - np.sqrt(np.maximum(square, 0)), np.inf)
    reach = gaussian_filter1d(np.minimum(reach, hit), 2.5, mode="wrap")
    return reach[:, None] * directions + np.array(centre), centre


def solve_atrium(
    atrium: Atrium,
    volume_ml: float,
    length_mm: float,
    ring: Array,
) -> Array:
    """Squared radii in mm2, float64 (heights, angles), that enclose `volume_ml`; at height 0 they are those of the `ring`.

    `ring` (angles,) are radii of the annulus in mm. The volume is a quadratic in the body's radius.
    """
    apical = np.clip((_U - atrium.widest_u) / (1 - atrium.widest_u), 0, None)
    tip = 1 - apical**atrium.roof_power
    lobes = 1 + sum(share * np.cos(order * _PHI - phase) for order, share, phase in atrium.lobes)
    body = smooth_step(_U / 0.42)
    near, far = ring[None, :] * (1 - body), lobes * body
    constant, linear, square = (float(_GRID.integral(tip * part / 2)) for part in (near * near, 2 * near * far, far * far))
    wanted = volume_ml * 1000 / length_mm
    scale = (-linear + math.sqrt(linear**2 - 4 * square * (constant - wanted))) / (2 * square)
    return np.asarray(tip * (near + scale * far) ** 2)


def atrium_table(squares: Array, length_mm: float) -> Tensor:
    """The channels of `AtriumShape.table`, float64, from `squares` (heights, angles) in mm2: (2, heights, angles + 1).

    mm2, and mm2 per mm.
    """
    slope = -np.gradient(squares, axis=0) * (_GRID.steps / length_mm)
    return closed(np.stack((squares, slope)))


def keep_apart(axis: Array, reach: Array, obstacle: Array, obstacle_reach: Array, gap_mm: float) -> Array:
    """`axis` (heights, 2) moved away from `obstacle` (heights, 2) in mm until cross-sections of the two are `gap_mm` apart.

    `reach` and `obstacle_reach` (heights, angles) are the radii of both in mm at even angles, float64; gives (heights, 2).
    Both are taken as discs as wide as they are towards one another, which is safe for what is nearly round.
    """
    for _ in range(4):
        between = axis - obstacle
        distance = np.hypot(between[:, 0], between[:, 1])
        direction = between / np.maximum(distance, 1e-6)[:, None]
        overlap = -_clearance(axis, reach, obstacle, obstacle_reach, direction) + gap_mm
        axis = axis + np.maximum(overlap, 0)[:, None] * direction
    return axis


def set_beside(home: Array, neighbour: tuple[Array, Array, Array, float], obstacle: tuple[Array, Array, float]) -> Array:
    """Middles (heights, 2) in mm, float64, next to a neighbour, turned about it until the obstacle is free.

    `home` (heights, 2) says on which side. `neighbour` is the reach of what is set (heights, angles), the neighbour's middles
    (heights, 2), its reach (heights, angles), and the gap; `obstacle` its middles, reach and gap.
    """
    reach, axis, other, gap_mm = neighbour
    middle, outer, free_mm = obstacle
    start = np.arctan2(*(home - axis).T[::-1])
    # Away from the obstacle: the sense in which its own direction is farther behind.
    sense = np.sign(np.sin(start - np.arctan2(*(middle - axis).T[::-1])))

    def turned(by_rad: Array) -> tuple[Array, Array]:
        angle = start + sense * by_rad
        direction = np.stack((np.cos(angle), np.sin(angle)), axis=1)
        nothing = np.zeros_like(axis)
        distance = gap_mm - _clearance(nothing, reach, nothing, other, direction)
        place = axis + distance[:, None] * direction
        away = place - middle
        away = away / np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)[:, None]
        return place, _clearance(place, reach, middle, outer, away) - free_mm

    low, high = np.zeros(len(axis)), np.full(len(axis), math.radians(75))
    free = turned(low)[1]
    high = np.where(free >= 0, low, high)
    for _ in range(11):
        half = (low + high) / 2
        free = turned(half)[1]
        low, high = np.where(free < 0, half, low), np.where(free < 0, high, half)
    return turned(high)[0]


def _clearance(axis: Array, reach: Array, obstacle: Array, obstacle_reach: Array, direction: Array) -> Array:
    """Gap in mm along `direction` between the two sections' supports, (heights,): negative where they overlap."""
    even = np.arange(reach.shape[1]) * (2 * math.pi / reach.shape[1])
    ring = np.stack((np.cos(even), np.sin(even)), axis=1)
    along = direction @ ring.T
    nearest = np.sum(axis * direction, axis=1) + (reach * along).min(axis=1)
    farthest = np.sum(obstacle * direction, axis=1) + (obstacle_reach * along).max(axis=1)
    return np.asarray(nearest - farthest)
