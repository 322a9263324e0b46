"""The chain: whatever is done to a sealed entry is found, and where."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from node.db import audit
from node.db.audit import AuditEvent, AuditReport
from node.db.session import Database
from node.db.tables import AuditEntry
from tests.rows import NOW
from tests.waiting import patience


def _record(database: Database, count: int, *, first: int = 0) -> None:
    def change(session: Session) -> None:
        for number in range(first, first + count):
            now = NOW + timedelta(seconds=number)
            audit.record(session, AuditEvent.INSTANCE_STORED, now=now, study="p", number=number, rules=["größer", 1.5, None])

    database.write(change)


def _verify(database: Database, anchor: dict[str, Any] | None = None) -> AuditReport:
    with database.reading() as session:
        return audit.verify(session, anchor=anchor)


def _anchor(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return audit.anchor(session)


@pytest.fixture
def chain(database: Database) -> Database:
    """Ten sealed entries."""
    _record(database, 10)
    audit.seal(database)
    return database


def test_an_empty_chain_is_whole(database: Database) -> None:
    assert audit.seal(database) == 0
    assert _verify(database) == AuditReport(entries=0, sealed=0, verified=True)


def test_entries_are_unsealed_until_sealed(database: Database) -> None:
    _record(database, 3)
    assert _verify(database) == AuditReport(entries=3, sealed=0, verified=True)
    assert audit.seal(database) == 3
    assert _verify(database) == AuditReport(entries=3, sealed=3, verified=True)


def test_sealing_again_changes_nothing(chain: Database) -> None:
    before = _anchor(chain)
    assert audit.seal(chain) == 0
    assert _anchor(chain) == before


def test_the_chain_goes_on_where_it_ended(chain: Database) -> None:
    _record(chain, 5, first=10)
    assert audit.seal(chain) == 5
    assert _verify(chain) == AuditReport(entries=15, sealed=15, verified=True)


def test_more_entries_than_a_batch_are_sealed_at_once(database: Database) -> None:
    _record(database, 1203)
    assert audit.seal(database) == 1203
    assert _verify(database).verified


def test_sealers_beside_each_other_and_beside_writers_make_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(_record, database, 5, first=5 * number) for number in range(8)]
        work += [pool.submit(audit.seal, database) for _ in range(8)]
        for done in work:
            done.result(patience(60))
    audit.seal(database)
    assert _verify(database) == AuditReport(entries=40, sealed=40, verified=True)


def _entry(session: Session, sequence: int) -> AuditEntry:
    return session.scalars(select(AuditEntry).where(AuditEntry.sequence == sequence)).one()


def _change(**values: Any) -> Callable[[Session], None]:
    def tamper(session: Session) -> None:
        session.execute(update(AuditEntry).where(AuditEntry.sequence == 5).values(**values))

    return tamper


def _remove(session: Session) -> None:
    session.delete(_entry(session, 5))


def _remove_and_renumber(session: Session) -> None:
    session.delete(_entry(session, 5))
    session.flush()
    for sequence in range(6, 11):
        _entry(session, sequence).sequence = sequence - 1
        session.flush()


def _insert(session: Session) -> None:
    for sequence in range(10, 4, -1):
        _entry(session, sequence).sequence = sequence + 1
        session.flush()
    before = _entry(session, 4)
    session.add(
        AuditEntry(
            sequence=5, at=NOW, event="instance_stored", study="p", details={}, prev_hash=before.entry_hash, entry_hash="f" * 64
        )
    )


def _swap(session: Session) -> None:
    fifth, sixth = _entry(session, 5), _entry(session, 6)
    fifth.sequence = None
    session.flush()
    sixth.sequence = 5
    session.flush()
    fifth.sequence = 6


@pytest.mark.parametrize(
    "tamper",
    [
        _change(event="instance_duplicate"),
        _change(study="another"),
        _change(at=NOW),
        _change(details={"number": 4, "rules": ["größer", 1.5, 0]}),
        _change(prev_hash="0" * 64),
        _change(entry_hash="0" * 64),
        _remove,
        _remove_and_renumber,
        _insert,
        _swap,
    ],
    ids=["event", "study", "time", "details", "prev hash", "hash", "removed", "renumbered", "inserted", "swapped"],
)
def test_tampering_is_found_where_it_was_done(chain: Database, tamper: Callable[[Session], None]) -> None:
    chain.write(tamper)
    report = _verify(chain)
    assert not report.verified
    assert report.problem.startswith(("entry 5 ", "entry 6 "))


def test_a_removed_tail_is_found_by_the_anchor_alone(chain: Database) -> None:
    anchor = json.loads(json.dumps(_anchor(chain)))

    def cut(session: Session) -> None:
        for sequence in (9, 10):
            session.delete(_entry(session, sequence))

    chain.write(cut)
    assert _verify(chain).verified, "nothing inside the chain tells"
    report = _verify(chain, anchor)
    assert not report.verified
    assert "the chain ends at 8: the tail was removed" in report.problem


def test_a_tail_written_anew_is_found_by_the_anchor(chain: Database) -> None:
    anchor = _anchor(chain)

    def forge(session: Session) -> None:
        last = _entry(session, 10)
        last.details = {"number": 99}
        last.sequence = last.prev_hash = last.entry_hash = None

    chain.write(forge)
    audit.seal(chain)
    assert _verify(chain).verified, "the forger sealed it well"
    assert _verify(chain, anchor).problem == "entry 10 is not the anchored one"


def test_an_older_anchor_fits_a_longer_chain(chain: Database) -> None:
    anchor = _anchor(chain)
    _record(chain, 3, first=10)
    audit.seal(chain)
    assert _verify(chain, anchor).verified


def test_the_anchor_of_an_empty_chain_fits_any(database: Database) -> None:
    anchor = _anchor(database)
    _record(database, 2)
    audit.seal(database)
    assert _verify(database, anchor).verified


def test_the_export_holds_the_sealed_entries_in_order(chain: Database) -> None:
    _record(chain, 1, first=10)
    with chain.reading() as session:
        exported = list(audit.export(session))
        assert [entry["sequence"] for entry in exported] == list(range(1, 11))
        assert exported[-1]["entry_hash"] == audit.anchor(session)["entry_hash"]
    assert json.loads(json.dumps(exported)) == exported
    assert exported[3]["details"] == {"number": 3, "rules": ["größer", 1.5, None]}


def test_an_undone_transaction_leaves_no_entry(database: Database) -> None:
    def change(session: Session) -> None:
        audit.record(session, AuditEvent.NODE_STARTED, now=NOW)
        raise LookupError

    with pytest.raises(LookupError):
        database.write(change)
    assert _verify(database).entries == 0
