"""What a TID 1500 report says beside its values: of each clip, and of research."""

from dataclasses import replace

import pytest

from models.catalogue import View
from models.results import QualityFlag, QualityIssue, Reason, StudyFindings
from sr_templates import codes
from sr_templates.patient_safety import PHANTOM_MARK
from tests.content_items import built, code_of, groups, items, of_clip
from tests.factories import (
    A4C_UID,
    POOR_UID,
    STUDY_UID,
    clip_findings,
    study_findings,
)

BIPLANE = "Left ventricle, apical four chamber and apical two chamber"
A4C = "Left ventricle, apical four chamber"


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
