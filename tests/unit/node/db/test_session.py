"""Transactions: what is committed, what is undone, and that writers beside each other neither lose nor block."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from node.db.session import Database, insert_unless_there, open_database
from node.db.tables import ReceivingAssociation, Study
from node.errors import ConfigError, EchoNodeError
from node.settings import NodeSettings, Settings
from tests.rows import add_study
from tests.waiting import patience


class Undone(Exception):
    pass


def _add_and_fail(session: Session) -> NoReturn:
    add_study(session, 99)
    raise Undone


def _count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Study)) or 0


def test_a_session_commits_at_its_end(database: Database) -> None:
    with database.session() as session:
        add_study(session)
    assert _count(database) == 1


def test_a_session_is_undone_by_an_exception(database: Database) -> None:
    with pytest.raises(Undone), database.session() as session:
        _add_and_fail(session)
    assert _count(database) == 0


def test_a_change_is_committed_when_write_returns(database: Database) -> None:
    assert database.write(lambda session: add_study(session).study_instance_uid) == "2.25.1"
    assert _count(database) == 1


def test_a_failed_change_is_undone_and_told_to_its_caller(database: Database) -> None:
    with pytest.raises(Undone):
        database.write(_add_and_fail)
    assert _count(database) == 0


def test_what_write_returned_can_be_read_after_the_commit(database: Database) -> None:
    study = database.write(add_study)
    assert (study.id, study.calling_aet) == (1, "CART")


def test_parallel_changes_are_all_kept(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: database.write(lambda session: add_study(session, number)), range(40)))
    assert _count(database) == 40


def test_a_failing_change_does_not_touch_those_committed_with_it(database: Database) -> None:
    """All are queued behind one that holds the writer, so on SQLite they share a transaction."""
    held, go = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        held.set()
        assert go.wait(patience(10))

    def attempt(number: int) -> str:
        try:
            database.write(_add_and_fail if number % 3 == 0 else lambda session: add_study(session, number))
        except Undone:
            return "undone"
        return "kept"

    with ThreadPoolExecutor(10) as pool:
        holding = pool.submit(database.write, hold)
        assert held.wait(patience(10))
        outcomes = [pool.submit(attempt, number) for number in range(9)]
        go.set()
        holding.result(patience(10))
        told = [outcome.result(patience(10)) for outcome in outcomes]
    assert told == ["undone", "kept", "kept"] * 3
    assert _count(database) == 6


def test_a_change_that_breaks_a_key_fails_alone(database: Database) -> None:
    database.write(add_study)
    with pytest.raises(IntegrityError):
        database.write(add_study)
    database.write(lambda session: add_study(session, 2))
    assert _count(database) == 2


def test_reading_waits_for_no_writer(database: Database) -> None:
    with database.session() as session:
        add_study(session)
        assert _count(database) == 0, "a snapshot from before the open transaction"


def test_a_foreign_key_is_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError):
        database.write(
            lambda session: insert_unless_there(session, ReceivingAssociation, {"association_uuid": "a", "study_id": 7})
        )


def test_an_error_does_not_quote_what_was_written(database: Database) -> None:
    database.write(add_study)
    with pytest.raises(IntegrityError) as caught:
        database.write(add_study)
    assert "CART" not in str(caught.value), "parameters may be patient data, and errors are logged"


def test_insert_unless_there_tells_which_it_was(database: Database) -> None:
    database.write(add_study)
    values = {"association_uuid": "a", "study_id": 1}
    assert database.write(lambda session: insert_unless_there(session, ReceivingAssociation, values))
    assert not database.write(lambda session: insert_unless_there(session, ReceivingAssociation, values))


def test_what_was_queued_is_written_before_closing(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        writes = [
            pool.submit(database.write, lambda session, number=number: add_study(session, number).id) for number in range(8)
        ]
        assert sorted(write.result(patience(10)) for write in writes) == list(range(1, 9))
    database.close()
    database.close()  # closing twice is no error


def _newer(folder: Path) -> str:
    with open_database(Settings(node=NodeSettings(data_dir=folder))) as database, database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    return ""


def _no_database(folder: Path) -> str:
    (folder / "echonode.sqlite").write_bytes(b"this is no database at all" * 99)
    return ""


@pytest.mark.parametrize(
    ("arrange", "words"),
    [
        (_newer, "the database is of a later version of EchoNode: use that version"),
        (_no_database, "the database cannot be opened: file is not a database"),
        (lambda folder: "postgresql://node:secret@127.0.0.1:1/echo", "the database cannot be opened: connection failed"),
        (lambda folder: "node:secret", "node.database_url is no URL of SQLite or PostgreSQL"),
        (lambda folder: "oracle://node:secret@h/x", "node.database_url is no URL of SQLite or PostgreSQL"),
    ],
)
def test_a_database_that_cannot_be_used_says_so_in_a_line(tmp_path: Path, arrange: Callable[[Path], str], words: str) -> None:
    """150 lines of traceback once, from every command."""
    url = arrange(tmp_path)
    with pytest.raises(EchoNodeError) as caught:
        open_database(Settings(node=NodeSettings(data_dir=tmp_path, database_url=url)))
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"node\.data_dir .*file/data: Not a directory"):
        open_database(Settings(node=NodeSettings(data_dir=tmp_path / "file" / "data")))
