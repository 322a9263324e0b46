"""What a sender says to the receiver, byte by byte, and a receiver to say it to."""

import atexit
import logging
import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom import uid

from tests.waiting import patience

if TYPE_CHECKING:
    from tests.receiving_node import ReceivingNode

ANSWERED_WITHIN_S = 5.0
_STORE, _ECHO, _CONTEXT_STORE, _CONTEXT_ECHO = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.1.1", 1, 3

_SYNTAXES = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxL", kind, len(body)) + body


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def association_request(further: bytes = b"", syntaxes: Sequence[str] = _SYNTAXES) -> bytes:
    """PS3.8 9.3.2: two presentation contexts and the user information that senders give."""
    offered = b"".join(_item(0x40, syntax.encode()) for syntax in syntaxes)
    contexts = b"".join(
        _item(0x20, struct.pack(">Bxxx", number) + _item(0x30, abstract.encode()) + offered)
        for number, abstract in ((_CONTEXT_STORE, _STORE), (_CONTEXT_ECHO, _ECHO))
    )
    user = _item(0x51, struct.pack(">L", 16384)) + _item(0x52, b"1.2.3.4") + _item(0x55, b"FUZZ_1") + further
    head = struct.pack(">Hxx", 1) + b"ECHONODE".ljust(16) + b"RAW".ljust(16) + bytes(32)
    return pdu(0x01, head + _item(0x10, b"1.2.840.10008.3.1.1.1") + contexts + _item(0x50, user))


def values(context_id: int, control: int, content: bytes) -> bytes:
    return pdu(0x04, struct.pack(">LBB", len(content) + 2, context_id, control) + content)


def command(*elements: tuple[int, bytes]) -> bytes:
    """PS3.7 6.3: implicit little endian, with its group length."""
    body = b"".join(struct.pack("<HHL", 0, number, len(value)) + value for number, value in elements)
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def _even(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)


def _short(number: int) -> bytes:
    return struct.pack("<H", number)


ECHO_RQ = command((2, _even(_ECHO)), (0x100, _short(0x30)), (0x110, _short(1)), (0x800, _short(0x101)))


def store_request(sop_instance_uid: str) -> bytes:
    return command(
        (2, _even(_STORE)),
        (0x100, _short(1)),
        (0x110, _short(2)),
        (0x700, _short(2)),
        (0x800, _short(0)),
        (0x1000, _even(sop_instance_uid)),
    )


STORE_RQ = store_request("2.25.7")
RELEASE_RQ = pdu(0x05, bytes(4))
ABORT = pdu(0x07, bytes(4))
_LONG_UID = struct.pack(">H", len(_STORE)) + _STORE.encode()
_OF_OTHERS = b"".join(
    _item(kind, value)
    for kind, value in (
        (0x53, struct.pack(">HH", 1, 1)),  # asynchronous operations
        (0x54, _LONG_UID + b"\x01\x01"),  # roles
        (0x56, _LONG_UID + b"\x01"),  # extended negotiation
        (0x58, b"\x01\x01\0\x03joe\0\0"),  # user identity
    )
)


@cache
def _data_set() -> bytes:
    from tests.fuzz.dicom_seeds import whole_objects

    file = whole_objects()[0]
    meta_bytes = struct.unpack_from("<L", file, 140)[0]
    return file[144 + meta_bytes :]


def _store() -> bytes:
    data_set, half = _data_set(), len(_data_set()) // 2
    return values(1, 3, STORE_RQ) + values(1, 0, data_set[:half]) + values(1, 2, data_set[half:])


def stored(sop_instance_uid: str, data_set: bytes, syntax: str = uid.ExplicitVRLittleEndian) -> bytes:
    """The whole association in which this data set is stored."""
    message = values(_CONTEXT_STORE, 3, store_request(sop_instance_uid)) + values(_CONTEXT_STORE, 2, data_set)
    return association_request(syntaxes=[syntax]) + message + RELEASE_RQ


def status_in(heard: bytes) -> int | None:
    """Of the first C-STORE response among the answers."""
    at = heard.find(struct.pack("<HHL", 0, 0x900, 2))
    return None if at < 0 else int(struct.unpack_from("<H", heard, at + 8)[0])


@cache
def whole_conversations() -> Sequence[bytes]:
    """Echo, store, abort in the middle, and a request with every kind of user item."""
    request, echo = association_request(), values(_CONTEXT_ECHO, 3, ECHO_RQ)
    in_pieces = values(_CONTEXT_STORE, 1, STORE_RQ[:20]) + values(_CONTEXT_STORE, 3, STORE_RQ[20:])
    return [
        request + echo + RELEASE_RQ,
        request + _store() + echo + RELEASE_RQ,
        request + _store()[:200] + ABORT,
        association_request(_OF_OTHERS) + RELEASE_RQ,
        request + in_pieces + ABORT,
    ]


def association_requests() -> Sequence[bytes]:
    return [association_request(), association_request(_OF_OTHERS)]


def command_sets() -> Sequence[bytes]:
    return [ECHO_RQ, STORE_RQ]


def in_association(command_set: bytes) -> bytes:
    """A command of any bytes, rightly wrapped, in an association that is otherwise in order; a data set follows."""
    after = values(_CONTEXT_STORE, 2, _data_set())
    return association_request() + values(_CONTEXT_STORE, 3, command_set) + after + RELEASE_RQ


class _Watched(logging.Handler):
    """Faults that nobody would see: an association that ends in an unforeseen error, a thread that ends in a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []
        logging.getLogger("node").addHandler(self)
        threading.excepthook = lambda args: self.seen.append(f"a thread ended in {args.exc_type.__name__}: {args.exc_value}")

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


@cache
def receiving() -> "tuple[ReceivingNode, _Watched]":
    """A receiver in this process, until the process ends."""
    from tests.arrivals import settings
    from tests.receiving_node import ReceivingNode

    folder = Path(tempfile.mkdtemp())
    node = ReceivingNode(settings(folder))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(node.stop)
    return node, _Watched()


def say(port: int, said: bytes) -> bytes:
    """Says it, ends its side, and returns the answers. Raises AssertionError where no end comes in time."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience(ANSWERED_WITHIN_S)) as connection:
        try:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                heard += piece
        except TimeoutError:
            raise AssertionError(f"no end within {patience(ANSWERED_WITHIN_S):.0f} s; heard {len(heard)} bytes") from None
        except OSError:  # reset, or nobody to talk to: an end, too
            pass
    return heard


def converse(said: bytes) -> bytes:
    """`say` to the receiver of this process. Raises AssertionError also for an end that nobody foresaw."""
    node, watched = receiving()
    heard = say(node.port, said)
    seen, watched.seen = watched.seen, []
    assert not seen, seen
    return heard


def echoed(port: int) -> bool:
    """Whether the receiver still answers a C-ECHO with success."""
    heard = say(port, association_request() + values(_CONTEXT_ECHO, 3, ECHO_RQ) + RELEASE_RQ)
    return heard[:1] == b"\x02" and struct.pack("<HHLH", 0, 0x900, 2, 0) in heard
