"""Which waves of velocity pass a sample volume or a beam in one beat, by view: positive towards the transducer."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.catalogue import View
from models.phantom.traces.beats import Beat
from models.phantom.traces.haemodynamics import Haemodynamics
from models.phantom.traces.waves import Shape, Wave, peak_for

Waves = dict[str, Wave]

_ATRIAL = Shape(0.5, 1.2, 1.2)
_TISSUE_SYSTOLE, _TISSUE_EARLY, _TISSUE_ATRIAL = Shape(0.32, 1.1, 1.2), Shape(0.45, 1.3, 1.4), Shape(0.5, 1.3, 1.3)
_RING_TWITCH = Shape(0.5, 1.5, 1.5)
_RESPIRATION = {"mitral": -0.04, "tricuspid": 0.15, "pulmonary": 0.07}  # change of velocity with inspiration


def _ejected(beat: Beat, ml: float, cm2: float, shape: Shape) -> Wave:
    peak = peak_for(ml * beat.ejected / cm2, beat.ejection_s, shape)
    return Wave(beat.aortic_opening_s, beat.ejection_s, -peak, shape)


def _lvot(flow: Haemodynamics, beat: Beat) -> Waves:
    return {"ejection": _ejected(beat, flow.forward_ml, flow.lvot_cm2, flow.outflow)}


def _aortic(flow: Haemodynamics, beat: Beat) -> Waves:
    waves = {"ejection": _ejected(beat, flow.forward_ml, flow.aortic_valve_cm2, flow.stenotic)}
    return waves | _aortic_leak(flow, beat)


def _aortic_leak(flow: Haemodynamics, beat: Beat) -> Waves:
    """From the valve's closure until the next beat opens it; velocity falls on a line with the given half time."""
    if not flow.aortic_jet_cm_s:
        return {}
    duration_s = beat.next_opening_s - beat.aortic_closure_s
    rise = min(0.05 / duration_s, 0.3)
    # Pressure has halved when velocity is 1 / sqrt(2) of its peak.
    floor = 1 - duration_s * (1 - rise) * (1 - np.sqrt(0.5)) / flow.aortic_half_time_s
    return {
        "leak": Wave(beat.aortic_closure_s, duration_s, flow.aortic_jet_cm_s, Shape(rise, 0.7, 0.0, max(float(floor), 0.05)))
    }


def _early_s(flow: Haemodynamics, beat: Beat) -> float:
    """Velocity falls on while the ventricle hardly fills any more, until the atria contract."""
    longest_s = (beat.atrial_s or beat.next_r_s) - beat.mitral_opening_s
    return min(flow.early_tail * (beat.early_end_s - beat.mitral_opening_s), longest_s)


def _filling(flow: Haemodynamics, beat: Beat, cm2: float, early_share: float, ml: float, valve: str) -> Waves:
    shape, breath = Shape(flow.early_rise, 1.2, 0.0), 1 + _RESPIRATION[valve] * beat.breath
    early_s, vti_cm = _early_s(flow, beat), ml * beat.filled * breath / cm2
    if beat.atrial_s is None:
        return {"e": Wave(beat.mitral_opening_s, early_s, peak_for(vti_cm, early_s, shape), shape)}
    atrial_s = beat.next_r_s - beat.atrial_s
    return {
        "e": Wave(beat.mitral_opening_s, early_s, peak_for(early_share * vti_cm, early_s, shape), shape),
        "a": Wave(beat.atrial_s, atrial_s, peak_for((1 - early_share) * vti_cm, atrial_s, _ATRIAL), _ATRIAL),
    }


def _mitral(flow: Haemodynamics, beat: Beat) -> Waves:
    return _filling(flow, beat, flow.mitral_cm2, flow.pump.early_share, flow.pump.stroke_ml - flow.aortic_leak_ml, "mitral")


def _mitral_leak(flow: Haemodynamics, beat: Beat) -> Waves:
    waves = {name: wave.scaled(1.12) for name, wave in _mitral(flow, beat).items()}  # the beam finds the fastest of the inflow
    if flow.mitral_jet_cm_s:
        closed_s = beat.mitral_opening_s - beat.r_s
        steep = replace(flow.jet, rise=flow.jet.rise * 0.9, rise_power=flow.jet.rise_power * 0.7)
        waves["leak"] = Wave(beat.r_s, closed_s, -flow.mitral_jet_cm_s * (0.85 + 0.15 * beat.ejected), steep)
    return waves


def _tricuspid(flow: Haemodynamics, beat: Beat) -> Waves:
    ml = flow.pump.right_stroke_ml
    return _filling(flow, beat, flow.tricuspid_cm2, flow.right_early_share, ml, "tricuspid")


def _tricuspid_leak(flow: Haemodynamics, beat: Beat) -> Waves:
    waves = _tricuspid(flow, beat)
    if flow.tricuspid_jet_cm_s:
        closed_s = beat.mitral_opening_s - beat.r_s
        jet = flow.tricuspid_jet_cm_s * (0.9 + 0.1 * beat.ejected) * (1 + 0.03 * beat.breath)
        waves["leak"] = Wave(beat.r_s, closed_s, -jet, flow.jet)
    return waves


def _pulmonary(flow: Haemodynamics, beat: Beat, cm2: float) -> Waves:
    ml = flow.pump.right_stroke_ml * (1 + _RESPIRATION["pulmonary"] * beat.breath)
    wave = _ejected(beat, ml, cm2, flow.right_outflow)
    # The right ventricle ejects a little earlier and longer than the left one.
    longer = 1.08
    return {"ejection": replace(wave, onset_s=wave.onset_s - 0.01, duration_s=wave.duration_s * longer).scaled(1 / longer)}


def _vein(flow: Haemodynamics, beat: Beat) -> Waves:
    s_cm_s, d_cm_s, back_cm_s = flow.vein_cm_s
    first_s = beat.r_s + 0.03
    systole_s = beat.mitral_opening_s - first_s
    early_s = 1.1 * (beat.early_end_s - beat.mitral_opening_s)
    waves = {
        "s": Wave(first_s, systole_s, s_cm_s * (0.8 + 0.2 * beat.ejected), Shape(0.5, 1.0, 1.1)),
        "d": Wave(beat.mitral_opening_s + 0.01, early_s, d_cm_s * (0.8 + 0.2 * beat.filled), Shape(0.38, 1.2, 1.1)),
    }
    if beat.atrial_s is not None:
        waves["back"] = Wave(beat.atrial_s, 0.13, -back_cm_s, _ATRIAL)
    return waves


def _descending(flow: Haemodynamics, beat: Beat) -> Waves:
    """Seven tenths of the stroke, for the rest went to arms and head.

    Then blood runs back for a moment, or all through diastole if the aortic valve leaks.
    """
    waves = {"ejection": _ejected(beat, 0.7 * flow.forward_ml, flow.descending_cm2, replace(flow.outflow, rise=0.3))}
    peak = abs(waves["ejection"].peak_cm_s)
    waves["ejection"] = replace(waves["ejection"], onset_s=beat.aortic_opening_s + 0.03)
    if flow.aortic_leak_ml > 0.2 * flow.pump.stroke_ml:
        rest_s = beat.next_opening_s - beat.aortic_closure_s - 0.02
        waves["back"] = Wave(beat.aortic_closure_s + 0.035, rest_s, 0.25 * peak, Shape(0.15, 1.0, 0.0, 0.6))
    else:
        waves["back"] = Wave(beat.aortic_closure_s + 0.035, 0.12, 0.16 * peak, Shape(0.3, 1.0, 1.2))
    return waves


def _ring(flow: Haemodynamics, beat: Beat, excursion_cm: float, early_share: float) -> Waves:
    """A ring comes as far in systole as it goes back in diastole: the areas of the waves are its excursion."""
    way_cm = excursion_cm * beat.ejected
    systole_s = beat.ejection_s + 0.01
    share = early_share if beat.atrial_s is not None else 1.0
    early_s = min(flow.tissue_early_s, beat.early_end_s - beat.mitral_opening_s)
    waves = {
        "s": Wave(beat.aortic_opening_s - 0.01, systole_s, peak_for(way_cm, systole_s, _TISSUE_SYSTOLE), _TISSUE_SYSTOLE),
        "e": Wave(beat.mitral_opening_s - 0.01, early_s, -peak_for(share * way_cm, early_s, _TISSUE_EARLY), _TISSUE_EARLY),
    }
    if beat.atrial_s is not None:
        atrial_s = min(flow.tissue_atrial_s, beat.next_r_s - beat.atrial_s)
        waves["a"] = Wave(beat.atrial_s, atrial_s, -peak_for((1 - share) * way_cm, atrial_s, _TISSUE_ATRIAL), _TISSUE_ATRIAL)
    return waves


STREAMS: dict[View, Callable[[Haemodynamics, Beat], Waves]] = {
    View.DOPPLER_AV_PW: _lvot,
    View.DOPPLER_AV_CW: _aortic,
    View.DOPPLER_MV_PW: _mitral,
    View.DOPPLER_MV_CW: _mitral_leak,
    View.DOPPLER_TV_PW: _tricuspid,
    View.DOPPLER_TV_CW: _tricuspid_leak,
    View.DOPPLER_PV_PW: lambda flow, beat: _pulmonary(flow, beat, flow.rvot_cm2),
    View.DOPPLER_PV_CW: lambda flow, beat: _pulmonary(flow, beat, flow.pulmonary_valve_cm2),
    View.DOPPLER_PULMONARY_VEIN_PW: _vein,
    View.DOPPLER_AO_DESCENDING: _descending,
    View.DOPPLER_TISSUE_SEPTAL: lambda flow, beat: _ring(flow, beat, flow.pump.rings_cm[0], flow.pump.early_share),
    View.DOPPLER_TISSUE_LATERAL: lambda flow, beat: _ring(flow, beat, flow.pump.rings_cm[1], flow.pump.early_share),
    View.DOPPLER_TISSUE_RV: lambda flow, beat: _ring(flow, beat, flow.pump.tapse_cm, flow.right_early_share),
}


def beside(view: View, flow: Haemodynamics, beat: Beat) -> list[tuple[Wave, float]]:
    """What else a display of this view picks up faintly, with its strength in dB: no part of the envelope.

    A beam through the aortic valve meets the outflow tract, where blood is slower and denser. The sample of mitral inflow meets
    the outflow beside it. A ring twitches while all valves are closed.
    """
    if view in (View.DOPPLER_AV_CW, View.DOPPLER_PV_CW):
        slower = _lvot(flow, beat) if view is View.DOPPLER_AV_CW else _pulmonary(flow, beat, flow.rvot_cm2)
        return [(slower["ejection"], 3.0), *((wave.scaled(0.7), -16.0) for wave in _mitral(flow, beat).values())]
    if view is View.DOPPLER_MV_PW:
        return [(_lvot(flow, beat)["ejection"].scaled(0.6), -15.0)]
    if view is View.DOPPLER_AV_PW:
        return [(wave.scaled(0.4), -17.0) for wave in _mitral(flow, beat).values()]
    if view in (View.DOPPLER_TISSUE_SEPTAL, View.DOPPLER_TISSUE_LATERAL, View.DOPPLER_TISSUE_RV):
        top = STREAMS[view](flow, beat)["s"].peak_cm_s
        contraction = Wave(beat.r_s - 0.01, 0.05, 0.75 * top, _RING_TWITCH)
        relaxation = Wave(beat.aortic_closure_s + 0.01, 0.045, -0.35 * top, _RING_TWITCH)
        return [(contraction, -2.0), (relaxation, -2.0)]
    return []
