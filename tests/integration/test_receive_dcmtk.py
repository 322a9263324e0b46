"""DCMTK sends to us: what it sends is what we keep, in every transfer syntax it knows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydicom import dcmread, examples
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.dsutils import split_dataset

from node.ingress.ae_rules import Refusal
from node.settings import AERule
from tests.arrivals import clip, rle, settings, write_file
from tests.peers.dcmtk import echoscu, storescu
from tests.peers.raw_sender import RawSender
from tests.receiving_node import ReceivingNode, receiving_node

pytestmark = pytest.mark.dcmtk


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ReceivingNode]:
    with receiving_node(tmp_path / "node") as node:
        yield node


def _dataset_bytes(path: Path) -> bytes:
    return path.read_bytes()[split_dataset(path)[1] :]


def test_echo(node: ReceivingNode) -> None:
    answer = echoscu(node.port)
    assert answer.returncode == 0, answer.stdout
    assert "Received Echo Response (Success)" in answer.stdout


def test_a_clip_is_stored(node: ReceivingNode) -> None:
    sent = storescu(node.port, Path(examples.get_path("ybr_color")), options=("-xy",))
    assert sent.returncode == 0, sent.stdout
    assert "Received Store Response (Success)" in sent.stdout
    (instance,) = node.instances
    assert (instance.receipt, instance.calling_aet, instance.analysable) == ("stored", "STORESCU", True)
    node.wait_until_nobody_sends()


def test_the_data_set_is_kept_byte_for_byte(node: ReceivingNode, tmp_path: Path) -> None:
    """DCMTK sends sequences with explicit lengths and drops retired group lengths, so the source is written that way."""
    path = write_file(tmp_path / "clip.dcm", clip())
    assert storescu(node.port, path, options=("-R",)).returncode == 0
    (instance,) = node.instances
    assert _dataset_bytes(node.file_of(instance)) == _dataset_bytes(path)
    assert dcmread(node.file_of(instance)).file_meta.ImplementationVersionName == "ECHONODE_0_1"


@pytest.mark.parametrize(
    ("option", "syntax"),
    [
        ("-xe", ExplicitVRLittleEndian),
        ("-xi", ImplicitVRLittleEndian),
        ("-xb", ExplicitVRLittleEndian),  # it proposes the others, too, and big endian is our last choice
        ("-xd", DeflatedExplicitVRLittleEndian),
    ],
)
def test_uncompressed_transfer_syntaxes(node: ReceivingNode, tmp_path: Path, option: str, syntax: str) -> None:
    path = write_file(tmp_path / "clip.dcm", clip())
    sent = storescu(node.port, path, options=(option,))
    assert sent.returncode == 0, sent.stdout
    (instance,) = node.instances
    assert instance.transfer_syntax_uid == syntax
    stored = dcmread(node.file_of(instance))
    assert stored.PatientID == "SECRET-ID"
    assert stored.PixelData == clip().PixelData


def test_the_same_clip_in_several_syntaxes_is_stored_once(node: ReceivingNode, tmp_path: Path) -> None:
    plain = write_file(tmp_path / "clip.dcm", clip())
    compressed = write_file(tmp_path / "rle.dcm", rle(clip()), "1.2.840.10008.1.2.5")
    for options in (("-xi",), ("-xe",), ("-xd",)):
        assert storescu(node.port, plain, options=options).returncode == 0
    assert storescu(node.port, compressed, options=("-xr",)).returncode == 0
    assert node.receipts == ["stored", "duplicate", "duplicate", "duplicate"]
    assert len(list((node.archive.root / "objects").rglob("*.dcm"))) == 1


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("dcm4che_US-RGB-8-esopecho.dcm", "-xe"),
        ("dcm4che_US-PAL-8-10x-echo.dcm", "-xr"),
        ("dcm4che_jpegls_palette_10f.dcm", "-xt"),
        ("pydicomdata_US1_J2KR.dcm", "-xv"),
        ("pydicomdata_OBXXXX1A_rle_2frame.dcm", "-xr"),
        ("pydicom_examples_ybr_color_30f.dcm", "-xy"),
        ("pydicomdata_gdcm-US-ALOKA-16.dcm", "-xe"),
        ("dcmqi_sr1500.dcm", "-xe"),
        ("highdicom_sr1500_groups.dcm", "-xe"),
        ("dcm4che_report_dfl_sr.dcm", "-xd"),
    ],
)
def test_real_objects_are_taken_as_they_are(node: ReceivingNode, samples: Path, name: str, option: str) -> None:
    """Retired ultrasound classes, palettes, JPEG, JPEG-LS, JPEG 2000, RLE, deflated reports."""
    sent = storescu(node.port, samples / name, options=("-R", option))
    assert sent.returncode == 0, sent.stdout
    (instance,) = node.instances
    source = dcmread(samples / name)
    stored = dcmread(node.file_of(instance))
    assert stored.SOPInstanceUID == source.SOPInstanceUID
    assert stored.get("PixelData") == source.get("PixelData")
    assert instance.transfer_syntax_uid == source.file_meta.TransferSyntaxUID


def test_many_instances_over_several_associations(node: ReceivingNode, tmp_path: Path) -> None:
    batches = [
        [write_file(tmp_path / f"{batch}-{number}.dcm", clip(10 * batch + number)) for number in range(8)] for batch in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda paths: storescu(node.port, *paths), batches))
    assert [run.returncode for run in sent] == [0] * 4
    assert node.receipts == ["stored"] * 32
    assert len({instance.path for instance in node.instances}) == 32
    node.wait_until_nobody_sends()


def test_an_unknown_sender_is_refused_and_audited(tmp_path: Path) -> None:
    rules = (AERule(name="carts", calling_aet="VIVID*", called_aet="ECHONODE", address="127.0.0.0/8"),)
    path = write_file(tmp_path / "clip.dcm", clip())
    with receiving_node(tmp_path / "node", settings(tmp_path / "node", rules=rules)) as node:
        stranger = storescu(node.port, path)
        assert stranger.returncode != 0
        assert "Calling AE Title Not Recognized" in stranger.stdout
        elsewhere = storescu(node.port, path, calling_aet="VIVID7", called_aet="OTHER")
        assert "Called AE Title Not Recognized" in elsewhere.stdout
        assert storescu(node.port, path, calling_aet="VIVID7").returncode == 0
        refused = node.audited("association_refused")
        assert [(entry["calling_aet"], entry["called_aet"]) for entry in refused] == [
            ("STORESCU", "ECHONODE"),
            ("VIVID7", "OTHER"),
        ]
        assert {entry["address"] for entry in refused} == {"127.0.0.1"}
        assert node.receipts == ["stored"]


def test_an_address_without_a_rule_is_refused(tmp_path: Path) -> None:
    rules = (AERule(name="elsewhere", address="192.0.2.0/24"),)
    with receiving_node(tmp_path / "node", settings(tmp_path / "node", rules=rules)) as node:
        assert echoscu(node.port).returncode != 0
        assert len(node.audited("association_refused")) == 1


def test_a_full_node_answers_out_of_resources(tmp_path: Path) -> None:
    path = write_file(tmp_path / "clip.dcm", clip())
    with receiving_node(tmp_path / "node", settings(tmp_path / "node", min_free_disk_mb=1 << 40)) as node:
        sent = storescu(node.port, path)
        assert "Received Store Response (Refused: OutOfResources)" in sent.stdout
        assert node.receipts == []
        assert len(node.audited("instance_refused")) == 1
        node.wait_until_nobody_sends()


def test_more_associations_than_allowed_are_put_off(tmp_path: Path) -> None:
    limited = settings(tmp_path / "node")
    limited = limited.model_copy(update={"node": limited.node.model_copy(update={"max_associations": 1})})
    path = write_file(tmp_path / "clip.dcm", clip())
    with receiving_node(tmp_path / "node", limited) as node:
        with RawSender(node.port):
            second = storescu(node.port, path)
            assert "Local Limit Exceeded" in second.stdout
        (refused,) = node.audited("association_refused")
        assert refused["reason"] == Refusal.TOO_MANY
        node.wait_until_nobody_sends()
