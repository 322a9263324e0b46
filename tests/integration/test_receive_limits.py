"""Many senders, slow senders, many objects: nobody waits for another, and nothing grows."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynetdicom import AE
from sqlalchemy import func, select

from node.db.tables import Instance
from node.settings import Settings
from tests.arrivals import CLIP_UID, clip, settings, write_file
from tests.integration.test_receivers import running_receivers
from tests.peers.raw_pdus import pdu, pdv, read_pdu, request_body, store_command
from tests.peers.raw_sender import RawSender
from tests.receiving_node import receiving_node
from tests.waiting import patience, wait_for


def _options(folder: Path, **node: object) -> Settings:
    options = settings(folder / "node")
    return options.model_copy(update={"node": options.node.model_copy(update=node)})


def _data_set(folder: Path, number: int = 0) -> bytes:
    content = write_file(folder / "clip.dcm", clip(number)).read_bytes()
    return content[144 + int.from_bytes(content[140:144], "little") :]


@contextmanager
def _raw(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=patience(20)) as connection:
        connection.sendall(pdu(0x01, request_body()))
        assert read_pdu(connection)[0] == 0x02
        yield connection


def test_one_association_too_many_is_rejected_for_now(tmp_path: Path) -> None:
    with receiving_node(tmp_path / "node", _options(tmp_path, max_associations=2)) as node:
        with _raw(node.port), _raw(node.port):
            entity = AE(ae_title="CART")
            entity.add_requested_context("1.2.840.10008.1.1")
            rejected = entity.associate("127.0.0.1", node.port, ae_title="ECHONODE")
            assert rejected.is_rejected
            answer = rejected.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2), "transient, local limit exceeded"
        assert [entry["calling_aet"] for entry in node.audited("association_refused")] == ["CART"]
        wait_for(lambda: node.receiver.layer.open_associations == 0)
        with RawSender(node.port):
            assert node.receiver.layer.open_associations == 1, "and the next one is let in"


def test_far_too_many_connections_are_closed_and_cost_nothing(tmp_path: Path) -> None:
    with receiving_node(tmp_path / "node", _options(tmp_path, max_associations=2)) as node:
        silent = [socket.create_connection(("127.0.0.1", node.port), timeout=patience(20)) for _ in range(60)]
        wait_for(lambda: node.receiver.layer.open_associations == 18)
        for connection in silent:
            connection.close()
        wait_for(lambda: node.receiver.layer.open_associations == 0)
        with RawSender(node.port) as sender:
            assert sender.store(f"{CLIP_UID}.0", _data_set(tmp_path)).Status == 0x0000


@pytest.mark.parametrize("sent", [b"", b"\x04\0", pdu(0x04, pdv(1, 3, store_command()) + pdv(1, 0, b"half"))])
def test_a_slow_sender_delays_no_other(tmp_path: Path, sent: bytes) -> None:
    with receiving_node(tmp_path / "node") as node, _raw(node.port) as slow:
        slow.sendall(sent)
        with RawSender(node.port) as sender:
            assert sender.store(f"{CLIP_UID}.0", _data_set(tmp_path)).Status == 0x0000


def test_what_the_upper_layer_refuses_is_audited(tmp_path: Path) -> None:
    with receiving_node(tmp_path / "node") as node:
        for body in (request_body(ids=(2,)), b"no request"):
            with socket.create_connection(("127.0.0.1", node.port), timeout=patience(20)) as connection:
                connection.sendall(pdu(0x01, body))
                assert read_pdu(connection)[0] in (0x03, 0x07)
        wait_for(lambda: len(node.audited("association_refused")) == 2)
        assert node.audited("association_refused")[0]["calling_aet"] == "CART"


@pytest.mark.parametrize(
    "calling", [b"CART".ljust(16, b"\0"), "GERÄT".encode("latin-1"), b" CART"], ids=["NULs", "Latin-1", "space in front"]
)
def test_titles_of_old_carts_are_taken_and_kept(tmp_path: Path, calling: bytes) -> None:
    with receiving_node(tmp_path / "node") as node:
        with socket.create_connection(("127.0.0.1", node.port), timeout=patience(20)) as connection:
            connection.sendall(pdu(0x01, request_body(calling=calling)))
            kind, body = read_pdu(connection)
            assert (kind, body[20:36]) == (0x02, calling.ljust(16)), "accepted, and the title goes back as it came"
            _store(connection, f"{CLIP_UID}.0", _data_set(tmp_path))
        node.wait_until_nobody_sends()
        assert node.instances[0].calling_aet == calling.decode("latin-1").strip(" \0")


def _store(connection: socket.socket, uid: str, data_set: bytes) -> None:
    connection.sendall(pdu(0x04, pdv(1, 3, store_command(uid.encode())) + pdv(1, 2, data_set)))
    kind, body = read_pdu(connection)
    assert kind == 0x04
    at = body.index(struct.pack("<HHL", 0, 0x0900, 2)) + 8
    assert struct.unpack_from("<H", body, at)[0] == 0x0000


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=[pytest.mark.further, pytest.mark.timeout(900)])])
def test_many_small_objects_leave_threads_handles_and_memory_as_they_were(tmp_path: Path, count: int) -> None:
    """Each object has its own UID, every hundredth association is a new one."""
    template = _data_set(tmp_path, 0)
    uid = f"{CLIP_UID}.0".encode()
    with running_receivers(_options(tmp_path)) as running:
        (process,) = running.processes
        idle_threads = _resources(process)[0]

        def nobody_sends() -> bool:
            return _resources(process)[0] == idle_threads

        _send_many(running.port, template, uid, range(count // 10))
        wait_for(nobody_sends, message="the threads of ended associations to go")
        _, handles, memory_kb = _resources(process)
        _send_many(running.port, template, uid, range(count // 10, count))
        wait_for(nobody_sends, message="the threads of ended associations to go")
        _, handles_after, memory_after_kb = _resources(process)
        assert handles_after == handles
        assert memory_after_kb < memory_kb + 8_000, f"{memory_after_kb - memory_kb} kB more after {count} objects"
        with running.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Instance)) == count


def _send_many(port: int, template: bytes, uid: bytes, numbers: range) -> None:
    for start in range(numbers.start, numbers.stop, 100):
        with _raw(port) as connection:
            for number in range(start, min(start + 100, numbers.stop)):
                own = b"2.25.%05d" % number
                padded = own.ljust(len(uid) + len(uid) % 2, b"\0")
                _store(connection, own.decode(), template.replace(uid.ljust(len(padded), b"\0"), padded, 1))
            connection.sendall(pdu(0x05, bytes(4)))
            assert read_pdu(connection)[0] == 0x06


def _resources(process: int) -> tuple[int, int, int]:
    """Threads, open handles, resident memory in kB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return int(status["Threads"]), len(list(Path(f"/proc/{process}/fd").iterdir())), int(status["VmRSS"].split()[0])
