"""A-ASSOCIATE-AC of careless acceptors, made readable for pynetdicom: it aborts where a name is too long or an item is unknown.

PS3.8 9.3.1 has items of an unknown type ignored. An implementation version name has at most 16 characters (PS3.7 D.3.3.2.3);
a longer one, or one in other characters, says nothing that we need.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any

_ACCEPT, _USER_INFORMATION, _VERSION_NAME = 0x02, 0x50, 0x55
_KNOWN_ITEMS = frozenset({0x10, 0x21, _USER_INFORMATION})
_KNOWN_USER_ITEMS = frozenset({0x51, 0x52, 0x53, 0x54, _VERSION_NAME, 0x56, 0x59})
_FIXED_BYTES = 74  # PDU header, protocol version, AE titles, reserved
_LONGEST_NAME = 16


def read_leniently(decode: Callable[[bytearray], Any]) -> Callable[[bytearray], Any]:
    """pynetdicom's decoder of a PDU, which gets an acceptance without what it cannot read."""
    return lambda pdu: decode(bytearray(plain_acceptance(bytes(pdu))) if pdu[:1] == bytes([_ACCEPT]) else pdu)


def plain_acceptance(pdu: bytes) -> bytes:
    """The same acceptance without unknown items; one whose lengths do not fit stays as it is, for pynetdicom to refuse."""
    try:
        items = b"".join(_plain_items(pdu[_FIXED_BYTES:]))
    except ValueError:
        return pdu
    body = _ascii_titles(pdu[6:_FIXED_BYTES]) + items
    return pdu[:2] + struct.pack(">L", len(body)) + body


def _plain_items(data: bytes) -> Iterator[bytes]:
    for kind, value in _each(data):
        if kind == _USER_INFORMATION:
            yield _item(kind, b"".join(_plain_user_items(value)))
        elif kind in _KNOWN_ITEMS:
            yield _item(kind, value)


def _plain_user_items(data: bytes) -> Iterator[bytes]:
    for kind, value in _each(data):
        if kind == _VERSION_NAME:
            name = bytes(byte for byte in value if 0x20 <= byte < 0x7F)[:_LONGEST_NAME].strip()
            if name:
                yield _item(kind, name)
        elif kind in _KNOWN_USER_ITEMS:
            yield _item(kind, value)


def _ascii_titles(fixed: bytes) -> bytes:
    """The AE titles come back in reserved fields that nobody is to test (PS3.8 table 9-17)."""
    return fixed[:4] + b"ANY-SCP".ljust(16) + b"ANY-SCU".ljust(16) + fixed[36:]


def _each(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise ValueError("an item cut off")
        length = struct.unpack_from(">H", data, at + 2)[0]
        if at + 4 + length > len(data):
            raise ValueError("an item longer than what holds it")
        yield data[at], data[at + 4 : at + 4 + length]
        at += 4 + length


def _item(kind: int, value: bytes) -> bytes:
    return bytes([kind, 0]) + struct.pack(">H", len(value)) + value
