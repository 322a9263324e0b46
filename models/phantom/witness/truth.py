"""Borders and calipers of the witness, found as roots of its own surfaces in the plane of the picture."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.phantom.witness.heart import END_SYSTOLE_PHASE, Field, Heart, State, state_at
from models.phantom.witness.planes import Plane
from models.phantom.witness.structures import left_atrium

Mask = NDArray[np.bool_]
_POINTS = 64
_TIPS = 0.18  # height of the mitral leaflets' tips


def contours(plane: Plane, states: Sequence[State]) -> dict[str, Field]:
    """As `PlaneClip` holds them: `lv` from one end of the annulus round the apex to the other, and `lv_wall`.

    Apical views also hold `la`. Each is float64 (frames, points, 2), mm.
    """
    drawn = {"lv": [_cavity(plane, state) for state in states], "lv_wall": [_epicardium(plane, state) for state in states]}
    if plane.view is not View.PLAX:
        drawn["la"] = [_atrium(plane, state) for state in states]
    return {name: np.stack(outlines) for name, outlines in drawn.items()}


def landmarks(plane: Plane, states: Sequence[State]) -> dict[str, Field]:
    """Ends of the parasternal calipers on every frame, as `PlaneClip` holds them; nothing in apical views."""
    if plane.view is not View.PLAX:
        return {}
    ends = [_calipers(plane, state) for state in states]
    return {key: np.stack([frame[key] for frame in ends]) for key in ends[0]}


def values(heart: Heart, plane: Plane) -> dict[str, float]:
    """What is true of the heart and may be read in this view, in the catalogue's keys and units."""
    found = {"hr": heart.heart_rate_bpm}
    if plane.view is View.PLAX:
        lengths = [_lengths_cm(plane, state_at(heart, phase * heart.rr_interval_ms)) for phase in (0.0, END_SYSTOLE_PHASE)]
        return found | lengths[0] | {"lvids_2d": lengths[1]["lvidd_2d"]}
    name = plane.view.value
    return found | {f"lvedv_{name}": heart.edv_ml, f"lvesv_{name}": heart.esv_ml, f"ef_{name}": heart.ef_percent}


def _lengths_cm(plane: Plane, state: State) -> dict[str, float]:
    return {key: float(np.linalg.norm(ends[1] - ends[0])) / 10 for key, ends in _calipers(plane, state).items()}


def _cavity(plane: Plane, state: State) -> Field:
    """Rays from the middle of the annulus line, in the plane, to where height or radius leave the cavity."""
    ends = np.stack([_annulus_end(plane, state, side) for side in (-1, 1)])
    middle, across = ends.mean(axis=0), ends[1] - ends[0]
    across /= np.linalg.norm(across)
    normal = np.cross(plane.right, plane.forward)
    up = np.cross(normal, across)
    up *= np.sign(up[2])
    angles = np.linspace(np.pi, 0, _POINTS)
    directions = np.cos(angles)[:, None] * across + np.sin(angles)[:, None] * up
    places = middle + _reach(middle, directions, lambda p: _in_cavity(state, p))[:, None] * directions
    places[0], places[-1] = ends
    return plane.seen(places)


def _annulus_end(plane: Plane, state: State, side: int) -> Field:
    """On the line where picture and annulus plane meet; `side` is -1 for the image's left, or the end nearer to the probe."""
    along = np.cross(np.cross(plane.right, plane.forward), [0.0, 0.0, 1.0])
    along /= np.linalg.norm(along)
    facing = along @ plane.right if abs(along @ plane.right) > 0.5 else along @ plane.forward
    along *= side * np.sign(facing)
    rise = np.array([plane.forward[2], plane.right[2]])
    foot = plane.origin - plane.origin[2] / float(rise @ rise) * (rise[0] * plane.forward + rise[1] * plane.right)
    start = foot - along * float(foot @ along)  # nearest to the heart's axis
    return np.asarray(start + _reach(start, along[None], lambda places: _inside_radius(state, places))[0] * along)


def _inside_radius(state: State, places: Field) -> Mask:
    radius, angle = np.hypot(places[:, 0], places[:, 1]), np.arctan2(places[:, 1], places[:, 0])
    return np.asarray(radius < state.inner_mm(np.clip(places[:, 2] / state.length_mm, 0, 1), angle))


def _in_cavity(state: State, places: Field) -> Mask:
    return np.asarray(_inside_radius(state, places) & (places[:, 2] < state.length_mm) & (places[:, 2] > -1e-6))


def _epicardium(plane: Plane, state: State) -> Field:
    middle = np.array([0.0, 0.0, 0.4 * state.length_mm])

    def inside(places: Field) -> Mask:
        radius, angle = np.hypot(places[:, 0], places[:, 1]), np.arctan2(places[:, 1], places[:, 0])
        low = places[:, 2] > 0
        return np.asarray(low & (radius < state.outer_mm(places[:, 2], angle)))

    return _round(plane, middle, inside)


def _atrium(plane: Plane, state: State) -> Field:
    inside = left_atrium(state)
    middle = np.array([0.12 * state.heart.la_mm[0], 0.0, -0.45 * state.heart.la_mm[1]])
    return _round(plane, middle, lambda places: np.asarray(inside(places.T) < 1))


def _round(plane: Plane, near: Field, inside: Callable[[Field], Mask]) -> Field:
    """A closed outline about the place of the picture that is nearest to `near`."""
    normal = np.cross(plane.right, plane.forward)
    centre = near - normal * float((near - plane.origin) @ normal)
    angles = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    directions = np.cos(angles)[:, None] * plane.right + np.sin(angles)[:, None] * plane.forward
    return plane.seen(centre + _reach(centre, directions, inside)[:, None] * directions)


def _reach(start: Field, directions: Field, inside: Callable[[Field], Mask], far_mm: float = 160.0) -> Field:
    """How far each ray stays inside, mm: the first step outside, then bisection."""
    steps = np.linspace(0, far_mm, 321)
    held = np.stack([inside(start + step * directions) for step in steps])
    first = np.argmin(held, axis=0)
    low, high = steps[np.maximum(first - 1, 0)], steps[first]
    for _ in range(30):
        middle = (low + high) / 2
        within = inside(start + middle[:, None] * directions)
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return np.asarray((low + high) / 2)


def _calipers(plane: Plane, state: State) -> dict[str, Field]:
    """Ends of the lines at the leaflets' tips, perpendicular to the long axis, which lies in the parasternal plane."""
    z, front = _TIPS * state.length_mm, np.arctan2(-plane.forward[1], -plane.forward[0])
    angles = np.array([front, front + np.pi])
    inner = state.inner_mm(np.full(2, _TIPS), angles)
    outer = state.outer_mm(np.full(2, z), angles)

    def at(radius: Field) -> Field:
        return plane.seen(np.stack((radius * np.cos(angles), radius * np.sin(angles), np.full(2, z)), axis=1))

    inside, outside = at(inner), at(outer)
    return {
        "lvidd_2d": inside,
        "ivsd_2d": np.stack((outside[0], inside[0])),
        "lvpwd_2d": np.stack((inside[1], outside[1])),
    }
