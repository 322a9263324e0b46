"""Heat maps as pictures, and the report that refers to them."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.results import HeatMap, StudyFindings
from node.egress.building import BuiltDocuments, WantedDocument, build_templates, wanted_by
from node.egress.built_files import document_bytes
from node.objects.clip_reader import read_clip
from node.settings import Destination, Settings
from sr_templates import visual_explanation
from sr_templates.conformance_check import check_document
from sr_templates.errors import DocumentError
from tests.content_items import all_groups, items
from tests.factories import (
    A2C_UID,
    A4C_UID,
    POOR_UID,
    clip_findings,
    evidence,
    heat_map,
    identity,
    source_header,
    study_findings,
)

BOTH = Destination(name="both", documents=("tid1500", "heat_maps"))
REPORT_ALONE = Destination(name="report", documents=("tid1500",))


def _built(*wanted: WantedDocument, findings: StudyFindings | None = None) -> BuiltDocuments:
    return build_templates(findings or study_findings(), evidence(), identity(), wanted)


def _explained(report: Dataset) -> list[Dataset]:
    return list(items(report, name="130401", value_type="IMAGE"))


def test_a_clip_s_maps_are_one_picture_with_a_frame_for_each_network() -> None:
    cold = HeatMap("another", "a4c", 11, 1, 1, "00")
    clip = clip_findings(heat_maps=(heat_map(), cold))
    (document,) = visual_explanation.build(study_findings(clips=(clip,), measurements=()), evidence(), identity())
    picture = dcmread(BytesIO(document_bytes(document)))
    assert document.part == A4C_UID
    assert picture.SeriesDescription == "RESEARCH: EchoNode heat maps #1 A4C, revision 1"
    assert (list(picture.ImageType), picture.BurnedInAnnotation) == (["DERIVED", "SECONDARY"], "YES")
    assert list(picture.SourceImageSequence[0].ReferencedFrameNumber) == [1, 11]
    hot, plain = read_clip(document_bytes(document)).frames
    assert hot[20, 20, 0] > hot[20, 20, 2] + 50  # red in the upper left
    assert np.ptp(hot[300, 400].astype(int)) == 0
    assert (plain[:360] == 20 + 2 * 11).all()
    assert (hot[360:].min(axis=2) > 200).any()


def test_a_report_refers_to_the_maps_that_its_receiver_gets() -> None:
    built = _built(*wanted_by(BOTH))
    assert built.problems == ()
    report = next(one.dataset for one in built if one.template == "tid1500")
    pictures = {one.part: one.dataset for one in built if one.template == "heat_maps"}
    assert pictures.keys() == {A4C_UID, A2C_UID, POOR_UID}
    explained = _explained(report)
    outlined = [group for _, group in all_groups(report) if any(items(group, name="111030", deep=False))]
    assert len(explained) == len(outlined) > 0
    assert all(len(_explained(group)) == 1 for group in outlined)
    for item in explained:
        reference = item.ReferencedSOPSequence[0]
        assert item.RelationshipType == "CONTAINS"
        named = [one for one in pictures.values() if one.SOPInstanceUID == reference.ReferencedSOPInstanceUID]
        assert [one.SOPClassUID for one in named] == [reference.ReferencedSOPClassUID]
        (study,) = report.CurrentRequestedProcedureEvidenceSequence
        series = {one.SeriesInstanceUID: one.ReferencedSOPSequence[0] for one in study.ReferencedSeriesSequence}
        assert series[named[0].SeriesInstanceUID].ReferencedSOPInstanceUID == named[0].SOPInstanceUID
    assert [deviation for deviation in check_document(report) if deviation.severity == "error"] == []


def test_a_report_for_others_is_another_document_without() -> None:
    (alone,) = _built(*wanted_by(REPORT_ALONE)).documents
    explained = next(one for one in _built(*wanted_by(BOTH)) if one.template == "tid1500")
    assert _explained(alone.dataset) == []
    assert alone.dataset.SOPInstanceUID != explained.dataset.SOPInstanceUID
    assert (alone.profile, explained.profile) == ("", "heat_maps")


def test_networks_are_asked_for_maps_where_a_destination_takes_them() -> None:
    assert Settings(destination=(REPORT_ALONE, BOTH)).model_set.heat_maps
    assert not Settings(destination=(REPORT_ALONE,)).model_set.heat_maps


def test_without_maps_there_is_no_picture_and_no_reference() -> None:
    clips = tuple(replace(clip, heat_maps=()) for clip in study_findings().clips)
    (report,) = _built(*wanted_by(BOTH), findings=study_findings(clips=clips)).documents
    assert report.template == "tid1500"
    assert _explained(report.dataset) == []


def test_phantom_weights_explain_nothing_of_a_patient() -> None:
    patient = evidence(source_header(A4C_UID, QualityControlSubject=None))
    findings = study_findings(clips=(clip_findings(),), measurements=())
    assert visual_explanation.build(findings, patient, identity()) == ()
    lifted = replace(findings, research_override=True)
    assert len(visual_explanation.build(lifted, patient, identity())) == 1


def test_maps_of_an_image_of_another_size_are_refused() -> None:
    findings = study_findings(clips=(clip_findings(rows=61),), measurements=())
    with pytest.raises(DocumentError, match="another size"):
        visual_explanation.build(findings, evidence(), identity())
    with pytest.raises(ValueError, match="one level for each cell"):
        heat_map(rows=4)
