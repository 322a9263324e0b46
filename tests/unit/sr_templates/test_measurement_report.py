"""The TID 1500 report as a document: its header, its references, and what makes none."""

from dataclasses import replace
from io import BytesIO

import pytest
from pydicom.uid import ComprehensiveSRStorage

from models.results import FrameReference, StudyFindings
from sr_templates import measurement_report
from sr_templates.errors import DocumentError
from sr_templates.identity import PredecessorReference
from tests.content_items import built, code_of, items
from tests.factories import (
    A2C_UID,
    A4C_UID,
    POOR_UID,
    STUDY_UID,
    evidence,
    identity,
    measurement,
    study_findings,
)


def test_the_observer_is_the_device() -> None:
    report = built()
    assert code_of(report, "121005") == "121007"
    assert identity().device_observer_uid == next(items(report, name="121012")).UID


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


def test_containers_are_separate() -> None:
    """As continuous text, DCMTK's HTML and other viewers write a value without its name."""
    report = built()
    containers = [report, *items(report, value_type="CONTAINER")]
    assert len(containers) > 8
    assert {container.ContinuityOfContent for container in containers} == {"SEPARATE"}
