"""Commands that no sender should send, and some do: each is answered, and the node goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import UID
from pynetdicom.dsutils import split_dataset

from tests.arrivals import CLIP_UID, clip, settings, write_file
from tests.peers.raw_sender import RawSender
from tests.receiving_node import ReceivingNode, receiving_node
from tests.waiting import wait_for

CLIP = f"{CLIP_UID}.0"


@pytest.fixture(params=["echonode", "pynetdicom"])
def node(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ReceivingNode]:
    with receiving_node(tmp_path / "node", settings(tmp_path / "node", upper_layer=request.param)) as node:
        yield node


def _data_set(tmp_path: Path, sop_instance_uid: str = CLIP) -> bytes:
    path = write_file(tmp_path / "clip.dcm", clip(pixels=bytes(60_000), Rows=100, Columns=300))
    assert len(sop_instance_uid) == len(CLIP), "else the lengths in the file are wrong"
    return path.read_bytes()[split_dataset(path)[1] :].replace(CLIP.encode(), sop_instance_uid.encode())


def _without(keyword: str) -> Callable[[Any], None]:
    return lambda command_set: delattr(command_set, keyword)


def _empty(keyword: str) -> Callable[[Any], None]:
    def change(command_set: Any) -> None:
        command_set[keyword]._value = ""

    return change


@pytest.mark.parametrize("keyword", ["AffectedSOPInstanceUID", "AffectedSOPClassUID"])
@pytest.mark.parametrize("malformed", [_without, _empty])
def test_a_command_without_its_uids_is_answered(
    node: ReceivingNode, tmp_path: Path, malformed: Callable[[str], Callable[[Any], None]], keyword: str
) -> None:
    data_set = _data_set(tmp_path)
    with RawSender(node.port) as sender:
        assert sender.store(CLIP, data_set).Status == 0x0000
        assert sender.store(CLIP, data_set, change=malformed(keyword)).Status == 0xA900
        assert sender.store(CLIP, data_set).Status == 0x0000, "the association goes on"
    node.wait_until_nobody_sends()
    assert node.receipts == ["stored", "duplicate"]
    assert len(node.audited("instance_refused")) == 1
    wait_for(lambda: node.receiver.layer.open_associations == 0)


def test_a_context_that_was_not_accepted_ends_the_association(node: ReceivingNode, tmp_path: Path) -> None:
    data_set = _data_set(tmp_path)
    sender = RawSender(node.port)
    assert sender.store(CLIP, data_set).Status == 0x0000
    with pytest.raises(AssertionError, match="no answer"):
        sender.store(CLIP, data_set, context_id=99)
    wait_for(lambda: sender.association.is_aborted)
    node.wait_until_nobody_sends()
    wait_for(lambda: node.receiver.layer.open_associations == 0)


def test_a_command_that_cannot_be_decoded_ends_the_association(node: ReceivingNode, tmp_path: Path) -> None:
    """Without an answer the sender would wait for its timeout, and the study for ever."""
    data_set = _data_set(tmp_path)
    sender = RawSender(node.port)
    assert sender.store(CLIP, data_set).Status == 0x0000

    def unknown_command(command_set: Any) -> None:
        command_set.CommandField = 0x7777

    with pytest.raises(AssertionError, match="no answer"):
        sender.store(CLIP, data_set, change=unknown_command)
    wait_for(lambda: sender.association.is_aborted)
    node.wait_until_nobody_sends()
    wait_for(lambda: node.receiver.layer.open_associations == 0)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("uid", ["2.25.0200.", "2.25.2 0.0", "2.25.a00.0"], ids=["leading zero", "space", "letter"])
def test_a_uid_that_old_carts_make_is_stored(node: ReceivingNode, tmp_path: Path, uid: str) -> None:
    def change(command_set: Any) -> None:
        command_set["AffectedSOPInstanceUID"]._value = UID(uid, validation_mode=0)

    data_set = _data_set(tmp_path, sop_instance_uid=uid)
    with RawSender(node.port) as sender:
        assert sender.store(CLIP, data_set, change=change).Status == 0x0000
    (instance,) = node.instances
    assert instance.sop_instance_uid == uid
    assert node.file_of(instance).read_bytes().endswith(data_set)
