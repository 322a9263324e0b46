"""What a pair's reading gets that broke off, by whose fault: another try, a reason, or another run of the whole job."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.results import ClipFindings, Reason
from node.settings import Settings
from node.work.executor import ExecutorBroken, LocalExecutor

FILE = Path("clip.dcm")
PLAN = Settings().model_set.but(measurements=("EchoMotionNet_A4C_A2C",))
A4C = ClipFindings("2.25.4", 4, 6, 2)
READ = replace(A4C, notes=("read",))

Script = list[ClipFindings | BaseException | Callable[[], Any]]


class Scripted(ProcessPoolExecutor):
    """No processes: the next word of the script is what becomes of the call; a function is called where it is submitted."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def submit(self, *call: Any) -> Future[Any]:  # type: ignore[override]
        word, future = self.script.pop(0), Future[Any]()
        if callable(word):
            word()
        elif isinstance(word, CancelledError):
            future.cancel()
        elif isinstance(word, BaseException):
            future.set_exception(word)
        else:
            future.set_result(word)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to end."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], LocalExecutor]]:
    def start(script: Script) -> LocalExecutor:
        monkeypatch.setattr(LocalExecutor, "_new_pool", lambda executor: Scripted(script))
        return LocalExecutor(PLAN, processes=1, threads_per_process=1, clip_timeout_s=0.01)

    return start


def _broken() -> None:
    raise BrokenProcessPool


def _shut_down() -> None:
    raise RuntimeError("cannot schedule new futures after shutdown")


@pytest.mark.parametrize(
    "word", [_broken, _shut_down, BrokenProcessPool(), CancelledError()], ids=["at once", "replaced", "died", "cancelled"]
)
def test_a_process_that_died_is_not_the_pair_s_fault(started: Callable[[Script], LocalExecutor], word: Any) -> None:
    """Bug prevented: a study for ever without a value, because an idle process had been killed before the pair came."""
    executor = started([word, READ])
    pool = executor._pool
    assert executor.analyse_pair(A4C, FILE, FILE, PLAN) == READ
    assert (executor._pool is pool) == (word is _shut_down), "by another thread, which made new processes"


def test_a_pair_whose_process_dies_twice_is_left(started: Callable[[Script], LocalExecutor]) -> None:
    (value,) = started([BrokenProcessPool(), _broken]).analyse_pair(A4C, FILE, FILE, PLAN).values
    assert (value.reasons, value.detail) == ((Reason.COMPUTATION_FAILED,), "its process died, twice")


def test_a_pair_that_takes_too_long_is_not_tried_again(started: Callable[[Script], LocalExecutor]) -> None:
    script: Script = [lambda: None, READ]
    (value,) = started(script).analyse_pair(A4C, FILE, FILE, PLAN).values
    assert (value.reasons, value.detail) == ((Reason.COMPUTATION_FAILED,), "took longer than 0.02 s")
    assert script == [READ]


@pytest.mark.parametrize("error", [ValueError("shape"), RuntimeError("out of memory")])
def test_an_error_of_the_network_is_a_reason(started: Callable[[Script], LocalExecutor], error: Exception) -> None:
    script: Script = [error, READ]
    (value,) = started(script).analyse_pair(A4C, FILE, FILE, PLAN).values
    assert (value.reasons, value.detail) == ((Reason.COMPUTATION_FAILED,), f"broke off with {type(error).__name__}")
    assert script == [READ], "the same would come again"


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), FileNotFoundError(2, "gone"), TimeoutError(110, "disk")])
def test_an_error_of_the_disk_fails_the_job_as_with_clips(started: Callable[[Script], LocalExecutor], error: OSError) -> None:
    with pytest.raises(type(error)):
        started([error]).analyse_pair(A4C, FILE, FILE, PLAN)


def test_after_the_end_neither_clips_nor_pairs_are_taken(started: Callable[[Script], LocalExecutor]) -> None:
    for script in ([_shut_down], [BrokenProcessPool()], [CancelledError()]):
        executor = started(list(script))
        executor.close()
        with pytest.raises(ExecutorBroken):
            executor.analyse_pair(A4C, FILE, FILE, PLAN)
        executor = started(list(script))
        executor.close()
        with pytest.raises(ExecutorBroken):
            executor.analyse([("2.25.4", FILE)], PLAN)


def test_a_node_that_stops_while_it_starts_warms_nothing(started: Callable[[Script], LocalExecutor]) -> None:
    """Bug prevented: a start that ends in a RuntimeError, because the node had been told to stop."""
    executor = started([_shut_down, READ])
    executor.close()
    executor.warm()
    assert len(executor._pool.script) == 2  # type: ignore[attr-defined]


def test_a_process_that_dies_as_it_is_warmed_is_left_to_the_first_study(
    started: Callable[[Script], LocalExecutor],
) -> None:
    executor = started([_broken, READ])
    executor.warm()
    assert executor.analyse_pair(A4C, FILE, FILE, PLAN) == READ
