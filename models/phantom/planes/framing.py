"""Holding the probe: everyday variation of a plane, and the sector that shows what the class is about."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.phantom.heart import Heart, HeartState, landmarks, state_at
from models.phantom.planes.cuts import Cut, Marks, base_of
from models.phantom.planes.placement import Placement, Span, place_of, turned, unit
from models.phantom.planes.section import KINDS, OUTSIDE, Section, SquareGrid, cut_section, grid_of, members
from models.phantom.planes.table import PLANES, Plane
from models.phantom.rendered import SectorShape

# Each next attempt varies less, so that every heart gets its picture.
_EASES = (1.0, 1.0, 0.7, 0.4, 0.2, 0.0)
_FRAMINGS = (1.0, 1.0, 0.5, 0.0)
_WIDEST_RAD = math.radians(55)
_MARGIN_RAD = math.radians(2)
_REACH_MM = 230.0
_BEFORE_MM = 130.0
_GRID = grid_of((-110.0, 110.0), (0.0, 290.0), 5.0)
_ANY = SectorShape(_WIDEST_RAD, 0.0, _REACH_MM)
_OUTSIDE = members(OUTSIDE)


def place(
    heart: Heart,
    echoview47: str,
    rng: np.random.Generator,
    *,
    foreshortening_deg: float | None = None,
    mirrored: bool = False,
    everyday: float = 1.0,
) -> Placement:
    """Where the probe is held for a picture of the class. Without `foreshortening_deg` the tilt is an everyday one.

    `everyday` is the share of everyday variation: at 0 the plane runs as the book has it.
    Raises LookupError for a class that is no B-mode plane.
    """
    plane = PLANES.get(echoview47)
    if plane is None:
        raise LookupError(f"no B-mode plane is called {echoview47!r}")
    state, marks = _at_rest(heart)
    best, most = None, -math.inf
    for ease in _EASES:
        for found, fit in _attempts(state, marks, plane, rng, ease * everyday, foreshortening_deg):
            if fit > most:
                best, most = found, fit
            if fit >= 0:
                break
        if most >= 0:
            break
    assert best is not None
    normal = np.cross(best.right, best.forward)
    axis = unit(np.subtract(marks["apex"], base_of(marks)))
    off_deg = math.degrees(math.asin(min(1.0, abs(float(axis @ normal)))))
    best = replace(best, foreshortening_deg=off_deg)
    if not mirrored:
        return best
    (left, right), axial = best.chambers_mm
    return replace(best, right=place_of(-np.array(best.right)), chambers_mm=((-right, -left), axial))


@lru_cache(maxsize=8)
def _at_rest(heart: Heart) -> tuple[HeartState, Marks]:
    """At the first R wave. One heart is often seen in many planes."""
    state = state_at(heart, 0.0)
    return state, landmarks(state)


def _attempts(
    state: HeartState, marks: Marks, plane: Plane, rng: np.random.Generator, ease: float, foreshortening_deg: float | None
) -> Iterator[tuple[Placement, float]]:
    """Framings of one plane, each with how well it keeps what the row demands: 0 and more is well enough."""
    cut = _varied(plane.cut(marks), plane, rng, ease, foreshortening_deg)
    standoff = float(rng.uniform(*plane.standoff_mm))
    near = float(rng.uniform(3, 14))
    # Seen from a place far outside first, for where the heart ends is not known yet.
    far_off = Placement(place_of(cut.aim + cut.outward * _BEFORE_MM), place_of(-cut.outward), place_of(cut.right), _ANY, 0.0)
    found = cut_section(state, far_off, _GRID)
    depth = _BEFORE_MM - _skin_mm(found) - standoff - near
    whole = replace(far_off, origin=place_of(np.array(far_off.origin) + depth * np.array(far_off.forward)), face_mm=near)
    section = Section(SquareGrid(_GRID.lateral_mm, _GRID.axial_mm - depth), found.anatomy)
    for share in _FRAMINGS:
        framed = _framed(whole, section, marks, plane, rng, ease * share)
        yield replace(framed, chambers_mm=_chambers(framed, section, whole)), _fit(framed, section, plane, whole)


def _chambers(framed: Placement, section: Section, whole: Placement) -> tuple[Span, Span]:
    places = _seen_from(framed, whole, np.concatenate([section.places(name) for name in KINDS]))
    if not len(places):
        return framed.chambers_mm
    low, high = places.min(axis=0), places.max(axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def _varied(cut: Cut, plane: Plane, rng: np.random.Generator, ease: float, foreshortening_deg: float | None) -> Cut:
    """The hand slides along the skin, rotates, tilts and shifts. Tilting leaves the base of the heart in an apical plane."""

    def draw(deviation: float, most: float) -> float:
        return ease * float(np.clip(rng.normal(0, deviation), -most, most))

    outward, right = cut.outward, turned(cut.right, cut.outward, math.radians(draw(plane.turn_deg, 3 * plane.turn_deg)))
    tilt = draw(plane.tilt_deg, 3 * plane.tilt_deg)
    if foreshortening_deg is not None:
        tilt = foreshortening_deg if rng.random() < 0.5 else -foreshortening_deg
    outward = turned(outward, right, math.radians(tilt))
    normal = np.cross(right, outward)
    slide = math.radians(draw(7.0, 16.0))
    aim = cut.aim + normal * draw(1.5, 4.0) + right * draw(3.0, 8.0)
    return Cut(
        cut.pivot + turned(aim - cut.pivot, right, math.radians(tilt)),
        cut.pivot,
        turned(outward, normal, slide),
        turned(right, normal, slide),
    )


def _skin_mm(section: Section) -> float:
    """How far from the aim towards the probe the heart ends, on the central beam."""
    column = section.anatomy.kind[:, int(np.abs(section.grid.lateral_mm).argmin())]
    heart = (~_OUTSIDE[column.long()]).numpy() & (section.grid.axial_mm <= _BEFORE_MM)
    return _BEFORE_MM - float(section.grid.axial_mm[heart].min()) if heart.any() else 0.0


@dataclass(frozen=True, eq=False)
class _Extent:
    """A structure or a place about the beams' origin: `angle_rad` and `radius_mm` (points,) float64."""

    angle_rad: NDArray[np.float64]
    radius_mm: NDArray[np.float64]

    def at(self, share: float) -> float:
        """The radius in mm at `share` of the way from the near to the far border."""
        near, far = np.percentile(self.radius_mm, [2, 98])
        return float(near + share * (far - near))


def _extent(places: NDArray[np.float64]) -> _Extent | None:
    if not len(places):
        return None
    return _Extent(np.arctan2(places[:, 0], places[:, 1]), np.hypot(places[:, 0], places[:, 1]))


def _framed(whole: Placement, section: Section, marks: Marks, plane: Plane, rng: np.random.Generator, ease: float) -> Placement:
    """The central beam turned to what the row puts in the middle, the sector's angle, its end and, zoomed, its beginning."""

    def extent(name: str) -> _Extent | None:
        return _extent(whole.in_plane(marks[name])[None] if name in marks else section.places(name))

    half = math.radians(float(rng.uniform(*plane.half_deg)))
    middles = [e for name in plane.centre if (e := extent(name))]
    turn = float(np.mean([e.angle_rad.mean() for e in middles])) if middles else 0.0
    turn += ease * float(np.clip(rng.normal(0, 0.12), -0.25, 0.25)) * half
    sides = [e.angle_rad for name in plane.whole if (e := extent(name))]
    if sides:
        low, high = (float(np.percentile(np.concatenate(sides), share)) for share in (1, 99))
        half = min(max(half, (high - low) / 2 + _MARGIN_RAD), _WIDEST_RAD)
        turn = float(
            np.clip(turn, min(high + _MARGIN_RAD - half, (low + high) / 2), max(low - _MARGIN_RAD + half, (low + high) / 2))
        )
    near, far = whole.face_mm, _end_mm(plane, extent, rng, whole.face_mm)
    zoomed = rng.random() < plane.zoom and bool(middles)
    margin = float(rng.uniform(4, 16))
    if zoomed:
        near = max(near, min(float(np.percentile(e.radius_mm, 2)) for e in middles) - margin)
    far = max(far, near + 25.0)
    forward, right = np.array(whole.forward), np.array(whole.right)
    cosine, sine = math.cos(turn), math.sin(turn)
    return replace(
        whole,
        forward=place_of(forward * cosine + right * sine),
        right=place_of(right * cosine - forward * sine),
        sector=SectorShape(half, near, far),
    )


def _end_mm(plane: Plane, extent: Callable[[str], _Extent | None], rng: np.random.Generator, near_mm: float) -> float:
    """Where the picture ends, from the beams' origin; a whole ventricle fills the stated share of the height."""
    name, least, most = plane.end
    share, ends = float(rng.uniform(least, most)), extent(name)
    far = ends.at(share) if ends else 150.0
    ventricle = extent("lv")
    if plane.fill and ventricle:
        first, last = float(ventricle.radius_mm.min()), float(ventricle.radius_mm.max())
        length = last - first + 3.0
        far = float(np.clip(far, near_mm + length / plane.fill[1], near_mm + length / plane.fill[0]))
        far = max(far, last + 3.0)
    return min(far, _REACH_MM)


def _fit(framed: Placement, section: Section, plane: Plane, whole: Placement) -> float:
    """The smallest reserve, as a share of each demand: negative where one is not met."""
    reserves = [0.0]
    for name in {*plane.shows, *plane.least_cm2, *plane.most_cm2}:
        places = section.places(name)
        turned_places = _seen_from(framed, whole, places)
        seen = framed.shows(turned_places)
        area = float(seen.sum()) * section.grid.spacing_mm**2 / 100
        if name in plane.shows:
            reserves.append((float(seen.mean()) if len(seen) else 0.0) - plane.shows[name])
        if name in plane.least_cm2:
            reserves.append(min(area / plane.least_cm2[name] - 1, 0.0))
        if name in plane.most_cm2:
            reserves.append(min(1 - area / plane.most_cm2[name], 0.0))
    return min(reserves)


def _seen_from(framed: Placement, whole: Placement, places_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """`places_mm` (points, 2) of the unturned plane, mm, in the framed one: float64 (points, 2), mm."""
    cosine = float(np.dot(framed.forward, whole.forward))
    sine = float(np.dot(framed.forward, whole.right))
    lateral, axial = places_mm[:, 0], places_mm[:, 1]
    return np.stack((lateral * cosine - axial * sine, axial * cosine + lateral * sine), axis=1)
