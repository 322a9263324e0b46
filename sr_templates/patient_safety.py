"""Numbers of networks that have never seen a patient do not reach one: the last check before anything is written."""

from models.results import StudyFindings
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence, is_quality_control_subject

PHANTOM_MARK = "RESEARCH USE ONLY - weights trained on synthetic phantoms"
OVERRIDE_MARK = "RESEARCH USE ONLY - safety gates lifted by configuration"


def trained_on_phantoms(findings: StudyFindings) -> bool:
    uses = [*findings.models, *(use for clip in findings.clips for use in clip.models)]
    return any(use.trained_on_phantoms for use in uses)


def research_mark(findings: StudyFindings) -> str:
    """What the text of every document says, and its series description in short; empty for released weights, not lifted."""
    if trained_on_phantoms(findings):
        return PHANTOM_MARK
    return OVERRIDE_MARK if findings.research_override else ""


def may_show(findings: StudyFindings, evidence: Evidence) -> bool:
    """Whether numbers and outlines of this study may be written at all.

    With weights trained on phantoms every clip of the findings and the header that names the patient must say Quality Control
    Subject YES: a document is filed under one patient, so one clip of a patient makes all of it that patient's. The objects'
    own headers decide, whatever the findings say of them. The research override lifts it.
    """
    if findings.research_override or not trained_on_phantoms(findings):
        return True
    return _is_of_phantoms(findings, evidence)


def may_prefill(findings: StudyFindings, evidence: Evidence) -> bool:
    """Whether numbers may go where receivers file them by code, unseen: into TID 5200, TID 5300 and HL7.

    The research override opens no such door: its mark is words, and those receivers read none. What says Quality Control
    Subject everywhere is nobody's heart and may pass.
    """
    if not findings.research_override and not trained_on_phantoms(findings):
        return True
    return all(measurement.sources for measurement in findings.measurements) and _is_of_phantoms(findings, evidence)


def may_show_earlier(before: StudyFindings, evidence: Evidence) -> bool:
    """Whether a revision may repeat numbers of an earlier one. No override lifts this: they are no result of this document."""
    return not trained_on_phantoms(before) or all(map(is_quality_control_subject, evidence.headers.values()))


def _is_of_phantoms(findings: StudyFindings, evidence: Evidence) -> bool:
    sources = {source.sop_instance_uid for measurement in findings.measurements for source in measurement.sources}
    uids = {clip.sop_instance_uid for clip in findings.clips} | sources
    headers = [evidence.newest, *(evidence.header(uid) for uid in uids)]
    return all(is_quality_control_subject(header) for header in headers)


def refuse_numbers_on_patients(findings: StudyFindings, evidence: Evidence) -> None:
    """The analysis has already turned such values into NotMeasured; this refuses to trust that.

    A measurement that names no source proves nothing. Raises DocumentError.
    """
    if not findings.measurements or findings.research_override or not trained_on_phantoms(findings):
        return
    if not all(measurement.sources for measurement in findings.measurements) or not may_show(findings, evidence):
        raise DocumentError("weights trained on phantoms must not put a number on a patient")
