"""The audit trail: what happened, in a chain of hashes in which no entry can be changed, removed, inserted or moved unseen.

`record` writes an unsealed row inside the business transaction, so the chain never serialises intake; `seal` numbers and hashes
the rows in batches. An anchor (the last sealed sequence and its hash) kept elsewhere proves later that the tail was not cut.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.orm import Session

from node.db.session import Database
from node.db.tables import AuditEntry

_FIRST_PREV_HASH = "0" * 64
_SEALER_LOCK = 4563285  # any constant: PostgreSQL's advisory locks are numbers
_SEAL_BATCH = 500
_READ_BATCH = 1000
_INSERT = insert(AuditEntry)
_LAST_SEALED = (
    select(AuditEntry.sequence, AuditEntry.entry_hash)
    .where(AuditEntry.sequence.is_not(None))
    .order_by(AuditEntry.sequence.desc())
    .limit(1)
)
_UNSEALED = (
    select(AuditEntry.id, AuditEntry.at, AuditEntry.event, AuditEntry.study, AuditEntry.details)
    .where(AuditEntry.sequence.is_(None))
    .order_by(AuditEntry.id)
    .limit(_SEAL_BATCH)
)
_SEAL = (
    update(AuditEntry)
    .where(AuditEntry.id == bindparam("row"))
    .values(sequence=bindparam("number"), prev_hash=bindparam("before"), entry_hash=bindparam("own"))
)


class AuditEvent(StrEnum):
    NODE_STARTED = "node_started"
    NODE_STOPPED = "node_stopped"
    CLOCK_SET = "clock_set"  # the wall clock jumped while the node ran: times before and after are not one clock's

    ASSOCIATION_REFUSED = "association_refused"  # no AE rule let the caller in
    INSTANCE_STORED = "instance_stored"  # new, on disk and in the database
    INSTANCE_DUPLICATE = "instance_duplicate"  # same content again: the first is kept
    INSTANCE_CONFLICT = "instance_conflict"  # same UID, other pixels: both are kept
    INSTANCE_HEADER_CHANGED = "instance_header_changed"  # same UID and pixels, other header: both are kept
    INSTANCE_QUARANTINED = "instance_quarantined"  # unparseable: kept outside any study, answered 0xC000
    INSTANCE_REFUSED = "instance_refused"  # command and data set disagree, or resources are short: not kept
    OWN_DOCUMENT_RETURNED = "own_document_returned"  # accepted, and never touches study state

    REJECTION_RECEIVED = "rejection_received"  # a rejection note names objects of this study: they leave its analysis
    REJECTION_LIFTED = "rejection_lifted"  # a note takes earlier rejections back
    DOCUMENT_REJECTED = "document_rejected"  # a rejection note, received or ours, names one of our documents

    STUDY_OPENED = "study_opened"  # first instance of a study
    STUDY_CLOSED = "study_closed"  # RECEIVING -> COMPLETE: quiet, forced or by hand
    STUDY_REOPENED = "study_reopened"  # a late analysable instance: the next revision
    STUDY_ANALYSED = "study_analysed"
    STUDY_FAILED = "study_failed"  # the analysis cannot be done
    STUDY_REANALYSE = "study_reanalyse"  # a person wants it analysed again
    STUDY_NEEDS_PERSON = "study_needs_person"  # revisions used up, several patients, or documents that cannot be built
    STUDY_RESOLVED = "study_resolved"  # a person looked at what was asked: who, and in which words

    ANALYSIS_RECORDED = "analysis_recorded"
    REPORTS_READ = "reports_read"  # a report of others came or went after the analysis, and changes what is left to fill in
    DOCUMENT_BUILT = "document_built"
    DOCUMENTS_SUPERSEDED = "documents_superseded"  # a revision takes their place; which of them name another patient
    DOCUMENT_FAILED = "document_failed"  # a template that a destination asked for cannot be built; the others go out
    DOCUMENTS_KEPT = "documents_kept"  # they go to no destination: by which route, or which rule for migrations
    VALUES_LEFT_OUT = "values_left_out"  # measured, and not in a report for reporting systems: which, and why
    PAGE_WRITTEN = "page_written"  # a person had the page of a study written to a file, which names the patient
    SOURCE_IRREGULAR = "source_irregular"  # identifiers echoed or left out, other invalid values left out of documents

    PHANTOM_RULE_LIFTED = "phantom_rule_lifted"  # a person registered an evaluation of phantom-trained weights on site data

    DELIVERY_CREATED = "delivery_created"
    DELIVERY_STARTED = "delivery_started"  # PENDING -> SENDING
    DELIVERY_ACCEPTED = "delivery_accepted"
    DELIVERY_ACCEPTED_WITH_WARNING = "delivery_accepted_with_warning"
    DELIVERY_POSTPONED = "delivery_postponed"  # transient failure or lease lost: tried again
    DELIVERY_REFUSED = "delivery_refused"  # final until a person reopens it
    DELIVERY_EXPIRED = "delivery_expired"  # tried for too long, or too often
    DELIVERY_SUPERSEDED = "delivery_superseded"  # a newer revision is on its way, or the same content in a class that is taken
    DELIVERY_REOPENED = "delivery_reopened"  # by a person

    JOB_ENQUEUED = "job_enqueued"
    JOB_CLAIMED = "job_claimed"  # TODO -> DOING, with a new fencing token
    JOB_DONE = "job_done"
    JOB_RETRIED = "job_retried"  # DOING -> TODO after an error
    JOB_LEASE_LOST = "job_lease_lost"  # DOING -> TODO: its worker stopped reporting
    JOB_SUPERSEDED = "job_superseded"  # a newer revision of the study took its place; it ends without effect
    JOB_FAILED = "job_failed"  # a final error
    JOB_DEAD = "job_dead"  # attempts used up


@dataclass(frozen=True)
class AuditReport:
    """`problem` names the first entry that does not fit, where there is one."""

    entries: int
    sealed: int
    verified: bool
    problem: str = ""


def record(session: Session, event: AuditEvent, *, now: datetime, study: str | None = None, **details: Any) -> AuditEntry:
    """Add an entry to the caller's transaction. `study` is a pseudonym; `details` are JSON values without patient data."""
    entry = AuditEntry(at=now, event=event.value, study=study, details=details)
    session.add(entry)
    return entry


def record_all(session: Session, event: AuditEvent, entries: Sequence[tuple[datetime, str, Mapping[str, Any]]]) -> None:
    """Many entries of one event, (time, pseudonym of the study, details) each, in one statement."""
    rows = [{"at": at, "event": event.value, "study": study, "details": dict(details)} for at, study, details in entries]
    session.connection().execute(_INSERT, rows)


def anything_unsealed(session: Session) -> bool:
    """Asked before sealing, which takes the database's write lock."""
    return session.scalar(select(AuditEntry.id).where(AuditEntry.sequence.is_(None)).limit(1)) is not None


def seal(database: Database) -> int:
    """Number and hash every unsealed entry; returns how many. Safe to call at any time, from any process."""
    sealed = 0
    while batch := database.write(_seal_batch):
        sealed += batch
    return sealed


def _seal_batch(session: Session) -> int:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEALER_LOCK})
    connection = session.connection()
    last = connection.execute(_LAST_SEALED).first()
    sequence, prev_hash = (last.sequence, str(last.entry_hash)) if last else (0, _FIRST_PREV_HASH)
    sealed = []
    for row in connection.execute(_UNSEALED):
        sequence += 1
        entry = {"id": row.id, "sequence": sequence, "at": row.at.isoformat(), "event": row.event, "study": row.study}
        entry_hash = _hash_of({**entry, "details": row.details, "prev_hash": prev_hash})
        sealed.append({"row": row.id, "number": sequence, "before": prev_hash, "own": entry_hash})
        prev_hash = entry_hash
    if sealed:
        connection.execute(_SEAL, sealed)
    return len(sealed)


def _entry_hash(entry: AuditEntry) -> str:
    return _hash_of(_as_dict(entry))


def _hash_of(content: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of everything in the row but the hash itself."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _as_dict(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "event": entry.event,
        "study": entry.study,
        "details": entry.details,
        "prev_hash": entry.prev_hash,
    }


def verify(session: Session, *, anchor: Mapping[str, Any] | None = None) -> AuditReport:
    """Recompute the chain; with an `anchor` exported earlier, also that the chain still contains it."""
    entries = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    sealed, prev_hash, anchored = 0, _FIRST_PREV_HASH, anchor is None or anchor["sequence"] == 0
    for entry in _sealed(session):
        problem = _problem(entry, sealed + 1, prev_hash)
        if problem:
            return AuditReport(entries, sealed, False, problem)
        sealed, prev_hash = sealed + 1, str(entry.entry_hash)
        if anchor is not None and entry.sequence == anchor["sequence"]:
            if entry.entry_hash != anchor["entry_hash"]:
                return AuditReport(entries, sealed, False, f"entry {entry.sequence} is not the anchored one")
            anchored = True
    if not anchored:
        assert anchor is not None
        problem = f"the anchor stands at entry {anchor['sequence']}, the chain ends at {sealed}: the tail was removed"
        return AuditReport(entries, sealed, False, problem)
    return AuditReport(entries, sealed, True)


def _problem(entry: AuditEntry, expected: int, prev_hash: str) -> str:
    if entry.sequence != expected:
        return f"entry {expected} is missing"
    if entry.prev_hash != prev_hash:
        return f"entry {expected} does not follow the entry before it: something was removed, inserted or moved"
    if entry.entry_hash != _entry_hash(entry):
        return f"entry {expected} was changed after it was sealed"
    return ""


def anchor(session: Session) -> dict[str, Any]:
    """The end of the chain, to be kept where whoever can write the database cannot."""
    last = session.scalar(
        select(AuditEntry).where(AuditEntry.sequence.is_not(None)).order_by(AuditEntry.sequence.desc()).limit(1)
    )
    if last is None:
        return {"sequence": 0, "entry_hash": _FIRST_PREV_HASH}
    return {"sequence": last.sequence, "entry_hash": last.entry_hash}


def export(session: Session) -> Iterator[dict[str, Any]]:
    """All sealed entries in chain order, with their hashes, as plain JSON values."""
    for entry in _sealed(session):
        yield {**_as_dict(entry), "entry_hash": entry.entry_hash}


def _sealed(session: Session) -> Iterator[AuditEntry]:
    """In chain order, a batch at a time: the trail outgrows memory."""
    last = None
    while True:
        after = AuditEntry.sequence.is_not(None) if last is None else AuditEntry.sequence > last
        batch = session.scalars(select(AuditEntry).where(after).order_by(AuditEntry.sequence).limit(_READ_BATCH)).all()
        yield from batch
        if len(batch) < _READ_BATCH:
            return
        last = batch[-1].sequence
