"""The haemodynamics of a heart, and the true numbers that its displays show of the mean beat."""

import math
from collections.abc import Mapping
from functools import lru_cache

from models.phantom.heart import Heart, landmarks, state_at, true_values
from models.phantom.traces.beats import mean_beat
from models.phantom.traces.haemodynamics import FlowOptions, Haemodynamics, Pump, flow_of
from models.phantom.traces.readings import READINGS, read
from models.phantom.traces.streams import STREAMS

_SEPTAL, _LATERAL = "mitral_septal", "mitral_lateral"


@lru_cache(maxsize=64)
def flow(heart: Heart, options: FlowOptions | None = None) -> Haemodynamics:
    """What blood and valve rings of this heart do; what `options` leave open comes from the heart's seed."""
    beat, vessels, values = mean_beat(heart), heart.vessels, true_values(heart)
    states = [state_at(heart, time_ms) for time_ms in (0.0, heart.beats(0.0)[0].end_systole_ms)]
    end_diastole, end_systole = (landmarks(state) for state in states)
    breathed_mm = states[1].shift_mm[2] - states[0].shift_mm[2]
    rings_mm = [end_systole[name][2] - end_diastole[name][2] - breathed_mm for name in (_SEPTAL, _LATERAL)]
    pump = Pump(
        seed=heart.seed,
        stroke_ml=heart.edv_ml - heart.esv_ml,
        right_stroke_ml=heart.rv.edv_ml - heart.rv.esv_ml,
        ef_percent=heart.ef_percent,
        early_share=heart.rhythm.early_share if beat.atrial_s is not None else 1.0,
        lvot_diameter_cm=vessels.lvot_mm / 5,
        rvot_diameter_cm=vessels.rvot_distal_mm / 5,
        mitral_diameter_cm=math.dist(end_diastole[_SEPTAL], end_diastole[_LATERAL]) / 10,
        tricuspid_diameter_cm=values["rv_basal"],
        descending_diameter_cm=vessels.descending_mm / 5,
        rings_cm=(rings_mm[0] / 10, rings_mm[1] / 10),
        tapse_cm=values["tapse"],
        ejection_s=beat.ejection_s,
        early_s=beat.early_end_s - beat.mitral_opening_s,
        atrial_s=beat.next_r_s - (beat.atrial_s or beat.next_r_s),
    )
    return flow_of(pump, options or FlowOptions())


def flow_values(heart: Heart, of: Haemodynamics) -> Mapping[str, float]:
    """What every display shows of the mean beat of `heart`, by key, in the catalogue's units."""
    beat, found = mean_beat(heart), dict[str, float]()
    for view in READINGS:
        found |= read(view, [(beat, STREAMS[view](of, beat))])[0]
    return found
