"""Everything known of one study, as plain data."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.results import QualityIssue
from node.db.attention import NOT_BUILT
from node.db.audit import AuditEvent
from node.db.tables import (
    Analysis,
    AuditEntry,
    Delivery,
    DeliveryState,
    Document,
    FailedDocument,
    Instance,
    Job,
    JobState,
    Study,
)
from node.study.cart_comparison import beside_cart
from node.study.rejection import rejection_of_document, rejection_words, rejections_of

_NOT_TAKEN = (DeliveryState.REFUSED.value, DeliveryState.EXPIRED.value)
_UNDONE = (JobState.TODO.value, JobState.DOING.value, JobState.FAILED.value, JobState.DEAD.value)


def study_overview(session: Session, study_instance_uid: str) -> dict[str, Any] | None:
    """Everything known of a study, or None when it never came."""
    study = session.scalar(select(Study).where(Study.study_instance_uid == study_instance_uid))
    if study is None:
        return None
    analysis = session.scalar(select(Analysis).where(Analysis.study_id == study.id).order_by(Analysis.revision.desc()).limit(1))
    findings: dict[str, Any] = analysis.findings if analysis else {}
    rejected = rejections_of(session, study.study_instance_uid)
    failed = [row for row in _rows(session, FailedDocument, study) if analysis and row.analysis_id == analysis.id]
    return {
        "study": study.study_instance_uid,
        "pseudonym": study.pseudonym,
        "state": study.state,
        "revision": study.revision,
        "failed_reason": study.failed_reason,
        "needs_person": study.needs_person,
        "reason": reason_of(study, job_errors(session, study)),
        "resolved": _resolved(session, study),
        "completed_at": study.completed_at,
        "completed_reason": study.completed_reason,
        "instances": [_instance(row, rejected) for row in _rows(session, Instance, study)],
        "measurements": findings.get("measurements", []),
        "not_measured": findings.get("not_measured", []),
        "assessments": findings.get("assessments", []),
        "cart": beside_cart(findings),
        "flags": [*findings.get("flags", []), *_remarks(session, study), *map(_failed_flag, failed)],
        "documents": _documents(session, study),
        "left_out": _left_out(session, study),
        "failed_documents": [{"template": row.template, "profile": row.profile, "reason": row.reason} for row in failed],
        "jobs": [_job(row) for row in _rows(session, Job, study) if row.error is not None],
    }


def job_errors(session: Session, study: Study | None = None) -> dict[tuple[int | None, int], str]:
    """By study and revision: what went wrong with a delivery, or a job that waits for another attempt or was given up."""
    query = select(Job).where(Job.error.is_not(None), Job.state.in_(_UNDONE)).order_by(Job.id)
    jobs = session.scalars(query.where(Job.study_id == study.id) if study else query)
    return _refusals(session, study) | {(job.study_id, job.revision): f"{job.kind}: {job.error}" for job in jobs}


def _refusals(session: Session, study: Study | None) -> dict[tuple[int | None, int], str]:
    """By study and revision: a delivery that ended without its document being taken."""
    query = select(Delivery, Document.study_id, Analysis.revision).join(Document, Delivery.document_id == Document.id)
    query = query.join(Analysis, Document.analysis_id == Analysis.id).where(Delivery.state.in_(_NOT_TAKEN))
    rows = session.execute(query.where(Document.study_id == study.id) if study else query)
    return {
        (study_id, revision): f"delivery to {delivery.destination} {delivery.state}: {delivery.detail or 'no reason stated'}"
        for delivery, study_id, revision in rows
    }


def reason_of(study: Study, errors: Mapping[tuple[int | None, int], str]) -> str | None:
    """Why nothing, or not all, came of a study; None where nothing stands against it."""
    return study.failed_reason or study.person_reason or errors.get((study.id, study.revision))


def _remarks(session: Session, study: Study) -> list[dict[str, Any]]:
    """What the documents of this revision say of irregular values of their source: as flags of the whole study."""
    query = select(AuditEntry).where(AuditEntry.study == study.pseudonym, AuditEntry.event == AuditEvent.SOURCE_IRREGULAR.value)
    entry = session.scalar(query.order_by(AuditEntry.id.desc()).limit(1))
    current = entry is not None and entry.details.get("revision", study.revision) == study.revision
    texts = entry.details["remarks"] if entry is not None and current else ()
    return [{"issue": QualityIssue.TOLERATED.value, "sop_instance_uid": None, "message": text, "judges": []} for text in texts]


def _resolved(session: Session, study: Study) -> list[dict[str, Any]]:
    """What persons said of what was asked, the oldest first."""
    query = select(AuditEntry).where(AuditEntry.study == study.pseudonym, AuditEntry.event == AuditEvent.STUDY_RESOLVED.value)
    return [{"at": entry.at, **entry.details} for entry in session.scalars(query.order_by(AuditEntry.id))]


def _left_out(session: Session, study: Study) -> list[dict[str, Any]]:
    """What the prefill documents of this revision do not write of what was measured: the keys of each reason."""
    query = select(AuditEntry).where(AuditEntry.study == study.pseudonym, AuditEntry.event == AuditEvent.VALUES_LEFT_OUT.value)
    entries = [entry.details for entry in session.scalars(query.order_by(AuditEntry.id))]
    newest = {(entry["template"], entry.get("profile", "")): entry for entry in entries if entry["revision"] == study.revision}
    return [
        {"template": template, "profile": profile, "keys_by_reason": entry["keys_by_reason"]}
        for (template, profile), entry in newest.items()
    ]


def _failed_flag(row: FailedDocument) -> dict[str, Any]:
    message = f"{row.template}{NOT_BUILT}{row.reason}"
    return {"issue": AuditEvent.DOCUMENT_FAILED.value, "sop_instance_uid": None, "message": message, "judges": []}


def _job(row: Job) -> dict[str, Any]:
    return {"kind": row.kind, "revision": row.revision, "state": row.state, "attempts": row.attempts, "error": row.error}


def _rows(session: Session, table: Any, study: Study) -> list[Any]:
    return list(session.scalars(select(table).where(table.study_id == study.id).order_by(table.id)))


def _instance(row: Instance, rejected: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "sop_instance_uid": row.sop_instance_uid,
        "receipt": row.receipt,
        "received_at": row.received_at,
        "note": row.note,
        "rejected": rejection_words(rejected.get(row.sop_instance_uid or "", ())) or None,
    }


def _documents(session: Session, study: Study) -> list[dict[str, Any]]:
    """A document is superseded as soon as a later revision has documents."""
    query = select(Document, Analysis.revision).join(Analysis, Document.analysis_id == Analysis.id)
    rows = session.execute(query.where(Document.study_id == study.id).order_by(Document.id)).all()
    newest = max((revision for _, revision in rows), default=0)
    return [_document(session, row, revision, newest) for row, revision in rows]


def _document(session: Session, row: Document, revision: int, newest: int) -> dict[str, Any]:
    deliveries = session.scalars(select(Delivery).where(Delivery.document_id == row.id).order_by(Delivery.id))
    return {
        "template": row.template,
        "profile": row.profile,
        "sop_instance_uid": row.sop_instance_uid,
        "path": row.path,
        "revision": revision,
        "superseded": revision < newest,
        "rejected": rejection_of_document(session, row.sop_instance_uid) or None,
        "deliveries": [{"destination": d.destination, "state": d.state, "detail": d.detail} for d in deliveries],
    }
