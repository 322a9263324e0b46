"""DIMSE command sets (PS3.7 section 6.3 and annex E): implicit VR little endian, read without dictionary, written by table."""

import struct
from dataclasses import dataclass
from enum import IntEnum

NO_DATA_SET = 0x0101
UNRECOGNIZED_OPERATION = 0x0211  # PS3.7 annex C.5.21
LARGEST_COMMAND_BYTES = 1 << 16  # the largest real one has under 1 kB
_SOP_CLASS, _SOP_INSTANCE = 0x0002, 0x1000
_FIELD, _MESSAGE_ID, _RESPONDED_TO, _DATA_SET_TYPE, _STATUS, _COMMENT = 0x0100, 0x0110, 0x0120, 0x0800, 0x0900, 0x0902
_REQUESTED_CLASS, _REQUESTED_INSTANCE = 0x0003, 0x1001
_RESPONSE = 0x8000
_COMMENT_CHARACTERS = 64  # VR LO


class CommandField(IntEnum):
    """PS3.7 table E.1-1."""

    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    N_EVENT_REPORT_RQ = 0x0100
    N_GET_RQ = 0x0110
    N_SET_RQ = 0x0120
    N_ACTION_RQ = 0x0130
    N_CREATE_RQ = 0x0140
    N_DELETE_RQ = 0x0150
    C_CANCEL_RQ = 0x0FFF


class UnreadableCommand(Exception):
    """The bytes are no command set: the association is aborted."""


@dataclass(frozen=True)
class Command:
    """A request. UIDs are without their padding, and empty where the command has none."""

    field: int
    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    has_data_set: bool

    @property
    def is_response(self) -> bool:
        return bool(self.field & _RESPONSE)


def read_command(data: bytes) -> Command:
    """Group length and unknown elements are passed over. UnreadableCommand."""
    elements: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise UnreadableCommand("an element cut off")
        group, element, length = struct.unpack_from("<HHL", data, at)
        if group != 0 or at + 8 + length > len(data):
            raise UnreadableCommand("an element of another group, or longer than the command")
        elements[element] = data[at + 8 : at + 8 + length]
        at += 8 + length
    return Command(
        field=_number(elements, _FIELD),
        message_id=_number(elements, _MESSAGE_ID, default=0),
        sop_class_uid=_uid(elements, _SOP_CLASS) or _uid(elements, _REQUESTED_CLASS),
        sop_instance_uid=_uid(elements, _SOP_INSTANCE) or _uid(elements, _REQUESTED_INSTANCE),
        has_data_set=_number(elements, _DATA_SET_TYPE) != NO_DATA_SET,
    )


def response_to(command: Command, status: int, comment: str = "") -> bytes:
    """The response's command set, without data set. `comment` holds no patient data and goes out in ASCII."""
    elements = [
        (_SOP_CLASS, _even(command.sop_class_uid.encode("latin-1"), b"\0")),
        (_FIELD, struct.pack("<H", command.field | _RESPONSE)),
        (_RESPONDED_TO, struct.pack("<H", command.message_id)),
        (_DATA_SET_TYPE, struct.pack("<H", NO_DATA_SET)),
        (_STATUS, struct.pack("<H", status)),
        (_COMMENT, _even(comment[:_COMMENT_CHARACTERS].encode("ascii", "replace"), b" ")),
        (_SOP_INSTANCE, _even(command.sop_instance_uid.encode("latin-1"), b"\0")),
    ]
    body = b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in elements if value)
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def _number(elements: dict[int, bytes], element: int, default: int | None = None) -> int:
    value = elements.get(element, b"")
    if len(value) < 2:
        if default is not None:
            return default
        raise UnreadableCommand(f"no (0000,{element:04X})")
    return int(struct.unpack_from("<H", value)[0])


def _uid(elements: dict[int, bytes], element: int) -> str:
    return elements.get(element, b"").decode("latin-1").strip(" \0")


def _even(value: bytes, padding: bytes) -> bytes:
    return value + padding if len(value) % 2 else value
