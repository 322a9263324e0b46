"""What a person may do with a study: close it, and have it analysed again."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import queue
from node.db.session import Database
from node.db.tables import Delivery, DeliveryState, Job, JobKind, JobState, Receipt, Study, StudyState
from node.errors import InvalidTransition
from node.study import assembly
from tests.receiving_study import ReceivingStudy
from tests.rows import add_deliveries, audited


@pytest.fixture
def receiving(database: Database) -> ReceivingStudy:
    return ReceivingStudy(database)


def _reanalyse(receiving: ReceivingStudy) -> None:
    receiving.database.write(
        lambda session: assembly.reanalyse(session, session.get_one(Study, 1), now=receiving.now, max_attempts=7)
    )


def _close(receiving: ReceivingStudy) -> None:
    receiving.database.write(lambda session: assembly.close_by_hand(session, session.get_one(Study, 1), now=receiving.now))


@pytest.mark.parametrize(
    "before", [ReceivingStudy.close_and_analyse, ReceivingStudy.close_and_fail], ids=["analysed", "failed"]
)
def test_a_person_has_a_study_analysed_again(receiving: ReceivingStudy, before: Callable[[ReceivingStudy], None]) -> None:
    before(receiving)
    _reanalyse(receiving)
    study = receiving.study
    assert (study.state, study.revision, study.failed_reason) == (StudyState.COMPLETE, 2, None)
    assert receiving.jobs[-1] == ("analyse_study", "todo", 2)
    assert audited(receiving.database)[-2:] == ["study_reanalyse", "job_enqueued"]
    receiving.analyse()
    assert receiving.study.state == StudyState.ANALYSED


def test_the_documents_of_the_revision_before_are_not_built(receiving: ReceivingStudy) -> None:
    receiving.close_and_analyse()
    receiving.database.write(
        lambda session: queue.enqueue(session, JobKind.BUILD_DOCUMENTS, 1, study_id=1, revision=1, now=receiving.now).id
    )
    _reanalyse(receiving)
    assert ("build_documents", "done", 1) in receiving.jobs
    assert "job_superseded" in audited(receiving.database)


def test_what_a_person_was_asked_is_answered(receiving: ReceivingStudy) -> None:
    for _ in range(3):
        receiving.close_and_analyse()
    receiving.arrive()
    assert receiving.study.needs_person
    _reanalyse(receiving)
    assert not receiving.study.needs_person
    assert receiving.study.revision == 4, "a person's revision is not bounded"


def test_a_study_of_two_patients_still_needs_a_person(receiving: ReceivingStudy) -> None:
    receiving.arrive(patient_key="two")
    receiving.close_and_analyse()
    _reanalyse(receiving)
    assert receiving.study.needs_person


def test_a_study_without_images_fails_again(receiving: ReceivingStudy) -> None:
    receiving.arrive(Receipt.STORED, analysable=False)
    receiving.end()
    receiving.after(1000)
    _reanalyse(receiving)
    assert (receiving.study.state, receiving.study.failed_reason) == (StudyState.FAILED, assembly.NO_IMAGES)


@pytest.mark.parametrize("before", [ReceivingStudy.arrive, ReceivingStudy.close], ids=["receiving", "complete"])
def test_only_a_study_that_was_analysed_is_analysed_again(
    receiving: ReceivingStudy, before: Callable[[ReceivingStudy], None]
) -> None:
    before(receiving)
    with pytest.raises(InvalidTransition):
        _reanalyse(receiving)
    assert receiving.study.revision == 1


def test_a_person_does_not_wait_for_the_quiet_period(receiving: ReceivingStudy) -> None:
    receiving.arrive()
    _close(receiving)
    assert (receiving.study.state, receiving.study.completed_reason) == (StudyState.COMPLETE, assembly.BY_HAND)
    assert receiving.jobs == [("analyse_study", "todo", 1)]
    with pytest.raises(InvalidTransition):
        _close(receiving)


@pytest.mark.parametrize("next_revision", [_reanalyse, ReceivingStudy.arrive], ids=["analysed again", "late image"])
def test_what_nobody_sent_yet_of_the_revision_before_is_superseded(
    receiving: ReceivingStudy, next_revision: Callable[[ReceivingStudy], None]
) -> None:
    receiving.close_and_analyse()
    states = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.REFUSED)

    def add(session: Session) -> None:
        for delivery in add_deliveries(session, 1, *states):
            if delivery.state in (DeliveryState.PENDING, DeliveryState.SENDING):
                queue.enqueue(session, JobKind.DELIVER, delivery.id, study_id=1, revision=1, now=receiving.now)

    receiving.database.write(add)
    next_revision(receiving)
    with receiving.database.reading() as session:
        deliveries = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        jobs = session.scalars(select(Job.state).where(Job.kind == JobKind.DELIVER.value).order_by(Job.id)).all()
    assert [delivery.state for delivery in deliveries] == [DeliveryState.SUPERSEDED, *states[1:]]
    assert deliveries[0].finished_at == receiving.now
    assert jobs == [JobState.DONE, JobState.TODO], "the job of one being sent goes on"
    assert audited(receiving.database).count("delivery_superseded") == 1
