"""What senders do wrong and what breaks on our side: nothing half received stays, nothing accepted is lost."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pynetdicom.dsutils import split_dataset
from sqlalchemy.exc import OperationalError

from node.db.tables import Receipt
from node.errors import OutOfResources
from node.ingress.arrival import Arrival
from node.ingress.group_intake import GroupIntake
from node.ingress.incoming import IncomingFile
from node.settings import Settings
from node.study.archive import Archive
from tests.arrivals import CLIP_UID, clip, settings, write_file
from tests.peers.raw_sender import RawSender
from tests.receiving_node import ReceivingNode, receiving_node
from tests.waiting import patience, wait_for

UID = f"{CLIP_UID}.0"


@pytest.fixture(params=["echonode", "pynetdicom"])
def options(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Both upper layers keep the same promises."""
    return settings(tmp_path / "node", upper_layer=request.param)


@pytest.fixture
def node(tmp_path: Path, options: Settings) -> Iterator[ReceivingNode]:
    with receiving_node(tmp_path / "node", options) as node:
        yield node


@pytest.fixture
def data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Large enough for several fragments, and to be written as it comes."""
    monkeypatch.setattr("node.ingress.incoming._AT_ONCE_BYTES", 1000)
    path = write_file(tmp_path / "clip.dcm", clip(pixels=bytes(60_000), Rows=100, Columns=300))
    return path.read_bytes()[split_dataset(path)[1] :]


@pytest.mark.parametrize("ending", [RawSender.drop, RawSender.abort], ids=["dropped", "aborted"])
@pytest.mark.parametrize("parts", [1, 2, 10], ids=["after the command", "after a fragment", "in the middle"])
def test_a_sender_that_stops_in_the_middle_leaves_nothing(
    node: ReceivingNode, data_set: bytes, ending: Any, parts: int
) -> None:
    sender = RawSender(node.port)
    sender.begin(UID, data_set, parts=parts)
    if parts > 1:
        wait_for(lambda: list(node.archive.incoming.iterdir()), message="the data set to come in")
    ending(sender)
    node.wait_until_nobody_sends()
    assert node.receipts == []
    with RawSender(node.port) as again:
        assert again.store(UID, data_set).Status == 0x0000, "the node goes on"
    assert node.receipts == ["stored"]


def test_what_was_accepted_before_the_drop_stays(node: ReceivingNode, data_set: bytes) -> None:
    sender = RawSender(node.port)
    assert sender.store(UID, data_set).Status == 0x0000
    sender.begin(UID, data_set, parts=5)
    sender.drop()
    node.wait_until_nobody_sends()
    assert node.receipts == ["stored"]


def test_a_sender_that_goes_before_the_answer_does_not_hold_its_study_open(
    node: ReceivingNode, data_set: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the association comes while its C-STORE is still being remembered."""
    gone, taken = threading.Event(), threading.Event()
    take = GroupIntake.take

    def take_late(intake: GroupIntake, arrival: Arrival) -> Receipt:
        assert gone.wait(patience(10))
        receipt = take(intake, arrival)
        taken.set()
        return receipt

    monkeypatch.setattr(GroupIntake, "take", take_late)
    sender = RawSender(node.port)
    sender.begin(UID, data_set, parts=1000)
    wait_for(lambda: list(node.archive.incoming.iterdir()))
    sender.drop()
    gone.set()
    assert taken.wait(patience(10))
    node.wait_until_nobody_sends()
    assert node.receipts == ["stored"], (
        "it was complete, so it is kept; the sender sends it again and hears DUPLICATE's success"
    )


def test_the_association_is_open_while_it_sends(node: ReceivingNode, data_set: bytes) -> None:
    with RawSender(node.port) as sender:
        sender.store(UID, data_set)
        assert node.somebody_sends()
    node.wait_until_nobody_sends()


def test_unparseable_bytes_are_answered_and_kept(node: ReceivingNode) -> None:
    with RawSender(node.port) as sender:
        answer = sender.store(UID, b"\xff" * 5000)
        assert answer.Status == 0xC000
        assert answer.ErrorComment
    (instance,) = node.instances
    assert instance.receipt == "quarantined"
    assert node.file_of(instance).read_bytes().endswith(b"\xff" * 5000)


def test_a_mismatch_is_answered_and_not_kept(node: ReceivingNode, data_set: bytes) -> None:
    with RawSender(node.port) as sender:
        answer = sender.store("2.25.4711", data_set)
        assert (answer.Status, answer.ErrorComment) == (0xA900, "SOP Instance UID differs between command and data set")
        assert sender.store(UID, data_set).Status == 0x0000, "the association goes on"
    assert node.receipts == ["stored"]
    assert len(node.audited("instance_refused")) == 1


def test_a_disk_that_fills_in_the_middle_is_answered(
    node: ReceivingNode, data_set: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pynetdicom's own receiving would end its thread here and leave the peer without an answer."""
    check = IncomingFile._check_disk

    def full_after_a_while(file: IncomingFile, coming_bytes: int) -> None:
        check(file, coming_bytes)
        if file.path is not None and file.path.stat().st_size + file._unchecked_bytes > 20_000:
            raise OutOfResources("less than 5 MB of disk are free")

    with RawSender(node.port) as sender:
        with monkeypatch.context() as patch:
            patch.setattr(IncomingFile, "_check_disk", full_after_a_while)
            assert sender.store(UID, data_set).Status == 0xA700
        assert not list(node.archive.incoming.iterdir())
        assert sender.store(UID, data_set).Status == 0x0000, "and when there is room again, it is taken"
    assert node.receipts == ["stored"]


def test_a_disk_error_when_placing_is_answered(node: ReceivingNode, data_set: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise OSError(28, "No space left on device")

    with RawSender(node.port) as sender:
        with monkeypatch.context() as patch:
            for way in ("place", "link"):
                patch.setattr(Archive, way, refuse)
            assert sender.store(UID, data_set).Status == 0xA700
        assert sender.store(UID, data_set).Status == 0x0000
    node.wait_until_nobody_sends()


def test_a_database_that_is_away_is_answered(node: ReceivingNode, data_set: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_change: object) -> None:
        raise OperationalError("BEGIN", None, Exception("away"))

    with RawSender(node.port) as sender:
        with monkeypatch.context() as patch:
            patch.setattr(node.database, "write", away)
            assert sender.store(UID, data_set).Status == 0xA700
        assert sender.store(UID, data_set).Status == 0x0000
    assert node.receipts == ["stored"]


def test_stopping_lets_a_running_association_end(options: Settings, data_set: bytes) -> None:
    node = ReceivingNode(options)
    sender = RawSender(node.port)
    assert sender.store(UID, data_set).Status == 0x0000
    stopping = threading.Thread(target=node.receiver.stop, kwargs={"timeout_s": 20})
    stopping.start()
    assert sender.store(UID, data_set).Status == 0x0000, "it may go on sending"
    sender.association.release()
    stopping.join(patience(10))
    assert not stopping.is_alive()
    node.wait_until_nobody_sends()
    assert node.receipts == ["stored", "duplicate"]
    node.database.close()


def test_stopping_ends_an_association_that_does_not(options: Settings, data_set: bytes) -> None:
    node = ReceivingNode(options)
    sender = RawSender(node.port)
    sender.begin(UID, data_set, parts=3)
    wait_for(lambda: list(node.archive.incoming.iterdir()))
    node.receiver.stop(timeout_s=0.1)
    wait_for(lambda: sender.association.is_aborted or not sender.association.is_established)
    node.wait_until_nobody_sends()
    assert node.receipts == []
    node.database.close()


def test_stopping_ends_an_association_that_stalls_inside_a_pdu(
    options: Settings, data_set: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread waits for the rest of the PDU, where no A-ABORT of ours reaches it."""
    monkeypatch.setattr("node.ingress.pynetdicom_layer.scp._ABORT_S", 0.2)
    node = ReceivingNode(options)
    sender = RawSender(node.port)
    assert sender.store(UID, data_set).Status == 0x0000
    sender.association.dul.socket.socket.sendall(b"\x04\x00" + (50_000).to_bytes(4, "big") + b"the beginning")
    node.receiver.stop(timeout_s=0.2)
    wait_for(lambda: node.receiver.layer.open_associations == 0, message="its thread to end")
    node.wait_until_nobody_sends()
    node.database.close()


@pytest.mark.parametrize("sent", [b"", b"\x01\x00\x00\x00\x10\x00half a request"], ids=["silent", "half a request"])
def test_a_connection_that_asks_for_nothing_is_ended(
    tmp_path: Path, options: Settings, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """Else a port scanner would hold every association there is."""
    monkeypatch.setattr("node.ingress.receiver.REQUEST_S", 0.2)
    with (
        receiving_node(tmp_path / "node", options) as node,
        socket.create_connection(("127.0.0.1", node.port), timeout=patience(10)) as silent,
    ):
        silent.sendall(sent)
        wait_for(lambda: node.receiver.layer.open_associations == 1)
        wait_for(lambda: node.receiver.layer.open_associations == 0)
        with RawSender(node.port):
            assert node.receiver.layer.open_associations == 1, "of the ended one nothing is left"


def test_nothing_is_accepted_after_stopping(options: Settings) -> None:
    node = ReceivingNode(options)
    node.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", node.port), timeout=patience(5)).close()
    node.receiver.stop()  # stopping twice is no error


def test_a_private_class_is_stored_unanalysed(node: ReceivingNode, tmp_path: Path) -> None:
    private = "1.2.826.0.1.3680043.9.7777.2"
    path = write_file(tmp_path / "raw.dcm", clip(SOPClassUID=private))
    with RawSender(node.port, sop_class_uid=private) as sender:
        assert sender.store(UID, path.read_bytes()[split_dataset(path)[1] :]).Status == 0x0000
    (instance,) = node.instances
    assert (instance.sop_class_uid, instance.analysable) == (private, False)


def test_a_private_class_may_be_rejected(tmp_path: Path) -> None:
    with (
        receiving_node(tmp_path / "node", settings(tmp_path / "node", private_sop_classes="reject")) as node,
        pytest.raises(AssertionError),
    ):
        RawSender(node.port, sop_class_uid="1.2.826.0.1.3680043.9.7777.3")


def test_a_clip_that_other_tools_cannot_parse_is_stored(node: ReceivingNode, samples: Path) -> None:
    """DCMTK refuses to send the Acuson clip: "Item Delimitation Item missing" in a sequence."""
    path = samples / "fodicom_DIRW0007_acuson_sequoia_65f.dcm"
    meta, offset = split_dataset(path)
    with RawSender(node.port, transfer_syntax_uid=meta.TransferSyntaxUID, max_pdu_bytes=1 << 20) as sender:
        assert sender.store(meta.MediaStorageSOPInstanceUID, path.read_bytes()[offset:]).Status == 0x0000
        assert sender.store(meta.MediaStorageSOPInstanceUID, path.read_bytes()[offset:]).Status == 0x0000
    assert node.receipts == ["stored", "duplicate"]
    stored = node.instances[0]
    assert node.file_of(stored).read_bytes().endswith(path.read_bytes()[offset:])
    assert dcmread(node.file_of(stored)).NumberOfFrames == 65
