"""The form: every quantity that was asked for, rounded, worded, with who else says what."""

import math
from dataclasses import replace

import pytest

from models.catalogue import View
from models.results import FrameReference, NotMeasured, QualityFlag, QualityIssue, Reason
from sr_templates.errors import DocumentError
from sr_templates.study_page import study_page
from tests.factories import A2C_UID, A4C_UID, RELEASED_WEIGHTS, cart_value, clip_findings, identity, measurement, study_findings
from tests.unit.sr_templates.study_page.pages import MAN, evidence_of, field_of, page_of


def test_every_quantity_that_was_asked_for_has_its_field() -> None:
    findings = study_findings()
    page = page_of(findings)
    keys = {field.key for section in page.sections for field in section.fields}
    assert keys == {result.key for result in (*findings.measurements, *findings.not_measured)}
    assert (page.measured, page.asked) == (7, 10)


def test_a_value_stands_as_documents_round_it_with_beats_and_deviation() -> None:
    field = field_of(page_of(), "ef_a4c")
    assert (field.value, field.unit, field.spread, field.beats) == ("55.1", "%", "1.2", 2)
    assert field.method == "method of discs, single plane"
    assert [(source.clip, source.frames) for source in field.sources] == [("clip 1", "frames 1, 11")]


def test_units_are_those_of_people() -> None:
    values = (measurement("tr_pg", 25.04), measurement("la_area_a4c", 18.2), measurement("mv_ea", 1.2))
    page = page_of(study_findings(measurements=values, not_measured=()))
    assert [field_of(page, value.key).unit for value in values] == ["mmHg", "cm²", ""]


def test_an_empty_field_says_why_in_words_the_primary_reason_first() -> None:
    field = field_of(page_of(), "ef_a2c")
    assert (field.value, field.sources) == ("", ())
    assert field.reasons == ("no complete cardiac cycle found", "findings contradict each other")
    assert field.detail == "one beat is not whole"


def test_sections_are_those_of_a_report_in_its_order() -> None:
    keys = ("ao_root", "mv_e", "e_septal", "lvot_vti", "tr_vmax", "tapse", "la_diam_ap_2d", "ef_bp", "hr")
    found = tuple(NotMeasured(key, (Reason.VIEW_MISSING,)) for key in keys)
    page = page_of(study_findings(measurements=(), not_measured=found))
    assert [section.title for section in page.sections] == [
        "Left ventricle", "Right ventricle", "Left atrium", "Mitral valve", "Tricuspid valve", "Aorta", "Heart",
    ]  # fmt: skip
    assert [field.key for field in page.sections[0].fields] == ["ef_bp", "lvot_vti", "e_septal"]


def test_the_carts_value_stands_beside_ours_with_the_difference() -> None:
    cart = (cart_value("ef_bp", 60.04), cart_value("ef_a2c", 55.0), cart_value("mv_e", 0.8))
    page = page_of(study_findings(cart=cart))
    assert page.compared == ("Cart",)
    ours, missing = field_of(page, "ef_bp").others[0], field_of(page, "ef_a2c").others[0]
    assert ours is not None
    assert missing is not None
    assert (ours.value, ours.difference) == ("60.0", "−3.6")
    assert (missing.value, missing.difference) == ("55.0", "")
    assert field_of(page, "ef_a4c").others == (None,)
    assert [(entry.label, entry.text) for entry in page.cart_alone] == [("MV E", "0.80 m/s")]


def test_numbers_of_the_cart_without_a_key_are_counted() -> None:
    page = page_of(study_findings(cart=(cart_value("ef_bp", 60.0), replace(cart_value("ef_a4c", 1.0), key=""))))
    assert [entry.text for entry in page.cart_alone] == ["1"]


def test_further_values_stand_after_the_carts() -> None:
    page = page_of(study_findings(cart=(cart_value("ef_bp", 60.0),)), others={"Truth": {"ef_bp": 57.0, "lvedv_bp": 120.0}})
    assert page.compared == ("Cart", "Truth")
    assert [other and other.value for other in field_of(page, "lvedv_bp").others] == [None, "120.0"]


def test_a_normal_range_stands_only_where_age_and_sex_are_stated() -> None:
    values = study_findings(measurements=(measurement("lvidd_2d", 6.12), measurement("ao_root", 3.4), measurement("mv_e", 0.7)))
    page = page_of(values, evidence_of(**MAN))
    diameter, root, flow = (field_of(page, key).normal for key in ("lvidd_2d", "ao_root", "mv_e"))
    assert diameter is not None
    assert (diameter.limits, diameter.z_score, diameter.position, diameter.source_number) == ("4.20–5.84", "2.7", "above", 1)
    assert root is not None
    assert (root.limits, root.z_score, root.position, root.source_number) == ("3.4 ± 0.3", "0.0", "", 2)
    assert flow is None
    assert page.normal_population == "adult men"
    assert len(page.normal_sources) == 2
    assert page_of(values).normal_sources == (), "the factory's phantom is neither man nor woman"


def test_the_heading_is_the_headers() -> None:
    evidence = evidence_of(
        PatientName="Yamada^Tarou=山田^太郎", PatientBirthDate="", PatientSize="1.80", PatientWeight="82",
        IssuerOfPatientID="LAB", StudyDescription="Echo at rest",
    )  # fmt: skip
    said = {entry.label: entry.text for block in page_of(evidence=evidence).heading for entry in block.entries}
    assert said["Name"] == "Yamada, Tarou / 山田 太郎"
    assert (said["Patient ID"], said["Born"], said["Sex, age"]) == ("PHANTOM-1 (LAB)", "", "other")
    assert said["Body"] == "1.80 m, 82 kg, BSA 2.02 m²"
    assert (said["Date"], said["Accession"]) == ("2026-03-04 14:30", "A1234")
    assert said["Description"] == "Echo at rest"
    assert said["Analysed"] == "2026-03-04 15:06 +0100"


def test_clips_have_view_quality_and_what_stopped_them() -> None:
    good, _, poor = page_of().clips
    assert (good.name, good.view, good.quality, good.adequate) == ("Clip 1", "Apical four chamber, 99%", "83 of 100", True)
    assert (poor.quality, poor.adequate, poor.beats) == ("21 of 100", False, "")
    assert poor.remarks == ("no numbers: image quality below the limit", "image quality 21 of 100, below the limit of 40")


def test_a_flag_stands_once() -> None:
    clip = page_of().clips[2]
    flags = (
        QualityFlag(QualityIssue.POOR_IMAGE_QUALITY, study_findings().clips[2].sop_instance_uid, clip.remarks[1]),
        QualityFlag(QualityIssue.FORESHORTENING, A2C_UID, "the ventricle is short"),
        QualityFlag(QualityIssue.DEMOGRAPHICS_CHANGED, None, "the name was corrected"),
    )
    assert page_of(study_findings(flags=flags)).flags == ("Clip 2: the ventricle is short", "the name was corrected")


def test_networks_are_named_with_the_beginning_of_their_hash() -> None:
    (network,) = page_of().algorithms
    assert (network.name, network.version, network.weights) == ("phantom_lv", "1.0", "ab" * 8)
    assert network.remark == "trained on synthetic phantoms"


def test_phantom_weights_put_no_number_on_a_patient() -> None:
    patient = evidence_of(QualityControlSubject="NO")
    with pytest.raises(DocumentError, match="must not put a number"):
        page_of(evidence=patient)
    curve = (20.0, 15.0, 20.0)
    clips = (clip_findings(area_curve_cm2=curve), clip_findings(A2C_UID, View.A2C))
    numbers_away = study_findings(measurements=(), clips=clips)
    assert [clip.curve for clip in page_of(numbers_away, patient).clips] == [None, None]
    assert [clip.beats for clip in page_of(numbers_away, patient).clips] == ["", ""]
    assert page_of(numbers_away).clips[0].curve is not None


def test_the_mark_is_that_of_every_document() -> None:
    assert page_of().mark.startswith("RESEARCH USE ONLY")
    clips = tuple(clip_findings(uid, models=(RELEASED_WEIGHTS,)) for uid in (A4C_UID, A2C_UID))
    assert page_of(study_findings(models=(RELEASED_WEIGHTS,), clips=clips)).mark == ""


@pytest.mark.parametrize(
    "wrong",
    [
        measurement("ef_bp", math.nan),
        measurement("ef_bp", math.inf),
        measurement("ef_bp", 50.0, unit="mL"),
        replace(measurement("ef_bp", 50.0), key="no_such"),
    ],
)
def test_what_cannot_be_stated_is_no_page(wrong: object) -> None:
    with pytest.raises(DocumentError):
        page_of(study_findings(measurements=(wrong,)))


def test_a_value_of_an_object_that_is_no_clip_still_has_its_field() -> None:
    evidence = evidence_of()
    value = measurement("ef_bp", 50.0, sources=(FrameReference(A4C_UID, 1),))
    page = study_page(study_findings(measurements=(value,), clips=()), evidence, identity())
    assert [source.clip for source in field_of(page, "ef_bp").sources] == ["a further object"]


def test_a_derived_value_says_how_it_was_made_and_what_the_site_chose() -> None:
    words = "4 v^2 of the tricuspid jet + RA pressure; RA pressure assumed by the site for every patient: 8 mmHg"
    rvsp = measurement("rvsp", 33.0, derivation=words)
    assert field_of(page_of(study_findings(measurements=(rvsp,))), "rvsp").method == f"simplified Bernoulli, 4 v^2; {words}"
