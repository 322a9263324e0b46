"""The great vessels and veins in place: root and arch, outflow of the right ventricle, pulmonary artery, caval veins."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.phantom.heart.anatomy import Anatomy, at_angle
from models.phantom.heart.atria import AtriumShape
from models.phantom.heart.canvas import Canvas
from models.phantom.heart.heart import Heart
from models.phantom.heart.kinds import Kind, Points
from models.phantom.heart.rhythm import beats
from models.phantom.heart.state import HeartState, resting_state, state_at
from models.phantom.heart.table import ATRIUM_GRID, Array
from models.phantom.heart.tubes import ANNULUS_MM, ROOT_MM, Tube, root_distance, stations_mm, tube, tube_distance

VEIN_WALL_MM, PULMONARY_WALL_MM = 1.0, 1.5
PULMONARY_VALVE_NODE = 3
_IVC = np.array([-0.55, -0.80, 0.25]) / math.sqrt(0.55**2 + 0.80**2 + 0.25**2)
_SPINE = np.array([0.25, 0.55, -0.80]) / math.sqrt(0.25**2 + 0.55**2 + 0.80**2)
_DESCENDING_RAD = math.radians(322)


@dataclass(frozen=True, eq=False)
class Vascular:
    """Tubes at one moment. The outflow's node `PULMONARY_VALVE_NODE` is the pulmonary valve's annulus."""

    outflow: Tube
    right_branch: Tube
    left_branch: Tube
    ivc: Tube
    svc: Tube
    veins: tuple[Tube, ...]
    appendage: Tube
    arch: Tube


def ivc_radius_mm(heart: Heart, breath: float) -> float:
    """Widest at end-expiration; inspiration narrows it by `collapse`."""
    return heart.vessels.ivc_mm * (1 - heart.vessels.collapse * breath)


def vascular(state: HeartState) -> Vascular:
    heart, anatomy = state.heart, state.anatomy
    outflow = _outflow(heart, anatomy)
    end, v = outflow.nodes[-1], heart.vessels
    root = anatomy.root
    _, _, ascending = stations_mm(v)
    behind = root.at(ascending + 8, -(v.ascending_mm + v.aortic_wall_mm + 0.8 * v.pulmonary_mm + 1))
    right = tube(
        [
            tuple(end),
            tuple((end + behind) / 2 + np.array([4.0, 0, -3.0])),
            tuple(behind),
            tuple(behind + np.array([-32.0, 0, -6])),
        ],
        [0.8 * v.pulmonary_mm] * 4,
    )
    left = tube(
        [tuple(end), tuple(end + np.array([18.0, -12, -6])), tuple(end + np.array([34.0, -34, -4]))], [0.8 * v.pulmonary_mm] * 3
    )
    ra, la = anatomy.ra, anatomy.la
    mouth = axis_point(ra, 0.55)
    radius = ivc_radius_mm(heart, state.moment.breath)
    # The mouth is held open by the diaphragm; the collapse shows beyond it.
    ivc = tube(
        [tuple(mouth + t * _IVC) for t in (0, 22, 34, 60, 150)],
        [heart.vessels.ivc_mm, heart.vessels.ivc_mm, radius, radius, radius],
    )
    top = axis_point(ra, 0.7)
    svc = tube([tuple(top), tuple(top + np.array([0.0, 14, -36])), tuple(top + np.array([2.0, 32, -74]))], [7.0, 7.5, 8.0])
    middle = axis_point(la, 0.66)
    veins = tuple(
        tube([tuple(middle), tuple(middle + 75 * np.array([math.cos(a), math.sin(a), c]))], [5.0, 6.5])
        for a, c in (
            (math.radians(20), -0.15),
            (math.radians(345), 0.25),
            (math.radians(205), -0.35),
            (math.radians(238), -0.1),
        )
    )
    low = axis_point(la, 0.32)
    x, y = 0.36 * la.length_mm, 0.25 * la.length_mm
    appendage = tube(
        low + np.array([[0, 0, 0], [x, y, 0], [x + 8, y + 12, 3], [x + 9, y + 20, 9]]),
        [7.5, 7.5, 6.5, 3.0],
    )  # fmt: skip
    return Vascular(outflow, right, left, ivc, svc, veins, appendage, _arch(heart, anatomy))


def axis_point(shape: AtriumShape, u: float) -> Array:
    """The middle of an atrium's section at height `u`, float64 (3,), mm."""
    place, nodes = (u - ATRIUM_GRID.low) * ATRIUM_GRID.steps, np.arange(len(shape.axis_x))
    x, y = np.interp(place, nodes, shape.axis_x), np.interp(place, nodes, shape.axis_y)
    return np.array([x, y, shape.annulus_z_mm - u * shape.length_mm])


def _outflow(heart: Heart, anatomy: Anatomy) -> Tube:
    """From the right ventricle in front of the aortic root round to the pulmonary artery, which ends at its bifurcation."""
    v, root, shape = heart.vessels, anatomy.root, anatomy.ventricles
    sinus, junction, ascending = stations_mm(v)
    start_z = anatomy.plane.hinge_z_mm + 16
    angle = math.radians(160)
    near, far = (math.sqrt(at_angle(shape.radii_at(name, start_z / shape.length_mm + 1), angle)) for name in ("outer", "rv"))
    start = np.array([(near + far) / 2 * math.cos(angle), (near + far) / 2 * math.sin(angle), start_z])

    def beside(along: float, degrees: float, radius: float) -> Array:
        outer = root.radius_at(along) + v.aortic_wall_mm + radius + PULMONARY_WALL_MM
        # In front of the sinuses nothing lies closer than their bulge.
        outer += 0.07 * v.sinus_mm if along < junction else 0
        out = math.cos(math.radians(degrees)) * root.side + math.sin(math.radians(degrees)) * root.up
        return root.start + along * root.direction + outer * out

    nodes = [
        start,
        beside(ANNULUS_MM + 2, 0, v.rvot_proximal_mm),
        beside(sinus, 50, v.rvot_distal_mm),
        beside(sinus + 7, 78, v.pulmonary_mm),
        beside(junction + 8, 98, v.pulmonary_mm),
        beside(ascending, 118, v.pulmonary_mm),
    ]
    first = max(min((far - near) / 2, v.rvot_proximal_mm), 5.0)
    return tube(
        [tuple(n) for n in nodes],
        [first, v.rvot_proximal_mm, v.rvot_distal_mm, 0.94 * v.pulmonary_mm, v.pulmonary_mm, v.pulmonary_mm],
    )


@lru_cache(maxsize=64)
def _behind_mm(heart: Heart) -> float:
    """How far the left atrium reaches back at its largest."""
    first = beats(heart.rhythm)[0]
    la = state_at(heart, first.mitral_opening_ms).anatomy.la
    radii = np.sqrt(np.maximum(la.table[0, :, :-1].numpy(), 0))
    even = ATRIUM_GRID.angle_rad
    x = la.axis_x[:, None] + radii * np.cos(even)
    y = la.axis_y[:, None] + radii * np.sin(even)
    low, high = round((0.0 - ATRIUM_GRID.low) * ATRIUM_GRID.steps), round((0.7 - ATRIUM_GRID.low) * ATRIUM_GRID.steps)
    return float((x * math.cos(_DESCENDING_RAD) + y * math.sin(_DESCENDING_RAD))[low:high].max())


def _arch(heart: Heart, anatomy: Anatomy) -> Tube:
    """From the end of the ascending aorta over the arch and down the spine behind the left atrium."""
    v, root = heart.vessels, resting_state(heart).anatomy.root
    distance = _behind_mm(heart) + v.descending_mm + v.aortic_wall_mm + 4
    rest = resting_state(heart).length_mm
    spine = np.array([distance * math.cos(_DESCENDING_RAD), distance * math.sin(_DESCENDING_RAD), -rest - 14])
    start, top = anatomy.root.at(ROOT_MM - 8), spine + 52 * _SPINE
    bend = 0.75 * float(np.linalg.norm(top - root.at(ROOT_MM - 8)))
    share = np.linspace(0, 1, 11)[:, None]
    first, last = start + bend * root.direction, top + bend * _SPINE
    curve = (1 - share) ** 3 * start + 3 * (1 - share) ** 2 * share * first + 3 * (1 - share) * share**2 * last + share**3 * top
    nodes = np.concatenate((curve, [spine, spine - 120 * _SPINE]))
    radii = np.concatenate((np.linspace(v.ascending_mm, v.descending_mm, 11), [v.descending_mm, 0.9 * v.descending_mm]))
    return tube(nodes, radii)


def _paint_tube(canvas: Canvas, line: Tube, lumen: Kind, wall: Kind, wall_mm: float) -> None:
    index = canvas.near(*line.bounds(wall_mm + 3))
    if len(index) == 0:
        return
    distance, normal, _ = tube_distance(line, canvas.at(index))
    canvas.paint(distance < wall_mm, wall, index)
    canvas.paint(distance < 0, lumen, index)
    canvas.border(distance, normal, index)


def paint_veins(canvas: Canvas, vessels: Vascular) -> None:
    """What the atria are painted over."""
    for vein in vessels.veins:
        _paint_tube(canvas, vein, Kind.PULMONARY_VEIN, Kind.LA_WALL, VEIN_WALL_MM)
    _paint_tube(canvas, vessels.appendage, Kind.LA_APPENDAGE, Kind.LA_WALL, VEIN_WALL_MM)
    _paint_tube(canvas, vessels.svc, Kind.IVC, Kind.IVC_WALL, VEIN_WALL_MM)
    _paint_tube(canvas, vessels.ivc, Kind.IVC, Kind.IVC_WALL, VEIN_WALL_MM)


def paint_arteries(canvas: Canvas, vessels: Vascular, wall_mm: float) -> None:
    _paint_tube(canvas, vessels.right_branch, Kind.PULMONARY_ARTERY, Kind.PULMONARY_WALL, PULMONARY_WALL_MM)
    _paint_tube(canvas, vessels.left_branch, Kind.PULMONARY_ARTERY, Kind.PULMONARY_WALL, PULMONARY_WALL_MM)
    # In two parts, whose boxes together are smaller than one round both.
    nodes, radii = vessels.arch.nodes, vessels.arch.radii
    for part in (slice(None, -2), slice(-3, None)):
        _paint_tube(canvas, Tube(nodes[part], radii[part]), Kind.AORTIC_ARCH, Kind.AORTIC_WALL, wall_mm)


def paint_outflow(canvas: Canvas, vessels: Vascular) -> None:
    """The right ventricle's outflow is its cavity up to the pulmonary valve."""
    line = vessels.outflow
    index = canvas.near(*line.bounds(PULMONARY_WALL_MM + 3))
    if len(index) == 0:
        return
    distance, normal, place = tube_distance(line, canvas.at(index))
    beyond = place > PULMONARY_VALVE_NODE
    canvas.paint((distance < PULMONARY_WALL_MM) & beyond, Kind.PULMONARY_WALL, index)
    canvas.paint((distance < PULMONARY_WALL_MM + 1) & ~beyond, Kind.RV_WALL, index)
    canvas.paint((distance < 0) & beyond, Kind.PULMONARY_ARTERY, index)
    canvas.paint((distance < 0) & ~beyond, Kind.RV_CAVITY, index)
    canvas.border(distance, normal, index)


def paint_root(canvas: Canvas, state: HeartState) -> None:
    """Outflow tract, root and ascending aorta, from the left ventricle's base on."""
    root, v = state.anatomy.root, state.heart.vessels
    base = state.base_z_mm
    ends = np.stack((root.start, root.at(ROOT_MM - 6)))
    reach = root.radii.max() + v.aortic_wall_mm + 3
    low, high = ends.min(axis=0) - reach, ends.max(axis=0) + reach
    high[2] = base
    index = canvas.near(low, high)
    if len(index) == 0:
        return
    points = canvas.at(index)
    distance, normal, along, _, _ = root_distance(root, points)
    inside = along < ROOT_MM - 6
    canvas.paint((distance < v.aortic_wall_mm) & inside, Kind.AORTIC_WALL, index)
    canvas.paint((distance < 0) & inside & (along >= ANNULUS_MM), Kind.AORTA, index)
    canvas.paint((distance < 0) & (along < ANNULUS_MM), Kind.LVOT, index)
    canvas.border(distance, normal, index)
    canvas.border(distance - v.aortic_wall_mm, normal, index)
    rest = resting_state(state.heart).anatomy.root.start
    shift = [float(a - b) for a, b in zip(rest, root.start, strict=True)]
    canvas.move(
        (distance < v.aortic_wall_mm) & inside, Points(*(p + s for p, s in zip(points, shift, strict=True))), index
    )  # fmt: skip
