"""A revision says what it changes, key by key."""

from dataclasses import replace
from typing import Any

import pytest

from models.results import NotMeasured, Reason, StudyFindings
from sr_templates import measurement_report
from sr_templates.identity import DocumentIdentity, PredecessorReference
from sr_templates.revision_changes import revision_changes
from tests.factories import (
    A4C_UID,
    PHANTOM_WEIGHTS,
    RELEASED_WEIGHTS,
    STUDY_UID,
    evidence,
    identity,
    source_header,
    study_findings,
)


def _after(before: StudyFindings | None) -> DocumentIdentity:
    predecessor = PredecessorReference(STUDY_UID, "1.2.3", "1.2.840.10008.5.1.4.1.1.88.33", "1.2.4", 1, before)
    return identity(revision=2, predecessor=predecessor)


def _of(models: Any = (RELEASED_WEIGHTS,), **changes: Any) -> StudyFindings:
    findings = study_findings(**changes)
    clips = tuple(replace(clip, models=models) for clip in findings.clips)
    return replace(findings, models=models, clips=clips)


def test_a_value_before_and_now() -> None:
    before = _of()
    first = before.measurements[0]
    now = replace(before, measurements=(replace(first, value=first.value + 10), *before.measurements[1:]))
    assert revision_changes(now, evidence(), _after(before)) == (
        "since revision 1: EF biplane Simpson (ef_bp) 56.4 % -> 66.4 %",
    )


def test_what_is_new_and_what_is_withdrawn_with_its_reason() -> None:
    whole = _of()
    first, rest = whole.measurements[0], whole.measurements[1:]
    fewer = replace(whole, measurements=rest, not_measured=(NotMeasured(first.key, (Reason.VIEW_MISSING,)),))
    (new,) = revision_changes(whole, evidence(), _after(fewer))
    assert new == "since revision 1: EF biplane Simpson (ef_bp) newly measured, 56.4 %"
    (withdrawn,) = revision_changes(fewer, evidence(), _after(whole))
    assert withdrawn == "since revision 1: EF biplane Simpson (ef_bp) withdrawn, was 56.4 %: view_missing"


def test_what_rounding_hides_did_not_change() -> None:
    before = _of()
    first = before.measurements[0]
    now = replace(before, measurements=(replace(first, value=first.value + 1e-6), *before.measurements[1:]))
    assert revision_changes(now, evidence(), _after(before)) == ("since revision 1: no value changed",)


@pytest.mark.parametrize("of", [identity(), _after(None)], ids=["first", "unreadable"])
def test_without_an_earlier_document_nothing_is_said(of: DocumentIdentity) -> None:
    assert revision_changes(_of(), evidence(), of) == ()


def test_a_number_of_phantom_weights_is_not_repeated_on_a_patient() -> None:
    """The object turned out to be a patient's: the number of the first revision must not stand in the second."""
    before = _of((PHANTOM_WEIGHTS,))
    first = before.measurements[0]
    now = replace(_of(), measurements=(), not_measured=(NotMeasured(first.key, (Reason.RESEARCH_WEIGHTS,)),))
    patient = evidence(source_header(A4C_UID, QualityControlSubject=None))
    texts = revision_changes(now, patient, _after(before))
    assert texts
    assert all(" was " not in text for text in texts)


def test_the_report_says_it_in_its_text() -> None:
    before = _of()
    (document,) = measurement_report.build(before, evidence(), _after(before))
    assert "since revision 1: no value changed" in document.dataset.to_json()
