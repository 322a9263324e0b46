"""The PDUs an acceptor sends, and the types of those it reads (PS3.8 section 9.3)."""

import struct
from enum import IntEnum

from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"  # PS3.7 annex A.2.1
_HEADER = struct.Struct(">BxL")
RELEASE_RP = _HEADER.pack(0x06, 4) + bytes(4)


class PDUType(IntEnum):
    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    P_DATA_TF = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


class AbortReason(IntEnum):
    """PS3.8 table 9-26, by the service provider; `USER` stands for the service user, who gives no reason."""

    USER = -1
    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER_VALUE = 6


def abort(reason: AbortReason) -> bytes:
    source, diagnostic = (0, 0) if reason is AbortReason.USER else (2, int(reason))
    return _HEADER.pack(PDUType.ABORT, 4) + bytes([0, 0, source, diagnostic])


def reject(result: int, source: int, reason: int) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 table 9-21)."""
    return _HEADER.pack(PDUType.ASSOCIATE_RJ, 4) + bytes([0, result, source, reason])


def accept(ae_titles: bytes, contexts: list[tuple[int, int, str]], max_pdu_bytes: int) -> bytes:
    """A-ASSOCIATE-AC (PS3.8 9.3.3). `contexts` are (context id, result, transfer syntax); `ae_titles` goes back as it came."""
    items = _item(0x10, APPLICATION_CONTEXT.encode())
    for context_id, result, syntax in contexts:
        items += _item(0x21, bytes([context_id, 0, result, 0]) + _item(0x40, syntax.encode()))
    user = _item(0x51, struct.pack(">L", max_pdu_bytes))
    user += _item(0x52, IMPLEMENTATION_CLASS_UID.encode()) + _item(0x55, IMPLEMENTATION_VERSION_NAME.encode())
    body = struct.pack(">HH", 1, 0) + ae_titles + bytes(32) + items + _item(0x50, user)
    return _HEADER.pack(PDUType.ASSOCIATE_AC, len(body)) + body


def p_data(context_id: int, command: bytes, max_pdu_bytes: int) -> bytes:
    """A whole command set (PS3.8 9.3.5), in as many PDUs as the peer's largest one asks for; 0 is any."""
    largest = max(1, max_pdu_bytes - 6) if max_pdu_bytes else len(command)
    parts = [command[start : start + largest] for start in range(0, len(command), largest)]
    pdus = b""
    for number, part in enumerate(parts):
        control = 0x03 if number == len(parts) - 1 else 0x01  # PS3.8 annex E.2: command, and the last of it
        pdus += _HEADER.pack(PDUType.P_DATA_TF, len(part) + 6) + struct.pack(">LBB", len(part) + 2, context_id, control) + part
    return pdus


def _item(kind: int, value: bytes) -> bytes:
    return bytes([kind, 0]) + struct.pack(">H", len(value)) + value
