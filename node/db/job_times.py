"""The times that waiting and running jobs carry, when the wall clock is set: they keep their distance from now."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import wake_up
from node.db.tables import Job, JobState


def follow_clock(session: Session, *, now: datetime, jump_s: float, longest_pause_s: float) -> None:
    """The wall clock was set by `jump_s` and says `now`: waiting jobs wait as long as they had to, and age as they did."""
    before = now - timedelta(seconds=jump_s)
    for job in _locked_active(session):
        waits = job.state == JobState.TODO and (job.run_at > now if jump_s < 0 else job.attempts > 0 and job.run_at > before)
        if waits:
            pause_s = (job.run_at - before).total_seconds()
            job.run_at = now + timedelta(seconds=min(max(pause_s, 0.0), longest_pause_s))
        if job.created_at > now or (jump_s > 0 and job.created_at <= before):
            job.created_at = min(now, job.created_at + timedelta(seconds=jump_s))
    wake_up.mark(session)


def distrust_clock(session: Session, *, now: datetime, longest_pause_s: float) -> None:
    """At start the clock may say anything: nothing was made in the future, and no job waits longer than a job may wait."""
    for job in _locked_active(session):
        ahead = max(timedelta(0), job.created_at - now)
        job.created_at -= ahead
        if job.state == JobState.TODO:
            job.run_at = min(job.run_at - ahead, now + timedelta(seconds=longest_pause_s))


def _locked_active(session: Session) -> list[Job]:
    active = select(Job).where(Job.state.in_((JobState.TODO.value, JobState.DOING.value)))
    return list(session.scalars(active.order_by(Job.study_id, Job.id).with_for_update()))
