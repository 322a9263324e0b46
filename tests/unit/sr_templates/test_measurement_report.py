"""The TID 1500 report as a receiver reads it: through bytes, with highdicom."""

from collections import Counter
from dataclasses import replace
from io import BytesIO

import highdicom as hd
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ComprehensiveSRStorage

from models.catalogue import QUANTITIES, Direction, Phase, View
from models.results import FrameReference, NotMeasured, QualityFlag, QualityIssue, Reason, StudyFindings
from sr_templates import codes, measurement_report
from sr_templates.errors import DocumentError
from sr_templates.identity import PredecessorReference
from sr_templates.patient_safety import PHANTOM_MARK
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.content_items import built, code_of, groups, items, missing, number, of_clip
from tests.factories import (
    A2C_UID,
    A4C_UID,
    POOR_UID,
    STUDY_UID,
    clip_findings,
    evidence,
    identity,
    measurement,
    source_header,
    study_findings,
)

BIPLANE = "Left ventricle, apical four chamber and apical two chamber"
A4C = "Left ventricle, apical four chamber"


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


@pytest.mark.slow
def test_highdicom_reads_a_report_back_in_which_nothing_was_measured() -> None:
    """All of it: see the next test for the other form that the standard has for this."""
    missing = tuple(NotMeasured(key, (Reason.QUALITY,)) for key in QUANTITIES)
    report = hd.sr.ComprehensiveSR.from_dataset(built(study_findings(measurements=(), not_measured=missing)))
    assert report.content.get_image_measurement_groups() == report.content.get_planar_roi_measurement_groups() == []
    evaluations = next(item for item in report.content[0].ContentSequence if item.name == codes.QUALITATIVE_EVALUATIONS)
    concepts = [item.name.value for item in evaluations.ContentSequence if item.value_type.value == "CODE"]
    assert concepts[: len(QUANTITIES)] == [QUANTITY_CODES[key].concept.value for key in QUANTITIES]


def test_one_number_without_a_value_would_keep_highdicom_from_reading_the_whole_report() -> None:
    """Why a value that is missing is written as a code. When this fails, the numeric form may be thought of again."""
    report = built()
    number(report, "EF biplane Simpson").MeasuredValueSequence = []
    with pytest.raises(IndexError):
        hd.sr.ComprehensiveSR.from_dataset(report)


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


def test_what_was_not_measured_has_no_number_but_all_its_reasons() -> None:
    report = built()
    assert not [n for n in items(report, value_type="NUM") if "EF A2C" in [t.TextValue for t in items(n, name="121050")]]
    ef = missing(report, "EF A2C")
    assert ef in next(items(report, name="C0034375")).ContentSequence, "no group of values holds a code without one"
    assert ef.ConceptCodeSequence[0].CodeValue == "114006", "CID 42 of the primary reason"
    assert [r.ConceptCodeSequence[0].CodeValue for r in items(ef, name="REASON-NM")] == ["NM-NO-CYCLE", "NM-DISAGREE"]
    assert [text.TextValue for text in items(ef, name="121106")] == ["one beat is not whole"]


def _identity_of(item: Dataset) -> tuple[str, ...]:
    """What an importer tells quantities apart by: concept, method, site and view, never text."""
    modifiers = [code_of(item, name) if list(items(item, name=name, deep=False)) else "" for name in _MODIFIERS]
    return (str(item.ConceptNameCodeSequence[0].CodeValue), *modifiers)


_MODIFIERS = ("370129005", "363698007", "111031")


@pytest.mark.slow
def test_no_two_quantities_are_coded_alike_measured_or_not() -> None:
    values = study_findings(measurements=tuple(measurement(key, 55.0) for key in QUANTITIES), not_measured=())
    nothing = study_findings(measurements=(), not_measured=tuple(NotMeasured(key, (Reason.QUALITY,)) for key in QUANTITIES))
    concepts = {quantity.concept.value for quantity in QUANTITY_CODES.values()}
    for value_type, findings in (("NUM", values), ("CODE", nothing)):
        named = [item for item in items(built(findings), value_type=value_type) if "ConceptNameCodeSequence" in item]
        found = [item for item in named if item.ConceptNameCodeSequence[0].CodeValue in concepts]
        assert len(found) == len({_identity_of(item) for item in found}) == len(QUANTITIES)


def test_what_was_not_measured_names_the_view_it_needs() -> None:
    keys = ("ef_bp", "ef_a4c", "ef_a2c")
    report = built(study_findings(measurements=(), not_measured=tuple(NotMeasured(key, (Reason.QUALITY,)) for key in keys)))
    views = [_identity_of(missing(report, QUANTITIES[key].name))[-1] for key in keys]
    assert views == ["", "399214001", "399232001"]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_written(reason: Reason) -> None:
    report = built(study_findings(measurements=(), not_measured=(NotMeasured("ef_bp", (reason,)),)))
    assert code_of(missing(report, "EF biplane Simpson"), "REASON-NM") == codes.REASON_CODES[reason].reason.value


def test_each_clip_has_its_view_certainty_quality_and_likeness() -> None:
    report = built()
    clip = of_clip(report, "Clip 1")
    view = next(items(clip, name="111031", deep=False))
    assert view.ConceptCodeSequence[0].CodeValue == "399214001"
    assert next(items(view, name="111012")).MeasuredValueSequence[0].NumericValue == 98.7
    quality = next(items(clip, name="111050", deep=False))
    assert quality.ConceptCodeSequence[0].CodeMeaning == "Usable - Meets the quality control standard"
    assert next(items(quality, name="111029")).MeasuredValueSequence[0].NumericValue == 83.4
    assert code_of(clip, "OOD-VERDICT") == "OOD-INSIDE"
    for said in clip.ContentSequence:
        (image,) = items(said, value_type="IMAGE")
        assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == A4C_UID
    poor = of_clip(report, "Clip 3")
    assert code_of(poor, "REASON-NM") == "NM-QUALITY"
    assert code_of(poor, "111050") == "111236"
    (remark,) = [text for text in items(report, name="121106") if "below the limit" in text.TextValue]
    (image,) = items(remark, value_type="IMAGE")
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == POOR_UID


@pytest.mark.parametrize("view", View)
def test_every_view_can_be_written(view: View) -> None:
    report = built(StudyFindings(STUDY_UID, (clip_findings(view=view),), (), ()))
    assert code_of(of_clip(report, "Clip 1"), "111031") == codes.VIEW_CODES[view].value


def test_a_clip_that_could_not_be_read_is_in_the_report() -> None:
    clip = clip_findings(quality=None, distribution=None, contours=(), gates=(Reason.UNDECODABLE,), models=())
    report = built(StudyFindings(STUDY_UID, (replace(clip, view=None),), (), ()))
    said = of_clip(report, "Clip 1")
    assert code_of(said, "REASON-NM") == "NM-UNDECODABLE"
    assert not list(items(said, value_type="NUM"))


def test_the_observer_is_the_device() -> None:
    report = built()
    assert code_of(report, "121005") == "121007"
    assert identity().device_observer_uid == next(items(report, name="121012")).UID


def test_research_is_unmistakable() -> None:
    """In the series, before the numbers of each group, and at the end."""
    report = built()
    assert report.SeriesDescription.startswith("RESEARCH: ")
    for title in (BIPLANE, A4C, f"{A4C}, end systole, frame 11"):
        content = [i for i in groups(report)[title].ContentSequence if i.RelationshipType == "CONTAINS"]
        assert content[0].TextValue == PHANTOM_MARK
    assert PHANTOM_MARK in [text.TextValue for text in items(next(items(report, name="C0034375")), name="121106")]


def test_under_the_override_even_the_title_says_research() -> None:
    normal, override = built(), built(study_findings(research_override=True))
    assert normal.ConceptNameCodeSequence[0].CodeValue == "126000"
    assert override.ConceptNameCodeSequence[0].CodeMeaning.startswith("Research")


def test_lifted_gates_are_marked() -> None:
    clip = clip_findings(marked=(Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION))
    report = built(study_findings(clips=(clip,), measurements=(), research_override=True))
    lifted = items(of_clip(report, "Clip 1"), name="GATE-LIFTED")
    assert [item.ConceptCodeSequence[0].CodeValue for item in lifted] == ["NM-QUALITY", "NM-OOD"]


def test_flags_of_the_study_stand_in_the_report() -> None:
    flag = QualityFlag(QualityIssue.SEVERAL_PATIENT_IDS, None, "two of them")
    report = built(study_findings(flags=(flag,)))
    assert "several_patient_ids: two of them" in [text.TextValue for text in items(report, name="121106")]


def test_a_proposal_not_a_signed_report() -> None:
    report = built()
    assert report.SOPClassUID == ComprehensiveSRStorage
    assert (report.CompletionFlag, report.VerificationFlag) == ("PARTIAL", "UNVERIFIED")
    assert report.ReferencedPerformedProcedureStepSequence == []
    assert "PredecessorDocumentsSequence" not in report


def test_the_evidence_lists_every_clip_once() -> None:
    (study,) = built().CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    uids = [reference.ReferencedSOPInstanceUID for reference in series.ReferencedSOPSequence]
    assert uids == [A4C_UID, A2C_UID, POOR_UID]


def test_a_later_revision_names_its_predecessor() -> None:
    before = PredecessorReference(STUDY_UID, "1.2.3.4", str(ComprehensiveSRStorage), "1.2.3.5")
    report = built(maker=identity(revision=2, predecessor=before))
    (study,) = report.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (reference,) = series.ReferencedSOPSequence
    assert (series.SeriesInstanceUID, reference.ReferencedSOPInstanceUID) == ("1.2.3.4", "1.2.3.5")


@pytest.mark.slow
def test_the_same_findings_give_the_same_bytes() -> None:
    def content() -> bytes:
        (document,) = measurement_report.build(study_findings(), evidence(), identity())
        file = BytesIO()
        document.dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()

    assert content() == content()


def test_nothing_to_say_makes_no_document() -> None:
    assert measurement_report.build(StudyFindings(STUDY_UID, (), (), ()), evidence(), identity()) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "ef_unheard_of"},
        {"unit": "1"},
        {"value": float("nan")},
        {"value": float("inf")},
        {"sources": (FrameReference(A4C_UID, 21),)},
        {"sources": (FrameReference(A4C_UID, 0),)},
        {"sources": (FrameReference("1.2.3", 1),)},
        {"view": None},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_findings_that_cannot_be_true_make_no_document(wrong: dict[str, object]) -> None:
    findings = study_findings(measurements=(replace(measurement("ef_a4c", 55.0), **wrong),))  # type: ignore[arg-type]
    with pytest.raises(DocumentError):
        measurement_report.build(findings, evidence(), identity())


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


@pytest.mark.slow
def test_every_quantity_can_be_written() -> None:
    """One without a group would be left out of the report without a word."""
    nothing = built(
        study_findings(measurements=(), not_measured=tuple(NotMeasured(key, (Reason.QUALITY,)) for key in QUANTITIES))
    )
    everything = built(study_findings(measurements=tuple(measurement(key, 55.0) for key in QUANTITIES), not_measured=()))
    for report in (nothing, everything):
        named = Counter(text.TextValue for text in items(report, name="121050"))
        assert named == Counter(quantity.name for quantity in QUANTITIES.values())


def test_containers_are_separate() -> None:
    """As continuous text, DCMTK's HTML and other viewers write a value without its name."""
    report = built()
    containers = [report, *items(report, value_type="CONTAINER")]
    assert len(containers) > 8
    assert {container.ContinuityOfContent for container in containers} == {"SEPARATE"}
