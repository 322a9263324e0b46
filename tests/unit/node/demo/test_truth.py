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
    assert true_values(_TRUTH, None).values == {"lv_len_d_a4c": 9.0, "ef_bp": 60.0}
