"""M-modes of a heart: the echoes along one line over time, and what is true of the borders in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.catalogue import Mode, View
from models.derive.calipers.linear import fractional_shortening_percent, teichholz_ef_percent
from models.phantom.heart import Beat, Heart, Kind
from models.phantom.rendered import Trace, TraceMark
from models.phantom.traces.cursor import Cursor, Line, columns_of, follow
from models.phantom.traces.display import sweep_seconds
from models.phantom.traces.m_mode_picture import CAUSES, draw_m_mode
from models.phantom.traces.m_mode_views import M_MODE_VIEWS, Depths, cursor_of

_SHAPE = (350, 600)
_STEP_S, _LEAFLET_STEP_S, _BREATHING_STEP_S = 0.028, 0.014, 0.06
_STEPS_S = {View.MMODE_IVC: _BREATHING_STEP_S, View.MMODE_PLAX_AV: _LEAFLET_STEP_S, View.MMODE_PLAX_MITRAL: _LEAFLET_STEP_S}
_MOST_MOMENTS = 240
_BREATHS = (1.3, 2.2)
_RING_MM = 1.6  # half of the echo that the tricuspid ring leaves in a beam as wide as it

Ends = tuple[str, str]
Array = NDArray[np.float64]


def render_m_mode(
    heart: Heart,
    view: View,
    *,
    seed: int,
    quality: int = 3,
    seconds: float | None = None,
    cause: str | None = None,
    shape: tuple[int, int] = _SHAPE,
) -> Trace:
    """The M-mode `view` of this heart over `seconds`, or as long as a usual sweep takes, of `shape` (rows, columns).

    Raises LookupError for a view that is no M-mode, a quality beyond 0 to 3, or an unknown cause.
    """
    if view not in M_MODE_VIEWS or quality not in range(4) or (cause and cause not in CAUSES):
        raise LookupError(f"no M-mode of {view} of quality {quality} by {cause!r}")
    drawn = str(np.random.default_rng([seed, 0xCA05E]).choice(CAUSES))
    cause = "" if quality == 3 else cause or drawn
    row, rng = M_MODE_VIEWS[view], np.random.default_rng([seed, 0x33D0])
    cursor, beyond_mm = cursor_of(row, heart, rng)
    start_s, length_s = _time_shown(heart, view, seconds, rng)
    times_s = start_s + (np.arange(shape[1]) + 0.5) * length_s / shape[1]
    step_s = _STEPS_S.get(view, _STEP_S)
    beats = [beat for beat in heart.beats(1000 * (start_s + length_s)) if beat.start_ms >= 1000 * start_s]
    moments_s = _moments_s(start_s, start_s + length_s, step_s, beats)
    depth_mm = _depth_mm(heart, view, cursor, beyond_mm)
    depths_mm = (np.arange(shape[0]) + 0.5) * depth_mm / shape[0]
    tracks = follow(heart, cursor, moments_s, depths_mm, breathes=view is View.MMODE_IVC)
    depths = {name: np.interp(times_s, moments_s, track) / 10 for name, track in row.borders(tracks, cursor).items()}
    line = columns_of(tracks, times_s)
    if view is View.MMODE_A4CH_RV:
        line = _with_ring(line, depths_mm, 10 * depths["tricuspid_lateral"])
    whole = [beat for beat in beats if beat.start_ms + beat.rr_ms <= 1000 * (start_s + length_s)]
    values, marks = _read(view, whole, depths, times_s)
    return Trace(
        view=view,
        echoview47=row.echoview47,
        mode=Mode.M_MODE,
        panel=draw_m_mode(line, cursor, depth_mm, quality, cause, seed),
        seconds_per_column=length_s / shape[1],
        top_value=depths_mm[0] / 10,
        per_row=depth_mm / shape[0] / 10,
        r_wave_times_ms=tuple(beat.start_ms - 1000 * start_s for beat in beats),
        heart_rate_bpm=heart.heart_rate_bpm,
        quality=quality,
        quality_cause=cause,
        depths_cm=depths,
        marks=tuple(_from_the_left_edge(mark, start_s) for mark in marks),
        values=values,
    )


def _time_shown(heart: Heart, view: View, seconds: float | None, rng: np.random.Generator) -> tuple[float, float]:
    longest_s = max(beat.rr_ms for beat in heart.beats(20_000.0)) / 1000
    start_s = rng.uniform(0.5, 4.0) * heart.rr_interval_ms / 1000
    usual_s = sweep_seconds(longest_s, rng)
    if view is View.MMODE_IVC:
        usual_s = rng.uniform(*_BREATHS) * heart.rhythm.breath_ms / 1000
    return start_s, seconds if seconds is not None else usual_s


def _moments_s(first_s: float, last_s: float, step_s: float, beats: list[Beat]) -> Array:
    """When the heart is looked at: evenly, and where each beat and each systole ends."""
    even = np.linspace(first_s, last_s, min(max(8, round((last_s - first_s) / step_s)), _MOST_MOMENTS))
    events = [(beat.start_ms + after_ms) / 1000 for beat in beats for after_ms in (0.0, beat.end_systole_ms)]
    return np.unique(np.concatenate([even, [moment for moment in events if first_s < moment < last_s]]))


def _depth_mm(heart: Heart, view: View, cursor: Cursor, beyond_mm: float) -> float:
    """As deep as what is sought lies, and `beyond_mm` more."""
    rest = {View.MMODE_A4CH_RV: heart.rv.tapse_mm}.get(view, 0.0)
    return float(np.linalg.norm(cursor.middle_mm - cursor.origin_mm)) + rest + beyond_mm


def _with_ring(line: Line, depths_mm: Array, ring_mm: Array) -> Line:
    """The ring in every column, for the beam is wider than the line is thin."""
    offset = np.abs(depths_mm[:, None] - ring_mm)
    ring = offset < _RING_MM
    return replace(
        line,
        kind=np.where(ring, np.int8(Kind.ANNULUS), line.kind),
        facing=np.where(ring, 1.0, line.facing),
        edge_mm=np.where(ring, _RING_MM - offset, line.edge_mm),
    )


class _Reading:
    """The true depths of one beat, in cm, at any of its moments."""

    def __init__(self, depths: Depths, times_s: Array, beat: Beat) -> None:
        self.depths, self.times_s, self.beat = depths, times_s, beat
        self.r_s, self.end_systole_s = beat.start_ms / 1000, (beat.start_ms + beat.end_systole_ms) / 1000

    def at(self, ends: Ends, time_s: float) -> tuple[float, tuple[tuple[float, float], ...]]:
        """The distance between two borders, and its ends."""
        depths = [float(np.interp(time_s, self.times_s, self.depths[name])) for name in ends]
        return depths[1] - depths[0], tuple((time_s, depth) for depth in depths)

    def extreme(self, ends: Ends, first_s: float, last_s: float, *, largest: bool) -> float:
        """When the distance between two borders is largest, or smallest, between two moments."""
        inside = np.flatnonzero((self.times_s >= first_s) & (self.times_s <= last_s))
        distance = (self.depths[ends[1]] - self.depths[ends[0]])[inside]
        return float(self.times_s[inside[np.nanargmax(distance) if largest else np.nanargmin(distance)]])


_CAVITY, _SEPTUM, _POSTERIOR = ("ivs_left", "lvpw_inner"), ("ivs_right", "ivs_left"), ("lvpw_inner", "lvpw_outer")
_ATRIUM = ("aorta_back", "la_back")
_Found = dict[str, tuple[float, tuple[tuple[float, float], ...]]]


def _ventricle(reading: _Reading) -> _Found:
    smallest_s = reading.extreme(_CAVITY, reading.r_s, reading.r_s + reading.beat.mitral_opening_ms / 1000, largest=False)
    return {
        "ivsd_mm": reading.at(_SEPTUM, reading.r_s),
        "lvidd_mm": reading.at(_CAVITY, reading.r_s),
        "lvpwd_mm": reading.at(_POSTERIOR, reading.r_s),
        "lvids_mm": reading.at(_CAVITY, smallest_s),
    }


def _root(reading: _Reading) -> _Found:
    return {"la_diam_ap_mm": reading.at(_ATRIUM, reading.end_systole_s)}


def _ring(reading: _Reading) -> _Found:
    """From the R wave to the end of systole, along the beam."""
    depth = reading.depths["tricuspid_lateral"]
    ends = tuple((moment, float(np.interp(moment, reading.times_s, depth))) for moment in (reading.r_s, reading.end_systole_s))
    return {"tapse": (ends[0][1] - ends[1][1], ends)}


_READ: Mapping[View, Callable[[_Reading], _Found]] = {
    View.MMODE_PLAX_LV: _ventricle,
    View.MMODE_PLAX_AV: _root,
    View.MMODE_A4CH_RV: _ring,
}


def _read(view: View, beats: list[Beat], depths: Depths, times_s: Array) -> tuple[dict[str, float], list[TraceMark]]:
    if view is View.MMODE_IVC:
        return _cava(depths, times_s)
    if view not in _READ:
        return {}, []
    found = [_READ[view](_Reading(depths, times_s, beat)) for beat in beats]
    keys = [key for key in (found[0] if found else {}) if all(np.isfinite(one[key][0]) for one in found)]
    values = {key: float(np.mean([one[key][0] for one in found])) for key in keys}
    marks = [TraceMark(key, one[key][1]) for one in found for key in keys]
    return values | _derived(values), marks


def _derived(values: Mapping[str, float]) -> dict[str, float]:
    if not {"lvidd_mm", "lvids_mm"} <= values.keys():
        return {}
    pair = values["lvidd_mm"], values["lvids_mm"]
    derived = {"fs_mm": fractional_shortening_percent(*pair), "ef_teichholz_mm": teichholz_ef_percent(*pair)}
    if {"ivsd_mm", "lvpwd_mm"} <= values.keys():
        # The cube formula of the ASE/EACVI recommendations (J Am Soc Echocardiogr 2015;28:1-39), in cm and g.
        whole = values["ivsd_mm"] + values["lvidd_mm"] + values["lvpwd_mm"]
        derived["lv_mass_cube_mm"] = 0.8 * 1.04 * (whole**3 - values["lvidd_mm"] ** 3) + 0.6
    return {key: value for key, value in derived.items() if value is not None}


def _cava(depths: Depths, times_s: Array) -> tuple[dict[str, float], list[TraceMark]]:
    """Widest as expiration ends, narrowest in inspiration; the vein is held to be seen over a whole breath."""
    diameter = depths["ivc_back"] - depths["ivc_front"]
    if not np.isfinite(diameter).any():
        return {}, []
    widest, narrowest = int(np.nanargmax(diameter)), int(np.nanargmin(diameter))
    largest, smallest = float(diameter[widest]), float(diameter[narrowest])
    marks = [
        TraceMark(key, tuple((float(times_s[column]), float(depths[name][column])) for name in ("ivc_front", "ivc_back")))
        for key, column in (("ivc_diam", widest), ("ivc_collapse", narrowest))
    ]
    return {"ivc_diam": largest, "ivc_collapse": 100 * (largest - smallest) / largest}, marks


def _from_the_left_edge(mark: TraceMark, start_s: float) -> TraceMark:
    return TraceMark(mark.key, tuple((time_s - start_s, depth) for time_s, depth in mark.places))
