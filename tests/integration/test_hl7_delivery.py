"""ORU messages to a receiver that is not ours: hl7apy's MLLP server, and to peers that misbehave."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

from node.db.tables import DeliveryState
from node.egress.destinations.hl7 import HL7Destination
from node.egress.destinations.kind import SendOutcome, StoredDocument
from node.settings import DeliverySettings, Settings
from sr_templates import hl7
from tests.factories import evidence, identity, study_findings
from tests.waiting import free_port, patience

SETTINGS = Settings(delivery=DeliverySettings(timeout_s=5))


class _Receiver(AbstractHandler):
    """Answers with `code` of `answer_to`, or of the message itself; keeps what came."""

    def __init__(self, message: str, received: list[str], code: str, answer_to: str) -> None:
        super().__init__(message)
        self.received, self.code, self.answer_to = received, code, answer_to

    def reply(self) -> str:
        self.received.append(self.incoming_message)
        control_id = self.answer_to or parse_message(self.incoming_message).msh.msh_10.to_er7()
        answer = f"MSH|^~\\&|RIS||ECHONODE||20260304||ACK|1|P|2.5.1\rMSA|{self.code}|{control_id}\r"
        return f"\x0b{answer}\x1c\r"


@contextmanager
def receiver(code: str = "AA", answer_to: str = "") -> Iterator[tuple[int, list[str]]]:
    received: list[str] = []
    port = free_port()
    server = MLLPServer("127.0.0.1", port, {"ORU^R01^ORU_R01": (_Receiver, received, code, answer_to)})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield port, received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(patience(10))


@pytest.fixture
def document(tmp_path: Path) -> StoredDocument:
    (built,) = hl7.build(study_findings(), evidence(), identity())
    path = tmp_path / "stored"
    path.write_bytes(built.content)
    return StoredDocument(path, built.template, built.uid)


def sent(document: StoredDocument, port: int, *, failures: int = 0, settings: Settings = SETTINGS) -> SendOutcome:
    ris = HL7Destination(
        name="ris", kind="hl7", host="127.0.0.1", port=port, receiving_application="RIS", receiving_facility="HOSPITAL"
    )
    return ris.send(document, settings, failures)


def test_the_stored_message_arrives_addressed_and_is_acknowledged(document: StoredDocument) -> None:
    with receiver() as (port, received):
        outcome = sent(document, port)
    assert (outcome.state, outcome.status) == (DeliveryState.ACCEPTED, "AA")
    stored = document.path.read_bytes().decode("utf-8").rstrip("\r")
    assert [message.rstrip("\r") for message in received] == [stored.replace("|ECHONODE||||", "|ECHONODE||RIS|HOSPITAL|", 1)]


@pytest.mark.parametrize(
    ("code", "failures", "state", "counts"),
    [
        ("CA", 0, DeliveryState.ACCEPTED, False),
        ("AR", 0, DeliveryState.REFUSED, False),
        ("AE", 0, DeliveryState.PENDING, True),
        ("AE", 4, DeliveryState.REFUSED, True),
        ("XX", 0, DeliveryState.REFUSED, False),
    ],
)
def test_the_code_decides(document: StoredDocument, code: str, failures: int, state: DeliveryState, counts: bool) -> None:
    with receiver(code) as (port, _):
        outcome = sent(document, port, failures=failures)
    assert (outcome.state, outcome.counts) == (state, counts)


def test_an_acknowledgement_of_another_message_says_nothing(document: StoredDocument) -> None:
    with receiver(answer_to="OTHER") as (port, _):
        assert sent(document, port).state is DeliveryState.PENDING


def test_nobody_there_is_tried_again(document: StoredDocument) -> None:
    assert sent(document, free_port()).state is DeliveryState.PENDING


@pytest.mark.parametrize("answer", [b"", b"garbage\x1c\r", b"\x0b\x1c\r", b"\x0bMSH|^~\\&|\r\x1c\r", b"\x0b\xff\xfe\x1c\r"])
def test_a_peer_that_talks_nonsense_is_tried_again(document: StoredDocument, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 20)
                connection.sendall(answer)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        outcome = sent(document, server.getsockname()[1])
        thread.join(patience(10))
    assert outcome.state is DeliveryState.PENDING


def test_a_peer_that_never_answers_is_not_waited_for(document: StoredDocument) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        impatient = Settings(delivery=DeliverySettings(timeout_s=0.5))
        outcome = sent(document, server.getsockname()[1], settings=impatient)
    assert (outcome.state, outcome.detail.partition(" did")[2]) == (DeliveryState.PENDING, " not answer within 0 s")


def test_the_probe_sends_nothing() -> None:
    with receiver() as (port, received):
        assert HL7Destination(name="ris", kind="hl7", host="127.0.0.1", port=port).probe(SETTINGS).ok
    assert received == []
    assert not HL7Destination(name="ris", kind="hl7", host="127.0.0.1", port=free_port()).probe(SETTINGS).ok
