"""What can be read in a clip of one plane, and its true value there."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.catalogue import Phase, View
from models.derive.ventricle.outline import polygon_area
from models.phantom.heart import Heart, true_values
from models.phantom.planes.lines import LINES, Slice, drawn
from models.phantom.planes.phases import PhaseFrames
from models.phantom.planes.placement import Placement
from models.phantom.rendered import PlaneClip

# What of the whole heart a view is measured for: exact values of the heart, not of the plane.
_OF_HEART: Mapping[View, Mapping[str, str]] = {
    View.A4C: {"ef_a4c": "ef_bp", "lvedv_a4c": "lvedv_bp", "lvesv_a4c": "lvesv_bp", "la_vol_mod_a4c": "la_vol_mod_bp"},
    View.A2C: {"ef_a2c": "ef_bp", "lvedv_a2c": "lvedv_bp", "lvesv_a2c": "lvesv_bp", "la_vol_mod_a2c": "la_vol_mod_bp"},
}
_LV_KEYS = frozenset({"ef_a4c", "lvedv_a4c", "lvesv_a4c", "ef_a2c", "lvedv_a2c", "lvesv_a2c"})
_AREAS: Mapping[View, Mapping[str, str]] = {View.A4C: {"la_area_a4c": "la", "ra_area": "ra"}, View.A2C: {"la_area_a2c": "la"}}
# A chamber that is cut off by more than this is not measured.
_WHOLE = 0.93
_VENA_CAVA = "ivc_diam"


def drawn_lines(view: View, slices: Sequence[Slice], phases: PhaseFrames) -> dict[str, NDArray[np.float64]]:
    """The ends of each line that the view carries, by key: float64 (frames, 2, 2), mm, NaN where it is not to be drawn."""
    frames_of = {Phase.END_DIASTOLE: phases.diastolic, Phase.END_SYSTOLE: phases.systolic, None: phases.midsystolic}
    found: dict[str, NDArray[np.float64]] = {}
    for frame, cut in enumerate(slices):
        now = [line for line in LINES if line.key == _VENA_CAVA or frame in frames_of[line.phase]]
        for key, ends in drawn(cut, [line for line in now if view in line.views]).items():
            found.setdefault(key, np.full((len(slices), 2, 2), np.nan))[frame] = ends
    if _VENA_CAVA in found:
        widest = np.nanargmax(_lengths(found[_VENA_CAVA]))
        found[_VENA_CAVA][np.arange(len(slices)) != widest] = np.nan
    return found


def _lengths(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (frames,) in mm of lines (frames, 2, 2)."""
    return np.asarray(np.hypot(*np.moveaxis(ends[:, 1] - ends[:, 0], -1, 0)))


def plane_values(heart: Heart, clip: PlaneClip, placement: Placement) -> dict[str, float]:
    """By key, in the catalogue's units: lengths and areas of this plane, volumes of the heart, where the picture shows them."""
    values = {key: float(np.nanmean(_lengths(ends))) / 10 for key, ends in clip.landmarks_mm.items()}
    if "lvidd_2d" in values and "lvids_2d" in values:
        values["fs_2d"] = 100 * (1 - values["lvids_2d"] / values["lvidd_2d"])
    whole = {name for name, outline in clip.contours_mm.items() if _held(outline, placement)}
    exact = true_values(heart)
    for key, source in _OF_HEART.get(clip.view, {}).items():
        if source in exact and ("lv" if key in _LV_KEYS else "la") in whole:
            values[key] = exact[source]
    for key, name in _AREAS.get(clip.view, {}).items():
        if name in whole and (area := _area_cm2(clip, name, clip.es_frames)) is not None:
            values[key] = area
    if clip.view is View.A4C and "rv" in whole:
        ed, es = _area_cm2(clip, "rv", clip.ed_frames), _area_cm2(clip, "rv", clip.es_frames)
        if ed and es:
            values["rv_fac"] = 100 * (1 - es / ed)
    values["hr"] = heart.heart_rate_bpm
    return {key: value for key, value in values.items() if math.isfinite(value)}


def _held(outline: NDArray[np.float64], placement: Placement) -> bool:
    """Whether the sector holds nearly all of `outline` (frames, points, 2), mm, on every frame."""
    return not np.isnan(outline).any() and bool((placement.shows(outline).mean(axis=1) >= _WHOLE).all())


def _area_cm2(clip: PlaneClip, name: str, frames: Sequence[int]) -> float | None:
    areas = [polygon_area(clip.contours_mm[name][frame]) / 100 for frame in frames]
    return float(np.mean(areas)) if areas else None
