"""The end of an association: told once, and never while a C-STORE is being answered."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from node.db.session import Database
from node.errors import DatasetMismatch, OutOfResources, Unparseable
from node.ingress.group_intake import GroupIntake
from node.ingress.incoming import file_meta
from node.ingress.pynetdicom_layer.handlers import Handlers, OpenAssociation
from node.ingress.pynetdicom_layer.streaming import StreamedDataSet
from node.ingress.storage import Ingress
from node.ingress.upper_layer.association import Limits
from node.settings import AERule
from node.study.archive import Archive
from tests.arrivals import RULE, settings
from tests.rows import NOW, audited
from tests.waiting import patience


def test_an_end_is_told_once() -> None:
    told: list[str] = []
    association = OpenAssociation(lambda: told.append("end"))
    association.end()
    association.end()
    assert told == ["end"]


def test_an_end_in_the_middle_of_a_store_waits_for_it() -> None:
    """Else the study would be marked as receiving for ever, by an association that is gone."""
    told: list[str] = []
    association = OpenAssociation(lambda: told.append("end"))
    with association.storing():
        association.end()
        assert told == []
    assert told == ["end"]


def test_an_end_waits_for_a_store_that_fails() -> None:
    told: list[str] = []
    association = OpenAssociation(lambda: told.append("end"))

    def store() -> None:
        with association.storing():
            association.end()
            raise LookupError

    with pytest.raises(LookupError):
        store()
    assert told == ["end"]


def test_ends_from_several_threads_are_told_once() -> None:
    told: list[str] = []
    association = OpenAssociation(lambda: told.append("end"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: association.end(), range(50)))
    assert told == ["end"]


class FakeAssociation:
    """As much of pynetdicom's as the handlers touch."""

    def __init__(self) -> None:
        self.requestor = SimpleNamespace(ae_title="CART ")
        self.ident: int | None = None
        self.is_alive: Callable[[], bool] = lambda: True


@pytest.fixture
def ingress(database: Database, archive: Archive) -> Iterator[Ingress]:
    options = settings(archive.root.parent)
    intake = GroupIntake(database, archive, options, lambda: NOW)
    yield Ingress(database, archive, options, lambda: NOW, intake)
    intake.close()


@pytest.fixture
def bound(ingress: Ingress) -> Handlers:
    return Handlers(ingress, Limits(request_s=5, idle_s=5, max_pdu_bytes=1 << 16))


def _open(bound: Handlers, rule: AERule | None = RULE) -> FakeAssociation:
    association = FakeAssociation()
    state = bound._open[association] = OpenAssociation(lambda: bound._end(association))
    state.rule = rule
    return association


LARGE = bytes(1 << 20)  # written as it comes


def _event(association: FakeAssociation, archive: Archive, *, data: bytes = b"\x08\x00") -> Any:
    file = StreamedDataSet(archive, 0, lambda: file_meta("1.2", "3.4", "1.2.840.10008.1.2"), lambda _: None)
    if data:
        file.write(data)
    request = SimpleNamespace(DataSet=file, AffectedSOPClassUID="1.2", AffectedSOPInstanceUID="3.4")
    context = SimpleNamespace(transfer_syntax="1.2.840.10008.1.2.1")
    return SimpleNamespace(assoc=association, request=request, context=context)


@pytest.mark.parametrize(
    ("error", "status", "comment"),
    [
        (DatasetMismatch("no Study Instance UID"), 0xA900, "no Study Instance UID"),
        (OutOfResources("less than 5 MB of disk are free"), 0xA700, "less than 5 MB of disk are free"),
        (Unparseable("x" * 100), 0xC000, "x" * 64),
        (OperationalError("INSERT", {"name": "Secret^Name"}, Exception("Secret^Name")), 0xA700, "try again later"),
        (ZeroDivisionError("Secret^Name"), 0xA700, "try again later"),
    ],
    ids=["mismatch", "disk", "unparseable", "database", "unforeseen"],
)
def test_each_error_becomes_its_status_without_patient_data(
    bound: Handlers,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    comment: str,
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(GroupIntake, "take", fail)
    answer = bound.on_c_store(_event(_open(bound), archive))
    assert (answer.Status, answer.ErrorComment) == (status, comment)
    assert not list(archive.incoming.iterdir())
    assert "Secret" not in caplog.text


def test_a_request_without_a_data_set_is_answered(bound: Handlers, archive: Archive) -> None:
    assert bound.on_c_store(_event(_open(bound), archive, data=b"")).Status == 0xC000


@pytest.mark.parametrize("data", [b"\x08\x00", LARGE])
def test_a_request_of_an_ended_association_leaves_no_file(bound: Handlers, archive: Archive, data: bytes) -> None:
    association = _open(bound)
    event = _event(association, archive, data=data)
    bound.on_ended(event)
    assert bound.on_c_store(event).Status == 0xC000
    assert not list(archive.incoming.iterdir())


def test_a_database_that_is_away_does_not_stop_the_end(
    bound: Handlers, archive: Archive, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    association = _open(bound)
    bound._open[association].has_stored = True

    def away(_change: object) -> None:
        raise OperationalError("BEGIN", None, Exception("away"))

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", away)
        bound.on_ended(_event(association, archive, data=b""))
    assert not bound._open
    assert audited(database) == []


def test_half_received_files_go_with_their_association(bound: Handlers, archive: Archive) -> None:
    association = _open(bound)
    event = _event(association, archive, data=LARGE)
    bound._open[association].files.add(event.request.DataSet)
    assert len(list(archive.incoming.iterdir())) == 1
    thread = threading.Thread(target=bound.on_ended, args=(event,))
    thread.start()
    thread.join(patience(10))
    assert not list(archive.incoming.iterdir())


def test_an_association_whose_thread_died_is_ended(bound: Handlers) -> None:
    dead, living, not_started = (_open(bound) for _ in range(3))
    dead.ident, dead.is_alive = 1, lambda: False
    living.ident, living.is_alive = 2, lambda: True
    not_started.ident, not_started.is_alive = None, lambda: False
    bound._end_dead()
    assert set(bound._open) == {living, not_started}


def test_echo_is_answered(bound: Handlers) -> None:
    assert bound.on_c_echo(None) == 0x0000
