"""TID 2010 Key Object Selection titled Quality Issue: the clips a person should look at, one document per reason."""

from collections.abc import Iterable

from pydicom.uid import KeyObjectSelectionDocumentStorage

from models.results import ModelUse, QualityFlag, QualityIssue, StudyFindings
from sr_templates import codes
from sr_templates.algorithm import weights
from sr_templates.document import BuiltDocument, DocumentKind, evidence_sequence
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.key_objects import Selection, build_selection

KIND = DocumentKind("kos", KeyObjectSelectionDocumentStorage, "KO", 9300, "EchoNode quality issue")


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One object per CID 7011 reason that any clip was flagged with, its part the code value of the reason.

    The title is Quality Issue and never Rejected for Quality Reasons, which makes archives hide the clip.
    """
    flagged = _flags_by_issue(findings, evidence)
    return tuple(
        _build_one(issue, flags, number, findings, evidence, identity)
        for number, (issue, flags) in enumerate(flagged.items(), start=1)
    )


def _flags_by_issue(findings: StudyFindings, evidence: Evidence) -> dict[QualityIssue, list[QualityFlag]]:
    """Flags on objects that can be referred to; one on the whole study selects no object and stands in the report."""
    every = dict.fromkeys([*findings.flags, *(flag for clip in findings.clips for flag in clip.flags)])
    flags = [flag for flag in every if flag.sop_instance_uid in evidence.headers]
    by_issue = {issue: [flag for flag in flags if flag.issue == issue] for issue in codes.QUALITY_ISSUE_REASONS}
    return {issue: found for issue, found in by_issue.items() if found}


def _build_one(
    issue: QualityIssue,
    flags: list[QualityFlag],
    number: int,
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
) -> BuiltDocument:
    reason = codes.QUALITY_ISSUE_REASONS[issue]
    networks = _networks(flags, findings)
    uids = list(dict.fromkeys(str(flag.sop_instance_uid) for flag in flags))
    selection = Selection(
        title=codes.QUALITY_ISSUE,
        modifier=reason,
        objects=[evidence.header(uid) for uid in uids],
        study_references=evidence_sequence(evidence, uids),
        words=[*(flag.message for flag in flags), *(f"Network: {weights(use)}" for use in networks)],
        frames={},
        part=reason.value,
        number=number,
        subject=reason.meaning,
        models=networks,
    )
    return build_selection(KIND, selection, findings, evidence, identity)


def _networks(flags: Iterable[QualityFlag], findings: StudyFindings) -> tuple[ModelUse, ...]:
    """The networks that gave the verdicts of these flags, with their exact weights; not what else looked at the clip."""
    flagged = {(flag.sop_instance_uid, name) for flag in flags for name in flag.judges}
    uses = (use for clip in findings.clips for use in clip.models if (clip.sop_instance_uid, use.name) in flagged)
    return tuple(dict.fromkeys(uses))
