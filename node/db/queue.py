"""The job table: at-least-once runs, exactly-once effects.

A claim writes owner, lease and a growing fencing token, and is committed at once; the row is never locked while the job runs.
Whoever finishes a job does so in the transaction that records its effects, and only with the token of the latest claim: a
worker that lost its lease, or whose study went on to another revision, changes nothing. Attempts count when claimed, so that
a job that kills its worker ends, too.

What a job is about is its own: whoever queues it says how it is called and which jobs must not crowd out others, whoever runs
it says what becomes of its subject when it is given up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from node.db import audit, states, wake_up
from node.db.audit import AuditEvent
from node.db.clocks import Stillness
from node.db.tables import Job, JobKind, JobState
from node.errors import LeaseLost

_ACTIVE = (JobState.TODO.value, JobState.DOING.value)
SUPERSEDED = "superseded by a newer revision of the study"
JOBS_PER_CONCURRENCY_KEY = 2  # running at the same time

OnGivenUp = Callable[[Session, Job, str, datetime], None]  # the job, why (no patient data), and when: in the same transaction


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


@dataclass(frozen=True)
class Backoff:
    """The pauses between attempts: `first_s`, doubled after each further one, at most `longest_s`.

    Ours: libraries that retry (tenacity) wait in the process; here a row waits, and another process may go on with it.

    >>> [Backoff(2, 300).pause_s(attempt) for attempt in (1, 2, 3, 9)]
    [2.0, 4.0, 8.0, 300]
    """

    first_s: float
    longest_s: float

    def pause_s(self, attempt: int) -> float:
        """After attempt number `attempt`, from 1."""
        return min(self.first_s * 2.0 ** min(attempt - 1, 32), self.longest_s)

    def next_at(self, attempt: int, now: datetime) -> datetime:
        return now + timedelta(seconds=self.pause_s(attempt))


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
    concurrency_key: str | None = None,
) -> Job:
    """Add a job in the caller's transaction. One job of a kind and subject is active at a time: that one is returned.

    Of the jobs of one kind and `concurrency_key` only JOBS_PER_CONCURRENCY_KEY run at the same time.
    """
    subject = f"{kind.subject} {subject_id}"
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
        concurrency_key=concurrency_key,
        created_at=now,
    )
    session.add(job)
    session.flush()
    wake_up.mark(session)
    pseudonym = states.pseudonym_of(session, job)
    audit.record(session, AuditEvent.JOB_ENQUEUED, now=now, study=pseudonym, job=job.id, kind=kind.value, subject=subject)
    return job


def claim(session: Session, kinds: Sequence[JobKind], *, owner: str, now: datetime, lease_s: float) -> ClaimedJob | None:
    """The job that has been due longest, those of busy concurrency keys apart, or None. Commit before running it."""
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
        .where(Job.state == JobState.TODO.value, Job.kind.in_([kind.value for kind in kinds]), Job.run_at <= now)
        .where(or_(Job.concurrency_key.is_(None), ~_busy()))
        .order_by(Job.run_at, Job.id)
        .limit(1)
    )


def _busy() -> ColumnElement[bool]:
    """Whether as many of a job's kind and key run as may: a destination that hangs leaves threads to the others."""
    running = aliased(Job)
    same = and_(running.kind == Job.kind, running.concurrency_key == Job.concurrency_key)
    count = select(func.count()).select_from(running).where(same, running.state == JobState.DOING.value).correlate(Job)
    return count.scalar_subquery() >= JOBS_PER_CONCURRENCY_KEY


def _held(session: Session, claimed: ClaimedJob) -> Job:
    """The locked row behind a claim. LeaseLost unless it is still this claim's."""
    states.lock_study(session, claimed.study_id)
    query = select(Job).where(Job.id == claimed.id).with_for_update().execution_options(populate_existing=True)
    job = session.scalar(query)
    if (
        job is None
        or job.state != JobState.DOING.value
        or (job.fencing_token, job.owner, job.revision) != (claimed.fencing_token, claimed.owner, claimed.revision)
    ):
        raise LeaseLost(f"job {claimed.id} belongs to another worker or revision now")
    return job


def heartbeat(session: Session, job: ClaimedJob, *, now: datetime, lease_s: float) -> None:
    """Prolong the lease. LeaseLost when it is another's."""
    _held(session, job).lease_until = now + timedelta(seconds=lease_s)


def finish(session: Session, job: ClaimedJob, *, now: datetime) -> None:
    """End the job, in the transaction that records its effects. LeaseLost when it is another's: roll back."""
    row = _held(session, job)
    if row.concurrency_key is not None:  # its end may be what the next one of its key waits for
        wake_up.mark(session)
    row.finished_at, row.lease_until, row.error = now, None, None
    states.move(session, row, AuditEvent.JOB_DONE, now=now)


def nothing_waits(session: Session, job: Job, error: str, now: datetime) -> None:
    """For a job that nothing waits for: its own row says that it was given up."""


def fail(
    session: Session,
    job: ClaimedJob,
    *,
    error: str,
    now: datetime,
    final: bool = False,
    retry_at: datetime | None = None,
    on_given_up: OnGivenUp = nothing_waits,
) -> None:
    """Record a failed attempt: FAILED when `final`, TODO again at `retry_at`, else DEAD. `error` holds no patient data."""
    row = _held(session, job)
    wake_up.mark(session)
    row.error, row.lease_until = error, None
    if retry_at is not None and not final:
        row.run_at, row.owner = retry_at, None
        states.move(session, row, AuditEvent.JOB_RETRIED, now=now, error=error)
    else:
        _give_up(session, row, AuditEvent.JOB_FAILED if final else AuditEvent.JOB_DEAD, error, now, on_given_up)


def requeue_lost(
    session: Session,
    *,
    now: datetime,
    lease_s: float = 0,
    stillness: Stillness | None = None,
    on_given_up: Mapping[JobKind, OnGivenUp] | None = None,
) -> int:
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
        states.lock_study(session, study_id)
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
            given_up = (on_given_up or {}).get(JobKind(job.kind), nothing_waits)
            _give_up(session, job, AuditEvent.JOB_DEAD, job.error, now, given_up)
    if stillness is not None:
        stillness.end_round()
    return requeued


def supersede(session: Session, *which: ColumnElement[bool], now: datetime) -> int:
    """End the active jobs that fit without effect, running ones by their fencing token; returns how many."""
    jobs = session.scalars(select(Job).where(Job.state.in_(_ACTIVE), *which).with_for_update()).all()
    for job in jobs:
        job.fencing_token += 1
        job.finished_at, job.lease_until, job.error = now, None, SUPERSEDED
        states.move(session, job, AuditEvent.JOB_SUPERSEDED, now=now)
    return len(jobs)


def _give_up(session: Session, job: Job, event: AuditEvent, error: str, now: datetime, on_given_up: OnGivenUp) -> None:
    """A job that will not run again leaves nothing waiting for it."""
    job.finished_at = now
    states.move(session, job, event, now=now, error=error)
    on_given_up(session, job, error, now)
