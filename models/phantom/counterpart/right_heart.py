"""The right ventricle wrapped around the left one, the right atrium, the vena cava and the pulmonary artery, at a moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from models.phantom.counterpart.left_heart import ANGLES, LeftVentricle, atrium, direction
from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.ring_stack import Grid, tube

_RINGS, _HALF = 15, 22
_LEVELS = np.sin(np.pi / 2 * np.linspace(0, 1, _RINGS)) ** 1.1
_FREE_WALL_MM = 3.6


@dataclass(frozen=True, eq=False)
class RightHeart:
    """Stacks float64 (rings, points, 3) in mm. `annulus` (2, 3) are its septal and its lateral end, `mouth` (3,) between.

    `body` is the cavity, `wall` its outside, `chamber` the atrium, `cava` the lower vein, `branch` that of the artery.
    `outflow` runs from the body of the ventricle to the pulmonary valve, `artery` on from there, `valve` (3,) between them.
    """

    body: Grid
    wall: Grid
    outflow: Grid
    artery: Grid
    branch: Grid
    valve: Grid
    chamber: Grid
    cava: Grid
    annulus: Grid
    mouth: Grid


def right_heart(
    heart: Heart, left: LeftVentricle, since_ms: float, rr_ms: float, stretch: float, breath: float, root_mm: Grid
) -> RightHeart:
    """The right heart `since_ms` after an R wave, its atrium filled to `stretch`, the lungs to `breath`, both 0 to 1.

    `root_mm`, float64 (3,), is the middle of the aortic root, which the outflow tract passes in front.
    """
    emptying = heart.rhythm.emptying(since_ms - 12.0, rr_ms)
    body, wall, septal, lateral = _body(heart, left, emptying)
    middle = (septal + lateral) / 2
    outflow, artery, branch, valve = _outflow(heart, left, root_mm, emptying)
    small, large = heart.ra_ml
    size = (large / 50) ** (1 / 3)
    la_size = (heart.la_ml[1] / 60) ** (1 / 3)
    # Beside the left atrium, whose septal wall it must not pass.
    edge = 22 * la_size - 9 * la_size + 4.5
    roof = (edge + 19 * size) * direction(np.radians(210)) + 9 * direction(np.radians(300)) - [0, 0, 37 * size]
    deep = (lateral - septal) / 2 * 0.94
    across = 0.85 * float(np.linalg.norm(deep)) * direction(np.radians(300))
    chamber = atrium(
        middle + 5 * direction(np.radians(300)) + [0, 0, 1.0],
        deep,
        across,
        roof,
        (19 * size, 18 * size),
        2.3,
        small + (large - small) * stretch,
    )
    cava = _cava(heart, chamber, breath)
    return RightHeart(body, wall, outflow, artery, branch, valve, chamber, cava, np.stack([septal, lateral]), middle)


def _body(heart: Heart, left: LeftVentricle, emptying: float) -> tuple[Grid, Grid, Grid, Grid]:
    """The ventricle without its outflow tract, the same with its free wall, and the ends of the tricuspid annulus."""
    share = np.linspace(0, 1, _HALF)
    first = np.radians(np.interp(_LEVELS, [0, 0.5, 1], [112, 128, 165]))
    last = np.radians(np.interp(_LEVELS, [0, 0.5, 1], [276, 266, 235]))
    angle = first[:, None] + (last - first)[:, None] * share
    length = heart.rv_length * left.length_mm
    start, descent_septal = 5.0, 0.55 * heart.tapse_mm * emptying
    # The lateral annulus travels as far as TAPSE says; the septal one goes with the left ventricle.
    descent = descent_septal + (heart.tapse_mm * emptying - descent_septal) * np.clip((angle - np.radians(120)) / 1.4, 0, 1)
    z = start + (length - start) * _LEVELS[:, None] + (1 - _LEVELS[:, None]) * descent * np.sin(np.pi * share) ** 0.5
    inner = _beside(left, angle, z)
    width = np.interp(_LEVELS, [0, 0.22, 0.5, 0.8, 1], [0.95, 1.0, 0.86, 0.58, 0.2]) * heart.rv_base_mm
    narrowing = 1 - 0.62 * heart.rv_emptying * emptying * np.interp(_LEVELS, [0, 0.4, 1], [0.55, 1.0, 1.0])
    bulge = (width * narrowing)[:, None] * np.sin(np.pi * np.clip(share, 0.02, 0.98)) ** 0.62
    outer = inner + bulge
    thick = _FREE_WALL_MM * (1.6 if heart.rv_base_mm > 45 else 1.0)
    body, wall = (
        _ring(angle, np.concatenate([inner + 0.6, reach[:, ::-1]], axis=1), z)
        for reach in (outer, outer + thick * (1 + 0.3 * emptying))
    )
    at = int(np.argmin(np.abs(angle[0] - np.radians(208))))
    septal = np.append((inner[0, at] + 0.6) * direction(float(angle[0, at]))[:2], z[0, at])
    lateral = np.append(outer[0, at] * direction(float(angle[0, at]))[:2], z[0, at])
    return body, wall, septal, lateral


def _ring(angle: NDArray[np.float64], radius: NDArray[np.float64], z: NDArray[np.float64]) -> Grid:
    there_and_back = np.concatenate([angle, angle[:, ::-1]], axis=1)
    height = np.concatenate([z, z[:, ::-1]], axis=1)
    return np.stack([radius * np.cos(there_and_back), radius * np.sin(there_and_back), height], axis=-1)


def _beside(left: LeftVentricle, angle: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance in mm from the z axis to the outside of the left ventricle at angles and heights of one shape."""
    rings = left.epi
    reach = np.hypot(rings[..., 0], rings[..., 1])
    height = rings[..., 2].mean(axis=1)
    turn = np.arctan2(rings[:-1, 0, 1], rings[:-1, 0, 0])
    levels = np.interp(z, height, np.arange(len(rings)))
    angles = (angle - np.interp(levels, np.arange(len(turn)), turn)) % (2 * np.pi)
    wrapped = np.concatenate([reach, reach[:, :1]], axis=1)
    read = RegularGridInterpolator((np.arange(len(rings)), np.append(ANGLES, 2 * np.pi)), wrapped)
    return np.asarray(read(np.stack([levels, angles], axis=-1)))


def _outflow(heart: Heart, left: LeftVentricle, root: Grid, emptying: float) -> tuple[Grid, Grid, Grid, Grid]:
    wide = heart.pa_mm / 2
    reach = heart.root_mm[1] / 2 + wide + 4.0
    z = float(left.descent_mm.mean())
    fore = direction(np.radians(125))
    bottom = (left.base_mm + 0.62 * heart.septum_mm + 14) * direction(np.radians(138)) + [0, 0, 15 + 0.5 * z]
    line = [
        bottom,
        root + reach * direction(np.radians(140)) + [0, 0, 9],
        root + reach * direction(np.radians(108)) + [0, 0, -4],
        root + 1.02 * reach * direction(np.radians(72)) + [0, 0, -15],
        root + 1.02 * reach * direction(np.radians(38)) + [0, 0, -28],
        root + 0.95 * reach * direction(np.radians(2)) + [0, 0, -38],
    ]
    squeeze = 1 - 0.22 * emptying
    radii = [1.2 * wide * squeeze, 1.25 * wide * squeeze, 1.1 * wide * squeeze, 0.95 * wide, wide, 0.95 * wide]
    stack = tube(line, radii, 21, 18)[0]
    end = stack[-1].mean(axis=0)
    branch = tube(
        [end, end + 12 * direction(np.radians(-75)) - [0, 0, 4], end + 34 * direction(np.radians(-100)) - [0, 0, 5] - 4 * fore],
        [0.7 * wide, 0.62 * wide, 0.55 * wide],
        5,
        14,
    )[0]
    return stack[:13], stack[12:], branch, stack[12].mean(axis=0)


def _cava(heart: Heart, chamber: Grid, breath: float) -> Grid:
    """The inferior vena cava: widest when breathed out, narrowest when breathed in."""
    diameter, collapse = heart.ivc_mm
    now = diameter * (1 - collapse * breath) / 2
    middle = chamber[8].mean(axis=0)
    down = np.array([-0.1, -0.93, 0.36])
    start = middle + 0.55 * float(np.ptp(chamber[8][:, 1])) / 2 * np.array([0, -1, 0])
    reach = [start, start + 14 * down, start + 40 * down, start + 85 * down + [0, 0, -6.0]]
    return tube(reach, [1.0 * now, now, now, 0.96 * now], 13, 16)[0]
