"""When a study closes, why, and what reopens it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from node.db import queue
from node.db.session import Database
from node.db.tables import Instance, Job, JobKind, JobState, Receipt, ReceivingAssociation, Study, StudyState
from node.errors import InvalidTransition, LeaseLost
from node.study import assembly
from node.study.assembly import Source
from tests.receiving_study import CART, ReceivingStudy
from tests.rows import NOW, audited

CLOSED = (ReceivingStudy.close, ReceivingStudy.close_and_analyse, ReceivingStudy.close_and_fail)


@pytest.fixture
def receiving(database: Database) -> ReceivingStudy:
    return ReceivingStudy(database)


def test_the_first_arrival_opens_the_study(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    study = receiving.study
    assert (study.state, study.revision, study.source_rule, study.quiet_s) == (StudyState.RECEIVING, 1, "lab", 60)
    assert len(study.pseudonym) == 32
    assert "2.25.1" not in study.pseudonym
    assert audited(receiving.database) == ["study_opened"]


def test_a_quiet_study_is_closed_once_with_its_job(receiving: ReceivingStudy) -> None:
    receiving.close()
    assert receiving.study.completed_reason == assembly.QUIET
    assert receiving.study.completed_at == receiving.now
    assert receiving.jobs == [("analyse_study", "todo", 1)]
    assert receiving.after(1000) == []
    assert audited(receiving.database) == ["study_opened", "study_closed", "job_enqueued"]


def test_the_quiet_period_runs_from_the_last_arrival(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    assert receiving.after(40) == []
    receiving.arrive()
    receiving.end()
    assert receiving.after(59) == []
    assert receiving.after(1) == [1]


def test_the_quiet_period_does_not_elapse_while_an_association_is_open(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    assert receiving.after(500) == []
    receiving.end()
    assert receiving.after(59) == []
    assert receiving.after(1) == [1]


def test_every_open_association_counts(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    receiving.arrive(source=Source("CART", "lab", "association-2", 60))
    receiving.end("association-1")
    assert receiving.after(100) == []
    receiving.end("association-2")
    assert receiving.after(60) == [1]


def test_an_association_of_another_study_does_not_count(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    receiving.end()

    def other(session: Session) -> None:
        study = assembly.open_study(session, "2.25.9", CART, now=NOW)
        instance = Instance(
            study_id=study.id, receipt="stored", analysable=True, transfer_syntax_uid="1", size_bytes=1, sha256="0",
            calling_aet="CART", received_at=NOW,
        )  # fmt: skip
        session.add(instance)
        assembly.note_arrival(session, study, CART, counts=True, now=NOW, max_revisions=3)

    receiving.database.write(other)
    assert receiving.after(60) == [1]


def test_a_crash_leaves_no_association_open(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    receiving.restart()
    assert receiving.after(60) == [1]


def test_a_restart_gives_senders_their_quiet_period_to_come_back(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    receiving.now += timedelta(seconds=500)
    receiving.restart()
    assert receiving.after(59) == []
    assert receiving.after(1) == [1]


def test_a_restart_keeps_closed_studies_closed(receiving: ReceivingStudy) -> None:
    receiving.close()
    before = receiving.study.last_arrival_at
    receiving.now += timedelta(seconds=500)
    receiving.restart()
    assert receiving.study.last_arrival_at == before


def test_a_study_that_cannot_be_closed_holds_up_no_other(receiving: ReceivingStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        source = Source("CART", "lab", f"association-{number}", 60)
        receiving.arrive(source=source, study_instance_uid=f"2.25.{number}")
        receiving.end(f"association-{number}")
    enqueue = queue.enqueue

    def enqueue_but_one(session: Session, kind: JobKind, subject_id: int, **options: Any) -> Job:
        if subject_id == 2:
            raise InvalidTransition
        return enqueue(session, kind, subject_id, **options)

    monkeypatch.setattr(queue, "enqueue", enqueue_but_one)
    assert receiving.after(60) == [1, 3]
    monkeypatch.undo()
    assert receiving.after(1) == [2], "nothing of its first attempt was kept"
    assert audited(receiving.database).count("study_closed") == 3


def test_a_study_open_for_too_long_is_closed_by_force(receiving: ReceivingStudy) -> None:
    for _ in range(19):
        receiving.arrive()
        assert receiving.after(50) == []
    assert receiving.after(50) == [1]
    assert receiving.study.completed_reason == assembly.FORCED


def test_the_longest_quiet_period_of_its_sources_holds(receiving: ReceivingStudy) -> None:
    receiving.arrive(source=Source("PACS", "pacs", "association-2", quiet_s=10))
    receiving.arrive(source=Source("CART", "lab", "association-3", quiet_s=100))
    receiving.end("association-2")
    receiving.end("association-3")
    assert receiving.after(99) == []
    assert receiving.after(1) == [1]


def test_other_classes_neither_complete_nor_prolong(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    receiving.end()
    assert receiving.after(40) == []
    receiving.arrive(analysable=False)
    receiving.database.write(lambda session: session.execute(delete(ReceivingAssociation)))
    assert receiving.after(20) == [1]


def test_a_study_without_images_fails_with_the_reason(receiving: ReceivingStudy) -> None:
    receiving.arrive(analysable=False)
    receiving.end()
    assert receiving.after(900) == []
    assert receiving.after(100) == [1]
    assert (receiving.study.state, receiving.study.failed_reason) == (StudyState.FAILED, assembly.NO_IMAGES)
    assert receiving.jobs == []


@pytest.mark.parametrize("before", CLOSED, ids=["complete", "analysed", "failed"])
@pytest.mark.parametrize("receipt", [Receipt.STORED, Receipt.HEADER_CHANGED, Receipt.CONFLICT])
def test_a_late_image_opens_the_next_revision(
    receiving: ReceivingStudy, before: Callable[[ReceivingStudy], None], receipt: Receipt
) -> None:
    before(receiving)
    receiving.arrive(receipt)
    study = receiving.study
    assert (study.state, study.revision, study.completed_at, study.failed_reason) == (StudyState.RECEIVING, 2, None, None)
    receiving.end()
    assert receiving.after(60) == [1]
    assert receiving.jobs[-1] == ("analyse_study", "todo", 2)


@pytest.mark.parametrize("before", CLOSED, ids=["complete", "analysed", "failed"])
@pytest.mark.parametrize("arrival", [{"receipt": Receipt.DUPLICATE}, {"analysable": False}], ids=["duplicate", "another class"])
def test_nothing_else_reopens(
    receiving: ReceivingStudy, before: Callable[[ReceivingStudy], None], arrival: dict[str, Any]
) -> None:
    before(receiving)
    state = receiving.study.state
    receiving.arrive(**arrival)
    assert (receiving.study.state, receiving.study.revision) == (state, 1)


def test_a_late_image_brings_its_source(receiving: ReceivingStudy) -> None:
    receiving.close()
    receiving.arrive(source=Source("ROOM", "modality", "association-2", quiet_s=900))
    receiving.end("association-2")
    study = receiving.study
    assert (study.quiet_s, study.source_rule, study.calling_aet) == (900, "modality", "ROOM")
    assert receiving.after(899) == []
    assert receiving.after(1) == [1]


def test_the_running_analysis_of_an_older_revision_has_no_effect(receiving: ReceivingStudy) -> None:
    receiving.close()
    claim = queue.claim
    job = receiving.database.write(
        lambda session: claim(session, (JobKind.ANALYSE_STUDY,), owner="me", now=receiving.now, lease_s=60)
    )
    assert job is not None
    receiving.arrive()
    with pytest.raises(LeaseLost):
        receiving.database.write(lambda session: queue.finish(session, job, now=receiving.now))
    assert receiving.jobs == [("analyse_study", JobState.DONE, 1)]
    assert "job_superseded" in audited(receiving.database)


def test_the_analysis_waiting_for_an_older_revision_is_not_run(receiving: ReceivingStudy) -> None:
    receiving.close()
    receiving.arrive()
    now = receiving.now
    assert (
        receiving.database.write(lambda session: queue.claim(session, tuple(JobKind), owner="me", now=now, lease_s=60)) is None
    )


def test_revisions_are_bounded_then_a_person_decides(receiving: ReceivingStudy) -> None:
    for revision in (1, 2, 3):
        receiving.close_and_analyse()
        assert receiving.study.revision == revision
        assert not receiving.study.needs_person
    receiving.arrive()
    assert (receiving.study.state, receiving.study.revision) == (StudyState.ANALYSED, 3)
    assert receiving.study.needs_person
    receiving.arrive()
    assert audited(receiving.database).count("study_needs_person") == 1, "asked once"


def test_two_patients_in_one_study_call_a_person(receiving: ReceivingStudy) -> None:
    receiving.arrive(patient_key="one")
    receiving.arrive(patient_key="two")
    receiving.end()
    assert receiving.after(60) == [1]
    assert receiving.study.needs_person
    assert receiving.study.state == StudyState.COMPLETE, "the images are analysed; the documents stay"
    assert audited(receiving.database).count("study_needs_person") == 1


@pytest.mark.parametrize(
    ("arrivals", "several"),
    [
        ([{"patient_key": "one"}, {"patient_key": None}], False),
        ([{"patient_key": None}], False),
        ([{"sop_instance_uid": "a"}, {"sop_instance_uid": "a", "patient_key": "two"}], False),
        ([{"sop_instance_uid": "a"}, {"sop_instance_uid": "b"}, {"sop_instance_uid": "a", "patient_key": "two"}], True),
        ([{}, {"receipt": Receipt.DUPLICATE, "patient_key": "two"}], False),
    ],
    ids=["one unknown", "all unknown", "corrected", "half corrected", "duplicates do not speak"],
)
def test_patients_are_compared_over_the_newest_headers(
    receiving: ReceivingStudy, arrivals: list[dict[str, Any]], several: bool
) -> None:
    for arrival in arrivals:
        receiving.arrive(**arrival)
    with receiving.database.reading() as session:
        assert bool(assembly.patient_verdict(session, 1).withhold) is several


def test_closing_a_closed_study_is_refused(receiving: ReceivingStudy) -> None:
    receiving.close()
    with pytest.raises(InvalidTransition):
        receiving.database.write(
            lambda session: assembly.close_study(session, session.get_one(Study, 1), reason=assembly.BY_HAND, now=NOW)
        )


def test_closing_and_its_job_are_one_transaction(receiving: ReceivingStudy) -> None:
    receiving.arrive()

    def change(session: Session) -> None:
        assembly.close_study(session, session.get_one(Study, 1), reason=assembly.BY_HAND, now=NOW)
        raise LookupError

    with pytest.raises(LookupError):
        receiving.database.write(change)
    assert (receiving.study.state, receiving.jobs) == (StudyState.RECEIVING, [])


def test_studies_opened_beside_each_other_are_one(database: Database) -> None:
    def arrive(number: int) -> int:
        source = Source("CART", "lab", f"association-{number}", 60)
        return database.write(lambda session: assembly.open_study(session, "2.25.1", source, now=NOW).id)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(arrive, range(24))) == {1}
    assert audited(database) == ["study_opened"]
