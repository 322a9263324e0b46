"""Every surface of the heart put in its place for one moment."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from models.phantom.heart.atria import (
    AtriumShape,
    atrium_table,
    keep_apart,
    mitral_outline,
    ring_radii,
    set_beside,
    solve_atrium,
)
from models.phantom.heart.heart import Heart
from models.phantom.heart.moment import Moment
from models.phantom.heart.table import ATRIUM_GRID, Array, smooth_step
from models.phantom.heart.tubes import Root, root_radii
from models.phantom.heart.ventricles import (
    OUTFLOW_RAD,
    TricuspidPlane,
    VentricleShape,
    at_rest,
    length_at,
    solve_ventricles,
)

ATRIAL_WALL_MM = 1.8
ATRIAL_SEPTUM_MM = 3.0
_OUT = np.array([math.cos(OUTFLOW_RAD), math.sin(OUTFLOW_RAD)])


@dataclass(frozen=True, eq=False)
class Ring:
    """An annulus: `outline` (angles, 2) float64 in mm of x and y, and its `radii` (angles,) about `centre`."""

    outline: Array
    centre: tuple[float, float]
    radii: Array


@dataclass(frozen=True, eq=False)
class Anatomy:
    """All chambers, the root and both annuli at one moment, in the heart frame without breathing. Lengths in mm."""

    ventricles: VentricleShape
    plane: TricuspidPlane
    root: Root
    mitral: Ring
    tricuspid: Ring
    la: AtriumShape
    ra: AtriumShape


def build_anatomy(heart: Heart, moment: Moment) -> Anatomy:
    ventricles, plane, free_wall = _ventricles(heart, moment)
    root = _root(heart, ventricles)
    outer = heart.vessels.lvot_mm + 0.6 * heart.vessels.aortic_wall_mm
    base = np.sqrt(ventricles.radii_at("inner", 0.0))
    outline, centre = mitral_outline(base, (float(root.start[0]), float(root.start[1]), outer))
    mitral = Ring(outline, centre, ring_radii(outline, centre))
    tricuspid = _tricuspid_ring(plane, free_wall)
    la = _left_atrium(heart, moment, ventricles.length_mm, mitral, root)
    ra = _right_atrium(heart, moment, plane, tricuspid, la, root)
    return Anatomy(ventricles, plane, root, mitral, tricuspid, la, ra)


def at_angle(radii: Array, angle_rad: float) -> float:
    """Linear between the even angles of `radii` (angles,), float64, any unit."""
    place = (angle_rad / (2 * math.pi) * len(radii)) % len(radii)
    low = int(place)
    return float(radii[low % len(radii)] * (1 - place + low) + radii[(low + 1) % len(radii)] * (place - low))


def _ventricles(heart: Heart, moment: Moment) -> tuple[VentricleShape, TricuspidPlane, float]:
    """The lateral annulus moves by TAPSE exactly: the plane is set again until it fits the wall that it meets."""
    rv, length = heart.rv, length_at(heart, moment.lv_ml)
    septal_z, angle = -length + rv.septal_offset_mm, rv.angle_rad
    lateral_z = -at_rest(heart).length_mm + rv.septal_offset_mm + rv.tapse_mm * moment.rv_contraction
    slope, hinge = 0.0, 30.0
    free_wall = hinge + 30.0
    for _ in range(5):
        plane = TricuspidPlane(septal_z, hinge, slope, angle)
        shape = solve_ventricles(heart, moment.lv_ml, moment.rv_ml, moment.rv_contraction, plane)
        hinge = math.sqrt(at_angle(shape.radii_at("outer", septal_z / length + 1), angle))
        free_wall = math.sqrt(at_angle(shape.radii_at("rv", lateral_z / length + 1), angle))
        slope = (lateral_z - septal_z) / (free_wall - hinge)
    return shape, plane, free_wall


def _root(heart: Heart, shape: VentricleShape) -> Root:
    vessels = heart.vessels
    edge = math.sqrt(at_angle(shape.radii_at("inner", 0.0), OUTFLOW_RAD))
    offset = edge + 0.8 - vessels.lvot_mm
    norm = math.hypot(1.0, vessels.aortic_tilt)
    direction = np.array([vessels.aortic_tilt * _OUT[0], vessels.aortic_tilt * _OUT[1], -1.0]) / norm
    side = np.array([_OUT[0], _OUT[1], vessels.aortic_tilt]) / norm
    start = np.array([offset * _OUT[0], offset * _OUT[1], -shape.length_mm])
    radii, lobes = root_radii(vessels)
    return Root(start, direction, side, np.cross(direction, side), radii, lobes)


def _tricuspid_ring(plane: TricuspidPlane, free_wall: float) -> Ring:
    half = (free_wall - plane.hinge_mm) / 2
    middle = plane.hinge_mm + half
    centre = (middle * math.cos(plane.angle_rad), middle * math.sin(plane.angle_rad))
    even = ATRIUM_GRID.angle_rad
    along, across = half * np.cos(even - plane.angle_rad), 1.12 * half * np.sin(even - plane.angle_rad)
    cosine, sine = math.cos(plane.angle_rad), math.sin(plane.angle_rad)
    outline = np.stack((centre[0] + along * cosine - across * sine, centre[1] + along * sine + across * cosine), axis=1)
    return Ring(outline, centre, ring_radii(outline, centre))


def _obstacle(root: Root, z: Array, wall_mm: float) -> tuple[Array, Array]:
    """The aorta's outer sections at each z: middles (heights, 2) and radii (heights, angles) in mm, float64."""
    along = np.clip((root.start[2] - z) / -root.direction[2], 0, None)
    middle = root.start[None, :2] + along[:, None] * root.direction[None, :2]
    place = np.clip(along / 0.5, 0, len(root.radii) - 1).astype(int)
    outer = (root.radii[place] + root.lobe_mm[place] + wall_mm) / -root.direction[2]
    return middle, np.repeat(outer[:, None], ATRIUM_GRID.angles, axis=1)


def _section_radii(squares: Array) -> Array:
    return np.sqrt(np.maximum(squares, 0))


def _left_atrium(heart: Heart, moment: Moment, length: float, ring: Ring, root: Root) -> AtriumShape:
    la = heart.la
    height = at_rest(heart).length_mm + la.length_mm - length
    squares = solve_atrium(la, moment.la_ml, height, ring.radii)
    u = ATRIUM_GRID.heights
    reach = _section_radii(squares)
    lean = smooth_step(u / 0.9) * la.lean_mm
    free = np.array(ring.centre) + lean[:, None] * np.array([math.cos(la.lean_rad), math.sin(la.lean_rad)])
    middle, outer = _obstacle(root, -length - u * height, heart.vessels.aortic_wall_mm)
    apart = keep_apart(free, _widest_on(reach), middle, outer, 0.8)
    axis = free + _eased(apart - free, u, 0.35)
    return AtriumShape(
        atrium_table(squares, height), axis[:, 0], axis[:, 1], -length, height, 0.0, 0.0
    )  # fmt: skip


def _eased(shift: Array, u: Array, over: float) -> Array:
    """A sideways shift (heights, 2) without kinks that leaves the annulus where it is."""
    return np.asarray(gaussian_filter1d(shift, 3.0, axis=0, mode="nearest") * smooth_step(u / over)[:, None])


def _widest_on(reach: Array) -> Array:
    """Beyond the widest section the widest stands for it, so that nothing leans over a roof."""
    widest = int(reach.mean(axis=1).argmax())
    return np.concatenate((reach[: widest + 1], np.repeat(reach[widest : widest + 1], len(reach) - widest - 1, axis=0)))


def _right_atrium(heart: Heart, moment: Moment, plane: TricuspidPlane, ring: Ring, la: AtriumShape, root: Root) -> AtriumShape:
    ra = heart.ra
    middle_mm = math.hypot(*ring.centre)
    annulus_z = plane.hinge_z_mm + plane.slope * (middle_mm - plane.hinge_mm)
    roof = -at_rest(heart).length_mm + heart.rv.septal_offset_mm - ra.length_mm
    height = annulus_z - roof
    squares = solve_atrium(ra, moment.ra_ml, height, ring.radii)
    u = ATRIUM_GRID.heights
    reach, z = _widest_on(_section_radii(squares)), annulus_z - u * height
    # The left atrium's sections at the same z.
    la_u = np.clip((la.annulus_z_mm - z) / la.length_mm, 0, 1)
    place = (la_u - ATRIUM_GRID.low) * ATRIUM_GRID.steps
    la_squares = la.table[0, :, :-1].numpy()
    la_reach = _widest_on(_section_radii(la_squares))
    index, share = np.floor(place).astype(int), (place % 1)[:, None]
    beyond = la_reach[index] * (1 - share) + la_reach[np.minimum(index + 1, len(la_reach) - 1)] * share
    la_axis = np.stack((np.interp(place, np.arange(len(u)), la.axis_x), np.interp(place, np.arange(len(u)), la.axis_y)), axis=1)
    home = np.array(ring.centre) + 0 * la_axis
    lean = smooth_step(u / 0.9) * ra.lean_mm
    home = home + lean[:, None] * np.array([math.cos(ra.lean_rad), math.sin(ra.lean_rad)])
    middle, outer = _obstacle(root, z, heart.vessels.aortic_wall_mm)
    beside = set_beside(home, (reach, la_axis, beyond, ATRIAL_SEPTUM_MM), (middle, outer, ATRIAL_WALL_MM))
    axis = home + _eased(beside - home, u, 0.5)
    axis = keep_apart(axis, reach, la_axis, beyond, ATRIAL_SEPTUM_MM)
    axis = keep_apart(axis, reach, middle, outer, ATRIAL_WALL_MM)
    axis = home + _eased(axis - home, u, 0.25)
    return AtriumShape(
        atrium_table(squares, height), axis[:, 0], axis[:, 1], annulus_z, height, plane.slope, plane.angle_rad
    )  # fmt: skip
