"""Bugs prevented: a number in the wrong field of a reporting system, or in one that a sonographer has filled already."""

from dataclasses import replace

import pytest

from models.catalogue import QUANTITIES
from models.results import StudyFindings
from sr_templates import prefill, selection
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.profile import DEFAULT_PROFILE, Profile
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.factories import (
    A2C_UID,
    A4C_UID,
    POOR_UID,
    RELEASED_WEIGHTS,
    cart_value,
    evidence,
    measurement,
    source_header,
    study_findings,
)


def _findings(*keys: str, **changes: object) -> StudyFindings:
    """Of released weights, on a patient."""
    clips = tuple(replace(clip, models=(RELEASED_WEIGHTS,)) for clip in study_findings().clips)
    values = tuple(measurement(key, sum(QUANTITIES[key].limits) / 2) for key in keys)
    return study_findings(clips=clips, models=(RELEASED_WEIGHTS,), measurements=values, **changes)


def _patient(quality_control: str | None = None) -> Evidence:
    return evidence(*(source_header(uid, QualityControlSubject=quality_control) for uid in (A4C_UID, A2C_UID, POOR_UID)))


def _keys(findings: StudyFindings, profile: Profile = DEFAULT_PROFILE, found: Evidence | None = None) -> list[str]:
    return [value.key for value in prefill.choose(findings, found or _patient(), profile).values]


def test_what_is_not_measured_is_not_there() -> None:
    assert study_findings().not_measured
    assert sorted(_keys(_findings("ef_bp", "lvedv_bp"))) == ["ef_bp", "lvedv_bp"]


def test_by_default_only_what_the_cart_has_not() -> None:
    findings = _findings("ef_bp", "lvedv_bp", "ao_root", cart=(cart_value("ao_root", 3.1),))
    assert sorted(_keys(findings)) == ["ef_bp", "lvedv_bp"]
    (out,) = prefill.choose(findings, _patient(), Profile()).left_out
    assert (out.key, out.reason) == ("ao_root", "the cart has measured it")


def test_a_worse_value_does_not_take_the_field_of_the_carts_better_one() -> None:
    """A receiver by codes alone keeps the last it gets: ours must not be the Teichholz EF where the cart has biplane discs."""
    findings = _findings("ef_a4c", "ef_teichholz_2d", "lvedv_a4c", cart=(cart_value("ef_bp", 60.0),))
    assert _keys(findings) == ["lvedv_a4c"]


def test_a_better_value_than_the_carts_is_filled_in() -> None:
    assert _keys(_findings("ef_bp", cart=(cart_value("ef_teichholz_2d", 60.0),))) == ["ef_bp"]


def test_one_concept_at_two_sites_is_two_fields() -> None:
    assert _keys(_findings("tr_vmax", cart=(cart_value("av_vmax", 1.5),))) == ["tr_vmax"]


def test_a_value_of_the_cart_that_may_be_several_keeps_all_of_them_out() -> None:
    """An ejection fraction that names no method stands in the very field of ours."""
    unclear = replace(cart_value("ef_bp", 60.0), key="", candidates=("ef_bp", "ef_a4c", "ef_teichholz_2d"))
    assert _keys(_findings("ef_bp", "ef_a4c", "lvedv_bp", cart=(unclear,))) == ["lvedv_bp"]


def test_a_value_of_the_cart_that_nobody_knows_fills_no_field() -> None:
    assert _keys(_findings("ef_bp", cart=(replace(cart_value("ao_root", 1.0), key=""),))) == ["ef_bp"]


def test_all_and_none_if_the_cart_reports() -> None:
    findings = _findings("ef_bp", "ao_root", cart=(cart_value("ao_root", 3.1),))
    assert sorted(_keys(findings, Profile(fill="all"))) == ["ao_root", "ef_bp"]
    assert _keys(findings, Profile(fill="none_if_cart_sr")) == []
    assert sorted(_keys(replace(findings, cart=()), Profile(fill="none_if_cart_sr"))) == ["ao_root", "ef_bp"]


def test_the_best_of_a_concept_comes_first() -> None:
    assert _keys(_findings("ef_teichholz_2d", "ef_a2c", "ef_bp", "ef_a4c")) == ["ef_bp", "ef_a4c", "ef_a2c", "ef_teichholz_2d"]


def test_a_regressed_ejection_fraction_fills_no_field() -> None:
    assert _keys(_findings("ef_video_regression", "ef_video_regression_biplane")) == []


@pytest.mark.parametrize("quality_control", [None, "NO"])
def test_phantom_weights_and_the_override_fill_nothing_of_a_patient(quality_control: str | None) -> None:
    phantom_weights, overridden = study_findings(), _findings("ef_bp", research_override=True)
    for findings in (phantom_weights, overridden, replace(phantom_weights, research_override=True)):
        assert _keys(findings, found=_patient(quality_control)) == []
        assert {out.key for out in prefill.choose(findings, _patient(quality_control), Profile()).left_out} == {
            value.key for value in findings.measurements
        }


def test_one_object_of_a_patient_among_phantoms_closes_the_door() -> None:
    headers = [source_header(A4C_UID), source_header(A2C_UID, QualityControlSubject="NO"), source_header(POOR_UID)]
    assert _keys(study_findings(), found=evidence(*headers)) == []


def test_a_value_that_names_no_source_proves_no_phantom() -> None:
    findings = study_findings(measurements=(measurement("ef_bp", 60.0, sources=()),))
    assert _keys(findings, found=_patient("YES")) == []


def test_phantoms_may_be_filled_in() -> None:
    assert "ef_bp" in _keys(study_findings(), found=_patient("YES"))
    assert "ef_bp" in _keys(study_findings(research_override=True), found=_patient("YES"))


@pytest.mark.parametrize(
    "broken",
    [
        measurement("ef_bp", float("nan")),
        measurement("mv_e", 80.0, unit="cm/s"),
        replace(measurement("ef_bp", 60.0), key="nobody_knows"),
    ],
)
def test_what_cannot_be_stated_is_refused(broken: object) -> None:
    with pytest.raises(DocumentError):
        prefill.choose(replace(_findings(), measurements=(broken,)), _patient(), Profile())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value", "velocity", "said", "unit"),
    [
        ("mv_e", 0.7849, "m/s", 0.78, "m/s"),
        ("mv_e", 0.7849, "cm/s", 78, "cm/s"),
        ("e_septal", 8.149, "m/s", 8.1, "cm/s"),
        ("e_septal", 8.149, "cm/s", 8.1, "cm/s"),
        ("ef_bp", 56.04, "m/s", 56, "%"),
        ("lvidd_2d", 4.2141821355915, "m/s", 4.21, "cm"),
        ("av_pg", 12.345, "cm/s", 12.3, "mm[Hg]"),
    ],
)
def test_values_are_rounded_to_what_was_measured_in_the_unit_asked_for(
    key: str, value: float, velocity: str, said: float, unit: str
) -> None:
    stated, code = prefill.stated(measurement(key, value), Profile(velocity=velocity))  # type: ignore[arg-type]
    assert (stated, code.value) == (said, unit)
    assert isinstance(stated, type(said))


@pytest.mark.parametrize("velocity", ["m/s", "cm/s"])
def test_every_quantity_fits_a_decimal_string(velocity: str) -> None:
    for key, quantity in QUANTITIES.items():
        for value in (*quantity.limits, quantity.limits[0] + 1 / 3):
            stated, code = prefill.stated(measurement(key, value), Profile(velocity=velocity))  # type: ignore[arg-type]
            assert len(str(stated)) <= 16
            assert "e" not in str(stated)
            assert code.scheme_designator == "UCUM"
            assert velocity == "m/s" or code.value != "m/s"


def test_a_number_too_long_for_a_decimal_string_is_refused() -> None:
    with pytest.raises(DocumentError, match="16 characters"):
        prefill.stated(measurement("lvedv_bp", 1e17), Profile())


def test_the_preferred_value_is_a_mean_or_the_only_one_and_never_the_users() -> None:
    single, mean = measurement("ef_a4c", 50.0), measurement("ef_a4c", 50.0, beats=3)
    assert selection.status(single).value == "121411"
    assert selection.status(mean).value == "121412"
    assert selection.status(single, among_replicates=True).value == "121412"


def test_the_mode_is_that_of_the_views_found() -> None:
    modes = {key: prefill.image_mode(measurement(key, 1.0)) for key in QUANTITIES}
    assert {key: mode.meaning for key, mode in modes.items() if mode is not None and key in ("ef_bp", "tapse", "mv_e")} == {
        "ef_bp": "2D mode",
        "tapse": "M mode",
        "mv_e": "Doppler Pulsed",
    }
    assert modes["ee_avg"] is None


def test_values_of_one_meaning_are_one_and_the_other_is_listed() -> None:
    chosen = prefill.choose(_findings("ef_a4c", "ef_a2c", "ao_root"), _patient(), Profile())
    told = prefill.tell_apart(chosen, lambda value: QUANTITY_CODES[value.key].concept)
    assert [value.key for value in told.values] == ["ef_a4c", "ao_root"]
    assert [(out.key, out.reason) for out in told.left_out] == [("ef_a2c", "receivers could not tell it from ef_a4c")]
