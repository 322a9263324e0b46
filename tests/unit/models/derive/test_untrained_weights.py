"""Weights that nobody trained give no number in any study, whatever is lifted."""

from dataclasses import replace

import pytest

from models.analysis.loaded_model import prepare_for_role
from models.catalogue import OUTLINED, View
from models.derive.study.quantities import derive_study
from models.library.model_set import Role
from models.library.registry import find_manifest, load_model
from models.library.roles import unfit_for
from models.results import ReadValue, Reason
from tests.unit.models.derive.apical_clips import PATIENT_WEIGHTS, apical_clip, measured, missing

UNTRAINED = replace(PATIENT_WEIGHTS, weights_sha256="")


@pytest.mark.parametrize("research_override", [False, True])
def test_one_untrained_network_of_the_set_is_enough(research_override: bool) -> None:
    value = ReadValue("ef_video_regression", "%", 52.0, model="hospital_ef")
    clips = [
        apical_clip(models=(PATIENT_WEIGHTS, UNTRAINED), values=(value,)),
        apical_clip(View.A2C, "1.2.4", models=(PATIENT_WEIGHTS,)),
    ]
    findings = derive_study("1.2", clips, research_override=research_override, asked=("ef_video_regression",))
    assert measured(findings) == {}
    reasons = {result.key: result.reasons for result in findings.not_measured}
    assert set(reasons) >= {*OUTLINED, "ef_video_regression"}
    assert all(Reason.UNTRAINED_WEIGHTS in stated for stated in reasons.values())
    assert len(missing(findings)) == len(reasons)


def test_a_network_as_it_is_first_set_up_names_no_weights() -> None:
    """Bug prevented: a report that names the weights of the manifest, although others were computed with."""
    fresh, pretrained = (
        prepare_for_role(Role.LV_SEGMENTATION, load_model("phantom_lv", pretrained)) for pretrained in (False, True)
    )
    assert fresh.use.weights_sha256 == ""
    assert pretrained.use.weights_sha256 == find_manifest("phantom_lv").weights_sha256


def test_stored_weights_that_nobody_trained_take_no_part() -> None:
    manifest = replace(find_manifest("phantom_lv"), trained=False)
    assert "nobody has trained" in unfit_for(Role.LV_SEGMENTATION, manifest)
    assert unfit_for(Role.LV_SEGMENTATION, find_manifest("phantom_lv")) == ""
