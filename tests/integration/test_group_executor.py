"""Two clips read together in a worker process that hangs, dies or errs: the study keeps everything else."""

import importlib
import multiprocessing
import operator
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.catalogue import View
from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.results import ClipFindings, Reason
from node.settings import Settings
from node.work.executor import ExecutorBroken, LocalExecutor
from tests.waiting import patience, wait_for

pytestmark = pytest.mark.slow

MODELS = Settings().model_set
PAIR_SET = MODELS.but(measurements=("EchoMotionNet_A4C_A2C",))
A4C = ClipFindings("2.25.4", 4, 6, 2)
GROUP = ClipGroup((View.A4C, View.A2C), (A4C, ClipFindings("2.25.2", 4, 6, 2)))


class _Dying:
    """Ends the process that unpickles it, as a lack of memory would."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (1,)


class _Opening:
    """Opens the file in the process that unpickles it, which need not load torch for that."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return open, (self.path,)


def _import_analysis(models: ModelSet, threads: int) -> None:
    """Torch is imported while a process starts, so that no clip's time is spent on it."""
    importlib.import_module("node.work.clip_analysis")


class _Garbled(ModelSet):
    """A plan here, a text in the worker process: every question to it is an error of ours."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return str, ("no plan",)


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalExecutor]:
    """Its processes start without networks: they are here to be killed."""
    monkeypatch.setattr("node.work.executor._warm_up", operator.is_)  # takes a plan and a number, and does nothing
    executor = LocalExecutor(MODELS, processes=1, threads_per_process=1, clip_timeout_s=patience(60))
    yield executor
    executor.close()


def reasons(found: ClipFindings) -> tuple[Reason, ...]:
    (value,) = found.values
    assert (value.key, value.value) == ("ef_video_regression_biplane", None)
    return value.reasons


def test_a_group_that_fails_leaves_a_reason_and_working_processes(tmp_path: Path, executor: LocalExecutor) -> None:
    text, pipe = tmp_path / "text.dcm", tmp_path / "pipe.dcm"
    text.write_bytes(b"no DICOM")
    os.mkfifo(pipe)  # nobody writes to it: opening it blocks for ever
    executor._pools[0].submit(os.getpid).result(patience(60))  # the process runs
    executor._clip_timeout_s = 0.5
    hanging = executor.read_group(GROUP, [_Opening(pipe), text], PAIR_SET)  # type: ignore[arg-type]
    assert reasons(hanging) == (Reason.COMPUTATION_FAILED,)
    assert hanging.values[0].detail == "took longer than 1 s"

    executor._clip_timeout_s = patience(60)
    dying = executor.read_group(GROUP, [_Dying(), text], PAIR_SET)  # type: ignore[arg-type]
    assert reasons(dying) == (Reason.COMPUTATION_FAILED,)
    assert dying.values[0].detail == "its process died, twice"

    executor.warm()
    (idle,) = multiprocessing.active_children()
    idle.kill()
    idle.join()
    assert reasons(executor.read_group(GROUP, [text, text], PAIR_SET)) == (Reason.UNDECODABLE,), "tried again"

    erring = executor.read_group(GROUP, [text, text], _Garbled(**PAIR_SET.model_dump()))
    assert reasons(erring) == (Reason.COMPUTATION_FAILED,)
    assert erring.values[0].detail == "broke off with AttributeError"

    (findings,) = executor.analyse([("2.25.1", text)], MODELS)
    assert findings.gates == (Reason.UNDECODABLE,)


def test_a_node_that_stops_records_nothing_of_a_group(tmp_path: Path, executor: LocalExecutor) -> None:
    """Bug prevented: a study for ever without a value, because the node was stopped while it was computed."""
    pipe = tmp_path / "pipe.dcm"
    os.mkfifo(pipe)
    ends: list[str] = []

    def read() -> None:
        try:
            executor.read_group(GROUP, [_Opening(pipe), pipe], PAIR_SET)  # type: ignore[arg-type]
        except ExecutorBroken as error:
            ends.append(type(error).__name__)

    thread = threading.Thread(target=read)
    thread.start()
    writer = wait_for(lambda: _opened(pipe), timeout_s=60)  # the process reads
    executor.close()
    thread.join(patience(30))
    os.close(writer)
    assert ends == ["ExecutorBroken"]


def test_a_clip_that_hangs_leaves_the_process_beside_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug prevented: one clip that hangs ends whatever is computed beside it, of its study and of others."""
    pipe, silent = tmp_path / "pipe.dcm", tmp_path / "silent.dcm"
    os.mkfifo(pipe)
    os.mkfifo(silent)
    text = tmp_path / "text.dcm"
    text.write_text("no DICOM object")
    monkeypatch.setattr("node.work.executor._warm_up", _import_analysis)
    beside = LocalExecutor(MODELS, processes=2, threads_per_process=1, clip_timeout_s=patience(60))
    try:
        beside.analyse([("2.25.1", text), ("2.25.2", text)], MODELS)  # now both processes are there
        with ThreadPoolExecutor(1) as thread:
            reading = thread.submit(beside.read_group, GROUP, [_Opening(pipe), pipe], PAIR_SET)  # type: ignore[list-item]
            writer = wait_for(lambda: _opened(pipe), timeout_s=60)  # it reads, and waits
            beside._clip_timeout_s = 1
            (hanging,) = beside.analyse([("2.25.1", _Opening(silent))], MODELS)  # type: ignore[list-item]
            assert hanging.flags[0].message == "the analysis broke off: took longer than 1 s"
            os.close(writer)  # only now it goes on
            assert reasons(reading.result(patience(60))) == (Reason.UNDECODABLE,), "it has neither hung nor died"
    finally:
        beside.close()


def _opened(pipe: Path) -> int:
    """A descriptor for writing, 0 while nobody reads."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return 0
