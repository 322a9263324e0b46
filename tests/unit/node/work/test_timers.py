"""The timers of the node: they tick whatever happens, and stop when told."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from node.work.scheduler import Timers
from tests.waiting import patience, wait_for


def test_a_tick_that_fails_is_followed_by_the_next() -> None:
    ticks: list[Exception] = []

    def fail() -> None:
        ticks.append(OperationalError("", None, Exception()) if not ticks else ValueError())
        raise ticks[-1]

    timers = Timers({"fails": (0.001, fail)})
    timers.start()
    wait_for(lambda: len(ticks) > 2)
    timers.stop()


def test_one_that_hangs_holds_up_no_other_and_never_runs_twice() -> None:
    let_go, running, others = threading.Event(), [0], [0]

    def hang() -> None:
        running[0] += 1
        let_go.wait(patience(30))

    def count() -> None:
        others[0] += 1

    timers = Timers({"hangs": (0.001, hang), "counts": (0.001, count)})
    timers.start()
    wait_for(lambda: others[0] > 20 and running[0])
    assert running[0] == 1
    let_go.set()
    timers.stop()


@pytest.mark.slow
def test_a_clock_that_is_set_back_stops_no_timer() -> None:
    """What a set-back looks like to the scheduler: the next tick lies an hour ahead."""
    ticks = [0]

    def count() -> None:
        ticks[0] += 1

    timers = Timers({"counts": (0.05, count)}, look_after_s=0.05)
    timers.start()
    wait_for(lambda: ticks[0] > 1)
    (job,) = timers._scheduler.get_jobs()
    job.modify(next_run_time=datetime.now(UTC) + timedelta(hours=1))
    before = ticks[0]
    wait_for(lambda: ticks[0] > before + 2, timeout_s=10)
    timers.stop()


def test_what_never_started_can_be_stopped() -> None:
    Timers({"x": (1, lambda: None)}).stop()
