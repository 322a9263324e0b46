"""Where points lie relative to the four chambers: signed distances to their walls, normals and material places."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from models.phantom.heart.anatomy import Anatomy
from models.phantom.heart.atria import AtriumShape
from models.phantom.heart.heart import Heart
from models.phantom.heart.kinds import Points
from models.phantom.heart.state import HeartState, resting_state
from models.phantom.heart.table import ATRIUM_GRID, VENTRICLE_GRID, distance_to, look_up
from models.phantom.heart.ventricles import CHANNELS, TricuspidPlane

_SMALL = 1e-6
_FAR_MM = 99.0


@dataclass(frozen=True)
class Ventricular:
    """Both ventricles at points of any one shape, which every tensor has; any float dtype. Distances are signed, mm.

    `inner`, `outer`: the left ventricle's compacted wall, `trabeculae` their inner edge. `rv`, `rv_wall`: both sides of the
    right one's free wall. `plane`: above zero on the ventricle's side of the tricuspid valve. `u` is 0 at the mitral annulus,
    1 at the apex. Each `_normal` is a unit vector, `depth` the share 0 to 1 of the wall's area from inside.
    """

    u: Tensor
    inner: Tensor
    inner_normal: Points
    outer: Tensor
    outer_normal: Points
    trabeculae: Tensor
    rv: Tensor
    rv_normal: Points
    rv_wall: Tensor
    plane: Tensor
    material: Points
    rv_material: Points
    fibre: Points


@dataclass(frozen=True)
class Atrial:
    """An atrium at points of any one shape, any float dtype: signed `distance` in mm to its side, unit `normal`.

    `u` is 0 at the annulus and above in the atrium, `material` where its wall was at end-diastole, mm.
    """

    u: Tensor
    distance: Tensor
    normal: Points
    material: Points


def bend_at(heart: Heart, u: Tensor) -> tuple[Tensor, Tensor]:
    """How far the left ventricle's axis is bent aside at heights `u`, of any shape, any float dtype: x and y in mm, the same
    shape.
    """
    inside = u.clamp(0, 1)
    bend = heart.lv.bend_mm * 4 * inside * (1 - inside)
    return bend * math.cos(heart.lv.bend_rad), bend * math.sin(heart.lv.bend_rad)


def twist_at(heart: Heart, u: Tensor, contraction: float) -> Tensor:
    """How far the wall has turned about the axis at heights `u`, of any shape, any float dtype: in rad, the same shape."""
    return heart.lv.twist_rad * contraction * (1.3 * u - 0.3)


def ventricular(state: HeartState, points: Points) -> Ventricular:
    """Both ventricles at `points` of any one shape and float dtype, mm, without breathing."""
    heart, shape = state.heart, state.anatomy.ventricles
    u = points.z / shape.length_mm + 1
    bend_x, bend_y = bend_at(heart, u)
    x, y = points.x - bend_x, points.y - bend_y
    distance = torch.sqrt(x * x + y * y + _SMALL)
    cosine, sine, angle = x / distance, y / distance, torch.atan2(y, x)
    values = dict(zip((*CHANNELS, "rv_ed"), look_up(state.table("ventricles", u), VENTRICLE_GRID, u, angle), strict=True))
    inner, inner_normal = distance_to(distance, values["inner"], values["inner_slope"], cosine, sine)
    outer, outer_normal = distance_to(distance, values["outer"], values["outer_slope"], cosine, sine)
    trabeculae, _ = distance_to(distance, values["trabeculae"], values["inner_slope"], cosine, sine)
    rv, rv_normal = distance_to(distance, values["rv"], values["rv_slope"], cosine, sine)
    rv_wall, _ = distance_to(distance, values["rv_wall"], values["rv_slope"], cosine, sine)
    # Beyond the table's end its last row would go on for ever.
    beyond = ((u - 1.2) * shape.length_mm).clamp_min(0)
    outer, rv_wall = outer + beyond, rv_wall + beyond

    square, rest_mm = distance * distance, resting_state(heart).length_mm
    turned = angle - twist_at(heart, u.clamp(0, 1.1), state.contraction)
    ratio = shape.length_mm / rest_mm
    at_rest = torch.sqrt(((square - values["inner"]) * ratio + values["inner_ed"]).clamp_min(0))
    z = (u - 1) * rest_mm
    material = Points(bend_x + at_rest * torch.cos(turned), bend_y + at_rest * torch.sin(turned), z)
    right = torch.sqrt((square - values["rv"] + values["rv_ed"]).clamp_min(0))
    rv_material = Points(bend_x + right * cosine, bend_y + right * sine, z)
    depth = ((square - values["inner"]) / (values["outer"] - values["inner"]).clamp_min(1)).clamp(0, 1)
    return Ventricular(
        u, inner, inner_normal, outer, outer_normal, trabeculae, rv, rv_normal, rv_wall,
        plane_distance(state.anatomy.plane, points), material, rv_material, _fibre(depth, cosine, sine),
    )  # fmt: skip


def _fibre(depth: Tensor, cosine: Tensor, sine: Tensor) -> Points:
    """Fibres turn from +60 degrees inside to -60 outside: Streeter et al., Circ Res 1969;24:339."""
    helix = (1 - 2 * depth) * (math.pi / 3)
    around = torch.cos(helix)
    return Points(-sine * around, cosine * around, torch.sin(helix))


def plane_distance(plane: TricuspidPlane, points: Points) -> Tensor:
    """Signed distance in mm from the tricuspid plane, positive towards the apex, of the shape of `points`: any shape, any float
    dtype.
    """
    out = points.x * math.cos(plane.angle_rad) + points.y * math.sin(plane.angle_rad)
    return (points.z - plane.hinge_z_mm - plane.slope * (out - plane.hinge_mm)) / math.hypot(1, plane.slope)


def _atrium_of(anatomy: Anatomy, name: str) -> AtriumShape:
    return anatomy.la if name == "la" else anatomy.ra


def atrial(state: HeartState, name: str, points: Points) -> Atrial:
    """The atrium "la" or "ra" at `points` of any one shape and float dtype, mm, without breathing."""
    shape, rest = _atrium_of(state.anatomy, name), _atrium_of(resting_state(state.heart).anatomy, name)
    out = points.x * math.cos(shape.angle_rad) + points.y * math.sin(shape.angle_rad)
    middle = _middle(state.anatomy, name)
    u = (shape.annulus_z_mm - points.z + shape.slope * (out - middle)) / shape.length_mm
    axis_x, axis_y, rest_x, rest_y = _axes(shape, rest, u)
    x, y = points.x - axis_x, points.y - axis_y
    distance = torch.sqrt(x * x + y * y + _SMALL)
    cosine, sine = x / distance, y / distance
    squares, slope, at_rest = look_up(state.table(name, u), ATRIUM_GRID, u, torch.atan2(y, x))
    side, normal = distance_to(distance, squares, slope, cosine, sine)
    side = side + ((u - 1.15) * shape.length_mm).clamp_min(0)
    radius = torch.sqrt((distance * distance - squares + at_rest).clamp_min(0))
    z = rest.annulus_z_mm - u * rest.length_mm
    return Atrial(u, side, normal, Points(rest_x + radius * cosine, rest_y + radius * sine, z))


def _middle(anatomy: Anatomy, name: str) -> float:
    return math.hypot(*anatomy.tricuspid.centre) if name == "ra" else 0.0


def _axes(shape: AtriumShape, rest: AtriumShape, u: Tensor) -> tuple[Tensor, ...]:
    table = torch.stack([torch.from_numpy(v) for v in (shape.axis_x, shape.axis_y, rest.axis_x, rest.axis_y)]).to(u)
    return look_up(table.unsqueeze(-1).expand(-1, -1, 2), ATRIUM_GRID, u, torch.zeros_like(u))
