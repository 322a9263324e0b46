"""The heart's parts as implicit functions, evaluated on any set of points (torch, any dtype).

Each distance is signed and first-order (negative inside), in mm: exact at the surface, good near it. Images, masks and contours
all come from the same zero sets.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from models.phantom.anatomy import Heart, HeartState

AORTA_RAD = math.radians(146)
LA_RAD = math.radians(318)
RA_RAD = math.radians(206)
PAPILLARY_RAD = (math.radians(342), math.radians(236))
_SMALL = 1e-6
_FAR_MM = 99.0


class Points(NamedTuple):
    """Positions in the heart frame: `x`, `y`, `z` in mm, all of one shape, any float dtype.

    The origin is the apex of the ventricle's cavity; the base lies at negative z, on the ventricle's long axis.
    """

    x: Tensor
    y: Tensor
    z: Tensor


@dataclass(frozen=True)
class Ventricle:
    """The left ventricle at given points; every tensor has their shape, which is any shape, and any float dtype.

    `u` is the height, 0 at the annulus and 1 at the apex. `axis_x`, `axis_y` and `axis_distance` are mm from the (bent) axis.
    `endocardium` and `epicardium` are signed distances in mm; the first ignores the annulus plane: the cavity is where it is
    negative and u > 0. `radius` and `outer_radius` are those of the two surfaces in mm where the cross-section is widest.
    `normal` is the unit vector of the endocardial level set.
    """

    u: Tensor
    axis_x: Tensor
    axis_y: Tensor
    axis_distance: Tensor
    endocardium: Tensor
    epicardium: Tensor
    radius: Tensor
    outer_radius: Tensor
    normal: Points

    @property
    def cavity(self) -> Tensor:
        """Bool, of the points' own shape: true where a point lies in the cavity. Any shape."""
        return (self.endocardium < 0) & (self.u > 0)


def _profile(u: Tensor, heart: Heart) -> tuple[Tensor, Tensor]:
    """s(u)^2 of the cross-section and its derivative; s^2 goes on below zero beyond the apex."""
    span = torch.where(u > heart.widest_u, 1 - heart.widest_u, heart.base_span_u).to(u.dtype)
    offset = (u - heart.widest_u) / span
    return 1 - offset * offset, -2 * offset / span


def _lobes(cosine: Tensor, sine: Tensor, heart: Heart) -> Tensor:
    """m(angle) = 1 + lobe2 cos 2(angle - p2) + lobe3 cos 3(angle - p3), by multiple-angle identities."""
    cos2, sin2 = cosine * cosine - sine * sine, 2 * cosine * sine
    cos3, sin3 = cos2 * cosine - sin2 * sine, sin2 * cosine + cos2 * sine
    second = cos2 * math.cos(2 * heart.lobe2_rad) + sin2 * math.sin(2 * heart.lobe2_rad)
    third = cos3 * math.cos(3 * heart.lobe3_rad) + sin3 * math.sin(3 * heart.lobe3_rad)
    return 1 + heart.lobe2 * second + heart.lobe3 * third


def wall_thickness_ed_mm(cosine: Tensor, sine: Tensor, heart: Heart) -> Tensor:
    """End-diastolic wall thickness in mm by angle: septum opposite to the posterolateral wall.

    `cosine` and `sine` of the angle, -1 to 1, have one shape and any float dtype, and so has what is given: the same shape.
    """
    mean, half = (heart.septum_mm + heart.posterior_wall_mm) / 2, (heart.septum_mm - heart.posterior_wall_mm) / 2
    septal = cosine * math.cos(heart.rv_angle_rad) + sine * math.sin(heart.rv_angle_rad)
    return mean + half * septal


def in_endocardium(state: HeartState, points: Points) -> Tensor:
    """`left_ventricle(state, points).endocardium < 0` without all the rest: bool, of the shape of the points, which are mm."""
    u, _, _, distance, _, _, lobes = _about_axis(state, points)
    ratio = distance / (state.radius_mm * lobes)
    return ratio * ratio < _profile(u, state.heart)[0]


def _about_axis(state: HeartState, points: Points) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """u, x, y, distance, cosine and sine about the bent axis, and the lobes there."""
    heart, length = state.heart, state.length_mm
    u = (points.z + length) / length
    inside_u = u.clamp(0, 1)
    bend = heart.bend_mm * 4 * inside_u * (1 - inside_u)
    x, y = points.x - bend * math.cos(heart.bend_rad), points.y - bend * math.sin(heart.bend_rad)
    distance = torch.sqrt(x * x + y * y + _SMALL)
    cosine, sine = x / distance, y / distance
    return u, x, y, distance, cosine, sine, _lobes(cosine, sine, heart)


def left_ventricle(state: HeartState, points: Points) -> Ventricle:
    """Endocardium and epicardium. The wall is incompressible: its cross-sectional area grows as the ventricle shortens."""
    heart, length = state.heart, state.length_mm
    u, x, y, distance, cosine, sine, lobes = _about_axis(state, points)
    radius = state.radius_mm * lobes
    square, slope = _profile(u, heart)
    endocardium, radial, axial = _distance(distance, radius, square, slope / length)

    radius_ed = heart.radius_ed_mm * lobes
    thickness = wall_thickness_ed_mm(cosine, sine, heart)
    wall_area = thickness * (2 * radius_ed + thickness) * (heart.length_ed_mm / length)
    outer = torch.sqrt(radius * radius + wall_area)
    outer_length = length + heart.apex_wall_mm
    outer_square, outer_slope = _profile((points.z + length) / outer_length, heart)
    epicardium, _, _ = _distance(distance, outer, outer_square, outer_slope / outer_length)
    normal = Points(radial * cosine, radial * sine, axial)
    return Ventricle(u, x, y, distance, endocardium, epicardium, radius, outer, normal)


def _distance(distance: Tensor, radius: Tensor, square: Tensor, slope: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """First-order signed distance to distance = radius * s, and the unit normal's radial and axial part."""
    ratio = distance / radius
    radial, axial = 2 * ratio / radius, -slope
    norm = torch.sqrt(radial * radial + axial * axial + _SMALL)
    return (ratio * ratio - square) / norm, radial / norm, axial / norm


def right_ventricle(state: HeartState, points: Points) -> tuple[Tensor, float]:
    """Signed distance in mm to the right ventricle's outer boundary, and the z of its annulus plane in mm.

    The caller cuts the septum out. The distance has the shape of the points' coordinates, any shape, and any float dtype.
    """
    heart = state.heart
    cosine, sine = math.cos(heart.rv_angle_rad), math.sin(heart.rv_angle_rad)
    out, across = points.x * cosine + points.y * sine, points.y * cosine - points.x * sine
    annulus_z = state.base_z_mm * 0.97 + 3.0
    apex_z = -(1 - heart.rv_apex_share) * heart.length_ed_mm
    u = (points.z - annulus_z) / (apex_z - annulus_z)
    offset = torch.where(u > 0.1, (u - 0.1) / 0.9, (u - 0.1) / 0.35)
    profile = torch.sqrt((1 - offset * offset).clamp_min(_SMALL))
    mean_outer = 0.5 * (heart.septum_mm + heart.posterior_wall_mm) + heart.radius_ed_mm
    septum = mean_outer * torch.sqrt(
        _profile(((points.z - state.base_z_mm) / state.length_mm).clamp(0, 1), heart)[0].clamp_min(0)
    )
    width = heart.rv_width_mm * (1 - 0.28 * state.contraction)
    half = 0.5 * (septum + width * profile)
    breadth = mean_outer * profile
    ratio = torch.sqrt(((out - half) / half.clamp_min(1)) ** 2 + (across / breadth.clamp_min(1)) ** 2 + _SMALL)
    distance = (ratio - 1) * torch.minimum(half, breadth)
    return torch.where(offset.abs() < 0.98, distance, torch.full_like(distance, _FAR_MM)), annulus_z


def atrium(points: Points, centre: tuple[float, float], half: tuple[float, float], roof_z: float, floor_z: float) -> Tensor:
    """Signed distance in mm to a rounded box between a fixed roof and the annulus plane `floor_z`, which pulls it long in
    systole.

    It has the shape of the points' coordinates, any shape, and any float dtype.
    """
    half_length = (floor_z - roof_z) / 1.72
    x = (points.x - centre[0]) / half[0]
    y = (points.y - centre[1]) / half[1]
    z = (points.z - (roof_z + half_length)) / half_length
    x, y, z = x * x, y * y, z * z
    ratio = torch.sqrt(0.55 * (x + y + z) + 0.45 * torch.sqrt(x * x + y * y + z * z + _SMALL) + _SMALL)
    return (ratio - 1) * min(half[0], half[1], half_length)


def left_atrium(state: HeartState, points: Points) -> Tensor:
    """Signed distance in mm to the left atrium, as `atrium` gives it: any shape, any float dtype."""
    heart = state.heart
    centre = (7 * math.cos(LA_RAD), 7 * math.sin(LA_RAD))
    half = (heart.la_half_width_mm, heart.la_half_width_mm * 0.95)
    return atrium(points, centre, half, -heart.length_ed_mm - heart.la_length_mm, state.base_z_mm)


def right_atrium(state: HeartState, points: Points, annulus_z: float) -> Tensor:
    """Signed distance in mm to the right atrium, as `atrium` gives it: any shape, any float dtype.

    It lies beside the left atrium, behind an interatrial septum of about 3 mm.
    """
    heart = state.heart
    offset = heart.la_half_width_mm + heart.ra_half_width_mm - 2
    centre = (offset * math.cos(RA_RAD), offset * math.sin(RA_RAD))
    half = (heart.ra_half_width_mm, heart.ra_half_width_mm * 1.05)
    return atrium(points, centre, half, -heart.length_ed_mm - heart.ra_length_mm, annulus_z)


def aorta(state: HeartState, points: Points) -> tuple[Tensor, Tensor]:
    """Signed distance in mm to the root's lumen (a tube with a sinus bulge), and the position in mm along it from the valve's
    plane.

    Both have the shape of the points' coordinates, any shape, and any float dtype.
    """
    heart = state.heart
    cosine, sine = math.cos(AORTA_RAD), math.sin(AORTA_RAD)
    start = (1.06 * heart.aorta_radius_mm + 3) / 0.9  # just clear of the four-chamber plane
    x, y, z = points.x - start * cosine, points.y - start * sine, points.z - state.base_z_mm
    norm = math.sqrt(1 + 0.3**2)
    direction = (0.3 * cosine / norm, 0.3 * sine / norm, -1 / norm)
    along = x * direction[0] + y * direction[1] + z * direction[2]
    across = torch.sqrt((x * x + y * y + z * z - along * along).clamp_min(_SMALL))
    radius = heart.aorta_radius_mm * (0.88 + 0.2 * torch.exp(-(((along - 12) / 7) ** 2)))
    return across - radius, along


def leaflets(
    points: Points, centre: tuple[float, float], ring_mm: float, plane_z: float, opening: float, length_share: float = 0.95
) -> Tensor:
    """Distance in mm to the centre surface of a two-leaflet valve modelled as a cone: flat when closed, steep when open.

    It has the shape of the points' coordinates, any shape, and any float dtype.
    """
    angle = math.radians(14 + 58 * opening)
    length = ring_mm * length_share / math.cos(math.radians(14))
    x, y = points.x - centre[0], points.y - centre[1]
    inward = ring_mm - torch.sqrt(x * x + y * y + _SMALL)
    up = points.z - plane_z
    along = (inward * math.cos(angle) + up * math.sin(angle)).clamp(0, length)
    sag = 0.10 * length * torch.sin(math.pi * along / length)
    inward = inward - along * math.cos(angle) + sag * math.sin(angle)
    up = up - along * math.sin(angle) - sag * math.cos(angle)
    return torch.sqrt(inward * inward + up * up + _SMALL)


def capsule(points: Points, start: tuple[float, float, float], end: tuple[float, float, float]) -> Tensor:
    """Distance in mm to the segment from `start` to `end`: the shape of the points' coordinates, any shape, any float dtype."""
    axis = [b - a for a, b in zip(start, end, strict=True)]
    relative = [p - a for p, a in zip(points, start, strict=True)]
    square = sum(a * a for a in axis)
    share = ((relative[0] * axis[0] + relative[1] * axis[1] + relative[2] * axis[2]) / square).clamp(0, 1)
    gaps = [r - share * a for r, a in zip(relative, axis, strict=True)]
    return torch.sqrt(gaps[0] * gaps[0] + gaps[1] * gaps[1] + gaps[2] * gaps[2] + _SMALL)
