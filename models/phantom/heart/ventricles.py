"""Both ventricles as tables about the left one's axis, solved for their volumes at every moment."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter
from torch import Tensor

from models.phantom.heart.heart import Heart
from models.phantom.heart.table import VENTRICLE_GRID, Array, closed, smooth_step

OUTFLOW_RAD = math.radians(150)
_GRID = VENTRICLE_GRID
_U, _PHI = _GRID.heights[:, None], _GRID.angle_rad[None, :]


@dataclass(frozen=True, eq=False)
class AtRest:
    """The left ventricle at end-diastole, float64. Tables are (heights, angles): squared radii in mm2, mm, or shares.

    `inner`, `outer` are squared radii of both surfaces, `moves` how much each place contracts against the mean, `trabeculae`
    the share of the radius that trabeculae take.
    """

    length_mm: float
    inner: Array
    outer: Array
    moves: Array
    trabeculae: Array


@dataclass(frozen=True, eq=False)
class VentricleShape:
    """Both ventricles at one moment. `table` is float64 (channels, heights, angles + 1), the channels as in `CHANNELS`, mm2.

    `rv_width_mm` is how far the right ventricle reaches from the septum where it is widest; `rv_apex_z_mm` where it ends.
    """

    table: Tensor
    length_mm: float
    rv_width_mm: float
    rv_apex_z_mm: float

    def radii_at(self, channel: str, u: float) -> Array:
        """Squared radii of one of `CHANNELS` at height `u`: (angles,), float64, their unit is mm2."""
        rows = self.table[CHANNELS.index(channel), :, :-1].numpy()
        place = min(max((u - _GRID.low) * _GRID.steps, 0.0), len(rows) - 1.001)
        low = int(place)
        return np.asarray(rows[low] * (1 - place + low) + rows[low + 1] * (place - low))


CHANNELS = ("inner", "inner_slope", "outer", "outer_slope", "trabeculae", "inner_ed", "rv", "rv_slope", "rv_wall")


@dataclass(frozen=True)
class TricuspidPlane:
    """The plane between right atrium and ventricle: z is `hinge_z_mm` at `hinge_mm` from the axis, growing by `slope`."""

    hinge_z_mm: float
    hinge_mm: float
    slope: float
    angle_rad: float


@lru_cache(maxsize=64)
def at_rest(heart: Heart) -> AtRest:
    lv = heart.lv
    tip, width = _profile(heart, _U)
    unit = tip * width**2
    radius = (lv.edv_ml * 1000 / (2 * lv.long_to_short * float(_GRID.integral(unit / 2)))) ** (1 / 3)
    length = 2 * lv.long_to_short * radius
    tip_out, width_out = _profile(heart, _U * length / (length + lv.apex_mm))
    outer = tip_out * (width_out * radius + _thickness_mm(heart)) ** 2
    inner = unit * radius**2
    return AtRest(length, inner, outer, _contraction_share(heart), _trabeculae(heart, inner, radius))


def _profile(heart: Heart, u: Array) -> tuple[Array, Array]:
    """What closes the apex (negative beyond it) and the radius without it, both relative to the widest."""
    lv = heart.lv
    apical = np.clip((u - lv.widest_u) / (1 - lv.widest_u), 0, None)
    basal = np.clip((lv.widest_u - u) / lv.widest_u, 0, 1)
    tip = 1 - apical**lv.apex_power
    width = np.sqrt(1 - (1 - lv.annulus_share**2) * basal**lv.base_power) * (1 - lv.cone * np.clip(apical, 0, 1.2) ** 2)
    lobes = 1 + sum(share * np.cos(order * _PHI - phase) for order, share, phase in lv.lobes)
    lobes = lobes + sum(
        share * np.cos(order * _PHI - phase) * np.cos(math.pi * waves * u + phase) for order, waves, share, phase in lv.ripples
    )
    towards = np.clip(np.cos(_PHI - OUTFLOW_RAD), 0, 1) ** 4
    outflow = 1 + (lv.outflow_share / lv.annulus_share - 1) * towards * np.exp(-((np.clip(u, 0, None) / 0.24) ** 2))
    return tip, width * lobes * outflow


def _thickness_mm(heart: Heart) -> Array:
    lv = heart.lv
    mean = (lv.septum_mm + lv.lateral_mm + lv.anterior_mm + lv.inferior_mm) / 4
    across, up = (lv.lateral_mm - lv.septum_mm) / 2, (lv.anterior_mm - lv.inferior_mm) / 2
    second = (lv.lateral_mm + lv.septum_mm - lv.anterior_mm - lv.inferior_mm) / 4
    wall = mean + across * np.cos(_PHI) + up * np.sin(_PHI) + second * np.cos(2 * _PHI)
    towards = np.clip(np.cos(_PHI - math.radians(165)), 0, 1) ** 3
    wall = wall + lv.septal_bulge_mm * towards * np.exp(-(((_U - 0.16) / 0.12) ** 2))
    # It thins out towards the fibrous ring.
    wall = wall * (0.5 + 0.5 * smooth_step((_U + 0.02) / 0.16))
    apical = smooth_step((_U - 0.6) / 0.4)
    return np.asarray(wall * (1 - apical) + np.minimum(wall, 1.3 * lv.apex_mm) * apical)


def _contraction_share(heart: Heart) -> Array:
    """1 where the wall moves as the mean does; a segment that stands still is 0."""
    lv = heart.lv
    # The fibrous ring at the base narrows by a third of what the middle does.
    share = 0.42 + 0.60 * smooth_step(_U / 0.42) + 0 * _PHI
    # Beside the aortic root it hardly moves at all.
    outflow = np.clip(np.cos(_PHI - OUTFLOW_RAD), 0, 1) ** 2 * (1 - smooth_step(_U / 0.3))
    share = share * (1 - 0.75 * outflow)
    about = np.exp(-((np.angle(np.exp(1j * (_PHI - lv.segment_rad))) / math.radians(48)) ** 2))
    # Near the apex a segment reaches round the axis.
    about = about + (1 - about) * smooth_step((_U - 0.8) / 0.25)
    segment = about * np.exp(-(((_U - lv.segment_u) / 0.24) ** 2))
    return np.asarray(share * (1 - lv.akinesis * segment))


def _trabeculae(heart: Heart, inner: Array, radius: float) -> Array:
    """Ridges along the ventricle, irregular, growing slowly from nothing at the base, fewer on the septum."""
    lv = heart.lv
    rng = np.random.default_rng([heart.seed, 0x7AB])
    wide, narrow = (
        gaussian_filter(rng.normal(size=inner.shape), sigma, mode=("nearest", "wrap")) for sigma in ((14, 4.0), (6, 1.5))
    )
    field = 0.6 * wide / wide.std() + 0.7 * narrow / narrow.std()
    ridge = np.clip(0.45 + 0.42 * field, 0, 1.3)
    septal = 0.5 * (1 + np.cos(_PHI - math.radians(155)))
    height = (
        lv.trabeculae_mm * ridge * smooth_step((_U - 0.12) / 0.5) * (1 - 0.7 * septal * (1 - smooth_step((_U - 0.5) / 0.4)))
    )
    share = height / np.sqrt(np.maximum(inner, (0.3 * radius) ** 2))
    return np.asarray(0.34 * np.tanh(share / 0.34))


def length_at(heart: Heart, volume_ml: float) -> float:
    """mm from annulus to apex at this volume."""
    share = (heart.edv_ml - volume_ml) / (heart.edv_ml - heart.esv_ml)
    return at_rest(heart).length_mm * (1 - heart.lv.shortening * share)


def solve_ventricles(heart: Heart, lv_ml: float, rv_ml: float, rv_contraction: float, plane: TricuspidPlane) -> VentricleShape:
    """The shape that encloses exactly these volumes: the left by a quadratic, the right by a monotone search."""
    rest, length = at_rest(heart), length_at(heart, lv_ml)
    inner = rest.inner * (1 - _radial_contraction(rest, lv_ml, length) * rest.moves) ** 2
    # The wall is incompressible: what lies between two heights and two angles keeps its volume.
    outer = inner + (rest.outer - rest.inner) * (rest.length_mm / length)
    ratio = np.sqrt(rest.inner / np.where(np.abs(inner) > 1e-9, inner, 1) * (np.abs(inner) > 1e-9) + (np.abs(inner) <= 1e-9))
    trabeculae = inner * (1 - np.minimum(rest.trabeculae * np.sqrt(ratio), 0.5)) ** 2
    apex_z = -(1 - heart.rv.apex_share) * rest.length_mm
    width, rv = _solve_right(heart, rv_ml, length, outer, apex_z, plane)
    # The free wall ends where the cavity does.
    reach = np.sqrt(np.maximum(rv, 0)) - np.sqrt(np.maximum(outer, 0))
    wall = heart.rv.wall_mm * (1 + 0.35 * rv_contraction) * np.clip(1 + reach / (0.2 * width), 0, 1)
    # Beyond the left apex there is nothing to reach from.
    rv = np.where(outer > 0, rv, outer)
    rv_wall = np.where(outer > 0, (np.sqrt(np.maximum(rv, 0)) + wall) ** 2, outer)
    per_mm = _GRID.steps / length
    slopes = [np.gradient(values, axis=0) * per_mm for values in (inner, outer, rv)]
    channels = np.stack((inner, slopes[0], outer, slopes[1], trabeculae, rest.inner, rv, slopes[2], rv_wall))
    return VentricleShape(closed(channels), length, width, apex_z)


def _radial_contraction(rest: AtRest, volume_ml: float, length: float) -> float:
    """k in radius = radius at rest * (1 - k * moves): the volume is a quadratic in k."""
    constant, linear, square = (float(_GRID.integral(rest.inner / 2 * rest.moves**power)) for power in (0, 1, 2))
    return (linear - math.sqrt(linear**2 - square * (constant - volume_ml * 1000 / length))) / square


def _rv_form(heart: Heart, length: float, apex_z: float, plane: TricuspidPlane) -> Array:
    """The right ventricle's reach from the septum relative to the largest: below zero where it is absent."""
    rv = heart.rv
    z = (_U - 1) * length
    v = (z - plane.hinge_z_mm) / (apex_z - plane.hinge_z_mm)
    apical = np.clip(v, 0, None) ** rv.apex_power
    basal = rv.base_narrowing * np.clip(1 - np.maximum(v, 0) / 0.3, 0, 1) ** 2
    offset = np.angle(np.exp(1j * (_PHI - rv.angle_rad))) / rv.span_rad
    return np.asarray(np.maximum(1 - np.abs(offset) ** 2.3 - apical - basal, -0.6))


def right_volume_ml(near: Array, far: Array, length: float, plane: TricuspidPlane) -> float:
    """Volume between radii `near` and `far` (heights, angles) in mm, float64, on the apex's side of the tricuspid plane."""
    # How far outwards each ray goes on before the plane cuts it.
    away = plane.slope * np.cos(_PHI - plane.angle_rad)
    away = np.where(np.abs(away) < 1e-9, 1e-9, away)
    cut = ((_U - 1) * length - plane.hinge_z_mm + plane.slope * plane.hinge_mm) / away
    low = np.where(away > 0, near, np.maximum(near, cut))
    high = np.where(away > 0, np.minimum(far, cut), far)
    return float(_GRID.integral(np.where(high > low, high**2 - low**2, 0) / 2)) * length / 1000


def resting_right_ml(heart: Heart, width_mm: float) -> float:
    """The right ventricle's end-diastolic volume if it reaches `width_mm` from the septum."""
    rest = at_rest(heart)
    plane = TricuspidPlane(-rest.length_mm + heart.rv.septal_offset_mm, 0.0, 0.0, heart.rv.angle_rad)
    near = np.sqrt(np.maximum(rest.outer, 0))
    form = _rv_form(heart, rest.length_mm, -(1 - heart.rv.apex_share) * rest.length_mm, plane)
    return right_volume_ml(near, np.maximum(near + width_mm * form, near), rest.length_mm, plane)


def _solve_right(
    heart: Heart, volume_ml: float, length: float, outer: Array, apex_z: float, plane: TricuspidPlane
) -> tuple[float, Array]:
    form = _rv_form(heart, length, apex_z, plane)
    near = np.sqrt(np.maximum(outer, 0))

    def volume(width: float) -> float:
        return right_volume_ml(near, np.maximum(near + width * form, near), length, plane)

    width, step = 30.0, 1.0
    value = volume(width) - volume_ml
    for _ in range(12):
        slope = (volume(width + step) - volume_ml - value) / step
        width -= value / slope
        value = volume(width) - volume_ml
        if abs(value) < 1e-6 * volume_ml:
            break
    return width, np.maximum(near + width * form, 0) ** 2
