"""The job table: at-least-once runs, exactly-once effects.

A claim writes owner, lease and a growing fencing token, and is committed at once; the row is never locked while the job runs.
Whoever finishes a job does so in the transaction that records its effects, and only with the token of the latest claim: a
worker that lost its lease, or whose study went on to another revision, changes nothing. Attempts count when claimed, so that
a job that kills its worker ends, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from node.db import audit, states, wake_up
from node.db.attention import ask_person
from node.db.audit import AuditEvent
from node.db.clocks import Stillness
from node.db.tables import Delivery, DeliveryState, Document, Job, JobKind, JobState, Study, StudyState
from node.errors import LeaseLost

_SUBJECT = {JobKind.ANALYSE_STUDY: "study", JobKind.BUILD_DOCUMENTS: "analysis", JobKind.DELIVER: "delivery"}
_ACTIVE = (JobState.TODO.value, JobState.DOING.value)
_SUPERSEDED = "superseded by a newer revision of the study"
_ATTEMPTS_PER_DESTINATION = 2  # running at the same time
_FIRST_RETRY_S, LONGEST_RETRY_S = 2.0, 300.0


@dataclass(frozen=True)
class ClaimedJob:
    """A job in the hands of one worker. `attempt` counts from 1."""

    id: int
    kind: JobKind
    subject_id: int
    study_id: int | None
    revision: int
    attempt: int
    max_attempts: int
    fencing_token: int
    owner: str
    study: str | None  # pseudonym

    def log_context(self) -> str:
        return f"job {self.id} {self.kind.value} {self.subject_id}, study {self.study}, attempt {self.attempt}"


def retry_at(job: ClaimedJob, now: datetime) -> datetime | None:
    """When a failed attempt is tried again (2 s, doubled each time, at most 5 min); None when the attempts are used up."""
    if job.attempt >= job.max_attempts:
        return None
    return now + timedelta(seconds=min(_FIRST_RETRY_S * 2 ** (job.attempt - 1), LONGEST_RETRY_S))


def enqueue(
    session: Session,
    kind: JobKind,
    subject_id: int,
    *,
    study_id: int | None,
    revision: int,
    now: datetime,
    max_attempts: int = 3,
    delay_s: float = 0,
) -> Job:
    """Add a job in the caller's transaction. One job of a kind and subject is active at a time: that one is returned."""
    subject = f"{_SUBJECT[kind]} {subject_id}"
    active = session.scalar(select(Job).where(Job.kind == kind.value, Job.subject == subject, Job.state.in_(_ACTIVE)))
    if active is not None:
        return active
    job = Job(
        kind=kind.value,
        subject=subject,
        subject_id=subject_id,
        study_id=study_id,
        revision=revision,
        state=JobState.TODO.value,
        attempts=0,
        max_attempts=max_attempts,
        run_at=now + timedelta(seconds=delay_s),
        fencing_token=0,
        created_at=now,
    )
    session.add(job)
    session.flush()
    wake_up.mark(session)
    pseudonym = states.pseudonym_of(session, job)
    audit.record(session, AuditEvent.JOB_ENQUEUED, now=now, study=pseudonym, job=job.id, kind=kind.value, subject=subject)
    return job


def claim(session: Session, kinds: Sequence[JobKind], *, owner: str, now: datetime, lease_s: float) -> ClaimedJob | None:
    """The job that has been due longest, deliveries to busy destinations apart, or None. Commit before running it."""
    job = session.scalar(_due(kinds, now).with_for_update(skip_locked=True, of=Job))
    if job is None:
        return None
    job.attempts += 1
    job.fencing_token += 1
    job.owner, job.lease_until = owner, now + timedelta(seconds=lease_s)
    states.move(session, job, AuditEvent.JOB_CLAIMED, now=now, attempt=job.attempts, owner=owner)
    return ClaimedJob(
        id=job.id,
        kind=JobKind(job.kind),
        subject_id=job.subject_id,
        study_id=job.study_id,
        revision=job.revision,
        attempt=job.attempts,
        max_attempts=job.max_attempts,
        fencing_token=job.fencing_token,
        owner=owner,
        study=states.pseudonym_of(session, job),
    )


def anything_due(session: Session, kinds: Sequence[JobKind], now: datetime) -> bool:
    """Whether a claim may find something: asked of a reading session, so that an idle worker takes no lock."""
    return session.scalar(_due(kinds, now)) is not None


def next_run_at(session: Session, kinds: Sequence[JobKind], now: datetime) -> datetime | None:
    """When the next of the jobs that wait for their time may run; None where none waits."""
    waiting = Job.state == JobState.TODO.value, Job.kind.in_([kind.value for kind in kinds]), Job.run_at > now
    return session.scalar(select(Job.run_at).where(*waiting).order_by(Job.run_at).limit(1))


def _due(kinds: Sequence[JobKind], now: datetime) -> Select[Job]:
    return (
        select(Job)
        .outerjoin(Delivery, and_(Job.kind == JobKind.DELIVER.value, Job.subject_id == Delivery.id))
        .where(Job.state == JobState.TODO.value, Job.kind.in_([kind.value for kind in kinds]), Job.run_at <= now)
        .where(or_(Delivery.id.is_(None), Delivery.destination.not_in(_busy_destinations())))
        .order_by(Job.run_at, Job.id)
        .limit(1)
    )


def _busy_destinations() -> Select[str]:
    """Those with as many attempts running as one may have: a destination that hangs leaves threads to the others."""
    running = aliased(Job)
    return (
        select(Delivery.destination)
        .join(running, running.subject_id == Delivery.id)
        .where(running.kind == JobKind.DELIVER.value, running.state == JobState.DOING.value)
        .group_by(Delivery.destination)
        .having(func.count() >= _ATTEMPTS_PER_DESTINATION)
        .correlate(None)
    )


def _held(session: Session, claimed: ClaimedJob) -> Job:
    """The locked row behind a claim. LeaseLost unless it is still this claim's."""
    _lock_study(session, claimed.study_id)
    query = select(Job).where(Job.id == claimed.id).with_for_update().execution_options(populate_existing=True)
    job = session.scalar(query)
    if (
        job is None
        or job.state != JobState.DOING.value
        or (job.fencing_token, job.owner, job.revision) != (claimed.fencing_token, claimed.owner, claimed.revision)
    ):
        raise LeaseLost(f"job {claimed.id} belongs to another worker or revision now")
    return job


def _lock_study(session: Session, study_id: int | None) -> None:
    """Intake locks a study and then its jobs: everybody does so in this order, or PostgreSQL would end one of two."""
    session.execute(select(Study.id).where(Study.id == study_id).with_for_update())


def heartbeat(session: Session, job: ClaimedJob, *, now: datetime, lease_s: float) -> None:
    """Prolong the lease. LeaseLost when it is another's."""
    _held(session, job).lease_until = now + timedelta(seconds=lease_s)


def finish(session: Session, job: ClaimedJob, *, now: datetime) -> None:
    """End the job, in the transaction that records its effects. LeaseLost when it is another's: roll back."""
    row = _held(session, job)
    _give_place(session, row)
    row.finished_at, row.lease_until, row.error = now, None, None
    states.move(session, row, AuditEvent.JOB_DONE, now=now)


def _give_place(session: Session, ended: Job) -> None:
    """The end of a delivery may be what the next one to its destination waits for."""
    if ended.kind == JobKind.DELIVER:
        wake_up.mark(session)


def fail(
    session: Session, job: ClaimedJob, *, error: str, now: datetime, final: bool = False, retry_at: datetime | None = None
) -> None:
    """Record a failed attempt: FAILED when `final`, TODO again at `retry_at`, else DEAD. `error` holds no patient data."""
    row = _held(session, job)
    wake_up.mark(session)
    row.error, row.lease_until = error, None
    if retry_at is not None and not final:
        row.run_at, row.owner = retry_at, None
        states.move(session, row, AuditEvent.JOB_RETRIED, now=now, error=error)
    else:
        _give_up(session, row, AuditEvent.JOB_FAILED if final else AuditEvent.JOB_DEAD, error, now)


def requeue_lost(session: Session, *, now: datetime, lease_s: float = 0, stillness: Stillness | None = None) -> int:
    """Give jobs whose worker stopped reporting to others, or up when their attempts are used up; returns how many.

    With `stillness`, a lease of `lease_s` runs from when it was first seen, whatever the wall clock does.
    """
    running = select(Job.id, Job.study_id, Job.fencing_token, Job.lease_until).where(Job.state == JobState.DOING.value)
    requeued = 0
    for job_id, study_id, token, until in session.execute(running.order_by(Job.study_id, Job.id)).all():
        assert until is not None
        left_s = (until - now).total_seconds()
        if stillness is not None:
            left_s = lease_s - stillness.unchanged_s(job_id, (token, until), lease_s - left_s)
        if left_s >= 0:
            continue
        _lock_study(session, study_id)
        same = Job.id == job_id, Job.state == JobState.DOING.value, Job.fencing_token == token, Job.lease_until == until
        job = session.scalar(select(Job).where(*same).with_for_update(skip_locked=True))
        if job is None:  # its worker reported meanwhile, or another requeues it
            continue
        requeued += 1
        wake_up.mark(session)
        job.lease_until, job.error = None, "the worker stopped reporting"
        if job.attempts < job.max_attempts:
            job.run_at, job.owner = now, None
            states.move(session, job, AuditEvent.JOB_LEASE_LOST, now=now)
        else:
            _give_up(session, job, AuditEvent.JOB_DEAD, job.error, now)
    if stillness is not None:
        stillness.end_round()
    return requeued


def supersede_deliveries(session: Session, study_id: int, *, now: datetime) -> int:
    """End a study's deliveries that nobody sends yet, and their jobs; returns how many. One being sent goes on."""
    of_study = Document.study_id == study_id, Delivery.state == DeliveryState.PENDING.value
    pending = select(Delivery.id).join(Document).where(*of_study)
    jobs = select(Job).where(Job.kind == JobKind.DELIVER.value, Job.subject_id.in_(pending), Job.state == JobState.TODO.value)
    for job in session.scalars(jobs.with_for_update()).all():
        _supersede(session, job, now)
    query = select(Delivery).join(Document).where(*of_study).order_by(Delivery.id)
    deliveries = session.scalars(query.with_for_update(of=Delivery)).all()
    for delivery in deliveries:
        delivery.detail, delivery.finished_at = _SUPERSEDED, now
        states.move(session, delivery, AuditEvent.DELIVERY_SUPERSEDED, now=now, destination=delivery.destination)
    return len(deliveries)


def supersede(session: Session, study_id: int, kinds: Sequence[JobKind], *, now: datetime) -> int:
    """End a study's active jobs of these kinds without effect, running ones by their fencing token; returns how many."""
    query = select(Job).where(Job.study_id == study_id, Job.kind.in_([kind.value for kind in kinds]), Job.state.in_(_ACTIVE))
    jobs = session.scalars(query.with_for_update()).all()
    for job in jobs:
        _supersede(session, job, now)
    return len(jobs)


def _supersede(session: Session, job: Job, now: datetime) -> None:
    job.fencing_token += 1
    job.finished_at, job.lease_until, job.error = now, None, _SUPERSEDED
    states.move(session, job, AuditEvent.JOB_SUPERSEDED, now=now)


def _give_up(session: Session, job: Job, event: AuditEvent, error: str, now: datetime) -> None:
    """A job that will not run again leaves no study or delivery waiting for it."""
    job.finished_at = now
    states.move(session, job, event, now=now, error=error)
    if job.kind == JobKind.DELIVER:
        delivery = session.get_one(Delivery, job.subject_id)
        if delivery.state in (DeliveryState.PENDING, DeliveryState.SENDING):
            delivery.detail, delivery.finished_at = error, now
            states.move(session, delivery, AuditEvent.DELIVERY_EXPIRED, now=now, error=error)
        return
    study = session.get_one(Study, job.study_id)
    if job.kind == JobKind.ANALYSE_STUDY and study.state == StudyState.COMPLETE:
        study.failed_reason = error[:255]
        states.move(session, study, AuditEvent.STUDY_FAILED, now=now, error=error)
    else:
        ask_person(session, study, error, now=now)
