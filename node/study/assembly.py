"""When a study is complete, and what a late image does: the study's life between arrivals and analyses.

A study is complete when no analysable instance came for its source's quiet period, which does not elapse while an association
that sent to it is open; it is closed by force after `max_open_s`. A late analysable instance opens the next revision.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from node.db import audit, queue, states
from node.db.attention import WITHHELD, ask_person
from node.db.audit import AuditEvent
from node.db.clocks import Stillness
from node.db.identity import node_identity, pseudonym
from node.db.session import insert_unless_there
from node.db.tables import Document, Instance, JobKind, Receipt, ReceivingAssociation, Study, StudyState
from node.errors import EchoNodeError
from node.objects.patient import PatientVerdict, decide_patients
from node.objects.rejection_note import RETENTION_EXPIRED
from node.settings import Settings
from node.study.job_ends import supersede_jobs
from node.study.patient_columns import patient_of_columns
from node.study.rejection import is_rejected, rejection_words, rejections_of

log = logging.getLogger(__name__)

# PS3.4 B.5: the classes whose arrival counts for completion and revisions. 6 and 3 are retired; old carts still send them.
TRIGGER_SOP_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.6.1",  # Ultrasound Image
        "1.2.840.10008.5.1.4.1.1.3.1",  # Ultrasound Multi-frame Image
        "1.2.840.10008.5.1.4.1.1.6",  # Ultrasound Image (retired)
        "1.2.840.10008.5.1.4.1.1.3",  # Ultrasound Multi-frame Image (retired)
    }
)

QUIET, FORCED, BY_HAND = "quiet", "forced", "by hand"
NO_IMAGES = "no ultrasound image in the study"
ALL_REJECTED = "every ultrasound image of the study is rejected: "
_FAULTS_OF_ONE_STUDY = (EchoNodeError, IntegrityError, DataError, LookupError, ValueError, TypeError)
KEPT = (Receipt.STORED.value, Receipt.HEADER_CHANGED.value, Receipt.CONFLICT.value)

_RECEIVING = select(Study).where(Study.state == StudyState.RECEIVING.value).order_by(Study.id)


@dataclass(frozen=True)
class Source:
    """Where an instance came from, as far as its study cares."""

    calling_aet: str
    rule_name: str
    association_uuid: str
    quiet_s: float


def open_study(session: Session, study_instance_uid: str, source: Source, *, now: datetime) -> Study:
    """The study's row, made on its first arrival; locked for the rest of the transaction."""
    query = select(Study).where(Study.study_instance_uid == study_instance_uid).with_for_update()
    study = session.scalar(query)
    if study is not None:
        return study
    values = {
        "study_instance_uid": study_instance_uid,
        "pseudonym": pseudonym(node_identity(session, now=now), study_instance_uid),
        "state": StudyState.RECEIVING.value,
        "revision": 1,
        "opened_at": now,
        "last_arrival_at": now,
        "quiet_s": source.quiet_s,
        "source_rule": source.rule_name,
        "calling_aet": source.calling_aet,
        "needs_person": False,
    }
    opened = insert_unless_there(session, Study, values)
    study = session.scalars(query).one()
    if opened:  # else an association beside this one was first
        audit.record(
            session,
            AuditEvent.STUDY_OPENED,
            now=now,
            study=study.pseudonym,
            rule=source.rule_name,
            calling_aet=source.calling_aet,
        )
    return study


def note_arrival(session: Session, study: Study, source: Source, *, counts: bool, now: datetime, max_revisions: int) -> None:
    """Tell the study of an instance. What does not count (a duplicate, no trigger class) changes nothing but who sends."""
    values = {"association_uuid": source.association_uuid, "study_id": study.id}
    insert_unless_there(session, ReceivingAssociation, values)
    if not counts:
        return
    if study.state == StudyState.RECEIVING:
        study.last_arrival_at = now
        study.quiet_s = max(study.quiet_s, source.quiet_s)
    elif study.revision < max_revisions:
        _reopen(session, study, source, now=now)
    elif not study.needs_person:
        ask_person(session, study, "a late image after the last revision", now=now)


def _reopen(session: Session, study: Study, source: Source, *, now: datetime) -> None:
    study.quiet_s = max(study.quiet_s, source.quiet_s)
    study.source_rule, study.calling_aet = source.rule_name, source.calling_aet
    reopen(session, study, now=now)


def reopen(session: Session, study: Study, *, now: datetime) -> None:
    """What the study consists of is another thing now: the next revision, after its quiet period."""
    _next_revision(session, study, now=now)
    study.opened_at = study.last_arrival_at = now
    study.completed_at = study.completed_reason = None
    states.move(session, study, AuditEvent.STUDY_REOPENED, now=now, revision=study.revision)


def _next_revision(session: Session, study: Study, *, now: datetime) -> None:
    supersede_jobs(session, study.id, now=now)
    study.revision += 1
    study.failed_reason = None


def reanalyse(session: Session, study: Study, *, now: datetime, max_attempts: int = 3) -> None:
    """ANALYSED or FAILED -> COMPLETE, as the next revision, by a person. InvalidTransition in any other state."""
    session.refresh(study, with_for_update=True)
    states.move(session, study, AuditEvent.STUDY_REANALYSE, now=now, revision=study.revision + 1)
    _next_revision(session, study, now=now)
    study.needs_person, study.person_reason = False, None
    _analyse(session, study, now=now, max_attempts=max_attempts)


def anything_quiet(session: Session, *, now: datetime, settings: Settings, stillness: Stillness | None = None) -> bool:
    """Whether a study is to be closed: asked of a reading session, so that nothing is locked while all is quiet."""
    found = False
    for study in session.scalars(_RECEIVING).all():
        try:
            found |= bool(_reason_to_close(session, study, now, settings.study.max_open_s, stillness))
        except _FAULTS_OF_ONE_STUDY:  # closing it tells
            found = True
    if stillness is not None:
        stillness.end_round()
    return found


def close_quiet_studies(
    session: Session, *, now: datetime, settings: Settings, stillness: Stillness | None = None
) -> list[int]:
    """Close every study that is quiet, or open for too long; returns their ids.

    With `stillness` these are measured by its clock since the state was first seen, however the wall clock is set.
    """
    closed = []
    for study in session.scalars(_RECEIVING.with_for_update(skip_locked=True)).all():
        pseudonymous = study.pseudonym
        try:
            with session.begin_nested():
                reason = _reason_to_close(session, study, now, settings.study.max_open_s, stillness)
                if reason:
                    close_study(session, study, reason=reason, now=now, max_attempts=settings.work.max_attempts)
                    closed.append(study.id)
        except _FAULTS_OF_ONE_STUDY as error:  # it must not hold up the others
            log.error("study %s cannot be closed: %s", pseudonymous, type(error).__name__)
    if stillness is not None:
        stillness.end_round()
    return closed


def _reason_to_close(session: Session, study: Study, now: datetime, max_open_s: float, stillness: Stillness | None) -> str:
    sending = session.scalar(select(func.count()).where(ReceivingAssociation.study_id == study.id))
    open_s, quiet_s = (now - study.opened_at).total_seconds(), (now - study.last_arrival_at).total_seconds()
    if stillness is not None:
        open_s = stillness.unchanged_s(("open", study.id), (study.revision, study.opened_at), open_s)
        quiet_s = stillness.unchanged_s(("quiet", study.id), (study.last_arrival_at, sending), quiet_s)
    if open_s >= max_open_s:
        return FORCED
    return QUIET if quiet_s >= study.quiet_s and not sending and _has_images(session, study.id) else ""


def _has_images(session: Session, study_id: int, *which: ColumnElement[bool]) -> bool:
    query = select(Instance.id).where(Instance.study_id == study_id, Instance.analysable, Instance.receipt.in_(KEPT), *which)
    return session.scalar(query.limit(1)) is not None


def in_use(session: Session, study_id: int) -> ColumnElement[bool]:
    """Of an Instance: whether findings and documents rest on it. Where every image is rejected, the documents that take the
    results back still say whose they were.
    """
    return ~is_rejected() if _has_images(session, study_id, ~is_rejected()) else true()


def close_study(session: Session, study: Study, *, reason: str, now: datetime, max_attempts: int = 3) -> None:
    """RECEIVING -> COMPLETE and the analysis job, in one transaction; FAILED at once where there is nothing to analyse."""
    study.completed_at, study.completed_reason = now, reason
    states.move(session, study, AuditEvent.STUDY_CLOSED, now=now, reason=reason, revision=study.revision)
    _analyse(session, study, now=now, max_attempts=max_attempts)


def close_by_hand(session: Session, study: Study, *, now: datetime, max_attempts: int = 3) -> None:
    """Close a study without waiting for its quiet period, by a person. InvalidTransition unless it is RECEIVING."""
    session.refresh(study, with_for_update=True)
    close_study(session, study, reason=BY_HAND, now=now, max_attempts=max_attempts)


def _analyse(session: Session, study: Study, *, now: datetime, max_attempts: int) -> None:
    if (nothing := _why_nothing(session, study)) and not _withdraws(session, study):
        study.failed_reason = nothing
        states.move(session, study, AuditEvent.STUDY_FAILED, now=now, error=nothing)
        return
    withhold_documents(session, study, now=now)
    queue.enqueue(
        session, JobKind.ANALYSE_STUDY, study.id, study_id=study.id, revision=study.revision, now=now, max_attempts=max_attempts
    )


def _why_nothing(session: Session, study: Study) -> str:
    """Why there is nothing to analyse; empty where there is something."""
    if _has_images(session, study.id, ~is_rejected()):
        return ""
    return ALL_REJECTED + rejection_words(_titles(session, study)) if _has_images(session, study.id) else NO_IMAGES


def _withdraws(session: Session, study: Study) -> bool:
    """Whether a revision without any image is to go out: one that takes back what documents state. Not of a study that was
    only removed after its time: its results were true, and a document would make the study anew in the archive.
    """
    issued = session.scalar(select(Document.id).where(Document.study_id == study.id).limit(1)) is not None
    return issued and any(code != RETENTION_EXPIRED for code in _titles(session, study))


def _titles(session: Session, study: Study) -> list[str]:
    """Those of the notes that reject the study's images."""
    images = select(Instance.sop_instance_uid).where(Instance.study_id == study.id, Instance.analysable)
    uids = set(session.scalars(images))
    rejected = rejections_of(session, study.study_instance_uid)
    return list(dict.fromkeys(code for uid, codes in rejected.items() if uid in uids for code in codes))


def patient_verdict(session: Session, study_id: int) -> PatientVerdict:
    """Over the newest header of each instance: why the study's documents must not leave the node, or what is remarkable."""
    newest = (
        select(func.max(Instance.id))
        .where(Instance.study_id == study_id, Instance.receipt.in_(KEPT), in_use(session, study_id))
        .group_by(Instance.sop_instance_uid)
    )
    instances = session.scalars(select(Instance).where(Instance.id.in_(newest)))
    return decide_patients(patient_of_columns(instance) for instance in instances)


def withhold_documents(session: Session, study: Study, *, now: datetime) -> str:
    """Why the study's documents must not leave the node, told to a person, too; empty where they may."""
    withhold = patient_verdict(session, study.id).withhold
    if withhold and not study.needs_person:
        ask_person(session, study, WITHHELD + withhold, now=now)
    return withhold


def mark_analysed(session: Session, study: Study, *, now: datetime) -> None:
    states.move(session, study, AuditEvent.STUDY_ANALYSED, now=now, revision=study.revision)


def association_ended(session: Session, association_uuid: str, *, now: datetime) -> None:
    """The studies it sent to may fall quiet from now on. They are locked in order, as two associations may end at once."""
    ours = ReceivingAssociation.association_uuid == association_uuid
    studies = select(ReceivingAssociation.study_id).where(ours)
    _start_quiet_periods(session, Study.id.in_(studies), now=now)
    session.execute(delete(ReceivingAssociation).where(ours))


def forget_associations(session: Session, *, now: datetime, mark: str = "") -> None:
    """No association outlives the process it belonged to (all of them, or those of the receiver whose `mark` they begin with);
    from `now` senders have their quiet period to come back.
    """
    theirs = ReceivingAssociation.association_uuid.startswith(mark, autoescape=True)
    _start_quiet_periods(
        session, Study.id.in_(select(ReceivingAssociation.study_id).where(theirs)) if mark else true(), now=now
    )
    session.execute(delete(ReceivingAssociation).where(theirs))


def _start_quiet_periods(session: Session, which: ColumnElement[bool], *, now: datetime) -> None:
    query = select(Study).where(Study.state == StudyState.RECEIVING.value, which).order_by(Study.id)
    for study in session.scalars(query.with_for_update()):
        study.last_arrival_at = now
