"""The tests of database, assembly and intake once more, on PostgreSQL: the same names, another `database`."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from node.db import audit, queue, wake_up
from node.db.session import Database
from node.db.tables import Base, Job
from node.errors import LeaseLost
from node.study import assembly
from node.study.archive import Archive
from tests.peers.postgres import PostgresServer, postgres_server
from tests.receiving_study import CART, ReceivingStudy
from tests.unit.node.db.test_audit import *  # noqa: F403
from tests.unit.node.db.test_clocks import *  # noqa: F403
from tests.unit.node.db.test_identity import *  # noqa: F403
from tests.unit.node.db.test_migrations import *  # noqa: F403
from tests.unit.node.db.test_queue import *  # noqa: F403
from tests.unit.node.db.test_session import *  # noqa: F403
from tests.unit.node.db.test_states import *  # noqa: F403
from tests.unit.node.db.test_wake_up import *  # noqa: F403
from tests.unit.node.ingress.test_intake import *  # noqa: F403
from tests.unit.node.ingress.test_intake_healing import *  # noqa: F403
from tests.unit.node.ingress.test_rejection_notes import (  # noqa: F401  those whose statements differ
    node,
    test_an_object_named_under_another_study_is_a_question_to_a_person,
    test_one_of_our_documents_that_is_rejected_is_not_sent,
    test_the_patients_are_those_of_the_objects_that_stay,
    test_what_is_taken_back_is_analysed_again,
)
from tests.unit.node.study.test_assembly import *  # noqa: F403
from tests.unit.node.study.test_assembly_by_hand import *  # noqa: F403
from tests.unit.node.study.test_assembly_clock import *  # noqa: F403
from tests.waiting import patience, wait_for

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def migrated(server: PostgresServer) -> str:
    """The URL of a database at the newest schema; each test empties it."""
    url = server.url(server.new_database())
    with Database(url) as database:
        database.upgrade()
    return url


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def database(migrated: str) -> Iterator[Database]:
    with Database(migrated) as database:
        tables = ", ".join(Base.metadata.tables)
        database.write(lambda session: session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY")))
        yield database


def test_processes_that_upgrade_at_once_wait_for_each_other(server: PostgresServer) -> None:
    url = server.url(server.new_database())
    databases = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Database.upgrade, databases))
    with databases[0].reading() as session:
        assert audit.verify(session).entries == 0
    for database in databases:
        database.close()


@pytest.mark.parametrize("ending", ["finished", "stopped reporting"])
def test_intake_and_a_worker_at_one_study_do_not_deadlock(database: Database, ending: str) -> None:
    """Both lock the study before its job; in the other order PostgreSQL would end one of them with an error."""
    receiving = ReceivingStudy(database)
    receiving.close()
    job = database.write(receiving.claim)
    locked, late = threading.Event(), receiving.now + timedelta(seconds=120)

    def intake(session: Session) -> None:
        assembly.open_study(session, "2.25.1", CART, now=late)
        locked.set()
        wait_for(lambda: _waits_for_a_lock(database))
        queue.supersede(session, Job.study_id == 1, now=late)

    def worker(session: Session) -> None:
        if ending == "finished":
            queue.finish(session, job, now=late)
        else:
            queue.requeue_lost(session, now=late)

    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(database.write, intake)
        assert locked.wait(patience(10))
        working = pool.submit(database.write, worker)
        taking.result(patience(20))
        assert isinstance(working.exception(patience(20)), LeaseLost if ending == "finished" else type(None))
    assert receiving.jobs == [("analyse_study", "done", 1)]


def _waits_for_a_lock(database: Database) -> bool:
    with database.reading() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_a_listener_that_lost_its_connection_listens_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake_up, "_RECONNECT_S", 0.01)
    listener = database.listen()
    wait_for(lambda: not listener.deaf)
    before = listener.heard
    listening = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = 'LISTEN echonode_jobs'"
    with database.reading() as session:
        assert session.scalar(text(listening)) == 1
    wait_for(lambda: listener.heard >= before + 2, message="it went deaf, and hears again")
    wait_for(lambda: not listener.deaf)
    before = listener.heard
    database.write(wake_up.mark)
    wait_for(lambda: listener.heard > before)
