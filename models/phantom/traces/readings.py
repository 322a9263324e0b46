"""Which numbers are read in a trace by view, where in it, and what they are by the convention of the catalogue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.catalogue import QUANTITIES, View
from models.phantom.rendered import TraceMark
from models.phantom.traces.beats import Beat
from models.phantom.traces.streams import Waves
from models.phantom.traces.waves import Wave, envelope_of

_HALF_PRESSURE = 1 - np.sqrt(0.5)  # velocity has fallen by that share of its peak when pressure has halved
_STEP_S = 0.0005


@dataclass(frozen=True)
class Read:
    """A value in cm/s, cm, ms or mmHg, and the places (s, cm/s) where it is read, none where it is no point of the trace."""

    value: float
    places: tuple[tuple[float, float], ...] = ()


_Way = Callable[[Sequence[Wave], Beat], Read]


def _peak(waves: Sequence[Wave], beat: Beat) -> Read:
    return Read(abs(waves[0].peak_cm_s), ((waves[0].peak_s, waves[0].peak_cm_s),))


def _gradient(waves: Sequence[Wave], beat: Beat) -> Read:
    return Read(4 * (waves[0].peak_cm_s / 100) ** 2)


def _integral(waves: Sequence[Wave], beat: Beat) -> Read:
    """Of overlapping waves the envelope counts."""
    first_s, last_s = min(wave.onset_s for wave in waves), max(wave.end_s for wave in waves)
    ends = ((first_s, 0.0), (last_s, 0.0))
    if len(waves) == 1:
        return Read(waves[0].vti_cm, ends)
    envelope = envelope_of(waves, np.arange(first_s, last_s, _STEP_S) + _STEP_S / 2)
    return Read(float(np.abs(envelope).sum() * _STEP_S), ends)


def _mean_gradient(waves: Sequence[Wave], beat: Beat) -> Read:
    """Over the time that the valve is open."""
    lengths = [wave.duration_s for wave in waves]
    return Read(float(np.average([wave.mean_gradient_mmhg for wave in waves], weights=lengths)))


def _fall(waves: Sequence[Wave], beat: Beat) -> Read:
    """From the peak along its straight fall to the base line."""
    wave = waves[0]
    length_s = (wave.end_s - wave.peak_s) / (1 - wave.shape.floor)
    return Read(1000 * length_s, ((wave.peak_s, wave.peak_cm_s), (wave.peak_s + length_s, 0.0)))


def _half_time(waves: Sequence[Wave], beat: Beat) -> Read:
    wave = waves[0]
    half_s = _fall(waves, beat).value / 1000 * _HALF_PRESSURE
    return Read(1000 * half_s, ((wave.peak_s, wave.peak_cm_s), (wave.peak_s + half_s, wave.peak_cm_s * (1 - _HALF_PRESSURE))))


def _rise(waves: Sequence[Wave], beat: Beat) -> Read:
    wave = waves[0]
    return Read(1000 * (wave.peak_s - wave.onset_s), ((wave.onset_s, 0.0), (wave.peak_s, wave.peak_cm_s)))


def _relaxation(waves: Sequence[Wave], beat: Beat) -> Read:
    closed_s, open_s = beat.aortic_closure_s, beat.mitral_opening_s
    return Read(1000 * (open_s - closed_s), ((closed_s, 0.0), (open_s, 0.0)))


# By view: the quantity, the waves it needs, and the way it is read.
READINGS: dict[View, tuple[tuple[str, str, _Way], ...]] = {
    View.DOPPLER_AV_PW: (("lvot_vmax", "ejection", _peak), ("lvot_vti", "ejection", _integral)),
    View.DOPPLER_AV_CW: (
        ("av_vmax", "ejection", _peak),
        ("av_pg", "ejection", _gradient),
        ("av_vti", "ejection", _integral),
        ("av_mg", "ejection", _mean_gradient),
        ("ar_pht", "leak", _half_time),
    ),
    View.DOPPLER_MV_PW: (
        ("mv_e", "e", _peak),
        ("mv_a", "a", _peak),
        ("mv_dt", "e", _fall),
        ("mv_pht", "e", _half_time),
        ("mv_vti", "e a", _integral),
        ("ivrt", "", _relaxation),
    ),
    View.DOPPLER_MV_CW: (("mr_vmax", "leak", _peak), ("mv_mg", "e a", _mean_gradient)),
    View.DOPPLER_TV_CW: (("tr_vmax", "leak", _peak), ("tr_pg", "leak", _gradient)),
    View.DOPPLER_PV_PW: (("rvot_vti", "ejection", _integral), ("rvot_at", "ejection", _rise)),
    View.DOPPLER_PV_CW: (("pv_vmax", "ejection", _peak), ("pv_vti", "ejection", _integral)),
    View.DOPPLER_PULMONARY_VEIN_PW: (("pulm_vein_s", "s", _peak), ("pulm_vein_d", "d", _peak)),
    View.DOPPLER_TISSUE_SEPTAL: (("e_septal", "e", _peak), ("a_septal", "a", _peak), ("s_septal", "s", _peak)),
    View.DOPPLER_TISSUE_LATERAL: (("e_lateral", "e", _peak), ("a_lateral", "a", _peak), ("s_lateral", "s", _peak)),
    View.DOPPLER_TISSUE_RV: (("tv_s", "s", _peak),),
}
_RATIOS = {"mv_ea": ("mv_e", "mv_a"), "pulm_vein_sd": ("pulm_vein_s", "pulm_vein_d")}


def read(view: View, beats: Sequence[tuple[Beat, Waves]]) -> tuple[dict[str, float], tuple[TraceMark, ...]]:
    """The values of these whole beats by key, in the catalogue's units, and where each beat shows them.

    A value is the mean of its beats, or the highest where that counts. A ratio is one of means.
    """
    found: dict[str, list[Read]] = {}
    for beat, waves in beats:
        for key, names, way in READINGS.get(view, ()):
            needed = [waves[name] for name in names.split() if name in waves]
            if needed or not names:
                found.setdefault(key, []).append(way(needed, beat))
    values = {key: _of_beats(key, [one.value for one in of_key]) for key, of_key in found.items()}
    values |= {
        ratio: values[one] / values[other] for ratio, (one, other) in _RATIOS.items() if one in values and other in values
    }
    marks = (TraceMark(key, one.places) for key, of_key in found.items() for one in of_key if one.places)
    return values, tuple(marks)


def _of_beats(key: str, values: Sequence[float]) -> float:
    """Of the beats' values in cm/s, cm, ms or mmHg, in the unit of the quantity. A gradient is that of its peak."""
    quantity = QUANTITIES[key]
    peak_counts = quantity.highest or any(QUANTITIES[part].highest for part in quantity.parts)
    value = max(values) if peak_counts else float(np.mean(values))
    return value / 100 if quantity.unit == "m/s" else value
