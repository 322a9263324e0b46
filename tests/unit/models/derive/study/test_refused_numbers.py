"""Impossible values and the rule that keeps phantoms' weights from patients: no number at all."""

from dataclasses import replace
from typing import Any

import pytest

from models.catalogue import View
from models.derive.study.quantities import derive_study
from models.results import Reason
from tests.unit.models.derive.apical_clips import (
    OF_EVERY_STUDY,
    PATIENT_WEIGHTS,
    PHANTOM_WEIGHTS,
    apical_clip,
    measured,
    missing,
)


@pytest.mark.parametrize(
    ("beat", "words"),
    [
        (((8.0, 6.5), (6.5, 4.0)), "LVEDV A4C MOD 70"),
        (((8.0, 2.5), (6.5, 0.9)), "EF A4C 89"),
        (((17.0, 2.5), (15.0, 1.8)), "LV length ED A4C 17.0 cm"),
    ],
)
def test_what_is_impossible_takes_its_plane_and_the_biplane_with_it(beat: Any, words: str) -> None:
    a2c = apical_clip(View.A2C, "1.2.4", beats=[((0.93 * beat[0][0], 2.5), (6.5, 1.8))])
    not_measured = missing(derive_study("1.2", [apical_clip(beats=[beat]), a2c]))
    plane = {"ef_a4c", "lvedv_a4c", "lvesv_a4c", "lv_len_d_a4c", "ef_bp", "lvedv_bp", "lvesv_bp"}
    assert {key for key, result in not_measured.items() if words in result.detail} == plane
    assert {not_measured[key].reasons for key in plane} == {(Reason.OUTSIDE_LIMITS,)}


def test_an_impossible_length_takes_the_two_chamber_plane_too() -> None:
    a2c = apical_clip(View.A2C, "1.2.4", beats=[((16.5, 2.5), (15.0, 1.8))])
    not_measured = missing(derive_study("1.2", [a2c]))
    assert not_measured["ef_a2c"].reasons == not_measured["lvedv_a2c"].reasons == (Reason.OUTSIDE_LIMITS,)
    assert not_measured["ef_a2c"].detail == "LV length at end-diastole 16.5 cm is outside 3 to 16 cm"


@pytest.mark.parametrize("impossible", [((8.0, 2.5), (8.0, 2.6)), ((8.0, 2.5), (8.0, 2.48)), ((8.0, 6.5), (6.5, 4.0))])
def test_no_mean_hides_an_impossible_beat(impossible: Any) -> None:
    sound = ((8.0, 2.5), (6.5, 1.8))
    not_measured = missing(derive_study("1.2", [apical_clip(beats=[sound, impossible, sound])]))
    assert {not_measured[key].reasons for key in ("ef_a4c", "lvedv_a4c", "lvesv_a4c")} == {(Reason.OUTSIDE_LIMITS,)}
    assert not_measured["ef_a4c"].detail.startswith("beat 2: ")


def test_systole_larger_than_diastole() -> None:
    findings = derive_study("1.2", [apical_clip(beats=[((8.0, 2.0), (8.0, 2.2))])])
    assert {missing(findings)[key].reasons for key in ("ef_a4c", "lvedv_a4c", "lvesv_a4c")} == {(Reason.OUTSIDE_LIMITS,)}


def test_phantom_weights_give_no_number_for_a_patient() -> None:
    clips = [apical_clip(view, f"1.2.{view}", is_quality_control_subject=False) for view in (View.A4C, View.A2C)]
    findings = derive_study("1.2", clips)
    assert findings.measurements == ()
    assert all(Reason.RESEARCH_WEIGHTS in result.reasons for result in findings.not_measured)
    assert len(findings.not_measured) == len(OF_EVERY_STUDY)


def test_one_phantom_model_among_several_is_enough() -> None:
    clip = apical_clip(is_quality_control_subject=False, models=(PATIENT_WEIGHTS, PHANTOM_WEIGHTS))
    assert derive_study("1.2", [clip]).measurements == ()


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("patients_view", [View.A4C, View.PLAX])
def test_one_object_of_a_patient_beside_phantoms_stops_every_number(place: int, patients_view: View) -> None:
    """Documents are filed under one patient header, so no phantom's number may stand in them."""
    clips = [apical_clip(), apical_clip(View.A2C, "1.2.4")]
    clips.insert(place, apical_clip(patients_view, "1.2.8", is_quality_control_subject=False, models=()))
    findings = derive_study("1.2", clips)
    assert findings.measurements == ()
    assert len(findings.not_measured) == len(OF_EVERY_STUDY)
    assert all(Reason.RESEARCH_WEIGHTS in result.reasons for result in findings.not_measured)
    assert len(derive_study("1.2", clips, research_override=True).measurements) == len(OF_EVERY_STUDY)


def test_the_override_lifts_the_safety_rule_and_says_so() -> None:
    findings = derive_study("1.2", [apical_clip(is_quality_control_subject=False)], research_override=True)
    assert "ef_a4c" in measured(findings)
    assert findings.research_override is True


def test_released_weights_measure_patients() -> None:
    clip = apical_clip(is_quality_control_subject=False, models=(PATIENT_WEIGHTS,))
    assert "ef_a4c" in measured(derive_study("1.2", [clip]))


def test_an_outline_whose_two_ways_to_an_ef_contradict_each_other_gives_no_number() -> None:
    """A wide base and a spike of 8 cm: by discs 40 mL of 105, so 62 %; by area 12.4 cm2 and length 16 mL, so 84 %."""
    clip = apical_clip()
    spike_cm = ((17.5, 15.0), (17.5, 13.0), (19.8, 13.0), (20.0, 7.0), (20.2, 13.0), (22.5, 13.0), (22.5, 15.0))
    assert clip.cm_per_px is not None
    x_cm, y_cm = clip.cm_per_px
    spike = replace(clip.contours[1], points_px=tuple((x / x_cm, y / y_cm) for x, y in spike_cm))
    findings = derive_study("1.2", [replace(clip, contours=(clip.contours[0], spike)), apical_clip(View.A2C, "1.2.4")])
    not_measured = missing(findings)
    for key in ("ef_a4c", "lvedv_a4c", "lvesv_a4c", "lv_len_d_a4c", "ef_bp", "lvedv_bp"):
        assert not_measured[key].reasons == (Reason.DISAGREEMENT,)
        assert "by area and length" in not_measured[key].detail
    assert "ef_a2c" in measured(findings)
