"""A PACS on a bad day: every fault on the wire leads to its state, and to words a person understands."""

import zlib
from pathlib import Path

import pytest
from pydicom.uid import (
    Comprehensive3DSRStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom.dsutils import split_dataset

from node.egress.delivery import retry_delivery
from node.settings import DeliverySettings, Destination
from tests.outbox import Outbox
from tests.peers.fake_pacs import FakePACS, Fault, Mid
from tests.waiting import free_port, patience

SR = [Comprehensive3DSRStorage]


def outbox_for(tmp_path: Path, port: int, *, deflated: bool = False, timeout_s: float | None = None) -> Outbox:
    """`timeout_s` is given by who waits for it to pass."""
    settings = DeliverySettings(first_retry_s=5, max_retry_s=60, expire_after_s=600, timeout_s=timeout_s or patience(5))
    pacs = Destination(name="pacs", ae_title="FAKEPACS", host="127.0.0.1", port=port, calling_aet="ECHOLAB", deflated=deflated)
    return Outbox(tmp_path, [pacs], settings)


def stored_dataset(outbox: Outbox, number: int) -> bytes:
    path = outbox.archive.path(outbox.delivery(number).document.path)
    return path.read_bytes()[split_dataset(path)[1] :]


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_healthy_pacs_gets_the_stored_bytes(tmp_path: Path) -> None:
    with FakePACS(SR) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs")
        outbox.run()
        assert outbox.delivery(number).state == "accepted"
        (received,) = pacs.received
        assert received.dataset_bytes == stored_dataset(outbox, number)
        assert (received.sop_class_uid, received.sop_instance_uid) == (Comprehensive3DSRStorage, "2.25.1")
        assert received.transfer_syntax_uid == ExplicitVRLittleEndian
        assert received.calling_aet == "ECHOLAB"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (0xA700, "0xA700: Refused: Out of Resources"),
        (0xA7FF, "0xA7FF"),
        (0x0110, "0x0110: Processing Failure"),
        (Mid.ABORT, "aborted the association during the C-STORE"),
        (Mid.DROP, "aborted the association during the C-STORE"),
        (Mid.HANG, "did not answer the C-STORE within 1 s"),
    ],
)
def test_passing_faults_of_a_store_are_tried_again(tmp_path: Path, step: int | Mid, words: str) -> None:
    timeout_s = 1 if step is Mid.HANG else None
    with FakePACS(SR, at_store=[step]) as pacs, outbox_for(tmp_path, pacs.port, timeout_s=timeout_s) as outbox:
        number = outbox.add("pacs")
        outbox.run()
        waiting = outbox.delivery(number)
        assert waiting.state == "pending"
        assert words in (waiting.detail or "")
        pacs.release_hung()
        outbox.run_until_settled()
        assert outbox.delivery(number).state == "accepted"
        assert outbox.delivery(number).attempts == 2
        assert {item.dataset_bytes for item in pacs.received} == {stored_dataset(outbox, number)}


def test_a_transient_rejection_is_tried_again(tmp_path: Path) -> None:
    with FakePACS(SR, at_association=[Fault.REJECT_TRANSIENT]) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs")
        outbox.run()
        assert outbox.delivery(number).state == "pending"
        assert "rejected the association for now: temporary congestion" in (outbox.delivery(number).detail or "")
        outbox.run_until_settled()
        assert outbox.delivery(number).state == "accepted"
        assert pacs.associations == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.REJECT_PERMANENT, "its AE title is not FAKEPACS"),
        (Fault.REJECT_CALLING, "it does not know our AE title ECHOLAB"),
    ],
)
def test_a_permanent_rejection_waits_for_a_person(tmp_path: Path, fault: Fault, words: str) -> None:
    with FakePACS(SR, at_association=[fault]) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs")
        outbox.run_until_settled()
        refused = outbox.delivery(number)
        assert refused.state == "refused"
        assert words in (refused.detail or "")
        assert pacs.associations == 1
        with outbox.database.session() as session:
            retry_delivery(session, number, now=outbox.clock())
        outbox.run_until_settled()
        assert outbox.delivery(number).state == "accepted"


@pytest.mark.parametrize("status", [0xA900, 0xA9FF, 0xC000, 0xC123, 0x0122, 0x0124, 0x0117])
def test_final_statuses_wait_for_a_person(tmp_path: Path, status: int) -> None:
    with FakePACS(SR, at_store=[status]) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs")
        outbox.run_until_settled()
        assert (outbox.delivery(number).state, outbox.delivery(number).status) == ("refused", f"0x{status:04X}")
        assert len(pacs.received) == 1


@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007])
def test_warnings_are_a_state_of_their_own(tmp_path: Path, status: int) -> None:
    with FakePACS(SR, at_store=[status]) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs")
        outbox.run_until_settled()
        assert (outbox.delivery(number).state, outbox.delivery(number).status) == ("accepted_with_warning", f"0x{status:04X}")


def test_already_there_counts_as_accepted(tmp_path: Path) -> None:
    with FakePACS(SR, at_store=[0x0111]) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs")
        outbox.run_until_settled()
        assert outbox.delivery(number).state == "accepted"


def test_a_sop_class_the_pacs_does_not_take_is_refused(tmp_path: Path) -> None:
    with FakePACS([EnhancedSRStorage]) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs")
        outbox.run_until_settled()
        refused = outbox.delivery(number)
        assert refused.state == "refused"
        assert "accepts none of the SOP classes in a transfer syntax offered" in (refused.detail or "")
        assert pacs.received == []


def test_a_deflated_document_is_inflated_for_a_pacs_that_takes_none(tmp_path: Path) -> None:
    plain = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
    with FakePACS(SR, transfer_syntaxes=plain) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        number = outbox.add("pacs", transfer_syntax_uid=DeflatedExplicitVRLittleEndian)
        outbox.run_until_settled()
        assert outbox.delivery(number).state == "accepted"
        (received,) = pacs.received
        assert received.transfer_syntax_uid == ExplicitVRLittleEndian
        assert received.dataset_bytes == zlib.decompressobj(-zlib.MAX_WBITS).decompress(stored_dataset(outbox, number))


def test_a_deflated_document_stays_deflated_where_it_is_wanted_and_taken(tmp_path: Path) -> None:
    with FakePACS(SR) as pacs, outbox_for(tmp_path, pacs.port, deflated=True) as outbox:
        deflated = outbox.add("pacs", transfer_syntax_uid=DeflatedExplicitVRLittleEndian)
        outbox.run()
        assert [item.transfer_syntax_uid for item in pacs.received] == [DeflatedExplicitVRLittleEndian]
        assert pacs.received[0].dataset_bytes == stored_dataset(outbox, deflated)


def test_down_for_a_while_then_up(tmp_path: Path, port: int) -> None:
    with outbox_for(tmp_path, port) as outbox:
        numbers = [outbox.add("pacs", number) for number in (1, 2, 3)]
        for _ in range(4):
            outbox.run()
            assert {outbox.delivery(number).state for number in numbers} == {"pending"}
            outbox.clock.advance(60)
        assert "cannot be reached" in (outbox.delivery(numbers[0]).detail or "")
        with FakePACS(SR, port=port) as pacs:
            outbox.run_until_settled()
            assert sorted(item.sop_instance_uid for item in pacs.stored) == ["2.25.1", "2.25.2", "2.25.3"]
        assert {outbox.delivery(number).state for number in numbers} == {"accepted"}


def test_down_for_too_long_expires_and_a_person_reopens(tmp_path: Path, port: int) -> None:
    with outbox_for(tmp_path, port) as outbox:
        number = outbox.add("pacs")
        outbox.run_until_settled()
        assert outbox.delivery(number).state == "expired"
        with FakePACS(SR, port=port) as pacs:
            with outbox.database.session() as session:
                retry_delivery(session, number, now=outbox.clock())
            outbox.run_until_settled()
            assert [item.sop_instance_uid for item in pacs.stored] == ["2.25.1"]
        assert outbox.delivery(number).state == "accepted"


def test_one_bad_document_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with FakePACS(SR, at_store=[0xC000, Mid.ABORT]) as pacs, outbox_for(tmp_path, pacs.port) as outbox:
        numbers = [outbox.add("pacs", number) for number in (1, 2, 3)]
        outbox.run_until_settled()
        assert [outbox.delivery(number).state for number in numbers] == ["refused", "accepted", "accepted"]
        assert sorted(item.sop_instance_uid for item in pacs.stored) == ["2.25.2", "2.25.3"]
