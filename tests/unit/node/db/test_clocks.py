"""Jobs, leases and their times while somebody sets the wall clock; two clocks that tests move by hand."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from node.db import job_times, queue
from node.db.clocks import ClockWatch, Stillness
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import Job, JobKind, JobState
from tests.rows import NOW, add_study
from tests.two_clocks import TwoClocks

KIND = JobKind.ANALYSE_STUDY
LEASE_S, LONGEST_PAUSE_S = 60.0, 600.0
HOUR_S, DECADE_S = 3600.0, 10 * 365.25 * 86400


@pytest.fixture
def clocks() -> TwoClocks:
    return TwoClocks(NOW)


def add_job(database: Database, now: datetime, attempts: int = 0, pause_s: float = 0) -> Job:
    """A job made now; one with attempts waits for its next."""

    def change(session: Session) -> Job:
        study = add_study(session)
        job = queue.enqueue(session, KIND, study.id, study_id=study.id, revision=1, now=now)
        job.attempts, job.run_at = attempts, now + timedelta(seconds=pause_s)
        return job

    return database.write(change)


def claim(database: Database, clocks: TwoClocks) -> ClaimedJob | None:
    return database.write(lambda session: queue.claim(session, (KIND,), owner="me", now=clocks.wall(), lease_s=LEASE_S))


def follow(database: Database, clocks: TwoClocks, watch: ClockWatch) -> None:
    if jump_s := watch.jump_s():
        now = clocks.wall()
        database.write(lambda session: job_times.follow_clock(session, now=now, jump_s=jump_s, longest_pause_s=LONGEST_PAUSE_S))


def test_the_watch_tells_a_set_clock_from_time_that_passes(clocks: TwoClocks) -> None:
    watch = ClockWatch(clocks.wall, clocks.monotonic)
    clocks.pass_s(10 * HOUR_S)
    assert watch.jump_s() == 0
    clocks.set_by(-HOUR_S)
    clocks.pass_s(0.5)
    assert watch.jump_s() == pytest.approx(-HOUR_S)
    assert watch.jump_s() == 0
    clocks.set_by(0.3)  # slewed
    assert watch.jump_s() == 0


def test_stillness_asks_the_wall_clock_only_at_first_sight(clocks: TwoClocks) -> None:
    stillness = Stillness(clocks.monotonic)
    assert stillness.unchanged_s("old", 1, stored_s=50) == 50
    assert stillness.unchanged_s("future", 1, stored_s=-HOUR_S) == 0
    stillness.end_round()
    clocks.pass_s(5)
    assert stillness.unchanged_s("old", 1, stored_s=HOUR_S) == 55
    assert stillness.unchanged_s("new", 1, stored_s=HOUR_S) == 0
    assert stillness.unchanged_s("old", 2, stored_s=HOUR_S) == 0
    clocks.pass_s(5)
    assert stillness.unchanged_s("old", 2, stored_s=HOUR_S) == 5


def test_stillness_forgets_what_nobody_asks_for(clocks: TwoClocks) -> None:
    stillness = Stillness(clocks.monotonic)
    for number in range(100):
        stillness.unchanged_s(number, 1, 0)
        clocks.pass_s(HOUR_S)
        stillness.end_round()
    assert len(stillness._seen) <= 1


@pytest.mark.parametrize("jump_s", [-HOUR_S, -DECADE_S, -30.0])
def test_a_job_made_before_the_clock_was_set_back_runs_at_once(database: Database, clocks: TwoClocks, jump_s: float) -> None:
    watch = ClockWatch(clocks.wall, clocks.monotonic)
    add_job(database, clocks.wall())
    clocks.set_by(jump_s)
    clocks.pass_s(0.5)
    assert claim(database, clocks) is None
    follow(database, clocks, watch)
    assert claim(database, clocks) is not None


@pytest.mark.parametrize("jump_s", [-DECADE_S, -HOUR_S, -30.0, 30.0, HOUR_S, DECADE_S])
def test_a_pause_is_as_long_as_it_was(database: Database, clocks: TwoClocks, jump_s: float) -> None:
    watch = ClockWatch(clocks.wall, clocks.monotonic)
    add_job(database, clocks.wall(), attempts=1, pause_s=100)
    clocks.pass_s(20)
    assert watch.jump_s() == 0
    clocks.set_by(jump_s)
    follow(database, clocks, watch)
    clocks.pass_s(79)
    assert claim(database, clocks) is None
    clocks.pass_s(1.5)
    assert claim(database, clocks) is not None


@pytest.mark.parametrize("jump_s", [-HOUR_S, HOUR_S])
def test_a_job_made_between_the_jump_and_its_discovery_runs_at_once(
    database: Database, clocks: TwoClocks, jump_s: float
) -> None:
    watch = ClockWatch(clocks.wall, clocks.monotonic)
    clocks.set_by(jump_s)
    clocks.pass_s(0.2)
    add_job(database, clocks.wall())
    clocks.pass_s(0.2)
    follow(database, clocks, watch)
    assert claim(database, clocks) is not None


@pytest.mark.parametrize("jump_s", [-DECADE_S, -HOUR_S, HOUR_S, DECADE_S])
def test_a_job_keeps_its_age(database: Database, clocks: TwoClocks, jump_s: float) -> None:
    """Else every waiting delivery would be given up when the clock is put right."""
    watch = ClockWatch(clocks.wall, clocks.monotonic)
    add_job(database, clocks.wall())
    clocks.pass_s(100)
    watch.jump_s()
    clocks.set_by(jump_s)
    follow(database, clocks, watch)
    with database.reading() as session:
        assert (clocks.wall() - session.get_one(Job, 1).created_at).total_seconds() == pytest.approx(100)


def test_at_start_nothing_was_made_in_the_future(database: Database, clocks: TwoClocks) -> None:
    """Set back while the node was down, so nobody knows by how much."""
    add_job(database, clocks.wall())
    clocks.set_by(-HOUR_S)
    database.write(lambda session: job_times.distrust_clock(session, now=clocks.wall(), longest_pause_s=LONGEST_PAUSE_S))
    assert claim(database, clocks) is not None


def test_at_start_no_pause_is_longer_than_any(database: Database, clocks: TwoClocks) -> None:
    early = clocks.wall() - timedelta(days=30)
    add_job(database, early, attempts=1, pause_s=30 * 86400 + HOUR_S)
    database.write(lambda session: job_times.distrust_clock(session, now=clocks.wall(), longest_pause_s=LONGEST_PAUSE_S))
    assert claim(database, clocks) is None
    clocks.pass_s(LONGEST_PAUSE_S)
    assert claim(database, clocks) is not None


class Leases:
    """The timer that gives lost jobs to others."""

    def __init__(self, database: Database, clocks: TwoClocks) -> None:
        self.database, self.clocks, self.stillness = database, clocks, Stillness(clocks.monotonic)

    def tick(self) -> int:
        now = self.clocks.wall()
        return self.database.write(
            lambda session: queue.requeue_lost(session, now=now, lease_s=LEASE_S, stillness=self.stillness)
        )


def test_a_lease_does_not_end_because_the_clock_went_ahead(database: Database, clocks: TwoClocks) -> None:
    add_job(database, clocks.wall())
    job, leases = claim(database, clocks), Leases(database, clocks)
    assert job is not None
    assert leases.tick() == 0
    for _ in range(5):
        clocks.set_by(HOUR_S)
        clocks.pass_s(20)
        assert leases.tick() == 0
        database.write(lambda session: queue.heartbeat(session, job, now=clocks.wall(), lease_s=LEASE_S))
    assert leases.tick() == 0
    clocks.pass_s(LEASE_S + 1)
    assert leases.tick() == 1


def test_a_claim_made_just_before_the_clock_went_ahead_is_kept(database: Database, clocks: TwoClocks) -> None:
    leases = Leases(database, clocks)
    assert leases.tick() == 0
    add_job(database, clocks.wall())
    assert claim(database, clocks) is not None
    clocks.set_by(HOUR_S)
    assert leases.tick() == 0
    clocks.pass_s(LEASE_S + 1)
    assert leases.tick() == 1


@pytest.mark.parametrize("jump_s", [-HOUR_S, -DECADE_S])
def test_a_lost_job_does_not_wait_for_a_clock_set_back(database: Database, clocks: TwoClocks, jump_s: float) -> None:
    add_job(database, clocks.wall())
    assert claim(database, clocks) is not None
    clocks.set_by(jump_s)
    leases = Leases(database, clocks)  # the node starts again
    assert leases.tick() == 0
    clocks.pass_s(LEASE_S + 1)
    assert leases.tick() == 1
    with database.reading() as session:
        assert session.get_one(Job, 1).state == JobState.TODO
    assert claim(database, clocks) is not None


def test_what_a_crash_left_behind_is_given_back_at_the_first_tick(database: Database, clocks: TwoClocks) -> None:
    add_job(database, clocks.wall())
    assert claim(database, clocks) is not None
    clocks.pass_s(LEASE_S + 1)
    assert Leases(database, clocks).tick() == 1
