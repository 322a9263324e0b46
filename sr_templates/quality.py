"""TID 2010 Key Object Selection titled Quality Issue: the clips a person should look at, one document per reason."""

from collections.abc import Iterable

from highdicom import sr
from highdicom.ko import KeyObjectSelection
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import KeyObjectSelectionDocumentStorage

from models.results import ModelUse, QualityFlag, QualityIssue, StudyFindings
from sr_templates import codes
from sr_templates.algorithm import weights
from sr_templates.document import BuiltDocument, DocumentKind, evidence_sequence, observer_context, start_document
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import research_mark

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
    mark = research_mark(findings)
    networks = _networks(flags, findings)
    named = (f"Network: {weights(use)}" for use in networks)
    in_full = evidence.full_values(strict=identity.profile.strict)
    uids = list(dict.fromkeys(str(flag.sop_instance_uid) for flag in flags))
    root = KeyObjectSelection(
        document_title=codes.QUALITY_ISSUE,
        referenced_objects=[evidence.header(uid) for uid in uids],
        observer_device_context=observer_context(identity),
        description="\n".join(dict.fromkeys([*([mark] if mark else []), *(flag.message for flag in flags), *named, *in_full])),
    )[0]
    document = start_document(
        KIND, evidence, identity, part=reason.value, part_number=number, mark=mark, subject=reason.meaning, models=networks
    )
    document.update(root)
    document.ContentSequence = _by_the_template(root.ContentSequence, reason)
    document.ReferencedPerformedProcedureStepSequence = []
    document.CurrentRequestedProcedureEvidenceSequence = evidence_sequence(evidence, uids)
    return BuiltDocument(KIND.template, reason.value, document)


def _networks(flags: Iterable[QualityFlag], findings: StudyFindings) -> tuple[ModelUse, ...]:
    """The networks that gave the verdicts of these flags, with their exact weights; not what else looked at the clip."""
    flagged = {(flag.sop_instance_uid, name) for flag in flags for name in flag.judges}
    uses = (use for clip in findings.clips for use in clip.models if (clip.sop_instance_uid, use.name) in flagged)
    return tuple(dict.fromkeys(uses))


def _by_the_template(content: Iterable[Dataset], reason: Code) -> list[Dataset]:
    """Row 3, the reason, which highdicom has no argument for; no purpose of reference on images, which rows 8-10 forbid."""
    modifier = sr.CodeContentItem(codes.DOCUMENT_TITLE_MODIFIER, reason, sr.RelationshipTypeValues.HAS_CONCEPT_MOD)
    items: list[Dataset] = [modifier, *content]
    for item in items:
        if item.RelationshipType == "CONTAINS" and item.ValueType != "TEXT":
            del item.ConceptNameCodeSequence
    return items
