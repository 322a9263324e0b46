"""What a value says of itself in a TID 1500 report: code, unit, method, site, frames, phase, beats, direction."""

from dataclasses import replace

import highdicom as hd
import pytest

from models.catalogue import QUANTITIES, Direction, Phase, View
from models.results import FrameReference
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.content_items import built, code_of, items, number
from tests.factories import (
    A2C_UID,
    A4C_UID,
    clip_findings,
    evidence,
    measurement,
    source_header,
    study_findings,
)


def test_values_have_code_unit_method_site_and_the_precision_that_was_measured() -> None:
    report = built()
    expected = {
        "EF biplane Simpson": ("18043-0", "56.4", "%", "125207"),
        "LVEDV biplane MOD": ("18026-5", "121.3", "mL", "125207"),
        "LVESV biplane MOD": ("18148-7", "52.8", "mL", "125207"),
        "EF A4C": ("18043-0", "55.1", "%", "125208"),
        "LVEDV A4C MOD": ("18026-5", "118", "mL", "125208"),
        "LVESV A4C MOD": ("18148-7", "53", "mL", "125208"),
    }
    for name, (concept, value, unit, method) in expected.items():
        num = number(report, name)
        assert num.ConceptNameCodeSequence[0].CodeValue == concept
        (measured,) = num.MeasuredValueSequence
        assert str(measured.NumericValue) == value
        assert measured.MeasurementUnitsCodeSequence[0].CodeValue == unit
        assert code_of(num, "370129005") == method
        assert code_of(num, "363698007") == "87878005"
    length = number(report, "LV length ED A4C")
    assert str(length.MeasuredValueSequence[0].NumericValue) == "8.46"
    assert not list(items(length, name="370129005"))


def test_highdicom_reads_the_numbers_back() -> None:
    report = hd.sr.ComprehensiveSR.from_dataset(built())
    concept = QUANTITY_CODES["ef_bp"].concept
    (outlined,) = [m for group in report.content.get_planar_roi_measurement_groups() for m in group.get_measurements(concept)]
    (biplane,) = [m for group in report.content.get_image_measurement_groups() for m in group.get_measurements(concept)]
    assert (outlined.value, outlined.method.meaning) == (55.1, "Method of Disks, Single Plane")
    assert (biplane.value, biplane.method.meaning) == (56.4, "Method of Disks, Biplane")


def test_every_value_names_its_frames_and_their_phase() -> None:
    (ed_a4c, es_a4c, ed_a2c, es_a2c) = items(number(built(), "EF biplane Simpson"), value_type="IMAGE")
    for image, uid, frame, phase, view in (
        (ed_a4c, A4C_UID, 1, "416190007", "399214001"),
        (es_a4c, A4C_UID, 11, "416430001", "399214001"),
        (ed_a2c, A2C_UID, 1, "416190007", "399232001"),
        (es_a2c, A2C_UID, 11, "416430001", "399232001"),
    ):
        (reference,) = image.ReferencedSOPSequence
        assert (reference.ReferencedSOPInstanceUID, reference.ReferencedFrameNumber) == (uid, frame)
        assert image.RelationshipType == "INFERRED FROM"
        assert code_of(image, "272518008") == phase
        assert code_of(image, "111031") == view


def test_frames_of_several_beats_share_one_reference_a_phase() -> None:
    sources = tuple(
        FrameReference(A4C_UID, frame, phase)
        for beat in (0, 8)
        for frame, phase in ((1 + beat, Phase.END_DIASTOLE), (5 + beat, Phase.END_SYSTOLE))
    )
    report = built(study_findings(measurements=(measurement("ef_a4c", 55, sources=sources, beats=2, sd=1.5),)))
    num = number(report, "EF A4C")
    frames = [image.ReferencedSOPSequence[0].ReferencedFrameNumber for image in items(num, value_type="IMAGE")]
    assert frames == [[1, 9], [5, 13]]
    assert code_of(num, "121401") == "373098007", "a mean says so"
    (beats,) = items(num, name="BEATS")
    (sd,) = items(num, name="386136009")
    assert beats.MeasuredValueSequence[0].NumericValue == 2
    assert sd.MeasuredValueSequence[0].NumericValue == 1.5
    assert sd.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "%"


def test_an_ejection_fraction_of_mean_volumes_is_no_mean() -> None:
    report = built(
        study_findings(measurements=(measurement("ef_bp", 56, beats=3, sd=1.5), measurement("lvedv_bp", 120, beats=3)))
    )
    ef = number(report, "EF biplane Simpson")
    assert not list(items(ef, name="121401"))
    assert next(items(ef, name="BEATS")).MeasuredValueSequence[0].NumericValue == 3
    assert code_of(number(report, "LVEDV biplane MOD"), "121401") == "373098007"


def test_one_beat_is_no_mean() -> None:
    num = number(built(), "EF biplane Simpson")
    assert not list(items(num, name="121401"))
    assert not list(items(num, name="BEATS"))


def test_the_view_is_the_one_found_not_the_one_expected() -> None:
    found = replace(measurement("ef_a4c", 55.0), view=View.A3C)
    clip = clip_findings(view=View.A3C)
    report = built(study_findings(measurements=(found,), clips=(clip,), not_measured=()))
    num = number(report, "EF A4C")
    assert code_of(num, "111031") == "399339008"
    assert {code_of(image, "111031") for image in items(num, value_type="IMAGE")} == {"399339008"}


def test_a_single_frame_source_is_referred_to_without_frame_numbers() -> None:
    clip = clip_findings(number_of_frames=1, contours=())
    found = measurement("lv_len_d_a4c", 8.4, sources=(FrameReference(A4C_UID, 1, Phase.END_DIASTOLE),))
    findings = study_findings(clips=(clip,), measurements=(found,), not_measured=())
    report = built(findings, evidence(source_header(frames=None)))
    (image,) = items(number(report, "LV length ED A4C"), value_type="IMAGE")
    assert "ReferencedFrameNumber" not in image.ReferencedSOPSequence[0]


def test_an_object_of_one_frame_is_referred_to_without_frame_numbers() -> None:
    """PS3.3 10.3: as where all frames are meant, be the object of a multi-frame class."""
    clip = clip_findings(number_of_frames=1, contours=())
    found = measurement("lv_len_d_a4c", 8.4, sources=(FrameReference(A4C_UID, 1, Phase.END_DIASTOLE),))
    report = built(study_findings(clips=(clip,), measurements=(found,), not_measured=()), evidence(source_header(frames=1)))
    (image,) = items(number(report, "LV length ED A4C"), value_type="IMAGE")
    assert "ReferencedFrameNumber" not in image.ReferencedSOPSequence[0]


@pytest.mark.parametrize(
    ("key", "direction", "flow"),
    [
        ("av_vmax", Direction.AWAY, "263677008"),
        ("av_vmax", Direction.TOWARDS, None),  # by a suprasternal window, or a leak by an apical one
        ("mr_vmax", Direction.AWAY, "397417004"),
        ("mv_e", Direction.TOWARDS, "263677008"),
        ("mv_vti", Direction.TOWARDS, "263677008"),
        ("mv_e", Direction.AWAY, None),
        ("tr_pg", None, None),
    ],
)
def test_the_flow_has_a_direction_only_where_the_one_found_supports_it(
    key: str, direction: Direction | None, flow: str | None
) -> None:
    value = measurement(key, 3.0 if "vti" not in key else 20.0, sources=(FrameReference(A4C_UID, 1),), direction=direction)
    num = number(built(study_findings(measurements=(value,), not_measured=())), QUANTITIES[key].name)
    assert [item.ConceptCodeSequence[0].CodeValue for item in items(num, name="260674002")] == ([flow] if flow else [])
    seen = [item.ConceptCodeSequence[0].CodeValue for item in items(num, name="DIRECTION")]
    assert seen == ([direction.value.upper()] if direction else [])


def test_what_was_made_of_the_whole_clip_names_no_frame() -> None:
    """PS3.3 10.3: the reference is to all frames where it lists none."""
    every = tuple(FrameReference(A4C_UID, frame) for frame in range(1, 21))
    report = built(study_findings(measurements=(measurement("ef_video_regression", 61.0, sources=every),)))
    num = number(report, "EF by video regression")
    (image,) = items(num, value_type="IMAGE")
    assert "ReferencedFrameNumber" not in image.ReferencedSOPSequence[0]
    assert num.ConceptNameCodeSequence[0].CodeValue == "EF-VIDEO", "no receiver may file it with the method of discs"
