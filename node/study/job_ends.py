"""What it means for a study and its deliveries that a job ends without effect: given up, or overtaken by a newer revision."""

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from node.db import queue, states
from node.db.attention import ask_person
from node.db.audit import AuditEvent
from node.db.tables import Delivery, DeliveryState, Document, Job, JobKind, JobState, Study, StudyState


def analysis_given_up(session: Session, job: Job, error: str, now: datetime) -> None:
    """The study FAILED; a person is asked where it went on meanwhile."""
    study = session.get_one(Study, job.study_id)
    if study.state == StudyState.COMPLETE:
        study.failed_reason = error[:255]
        states.move(session, study, AuditEvent.STUDY_FAILED, now=now, error=error)
    else:
        ask_person(session, study, error, now=now)


def documents_given_up(session: Session, job: Job, error: str, now: datetime) -> None:
    """A person is asked: the study is analysed, and nothing of it goes out."""
    ask_person(session, session.get_one(Study, job.study_id), error, now=now)


def delivery_given_up(session: Session, job: Job, error: str, now: datetime) -> None:
    """The delivery EXPIRED, so that a person can reopen it."""
    delivery = session.get_one(Delivery, job.subject_id)
    if delivery.state in (DeliveryState.PENDING, DeliveryState.SENDING):
        delivery.detail, delivery.finished_at = error, now
        states.move(session, delivery, AuditEvent.DELIVERY_EXPIRED, now=now, error=error)


def supersede_jobs(session: Session, study_id: int, *, now: datetime) -> None:
    """A newer revision of the study takes the place of what is under way for it; only a delivery being sent goes on.

    Called by the receivers too, which are processes without the other rooms: that is why no room can have a say here.
    """
    queue.supersede(session, Job.study_id == study_id, Job.kind != JobKind.DELIVER.value, now=now)
    supersede_deliveries(session, Document.study_id == study_id, detail=queue.SUPERSEDED, now=now)


def supersede_deliveries(session: Session, which: ColumnElement[bool], *, detail: str, now: datetime) -> None:
    """End the deliveries of the documents that fit, but for those that are being sent."""
    those = which, Delivery.state == DeliveryState.PENDING.value
    pending = select(Delivery.id).join(Document).where(*those)
    jobs = Job.kind == JobKind.DELIVER.value, Job.subject_id.in_(pending), Job.state == JobState.TODO.value
    queue.supersede(session, *jobs, now=now)
    query = select(Delivery).join(Document).where(*those).order_by(Delivery.id)
    for delivery in session.scalars(query.with_for_update(of=Delivery)).all():
        delivery.detail, delivery.finished_at = detail, now
        states.move(session, delivery, AuditEvent.DELIVERY_SUPERSEDED, now=now, destination=delivery.destination)
