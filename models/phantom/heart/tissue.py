"""What lies at given points of the chest: every part painted over those behind it."""

import torch
from torch import Tensor

from models.phantom.heart.anatomy import ATRIAL_WALL_MM
from models.phantom.heart.canvas import Canvas
from models.phantom.heart.chambers import Atrial, Ventricular, atrial, ventricular
from models.phantom.heart.kinds import Kind, Points, Tissue
from models.phantom.heart.state import HeartState
from models.phantom.heart.surroundings import paint_surroundings
from models.phantom.heart.valves import paint_band, paint_suspension, paint_valves
from models.phantom.heart.vessels import paint_arteries, paint_outflow, paint_root, paint_veins, vascular

_FAR_MM = 30.0
_SEPTAL_MM = 8.0  # where the atria are no farther apart, septum fills the gap
_GROOVE_MM = 28.0  # the pericardium bridges grooves of about half this width


def tissue_at(state: HeartState, points: Points) -> Tissue:
    """What lies at `points`, of any shape and float dtype, mm in the heart frame: `Tissue`, of the same shape."""
    dx, dy, dz = state.shift_mm
    flat = Points(points.x.reshape(-1) - dx, points.y.reshape(-1) - dy, points.z.reshape(-1) - dz)
    canvas, vessels = Canvas(flat), vascular(state)
    heart, la, ra = ventricular(state, flat), atrial(state, "la", flat), atrial(state, "ra", flat)
    base = flat.z - state.base_z_mm
    _paint_outside(canvas, state, heart, base, (la, ra))
    paint_arteries(canvas, vessels, state.heart.vessels.aortic_wall_mm)
    paint_veins(canvas, vessels)
    _paint_atria(canvas, la, ra)
    free_wall = (heart.rv_wall < 0) & (heart.outer > 0)
    canvas.paint(free_wall & (heart.plane > -3), Kind.RV_WALL)
    canvas.move(free_wall, heart.rv_material)
    paint_outflow(canvas, vessels)
    right = (heart.rv < 0) & (heart.outer > 0) & (heart.plane > 0)
    canvas.paint(right, Kind.RV_CAVITY)
    canvas.paint(right & (heart.rv > -_right_trabeculae(state, heart)), Kind.RV_BAND)
    paint_band(canvas, state, right)
    beside = heart.outer > 0
    canvas.border(torch.where(beside & (heart.plane > 0), heart.rv, _FAR_MM), heart.rv_normal)
    _paint_left(canvas, heart, base)
    paint_root(canvas, state)
    cavity = (heart.inner < 0) & (base > 0)
    paint_suspension(canvas, state, cavity)
    paint_valves(canvas, state, vessels)
    return canvas.tissue(points.x.shape)


def _right_trabeculae(state: HeartState, heart: Ventricular) -> Tensor:
    """How far coarse trabeculae stand off the free wall, mm: only near the apex, and they move with the wall."""
    x, y, z = heart.rv_material
    ridge = torch.sin(0.55 * x + 0.31 * y + state.heart.seed) * torch.sin(0.48 * y - 0.22 * z) + torch.sin(0.21 * z + 0.4 * x)
    apical = ((heart.u - 0.25) / 0.45).clamp(0, 1)
    return state.heart.rv.trabeculae_mm * apical * (0.35 + 0.5 * ridge).clamp_min(0)


def _paint_outside(canvas: Canvas, state: HeartState, heart: Ventricular, base: Tensor, atria: tuple[Atrial, Atrial]) -> None:
    """The heart's outside is the nearest of its chambers' outer walls."""
    left, right = torch.maximum(heart.outer, -base - 2), torch.maximum(heart.rv_wall, -heart.plane - 3)
    hull, bag, normal = left, left, heart.outer_normal
    # The ventricles' groove ends at the apex, where only the left one goes on.
    shallow = (40 * (1 - heart.u)).clamp(0.1, _GROOVE_MM / 2)
    others = [(right, heart.rv_normal, shallow)]
    wide = torch.full_like(shallow, _GROOVE_MM)
    others += [(torch.maximum(a.distance - ATRIAL_WALL_MM, -2 - 40 * a.u), a.normal, wide) for a in atria]
    for distance, direction, groove in others:
        closer = distance < hull
        bag = _smooth_least(bag, distance, groove)
        hull = torch.where(closer, distance, hull)
        normal = Points(*(torch.where(closer, new, old) for new, old in zip(direction, normal, strict=True)))
    paint_surroundings(canvas, state, hull, bag, normal, torch.minimum(left, right))


def _smooth_least(first: Tensor, second: Tensor, groove: Tensor) -> Tensor:
    """The lesser of two distances in mm with the groove between them bridged."""
    near = (1 - (first - second).abs() / groove).clamp_min(0)
    return torch.minimum(first, second) - near * near * (groove / 4)


def _paint_atria(canvas: Canvas, la: Atrial, ra: Atrial) -> None:
    for atrium, wall in ((ra, Kind.RA_WALL), (la, Kind.LA_WALL)):
        near = (atrium.distance < ATRIAL_WALL_MM) & (atrium.u > 0)
        canvas.paint(near, wall)
        canvas.move(near, atrium.material)
        canvas.border(torch.where(atrium.u > 0, atrium.distance, _FAR_MM), atrium.normal)
    between = (la.distance + ra.distance < _SEPTAL_MM) & (la.u > 0) & (ra.u > 0)
    canvas.paint(between, Kind.ATRIAL_SEPTUM)
    for atrium, lumen in ((ra, Kind.RA), (la, Kind.LA)):
        canvas.paint((atrium.distance < 0) & (atrium.u > 0), lumen)


def _paint_left(canvas: Canvas, heart: Ventricular, base: Tensor) -> None:
    wall = (heart.outer < 0) & (base > -2)
    canvas.paint(wall & (heart.inner >= 0), Kind.LV_WALL)
    canvas.paint((heart.inner < 0) & (base > 0) & (heart.trabeculae < 0), Kind.LV_CAVITY)
    canvas.paint((heart.inner < 0) & (base > 0) & (heart.trabeculae >= 0), Kind.TRABECULA)
    canvas.move(wall, heart.material)
    canvas.run_fibres(heart.fibre)
    inside = base > -2
    for distance, normal in (
        (heart.inner, heart.inner_normal), (heart.trabeculae, heart.inner_normal), (heart.outer, heart.outer_normal)
    ):  # fmt: skip
        canvas.border(torch.where(inside, distance, _FAR_MM), normal)
