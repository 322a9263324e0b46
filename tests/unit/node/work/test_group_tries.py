"""What becomes of clips whose reading broke off, by whose fault: another try, a reason, or another run of the job."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.catalogue import View
from models.derive.study.groups import ClipGroup
from models.results import ClipFindings, Reason
from node.settings import Settings
from node.work.executor import ExecutorBroken, LocalExecutor, _nothing

FILE = Path("clip.dcm")
MODELS = Settings().model_set.but(measurements=("EchoMotionNet_A4C_A2C",))
A4C = ClipFindings("2.25.4", 4, 6, 2)
READ = replace(A4C, notes=("read",))
GROUP = ClipGroup((View.A4C, View.A2C), (A4C, ClipFindings("2.25.2", 4, 6, 2)))

Script = list[ClipFindings | BaseException | Callable[[], Any]]
Start = Callable[..., LocalExecutor]


class Scripted(ProcessPoolExecutor):
    """No processes: the next word of the script is what becomes of a call; a function is called where it is submitted.

    `starts` says the same of what a process is asked before, to see whether it is there; empty: it is.
    """

    def __init__(self, script: Script, starts: Script) -> None:
        self.script, self.starts, self._processes = script, starts, {}

    def submit(self, *call: Any) -> Future[Any]:  # type: ignore[override]
        future = Future[Any]()
        if call == (_nothing,) and not self.starts:
            future.set_result(None)
            return future
        word = self.starts.pop(0) if call == (_nothing,) else self.script.pop(0)
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
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    executors: list[LocalExecutor] = []

    def start(script: Script, starts: Script | None = None) -> LocalExecutor:
        monkeypatch.setattr(LocalExecutor, "_new_pool", lambda executor: Scripted(script, starts or []))
        executors.append(LocalExecutor(MODELS, processes=1, threads_per_process=1, clip_timeout_s=0.01))
        return executors[-1]

    yield start
    for executor in executors:
        executor.close()


def _broken() -> None:
    raise BrokenProcessPool


def _shut_down() -> None:
    raise RuntimeError("cannot schedule new futures after shutdown")


@pytest.mark.parametrize(
    "word", [_broken, _shut_down, BrokenProcessPool(), CancelledError()], ids=["at once", "shut down", "died", "cancelled"]
)
def test_a_process_that_died_is_not_the_pair_s_fault(started: Start, word: Any) -> None:
    """Bug prevented: a study for ever without a value, because an idle process had been killed before the pair came."""
    executor = started([word, READ])
    (pool,) = executor._pools
    assert executor.read_group(GROUP, [FILE, FILE], MODELS) == READ
    assert executor._pools != [pool], "a new process"


def test_a_pair_whose_process_dies_twice_is_left(started: Start) -> None:
    (value,) = started([BrokenProcessPool(), _broken]).read_group(GROUP, [FILE, FILE], MODELS).values
    assert (value.reasons, value.detail) == ((Reason.COMPUTATION_FAILED,), "its process died, twice")


def test_a_pair_that_takes_too_long_is_not_tried_again(started: Start) -> None:
    script: Script = [lambda: None, READ]
    (value,) = started(script).read_group(GROUP, [FILE, FILE], MODELS).values
    assert (value.reasons, value.detail) == ((Reason.COMPUTATION_FAILED,), "took longer than 0.02 s")
    assert script == [READ]


@pytest.mark.parametrize("error", [ValueError("shape"), RuntimeError("out of memory")])
def test_an_error_of_the_network_is_a_reason(started: Start, error: Exception) -> None:
    script: Script = [error, READ]
    (value,) = started(script).read_group(GROUP, [FILE, FILE], MODELS).values
    assert (value.reasons, value.detail) == ((Reason.COMPUTATION_FAILED,), f"broke off with {type(error).__name__}")
    assert script == [READ], "the same would come again"


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), FileNotFoundError(2, "gone"), TimeoutError(110, "disk")])
def test_an_error_of_the_disk_fails_the_job_as_with_clips(started: Start, error: OSError) -> None:
    with pytest.raises(type(error)):
        started([error]).read_group(GROUP, [FILE, FILE], MODELS)


def test_after_the_end_neither_clips_nor_pairs_are_taken(started: Start) -> None:
    for script in ([_shut_down], [BrokenProcessPool()], [CancelledError()]):
        executor = started(list(script))
        executor.close()
        with pytest.raises(ExecutorBroken):
            executor.read_group(GROUP, [FILE, FILE], MODELS)
        executor = started(list(script))
        executor.close()
        with pytest.raises(ExecutorBroken):
            executor.analyse([("2.25.4", FILE)], MODELS)


def test_a_node_that_stops_while_it_starts_warms_nothing(started: Start) -> None:
    """Bug prevented: a start that ends in a RuntimeError, because the node had been told to stop."""
    starts: Script = [_shut_down]
    executor = started([], starts)
    executor.close()
    executor.warm()
    assert starts == [_shut_down]


def test_a_process_that_dies_as_it_is_warmed_is_left_to_the_first_study(started: Start) -> None:
    executor = started([READ], [_broken])
    executor.warm()
    assert executor.read_group(GROUP, [FILE, FILE], MODELS) == READ


@pytest.mark.parametrize("word", [_broken, BrokenProcessPool()], ids=["at once", "died"])
def test_a_process_that_died_idle_does_not_count(started: Start, word: Any) -> None:
    executor = started([BrokenProcessPool(), READ], [word])
    assert executor.read_group(GROUP, [FILE, FILE], MODELS) == READ


def test_processes_that_do_not_start_fail_the_job_and_no_clip(started: Start) -> None:
    """Bug prevented: a study recorded without a number, because the weights were away for a minute."""
    for call in (
        lambda executor: executor.read_group(GROUP, [FILE, FILE], MODELS),
        lambda executor: executor.analyse([("2.25.4", FILE)], MODELS),
    ):
        with pytest.raises(ExecutorBroken):
            call(started([READ], [BrokenProcessPool(), _broken]))


@pytest.mark.parametrize(
    ("words", "why"),
    [([BrokenProcessPool(), _broken], "its process died, twice"), ([lambda: None], "took longer than 0.01 s")],
    ids=["dies", "hangs"],
)
def test_a_clip_that_ends_its_process_ends_no_other_clip(started: Start, words: Script, why: str) -> None:
    """Bug prevented: a study, and whatever was computed beside it, that fails as a whole because of one clip."""
    executor = started([*words, READ])
    broken, read = executor.analyse([("2.25.5", FILE), ("2.25.4", FILE)], MODELS)
    assert (broken.sop_instance_uid, broken.gates) == ("2.25.5", (Reason.COMPUTATION_FAILED,))
    assert [flag.message for flag in broken.flags] == [f"the analysis broke off: {why}"]
    assert read == READ


def test_an_error_that_a_later_attempt_may_be_spared_fails_the_job(started: Start) -> None:
    executor = started([RuntimeError("out of memory"), READ])
    with pytest.raises(RuntimeError, match="out of memory"):
        executor.analyse([("2.25.4", FILE), ("2.25.5", FILE)], MODELS)
