"""From geometry to echo strength: how brightly each point of the heart and its surroundings scatters."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from models.phantom.anatomy import HeartState
from models.phantom.structures import (
    PAPILLARY_RAD,
    Points,
    Ventricle,
    aorta,
    capsule,
    leaflets,
    left_atrium,
    left_ventricle,
    right_atrium,
    right_ventricle,
)

_AORTIC_VALVE_MM = 6.0


@dataclass(frozen=True)
class EchoLevels:
    """Scatter strength in dB (0 = brightest display level). `dropout_db` is lost where a wall runs along the beam."""

    blood: float = -60.0
    myocardium: float = -21.0
    atrial_wall: float = -22.0
    valve: float = -14.0
    fibrous: float = -12.0
    pericardium: float = -16.0
    fat: float = -30.0
    surroundings: float = -40.0
    dropout_db: float = 8.0


@dataclass(frozen=True)
class EchoMap:
    """What `paint` gives for points of any shape: `level_db` float32 and `is_blood` bool, both of that shape.

    0 dB is the brightest display level. `ventricle` is the geometry that was used to paint it.
    """

    level_db: Tensor
    is_blood: Tensor
    ventricle: Ventricle


def paint(state: HeartState, points: Points, beam: Points, texture_db: Tensor, levels: EchoLevels) -> EchoMap:
    """Echo level of every point. `beam` are unit vectors, the direction of the sound.

    `texture_db` is a slow random variation of tissue in dB, float32, of the shape of the points' coordinates: (depth, beams).
    """
    lv = left_ventricle(state, points)
    rv, rv_annulus_z = right_ventricle(state, points)
    la = left_atrium(state, points)
    ra = right_atrium(state, points, rv_annulus_z)
    ao, ao_along = aorta(state, points)
    base_z = state.base_z_mm
    above, above_rv = points.z > base_z, points.z > rv_annulus_z

    ao = torch.where(ao_along > -1, ao, torch.full_like(ao, 99.0))
    ao_wall = ao < 2.2
    ao_lumen = (ao < 0) & ~above
    la_cavity = (la < 0) & ~above & ~ao_wall
    ra_cavity = (ra < 0) & ~above_rv & ~ao_wall & (la > 2.5)
    lv_wall = (lv.epicardium < 0) & (points.z > base_z - 2)
    rv_cavity = (rv < 0) & above_rv & ~(lv.epicardium < 0) & ~(ao_wall & ~above)
    lv_cavity = lv.cavity

    level = levels.surroundings + 3.0 * texture_db
    heart_edge = torch.minimum(torch.minimum(lv.epicardium, rv - 4), torch.minimum(la - 2, ra - 2))
    level = torch.where(heart_edge < 7, levels.fat + 2.0 * texture_db, level)
    level = torch.where((heart_edge > 0.5) & (heart_edge < 2.2), levels.pericardium + 2.5 * texture_db, level)
    level = torch.where(((la < 2.0) & ~above) | ((ra < 2.0) & ~above_rv), levels.atrial_wall + texture_db, level)
    level = torch.where((rv < 4) & above_rv, levels.myocardium + 2 + texture_db, level)
    level = torch.where(ao_wall & ~above, levels.atrial_wall + 2 + texture_db, level)
    along_wall = 1 - (lv.normal.x * beam.x + lv.normal.y * beam.y + lv.normal.z * beam.z).abs().clamp(0, 1)
    myocardium = levels.myocardium - levels.dropout_db * along_wall * torch.sqrt(along_wall) + texture_db
    level = torch.where(lv_wall, myocardium, level)

    blood = lv_cavity | rv_cavity | la_cavity | ra_cavity | ao_lumen
    level = torch.where(blood, torch.full_like(level, levels.blood), level)
    level = _paint_valves(state, points, rv_annulus_z, ao, ao_along, level, texture_db, levels)
    for papillary in _papillary_distances(state, points):
        level = torch.where((papillary < 0) & lv_cavity, levels.myocardium + texture_db, level)
    return EchoMap(level, blood & (level < levels.blood + 1), lv)


def _paint_valves(
    state: HeartState,
    points: Points,
    rv_annulus_z: float,
    ao: Tensor,
    ao_along: Tensor,
    level: Tensor,
    texture_db: Tensor,
    levels: EchoLevels,
) -> Tensor:
    heart = state.heart
    ring = heart.annulus_share * state.radius_mm + 0.5
    mitral = leaflets(points, (0.0, 0.0), ring, state.base_z_mm, state.mitral_opening)
    # The wall's inner edge at the annulus carries the fibrous ring; the leaflets start there.
    rv_ring = 0.46 * (heart.rv_width_mm * (1 - 0.28 * state.contraction) + 14)
    rv_offset = heart.annulus_share * (heart.radius_ed_mm + heart.septum_mm) + rv_ring
    rv_centre = (rv_offset * math.cos(heart.rv_angle_rad), rv_offset * math.sin(heart.rv_angle_rad))
    tricuspid = leaflets(points, rv_centre, rv_ring, rv_annulus_z, 0.9 * state.mitral_opening)
    level = torch.where(_is_ring(points, (0.0, 0.0), ring + 1.5, state.base_z_mm, 2.6), levels.fibrous, level)
    level = torch.where(_is_ring(points, rv_centre, rv_ring + 1.0, rv_annulus_z, 2.0), levels.fibrous - 2, level)
    level = torch.where(mitral < 0.9, levels.valve + texture_db, level)
    level = torch.where(tricuspid < 0.8, levels.valve - 2 + texture_db, level)
    cusp = (ao < 0) & ((ao_along - _AORTIC_VALVE_MM - 0.35 * (ao + heart.aorta_radius_mm)).abs() < 0.9)
    retracted = ao > -heart.aorta_radius_mm * (1 - 0.85 * state.aortic_opening)
    return torch.where(cusp & retracted, levels.valve - 1, level)


def _is_ring(points: Points, centre: tuple[float, float], radius: float, plane_z: float, thickness: float) -> Tensor:
    x, y, z = points.x - centre[0], points.y - centre[1], points.z - plane_z
    inward = torch.sqrt(x * x + y * y + 1e-6) - radius
    return inward * inward + z * z < thickness * thickness


def _papillary_distances(state: HeartState, points: Points) -> list[Tensor]:
    """Two muscles on the inferolateral and inferomedial wall; by convention they belong to the cavity's volume."""
    length, radius = state.length_mm, state.radius_mm
    thickness = 3.6 * state.heart.posterior_wall_mm / 10 + 0.8
    distances = []
    for angle in PAPILLARY_RAD:
        c, s = math.cos(angle), math.sin(angle)
        low = (0.90 * radius * c, 0.90 * radius * s, -0.40 * length)
        tip = (0.70 * radius * c, 0.70 * radius * s, -0.60 * length)
        distances.append(capsule(points, low, tip) - thickness)
    return distances
