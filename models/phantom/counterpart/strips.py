"""M-modes: one beam through the same heart, machine and artefacts as the films, many times a second."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.catalogue import Mode, View
from models.phantom.counterpart.body import Body, body_at
from models.phantom.counterpart.left_heart import direction
from models.phantom.counterpart.machine import sample_style
from models.phantom.counterpart.picture import Picture
from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.ring_stack import Grid
from models.phantom.counterpart.scene import Cut
from models.phantom.counterpart.section import Plane
from models.phantom.counterpart.windows import Window
from models.phantom.rendered import SectorShape, Trace, TraceMark

_CLASS = {
    View.MMODE_PLAX_LV: "mmode-plax-lv", View.MMODE_PLAX_AV: "mmode-plax-av", View.MMODE_PLAX_MITRAL: "mmode-plax-mitral",
    View.MMODE_A4CH_RV: "mmode-a4ch-rv", View.MMODE_IVC: "mmode-ivc",
}  # fmt: skip
STRIPS = tuple(_CLASS)
_LINES = 9  # a bundle around the cursor, for the beam has a width
_HALF_RAD = 0.05


@dataclass(frozen=True)
class _Border:
    """A surface that the cursor passes: the first or the last crossing with it."""

    surface: str
    last: bool


_BORDERS = {
    View.MMODE_PLAX_LV: {
        "septum_right": _Border("lv_epi", False), "septum_left": _Border("lv", False),
        "posterior_endocardium": _Border("lv", True), "posterior_epicardium": _Border("lv_epi", True),
    },
    View.MMODE_PLAX_MITRAL: {"septum_left": _Border("lv", False), "posterior_endocardium": _Border("lv", True)},
    View.MMODE_PLAX_AV: {
        "root_anterior": _Border("aorta", False), "root_posterior": _Border("aorta", True), "la_posterior": _Border("la", True),
    },
    View.MMODE_IVC: {"cava_anterior": _Border("ivc", False), "cava_posterior": _Border("ivc", True)},
    View.MMODE_A4CH_RV: {},
}  # fmt: skip
# Lines that are read between two borders: key, phase, borders.
_LINES_READ = {
    View.MMODE_PLAX_LV: (
        ("ivsd_mm", "ed", "septum_right", "septum_left"), ("lvidd_mm", "ed", "septum_left", "posterior_endocardium"),
        ("lvpwd_mm", "ed", "posterior_endocardium", "posterior_epicardium"),
        ("lvids_mm", "es", "septum_left", "posterior_endocardium"),
    ),
    View.MMODE_PLAX_AV: (("la_diam_ap_mm", "es", "root_posterior", "la_posterior"),),
}  # fmt: skip


def render_strip(heart: Heart, view: View, *, seed: int, quality: int, seconds: float | None, shape: tuple[int, int]) -> Trace:
    """An M-mode of the heart; `shape` is (rows, columns). `seed` draws the cursor's place, the machine and the noise."""
    rng = np.random.default_rng([seed, heart.seed, list(View).index(view), 6133])
    style, cause = sample_style(quality, rng)
    style = replace(style, persistence=0.0, compound=False)
    lasts = seconds or float(rng.uniform(3.5, 6.0) if view is View.MMODE_IVC else rng.uniform(1.8, 3.2))
    rows, columns = shape
    shots = min(columns, int(lasts * (45 if view is View.MMODE_IVC else 60)))
    times = (np.arange(shots) + 0.5) * 1000 * lasts / shots
    begin = float(rng.uniform(0, 60000 / heart.rhythm.heart_rate_bpm))
    start = body_at(heart, 0.0)
    window = _cursor(heart, start, view, rng)
    picture = Picture(window, start, style, (rows, _LINES), rng, 0.0)
    beams, depths, annulus = [], [], []
    for time in times:
        body = body_at(heart, begin + float(time))
        pixels, found = picture.frame(body, begin + float(time))
        beams.append(pixels[:, _LINES // 2])
        depths.append(_crossed(found, window, view))
        annulus.append(float((body.right.annulus[1] - window.plane.origin) @ window.plane.forward - window.sector.near_mm) / 10)
    at = (np.arange(columns) + 0.5) * 1000 * lasts / columns
    curves = {name: np.interp(at, times, [one[name] for one in depths]) for name in _BORDERS[view]}
    if view is View.MMODE_A4CH_RV:
        curves["tricuspid_annulus"] = np.interp(at, times, annulus)
    waves = np.array(heart.rhythm.r_wave_times_ms(begin + 1000 * lasts + 2000)) - begin
    panel = cv2.resize(np.stack(beams, axis=1), (columns, rows), interpolation=cv2.INTER_LINEAR)
    depth_cm = (window.sector.far_mm - window.sector.near_mm) / 10
    marks = _marks(view, curves, waves, heart.rhythm.systole_ms, 1000 * lasts)
    return Trace(
        view=view,
        echoview47=_CLASS[view],
        mode=Mode.M_MODE,
        panel=np.asarray(np.clip(panel, 0, 1), dtype=np.float32),
        seconds_per_column=lasts / columns,
        top_value=0.0,
        per_row=depth_cm / (rows - 1),
        r_wave_times_ms=tuple(float(wave) for wave in waves if 0 <= wave <= 1000 * lasts),
        heart_rate_bpm=heart.rhythm.heart_rate_bpm,
        quality=quality,
        quality_cause=cause,
        depths_cm=curves,
        marks=marks,
        values=_values(view, marks, curves, heart),
    )


def _cursor(heart: Heart, body: Body, view: View, rng: np.random.Generator) -> Window:
    """A narrow bundle about the cursor, from the probe through what the M-mode is of."""
    fore, around = direction(np.radians(330)), "chest"
    right: Grid = np.array([0, 0, -1.0])
    mitral, apex = body.places["mitral"], body.places["apex"]
    reach = float(np.linalg.norm(body.left.epi[6, 20, :2])) + 0.5 * heart.rv_base_mm + heart.chest_wall_mm
    beyond = 28.0
    if view is View.MMODE_PLAX_LV:
        target = mitral + rng.uniform(0.26, 0.34) * (apex - mitral)
        beyond = body.left.base_mm + heart.posterior_mm + 22
    elif view is View.MMODE_PLAX_MITRAL:
        target = body.places["tips"] + np.array([0, 0, -2.0])
        beyond = body.left.base_mm + heart.posterior_mm + 24
    elif view is View.MMODE_PLAX_AV:
        target = body.root.middle + np.array([0, 0, rng.uniform(-3, 2)])
        fore = body.root.across[0]
        right = body.root.along
        beyond = 34 + 18 * (heart.la_ml[1] / 60) ** (1 / 3) * 2
        reach = 0.5 * heart.root_mm[1] + heart.pa_mm + heart.chest_wall_mm + 8
    elif view is View.MMODE_IVC:
        rings = body.right.cava.mean(axis=1)
        target = rings[int(np.argmin(np.abs(np.linalg.norm(rings - rings[0], axis=1) - 24)))]
        right = rings[0] - rings[6]
        right = right / np.linalg.norm(right)
        fore = np.array([-0.2, 0.1, -1.0])
        fore = fore - (fore @ right) * right
        reach, beyond, around = 45 + heart.chest_wall_mm, 45.0, "liver"
    else:
        target = body.right.annulus[1] + np.array([0, 0, 0.45 * heart.tapse_mm])
        face = body.places["apex_outside"] + np.array([0, 0, 0.8 * heart.chest_wall_mm + 5])
        face = face + rng.uniform(0.3, 0.6) * float(np.linalg.norm(target[:2])) * direction(np.radians(208))
        fore, right = target - face, direction(np.radians(30))
        reach, beyond = float(np.linalg.norm(fore)), 45.0
    fore = fore / np.linalg.norm(fore)
    right = right - (right @ fore) * fore
    right = right / np.linalg.norm(right)
    behind = float(rng.uniform(2, 8))
    depth = reach + beyond * float(rng.uniform(0.95, 1.2))
    return Window(Plane(target - (reach + behind) * fore, fore, right), SectorShape(_HALF_RAD, behind, behind + depth), around)


def _crossed(found: Cut, window: Window, view: View) -> dict[str, float]:
    """Depth in cm of each border on the cursor; NaN where it is missed."""
    depths = {}
    for name, border in _BORDERS[view].items():
        places: list[float] = []
        for loop in found.loops.get(border.surface, [])[:1]:
            x, y = loop.points.T
            after, below = np.roll(x, -1), np.roll(y, -1)
            at = (x > 0) != (after > 0)
            places += (y[at] + (below - y)[at] * x[at] / (x - after)[at]).tolist()
        inside = [place for place in places if place > window.sector.near_mm]
        place = (max(inside) if border.last else min(inside)) if inside else np.nan
        depths[name] = float(place - window.sector.near_mm) / 10
    return depths


def _marks(
    view: View, curves: dict[str, NDArray[np.float64]], waves: NDArray[np.float64], systole_ms: float, lasts_ms: float
) -> tuple[TraceMark, ...]:
    marks = []
    at = (np.arange(len(next(iter(curves.values())))) + 0.5) * lasts_ms / len(next(iter(curves.values())))
    for wave in waves:
        if wave < 0 or wave + systole_ms > lasts_ms:
            continue
        when = {"ed": wave, "es": wave + systole_ms}
        for key, phase, first, second in _LINES_READ.get(view, ()):
            ends = [float(np.interp(when[phase], at, curves[name])) for name in (first, second)]
            if np.isfinite(ends).all():
                marks.append(TraceMark(key, tuple((when[phase] / 1000, end) for end in ends)))
        if view is View.MMODE_A4CH_RV:
            ends = [float(np.interp(when[phase], at, curves["tricuspid_annulus"])) for phase in ("ed", "es")]
            marks.append(TraceMark("tapse", tuple((time / 1000, end) for time, end in zip(when.values(), ends, strict=True))))
    return tuple(marks)


def _values(view: View, marks: tuple[TraceMark, ...], curves: dict[str, NDArray[np.float64]], heart: Heart) -> dict[str, float]:
    """What the marks give, as means over beats: the numbers along this cursor."""
    found = {"hr": heart.rhythm.heart_rate_bpm}
    for key in sorted({mark.key for mark in marks}):
        found[key] = float(np.mean([abs(mark.places[1][1] - mark.places[0][1]) for mark in marks if mark.key == key]))
    if {"lvidd_mm", "lvids_mm"} <= found.keys():
        found["fs_mm"] = 100 * (1 - found["lvids_mm"] / found["lvidd_mm"])
    if view is View.MMODE_IVC:
        wide = curves["cava_posterior"] - curves["cava_anterior"]
        if np.isfinite(wide).all():
            found["ivc_diam"] = float(wide.max())
            found["ivc_collapse"] = 100 * float(1 - wide.min() / wide.max())
    return found
