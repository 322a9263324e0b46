"""SQLite's one writer: few commits for many callers, and no deadlock with itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from node.db.session import Database
from node.db.tables import Study
from tests.rows import add_study
from tests.waiting import patience, wait_for


def test_changes_that_wait_together_share_a_commit(database: Database) -> None:
    commits: list[Connection] = []

    def count(connection: Connection) -> None:
        commits.append(connection)

    held, go = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        add_study(session, 20)
        session.flush()
        held.set()
        assert go.wait(patience(10))

    event.listen(Engine, "commit", count)
    try:
        with ThreadPoolExecutor(21) as pool:
            holding = pool.submit(database.write, hold)
            assert held.wait(patience(10))
            queued = [pool.submit(database.write, lambda session, n=n: add_study(session, n)) for n in range(20)]
            wait_for(lambda: len(database._writer._waiting) == 20)
            go.set()
            for write in [holding, *queued]:
                write.result(patience(10))
    finally:
        event.remove(Engine, "commit", count)
    assert len(commits) == 2, "one for the change that held the writer, one for the twenty behind it"


def test_a_change_may_not_write_again(database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside a change"):
        database.write(lambda _session: database.write(add_study))


def test_a_closed_database_takes_no_change(database: Database) -> None:
    database.close()
    with pytest.raises(RuntimeError, match="closed"):
        database.write(add_study)


def test_a_failed_commit_is_told_to_its_callers(database: Database) -> None:
    def refuse(_connection: Connection) -> None:
        raise OperationalError("COMMIT", None, Exception("disk full"))

    event.listen(Engine, "commit", refuse)
    try:
        with pytest.raises(OperationalError):
            database.write(add_study)
    finally:
        event.remove(Engine, "commit", refuse)
    assert database.write(lambda session: add_study(session, 2).study_instance_uid) == "2.25.2", "the writer lives on"


def test_no_change_is_answered_well_when_sqlite_rolled_back_the_whole_group(database: Database) -> None:
    """A full disk undoes more than the savepoint it was met in: what ran before it in the group is gone, too."""

    def limit(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")

    def too_big(session: Session) -> None:
        add_study(session, 50).failed_reason = "x" * 200_000
        session.flush()

    held, go = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        held.set()
        assert go.wait(patience(10))

    changes = [lambda session: add_study(session, 1), too_big, lambda session: add_study(session, 2)]
    event.listen(database._engine, "begin", limit)
    try:
        with ThreadPoolExecutor(4) as pool:
            holding = pool.submit(database.write, hold)
            assert held.wait(patience(10))
            writes = []
            for number, change in enumerate(changes, 1):
                writes.append(pool.submit(database.write, change))
                wait_for(lambda number=number: len(database._writer._waiting) == number)
            go.set()
            holding.result(patience(10))
            errors = [write.exception(patience(10)) for write in writes]
    finally:
        event.remove(database._engine, "begin", limit)
    with database.reading() as session:
        kept = list(session.scalars(select(Study.study_instance_uid)))
    assert kept == []
    assert all(isinstance(error, OperationalError) for error in errors), "what was lost is told to each"


def test_whatever_ends_a_commit_is_told_and_the_writer_lives_on(database: Database) -> None:
    def refuse(_connection: Connection) -> None:
        raise MemoryError

    event.listen(database._engine, "commit", refuse)
    with ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(database.write, add_study).exception(patience(10)), MemoryError)
    event.remove(database._engine, "commit", refuse)
    assert database.write(lambda session: add_study(session, 2).study_instance_uid) == "2.25.2"


def test_the_database_survives_power_loss_and_blocks_no_reader(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path / 'own.sqlite'}") as database, database.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2, "FULL"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
