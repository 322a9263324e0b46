"""The acceptor's states: pynetdicom's transition table (PS3.8 table 9-10) is the oracle, for every PDU in every state."""

import struct
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.fsm import TRANSITION_TABLE

from node.ingress.upper_layer.services import Answer
from tests.peers.raw_pdus import pdu, pdv, request_body, store_command
from tests.unit.node.ingress.upper_layer.conftest import Peer

ECHO = store_command(field=0x0030, data_set=False)
PDUS = {
    "Evt3": pdu(0x02, request_body()),
    "Evt4": pdu(0x03, bytes([0, 1, 1, 1])),
    "Evt6": pdu(0x01, request_body()),
    "Evt10": pdu(0x04, pdv(1, 3, ECHO)),
    "Evt12": pdu(0x05, bytes(4)),
    "Evt13": pdu(0x06, bytes(4)),
    "Evt16": pdu(0x07, bytes(4)),
    "Evt19": pdu(0x42, b"what is this"),
}
ABORT, ACCEPT, DATA, RELEASE_RP = 0x07, 0x02, 0x04, 0x06
# What the peer sees of each action: the type of the PDU that is sent, None where the connection is closed, "" where nothing is.
SEEN = {
    "AE-6": ACCEPT, "DT-2": DATA, "AR-2": RELEASE_RP, "AA-1": ABORT, "AA-2": None, "AA-3": None, "AA-6": "", "AA-7": ABORT,
    "AA-8": ABORT,
}  # fmt: skip


@pytest.mark.parametrize("event", PDUS)
@pytest.mark.parametrize("state", ["Sta2", "Sta6", "Sta13"])
def test_every_pdu_in_every_state(peer: Peer, state: str, event: str) -> None:
    if state != "Sta2":
        peer.associate()
    if state == "Sta13":
        peer.send(PDUS["Evt12"])
        assert peer.received() == (RELEASE_RP, bytes(4))
    expected = SEEN[TRANSITION_TABLE[event, state]]
    peer.send(PDUS[event])
    if expected == "":
        peer.send(PDUS["Evt16"])  # nothing is said of the one before; this one ends it
        expected = None
    answer = peer.received()
    assert (answer and answer[0]) == expected
    if answer and answer[0] == ABORT and state == "Sta6":
        assert answer[1][2] == 2, "by the service provider"


def test_a_stranger_is_rejected(peer: Peer) -> None:
    peer.send(pdu(0x01, request_body(calling=b"STRANGER")))
    assert peer.received() == (0x03, bytes([0, 1, 1, 3]))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (pdu(0x01, request_body(ids=(2,))), (0x03, bytes([0, 1, 2, 1]))),
        (pdu(0x01, b"too short"), (0x07, bytes([0, 0, 2, 6]))),
        (b"\x01\0\xff\xff\xff\xff", (0x07, bytes([0, 0, 2, 6]))),
    ],
    ids=["even context id", "malformed", "4 GB long"],
)
def test_a_refusal_by_the_upper_layer_is_answered_and_told(peer: Peer, request_: bytes, answer: tuple[int, bytes]) -> None:
    peer.send(request_)
    assert peer.received() == answer
    assert len(peer.services.refusals) == 1


@settings(max_examples=40)
@given(st.data())
@pytest.mark.slow
def test_fragments_of_any_size_make_the_same_message(data: st.DataObject) -> None:
    content = data.draw(st.binary(min_size=1, max_size=300))
    command_parts, data_parts = data.draw(_partition(store_command())), data.draw(_partition(content))
    values = [
        pdv(1, is_command | 2 * (number == len(parts) - 1), part)
        for is_command, parts in ((1, command_parts), (0, data_parts))
        for number, part in enumerate(parts)
    ]
    with closing(Peer()) as peer:
        peer.associate()
        while values:
            count = data.draw(st.integers(1, len(values)))
            stream = pdu(0x04, b"".join(values[:count]))
            cut = data.draw(st.integers(0, len(stream)))
            peer.send(stream[:cut], stream[cut:])
            values = values[count:]
        assert peer.statuses(1) == [0x0000]
        assert peer.services.stored == [("2.25.1", content)]


def _partition(content: bytes) -> st.SearchStrategy[list[bytes]]:
    cuts = st.lists(st.integers(0, len(content)), max_size=6).map(lambda at: [0, *sorted(at), len(content)])
    return cuts.map(lambda at: [bytes(content[a:b]) for a, b in pairwise(at)])


def test_messages_of_several_contexts_may_be_interleaved(peer: Peer) -> None:
    peer.associate(ids=(1, 3))
    peer.send(
        pdu(0x04, pdv(1, 3, store_command(b"2.25.1")) + pdv(3, 3, store_command(b"2.25.3")) + pdv(1, 0, b"on")),
        pdu(0x04, pdv(3, 0, b"thr") + pdv(1, 2, b"e") + pdv(3, 2, b"ee")),
    )
    assert peer.statuses(2) == [0x0000, 0x0000]
    assert peer.services.stored == [("2.25.1", b"one"), ("2.25.3", b"three")]


def test_a_data_set_larger_than_any_buffer_arrives_whole(peer: Peer) -> None:
    content = bytes(range(256)) * 8192
    peer.associate()
    peer.send(pdu(0x04, pdv(1, 3, store_command())), pdu(0x04, pdv(1, 2, content)))
    assert peer.statuses(1) == [0x0000]
    assert peer.services.stored == [("2.25.1", content)]


@pytest.mark.parametrize(
    "values",
    [
        pdv(5, 3, ECHO),
        pdv(1, 2, b"data"),
        pdv(1, 3, store_command()) + pdv(1, 3, store_command()),
        pdv(1, 3, b"\xff" * 20),
        struct.pack(">LBB", 1, 1, 3),
        struct.pack(">LBB", 500, 1, 3),
        b"\0\0",
        pdv(1, 3, store_command(field=0x7777, data_set=False)),
        pdv(1, 1, bytes(60_000)) + pdv(1, 1, bytes(60_000)),
    ],
    ids=[
        "context not accepted", "data before command", "command in a data set", "unreadable command", "too short a value",
        "longer than its PDU", "cut off", "unknown command", "endless command",
    ],
)  # fmt: skip
def test_what_breaks_the_protocol_is_aborted_by_the_provider(peer: Peer, values: bytes) -> None:
    peer.associate()
    peer.send(pdu(0x04, values))
    answer = peer.received()
    assert answer is not None
    assert (answer[0], answer[1][2:]) == (ABORT, bytes([2, 6]))


def test_what_we_do_not_offer_is_answered_so(peer: Peer) -> None:
    peer.associate()
    peer.send(pdu(0x04, pdv(1, 3, store_command(field=0x0020)) + pdv(1, 2, b"identifier")))
    assert peer.statuses(1) == [0x0211]
    peer.send(PDUS["Evt10"])
    assert peer.statuses(1) == [0x0000], "and the association goes on"


def test_cancels_and_answers_nobody_asked_for_are_passed_over(peer: Peer) -> None:
    peer.associate()
    peer.send(
        pdu(0x04, pdv(1, 3, store_command(field=0x0FFF, data_set=False))),
        pdu(0x04, pdv(1, 3, store_command(field=0x8001, data_set=False))),
        PDUS["Evt10"],
    )
    assert peer.statuses(1) == [0x0000]


def test_a_store_without_a_data_set_is_handed_on(peer: Peer) -> None:
    peer.associate()
    peer.services.answer = lambda: Answer(0xC000, "a C-STORE without a data set")
    peer.send(pdu(0x04, pdv(1, 3, store_command(data_set=False))))
    assert peer.statuses(1) == [0xC000]


def test_an_unforeseen_error_ends_the_association_with_an_abort(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Answer:
        raise ZeroDivisionError("Secret^Name")

    peer.associate()
    peer.services.answer = broken
    peer.send(pdu(0x04, pdv(1, 3, store_command()) + pdv(1, 2, b"data")))
    answer = peer.received()
    assert answer is not None
    assert answer[0] == ABORT
    assert "Secret" not in caplog.text


@pytest.mark.parametrize("ending", [b"", PDUS["Evt16"]], ids=["dropped", "aborted"])
def test_a_half_received_data_set_is_discarded(peer: Peer, ending: bytes) -> None:
    peer.associate()
    peer.send(pdu(0x04, pdv(1, 3, store_command()) + pdv(1, 0, b"half")))
    peer.send(ending)
    peer.close()
    assert (peer.services.stored, peer.services.discarded) == ([], 1)


def test_a_silent_connection_is_ended_in_time() -> None:
    peer = Peer(request_s=0.1)
    answer = peer.received()
    assert answer is not None
    assert answer[0] == ABORT
    peer.close()


@pytest.mark.slow
def test_a_byte_now_and_then_gains_no_time() -> None:
    """The request as a whole has a deadline."""
    peer = Peer(request_s=0.3)
    body = pdu(0x01, request_body())
    answer = None
    peer.socket.settimeout(0.05)
    for byte in body:
        try:
            peer.send(bytes([byte]))
            answer = peer.socket.recv(10)
            break
        except TimeoutError:
            continue
        except OSError:
            break
    assert answer is not None
    assert answer[:1] == b"\x07"
    peer.close()


def test_a_silent_association_is_ended_in_time() -> None:
    peer = Peer(idle_s=0.1)
    peer.associate()
    answer = peer.received()
    assert answer is not None
    assert answer[0] == ABORT
    peer.close()


def test_abort_from_another_thread_ends_the_reading(peer: Peer) -> None:
    peer.associate()
    peer.send(b"\x04\0\0\0\xff\xff")
    peer.acceptor.abort()
    answer = peer.received()
    assert answer is not None
    assert answer == (ABORT, bytes(4))
    assert peer.received() is None


def test_a_response_is_cut_to_the_peers_pdus() -> None:
    from node.ingress.upper_layer import pdus

    stream = pdus.p_data(1, bytes(range(100)), 26)
    lengths, at, content = [], 0, b""
    while at < len(stream):
        length = struct.unpack_from(">L", stream, at + 2)[0]
        lengths.append(length)
        content += stream[at + 12 : at + 6 + length]
        at += 6 + length
    assert max(lengths) <= 26
    assert content == bytes(range(100))
