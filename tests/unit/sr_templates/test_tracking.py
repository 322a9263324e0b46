"""One ventricle, one tracking UID: in report and segmentation, in this revision and the next."""

from collections.abc import Iterator
from dataclasses import replace

from pydicom.dataset import Dataset

from models.results import StudyFindings
from sr_templates import measurement_report, segmentation
from sr_templates.identity import DocumentIdentity
from tests.factories import A2C_UID, A4C_UID, POOR_UID, clip_findings, evidence, identity, study_findings


def _in_report(findings: StudyFindings, maker: DocumentIdentity) -> dict[str, str]:
    """UID by identifier of all that the report tracks: structures and clips."""
    (document,) = measurement_report.build(findings, evidence(), maker)
    return {item["112039"].TextValue: item["112040"].UID for item in _tracked(document.dataset)}


def _tracked(item: Dataset) -> Iterator[dict[str, Dataset]]:
    """Children by the code value of their name, of each content item that is tracked."""
    for child in item.get("ContentSequence", []):
        named = [item for item in child.get("ContentSequence", []) if "ConceptNameCodeSequence" in item]
        by_name = {item.ConceptNameCodeSequence[0].CodeValue: item for item in named}
        if "112039" in by_name:
            yield by_name
        yield from _tracked(child)


def _in_segmentations(findings: StudyFindings, maker: DocumentIdentity) -> dict[str, tuple[str, str]]:
    """Identifier and UID by clip."""
    segments = {d.part: d.dataset.SegmentSequence[0] for d in segmentation.build(findings, evidence(), maker)}
    return {part: (segment.TrackingID, segment.TrackingUID) for part, segment in segments.items()}


def _next_revision() -> DocumentIdentity:
    return identity(revision=2, analysis_uuid="11111111-7a53-4a52-8a52-cc9d1c1d6a77")


def test_a_ventricle_keeps_its_uid_in_the_next_revision() -> None:
    findings = study_findings()
    assert _in_report(findings, _next_revision()) == _in_report(findings, identity())
    assert _in_segmentations(findings, _next_revision()) == _in_segmentations(findings, identity())


def test_a_clip_that_comes_later_renames_none_before_it() -> None:
    fewer = study_findings(clips=study_findings().clips[:2])
    assert _in_report(fewer, identity()).items() <= _in_report(study_findings(), _next_revision()).items()


def test_report_and_segmentation_track_the_same_ventricle() -> None:
    report, segments = _in_report(study_findings(), identity()), _in_segmentations(study_findings(), identity())
    assert segments.keys() == {A4C_UID, A2C_UID}
    for identifier, uid in segments.values():
        assert report[identifier] == uid
    assert len(set(report.values())) == len(report) == 8


def test_two_clips_of_one_view_show_one_ventricle() -> None:
    clips = (clip_findings(A4C_UID), clip_findings(POOR_UID))
    segments = _in_segmentations(study_findings(clips=clips, measurements=()), identity())
    assert segments[A4C_UID] == segments[POOR_UID]


def test_a_ventricle_in_a_clip_of_unknown_view_is_tracked_as_well() -> None:
    clips = (clip_findings(A4C_UID), replace(clip_findings(POOR_UID), view=None))
    segments = _in_segmentations(study_findings(clips=clips, measurements=()), identity())
    assert segments[POOR_UID][0] == "Left ventricle"
    assert segments[POOR_UID][1] != segments[A4C_UID][1]
