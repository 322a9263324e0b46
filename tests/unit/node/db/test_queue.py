"""The job table: one worker a job, one job a subject, nothing lost when a worker dies, no effect of a worker that came late."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from node.db import queue
from node.db.queue import Backoff, ClaimedJob
from node.db.session import Database
from node.db.tables import Job, JobKind, JobState, Study, StudyState
from node.errors import LeaseLost
from tests.rows import NOW, add_study, audited

ANALYSE, BUILD, DELIVER = JobKind.ANALYSE_STUDY, JobKind.BUILD_DOCUMENTS, JobKind.DELIVER
LATER = NOW + timedelta(seconds=100)


def _add(database: Database, kind: JobKind = ANALYSE, *, number: int = 1, **options: float | str) -> int:
    def change(session: Session) -> int:
        study = session.get(Study, number) or add_study(session, number, StudyState.COMPLETE)
        return queue.enqueue(session, kind, number, study_id=study.id, revision=1, now=NOW, **options).id  # type: ignore[arg-type]

    return database.write(change)


def _claim(database: Database, *kinds: JobKind, owner: str = "me", after_s: float = 0) -> ClaimedJob | None:
    now = NOW + timedelta(seconds=after_s)
    return database.write(lambda session: queue.claim(session, kinds or (ANALYSE,), owner=owner, now=now, lease_s=60))


def _claimed(database: Database, *kinds: JobKind, **options: float) -> ClaimedJob:
    job = _claim(database, *kinds, **options)  # type: ignore[arg-type]
    assert job is not None
    return job


def _job(database: Database, job_id: int = 1) -> Job:
    with database.reading() as session:
        return session.get_one(Job, job_id)


def test_a_job_is_claimed_once(database: Database) -> None:
    job_id = _add(database)
    job = _claimed(database)
    assert (job.id, job.kind, job.subject_id, job.attempt, job.fencing_token) == (job_id, ANALYSE, 1, 1, 1)
    assert _claim(database) is None
    assert audited(database) == ["job_enqueued", "job_claimed"]


def test_racing_workers_share_the_jobs_without_overlap(database: Database) -> None:
    for number in range(1, 25):
        _add(database, number=number)

    def claim_all(owner: str) -> list[int]:
        claimed = []
        while job := _claim(database, owner=owner):
            claimed.append(job.id)
        return claimed

    with ThreadPoolExecutor(6) as pool:
        shares = list(pool.map(claim_all, "abcdef"))
    together = [job_id for share in shares for job_id in share]
    assert sorted(together) == list(range(1, 25))


def test_the_job_due_longest_comes_first(database: Database) -> None:
    _add(database, number=1, delay_s=20)
    _add(database, number=2, delay_s=10)
    assert _claim(database, after_s=5) is None
    assert [_claimed(database, after_s=30).subject_id for _ in range(2)] == [2, 1]


def test_a_reader_sees_whether_anything_is_due(database: Database) -> None:
    _add(database, delay_s=50)

    def due(*kinds: JobKind, after_s: float) -> bool:
        with database.reading() as session:
            return queue.anything_due(session, kinds, NOW + timedelta(seconds=after_s))

    assert not due(ANALYSE, after_s=49)
    assert due(ANALYSE, after_s=50)
    assert not due(BUILD, DELIVER, after_s=50)
    _claimed(database, after_s=50)
    assert not due(ANALYSE, after_s=50)


def test_only_the_kinds_asked_for_are_claimed(database: Database) -> None:
    _add(database, BUILD)
    assert _claim(database, ANALYSE, DELIVER) is None
    assert _claimed(database, ANALYSE, BUILD).kind is BUILD


def test_a_second_job_for_an_active_subject_is_the_first_one(database: Database) -> None:
    first = _add(database)
    assert _add(database) == first
    _claimed(database)
    assert _add(database) == first, "also while it runs"
    assert audited(database).count("job_enqueued") == 1


def test_a_finished_subject_may_be_queued_again(database: Database) -> None:
    first = _add(database)
    job = _claimed(database)
    database.write(lambda session: queue.finish(session, job, now=LATER))
    assert _add(database) != first


def test_enqueueing_is_undone_with_its_transaction(database: Database) -> None:
    def change(session: Session) -> None:
        study = add_study(session)
        queue.enqueue(session, ANALYSE, 1, study_id=study.id, revision=1, now=NOW)
        raise LeaseLost

    with pytest.raises(LeaseLost):
        database.write(change)
    assert _claim(database) is None
    assert audited(database) == []


def test_finishing_ends_the_job(database: Database) -> None:
    _add(database)
    job = _claimed(database)
    database.write(lambda session: queue.finish(session, job, now=LATER))
    row = _job(database)
    assert (row.state, row.finished_at, row.lease_until, row.error) == (JobState.DONE, LATER, None, None)


Effect = Callable[[Session, ClaimedJob], object]
EFFECTS: list[Effect] = [
    lambda session, job: queue.finish(session, job, now=LATER),
    lambda session, job: queue.heartbeat(session, job, now=LATER, lease_s=60),
    lambda session, job: queue.fail(session, job, error="late", now=LATER),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=["finish", "heartbeat", "fail"])
@pytest.mark.parametrize(
    "stranger",
    [
        lambda job: replace(job, fencing_token=job.fencing_token - 1),
        lambda job: replace(job, owner="another"),
        lambda job: replace(job, revision=job.revision + 1),
        lambda job: replace(job, id=job.id + 1),
    ],
    ids=["token", "owner", "revision", "job"],
)
def test_only_the_holder_has_an_effect(
    database: Database, effect: Effect, stranger: Callable[[ClaimedJob], ClaimedJob]
) -> None:
    _add(database)
    job = _claimed(database)
    before = audited(database)
    with pytest.raises(LeaseLost):
        database.write(lambda session: effect(session, stranger(job)))
    assert _job(database).state == JobState.DOING
    assert audited(database) == before


@pytest.mark.parametrize("effect", EFFECTS, ids=["finish", "heartbeat", "fail"])
def test_a_finished_job_has_no_holder(database: Database, effect: Effect) -> None:
    _add(database)
    job = _claimed(database)
    database.write(lambda session: queue.finish(session, job, now=LATER))
    with pytest.raises(LeaseLost):
        database.write(lambda session: effect(session, job))


def test_a_worker_that_lost_its_lease_changes_nothing(database: Database) -> None:
    _add(database)
    slow = _claimed(database)
    assert database.write(lambda session: queue.requeue_lost(session, now=LATER)) == 1
    quick = _claimed(database, after_s=100)
    assert quick.fencing_token > slow.fencing_token
    with pytest.raises(LeaseLost):
        database.write(lambda session: queue.finish(session, slow, now=LATER))
    database.write(lambda session: queue.finish(session, quick, now=LATER))
    assert _job(database).state == JobState.DONE


def test_a_heartbeat_keeps_the_job(database: Database) -> None:
    _add(database)
    job = _claimed(database)
    database.write(lambda session: queue.heartbeat(session, job, now=NOW + timedelta(seconds=50), lease_s=60))
    assert database.write(lambda session: queue.requeue_lost(session, now=NOW + timedelta(seconds=100))) == 0
    assert database.write(lambda session: queue.requeue_lost(session, now=NOW + timedelta(seconds=111))) == 1


def test_a_failed_attempt_is_tried_again_when_said(database: Database) -> None:
    _add(database)
    job = _claimed(database)
    database.write(lambda session: queue.fail(session, job, error="DiskFull", now=NOW, retry_at=LATER))
    assert (_job(database).state, _job(database).error) == (JobState.TODO, "DiskFull")
    assert _claim(database, after_s=99) is None
    assert _claimed(database, after_s=100).attempt == 2


class Ends:
    """Notes the jobs that were given up, in the transaction that ends them."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []

    def __call__(self, session: Session, job: Job, error: str, now: datetime) -> None:
        assert session.get_one(Job, job.id).finished_at == now
        self.seen.append((job.subject_id, error))


def test_a_final_error_fails_the_job(database: Database) -> None:
    _add(database)
    job, ends = _claimed(database), Ends()
    database.write(
        lambda session: queue.fail(session, job, error="no evidence", now=LATER, final=True, retry_at=LATER, on_given_up=ends)
    )
    assert _job(database).state == JobState.FAILED
    assert ends.seen == [(1, "no evidence")]


def test_what_the_end_of_a_job_does_is_undone_with_it(database: Database) -> None:
    _add(database)
    job = _claimed(database)

    def broken(session: Session, job: Job, error: str, now: datetime) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        database.write(lambda session: queue.fail(session, job, error="e", now=LATER, on_given_up=broken))
    assert _job(database).state == JobState.DOING


def test_attempts_used_up_by_dying_workers_end_the_job(database: Database) -> None:
    _add(database, max_attempts=2)
    ends = Ends()
    for attempt in (1, 2):
        assert _claimed(database, after_s=200 * attempt).attempt == attempt
        lost_at = NOW + timedelta(seconds=200 * attempt + 61)
        database.write(lambda session, lost_at=lost_at: queue.requeue_lost(session, now=lost_at, on_given_up={ANALYSE: ends}))
    assert _job(database).state == JobState.DEAD
    assert ends.seen == [(1, "the worker stopped reporting")]


def test_few_jobs_of_one_concurrency_key_run_at_the_same_time(database: Database) -> None:
    for number in (1, 2, 3):
        _add(database, DELIVER, number=number, concurrency_key="hangs")
    _add(database, DELIVER, number=4, concurrency_key="another")
    _add(database, BUILD, number=5, concurrency_key="hangs")
    running = [_claimed(database, DELIVER) for _ in range(3)]
    assert [job.subject_id for job in running] == [1, 2, 4]
    assert _claim(database, DELIVER) is None
    assert _claimed(database, BUILD).subject_id == 5, "of another kind"
    database.write(lambda session: queue.finish(session, running[0], now=LATER))
    assert _claimed(database, DELIVER).subject_id == 3


def test_superseded_jobs_end_without_effect(database: Database) -> None:
    for kind in (ANALYSE, BUILD, DELIVER):
        _add(database, kind)
    running = _claimed(database, ANALYSE)
    assert database.write(lambda session: queue.supersede(session, Job.kind != DELIVER.value, now=LATER)) == 2
    with pytest.raises(LeaseLost):
        database.write(lambda session: queue.finish(session, running, now=LATER))
    assert _claim(database, BUILD, after_s=200) is None
    assert _claimed(database, DELIVER).kind is DELIVER, "what does not fit goes on"
    assert _add(database, ANALYSE) != running.id


@pytest.mark.parametrize(("attempt", "pause_s"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (10_000, 300)])
def test_pauses_double_up_to_the_longest(attempt: int, pause_s: float) -> None:
    assert Backoff(2, 300).next_at(attempt, NOW) == NOW + timedelta(seconds=pause_s)


def test_the_log_context_names_the_study_by_pseudonym(database: Database) -> None:
    _add(database)
    context = _claimed(database).log_context()
    assert context == "job 1 analyse_study 1, study study-1, attempt 1"
