"""Receivers as processes: they end with their node, one that is lost is replaced, and what was acknowledged stays."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from node.db.tables import Instance, ReceivingAssociation
from node.errors import ConfigError
from node.ingress import receivers
from node.ingress.receivers import Receivers
from node.settings import Settings
from node.study.archive import Archive
from tests.arrivals import CLIP_UID, clip, settings, write_file
from tests.migrated_database import database_of
from tests.peers.raw_sender import RawSender
from tests.waiting import patience, wait_for


class Running:
    def __init__(self, options: Settings) -> None:
        self.archive = Archive(options.archive_dir)
        self.database = database_of(options)
        self.lost: list[str] = []
        self.receivers = Receivers(options, self.lost.append)
        self.port = self.receivers.start()

    @property
    def processes(self) -> list[int]:
        return [process.popen.pid for process in self.receivers._processes]

    def stored(self) -> int:
        with self.database.reading() as session:
            return len(session.scalars(select(Instance)).all())

    def senders(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(select(ReceivingAssociation.association_uuid)))


@contextmanager
def running_receivers(options: Settings) -> Iterator[Running]:
    running = Running(options)
    try:
        yield running
    finally:
        running.receivers.stop()
        running.database.close()


def _options(folder: Path, **node: object) -> Settings:
    options = settings(folder / "node")
    return options.model_copy(update={"node": options.node.model_copy(update=node)})


def _data_set(folder: Path, number: int) -> bytes:
    path = write_file(folder / f"{number}.dcm", clip(number))
    content = path.read_bytes()
    return content[144 + int.from_bytes(content[140:144], "little") :]


@pytest.mark.parametrize("upper_layer", ["echonode", "pynetdicom"])
def test_several_receivers_share_one_port(tmp_path: Path, upper_layer: str) -> None:
    with running_receivers(_options(tmp_path, receivers=2, upper_layer=upper_layer)) as running:
        assert len(set(running.processes)) == 2
        for number in range(6):
            with RawSender(running.port) as sender:
                assert sender.store(f"{CLIP_UID}.{number}", _data_set(tmp_path, number)).Status == 0x0000
        assert running.stored() == 6


def test_a_lost_receiver_is_replaced_and_forgotten(tmp_path: Path) -> None:
    with running_receivers(_options(tmp_path)) as running:
        sender = RawSender(running.port)
        assert sender.store(f"{CLIP_UID}.1", _data_set(tmp_path, 1)).Status == 0x0000
        sender.begin(f"{CLIP_UID}.2", _data_set(tmp_path, 2), parts=1)
        (association,) = running.senders()
        (lost,) = running.processes
        os.kill(lost, signal.SIGKILL)
        wait_for(lambda: running.processes != [lost], message="another receiver")
        (mark,) = running.lost
        assert association.startswith(mark), "so that its associations can be forgotten"
        with RawSender(running.port) as again:
            assert again.store(f"{CLIP_UID}.2", _data_set(tmp_path, 2)).Status == 0x0000
        assert running.stored() == 2


def test_stopping_lets_a_running_association_end(tmp_path: Path) -> None:
    running = Running(_options(tmp_path))
    sender = RawSender(running.port)
    (process,) = running.receivers._processes
    assert process.popen.stdin is not None
    process.popen.stdin.close()  # what stopping does first
    assert sender.store(f"{CLIP_UID}.1", _data_set(tmp_path, 1)).Status == 0x0000
    sender.association.release()
    running.receivers.stop()
    assert process.popen.returncode == 0
    assert running.stored() == 1
    running.database.close()


def test_nobody_listens_after_stopping(tmp_path: Path) -> None:
    with running_receivers(_options(tmp_path)) as running:
        port = running.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=patience(5)).close()


def test_a_port_that_is_taken_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        one = Receivers(_options(tmp_path, port=taken.getsockname()[1]), lambda _: None)
        with pytest.raises(ConfigError, match="cannot be listened on"):
            one.start()
        one.stop()


def test_a_receiver_that_cannot_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers, "COMMAND", ("/bin/false",))
    one = Receivers(_options(tmp_path), lambda _: None)
    with pytest.raises(ConfigError, match="did not start"):
        one.start()
    one.stop()
