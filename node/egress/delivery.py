"""DELIVER: one document to one destination, until it is there, refused, or too old.

The bytes that were stored are what is sent, at every attempt, under the same UID. A crash between the answer and the commit
therefore only sends the same object once more, which receivers take as a duplicate.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import audit, queue, states
from node.db.audit import AuditEvent
from node.db.queue import Backoff, ClaimedJob
from node.db.tables import Analysis, Delivery, DeliveryState, Document, Job, JobKind, Study
from node.egress.building import TEMPLATES
from node.egress.destinations import configured
from node.egress.destinations.kind import SendOutcome, StoredDocument
from node.egress.tools import EgressTools
from node.errors import DeliveryError
from node.settings import DeliverySettings
from node.study import assembly
from node.study.archive import file_sha256
from node.study.rejection import rejection_of_document

log = logging.getLogger(__name__)

MAX_JOB_ATTEMPTS = 1_000_000  # no bound: `delivery.expire_after_s` ends a delivery, never a count of attempts

SUPERSEDED = "not sent: the study was reopened, its next revision takes the place of this document"

_EVENT_OF_STATE = {
    DeliveryState.ACCEPTED: AuditEvent.DELIVERY_ACCEPTED,
    DeliveryState.ACCEPTED_WITH_WARNING: AuditEvent.DELIVERY_ACCEPTED_WITH_WARNING,
    DeliveryState.REFUSED: AuditEvent.DELIVERY_REFUSED,
}


@dataclass(frozen=True)
class _Attempt:
    """What an attempt needs from the database."""

    delivery_id: int
    path: str
    template: str
    uid: str
    sha256: str
    destination: str
    earlier_failures: int  # those that its sender counts
    withheld: str  # why nothing must leave the node; empty where nothing speaks against it


def create_delivery(session: Session, document: Document, destination: str, *, now: datetime) -> Delivery:
    """`document` has been flushed."""
    delivery = Delivery(
        document=document, destination=destination, state=DeliveryState.PENDING.value, attempts=0, created_at=now
    )
    session.add(delivery)
    session.flush()
    study = states.pseudonym_of(session, delivery)
    details = {"delivery": delivery.id, "document": document.id, "destination": destination}
    audit.record(session, AuditEvent.DELIVERY_CREATED, now=now, study=study, **details)
    enqueue_delivery(session, delivery, now=now)
    return delivery


def enqueue_delivery(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Add the job that delivers, in the caller's transaction; `delivery` has been flushed."""
    analysis = session.get_one(Analysis, delivery.document.analysis_id)
    queue.enqueue(
        session,
        JobKind.DELIVER,
        delivery.id,
        study_id=analysis.study_id,
        revision=analysis.revision,
        now=now,
        max_attempts=MAX_JOB_ATTEMPTS,
        concurrency_key=delivery.destination,
    )


def deliver(job: ClaimedJob, tools: EgressTools) -> None:
    """Make one attempt and record what came of it, with the job's end or its next time, in one transaction."""
    attempt = tools.database.write(lambda session: _begin(session, job, tools))
    if attempt is None:
        return
    outcome = _send(attempt, tools)
    level = logging.WARNING if outcome.state is DeliveryState.REFUSED else logging.INFO
    log.log(level, "%s: to %s %s, %s", job.log_context(), attempt.destination, outcome.state.value, outcome.detail)
    tools.database.write(lambda session: _record(session, job, attempt, outcome, tools))


def retry_delivery(session: Session, delivery_id: int, *, now: datetime) -> None:
    """Reopen a refused or expired delivery; its time to expire starts anew.

    Raises DeliveryError where there is none of this number or its document is rejected, InvalidTransition where it is not
    refused or expired.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise DeliveryError(f"there is no delivery {delivery_id}; see `echonode deliveries list`")
    if rejected := rejection_of_document(session, delivery.document.sop_instance_uid):
        raise DeliveryError(f"delivery {delivery_id} is {rejected}")
    states.move(session, delivery, AuditEvent.DELIVERY_REOPENED, now=now, destination=delivery.destination)
    delivery.finished_at, delivery.processing_failures, delivery.late_attempts = None, 0, 0
    enqueue_delivery(session, delivery, now=now)


def backoff(settings: DeliverySettings) -> Backoff:
    return Backoff(settings.first_retry_s, settings.max_retry_s)


def _begin(session: Session, job: ClaimedJob, tools: EgressTools) -> _Attempt | None:
    """PENDING -> SENDING; None when there is nothing left to send. Also proves that the job is still ours."""
    now = tools.clock()
    queue.heartbeat(session, job, now=now, lease_s=tools.settings.work.lease_s)
    delivery = session.get_one(Delivery, job.subject_id)
    if delivery.state == DeliveryState.SENDING:
        reason = "the sender stopped before an answer was recorded"
        states.move(session, delivery, AuditEvent.DELIVERY_POSTPONED, now=now, reason=reason)
    if delivery.state != DeliveryState.PENDING:
        queue.finish(session, job, now=now)
        return None
    document, destination = delivery.document, delivery.destination
    study = session.get_one(Study, document.study_id)
    revised = study.revision > session.get_one(Analysis, document.analysis_id).revision
    if unwanted := SUPERSEDED if revised else rejection_of_document(session, document.sop_instance_uid):
        queue.finish(session, job, now=now)
        delivery.detail, delivery.finished_at = unwanted, now
        states.move(session, delivery, AuditEvent.DELIVERY_SUPERSEDED, now=now, destination=destination)
        return None
    expires_at = _expires_at(session, job, tools)
    if now > expires_at and delivery.late_attempts:
        queue.finish(session, job, now=now)
        _expire(session, delivery, now)
        return None
    withhold = assembly.withhold_documents(session, study, now=now)
    withheld = f"not sent: {withhold}" if withhold else ""
    delivery.attempts += 1
    delivery.late_attempts += now >= expires_at
    states.move(session, delivery, AuditEvent.DELIVERY_STARTED, now=now, destination=destination, attempt=delivery.attempts)
    earlier = delivery.processing_failures
    return _Attempt(
        delivery.id,
        document.path,
        document.template,
        document.sop_instance_uid,
        document.sha256,
        destination,
        earlier,
        withheld,
    )


def _send(attempt: _Attempt, tools: EgressTools) -> SendOutcome:
    if attempt.withheld:
        return _not_sent(attempt.withheld)
    destination = next((item for item in configured(tools.settings) if item.name == attempt.destination), None)
    if destination is None:
        return _not_sent(f"the configuration has no destination {attempt.destination!r} any more")
    template = TEMPLATES.get(attempt.template)
    if template is None or template.suffix not in destination.takes:
        return _not_sent(f"{attempt.destination!r} is of kind {destination.kind!r} now, which takes no {attempt.template}")
    path = tools.archive.path(attempt.path)
    try:
        unchanged = file_sha256(path) == attempt.sha256
    except OSError:
        return _not_sent("the stored document cannot be read from the archive")
    if not unchanged:
        return _not_sent("the stored document is not the one that was built: its hash differs")
    document = StoredDocument(path, attempt.template, attempt.uid)
    return destination.send(document, tools.settings, attempt.earlier_failures)


def _not_sent(why: str) -> SendOutcome:
    """Our side cannot: a person decides."""
    return SendOutcome(DeliveryState.REFUSED, why)


def _record(session: Session, job: ClaimedJob, attempt: _Attempt, outcome: SendOutcome, tools: EgressTools) -> None:
    now = tools.clock()
    delivery = session.get_one(Delivery, attempt.delivery_id)
    delivery.processing_failures += outcome.counts
    again = _next_attempt_at(session, job, now, tools, outcome.wait_s) if outcome.retry else None
    if again is not None:
        queue.fail(session, job, error=outcome.detail, now=now, retry_at=again)
    else:
        queue.finish(session, job, now=now)
        delivery.finished_at = now
    delivery.status, delivery.detail = outcome.status, outcome.detail
    details = {"destination": delivery.destination, "status": outcome.status, "detail": outcome.detail}
    if outcome.transfer_syntax_uid:
        details["transfer_syntax"] = outcome.transfer_syntax_uid
    if outcome.class_refused and (other := _of_another_class(session, delivery.document)) is not None:
        delivery.detail = f"{outcome.detail}; {other.template} goes there instead"
        states.move(session, delivery, AuditEvent.DELIVERY_SUPERSEDED, now=now, **{**details, "detail": delivery.detail})
        _deliver_once(session, other, delivery.destination, now)
    elif not outcome.retry:
        states.move(session, delivery, _EVENT_OF_STATE[outcome.state], now=now, **details)
    elif again is not None:
        states.move(session, delivery, AuditEvent.DELIVERY_POSTPONED, now=now, again_at=again.isoformat(), **details)
    else:
        _expire(session, delivery, now)


def _of_another_class(session: Session, document: Document) -> Document | None:
    """The same content in a class that older receivers take, where it was built along."""
    template = TEMPLATES.get(document.template)
    same = {"analysis_id": document.analysis_id, "part": document.part, "profile": document.profile}
    return session.scalar(select(Document).filter_by(template=template.else_template, **same)) if template else None


def _deliver_once(session: Session, document: Document, destination: str, now: datetime) -> None:
    """Not where the destination takes both classes' templates by its own wish."""
    if session.scalar(select(Delivery.id).filter_by(document_id=document.id, destination=destination)) is None:
        create_delivery(session, document, destination, now=now)


def _expire(session: Session, delivery: Delivery, now: datetime) -> None:
    delivery.finished_at = now
    delivery.detail = f"given up after {delivery.attempts} attempts; the last: {delivery.detail or 'no answer recorded'}"
    details = {"destination": delivery.destination, "status": delivery.status, "detail": delivery.detail}
    states.move(session, delivery, AuditEvent.DELIVERY_EXPIRED, now=now, **details)


def _expires_at(session: Session, job: ClaimedJob, tools: EgressTools) -> datetime:
    """Asked anew each time: when the clock is set, the job's age is kept."""
    return session.get_one(Job, job.id).created_at + timedelta(seconds=tools.settings.delivery.expire_after_s)


def _next_attempt_at(
    session: Session, job: ClaimedJob, now: datetime, tools: EgressTools, wait_s: float = 0
) -> datetime | None:
    """None where the delivery expires before. `wait_s` is what the receiver asks for; there is an attempt before it expires."""
    at, expires_at = backoff(tools.settings.delivery).next_at(job.attempt, now), _expires_at(session, job, tools)
    asked_for = min(expires_at, now + timedelta(seconds=wait_s))
    return max(at, asked_for) if at <= expires_at else None
