"""A quiet period lasts as long as it lasts, whatever the wall clock is set to meanwhile."""

import pytest

from node.db.clocks import Stillness
from node.db.session import Database
from node.study import assembly
from tests.receiving_study import SETTINGS, ReceivingStudy
from tests.rows import NOW
from tests.two_clocks import TwoClocks

HOUR_S = 3600.0
MAX_OPEN_S = SETTINGS.study.max_open_s


class WatchedStudy(ReceivingStudy):
    """As the node's timer watches it, every half second."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.clocks, self._now = TwoClocks(NOW), NOW
        self.stillness = Stillness(self.clocks.monotonic)
        self.tick()

    def tick(self) -> list[int]:
        self.now = self.clocks.wall()
        options = {"now": self.now, "settings": SETTINGS, "stillness": self.stillness}
        with self.database.reading() as session:
            anything = assembly.anything_quiet(session, **options)  # type: ignore[arg-type]
        closed = self.database.write(lambda session: assembly.close_quiet_studies(session, **options))  # type: ignore[arg-type]
        assert anything == bool(closed)
        return closed

    def wait(self, seconds: float) -> list[int]:
        self.clocks.pass_s(seconds)
        return self.tick()

    def set_clock(self, by_s: float) -> None:
        self.clocks.set_by(by_s)
        self.now = self.clocks.wall()


@pytest.fixture
def watched(database: Database) -> WatchedStudy:
    return WatchedStudy(database)


@pytest.mark.parametrize("by_s", [-10 * 365 * 86400, -HOUR_S, -30, 30, 300, HOUR_S, 10 * 365 * 86400])
def test_the_quiet_period_is_as_long_as_ever(watched: WatchedStudy, by_s: float) -> None:
    watched.arrive()
    watched.end()
    assert watched.wait(20) == []
    watched.set_clock(by_s)
    assert watched.tick() == []
    assert watched.wait(39) == []
    assert watched.wait(1 + 20) == [1]  # it was first seen at the tick after its arrival
    assert watched.study.completed_reason == assembly.QUIET


@pytest.mark.parametrize("by_s", [-HOUR_S, 300, HOUR_S])
def test_an_arrival_before_the_next_tick_is_not_taken_for_an_old_one(watched: WatchedStudy, by_s: float) -> None:
    watched.arrive()
    watched.end()
    watched.set_clock(by_s)
    assert watched.wait(0.5) == []
    assert watched.wait(59) == []
    assert watched.wait(1) == [1]


def test_each_arrival_and_each_end_begin_it_anew(watched: WatchedStudy) -> None:
    watched.arrive()
    watched.wait(0.5)
    watched.set_clock(-HOUR_S)
    assert watched.wait(50) == []
    watched.arrive()
    assert watched.wait(0.5) == []
    watched.set_clock(2 * HOUR_S)
    assert watched.wait(500) == [], "its sender has not gone"
    watched.end()
    assert watched.wait(0.5) == []
    assert watched.wait(59) == []
    assert watched.wait(1) == [1]


@pytest.mark.parametrize("by_s", [-HOUR_S, HOUR_S])
def test_the_longest_time_open_too(watched: WatchedStudy, by_s: float) -> None:
    watched.arrive()
    watched.wait(0.5)
    watched.set_clock(by_s)
    assert watched.wait(MAX_OPEN_S - 1) == []
    assert watched.wait(1) == [1]
    assert watched.study.completed_reason == assembly.FORCED


def test_a_start_with_a_clock_set_back_waits_one_quiet_period(database: Database) -> None:
    first = WatchedStudy(database)
    first.arrive()
    first.clocks.set_by(-HOUR_S)
    again = WatchedStudy(database)
    again.clocks = first.clocks
    again.stillness = Stillness(first.clocks.monotonic)
    again.now = first.clocks.wall()
    again.restart()
    assert again.tick() == []
    assert again.wait(59) == []
    assert again.wait(1) == [1]
