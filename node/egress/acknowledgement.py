"""What receivers of HL7 version 2 answer, read as loosely as they write it.

Of any version, or of none; segments ended by line feeds; a block without its last carriage return, or without its start; an
acknowledgement that does not name the message. Only the codes are read: the texts of an answer may quote the patient.
"""

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST_ANSWER_BYTES = 1 << 20
_START, _END = b"\x0b", b"\x1c"  # of a block (MLLP, Release 1); the carriage return behind is awaited by nobody
_SEGMENT_END = re.compile(r"[\r\n]+")
_LOCATION = re.compile(r"([A-Z][A-Z0-9]{2})\^\d{0,3}\^(\d{1,3})")  # ERL of ERR-2, ELD of ERR-1 before version 2.5

# Table 0357.
_ERRORS = {
    "100": "segment sequence error", "101": "required field missing", "102": "data type error", "103": "table value not found",
    "104": "value too long", "200": "unsupported message type", "201": "unsupported event code",
    "202": "unsupported processing ID", "203": "unsupported version", "204": "unknown key identifier",
    "205": "duplicate key identifier", "206": "record locked", "207": "internal error",
}  # fmt: skip
_ERROR_CODE = re.compile(rf"(?<![0-9])({'|'.join(_ERRORS)})(?![0-9])")


@dataclass(frozen=True)
class Acknowledgement:
    """`code` is MSA-1 (table 0008), `answered` MSA-2, `error` what the answer says of the reason, in words of table 0357."""

    code: str
    answered: str
    error: str = ""

    def is_of(self, control_id: str) -> bool:
        """An answer that names no message is of the only one that was sent on its connection."""
        return self.answered in ("", control_id)


def acknowledgements(connection: socket.socket, timeout_s: float) -> Iterator[Acknowledgement]:
    """Those among the blocks that come; other blocks are passed over. Ends where the peer ends.

    Raises TimeoutError after `timeout_s` in all, OSError where the connection breaks or an answer is endless.
    """
    received, deadline_s = b"", time.monotonic() + timeout_s
    while True:
        connection.settimeout(max(0.001, deadline_s - time.monotonic()))
        part = connection.recv(1 << 16)
        received += part
        *blocks, received = received.split(_END)
        yield from (found for block in blocks if (found := read_acknowledgement(block)) is not None)
        if not part:
            return
        if len(received) > _LONGEST_ANSWER_BYTES:
            raise ConnectionAbortedError(None, "it answers without an end")


def read_acknowledgement(block: bytes) -> Acknowledgement | None:
    """None for what is no message with an MSA segment.

    >>> read_acknowledgement(b"MSH|^~\\\\&|RIS||||||ACK|1|P|2.9\\nMSA|AE|17\\nERR||PID^1^3|101\\n")
    Acknowledgement(code='AE', answered='17', error='required field missing (PID-3)')
    """
    segments = _SEGMENT_END.split(block.rpartition(_START)[2].decode("utf-8", "replace").strip())
    if not segments[0].startswith("MSH") or len(segments[0]) < len("MSH|"):
        return None
    separator = segments[0][3]
    fields = {name: rest for name, *rest in (segment.split(separator) for segment in reversed(segments))}
    if "MSA" not in fields:
        return None
    code, answered, *more = (field.strip() for field in (*fields["MSA"], "", ""))
    return Acknowledgement(code.upper(), answered, _error(fields.get("ERR", []), more))


def _error(err: list[str], further_of_msa: list[str]) -> str:
    """By ERR-3, ERR-1 of older versions, or MSA-6; and where, if it says."""
    stated = [*err[2:3], *err[:1], *further_of_msa[3:4]]
    code = next((found[1] for text in stated if (found := _ERROR_CODE.search(text))), "")
    place = next((f" ({found[1]}-{found[2]})" for text in err[:2] if (found := _LOCATION.search(text))), "")
    return _ERRORS[code] + place if code else place.strip(" ()")
