"""A received rejection note takes effect: objects leave their study's analysis, results are amended, documents stay here.

Called in the transaction that records the note's arrival. A note says the same however often and in whatever order it comes:
what is rejected is looked up whenever a study is analysed, so a note may also come before its objects.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import audit
from node.db.attention import ask_person
from node.db.audit import AuditEvent
from node.db.session import insert_unless_there
from node.db.tables import Document, Instance, Rejection, Study, StudyState
from node.objects.rejection_note import TITLES, RejectionNote
from node.study import assembly
from node.study.job_ends import supersede_deliveries
from node.study.rejection import NOT_SENT, is_rejected
from node.study.reports import report_rows, reports_changed

NAMES_NOTHING = "a rejection note that names no object"
UNDER_ANOTHER_STUDY = "a rejection note names an object of this study under another study"
_BATCH = 500  # parameters of one statement


def take_note(
    session: Session, note: RejectionNote, note_uid: str, study: Study, *, is_new: bool = True, now: datetime
) -> None:
    """`study` is the one that the note itself belongs to. Rows of studies are locked. A note that `is_new` is audited, whatever
    it changes.
    """
    if not note.named and is_new:
        audit.record(session, AuditEvent.REJECTION_RECEIVED, now=now, study=study.pseudonym, note=NAMES_NOTHING)
    by_study: dict[str, list[str]] = {}
    for named in sorted(note.named):
        by_study.setdefault(named.study_instance_uid, []).append(named.sop_instance_uid)
    for study_uid, uids in by_study.items():
        of_note = session.scalar(select(Study).where(Study.study_instance_uid == study_uid).with_for_update())
        images, reports = _images_used(session, of_note, uids), _reports_used(session, of_note)
        if note.code:
            changed = _reject(session, note.code, note_uid, study_uid, uids, now)
            _reject_documents(session, note.code, changed, now)
            _ask_elsewhere(session, study_uid, changed, now)
        else:
            changed = _lift(session, study_uid, uids, now)
        if is_new or changed:
            _tell(session, note, of_note or study, uids, changed, now)
        if of_note is None:
            continue
        if _images_used(session, of_note, uids) != images:
            _amend(session, of_note, now)
        elif _reports_used(session, of_note) != reports:
            reports_changed(session, of_note, now=now)


def _images_used(session: Session, study: Study | None, uids: Sequence[str]) -> frozenset[str]:
    """Which of these the study's analysis rests on, or would."""
    if study is None:
        return frozenset()
    query = select(Instance.sop_instance_uid).where(
        Instance.study_id == study.id, Instance.analysable, Instance.receipt.in_(assembly.KEPT), ~is_rejected()
    )
    return frozenset(uid for uid in session.scalars(query) if uid) & frozenset(uids)


def _reports_used(session: Session, study: Study | None) -> frozenset[int]:
    return frozenset(row.id for row in report_rows(session, study.id)) if study is not None else frozenset()


def _reject(session: Session, code: str, note_uid: str, study_uid: str, uids: Iterable[str], now: datetime) -> list[str]:
    """Those that this note did not name before."""
    row = {"study_instance_uid": study_uid, "note_uid": note_uid, "code": code, "received_at": now}
    return [uid for uid in uids if insert_unless_there(session, Rejection, {**row, "sop_instance_uid": uid})]


def _lift(session: Session, study_uid: str, uids: Sequence[str], now: datetime) -> list[str]:
    lifted: set[str] = set()
    in_force = select(Rejection).where(Rejection.study_instance_uid == study_uid, Rejection.lifted_at.is_(None))
    for batch in _batches(uids):
        for row in session.scalars(in_force.where(Rejection.sop_instance_uid.in_(batch))):
            row.lifted_at = now
            lifted.add(row.sop_instance_uid)
    session.flush()
    return sorted(lifted)


def _tell(
    session: Session, note: RejectionNote, study: Study, uids: Sequence[str], changed: Sequence[str], now: datetime
) -> None:
    event = AuditEvent.REJECTION_RECEIVED if note.code else AuditEvent.REJECTION_LIFTED
    here = select(Instance.sop_instance_uid).where(Instance.study_id == study.id, Instance.path.is_not(None)).distinct()
    known = sum(len(session.scalars(here.where(Instance.sop_instance_uid.in_(batch))).all()) for batch in _batches(uids))
    title = {"title": f"{note.code} {TITLES[note.code]}"} if note.code else {}
    counts = {"named": len(uids), "new": len(changed), "known": known}
    audit.record(session, event, now=now, study=study.pseudonym, **title, **counts)


def _amend(session: Session, study: Study, now: datetime) -> None:
    """The next revision, without any limit of their number: each needs another object to be rejected. While receiving the
    study is not analysed yet.
    """
    if study.state != StudyState.RECEIVING:
        assembly.reopen(session, study, now=now)


def _reject_documents(session: Session, code: str, uids: Sequence[str], now: datetime) -> None:
    """Our own documents among them are not sent (again)."""
    for batch in _batches(uids):
        for document in session.scalars(select(Document).where(Document.sop_instance_uid.in_(batch)).order_by(Document.id)):
            pseudonym = session.get_one(Study, document.study_id).pseudonym
            details = {"document": document.id, "title": f"{code} {TITLES[code]}"}
            audit.record(session, AuditEvent.DOCUMENT_REJECTED, now=now, study=pseudonym, **details)
            supersede_deliveries(session, Document.id == document.id, detail=NOT_SENT, now=now)


def _ask_elsewhere(session: Session, study_uid: str, uids: Sequence[str], now: datetime) -> None:
    """An object that is here under another study alone: which of the two is meant, only a person can say."""
    for batch in _batches(uids):
        kept = select(Instance).where(Instance.sop_instance_uid.in_(batch), Instance.path.is_not(None))
        studies: dict[str, set[int]] = {}
        for instance in session.scalars(kept.where(Instance.study_id.is_not(None))):
            studies.setdefault(str(instance.sop_instance_uid), set()).add(int(instance.study_id or 0))
        named = session.scalar(select(Study.id).where(Study.study_instance_uid == study_uid))
        elsewhere = {study for found in studies.values() if named not in found for study in found}
        for study in session.scalars(select(Study).where(Study.id.in_(elsewhere)).order_by(Study.id).with_for_update()):
            if not study.needs_person:
                ask_person(session, study, UNDER_ANOTHER_STUDY, now=now)


def _batches(uids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (uids[start : start + _BATCH] for start in range(0, len(uids), _BATCH))
