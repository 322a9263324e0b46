"""Bug prevented: a number of a network that has never seen a heart, in the report of a patient."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.results import StudyFindings
from sr_templates import measurement_report, quality, segmentation
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.patient_safety import OVERRIDE_MARK, PHANTOM_MARK, research_mark
from tests.factories import (
    A2C_UID,
    A4C_UID,
    POOR_UID,
    RELEASED_WEIGHTS,
    evidence,
    identity,
    measurement,
    source_header,
    study_findings,
)


def _on_a_patient(findings: StudyFindings, value: str | None = None) -> Callable[[], object]:
    headers = [source_header(uid, QualityControlSubject=value) for uid in (A4C_UID, A2C_UID, POOR_UID)]
    return lambda: measurement_report.build(findings, evidence(*headers), identity())


def _released(findings: StudyFindings) -> StudyFindings:
    clips = tuple(replace(clip, models=(RELEASED_WEIGHTS,)) for clip in findings.clips)
    return replace(findings, clips=clips, models=(RELEASED_WEIGHTS,))


@pytest.mark.parametrize("value", [None, "NO", ""])
def test_phantom_weights_put_no_number_on_a_patient(value: str | None) -> None:
    with pytest.raises(DocumentError, match="phantoms"):
        _on_a_patient(study_findings(), value)()


def test_the_weights_of_a_clip_count_as_well() -> None:
    with pytest.raises(DocumentError, match="phantoms"):
        _on_a_patient(study_findings(models=()))()


def test_what_the_findings_say_of_the_object_is_not_trusted() -> None:
    findings = study_findings()
    assert all(clip.is_quality_control_subject for clip in findings.clips)
    with pytest.raises(DocumentError):
        _on_a_patient(findings)()


def test_one_clip_of_a_patient_among_phantoms_is_enough() -> None:
    headers = [source_header(A4C_UID), source_header(A2C_UID, QualityControlSubject="NO"), source_header(POOR_UID)]
    with pytest.raises(DocumentError, match="phantoms"):
        measurement_report.build(study_findings(), evidence(*headers), identity())


def _mixed(*patients: str) -> Evidence:
    """The three clips of the findings, those named being a patient's."""
    uids = (A4C_UID, A2C_UID, POOR_UID)
    return evidence(*(source_header(uid, QualityControlSubject=None if uid in patients else "YES") for uid in uids))


def test_a_patients_clip_that_gave_no_number_is_enough_too() -> None:
    """The document is filed under one patient: the phantom's numbers would be read as that patient's."""
    only_a4c = study_findings(measurements=(measurement("ef_a4c", 55.0),))
    assert measurement_report.build(only_a4c, _mixed(), identity())
    with pytest.raises(DocumentError, match="phantoms"):
        measurement_report.build(only_a4c, _mixed(POOR_UID), identity())


def test_the_header_that_names_the_patient_counts_even_where_it_is_no_clip_of_the_findings() -> None:
    clips = [source_header(uid) for uid in (A4C_UID, A2C_UID, POOR_UID)]
    of_a_patient = source_header("1.2.3.4.5", QualityControlSubject="NO", PatientName="Real^Person")
    with pytest.raises(DocumentError, match="phantoms"):
        measurement_report.build(study_findings(), evidence(*clips, of_a_patient), identity())
    assert segmentation.build(study_findings(), evidence(*clips, of_a_patient), identity()) == ()


def test_a_number_without_a_source_proves_nothing() -> None:
    findings = study_findings(measurements=(measurement("ef_a4c", 55.0, sources=()),))
    with pytest.raises(DocumentError, match="phantoms"):
        measurement_report.build(findings, evidence(), identity())


def test_without_numbers_the_report_and_the_quality_issues_are_built() -> None:
    findings = study_findings(measurements=())
    headers = [source_header(uid, QualityControlSubject=None) for uid in (A4C_UID, A2C_UID, POOR_UID)]
    assert measurement_report.build(findings, evidence(*headers), identity())
    assert quality.build(findings, evidence(*headers), identity())


def test_phantom_weights_outline_no_patient() -> None:
    assert segmentation.build(study_findings(), _mixed(), identity())
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        assert segmentation.build(study_findings(), _mixed(uid), identity()) == (), "not even the phantom beside a patient"


def test_the_override_and_released_weights_lift_the_rule() -> None:
    assert _on_a_patient(study_findings(research_override=True))()
    assert _on_a_patient(_released(study_findings()))()


def test_the_mark_says_why() -> None:
    assert research_mark(study_findings()) == PHANTOM_MARK
    assert research_mark(_released(study_findings())) == ""
    assert research_mark(_released(study_findings(research_override=True))) == OVERRIDE_MARK
    for mark in (PHANTOM_MARK, OVERRIDE_MARK):
        assert mark.startswith("RESEARCH USE ONLY")
        assert len(mark) <= 64, "Content Description is LO"


@pytest.mark.parametrize("build", [measurement_report.build, segmentation.build, quality.build])
def test_every_document_carries_the_mark(build: Callable[..., tuple[object, ...]]) -> None:
    for document in build(study_findings(), evidence(), identity()):
        assert document.dataset.SeriesDescription.startswith("RESEARCH: ")  # type: ignore[attr-defined]
