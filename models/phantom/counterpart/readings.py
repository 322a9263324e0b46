"""What is true in a plane: outlines, ends of lines, numbers. All from the same loops that the picture is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.derive.ventricle.outline import polygon_area
from models.derive.ventricle.volumes import length_cm, single_plane_volume_ml
from models.phantom.counterpart.aorta import ANNULUS, ASCENDING, JUNCTION, SINUS
from models.phantom.counterpart.body import Body
from models.phantom.counterpart.polygons import joined
from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.scene import Cut
from models.phantom.counterpart.section import Loop, Plane, evenly

POINTS = 96
Line = NDArray[np.float64]  # (2, 2): two ends, (lateral, axial) in mm
_SURFACE = {"lv": "lv", "lv_wall": "lv_epi", "la": "la", "ra": "ra", "rv": "rv", "aorta": "aorta"}
_LEAST_MM2 = 60.0  # a plane that only grazes a chamber does not show it
_TRACT_ALONE_MM2 = 250.0
_APICAL = (View.A4C, View.A2C, View.A3C, View.A5C)


def outlines(found: Cut) -> dict[str, NDArray[np.float64]]:
    """The outline of each structure that the plane cuts, (points, 2), (lateral, axial) in mm, float64.

    Where the plane runs through a valve's opening, the first and the last point are the ends of the annulus line, left first.
    `lv_wall` is the outer outline of the wall; the cavity lies within it. `rv` has its outflow tract where the plane cuts both.
    """
    shown = {}
    for structure, surface in _SURFACE.items():
        cut_loops = found.loops.get(surface, [])
        if cut_loops and cut_loops[0].area_mm2 >= _LEAST_MM2:
            loop = cut_loops[0]
            ends = bool((loop.ring < -1e-9).any())
            shown[structure] = evenly(loop.opened(), POINTS, closed=not ends)
    whole = _right_ventricle(found)
    return shown if whole is None else shown | {"rv": evenly(whole, POINTS, closed=True)}


def _right_ventricle(found: Cut) -> NDArray[np.float64] | None:
    """Body and outflow tract as one closed outline (points, 2); None where the body alone is the ventricle, or nothing is."""
    body, tract = _largest(found, "rv"), _largest(found, "rvot")
    if tract is None or tract.area_mm2 < _LEAST_MM2:
        return None
    if body is None or body.area_mm2 < _LEAST_MM2:
        return tract.points if tract.area_mm2 > _TRACT_ALONE_MM2 else None
    return joined(body.points, tract.points)


def across(outline: NDArray[np.float64], through: NDArray[np.float64], along: NDArray[np.float64]) -> Line | None:
    """The two outermost crossings of a straight line with the closed outline (points, 2); None where it misses.

    `through` (2,) is a place on the line and `along` (2,) its direction. All are float64, in mm.
    """
    away = outline - through
    side = away[:, 0] * along[1] - away[:, 1] * along[0]
    following = np.roll(side, -1)
    at = np.flatnonzero((side > 0) != (following > 0))
    if len(at) < 2:
        return None
    share = (side[at] / (side[at] - following[at]))[:, None]
    points = outline[at] * (1 - share) + np.roll(outline, -1, axis=0)[at] * share
    order = np.argsort((points - through) @ along)
    return np.asarray(points[order[[0, -1]]])


@dataclass(eq=False)
class Reader:
    """Collects what one clip shows, frame by frame. Lines are wanted at end-diastole or end-systole alone."""

    heart: Heart
    plane: Plane
    view: View
    contours: list[dict[str, NDArray[np.float64]]] = field(default_factory=list)
    lines: list[dict[str, Line]] = field(default_factory=list)

    def take(self, body: Body, found: Cut, diastole: bool, systole: bool) -> None:
        """Reads one frame."""
        shown = outlines(found)
        self.contours.append(shown)
        lines: dict[str, Line | None] = {}
        if diastole or systole:
            if self.view is View.PLAX:
                lines |= _long_axis_lines(body, found, self.plane, diastole)
                lines |= _aortic_lines(body, found, self.plane, diastole)
            elif self.view in (View.PLAX_HIGH, View.PLAX_ZOOM):
                lines |= _aortic_lines(body, found, self.plane, diastole)
            elif self.view is View.A4C:
                lines |= _right_lines(shown, diastole)
                if diastole and "lv" in shown:
                    lines["lv_len_d_a4c"] = _length(shown["lv"])
            elif self.view is View.SUBCOSTAL_IVC:
                lines["ivc_diam"] = _vein(body, found, self.plane)
        self.lines.append({key: line for key, line in lines.items() if line is not None})

    def contours_mm(self) -> Mapping[str, NDArray[np.float64]]:
        """By structure float64 (frames, points, 2) in mm, NaN on frames where the plane misses it."""
        names = {name for shown in self.contours for name in shown}
        none = np.full((POINTS, 2), np.nan)
        return {name: np.stack([shown.get(name, none) for shown in self.contours]) for name in _SURFACE if name in names}

    def landmarks_mm(self) -> Mapping[str, NDArray[np.float64]]:
        """By quantity float64 (frames, 2, 2) in mm, NaN on frames where its line is not to be drawn."""
        keys = sorted({key for lines in self.lines for key in lines})
        none = np.full((2, 2), np.nan)
        return {key: np.stack([lines.get(key, none) for lines in self.lines]) for key in keys}

    def values(self, ed: tuple[int, ...], es: tuple[int, ...]) -> dict[str, float]:
        """Numbers by key, in the catalogue's units: exact ones of the heart, and what the outlines in this plane give."""
        heart = self.heart
        found = {"hr": heart.rhythm.heart_rate_bpm, "bsa": heart.bsa_m2}
        for key, lines in self.landmarks_mm().items():
            found[key] = float(np.nanmean(np.hypot(*np.moveaxis(lines[:, 0] - lines[:, 1], -1, 0)))) / 10
        if self.view in (View.A4C, View.A2C):
            found |= {
                "lvedv_bp": heart.edv_ml,
                "lvesv_bp": heart.esv_ml,
                "ef_bp": 100 * heart.ef,
                "sv_bp": heart.edv_ml * heart.ef,
            }
            found |= self._discs(ed, es)
        if {"lvidd_2d", "lvids_2d"} <= found.keys():
            found["fs_2d"] = 100 * (1 - found["lvids_2d"] / found["lvidd_2d"])
        if self.view is View.SUBCOSTAL_IVC:
            found["ivc_collapse"] = 100 * heart.ivc_mm[1]
        return found

    def _discs(self, ed: tuple[int, ...], es: tuple[int, ...]) -> dict[str, float]:
        found: dict[str, float] = {}
        first = {"ed": ed[:1], "es": es[:1]}
        for phase, frames in first.items():
            for frame in frames:
                shown = self.contours[frame]
                if "lv" in shown:
                    found[f"lve{phase[1]}v_{self.view}"] = single_plane_volume_ml(shown["lv"] / 10)
                if phase == "es":
                    if "la" in shown:
                        found[f"la_area_{self.view}"] = polygon_area(shown["la"] / 10)
                        found[f"la_vol_mod_{self.view}"] = single_plane_volume_ml(shown["la"] / 10)
                    if "ra" in shown and self.view is View.A4C:
                        found["ra_area"] = polygon_area(shown["ra"] / 10)
                if phase == "ed" and "lv" in shown and self.view is View.A4C:
                    found["lv_len_d_a4c"] = length_cm(shown["lv"] / 10)
        volumes = found.get(f"lvedv_{self.view}"), found.get(f"lvesv_{self.view}")
        if volumes[0] is not None and volumes[1] is not None:
            found[f"ef_{self.view}"] = 100 * (1 - volumes[1] / volumes[0])
        if self.view is View.A4C and ed and es and "rv" in self.contours[ed[0]] and "rv" in self.contours[es[0]]:
            full, empty = (polygon_area(self.contours[frame[0]]["rv"]) for frame in (ed, es))
            found["rv_fac"] = 100 * (1 - empty / full)
        return found


def _length(outline: NDArray[np.float64]) -> Line:
    base = (outline[0] + outline[-1]) / 2
    return np.stack([base, outline[int(np.argmax(np.hypot(*(outline - base).T)))]])


def _largest(found: Cut, surface: str) -> Loop | None:
    return next(iter(found.loops.get(surface, [])), None)


def _long_axis_lines(body: Body, found: Cut, plane: Plane, diastole: bool) -> dict[str, Line | None]:
    """Walls and cavity at the tips of the mitral leaflets, perpendicular to the ventricle's axis; the atrium."""
    cavity, outside, atrium = (_largest(found, name) for name in ("lv", "lv_epi", "la"))
    lines: dict[str, Line | None] = {}
    if cavity is None or outside is None:
        return lines
    top, bottom = plane.flat(body.places["apex"]), plane.flat(body.places["mitral"])
    axis = (top - bottom) / np.linalg.norm(top - bottom)
    perpendicular = np.array([-axis[1], axis[0]]) * (1 if axis[0] < 0 else -1)
    level = bottom + 0.24 * (top - bottom)
    inner, outer = across(cavity.points, level, perpendicular), across(outside.points, level, perpendicular)
    if inner is not None and outer is not None:
        inner, outer = (line[np.argsort(line[:, 1])] for line in (inner, outer))  # the septum is nearer to the probe
        lines["lvidd_2d" if diastole else "lvids_2d"] = inner
        if diastole:
            lines["ivsd_2d"] = np.stack([outer[0], inner[0]])
            lines["lvpwd_2d"] = np.stack([inner[1], outer[1]])
    if not diastole and atrium is not None:
        # Behind the middle of the root, perpendicular to the aorta's own back wall.
        through = plane.flat(body.root.middle)
        towards = np.array([plane.flat(body.root.middle + body.root.across[0])[k] - through[k] for k in (0, 1)])
        lines["la_diam_ap_2d"] = across(atrium.points, through, towards / np.linalg.norm(towards))
    return lines


def _aortic_lines(body: Body, found: Cut, plane: Plane, diastole: bool) -> dict[str, Line | None]:
    """Diameters of the aorta, on the rings where it was built with them; only where the plane runs nearly along it."""
    vessel = _largest(found, "aorta")
    if vessel is None:
        return {}
    wanted = {"ao_root": SINUS, "ao_stj": JUNCTION, "ao_asc": ASCENDING} if diastole else {"ao_annulus": ANNULUS}
    rings = body.root.vessel
    lines: dict[str, Line | None] = {}
    for key, ring in wanted.items():
        flow = rings[ring + 1].mean(axis=0) - rings[max(ring - 1, 0)].mean(axis=0)
        middle = rings[ring].mean(axis=0)
        radius = float(np.linalg.norm(rings[ring] - middle, axis=1).mean())
        if abs(plane.height(middle)) > 0.45 * radius or abs(flow @ plane.normal) > 0.5 * np.linalg.norm(flow):
            continue
        through = plane.flat(middle)
        along = plane.flat(middle + flow) - through
        beside = np.array([-along[1], along[0]]) / np.hypot(*along)
        line = _nearest(vessel.points, through, beside)
        lines[key] = line
        if key == "ao_annulus" and line is not None:
            lines["lvot_diam"] = _nearest(_points(found, "tract"), plane.flat(body.root.tract[3].mean(axis=0)), beside)
    return lines


def _points(found: Cut, surface: str) -> NDArray[np.float64]:
    loop = _largest(found, surface)
    return loop.points if loop else np.empty((0, 2))


def _nearest(outline: NDArray[np.float64], through: NDArray[np.float64], along: NDArray[np.float64]) -> Line | None:
    """The crossings next to `through` on either side of it: a vessel may bend back and be crossed again."""
    if len(outline) < 3:
        return None
    away = outline - through
    side = away[:, 0] * along[1] - away[:, 1] * along[0]
    following = np.roll(side, -1)
    at = np.flatnonzero((side > 0) != (following > 0))
    share = (side[at] / (side[at] - following[at]))[:, None]
    points = outline[at] * (1 - share) + np.roll(outline, -1, axis=0)[at] * share
    way = (points - through) @ along
    if not (way < 0).any() or not (way > 0).any():
        return None
    return np.stack([points[way < 0][np.argmax(way[way < 0])], points[way > 0][np.argmin(way[way > 0])]])


def _right_lines(shown: Mapping[str, NDArray[np.float64]], diastole: bool) -> dict[str, Line | None]:
    """Length of the right ventricle, its width in the middle, and its greatest width in the basal third, at end-diastole."""
    if not diastole or "rv" not in shown:
        return {}
    outline = shown["rv"]
    length = _length(outline)
    axis = length[1] - length[0]
    beside = np.array([-axis[1], axis[0]]) / np.hypot(*axis)
    basal = [across(outline, length[0] + share * axis, beside) for share in np.linspace(0.03, 0.34, 24)]
    widths = [line for line in basal if line is not None]
    widest = max(widths, key=lambda line: float(np.hypot(*(line[0] - line[1]))), default=None)
    return {"rv_basal": widest, "rv_mid": across(outline, length[0] + 0.5 * axis, beside), "rv_length": length}


def _vein(body: Body, found: Cut, plane: Plane) -> Line | None:
    """Two centimetres from the atrium, perpendicular to the vein."""
    rings = body.right.cava.mean(axis=1)
    away = np.linalg.norm(rings - rings[0], axis=1)
    at = int(np.argmin(np.abs(away - 24)))
    through, along = plane.flat(rings[at]), plane.flat(rings[at + 1]) - plane.flat(rings[at - 1])
    return _nearest(_points(found, "ivc"), through, np.array([-along[1], along[0]]) / np.hypot(*along))
