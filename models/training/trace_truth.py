"""What is to be marked in a spectrum or an M-mode, from its truth: flow up to the envelope, named waves, layers of tissue."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.catalogue.trace_labels import LAYERS, WAVES
from models.phantom.rendered import Trace

Columns = NDArray[np.bool_]
Array = NDArray[np.float64]

_LEAST_SHARE = 0.02  # of the highest velocity: below it nothing flows
_SAME_WAVE_S = 0.15
# Which wave a quantity is the peak of.
_WAVE_OF = {
    "mv_e": "e", "mv_a": "a", "e_septal": "e", "a_septal": "a", "s_septal": "s", "e_lateral": "e", "a_lateral": "a",
    "s_lateral": "s", "tv_s": "s", "pulm_vein_s": "s", "pulm_vein_d": "e",
}  # fmt: skip
_TISSUE = ("e", "a", "s")
# The waves that the truth of a view names wherever they are; of others nothing is taught.
_NAMED: Mapping[View, tuple[str, ...]] = {
    View.DOPPLER_MV_PW: WAVES, View.DOPPLER_TISSUE_SEPTAL: _TISSUE, View.DOPPLER_TISSUE_LATERAL: _TISSUE,
    View.DOPPLER_TISSUE_RV: ("s",), View.DOPPLER_PULMONARY_VEIN_PW: ("s", "e"),
}  # fmt: skip
# The borders of a layer, by each generator's names.
_BORDERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "septum": (("ivs_right", "ivs_left"), ("septum_right", "septum_left")),
    "cavity": (("ivs_left", "lvpw_inner"), ("septum_left", "posterior_endocardium")),
    "posterior_wall": (("lvpw_inner", "lvpw_outer"), ("posterior_endocardium", "posterior_epicardium")),
    "root": (("aorta_front", "aorta_back"), ("root_anterior", "root_posterior")),
    "la": (("aorta_back", "la_back"), ("root_posterior", "la_posterior")),
    "before_ring": (("", "tricuspid_lateral"), ("", "tricuspid_annulus")),
}  # fmt: skip
_MOST_UNKNOWN = 0.05  # share of the columns without a border beyond which a layer is not taught


def extents(trace: Trace) -> dict[str, tuple[Array, Array]]:
    """By label the values between which it is marked, both float64 (columns,), cm/s or cm; NaN where it is not."""
    if trace.envelope_cm_s is None:
        return _layers(trace)
    envelope = trace.envelope_cm_s
    flows = np.abs(envelope) > _LEAST_SHARE * np.abs(envelope).max()
    zero = np.zeros_like(envelope)
    marked = {"flow": flows, **_waves(trace, flows)}
    return {label: (np.where(where, zero, np.nan), np.where(where, envelope, np.nan)) for label, where in marked.items()}


def _layers(trace: Trace) -> dict[str, tuple[Array, Array]]:
    found = {}
    top = trace.top_value - trace.per_row
    columns = trace.panel.shape[1]
    for label in LAYERS:
        for near, far in _BORDERS[label]:
            if far not in trace.depths_cm:
                continue
            ends = trace.depths_cm[near] if near else np.full(columns, top), trace.depths_cm[far]
            if np.isfinite(ends[0] + ends[1]).mean() >= 1 - _MOST_UNKNOWN:
                found[label] = ends
    return found


def _waves(trace: Trace, flows: Columns) -> dict[str, Columns]:
    """The columns of every named wave, those of beats that the edges cut included."""
    named = _NAMED.get(trace.view, ())
    marked = [(_WAVE_OF[mark.key], *mark.places[0]) for mark in trace.marks if _WAVE_OF.get(mark.key) in named]
    if not marked or not trace.r_wave_times_ms:
        return {}
    assert trace.envelope_cm_s is not None
    envelope, step_s = trace.envelope_cm_s, trace.seconds_per_column
    peaks = sorted(_all_peaks(marked, np.array(trace.r_wave_times_ms) / 1000, trace.heart_rate_bpm))
    columns = [round(seconds / step_s - 0.5) for seconds, _, _ in peaks]
    parted = [0, *(_parting(envelope, first, last) for first, last in pairwise(columns)), len(envelope)]
    found = {name: np.zeros(len(envelope), bool) for name in named}
    for (_, name, value), (first, last) in zip(peaks, pairwise(parted), strict=True):
        part = slice(max(first, 0), max(last, 0))
        found[name][part] = flows[part] & (np.sign(envelope[part]) == np.sign(value))
    return found


def _all_peaks(
    marked: list[tuple[str, float, float]], r_waves_s: Array, heart_rate_bpm: float
) -> list[tuple[float, str, float]]:
    """(s, wave, value) of the marked peaks, and where those of the other beats have to be: A by the R wave that follows it."""
    rr_s = float(np.diff(r_waves_s).mean()) if len(r_waves_s) > 1 else 60 / heart_rate_bpm
    waves_s = np.concatenate([[r_waves_s[0] - rr_s], r_waves_s, [r_waves_s[-1] + rr_s]])
    found = [(seconds, name, value) for name, seconds, value in marked]
    for name in sorted({name for name, _, _ in marked}):
        places = [(seconds, value) for one, seconds, value in marked if one == name]
        offsets = [seconds - _reference(waves_s, seconds, after=name == "a") for seconds, _ in places]
        for wave_s in waves_s:
            seconds = wave_s + float(np.median(offsets))
            if all(abs(seconds - known) > _SAME_WAVE_S for known, _ in places):
                found.append((seconds, name, places[0][1]))
    return found


def _reference(waves_s: Array, seconds: float, *, after: bool) -> float:
    place = int(np.searchsorted(waves_s, seconds))
    return float(waves_s[min(max(place if after else place - 1, 0), len(waves_s) - 1)])


def _parting(envelope: Array, first: int, last: int) -> int:
    """The column between two peaks at which least flows; the middle where they lie beyond an edge."""
    low, high = max(first, 0), min(last, len(envelope))
    if high - low < 2:
        return (first + last) // 2
    return low + int(np.abs(envelope[low:high]).argmin())
