"""An archive that lost a file is healed by sending it again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from node.db.session import Database
from node.db.tables import AuditEntry, Instance, Receipt
from node.ingress.intake import HEALED, take_instance
from node.study.archive import Archive, file_sha256
from tests.arrivals import RLELossless, arrival, clip, rewritten, rle, settings
from tests.rows import NOW


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _rows(database: Database) -> list[Instance]:
    with database.reading() as session:
        return list(session.scalars(select(Instance).order_by(Instance.id)))


@pytest.mark.parametrize("lose", [Path.unlink, _truncate], ids=["removed", "cut"])
def test_the_same_object_again_takes_the_place_of_a_lost_file(
    database: Database, archive: Archive, lose: Callable[[Path], None]
) -> None:
    options = settings(archive.root.parent)
    assert take_instance(database, archive, arrival(archive, clip()), options, now=NOW) is Receipt.STORED
    (first,) = _rows(database)
    lose(archive.path(str(first.path)))
    assert take_instance(database, archive, arrival(archive, clip()), options, now=NOW) is Receipt.DUPLICATE
    healed, again = _rows(database)
    assert healed.id == first.id
    file = archive.path(str(healed.path))
    assert (file.stat().st_size, file_sha256(file)) == (healed.size_bytes, healed.sha256)
    assert (again.path, again.kept, again.note) == (None, False, HEALED)
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.event == "instance_duplicate")).one()
    assert entry.details["note"] == HEALED
    assert not list(archive.incoming.iterdir())


def test_bytes_that_differ_in_encoding_alone_heal_too(database: Database, archive: Archive) -> None:
    """Its row then says what the file holds now: another hash, another length."""
    options = settings(archive.root.parent)
    take_instance(database, archive, arrival(archive, clip()), options, now=NOW)
    (first,) = _rows(database)
    again = arrival(archive, clip())
    # The file meta, ours at another version.
    again = rewritten(again, again.path.read_bytes().replace(b"PYDICOM", b"pydicom"))
    archive.path(str(first.path)).unlink()
    assert take_instance(database, archive, again, options, now=NOW) is Receipt.DUPLICATE
    healed = _rows(database)[0]
    assert healed.path != first.path
    assert file_sha256(archive.path(str(healed.path))) == healed.sha256


def test_a_whole_file_stays_where_it_is(database: Database, archive: Archive) -> None:
    options = settings(archive.root.parent)
    take_instance(database, archive, arrival(archive, clip()), options, now=NOW)
    sent_again = arrival(archive, rle(clip()), transfer_syntax_uid=RLELossless)
    assert take_instance(database, archive, sent_again, options, now=NOW) is Receipt.DUPLICATE
    first, again = _rows(database)
    assert (first.transfer_syntax_uid, again.note) == ("1.2.840.10008.1.2.1", None)
    assert len(list((archive.root / "objects").rglob("*.dcm"))) == 1
