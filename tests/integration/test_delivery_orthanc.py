"""Documents delivered to Orthanc; what arrived is what its REST API says, not what we believe."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage

from node.db.tables import DeliveryState
from node.egress.delivery import retry_delivery
from node.egress.destinations import configured
from node.egress.destinations.kind import StoredDocument
from node.egress.dicom_store import echo
from node.settings import DeliverySettings, Destination
from tests.outbox import STUDY_UID, Outbox, document_bytes
from tests.peers.orthanc import Orthanc
from tests.waiting import free_port, patience

pytestmark = pytest.mark.orthanc


def outbox_for(tmp_path: Path, port: int, ae_title: str = "ORTHANC") -> Outbox:
    settings = DeliverySettings(first_retry_s=5, max_retry_s=60, expire_after_s=600, timeout_s=patience(10))
    return Outbox(tmp_path / "node", [Destination(name="pacs", ae_title=ae_title, host="127.0.0.1", port=port)], settings)


def dataset_part(file: bytes) -> bytes:
    """A DICOM file after its file meta information, which every receiver writes anew."""
    stream = BytesIO(file)
    stream.seek(128 + 4 + 8)
    group_length = int.from_bytes(stream.read(4), "little")  # (0002,0000) comes first
    stream.seek(group_length, 1)
    return stream.read()


def test_orthanc_holds_the_stored_bytes(tmp_path: Path) -> None:
    with Orthanc(tmp_path / "orthanc") as orthanc, outbox_for(tmp_path, orthanc.dicom_port) as outbox:
        numbers = [outbox.add("pacs", number) for number in (1, 2, 3)]
        outbox.run()
        assert {outbox.delivery(number).state for number in numbers} == {"accepted"}
        assert orthanc.sop_instance_uids() == ["2.25.1", "2.25.2", "2.25.3"]
        assert orthanc.study_instance_uids() == [STUDY_UID]
        assert len(orthanc.files(Modality="SR")) == 3
        for number in numbers:
            document = outbox.delivery(number).document
            (arrived,) = orthanc.files(SOPInstanceUID=document.sop_instance_uid)
            assert dataset_part(arrived) == dataset_part(outbox.archive.path(document.path).read_bytes())
            assert dcmread(BytesIO(arrived)).SOPClassUID == Comprehensive3DSRStorage


def test_sent_twice_it_is_there_once(tmp_path: Path) -> None:
    """A crash between the answer and the commit: the second send must not make a second object."""
    with Orthanc(tmp_path / "orthanc") as orthanc, outbox_for(tmp_path, orthanc.dicom_port) as outbox:
        number = outbox.add("pacs")
        (destination,) = configured(outbox.settings)
        path = outbox.archive.path(outbox.delivery(number).document.path)
        assert destination.send(StoredDocument(path, "tid1500", "2.25.1"), outbox.settings, 0).state is DeliveryState.ACCEPTED
        outbox.run()
        assert outbox.delivery(number).state == "accepted"
        assert orthanc.sop_instance_uids() == ["2.25.1"]
        (arrived,) = orthanc.files(SOPInstanceUID="2.25.1")
        assert dataset_part(arrived) == dataset_part(document_bytes("2.25.1"))


def test_orthanc_down_then_up(tmp_path: Path) -> None:
    port = free_port()
    with outbox_for(tmp_path, port) as outbox:
        number = outbox.add("pacs")
        outbox.run()
        assert outbox.delivery(number).state == "pending"
        with Orthanc(tmp_path / "orthanc", dicom_port=port) as orthanc:
            assert outbox.run() == 0  # not before its time
            outbox.run_until_settled()
            assert orthanc.sop_instance_uids() == ["2.25.1"]
        assert outbox.delivery(number).state == "accepted"
        assert outbox.events(number) == ["started", "postponed", "started", "accepted"]


def test_a_wrong_ae_title_is_refused_until_a_person_reopens_it(tmp_path: Path) -> None:
    with Orthanc(tmp_path / "orthanc") as orthanc:
        with outbox_for(tmp_path, orthanc.dicom_port, ae_title="WRONG") as outbox:
            number = outbox.add("pacs")
            outbox.run_until_settled()
            assert outbox.delivery(number).state == "refused"
            assert "its AE title is not WRONG" in (outbox.delivery(number).detail or "")
        with outbox_for(tmp_path, orthanc.dicom_port) as outbox:  # the configuration put right, the node started again
            with outbox.database.session() as session:
                retry_delivery(session, number, now=outbox.clock())
            outbox.run_until_settled()
            assert outbox.delivery(number).state == "accepted"
        assert orthanc.sop_instance_uids() == ["2.25.1"]


def test_orthanc_answers_an_echo_and_says_when_the_title_is_wrong(tmp_path: Path) -> None:
    with Orthanc(tmp_path / "orthanc") as orthanc:
        right = echo("127.0.0.1", orthanc.dicom_port, called_aet="ORTHANC", calling_aet="ECHONODE")
        wrong = echo("127.0.0.1", orthanc.dicom_port, called_aet="OTHER", calling_aet="ECHONODE")
    assert (right.ok, right.message) == (True, f"ORTHANC at 127.0.0.1:{orthanc.dicom_port} answers")
    assert not wrong.ok
    assert wrong.message.endswith("rejected the association: its AE title is not OTHER")
