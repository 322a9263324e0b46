"""Command sets, against those that pynetdicom writes and reads."""

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import decode, encode

from node.ingress.upper_layer.command import Command, CommandField, UnreadableCommand, read_command, response_to
from tests.peers.raw_pdus import US_MULTIFRAME, element, store_command


def _pynetdicoms(uid: str, message_id: int) -> bytes:
    request = C_STORE()
    request.MessageID, request.Priority = message_id, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = US_MULTIFRAME, uid
    request.DataSet = BytesIO(b"..")
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    return bytes(encode(message.command_set, True, True) or b"")


@given(st.integers(0, 0xFFFF), st.integers(1, 10**30))
def test_pynetdicoms_requests_are_read(message_id: int, number: int) -> None:
    command = read_command(_pynetdicoms(f"2.25.{number}", message_id))
    assert command == Command(CommandField.C_STORE_RQ, message_id, US_MULTIFRAME, f"2.25.{number}", has_data_set=True)


@pytest.mark.parametrize("comment", ["", "no Study Instance UID", "x" * 100, "ü"])
def test_our_responses_are_read_by_pynetdicom(comment: str) -> None:
    command = read_command(store_command(b"2.25.11", message_id=7))
    answer = decode(BytesIO(response_to(command, 0xA900, comment)), True, True)
    assert (answer.CommandField, answer.MessageIDBeingRespondedTo, answer.Status) == (0x8001, 7, 0xA900)
    assert (answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID) == (US_MULTIFRAME, "2.25.11")
    assert answer.get("ErrorComment", "") == comment[:64].encode("ascii", "replace").decode()
    assert answer.CommandGroupLength == len(response_to(command, 0xA900, comment)) - 12


def test_padding_unknown_elements_and_a_missing_group_length_are_no_faults() -> None:
    body = store_command(b"2.25.1 ")[12:] + element(0x5555, b"unknown")
    command = read_command(body)
    assert (command.sop_instance_uid, command.has_data_set) == ("2.25.1", True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        store_command()[:-1],
        struct.pack("<HHL", 0, 0x0100, 0xFFFFFFFF),
        struct.pack("<HHL", 8, 0x0016, 0),
        element(0x0100, b"\1\0"),
    ],
    ids=["empty", "half a tag", "cut", "length", "another group", "no data set type"],
)
def test_what_is_no_command_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableCommand):
        read_command(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_unreadable(data: bytes) -> None:
    try:
        read_command(data)
    except UnreadableCommand:
        return
