"""The worker loop: every job ends in exactly one way, and no error of a job ends the worker."""

import errno
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from node.db import queue
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import Job, JobKind, JobState, Study, StudyState
from node.errors import DeliveryError, LeaseLost
from node.work.worker import JobDefinition, Lane, Run, Worker
from sr_templates.errors import DocumentError
from tests.migrated_database import migrated_database
from tests.waiting import patience

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KINDS = (JobKind.BUILD_DOCUMENTS,)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "w.sqlite") as database:
        yield database


@pytest.fixture
def job_id(database: Database) -> int:
    def add(session: Session) -> int:
        study = Study(
            study_instance_uid="2.25.1", pseudonym="p", state=StudyState.ANALYSED, opened_at=NOW, last_arrival_at=NOW,
            quiet_s=1, source_rule="r", calling_aet="A",
        )  # fmt: skip
        session.add(study)
        session.flush()
        return queue.enqueue(session, KINDS[0], 1, study_id=study.id, revision=1, now=NOW, max_attempts=2).id

    return database.write(add)


def _worker(database: Database, handler: Run, clock: Callable[[], datetime] = lambda: NOW) -> Worker:
    definition = JobDefinition(KINDS[0], Lane("l", 1), handler, final_errors=(DocumentError,))
    return Worker(database, (definition,), owner="me", lease_s=30, poll_s=0.01, clock=clock)


def _job(database: Database, job_id: int) -> Job:
    with database.reading() as session:
        return session.get_one(Job, job_id)


def test_a_handler_that_finishes_its_job_ends_it(database: Database, job_id: int) -> None:
    def handler(job: ClaimedJob) -> None:
        database.write(lambda session: queue.finish(session, job, now=NOW))

    assert _worker(database, handler).run_one(KINDS)
    assert _job(database, job_id).state == JobState.DONE
    assert not _worker(database, handler).run_one(KINDS), "nothing is left to do"


@pytest.mark.parametrize("error", [DeliveryError("no answer"), ZeroDivisionError("x")])
def test_a_failing_job_is_tried_again_later_and_ends_dead(database: Database, job_id: int, error: Exception) -> None:
    def handler(job: ClaimedJob) -> None:
        raise error

    assert _worker(database, handler).run_one(KINDS)
    assert (_job(database, job_id).state, _job(database, job_id).attempts) == (JobState.TODO, 1)
    assert not _worker(database, handler).run_one(KINDS), "not before its time"
    assert _worker(database, handler, lambda: NOW + timedelta(hours=1)).run_one(KINDS)
    assert _job(database, job_id).state == JobState.DEAD


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), MemoryError()])
def test_a_full_disk_uses_up_no_attempts(database: Database, job_id: int, error: Exception) -> None:
    """Three attempts were over within seconds, and every study of that hour waited for a person."""

    def handler(job: ClaimedJob) -> None:
        raise error

    for hours in range(5):
        assert _worker(database, handler, lambda at=NOW + timedelta(hours=hours): at).run_one(KINDS)
        assert _job(database, job_id).state == JobState.TODO

    def succeed(job: ClaimedJob) -> None:
        database.write(lambda session: queue.finish(session, job, now=NOW))

    assert _worker(database, succeed, lambda: NOW + timedelta(days=1)).run_one(KINDS)
    assert _job(database, job_id).state == JobState.DONE


def test_a_final_error_is_not_tried_again(database: Database, job_id: int) -> None:
    def handler(job: ClaimedJob) -> None:
        raise DocumentError("no evidence")

    _worker(database, handler).run_one(KINDS)
    assert _job(database, job_id).state == JobState.FAILED


def test_a_foreign_error_s_message_is_not_kept(database: Database, job_id: int) -> None:
    """A library's message may quote a patient's name."""

    def handler(job: ClaimedJob) -> None:
        raise ValueError("PatientName DOE^JANE")

    _worker(database, handler).run_one(KINDS)
    assert re.fullmatch(r"ValueError \(node\.work\.worker, line \d+\)", _job(database, job_id).error or "")


def test_a_job_that_has_ended_needs_no_heartbeat(
    database: Database, job_id: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A beat in the moment of the job's end warned of a lost lease, for every tenth delivery of a busy node."""
    beats, beaten = [], threading.Event()
    beat = queue.heartbeat

    def noted(session: Session, job: ClaimedJob, *, now: datetime, lease_s: float) -> None:
        beats.append(job.id)
        beaten.set()
        beat(session, job, now=now, lease_s=lease_s)

    def handler(job: ClaimedJob) -> None:
        database.write(lambda session: queue.finish(session, job, now=NOW))
        monkeypatch.setattr(queue, "heartbeat", noted)
        assert beaten.wait(patience(5))

    definition = JobDefinition(KINDS[0], Lane("l", 1), handler)
    Worker(database, (definition,), owner="me", lease_s=0.03, poll_s=0.01, clock=lambda: NOW).run_one(KINDS)
    assert (beats, caplog.text) == ([job_id], "")


def test_a_lost_lease_leaves_the_job_to_the_other_worker(database: Database, job_id: int) -> None:
    def handler(job: ClaimedJob) -> None:
        raise LeaseLost

    _worker(database, handler).run_one(KINDS)
    assert _job(database, job_id).state == JobState.DOING


def test_a_worker_ends_within_its_time(database: Database, job_id: int) -> None:
    seen: list[int] = []

    def handler(job: ClaimedJob) -> None:
        database.write(lambda session: queue.finish(session, job, now=NOW))
        seen.append(job.id)

    worker = _worker(database, handler)
    worker.start()
    from tests.waiting import wait_for

    wait_for(lambda: seen, 10)
    worker.stop(5)
    assert seen == [job_id]
