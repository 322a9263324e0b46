"""PDUs and command sets made byte by byte, to send what libraries refuse to send."""

import socket
import struct

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


def read_pdu(connection: socket.socket) -> tuple[int, bytes]:
    """Type and body of the next PDU. EOFError where the connection ends."""
    head = _exactly(connection, 6)
    return head[0], _exactly(connection, struct.unpack(">L", head[2:])[0])


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError("the connection ended")
        data += part
    return data
