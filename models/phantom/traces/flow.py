"""The haemodynamics of a heart, and the true numbers that its displays show of the mean beat."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from models.phantom.heart import Heart
from models.phantom.heart.state import resting_state
from models.phantom.heart.ventricles import length_at
from models.phantom.traces.beats import mean_beat
from models.phantom.traces.haemodynamics import FlowOptions, Haemodynamics, Pump, flow_of
from models.phantom.traces.readings import READINGS, read
from models.phantom.traces.streams import STREAMS

_SEPTAL, _LATERAL = 0.92, 1.08  # of the mean excursion of the mitral ring: its lateral side moves farther


@lru_cache(maxsize=64)
def flow(heart: Heart, options: FlowOptions | None = None) -> Haemodynamics:
    """What blood and valve rings of this heart do; what `options` leave open comes from the heart's seed."""
    beat, vessels, ring = mean_beat(heart), heart.vessels, resting_state(heart).anatomy
    excursion_mm = length_at(heart, heart.edv_ml) - length_at(heart, heart.esv_ml)
    pump = Pump(
        seed=heart.seed,
        stroke_ml=heart.edv_ml - heart.esv_ml,
        right_stroke_ml=heart.rv.edv_ml - heart.rv.esv_ml,
        ef_percent=heart.ef_percent,
        early_share=heart.rhythm.early_share if beat.atrial_s is not None else 1.0,
        lvot_diameter_cm=vessels.lvot_mm / 5,
        rvot_diameter_cm=vessels.rvot_distal_mm / 5,
        mitral_diameter_cm=float(np.mean(ring.mitral.radii)) / 5,
        tricuspid_diameter_cm=float(np.mean(ring.tricuspid.radii)) / 5,
        descending_diameter_cm=vessels.descending_mm / 5,
        rings_cm=(_SEPTAL * excursion_mm / 10, _LATERAL * excursion_mm / 10),
        tapse_cm=heart.rv.tapse_mm / 10,
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
