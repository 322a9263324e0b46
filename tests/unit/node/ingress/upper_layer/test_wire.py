"""Bytes of one connection: what is known to come is read together; a peer that falls silent is noticed."""

import socket
import threading
from collections.abc import Iterator

import pytest

from node.ingress.upper_layer.wire import BUFFER_BYTES, PeerGone, PeerSilent, Wire

CONTENT = bytes(range(256)) * 2048  # half a mebibyte


@pytest.fixture
def connected() -> Iterator[tuple[Wire, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as peer:
        wire = Wire(server.accept()[0], timeout_s=0.2)
        yield wire, peer
        wire.close()


def _send_in_segments(peer: socket.socket, content: bytes, size: int) -> threading.Thread:
    def send() -> None:
        for start in range(0, len(content), size):
            peer.sendall(content[start : start + size])

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("size", [1000, 100_000, len(CONTENT)])
def test_what_is_known_to_come_is_read_in_as_few_pieces_as_fit_the_buffer(
    connected: tuple[Wire, socket.socket], size: int
) -> None:
    wire, peer = connected
    sending = _send_in_segments(peer, CONTENT, size)
    pieces = [bytes(piece) for piece in wire.pieces(len(CONTENT))]
    sending.join()
    assert b"".join(pieces) == CONTENT
    assert len(pieces) == len(CONTENT) / BUFFER_BYTES


def test_what_follows_is_left_for_the_next_read(connected: tuple[Wire, socket.socket]) -> None:
    wire, peer = connected
    peer.sendall(b"head!!" + CONTENT[:10_000] + b"next..")
    assert wire.read(6) == b"head!!"
    assert b"".join(bytes(piece) for piece in wire.pieces(10_000)) == CONTENT[:10_000]
    assert wire.read(6) == b"next.."


@pytest.mark.slow
def test_a_peer_that_stops_in_the_middle_is_silent_and_what_came_is_handed_on(
    connected: tuple[Wire, socket.socket],
) -> None:
    wire, peer = connected
    peer.sendall(CONTENT[:5000])
    pieces = wire.pieces(20_000)
    assert bytes(next(pieces)) == CONTENT[:5000]
    with pytest.raises(PeerSilent):
        next(pieces)


def test_a_peer_that_closes_in_the_middle_is_gone(connected: tuple[Wire, socket.socket]) -> None:
    wire, peer = connected
    peer.sendall(CONTENT[:5000])
    peer.shutdown(socket.SHUT_WR)
    with pytest.raises(PeerGone):
        wire.skip(20_000)
