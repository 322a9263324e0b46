"""Acceptors whose words a library would abort on, and one that answers another message than ours."""

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.egress.acceptance import plain_acceptance
from node.egress.dicom_store import echo, send_files
from tests.arrivals import clip, write_file
from tests.peers.raw_pdus import APPLICATION_CONTEXT, element, item, pdu, pdv, read_pdu
from tests.waiting import patience

EXPLICIT_LE = b"1.2.840.10008.1.2.1"


class CarelessPACS:
    """Accepts everything in explicit little endian. `user` stands in its user information, `id_offset` in its answers."""

    def __init__(self, user: bytes = b"", *, id_offset: int = 0) -> None:
        self._user, self._id_offset = user, id_offset
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.close()
        self._thread.join(patience(10))

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.settimeout(patience(20))
            try:
                self._answer_all(connection)
            except (ConnectionError, EOFError):
                return

    def _answer_all(self, connection: socket.socket) -> None:
        command = b""
        while True:
            kind, body = read_pdu(connection)
            if kind == 0x01:
                connection.sendall(self._accept(body))
            elif kind == 0x04:
                at = 0
                while at < len(body):
                    length, context_id, control = struct.unpack_from(">LBB", body, at)
                    command = body[at + 6 : at + 4 + length] if control & 1 else command
                    if control & 2 and (control == 2 or _has_no_data_set(command)):
                        connection.sendall(pdu(0x04, pdv(context_id, 3, self._response(command))))
                    at += 4 + length
            elif kind == 0x05:
                connection.sendall(pdu(0x06, bytes(4)))
            else:
                return

    def _accept(self, request: bytes) -> bytes:
        contexts = b""
        at = 68
        while at < len(request):
            kind, length = request[at], struct.unpack_from(">H", request, at + 2)[0]
            if kind == 0x20:
                contexts += item(0x21, bytes([request[at + 4], 0, 0, 0]) + item(0x40, EXPLICIT_LE))
            at += 4 + length
        user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3") + self._user
        fixed = struct.pack(">HH", 1, 0) + request[4:36] + bytes(32)
        return pdu(0x02, fixed + item(0x10, APPLICATION_CONTEXT) + contexts + item(0x50, user))

    def _response(self, command: bytes) -> bytes:
        elements = {}
        at = 0
        while at < len(command):
            _, number, length = struct.unpack_from("<HHL", command, at)
            elements[number] = command[at + 8 : at + 8 + length]
            at += 8 + length
        field, message_id = struct.unpack("<H", elements[0x0100])[0], struct.unpack("<H", elements[0x0110])[0]
        body = element(0x0002, elements[0x0002]) + element(0x0100, struct.pack("<H", field | 0x8000))
        body += element(0x0120, struct.pack("<H", message_id + self._id_offset)) + element(0x0800, b"\x01\x01")
        body += element(0x0900, b"\0\0") + (element(0x1000, elements[0x1000]) if 0x1000 in elements else b"")
        return element(0x0000, struct.pack("<L", len(body))) + body


def _has_no_data_set(command: bytes) -> bool:
    return element(0x0800, b"\x01\x01") in command


USER_ITEMS = {
    "long version name": item(0x55, b"A_VERSION_NAME_OF_TWENTY_SIX"),
    "Latin-1 version name": item(0x55, "GERÄT".encode("latin-1")),
    "padded version name": item(0x55, b"NAME\0\0\0\0"),
    "unknown item": item(0x77, b"anything"),
}


@pytest.fixture(params=USER_ITEMS)
def careless(request: pytest.FixtureRequest) -> Iterator[CarelessPACS]:
    pacs = CarelessPACS(USER_ITEMS[request.param])
    yield pacs
    pacs.close()


def test_an_acceptor_with_odd_words_is_echoed(careless: CarelessPACS) -> None:
    answer = echo("127.0.0.1", careless.port, called_aet="PACS", calling_aet="ECHONODE")
    assert answer.ok, answer.message


def test_an_acceptor_with_odd_words_is_sent_to(careless: CarelessPACS, tmp_path: Path) -> None:
    path = write_file(tmp_path / "clip.dcm", clip())
    (answer,) = send_files([path], host="127.0.0.1", port=careless.port, called_aet="PACS", calling_aet="ECHONODE")
    assert answer.ok, answer.message


def test_an_answer_to_another_message_is_no_success(tmp_path: Path) -> None:
    """Else the late answer to one object would stand for the next, which nobody has."""
    pacs = CarelessPACS(id_offset=1)
    path = write_file(tmp_path / "clip.dcm", clip())
    (answer,) = send_files([path], host="127.0.0.1", port=pacs.port, called_aet="PACS", calling_aet="ECHONODE")
    pacs.close()
    assert not answer.ok
    assert "another C-STORE" in answer.message


def test_an_acceptance_whose_lengths_do_not_fit_stays_as_it_is() -> None:
    broken = pdu(0x02, bytes(68) + b"\x50\0\xff\xff" + b"short")
    assert plain_acceptance(broken) == broken
