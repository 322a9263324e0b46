"""Receivers that take one uncompressed transfer syntax alone, DCMTK's among them, get the same instance in that one."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread, examples
from pydicom.dataset import Dataset
from pydicom.uid import (
    AllTransferSyntaxes,
    Comprehensive3DSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SegmentationStorage,
)
from pynetdicom.dsutils import split_dataset

from node.egress.building import build_templates
from node.egress.built_files import stored_bytes
from node.egress.dicom_store import send_files
from node.settings import DeliverySettings, Destination
from tests.factories import evidence, identity, study_findings
from tests.outbox import Outbox, document_bytes
from tests.peers.dcmtk import storescp
from tests.peers.fake_pacs import FakePACS

SETTINGS = DeliverySettings(first_retry_s=5, max_retry_s=60, expire_after_s=600, timeout_s=60)
PALETTE = Path(examples.get_path("palette_color"))  # a real ultrasound clip without compression


def segmentation(folder: Path) -> Path:
    """As the archive keeps one."""
    document, *_ = (built for built in build_templates(study_findings(), evidence(), identity()) if built.template == "seg")
    path = folder / "kept.dcm"
    path.write_bytes(stored_bytes(document))
    assert split_dataset(path)[0].TransferSyntaxUID == DeflatedExplicitVRLittleEndian
    return path


def values(dataset: Dataset) -> dict[int, Any]:
    """Tag -> value, item by item. Their VRs are not compared: in implicit VR nobody says whether pixels are bytes or words."""
    return {e.tag: [values(item) for item in e.value] if e.VR == "SQ" else e.value for e in dataset}


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    ("option", "syntax"),
    [
        ("+xi", ImplicitVRLittleEndian),
        ("+xe", ExplicitVRLittleEndian),
        ("+xb", ExplicitVRLittleEndian),
        ("+xd", DeflatedExplicitVRLittleEndian),
        ("+xa", DeflatedExplicitVRLittleEndian),
    ],
)
def test_dcmtk_gets_a_segmentation_in_the_syntax_it_takes(tmp_path: Path, option: str, syntax: str) -> None:
    kept = segmentation(tmp_path)
    received = tmp_path / "received"
    received.mkdir()
    with storescp(received, option) as port:
        (answer,) = send_files([kept], "127.0.0.1", port, called_aet="STORESCP", calling_aet="ECHONODE")
    assert answer.ok, answer.message
    (path,) = received.iterdir()
    arrived = dcmread(path)
    assert arrived.file_meta.TransferSyntaxUID == syntax
    assert values(arrived) == values(dcmread(kept))
    assert answer.message.endswith(f"sent as {syntax.name}")


@pytest.mark.dcmtk
def test_an_old_receiver_gets_a_clip_in_implicit_vr(tmp_path: Path) -> None:
    with storescp(tmp_path, "+xi") as port:
        (answer,) = send_files([PALETTE], "127.0.0.1", port, called_aet="STORESCP", calling_aet="ECHONODE")
    assert answer.ok, answer.message
    (path,) = tmp_path.iterdir()
    assert values(dcmread(path)) == values(dcmread(PALETTE))
    assert (dcmread(path).pixel_array == dcmread(PALETTE).pixel_array).all()


@pytest.mark.parametrize("taken", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("own", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_a_delivery_says_which_syntax_was_used(tmp_path: Path, own: str, taken: str) -> None:
    with FakePACS([Comprehensive3DSRStorage], transfer_syntaxes=[taken]) as pacs:
        destination = Destination(name="pacs", ae_title="FAKEPACS", host="127.0.0.1", port=pacs.port)
        with Outbox(tmp_path, [destination], SETTINGS) as outbox:
            number = outbox.add("pacs", transfer_syntax_uid=own)
            outbox.run_until_settled()
            done = outbox.delivery(number)
            assert (done.state, done.attempts) == ("accepted", 1)
            assert (done.detail or "").endswith(f"sent as {taken.name}")
            assert outbox.audited(number)[-1].details["transfer_syntax"] == taken
    (received,) = pacs.received
    assert pacs.associations == 1
    assert received.transfer_syntax_uid == taken
    sent_plain = tmp_path / "plain.dcm"
    sent_plain.write_bytes(document_bytes("2.25.1", transfer_syntax_uid=taken))
    assert received.dataset_bytes == sent_plain.read_bytes()[split_dataset(sent_plain)[1] :]


@pytest.mark.parametrize(("deflated", "syntax"), [(False, ExplicitVRLittleEndian), (True, DeflatedExplicitVRLittleEndian)])
def test_a_segmentation_goes_deflated_by_setting(tmp_path: Path, deflated: bool, syntax: str) -> None:
    with FakePACS([SegmentationStorage], transfer_syntaxes=AllTransferSyntaxes) as pacs:
        kept = segmentation(tmp_path)
        destination = Destination(name="pacs", ae_title="FAKEPACS", host="127.0.0.1", port=pacs.port, deflated=deflated)
        with Outbox(tmp_path, [destination], SETTINGS) as outbox:
            number = outbox.add("pacs", content=kept.read_bytes())
            outbox.run_until_settled()
            assert outbox.delivery(number).state == "accepted"
    (received,) = pacs.received
    assert received.transfer_syntax_uid == syntax
    assert (received.dataset_bytes == kept.read_bytes()[split_dataset(kept)[1] :]) is deflated


def test_a_big_endian_file_arrives_in_little_endian(tmp_path: Path) -> None:
    path = tmp_path / "big.dcm"
    path.write_bytes(document_bytes("2.25.7", transfer_syntax_uid=ExplicitVRBigEndian))
    with FakePACS([Comprehensive3DSRStorage], transfer_syntaxes=[ImplicitVRLittleEndian]) as pacs:
        (answer,) = send_files([path], "127.0.0.1", pacs.port, called_aet="FAKEPACS", calling_aet="ECHONODE")
    assert answer.ok
    plain = document_bytes("2.25.7", transfer_syntax_uid=ImplicitVRLittleEndian)
    assert plain.endswith(pacs.received[0].dataset_bytes)


def test_a_file_that_cannot_be_converted_says_so_and_leaves_the_others_alone(tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken.dcm", tmp_path / "whole.dcm"
    whole.write_bytes(document_bytes("2.25.8"))
    broken.write_bytes(document_bytes("2.25.7")[:-3])
    with FakePACS([Comprehensive3DSRStorage], transfer_syntaxes=[ImplicitVRLittleEndian]) as pacs:
        answers = send_files([broken, whole], "127.0.0.1", pacs.port, called_aet="FAKEPACS", calling_aet="ECHONODE")
    assert [answer.ok for answer in answers] == [False, True]
    assert "takes only Implicit VR Little Endian, and no such copy can be made: the data set is cut off" in answers[0].message
    assert pacs.associations == 1
