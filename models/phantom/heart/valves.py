"""Leaflets, cusps, chordae and papillary muscles: thin parts that open and close in phase with the volumes."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from models.phantom.heart.anatomy import Ring, at_angle
from models.phantom.heart.atria import ring_radii
from models.phantom.heart.canvas import Canvas
from models.phantom.heart.chambers import plane_distance
from models.phantom.heart.kinds import Kind, Points
from models.phantom.heart.state import HeartState
from models.phantom.heart.table import Array
from models.phantom.heart.tubes import ANNULUS_MM, Tube, root_distance, tube, tube_distance
from models.phantom.heart.ventricles import OUTFLOW_RAD
from models.phantom.heart.vessels import PULMONARY_VALVE_NODE, Vascular

PAPILLARY_RAD = (math.radians(340), math.radians(234))
_SMALL = 1e-6


@dataclass(frozen=True, eq=False)
class Skirt:
    """A mitral or tricuspid valve: a skirt that hangs from its ring and closes at `centre`, mm.

    `hinge` (angles,) float64 is the ring's radius in mm about the centre, `lean` (angles,) rad how far each part has turned
    into the ventricle, `length` (angles,) mm. `sag` is how far it bulges against its length.
    """

    centre: tuple[float, float]
    hinge: Array
    lean: Array
    length: Array
    sag: float
    half_mm: float


def mitral_skirt(state: HeartState) -> Skirt:
    """The anterior leaflet, next to the aorta, is the longer one and opens wider."""
    ring, valves = state.anatomy.mitral, state.heart.valves
    out = np.array([math.cos(OUTFLOW_RAD), math.sin(OUTFLOW_RAD)])
    back = 0.22 * at_angle(ring.radii, OUTFLOW_RAD + math.pi)
    centre = (ring.centre[0] - back * float(out[0]), ring.centre[1] - back * float(out[1]))
    even = np.arange(len(ring.radii)) * (2 * math.pi / len(ring.radii))
    anterior = 0.5 + 0.5 * np.cos(even - OUTFLOW_RAD)
    wide = np.radians(58 + 16 * anterior)
    return _skirt(ring, centre, state.mitral_opening, wide, valves.tenting_mm, valves.sag, valves.leaflet_mm, OUTFLOW_RAD)


def tricuspid_skirt(state: HeartState) -> Skirt:
    ring, valves = state.anatomy.tricuspid, state.heart.valves
    wide = np.full(len(ring.radii), math.radians(66))
    opening = state.moment.tricuspid_opening
    angle = state.anatomy.plane.angle_rad
    return _skirt(ring, ring.centre, opening, wide, 0.6 * valves.tenting_mm, valves.sag, 0.8 * valves.leaflet_mm, angle)


def _skirt(
    ring: Ring, centre: tuple[float, float], opening: float, wide: Array, tenting: float, sag: float, half: float, axis: float
) -> Skirt:
    hinge = gaussian_filter1d(ring_radii(ring.outline, centre), 3.5, mode="wrap")
    shut = np.arctan2(tenting, hinge)
    even = np.arange(len(hinge)) * (2 * math.pi / len(hinge))
    # Towards the commissures the free edge is short; shut, it is gathered there.
    commissure = np.sin(even - axis) ** 2
    length = np.hypot(hinge, tenting) * (1.0 - 0.28 * opening * commissure) + 1.5 * opening * (1 - commissure)
    return Skirt(centre, hinge, shut + (wide - shut) * opening, length, sag * (1 - 1.6 * opening), half)


def edge_of(skirt: Skirt, angle_rad: float, plane_z: float) -> tuple[float, float, float]:
    """The free edge at one angle, x, y, z in mm, for a ring that lies at `plane_z`."""
    hinge, lean, length = (at_angle(values, angle_rad) for values in (skirt.hinge, skirt.lean, skirt.length))
    radius = hinge - length * math.cos(lean)
    return (
        skirt.centre[0] + radius * math.cos(angle_rad),
        skirt.centre[1] + radius * math.sin(angle_rad),
        plane_z + length * math.sin(lean),
    )


def _paint_skirt(canvas: Canvas, skirt: Skirt, index: Tensor, height: Tensor, kind: Kind) -> None:
    """`height` (n,) is how far each point lies on the ventricle's side of the ring, mm, of the points' float dtype."""
    points = canvas.at(index)
    x, y = points.x - skirt.centre[0], points.y - skirt.centre[1]
    distance = torch.sqrt(x * x + y * y + _SMALL)
    table = torch.from_numpy(np.stack((skirt.hinge, skirt.lean, skirt.length))).to(height)
    place = torch.remainder(torch.atan2(y, x) * (table.shape[1] / (2 * math.pi)), table.shape[1])
    low = place.floor()
    share, low = place - low, low.long() % table.shape[1]
    hinge, lean, length = (table[:, low] * (1 - share) + table[:, (low + 1) % table.shape[1]] * share).unbind(0)
    inward = hinge - distance
    cosine, sine = torch.cos(lean), torch.sin(lean)
    along = torch.minimum((inward * cosine + height * sine).clamp_min(0), length)
    bulge = skirt.sag * length * torch.sin(math.pi * along / length)
    across_in = inward - along * cosine + bulge * sine
    across_up = height - along * sine - bulge * cosine
    gap = torch.sqrt(across_in * across_in + across_up * across_up + _SMALL)
    # The free edge is the thickest part.
    signed = gap - skirt.half_mm * (1 + 0.5 * (along / length) ** 3)
    canvas.paint(signed < 0, kind, index)
    inverse = -across_in / gap / distance
    canvas.border(signed, Points(inverse * x, inverse * y, across_up / gap), index)


def paint_valves(canvas: Canvas, state: HeartState, vessels: Vascular) -> None:
    _paint_mitral(canvas, state)
    skirt = tricuspid_skirt(state)
    plane = state.anatomy.plane
    index = _near_ring(canvas, state.anatomy.tricuspid, plane.hinge_z_mm)
    if len(index):
        height = plane_distance(plane, canvas.at(index))
        _paint_skirt(canvas, skirt, index, height, Kind.TRICUSPID_LEAFLET)
        _paint_ring(canvas, skirt, index, height, 1.5)
    _paint_aortic(canvas, state)
    _paint_pulmonary(canvas, state, vessels)


def _near_ring(canvas: Canvas, ring: Ring, z: float) -> Tensor:
    low = np.array([*(ring.outline.min(axis=0) - 4), z - 9.0])
    high = np.array([*(ring.outline.max(axis=0) + 4), z + 38.0])
    return canvas.near(low, high)


def _paint_mitral(canvas: Canvas, state: HeartState) -> None:
    skirt = mitral_skirt(state)
    index = _near_ring(canvas, state.anatomy.mitral, state.base_z_mm)
    if len(index):
        height = canvas.at(index).z - state.base_z_mm
        _paint_skirt(canvas, skirt, index, height, Kind.MITRAL_LEAFLET)
        _paint_ring(canvas, skirt, index, height, 1.9)


def _paint_ring(canvas: Canvas, skirt: Skirt, index: Tensor, height: Tensor, half_mm: float) -> None:
    """The fibrous annulus, outside the orifice."""
    points = canvas.at(index)
    x, y = points.x - skirt.centre[0], points.y - skirt.centre[1]
    table = torch.from_numpy(skirt.hinge).to(height)
    place = torch.remainder(torch.atan2(y, x) * (len(table) / (2 * math.pi)), len(table))
    low = place.floor()
    share, low = place - low, low.long() % len(table)
    hinge = table[low] * (1 - share) + table[(low + 1) % len(table)] * share
    away = torch.sqrt(x * x + y * y + _SMALL) - hinge - 0.6 * half_mm
    canvas.paint(away * away + height * height < half_mm * half_mm, Kind.ANNULUS, index)


def _paint_aortic(canvas: Canvas, state: HeartState) -> None:
    """Three cusps: shut they meet in three lines, open they lie along the wall."""
    root, v = state.anatomy.root, state.heart.vessels
    radius = 1.02 * v.annulus_mm
    middle = root.at(ANNULUS_MM + radius / 2)
    index = canvas.near(middle - 1.8 * radius - 2, middle + 1.8 * radius + 2)
    if len(index) == 0:
        return
    distance, _, along, across, angle = root_distance(root, canvas.at(index))
    third = torch.remainder(angle + math.pi / 3, 2 * math.pi / 3) - math.pi / 3
    out, side = across * torch.cos(third), across * torch.sin(third)
    wall = torch.sqrt((radius * radius - side * side).clamp_min(_SMALL))
    opening = state.aortic_opening
    edge = (1 - opening) * side.abs() / math.sqrt(3) + opening * 0.90 * wall
    width = (wall - edge).clamp_min(0.8)
    share = ((out - edge) / width).clamp(0, 1)
    height = 0.8 * radius
    belly = ANNULUS_MM + height * (1 - share) ** 1.5
    slope = 1.5 * height * torch.sqrt(1 - share) / width
    sheet = (along - belly).abs() / torch.sqrt(1 + slope * slope)
    sheet = torch.where((out < edge - 1) | (out > wall + 1), torch.full_like(sheet, 9.0), sheet)
    lip = (out - edge).abs() + (along - ANNULUS_MM - 0.9 * height).abs().sub(0.3 * height).clamp_min(0)
    signed = torch.minimum(sheet, lip) - state.heart.valves.cusp_mm
    canvas.paint((signed < 0) & (distance < 0), Kind.AORTIC_CUSP, index)
    inside = distance < 0
    direction = Points(*(torch.full_like(signed, float(part)) for part in root.direction))
    canvas.border(torch.where(inside, signed, torch.full_like(signed, 30.0)), direction, index)


def _paint_pulmonary(canvas: Canvas, state: HeartState, vessels: Vascular) -> None:
    line = vessels.outflow
    node, radius = line.nodes[PULMONARY_VALVE_NODE], float(line.radii[PULMONARY_VALVE_NODE])
    index = canvas.near(node - radius - 3, node + radius + 3)
    if len(index) == 0:
        return
    axis = line.nodes[PULMONARY_VALVE_NODE + 1] - line.nodes[PULMONARY_VALVE_NODE - 1]
    axis = axis / np.linalg.norm(axis)
    points = canvas.at(index)
    distance, _, _ = tube_distance(line, points)
    x, y, z = (p - float(n) for p, n in zip(points, node, strict=True))
    along = x * float(axis[0]) + y * float(axis[1]) + z * float(axis[2])
    inward = (-distance).clamp_min(0)
    opening = state.moment.pulmonary_opening
    # Shut, a cup that sinks towards the right ventricle near the wall; open, a short cylinder along the wall.
    cup = (along + 2.5 - 5.0 * (inward / radius)).abs() * 0.9
    pipe = (inward - 1.5).abs() + ((along - 3).abs() - 4).clamp_min(0)
    signed = ((1 - opening) * cup + opening * pipe) - 0.6
    canvas.paint((signed < 0) & (distance < 0), Kind.PULMONARY_CUSP, index)


def wall_point(state: HeartState, u: float, angle_rad: float, share: float) -> Array:
    """The place, (3,) float64 mm, at height `u` and `share` of the cavity's radius in a direction that twists with the wall."""
    lv, z = state.heart.lv, (u - 1) * state.length_mm
    turned = angle_rad + lv.twist_rad * state.contraction * (1.3 * u - 0.3)
    radius = share * math.sqrt(max(at_angle(state.anatomy.ventricles.radii_at("inner", u), turned), 0.0))
    bend = lv.bend_mm * 4 * u * (1 - u)
    return np.array([
        bend * math.cos(lv.bend_rad) + radius * math.cos(turned), bend * math.sin(lv.bend_rad) + radius * math.sin(turned), z
    ])  # fmt: skip


def papillary_muscles(state: HeartState) -> tuple[Tube, Tube]:
    """Two tapered bodies that rise from the inferolateral and the inferior wall; they thicken as they shorten."""
    thick = state.heart.lv.papillary_mm * (1 + 0.12 * state.contraction)
    made = []
    for angle in PAPILLARY_RAD:
        nodes = [wall_point(state, u, angle, share) for u, share in ((0.84, 0.97), (0.70, 0.85), (0.56, 0.73), (0.43, 0.63))]
        made.append(tube(np.stack(nodes), thick * np.array([0.6, 1.0, 1.0, 0.5])))
    return made[0], made[1]


def chordae(state: HeartState, muscles: tuple[Tube, Tube]) -> tuple[Tube, ...]:
    """From the tip of each papillary muscle to the free edges of both leaflets."""
    skirt = mitral_skirt(state)
    made = []
    for muscle, side in zip(muscles, (-1, 1), strict=True):
        tip = muscle.nodes[-1]
        for offset in (35, 150):
            angle = OUTFLOW_RAD + side * math.radians(offset)
            edge = edge_of(skirt, angle, state.base_z_mm)
            made.append(tube(np.stack((tip, np.asarray(edge))), np.array([0.55, 0.45])))
    return tuple(made)


def paint_suspension(canvas: Canvas, state: HeartState, cavity: Tensor) -> None:
    """Papillary muscles and chordae inside the `cavity`, bool (points,): true in the left ventricle's."""
    muscles = papillary_muscles(state)
    for line in chordae(state, muscles):
        _paint_inside(canvas, line, cavity, Kind.CHORDA)
    for line in muscles:
        _paint_inside(canvas, line, cavity, Kind.PAPILLARY)


def paint_band(canvas: Canvas, state: HeartState, cavity: Tensor) -> None:
    """The moderator band crosses the right ventricle's `cavity`, bool (points,), true inside, from septum to free wall."""
    shape, right = state.anatomy.ventricles, state.heart.rv
    u = 1 - 0.52 * right.apex_share
    ends = []
    for name, angle, height in (("outer", right.angle_rad - 0.25, u), ("rv", right.angle_rad + 0.2, u + 0.12)):
        radius = math.sqrt(max(at_angle(shape.radii_at(name, height), angle), 0.0))
        ends.append([radius * math.cos(angle), radius * math.sin(angle), (height - 1) * state.length_mm])
    line = tube(np.array(ends), np.array([2.4, 1.8]) * (0.7 + 0.1 * right.trabeculae_mm))
    _paint_inside(canvas, line, cavity, Kind.RV_BAND)


def _paint_inside(canvas: Canvas, line: Tube, cavity: Tensor, kind: Kind) -> None:
    index = canvas.near(*line.bounds(3))
    if len(index) == 0:
        return
    distance, normal, _ = tube_distance(line, canvas.at(index))
    inside = cavity[index]
    canvas.paint((distance < 0) & inside, kind, index)
    canvas.border(torch.where(inside, distance, torch.full_like(distance, 30.0)), normal, index)
