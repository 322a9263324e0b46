"""The truth beside a value is that of the picture it was read from, else that of the heart, and no other picture's."""

from dataclasses import replace

import pytest

from models.results import FrameReference
from node.demo.truth import true_values
from tests.factories import A2C_UID, A4C_UID, measurement, study_findings

_TRUTH = {
    "measurements": [{"key": "lv_len_d_a4c", "value": 9.0, "unit": "cm"}, {"key": "ef_bp", "value": 60.0, "unit": "%"}],
    "clips": [
        {"sop_instance_uid": A4C_UID, "measurements": [{"key": "lv_len_d_a4c", "value": 8.6, "unit": "cm"}]},
        {"sop_instance_uid": A2C_UID, "measurements": [{"key": "ef_bp", "value": 61.0, "unit": "%"}]},
        {"sop_instance_uid": "1.2.3"},
    ],
}


@pytest.mark.parametrize(
    ("key", "uids", "expected"),
    [
        ("lv_len_d_a4c", [A4C_UID], 8.6),
        ("lv_len_d_a4c", [A4C_UID, A4C_UID], 8.6),
        ("lv_len_d_a4c", [A2C_UID], 9.0),
        ("lv_len_d_a4c", [], 9.0),
        ("ef_bp", [A4C_UID, A2C_UID], 60.0),
        ("ef_a4c", [A4C_UID], None),
    ],
)
def test_the_truth_is_that_of_the_picture(key: str, uids: list[str], expected: float | None) -> None:
    found = replace(measurement(key, 50.0), sources=tuple(FrameReference(uid, 1) for uid in uids))
    values = true_values(_TRUTH, study_findings(measurements=(found,))).values
    assert values.get(key) == expected


def test_what_was_not_measured_has_the_hearts_truth() -> None:
    true = true_values(_TRUTH, None)
    assert true.values == {"lv_len_d_a4c": 9.0, "ef_bp": 60.0}
    assert not true.derived


def test_what_is_true_of_pictures_alone_is_that_of_the_first() -> None:
    pictures = [
        {"sop_instance_uid": uid, "measurements": [{"key": "ef_a4c", "value": ef}]}
        for uid, ef in ((A4C_UID, 55.0), ("1.2", 50.0))
    ]
    truth = {"measurements": [], "clips": pictures}
    assert true_values(truth, None).values == {"ef_a4c": 55.0}
    elsewhere = replace(measurement("ef_a4c", 50.0), sources=(FrameReference(A2C_UID, 1),))
    assert true_values(truth, study_findings(measurements=(elsewhere,))).values == {}, "its own picture does not show it"


def test_what_no_truth_is_stated_for_is_made_of_true_parts() -> None:
    stated = {"lvot_diam": 2.0, "lvot_vti": 20.0, "av_vti": 40.0, "hr": 60.0, "fs_2d": 33.0, "lvidd_2d": 5.0, "lvids_2d": 3.0}
    rows = [{"key": key, "value": value, "unit": ""} for key, value in stated.items()]
    true = true_values({"measurements": rows, "clips": []}, None)
    assert true.values["sv_lvot"] == pytest.approx(62.83, abs=0.01)
    assert true.values["co_lvot"] == pytest.approx(3.77, abs=0.01)
    assert true.values["ava_vti"] == pytest.approx(1.571, abs=0.001)
    assert true.values["fs_2d"] == 33.0, "what is stated stands"
    assert set(true.derived) == set(true.values) - set(stated)
