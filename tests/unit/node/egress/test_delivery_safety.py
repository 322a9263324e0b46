"""What must not leave the node any more: documents of an older revision, documents of a study with several patients."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from node.db.audit import AuditEvent
from node.db.tables import AuditEntry, Instance, Receipt, Study
from node.egress import dicom_store
from node.egress.association import Peer
from node.egress.delivery import retry_delivery
from node.egress.outcomes import Happening, StoreAnswer
from node.settings import DeliverySettings, Destination
from tests.outbox import Outbox

PACS = Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=104)
DOWN = StoreAnswer(Happening.NOT_CONNECTED, "PACS cannot be reached")
STORED = StoreAnswer(Happening.ANSWERED, "stored", 0x0000)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[StoreAnswer]:
    """What the sender will answer; a sender without an answer left was not expected to be asked."""
    script: list[StoreAnswer] = []

    def store(path: Path, peer: Peer, *, deflated: bool) -> StoreAnswer:
        return script.pop(0)

    monkeypatch.setattr(dicom_store, "store", store)
    return script


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path, [PACS], DeliverySettings(first_retry_s=5, max_retry_s=60, expire_after_s=600)) as made:
        yield made


def reopen_study(outbox: Outbox) -> None:
    """The study alone, as if the reopening had found the delivery in the middle of an attempt."""
    with outbox.database.session() as session:
        session.scalars(select(Study)).one().revision += 1


def receive(outbox: Outbox, *patient_keys: str) -> None:
    with outbox.database.session() as session:
        study_id = session.scalars(select(Study.id)).one()
        for number, key in enumerate(patient_keys):
            row = Instance(
                study_id=study_id, receipt=Receipt.STORED.value, sop_instance_uid=f"2.25.50{number}", patient_key=key,
                transfer_syntax_uid="1.2.840.10008.1.2.1", size_bytes=1, sha256="", calling_aet="CART",
                received_at=outbox.clock(),
            )  # fmt: skip
            session.add(row)


def study(outbox: Outbox) -> Study:
    with outbox.database.reading() as session:
        return session.scalars(select(Study)).one()


def test_a_document_of_an_older_revision_is_not_sent(outbox: Outbox, answers: list[StoreAnswer]) -> None:
    number = outbox.add("pacs")
    reopen_study(outbox)
    assert outbox.run() == 1
    ended = outbox.delivery(number)
    assert (ended.state, ended.attempts, ended.finished_at) == ("superseded", 0, outbox.clock.now)
    assert ended.detail == "not sent: the study was reopened, its next revision takes the place of this document"
    assert outbox.events(number) == ["superseded"]
    assert [job.state for job in outbox.jobs()] == ["done"]


def test_a_study_reopened_while_its_document_waits_for_another_attempt(outbox: Outbox, answers: list[StoreAnswer]) -> None:
    number = outbox.add("pacs")
    answers.append(DOWN)
    outbox.run()
    reopen_study(outbox)
    outbox.run_until_settled()
    assert outbox.delivery(number).state == "superseded"
    assert outbox.events(number) == ["started", "postponed", "superseded"]


def test_an_older_refused_document_is_not_sent_by_retrying_it_either(outbox: Outbox, answers: list[StoreAnswer]) -> None:
    number = outbox.add("pacs")
    answers.append(StoreAnswer(Happening.ANSWERED, "not authorised", 0x0124))
    outbox.run()
    reopen_study(outbox)
    with outbox.database.session() as session:
        retry_delivery(session, number, now=outbox.clock())
    outbox.run()
    assert outbox.delivery(number).state == "superseded"


def test_nothing_is_sent_of_a_study_that_has_several_patients_by_now(outbox: Outbox, answers: list[StoreAnswer]) -> None:
    numbers = [outbox.add("pacs", number) for number in (1, 2)]
    receive(outbox, "p1", "p2")
    outbox.run_until_settled()
    for number in numbers:
        refused = outbox.delivery(number)
        assert (refused.state, refused.detail) == ("refused", "not sent: several patient identifiers in one study")
        assert outbox.events(number) == ["started", "refused"]
    assert study(outbox).needs_person
    with outbox.database.reading() as session:
        asked = session.scalars(select(AuditEntry).where(AuditEntry.event == AuditEvent.STUDY_NEEDS_PERSON)).all()
    assert [entry.details["reason"] for entry in asked] == ["documents withheld: several patient identifiers in one study"]


def test_the_documents_of_one_patient_go_out(outbox: Outbox, answers: list[StoreAnswer]) -> None:
    number = outbox.add("pacs")
    receive(outbox, "p1", "p1")
    answers.append(STORED)
    outbox.run()
    assert outbox.delivery(number).state == "accepted"
    assert not study(outbox).needs_person


@pytest.mark.parametrize(
    "now_is",
    [
        Destination(name="pacs", kind="hl7", host="127.0.0.1", port=2575, documents=("oru",)),
        Destination(name="pacs", kind="folder", path="out", documents=("oru",)),
    ],
)
def test_a_destination_of_another_kind_gets_nothing_that_it_does_not_take(tmp_path: Path, now_is: Destination) -> None:
    """An SR would have gone out as an HL7 message to the receiver that has its name now."""
    with Outbox(tmp_path, [now_is], DeliverySettings()) as outbox:
        number = outbox.add("pacs", template="tid1500" if now_is.kind == "hl7" else "gone")
        outbox.run()
        ended = outbox.delivery(number)
    assert ended.state == "refused"
    assert ended.detail == f"'pacs' is of kind '{now_is.kind}' now, which takes no {ended.document.template}"
