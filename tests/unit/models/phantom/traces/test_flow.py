"""Haemodynamics: the numbers of all displays follow from the volumes that the heart moves."""

import math
from dataclasses import replace

import pytest

from models.catalogue import QUANTITIES, View
from models.phantom.heart import Heart, HeartOptions, sample_heart
from models.phantom.traces.beats import mean_beat
from models.phantom.traces.flow import flow, flow_values
from models.phantom.traces.haemodynamics import FlowOptions
from models.phantom.traces.streams import STREAMS

_TIGHT = FlowOptions(mitral_leak_ml=0.0, aortic_leak_ml=0.0, tricuspid_jet_cm_s=280.0)


@pytest.fixture(scope="module")
def heart() -> Heart:
    return sample_heart(3, HeartOptions(atrial_fibrillation=False, ef_percent=60))


def test_stroke_volume_is_area_times_integral(heart: Heart) -> None:
    """Bug prevented: Doppler and volumes of one heart that contradict each other."""
    values, area_cm2 = flow_values(heart, flow(heart, _TIGHT)), math.pi / 4 * (heart.vessels.lvot_mm / 5) ** 2
    assert values["lvot_vti"] * area_cm2 == pytest.approx(heart.edv_ml - heart.esv_ml)


def test_what_leaks_into_the_atrium_is_missing_in_the_outflow(heart: Heart) -> None:
    """Bug prevented: regurgitation that costs the aorta nothing, or that filling does not bring back."""
    tight, leaking = (flow(heart, replace(_TIGHT, mitral_leak_ml=ml)) for ml in (0.0, 15.0))
    of_tight, of_leaking = flow_values(heart, tight), flow_values(heart, leaking)
    assert (of_tight["lvot_vti"] - of_leaking["lvot_vti"]) * tight.lvot_cm2 == pytest.approx(15.0)
    assert of_tight["mv_vti"] == pytest.approx(of_leaking["mv_vti"])
    assert "mr_vmax" in of_leaking
    assert "mr_vmax" not in of_tight


def test_continuity_gives_the_valve_back(heart: Heart) -> None:
    """Bug prevented: a stenosis whose area the continuity equation does not find."""
    found = flow(heart, replace(_TIGHT, aortic_valve_cm2=1.1))
    values = flow_values(heart, found)
    assert found.lvot_cm2 * values["lvot_vti"] / values["av_vti"] == pytest.approx(1.1)
    assert values["av_pg"] == pytest.approx(4 * values["av_vmax"] ** 2)
    assert values["av_mg"] < values["av_pg"]
    assert values["tr_pg"] == pytest.approx(4 * 2.8**2, rel=0.02)


def test_filling_is_shared_as_the_heart_fills(heart: Heart) -> None:
    """Bug prevented: E and A that know nothing of early and atrial filling."""
    found, beat = flow(heart, _TIGHT), mean_beat(heart)
    waves = STREAMS[View.DOPPLER_MV_PW](found, beat)
    early, atrial = waves["e"].vti_cm * found.mitral_cm2, waves["a"].vti_cm * found.mitral_cm2
    assert early + atrial == pytest.approx(heart.edv_ml - heart.esv_ml)
    assert early / (early + atrial) == pytest.approx(heart.rhythm.early_share)
    values = flow_values(heart, found)
    assert values["mv_ea"] == pytest.approx(values["mv_e"] / values["mv_a"])
    assert values["mv_pht"] == pytest.approx(values["mv_dt"] * (1 - math.sqrt(0.5)))


def test_rings_go_back_as_far_as_they_came(heart: Heart) -> None:
    """Bug prevented: s', e' and a' that would carry the ring away, or a TAPSE that tissue Doppler contradicts."""
    found, beat = flow(heart, _TIGHT), mean_beat(heart)
    waves = STREAMS[View.DOPPLER_TISSUE_RV](found, beat)
    assert waves["s"].vti_cm == pytest.approx(found.pump.tapse_cm)
    assert waves["e"].vti_cm + waves["a"].vti_cm == pytest.approx(found.pump.tapse_cm)


def test_fibrillation_has_no_atrial_wave() -> None:
    """Bug prevented: an A wave of atria that do not contract."""
    heart = sample_heart(5, HeartOptions(atrial_fibrillation=True))
    values = flow_values(heart, flow(heart))
    assert not {"mv_a", "mv_ea", "a_septal", "a_lateral"} & values.keys()
    assert values["mv_e"] > 0


@pytest.mark.slow
def test_hearts_flow_within_what_is_possible() -> None:
    """Bug prevented: a unit lost on the way, m/s for cm/s, or ms for s. Hearts that hardly beat are beside the question."""
    outside, count = [], 0
    for seed in range(16):
        heart = sample_heart(seed)
        if heart.edv_ml - heart.esv_ml < 25:
            continue
        for key, value in flow_values(heart, flow(heart)).items():
            low, high = QUANTITIES[key].limits
            count += 1
            if not low <= value <= high:
                outside.append((seed, key, value))
    assert count > 300
    assert len(outside) <= 0.01 * count, outside
