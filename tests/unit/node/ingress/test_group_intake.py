"""Instances taken together: each has its own outcome, and success is told after sync and commit alone."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DataError

from node.db.session import Database
from node.db.tables import AuditEntry, Instance, Receipt, ReceivingAssociation, Study
from node.errors import IntakeError, OutOfResources
from node.ingress import group_intake
from node.ingress.group_intake import GroupIntake
from node.ingress.group_rows import remember_new
from node.study.archive import Archive
from tests.arrivals import arrival, clip, settings
from tests.rows import NOW, audited
from tests.waiting import patience


@pytest.fixture
def group(database: Database, archive: Archive) -> Iterator[GroupIntake]:
    taking = GroupIntake(database, archive, settings(archive.root.parent), lambda: NOW)
    yield taking
    taking.close()


def _take_all(group: GroupIntake, archive: Archive, count: int, studies: int = 2) -> list[Receipt]:
    arrivals = [
        arrival(archive, clip(number, StudyInstanceUID=f"2.25.1{number % studies}"), association_uuid=str(number % 3))
        for number in range(count)
    ]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(group.take, arrivals))


def _rows(database: Database, table: Any) -> list[Any]:
    with database.reading() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_many_together_are_all_stored(group: GroupIntake, database: Database, archive: Archive) -> None:
    assert _take_all(group, archive, 20) == [Receipt.STORED] * 20
    instances = _rows(database, Instance)
    assert len({instance.sop_instance_uid for instance in instances}) == 20
    assert all(archive.holds(str(instance.path), instance.size_bytes) for instance in instances)
    assert [study.state for study in _rows(database, Study)] == ["receiving"] * 2
    assert audited(database).count("instance_stored") == 20
    assert audited(database).count("study_opened") == 2
    assert len(_rows(database, ReceivingAssociation)) == 6
    assert not list(archive.incoming.iterdir())


def test_the_same_audit_entries_as_alone(database: Database, archive: Archive, group: GroupIntake) -> None:
    group.take(arrival(archive, clip(1)))
    entry = next(entry for entry in _rows(database, AuditEntry) if entry.event == "instance_stored")
    assert set(entry.details) == {"calling_aet", "rule", "sha256"}
    assert entry.study == _rows(database, Study)[0].pseudonym


@pytest.mark.slow
def test_rows_are_written_while_the_files_are_synced_and_committed_only_then(
    group: GroupIntake, database: Database, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, committed = threading.Event(), threading.Event()
    sync, remember = Archive.sync_objects, remember_new
    committed_early: list[bool] = []

    def synced(self: Archive, hashes: list[str]) -> None:
        assert written.wait(patience(10))
        committed_early.append(committed.wait(0.2))
        sync(self, hashes)

    def remembered(*arguments: Any) -> Any:
        new = remember(*arguments)
        event.listen(database._engine, "commit", lambda _: committed.set())
        written.set()
        return new

    monkeypatch.setattr(Archive, "sync_objects", synced)
    monkeypatch.setattr(group_intake, "remember_new", remembered)
    assert group.take(arrival(archive, clip(1))) is Receipt.STORED
    assert committed_early == [False]
    assert committed.is_set()


def test_one_that_the_database_does_not_take_leaves_the_others(
    group: GroupIntake, database: Database, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_all(*_: Any) -> Any:
        raise DataError("INSERT", None, Exception("one row of these"))

    monkeypatch.setattr(group_intake, "remember_new", refuse_all)
    assert _take_all(group, archive, 5) == [Receipt.STORED] * 5, "each by itself"
    assert len(_rows(database, Instance)) == 5


def test_a_disk_that_cannot_sync_acknowledges_nothing(
    group: GroupIntake, database: Database, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Archive, "sync_objects", broken)
    monkeypatch.setattr("node.study.archive._sync", broken)
    with pytest.raises(IntakeError):
        group.take(arrival(archive, clip(1)))
    assert _rows(database, Instance) == []
    assert not list(archive.incoming.iterdir())


def test_what_a_sync_failed_for_is_not_tried_again_with_the_same_bytes(
    group: GroupIntake, database: Database, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells of a lost write once: a second sync of the same file would succeed without it."""

    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Archive, "sync_objects", broken)
        with pytest.raises(OutOfResources):
            group.take(arrival(archive, clip(1)))
    assert _rows(database, Instance) == []
    assert not list(archive.incoming.iterdir())
    assert group.take(arrival(archive, clip(1))) is Receipt.STORED, "sent again, it is written again"


def test_an_unforeseen_error_reaches_every_waiting_sender(
    group: GroupIntake, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(group_intake, "remember_new", broken)
        with pytest.raises(ZeroDivisionError):
            group.take(arrival(archive, clip(1)))
    assert group.take(arrival(archive, clip(2))) is Receipt.STORED, "and the group goes on"


def test_a_late_image_of_a_closed_study_opens_the_next_revision(
    group: GroupIntake, database: Database, archive: Archive
) -> None:
    group.take(arrival(archive, clip(1)))
    with database.session() as session:
        session.scalars(select(Study)).one().state = "analysed"
    assert group.take(arrival(archive, clip(2))) is Receipt.STORED
    (study,) = _rows(database, Study)
    assert (study.state, study.revision) == ("receiving", 2)


def test_closing_finishes_what_was_handed_in(database: Database, archive: Archive) -> None:
    group = GroupIntake(database, archive, settings(archive.root.parent), lambda: NOW)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(group.take, arrival(archive, clip(number))) for number in range(4)]
        for taken in waiting:
            taken.result()
    group.close()
    assert len(_rows(database, Instance)) == 4


def test_a_file_that_stands_there_already_is_never_replaced_unsynced(archive: Archive) -> None:
    """Its name is its hash: what stands there may be acknowledged, what comes is not durable yet."""
    kept = archive.new_incoming()
    kept.write_bytes(b"kept")
    relative = archive.place(kept, "ab" * 32)
    again = archive.new_incoming()
    again.write_bytes(b"kept")
    assert archive.link(again, "ab" * 32) is None
    assert archive.path(relative).read_bytes() == b"kept"


@pytest.mark.parametrize("count", [1, 5])
def test_linked_files_are_synced_with_and_without_syncfs(archive: Archive, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    def link(number: int) -> str:
        temporary = archive.new_incoming()
        temporary.write_bytes(bytes([number]))
        sha256 = f"{number:02x}" * 32
        assert archive.link(temporary, sha256) == f"objects/{sha256[:2]}/{sha256}.dcm"
        return sha256

    hashes = [link(number) for number in range(count)]
    archive.sync_objects(hashes)
    monkeypatch.setattr("node.study.archive._syncfs", None)
    archive.sync_objects(hashes)
