"""An acceptor on one end of a connection, and a peer that sends any bytes on the other."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from node.ingress.upper_layer.association import Acceptor, Limits
from node.ingress.upper_layer.command import Command
from node.ingress.upper_layer.request import AssociationRequest, ProposedContext
from node.ingress.upper_layer.services import Answer
from node.ingress.upper_layer.wire import Wire

EXPLICIT_LE, US_MULTIFRAME = "1.2.840.10008.1.2.1", "1.2.840.10008.5.1.4.1.1.3.1"
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"


def pdu(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0]) + struct.pack(">L", len(body)) + body


def item(kind: int, value: bytes) -> bytes:
    return bytes([kind, 0]) + struct.pack(">H", len(value)) + value


def request_body(
    *,
    calling: bytes = b"CART",
    called: bytes = b"ECHONODE",
    ids: tuple[int, ...] = (1,),
    abstract: bytes = US_MULTIFRAME.encode(),
    user: bytes = b"",
    extra: bytes = b"",
    version: int = 1,
    application: bytes = APPLICATION_CONTEXT,
) -> bytes:
    contexts = b"".join(
        item(0x20, bytes([number, 0, 0, 0]) + item(0x30, abstract) + item(0x40, EXPLICIT_LE.encode())) for number in ids
    )
    user_information = item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3") + user)
    fixed = struct.pack(">HH", version, 0) + called.ljust(16) + calling.ljust(16) + bytes(32)
    return fixed + item(0x10, application) + contexts + user_information + extra


def element(number: int, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHL", 0, number, len(value)) + value


def store_command(uid: bytes = b"2.25.1", *, field: int = 0x0001, message_id: int = 1, data_set: bool = True) -> bytes:
    body = b"".join(
        [
            element(0x0002, US_MULTIFRAME.encode()),
            element(0x0100, struct.pack("<H", field)),
            element(0x0110, struct.pack("<H", message_id)),
            element(0x0800, struct.pack("<H", 0 if data_set else 0x0101)),
            element(0x1000, uid),
        ]
    )
    return element(0x0000, struct.pack("<L", len(body))) + body


def pdv(context_id: int, control: int, value: bytes) -> bytes:
    return struct.pack(">LBB", len(value) + 2, context_id, control) + value


class FakeServices:
    """Accepts every context; remembers what was stored."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, bytes]] = []
        self.refusals: list[str] = []
        self.discarded = 0
        self.end_count = 0
        self.answer: Callable[[], Answer] = lambda: Answer(0x0000)

    def judge(self, request: AssociationRequest) -> tuple[int, int, int] | None:
        return (1, 1, 3) if request.calling_aet == "STRANGER" else None

    def negotiate(self, contexts: tuple[ProposedContext, ...]) -> list[tuple[int, int, str, str]]:
        return [(context.context_id, 0, context.abstract_syntax, context.transfer_syntaxes[0]) for context in contexts]

    def refused(self, reason: str, request: AssociationRequest | None) -> None:
        self.refusals.append(reason)

    def new_data_set(self, command: Command, transfer_syntax: str) -> "FakeDataSet":
        return FakeDataSet(self)

    def store(self, command: Command, transfer_syntax: str, data_set: object) -> Answer:
        content = bytes(data_set.content) if isinstance(data_set, FakeDataSet) else b""
        self.stored.append((command.sop_instance_uid, content))
        return self.answer()

    def ended(self) -> None:
        self.end_count += 1


class FakeDataSet:
    def __init__(self, services: FakeServices) -> None:
        self.content, self._services = bytearray(), services

    def write(self, piece: memoryview) -> None:
        self.content += piece

    def discard(self) -> None:
        self._services.discarded += 1


class Peer:
    """`received` reads the acceptor's PDUs one by one: (type, body), or None at the end of the connection."""

    def __init__(self, *, request_s: float = 20, idle_s: float = 20) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.socket = socket.create_connection(listening.getsockname(), timeout=20)
            ours, _ = listening.accept()
        self.services = FakeServices()
        limits = Limits(request_s=request_s, idle_s=idle_s, max_pdu_bytes=1 << 20)
        self.acceptor = Acceptor(Wire(ours, timeout_s=request_s), self.services, limits)
        self.thread = threading.Thread(target=self.acceptor.run, daemon=True)
        self.thread.start()

    def send(self, *pdus: bytes) -> None:
        for one in pdus:
            self.socket.sendall(one)

    def received(self) -> tuple[int, bytes] | None:
        head = self._exactly(6)
        return (head[0], self._exactly(struct.unpack(">L", head[2:])[0])) if head else None

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionError:
                return b""
            if not part:
                return b""
            data += part
        return data

    def associate(self, **options: object) -> None:
        self.send(pdu(0x01, request_body(**options)))  # type: ignore[arg-type]
        answer = self.received()
        assert answer is not None
        assert answer[0] == 0x02

    def statuses(self, count: int) -> list[int]:
        found = []
        for _ in range(count):
            answer = self.received()
            assert answer is not None
            assert answer[0] == 0x04
            command = answer[1][6:]
            at = command.index(struct.pack("<HHL", 0, 0x0900, 2)) + 8
            found.append(struct.unpack_from("<H", command, at)[0])
        return found

    def close(self) -> None:
        self.socket.close()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.close()
    assert one.services.end_count == 1, "the end is told once"
