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
from tests.peers.raw_pdus import pdu, request_body
from tests.waiting import patience


class FakeServices:
    """Accepts every context; remembers what was stored."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, bytes]] = []
        self.refusals: list[str] = []
        self.discarded = 0
        self.end_count = 0
        self.answer: Callable[[], Answer] = lambda: Answer(0x0000)

    def decide(self, request: AssociationRequest) -> tuple[int, int, int] | None:
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
            self.socket = socket.create_connection(listening.getsockname(), timeout=patience(20))
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
        self.thread.join(patience(10))
        assert not self.thread.is_alive()


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.close()
    assert one.services.end_count == 1, "the end is told once"
