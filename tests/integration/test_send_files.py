"""`echonode send` and `echonode echo`: files go out byte for byte, answers come back in plain words."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import examples
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)
from pynetdicom.acse import ACSE
from pynetdicom.dsutils import split_dataset

from node.egress.dicom_store import MAX_CONTEXTS, echo, send_files
from node.egress.outcomes import Happening
from tests.outbox import document_bytes
from tests.peers.fake_pacs import FakePACS, Fault, Mid
from tests.peers.orthanc import Orthanc
from tests.waiting import free_port, patience, wait_for

SONOSITE = Path(examples.get_path("ybr_color"))
ULTRASOUND = [UltrasoundImageStorage, UltrasoundMultiFrameImageStorage]


def dataset_part(path: Path) -> bytes:
    return path.read_bytes()[split_dataset(path)[1] :]


def send(paths: list[Path], pacs: FakePACS, timeout_s: float = 5) -> list[tuple[bool, str]]:
    answers = send_files(paths, "127.0.0.1", pacs.port, called_aet="FAKEPACS", calling_aet="ECHONODE", timeout_s=timeout_s)
    assert [answer.path for answer in answers] == paths
    return [(answer.ok, answer.message) for answer in answers]


def test_a_clip_arrives_as_it_lies_in_the_file() -> None:
    with FakePACS(ULTRASOUND) as pacs:
        assert [ok for ok, _ in send([SONOSITE], pacs)] == [True]
    (received,) = pacs.received
    assert received.dataset_bytes == dataset_part(SONOSITE)
    assert received.transfer_syntax_uid == JPEGBaseline8Bit
    assert received.calling_aet == "ECHONODE"


def test_every_real_sample_arrives_unchanged_also_those_that_others_cannot_parse(samples: Path) -> None:
    paths = sorted(samples.glob("*.dcm"))
    assert any("acuson" in path.name for path in paths)
    with FakePACS(str(split_dataset(path)[0].MediaStorageSOPClassUID) for path in paths) as pacs:
        answers = send(paths, pacs)
    assert all(ok for ok, _ in answers), answers
    assert pacs.associations == 1
    assert [item.dataset_bytes for item in pacs.received] == [dataset_part(path) for path in paths]
    syntaxes = [str(split_dataset(path)[0].TransferSyntaxUID) for path in paths]
    assert [item.transfer_syntax_uid for item in pacs.received] == syntaxes


@pytest.mark.dcmtk
def test_the_acuson_clip_needs_this_sender(samples: Path) -> None:
    """DCMTK's own sender gives up on it; ours does not look inside."""
    acuson = samples / "fodicom_DIRW0007_acuson_sequoia_65f.dcm"
    with FakePACS(ULTRASOUND) as pacs:
        command = ["/usr/bin/storescu", "-xy", "-aec", "FAKEPACS", "127.0.0.1", str(pacs.port), str(acuson)]
        subprocess.run(command, capture_output=True, timeout=patience(60), check=False)
        assert pacs.stored == []
        assert [ok for ok, _ in send([acuson], pacs)] == [True]
        assert [item.dataset_bytes for item in pacs.stored] == [dataset_part(acuson)]


@pytest.mark.orthanc
def test_orthanc_receives_a_clip_by_the_same_sender(tmp_path: Path) -> None:
    with Orthanc(tmp_path) as orthanc:
        (answer,) = send_files([SONOSITE], "127.0.0.1", orthanc.dicom_port, called_aet="ORTHANC", calling_aet="ECHONODE")
        assert answer.ok
        assert orthanc.sop_instance_uids() == [split_dataset(SONOSITE)[0].MediaStorageSOPInstanceUID]
        assert orthanc.statistics()["CountInstances"] == 1


def test_what_is_no_dicom_file_is_said_and_the_rest_is_sent(tmp_path: Path) -> None:
    text, empty, missing = tmp_path / "notes.dcm", tmp_path / "empty.dcm", tmp_path / "missing.dcm"
    text.write_text("no DICOM here " * 100)
    empty.touch()
    with FakePACS(ULTRASOUND) as pacs:
        answers = send([text, empty, missing, SONOSITE], pacs)
    assert [ok for ok, _ in answers] == [False, False, False, True]
    assert [message for _, message in answers[:3]] == [
        "not a DICOM file: the preamble and DICM are missing",
        "not a DICOM file: the preamble and DICM are missing",
        "the file cannot be read",
    ]
    assert len(pacs.received) == 1


def test_missing_file_meta_is_named(tmp_path: Path) -> None:
    bare = tmp_path / "bare.dcm"
    bare.write_bytes(bytes(128) + b"DICM" + dataset_part(SONOSITE))
    with FakePACS(ULTRASOUND) as pacs:
        ((ok, message),) = send([bare], pacs)
    assert not ok
    assert message.startswith("the file meta information lacks MediaStorageSOPClassUID")
    assert pacs.associations == 0


def test_a_class_that_is_not_accepted_leaves_the_others_alone(tmp_path: Path) -> None:
    report = tmp_path / "report.dcm"
    report.write_bytes(document_bytes("2.25.7"))
    with FakePACS(ULTRASOUND) as pacs:
        answers = send([report, SONOSITE], pacs)
    assert [ok for ok, _ in answers] == [False, True]
    assert "does not accept this SOP class in this transfer syntax" in answers[0][1]


def test_after_an_abort_the_next_file_has_a_new_association(tmp_path: Path) -> None:
    copies = [Path(shutil.copy(SONOSITE, tmp_path / f"{number}.dcm")) for number in range(4)]
    with FakePACS(ULTRASOUND, at_store=[0x0000, Mid.ABORT, Mid.DROP]) as pacs:
        answers = send(copies, pacs)
    assert [ok for ok, _ in answers] == [True, False, False, True]
    assert pacs.associations == 3


def test_a_hanging_receiver_costs_one_timeout_for_its_file_only() -> None:
    with FakePACS(ULTRASOUND, at_store=[Mid.HANG]) as pacs:
        ((ok, message),) = send([SONOSITE], pacs, timeout_s=0.5)
        pacs.release_hung()
    assert not ok
    assert "did not answer the C-STORE within" in message


def test_a_rejection_answers_for_every_file(tmp_path: Path) -> None:
    report = tmp_path / "report.dcm"
    report.write_bytes(document_bytes("2.25.7"))
    with FakePACS(ULTRASOUND, at_association=[Fault.REJECT_CALLING]) as pacs:
        answers = send([SONOSITE, report], pacs)
    assert pacs.associations == 1
    assert all(not ok and message.endswith("it does not know our AE title ECHONODE") for ok, message in answers)


def test_more_kinds_of_object_than_one_association_can_name(tmp_path: Path) -> None:
    """PS3.8: 128 presentation contexts an association; a folder may hold more pairs of class and syntax."""
    plain = document_bytes("2.25.7")
    classes = [f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in range(100, 100 + MAX_CONTEXTS + 2)]
    paths = []
    for sop_class in classes:
        path = tmp_path / f"{sop_class}.dcm"
        path.write_bytes(plain.replace(b"1.2.840.10008.5.1.4.1.1.88.34\0", sop_class.encode(), 1))
        paths.append(path)
    with FakePACS(classes, transfer_syntaxes=[ExplicitVRLittleEndian]) as pacs:
        answers = send(paths, pacs)
    assert all(ok for ok, _ in answers)
    assert pacs.associations == 3  # each class in two syntaxes: its own, and the default of PS3.5 10.1
    assert [item.sop_class_uid for item in pacs.received] == classes


@contextmanager
def receiving_pacs(out: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "node.demo.receiving_pacs", "--out", str(out), "--ae-title", "DEMO"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(patience(20))
        process.stdout.close()
    assert code == 0


def test_the_demos_pacs_keeps_what_it_gets_and_ends_on_sigterm(tmp_path: Path) -> None:
    report = tmp_path / "report.dcm"
    report.write_bytes(document_bytes("2.25.7"))
    out = tmp_path / "delivered"
    with receiving_pacs(out) as port:
        answers = send_files([SONOSITE, report, report], "127.0.0.1", port, called_aet="DEMO", calling_aet="ECHONODE")
        stranger = echo("127.0.0.1", port, called_aet="OTHER", calling_aet="ECHONODE")
        known = echo("127.0.0.1", port, called_aet="DEMO", calling_aet="ECHONODE")
    assert all(answer.ok for answer in answers)
    names = {f"{split_dataset(path)[0].MediaStorageSOPInstanceUID}.dcm": path for path in (SONOSITE, report)}
    assert {path.name for path in out.iterdir()} == names.keys()
    assert all(dataset_part(out / name) == dataset_part(path) for name, path in names.items())
    assert (stranger.ok, known.ok) == (False, True)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # that is the point
def test_the_demos_pacs_makes_no_file_of_a_uid_that_is_none(tmp_path: Path) -> None:
    evil = tmp_path / "evil.dcm"
    evil.write_bytes(document_bytes("2.25.7").replace(b"2.25.7", b"../../", 1))  # in the file meta information
    out = tmp_path / "deep" / "down" / "delivered"
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    with receiving_pacs(out) as port:
        (answer,) = send_files([evil], "127.0.0.1", port, called_aet="DEMO", calling_aet="ECHONODE")
    assert answer.answer.status == 0xC000
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_echo_that_works() -> None:
    with FakePACS(ULTRASOUND) as pacs:
        answer = echo("127.0.0.1", pacs.port, called_aet="FAKEPACS", calling_aet="ECHONODE")
    assert (answer.ok, answer.message) == (True, f"FAKEPACS at 127.0.0.1:{pacs.port} answers")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.REJECT_CALLING, "rejected the association: it does not know our AE title ECHONODE"),
        (Fault.REJECT_PERMANENT, "rejected the association: its AE title is not FAKEPACS"),
        (Fault.REJECT_TRANSIENT, "rejected the association for now: temporary congestion"),
    ],
)
def test_an_echo_that_is_rejected_says_why(fault: Fault, words: str) -> None:
    with FakePACS(ULTRASOUND, at_association=[fault]) as pacs:
        answer = echo("127.0.0.1", pacs.port, called_aet="FAKEPACS", calling_aet="ECHONODE")
    assert (answer.ok, answer.message) == (False, f"FAKEPACS at 127.0.0.1:{pacs.port} {words}")


def test_a_rejection_is_not_lost_when_the_peer_closes_before_anyone_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """pynetdicom asks whether it is connected only after sending its request: by then the rejection may have ended that."""
    send_request = ACSE.send_request

    def send_and_wait_for_the_end(acse: ACSE) -> None:
        send_request(acse)
        ended = acse.assoc.dul.to_user_queue  # the rejection, put there as the connection is closed
        wait_for(lambda: not ended.empty() and not acse.socket._is_connected, timeout_s=10)

    monkeypatch.setattr(ACSE, "send_request", send_and_wait_for_the_end)
    with FakePACS(ULTRASOUND, at_association=[Fault.REJECT_PERMANENT]) as pacs:
        answer = echo("127.0.0.1", pacs.port, called_aet="FAKEPACS", calling_aet="ECHONODE")
    assert answer.message.endswith("rejected the association: its AE title is not FAKEPACS")


def test_an_echo_to_nobody() -> None:
    answer = echo("127.0.0.1", free_port(), called_aet="PACS", calling_aet="ECHONODE")
    assert not answer.ok
    assert answer.message.endswith("cannot be reached: nothing listens there, or a firewall is between")


def test_an_echo_to_a_port_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = echo("127.0.0.1", silent.getsockname()[1], called_aet="PACS", calling_aet="ECHONODE", timeout_s=0.5)
    assert not answer.ok
    assert answer.message.endswith("did not answer the association request within 0.5 s")


def test_the_reason_of_a_file_that_was_not_sent_is_ours_not_the_peers() -> None:
    (answer,) = send_files([Path("/nowhere.dcm")], "127.0.0.1", free_port(), called_aet="PACS", calling_aet="ECHONODE")
    assert answer.answer.happened is Happening.NOT_SENT
