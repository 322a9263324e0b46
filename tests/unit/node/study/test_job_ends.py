"""A job that ends without effect leaves no study and no delivery waiting for it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import queue
from node.db.queue import ClaimedJob, OnGivenUp
from node.db.session import Database
from node.db.tables import Delivery, DeliveryState, Job, JobKind, JobState, Study, StudyState
from node.study.job_ends import analysis_given_up, delivery_given_up, documents_given_up, supersede_jobs
from tests.rows import NOW, add_deliveries, add_study, audited


def _give_up(database: Database, kind: JobKind, on_given_up: OnGivenUp, error: str = "no evidence") -> None:
    def claim(session: Session) -> ClaimedJob | None:
        queue.enqueue(session, kind, 1, study_id=1, revision=1, now=NOW)
        return queue.claim(session, (kind,), owner="me", now=NOW, lease_s=60)

    job = database.write(claim)
    assert job is not None
    database.write(lambda session: queue.fail(session, job, error=error, now=NOW, final=True, on_given_up=on_given_up))


def _study(database: Database) -> Study:
    with database.reading() as session:
        return session.scalars(select(Study)).one()


def _delivery(database: Database) -> Delivery:
    with database.reading() as session:
        return session.scalars(select(Delivery)).one()


@pytest.fixture(autouse=True)
def complete_study(database: Database) -> None:
    database.write(lambda session: add_study(session, state=StudyState.COMPLETE))


def test_an_analysis_given_up_fails_its_study(database: Database) -> None:
    _give_up(database, JobKind.ANALYSE_STUDY, analysis_given_up, "x" * 300)
    assert (_study(database).state, _study(database).failed_reason) == (StudyState.FAILED, "x" * 255)


def test_documents_that_cannot_be_built_call_a_person(database: Database) -> None:
    _give_up(database, JobKind.BUILD_DOCUMENTS, documents_given_up)
    assert (_study(database).state, _study(database).needs_person) == (StudyState.COMPLETE, True)
    assert audited(database)[-2:] == ["job_failed", "study_needs_person"]


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (DeliveryState.PENDING, DeliveryState.EXPIRED),
        (DeliveryState.SENDING, DeliveryState.EXPIRED),
        (DeliveryState.ACCEPTED, DeliveryState.ACCEPTED),
    ],
)
def test_a_delivery_given_up_expires_unless_it_ended(database: Database, state: DeliveryState, becomes: DeliveryState) -> None:
    database.write(lambda session: add_deliveries(session, 1, state))
    _give_up(database, JobKind.DELIVER, delivery_given_up)
    assert _delivery(database).state == becomes


def test_a_newer_revision_ends_all_jobs_but_a_delivery_being_sent(database: Database) -> None:
    """Also those of a kind that nothing here knows by name."""

    def fill(session: Session) -> None:
        add_deliveries(session, 1, DeliveryState.PENDING, DeliveryState.SENDING)
        for kind, subject_id in [(JobKind.ANALYSE_STUDY, 1), (JobKind.DELIVER, 1), (JobKind.DELIVER, 2)]:
            queue.enqueue(session, kind, subject_id, study_id=1, revision=1, now=NOW)
        session.add(Job(kind="another", subject="study 1", subject_id=1, study_id=1, state="todo", run_at=NOW, created_at=NOW))

    database.write(fill)
    database.write(lambda session: supersede_jobs(session, 1, now=NOW))
    with database.reading() as session:
        jobs = {(job.kind, job.subject_id): job.state for job in session.scalars(select(Job))}
        deliveries = [row.state for row in session.scalars(select(Delivery).order_by(Delivery.id))]
    assert jobs == {
        ("analyse_study", 1): JobState.DONE,
        ("another", 1): JobState.DONE,
        ("deliver", 1): JobState.DONE,
        ("deliver", 2): JobState.TODO,
    }
    assert deliveries == [DeliveryState.SUPERSEDED, DeliveryState.SENDING]
