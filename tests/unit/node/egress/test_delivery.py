"""Attempts, backoff, expiry, reopening and lost leases, against a scripted sender: no sockets here."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from node.db import queue
from node.db.queue import ClaimedJob
from node.db.tables import AuditEntry
from node.egress import delivery, dicom_store
from node.egress.association import Peer
from node.egress.delivery import retry_delivery
from node.egress.outcomes import MAX_PROCESSING_FAILURES, Happening, StoreAnswer
from node.errors import DeliveryError, InvalidTransition, LeaseLost
from node.settings import DeliverySettings, Destination
from tests.outbox import LEASE_S, Outbox, document_bytes

PACS = Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=104)
SETTINGS = DeliverySettings(first_retry_s=5, max_retry_s=60, expire_after_s=600)

STORED = StoreAnswer(Happening.ANSWERED, "stored", 0x0000)
BUSY = StoreAnswer(Happening.ANSWERED, "out of resources", 0xA700)
DOWN = StoreAnswer(Happening.NOT_CONNECTED, "PACS cannot be reached")
FAILURE = StoreAnswer(Happening.ANSWERED, "processing failure", 0x0110)
NOT_AUTHORISED = StoreAnswer(Happening.ANSWERED, "not authorised", 0x0124)
WARNED = StoreAnswer(Happening.ANSWERED, "coerced", 0xB000)


class Killed(Exception):
    """Stands for the end of the process between the answer and the commit."""


class Sender:
    """Answers from a script, then always success; keeps what it was given."""

    def __init__(self) -> None:
        self.script: deque[StoreAnswer | Exception] = deque()
        self.sent: list[bytes] = []

    def __call__(self, path: Path, peer: Peer, *, deflated: bool) -> StoreAnswer:
        self.sent.append(path.read_bytes())
        answer = self.script.popleft() if self.script else STORED
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Sender:
    scripted = Sender()
    monkeypatch.setattr(dicom_store, "store", scripted)
    return scripted


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path, [PACS], SETTINGS) as made:
        yield made


def claimed(outbox: Outbox) -> ClaimedJob:
    job = outbox.claim()
    assert job is not None
    return job


def test_sends_the_stored_bytes(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    assert outbox.run() == 1
    done = outbox.delivery(number)
    assert (done.state, done.status, done.attempts) == ("accepted", "0x0000", 1)
    assert done.finished_at == outbox.clock.now
    assert sender.sent == [document_bytes("2.25.1")]
    assert outbox.events(number) == ["started", "accepted"]
    assert [job.state for job in outbox.jobs()] == ["done"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (STORED, "accepted"),
        (StoreAnswer(Happening.ANSWERED, "already there", 0x0111), "accepted"),
        (WARNED, "accepted_with_warning"),
        (NOT_AUTHORISED, "refused"),
        (StoreAnswer(Happening.REJECTED_PERMANENT, "unknown AE title"), "refused"),
        (StoreAnswer(Happening.NO_CONTEXT, "SOP class not accepted"), "refused"),
    ],
)
def test_final_answers_end_the_job(outbox: Outbox, sender: Sender, answer: StoreAnswer, state: str) -> None:
    number = outbox.add("pacs")
    sender.script.append(answer)
    outbox.run()
    done = outbox.delivery(number)
    status = None if answer.status is None else f"0x{answer.status:04X}"
    assert (done.state, done.status, done.detail) == (state, status, answer.detail)
    assert outbox.next_attempt_at() is None
    assert outbox.events(number) == ["started", state]


def test_transient_answers_are_tried_again_with_growing_pauses(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.extend([DOWN, BUSY, DOWN])
    pauses = []
    while (due := outbox.next_attempt_at()) is not None:
        pauses.append((due - outbox.clock.now).total_seconds())
        outbox.clock.now = due
        outbox.run()
    assert pauses == [0, 5, 10, 20]
    assert outbox.delivery(number).state == "accepted"
    assert outbox.events(number) == ["started", "postponed"] * 3 + ["started", "accepted"]
    assert sender.sent == [document_bytes("2.25.1")] * 4


def test_waits_as_pending_between_attempts(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.append(DOWN)
    assert outbox.run() == 1
    waiting = outbox.delivery(number)
    assert (waiting.state, waiting.detail, waiting.finished_at) == ("pending", DOWN.detail, None)
    outbox.clock.advance(4.9)
    assert outbox.run() == 0
    outbox.clock.advance(0.1)
    assert outbox.run() == 1


def test_every_attempt_is_audited_with_its_answer(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.append(BUSY)
    outbox.run_until_settled()
    started, postponed, again, accepted = outbox.audited(number)
    assert [entry.details["attempt"] for entry in (started, again)] == [1, 2]
    assert (postponed.details["status"], postponed.details["detail"]) == ("0xA700", BUSY.detail)
    assert accepted.details["destination"] == "pacs"
    assert {entry.study for entry in (started, postponed, again, accepted)} == {"study-1"}


def test_expires_and_says_what_the_last_answer_was(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.extend([DOWN] * 100)
    outbox.run_until_settled()
    gone = outbox.delivery(number)
    assert gone.state == "expired"
    assert gone.detail == f"given up after {gone.attempts} attempts; the last: {DOWN.detail}"
    assert outbox.clock.now - gone.created_at <= timedelta(seconds=SETTINGS.expire_after_s)
    assert len(sender.sent) == gone.attempts > 10  # more than any bound on a job's attempts
    assert outbox.events(number)[-2:] == ["started", "expired"]


def test_a_document_older_than_the_limit_still_gets_one_attempt(outbox: Outbox, sender: Sender) -> None:
    """The node itself was down: nothing has been tried yet."""
    number = outbox.add("pacs")
    outbox.clock.advance(10 * SETTINGS.expire_after_s)
    outbox.run()
    assert outbox.delivery(number).state == "accepted"


@pytest.mark.parametrize("interrupted", [False, True], ids=["waiting", "in the middle of an attempt"])
def test_after_a_long_time_off_every_delivery_gets_one_attempt(outbox: Outbox, sender: Sender, interrupted: bool) -> None:
    number = outbox.add("pacs")
    sender.script.append(Killed() if interrupted else DOWN)
    with suppress(Killed):
        outbox.run()
    outbox.clock.advance(10 * SETTINGS.expire_after_s)
    outbox.database.write(lambda session: queue.requeue_lost(session, now=outbox.clock()))
    outbox.run()
    assert (outbox.delivery(number).state, outbox.delivery(number).attempts) == ("accepted", 2)


def test_the_one_attempt_after_a_long_time_off_is_the_last(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.extend([DOWN] * 3)
    outbox.run()
    outbox.clock.advance(10 * SETTINGS.expire_after_s)
    outbox.run_until_settled()
    assert (outbox.delivery(number).state, outbox.delivery(number).attempts) == ("expired", 2)


@pytest.mark.slow
def test_processing_failures_are_bounded_and_a_down_time_does_not_count(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.extend([DOWN] * 8 + [FAILURE] * 20)
    outbox.run_until_settled()
    refused = outbox.delivery(number)
    assert (refused.state, refused.status) == ("refused", "0x0110")
    assert refused.attempts == 8 + MAX_PROCESSING_FAILURES


@pytest.mark.slow
def test_processing_failures_of_another_document_do_not_count(outbox: Outbox, sender: Sender) -> None:
    first, second = outbox.add("pacs", 1), outbox.add("pacs", 2)
    sender.script.extend([FAILURE] * (2 * MAX_PROCESSING_FAILURES - 2))
    outbox.run_until_settled()
    assert [outbox.delivery(number).state for number in (first, second)] == ["accepted", "accepted"]


@pytest.mark.slow
@pytest.mark.parametrize("answer", [NOT_AUTHORISED, DOWN])
def test_reopened_by_a_person_it_starts_anew(outbox: Outbox, sender: Sender, answer: StoreAnswer) -> None:
    number = outbox.add("pacs")
    sender.script.extend([answer] * 20)
    outbox.run_until_settled()
    tried = outbox.delivery(number).attempts
    sender.script.clear()
    outbox.clock.advance(30 * 86400)
    sender.script.append(DOWN)
    with outbox.database.session() as session:
        retry_delivery(session, number, now=outbox.clock())
    assert outbox.delivery(number).state == "pending"
    outbox.run_until_settled()
    done = outbox.delivery(number)
    assert (done.state, done.attempts) == ("accepted", tried + 2)
    assert outbox.events(number)[-5:] == ["reopened", "started", "postponed", "started", "accepted"]


def test_only_refused_and_expired_deliveries_are_reopened(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    with pytest.raises(InvalidTransition), outbox.database.session() as session:
        retry_delivery(session, number, now=outbox.clock())
    outbox.run()
    with pytest.raises(InvalidTransition), outbox.database.session() as session:
        retry_delivery(session, number, now=outbox.clock())
    assert len(outbox.jobs()) == 1


def test_no_such_delivery(outbox: Outbox) -> None:
    with pytest.raises(DeliveryError, match="deliveries list"), outbox.database.session() as session:
        retry_delivery(session, 99, now=outbox.clock())


def test_a_crash_after_the_answer_sends_the_same_bytes_again(outbox: Outbox, sender: Sender) -> None:
    """Sent, then the process died before the commit: the row says SENDING and the lease runs out."""
    number = outbox.add("pacs")
    sender.script.append(Killed())
    with pytest.raises(Killed):
        delivery.deliver(claimed(outbox), outbox.tools)
    assert outbox.delivery(number).state == "sending"

    outbox.clock.advance(LEASE_S + 1)
    outbox.database.write(lambda session: queue.requeue_lost(session, now=outbox.clock()))
    sender.script.append(StoreAnswer(Happening.ANSWERED, "already there", 0x0111))
    assert outbox.run() == 1
    assert outbox.delivery(number).state == "accepted"
    assert outbox.events(number) == ["started", "postponed", "started", "accepted"]
    assert sender.sent == [document_bytes("2.25.1")] * 2


def test_an_answer_that_comes_after_the_lease_was_lost_changes_nothing(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    slow = claimed(outbox)
    outbox.clock.advance(LEASE_S + 1)
    outbox.database.write(lambda session: queue.requeue_lost(session, now=outbox.clock()))
    second = claimed(outbox)
    with pytest.raises(LeaseLost):
        delivery.deliver(slow, outbox.tools)
    assert sender.sent == []
    assert outbox.delivery(number).state == "pending"
    delivery.deliver(second, outbox.tools)
    assert outbox.events(number) == ["started", "accepted"]


@pytest.mark.slow
def test_crashes_without_end_expire_too(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.extend(Killed() for _ in range(100))
    while (job := outbox.claim()) is not None:
        with suppress(Killed):
            delivery.deliver(job, outbox.tools)
        outbox.clock.advance(LEASE_S + 1)
        outbox.database.write(lambda session: queue.requeue_lost(session, now=outbox.clock()))
    assert outbox.delivery(number).state == "expired"
    assert [job.state for job in outbox.jobs()] == ["done"]
    assert len(sender.sent) == SETTINGS.expire_after_s // (LEASE_S + 1) + 2  # the last one after the time is up


def test_a_job_whose_document_has_arrived_already_ends_without_sending(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    outbox.run()
    with outbox.database.session() as session:
        row = session.get_one(delivery.Delivery, number)
        delivery.enqueue_delivery(session, row, now=outbox.clock())
    assert outbox.run() == 1
    assert len(sender.sent) == 1
    assert outbox.events(number) == ["started", "accepted"]


def test_a_destination_that_hangs_leaves_threads_to_the_others(outbox: Outbox, sender: Sender) -> None:
    hanging = [outbox.add("hanging", number) for number in (1, 2, 3)]
    healthy = outbox.add("pacs", 4)
    first, second, third = (claimed(outbox) for _ in range(3))
    assert [job.subject_id for job in (first, second, third)] == [*hanging[:2], healthy]
    assert outbox.claim() is None
    delivery.deliver(first, outbox.tools)
    assert claimed(outbox).subject_id == hanging[2]


def test_a_destination_that_left_the_configuration_is_refused_in_plain_words(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("old pacs")
    outbox.run()
    refused = outbox.delivery(number)
    assert refused.state == "refused"
    assert refused.detail == "the configuration has no destination 'old pacs' any more"
    assert sender.sent == []


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_document_is_never_sent(outbox: Outbox, sender: Sender, damage: str) -> None:
    number = outbox.add("pacs")
    path = outbox.archive.path(outbox.delivery(number).document.path)
    if damage == "changed":
        path.write_bytes(path.read_bytes() + b"\0\0")
    else:
        path.unlink()
    outbox.run()
    refused = outbox.delivery(number)
    assert refused.state == "refused"
    assert "stored document" in (refused.detail or "")
    assert sender.sent == []


def test_the_audit_trail_says_which_transfer_syntax_was_used(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.append(StoreAnswer(Happening.ANSWERED, "stored", 0x0000, transfer_syntax_uid="1.2.840.10008.1.2"))
    outbox.run()
    assert outbox.audited(number)[-1].details["transfer_syntax"] == "1.2.840.10008.1.2"


@pytest.mark.slow
def test_no_attempt_begins_after_the_expiry(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.extend([DOWN] * 100)
    begun_at = []
    while (due := outbox.next_attempt_at()) is not None:
        outbox.clock.now = due
        begun_at.append((due - outbox.delivery(number).created_at).total_seconds())
        outbox.run()
    assert begun_at[-1] <= SETTINGS.expire_after_s < begun_at[-1] + SETTINGS.max_retry_s


@pytest.mark.slow
def test_reopened_by_a_person_its_processing_failures_count_anew(outbox: Outbox, sender: Sender) -> None:
    number = outbox.add("pacs")
    sender.script.extend([FAILURE] * (2 * MAX_PROCESSING_FAILURES - 1))
    outbox.run_until_settled()
    with outbox.database.session() as session:
        retry_delivery(session, number, now=outbox.clock())
    outbox.run_until_settled()
    assert outbox.delivery(number).state == "accepted"


def test_the_audit_trail_is_written_never_read(outbox: Outbox, sender: Sender) -> None:
    """Counts are columns: a trail that was exported and cut must not change what becomes of a delivery."""
    number = outbox.add("pacs")
    sender.script.extend([FAILURE] * MAX_PROCESSING_FAILURES)
    while (due := outbox.next_attempt_at()) is not None:
        outbox.clock.now = due
        outbox.run()
        with outbox.database.session() as session:
            session.execute(delete(AuditEntry))
    assert outbox.delivery(number).attempts == MAX_PROCESSING_FAILURES
    assert outbox.delivery(number).state == "refused"
