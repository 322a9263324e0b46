"""Whoever waits for work is told once it is committed, by whichever process; a word that is lost costs a slow look."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from node.db import queue, wake_up
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import JobKind, Study, StudyState
from node.work.worker import JobDefinition, Lane, Worker
from tests.waiting import patience, wait_for

KIND = JobKind.ANALYSE_STUDY
LONG_S = 600.0  # a test that needed this pause would not end


def now() -> datetime:
    return datetime.now(UTC)


def add_job(session: Session, delay_s: float = 0) -> int:
    study = Study(
        study_instance_uid=f"2.25.{os.urandom(8).hex()}", pseudonym=os.urandom(8).hex(), state=StudyState.COMPLETE,
        opened_at=now(), last_arrival_at=now(), quiet_s=1, source_rule="r", calling_aet="A",
    )  # fmt: skip
    session.add(study)
    session.flush()
    return queue.enqueue(session, KIND, study.id, study_id=study.id, revision=1, now=now(), delay_s=delay_s).id


@pytest.fixture
def running(database: Database) -> Iterator[list[int]]:
    """The jobs that a worker has run which looks by itself only every ten minutes."""
    done: list[int] = []

    def handler(job: ClaimedJob) -> None:
        database.write(lambda session: queue.finish(session, job, now=now()))
        done.append(job.id)

    definition = JobDefinition(KIND, Lane("l", 2), handler)
    worker = Worker(database, (definition,), owner="me", lease_s=30, poll_s=LONG_S, clock=now)
    worker.start()
    yield done
    worker.stop(10)


def url_of(database: Database) -> str:
    return database._url.render_as_string(hide_password=False)


def test_the_word_comes_after_the_commit(database: Database) -> None:
    listener = database.listen()
    wait_for(lambda: not listener.deaf)
    before = listener.heard
    with database.session() as session:
        add_job(session)
        session.flush()
        assert listener.heard == before
    wait_for(lambda: listener.heard > before)
    before = listener.heard
    database.write(add_job)
    wait_for(lambda: listener.heard > before)


def test_nothing_is_said_of_what_was_undone_or_leaves_no_work(database: Database) -> None:
    listener = database.listen()
    wait_for(lambda: not listener.deaf)
    before = listener.heard

    def undone(session: Session) -> None:
        add_job(session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(undone)
    database.write(lambda session: None)
    database.write(add_job)
    wait_for(lambda: listener.heard > before)
    assert listener.heard == before + 1


def test_a_job_of_this_process_runs_at_once(database: Database, running: list[int]) -> None:
    job_id = database.write(add_job)
    wait_for(lambda: job_id in running)


@pytest.mark.slow
def test_a_job_of_another_process_runs_at_once(database: Database, running: list[int]) -> None:
    wait_for(lambda: not database.listen().deaf)
    code = "import sys; from node.db.session import Database; from tests.unit.node.db.test_wake_up import add_job\n"
    code += "with Database(sys.argv[1]) as database, database.session() as session: add_job(session)"
    root = Path(__file__).resolve().parents[4]
    subprocess.run([sys.executable, "-c", code, url_of(database)], check=True, cwd=root, timeout=patience(60))
    wait_for(lambda: running)


@pytest.mark.slow
def test_many_jobs_at_once_all_run(database: Database, running: list[int]) -> None:
    with Database(url_of(database)) as other:
        threads = [threading.Thread(target=other.write, args=(add_job,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    wait_for(lambda: len(running) == 20)


@pytest.mark.slow
def test_a_waiting_job_runs_when_its_time_comes(database: Database, running: list[int]) -> None:
    job_id = database.write(lambda session: add_job(session, delay_s=0.3))
    due = now() + timedelta(seconds=0.2)
    wait_for(lambda: job_id in running)
    assert now() >= due


def test_a_job_given_back_is_told_of(database: Database, running: list[int]) -> None:
    def lose(session: Session) -> int:
        job_id = add_job(session)
        assert queue.claim(session, (KIND,), owner="gone", now=now() - timedelta(hours=1), lease_s=1) is None
        assert queue.claim(session, (KIND,), owner="gone", now=now(), lease_s=-1) is not None
        return job_id

    job_id = database.write(lose)
    assert running == []
    database.write(lambda session: queue.requeue_lost(session, now=now()))
    wait_for(lambda: job_id in running)


@pytest.mark.slow
def test_one_word_from_many_is_enough(database: Database) -> None:
    """A node that is slow to read, or none: who commits never waits for it."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL tells by itself")
    path = Path(f"{database._url.database}.wake")
    wake_up.tell(path)  # nobody has ever listened
    os.mkfifo(path)
    wake_up.tell(path)  # nobody listens now
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    for _ in range(100_000):  # more than a pipe holds
        wake_up.tell(path)
    os.close(reader)
    assert not database.listen().deaf


@pytest.mark.slow
def test_without_a_fifo_the_worker_looks_often(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL tells by itself")
    path = Path(f"{database._url.database}.wake")
    path.write_bytes(b"")
    with Database(url_of(database)) as deaf:
        listener = deaf.listen()
        assert listener.deaf
        listener.wait(listener.heard, LONG_S)
        database.write(add_job)
    assert path.read_bytes() == b"", "what has its name is left alone"
