"""ORU messages to a receiver that is not ours: hl7apy's MLLP server, and to peers that misbehave."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from node.db.tables import DeliveryState
from node.egress.destinations.hl7 import HL7Destination
from node.egress.destinations.kind import SendOutcome, StoredDocument
from node.settings import DeliverySettings, Settings
from sr_templates import hl7
from tests.factories import evidence, identity, study_findings
from tests.peers.mllp_receiver import receiver
from tests.waiting import free_port, patience

SETTINGS = Settings(delivery=DeliverySettings(timeout_s=60))


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


def test_nobody_there_is_tried_again(document: StoredDocument) -> None:
    outcome = sent(document, free_port())
    assert (outcome.state, outcome.detail.endswith("cannot be reached: Connection refused")) == (DeliveryState.PENDING, True)


@contextmanager
def talker(*parts: bytes) -> Iterator[int]:
    """A peer that takes a message, says this piece by piece, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection, suppress(ConnectionError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.recv(1 << 20)
                for part in parts:
                    connection.sendall(part)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(patience(10))


@pytest.mark.parametrize("answer", [b"", b"garbage\x1c\r", b"\x0b\x1c\r", b"\x0bMSH|^~\\&|\r\x1c\r", b"\x0b\xff\xfe\x1c\r"])
def test_a_peer_that_talks_nonsense_is_tried_again(document: StoredDocument, answer: bytes) -> None:
    with talker(answer) as port:
        outcome = sent(document, port)
    assert (outcome.state, outcome.status) == (DeliveryState.PENDING, None)
    assert outcome.detail == f"127.0.0.1:{port} closed the connection without an acknowledgement"


def test_an_acknowledgement_of_another_message_says_nothing(document: StoredDocument) -> None:
    other, own = acknowledgement("AR", "OTHER"), acknowledgement("AA", document.path.read_text().split("|")[9])
    with talker(other) as port:
        outcome = sent(document, port)
    assert (outcome.state, "; it acknowledged another message" in outcome.detail) == (DeliveryState.PENDING, True)
    with talker(other, own) as port:
        assert sent(document, port).state is DeliveryState.ACCEPTED


def test_an_answer_without_the_message_s_number_is_of_the_only_message(document: StoredDocument) -> None:
    """A receiver that cannot read a message cannot name it either; sent again, it would answer so for days."""
    with talker(acknowledgement("AR", "")) as port:
        assert sent(document, port).state is DeliveryState.REFUSED


def test_an_answer_comes_in_pieces(document: StoredDocument) -> None:
    answer = acknowledgement("AE", "", "\rERR||PID^1^3|204^DOE^JANE")
    with talker(*(answer[at : at + 7] for at in range(0, len(answer), 7))) as port:
        outcome = sent(document, port)
    assert outcome.detail == f"127.0.0.1:{port} could not process the message: unknown key identifier (PID-3)"


def acknowledgement(code: str, answered: str, more: str = "") -> bytes:
    return f"\x0bMSH|^~\\&|RIS||||||ACK|1|P|2.9\rMSA|{code}|{answered}{more}\r\x1c\r".encode()


def test_a_peer_that_never_answers_is_not_waited_for(document: StoredDocument) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        impatient = Settings(delivery=DeliverySettings(timeout_s=0.2))
        outcome = sent(document, server.getsockname()[1], settings=impatient)
    assert outcome.state is DeliveryState.PENDING
    assert outcome.detail.endswith(" did not acknowledge the message within 0.2 s")


def test_the_probe_sends_nothing() -> None:
    with receiver() as (port, received):
        assert HL7Destination(name="ris", kind="hl7", host="127.0.0.1", port=port).probe(SETTINGS).ok
    assert received == []
    assert not HL7Destination(name="ris", kind="hl7", host="127.0.0.1", port=free_port()).probe(SETTINGS).ok
