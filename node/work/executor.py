"""Where clips are analysed: a protocol, and the local one - spawned processes with warm networks."""

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from models.library.model_set import ModelSet
from models.results import ClipFindings, Reason
from node.errors import EchoNodeError
from node.work.pairs import settled, unread

log = logging.getLogger(__name__)


class ExecutorBroken(EchoNodeError):
    """A worker process died; the job is tried again with new processes."""


class _TookTooLong(ExecutorBroken):
    """It took too long."""


class Executor(Protocol):
    def analyse(self, clips: Sequence[tuple[str, Path]], models: ModelSet) -> list[ClipFindings]:
        """Findings of (SOP Instance UID, file) pairs, in their order."""
        ...

    def analyse_pair(self, a4c: ClipFindings, a4c_path: Path, a2c_path: Path, models: ModelSet) -> ClipFindings:
        """`a4c` with what is read off both clips; where that fails, with the reason: all else of the study stands.

        Raises OSError where a file cannot be read.
        """
        ...

    def close(self) -> None: ...


class LocalExecutor:
    """Spawned, not forked: a forked child would inherit torch's and the database's threads half alive."""

    def __init__(self, models: ModelSet, *, processes: int, threads_per_process: int, clip_timeout_s: float) -> None:
        self._warm = (models, threads_per_process)
        self._processes, self._clip_timeout_s = processes, clip_timeout_s
        self._lock, self._closed = threading.Lock(), False
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._processes, mp_context=multiprocessing.get_context("spawn"), initializer=_warm_up, initargs=self._warm
        )

    def analyse(self, clips: Sequence[tuple[str, Path]], models: ModelSet) -> list[ClipFindings]:
        with self._lock:
            pool = self._pool
        deadline = time.monotonic() + self._clip_timeout_s * len(clips)
        try:
            futures = [_submit(pool, _analyse_clip, uid, path, models) for uid, path in clips]
            return [future.result(max(0.0, deadline - time.monotonic())) for future in futures]
        except TimeoutError as error:
            self._replace(pool)
            raise ExecutorBroken(f"{len(clips)} clips took longer than {self._clip_timeout_s:g} s each") from error
        except (BrokenProcessPool, CancelledError) as error:
            self._replace(pool)
            raise ExecutorBroken from error

    def analyse_pair(self, a4c: ClipFindings, a4c_path: Path, a2c_path: Path, models: ModelSet) -> ClipFindings:
        """A process may have died idle, before the pair came, so the pair is then tried once more."""
        limit_s = 2 * self._clip_timeout_s
        tried_before = False
        while True:
            try:
                return settled(self._finished(limit_s, a4c, a4c_path, a2c_path, models), a4c, models)
            except ExecutorBroken as error:
                if self._closed:  # the node stops: the study is done again, whole, at the next start
                    raise
                too_long = isinstance(error, _TookTooLong)
                if too_long or tried_before:
                    why = f"took longer than {limit_s:g} s" if too_long else "its process died, twice"
                    log.error("two clips read together: %s", why)
                    return unread(a4c, models, Reason.COMPUTATION_FAILED, why)
            tried_before = True

    def _finished(self, limit_s: float, *pair_and_plan: object) -> Future[ClipFindings]:
        """The reading of a pair, done or failed. Raises ExecutorBroken where its process died or `limit_s` are over; new
        processes are there then.
        """
        with self._lock:
            pool = self._pool
        try:
            future = _submit(pool, _analyse_pair, *pair_and_plan)
            died = isinstance(future.exception(limit_s), BrokenProcessPool)
        except TimeoutError as error:
            self._replace(pool)
            raise _TookTooLong from error
        except (BrokenProcessPool, CancelledError) as error:
            self._replace(pool)
            raise ExecutorBroken from error
        if died:
            self._replace(pool)
            raise ExecutorBroken
        return future

    def _replace(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool and not self._closed:
                _end(pool)
                self._pool = self._new_pool()

    def warm(self) -> None:
        """Start the processes now, so that the first study does not wait for them; nothing once the node stops.

        One that dies at once is replaced by the first study, which says so.
        """
        with self._lock, suppress(BrokenProcessPool):
            for _ in range(0 if self._closed else self._processes):
                self._pool.submit(_nothing)

    def close(self) -> None:
        """At once: what still runs ends as ExecutorBroken and is done again at the next start."""
        with self._lock:
            self._closed = True
            _end(self._pool)


def _submit(pool: ProcessPoolExecutor, call: Callable[..., ClipFindings], *arguments: object) -> Future[ClipFindings]:
    """Raises ExecutorBroken where another thread has ended these processes, BrokenProcessPool where one of them died."""
    try:
        return pool.submit(call, *arguments)
    except BrokenProcessPool:
        raise
    except RuntimeError as error:
        raise ExecutorBroken from error


def _end(pool: ProcessPoolExecutor) -> None:
    """A clip that hangs would never let its process end, so the processes are killed. The node has no other children."""
    for child in multiprocessing.active_children():
        child.kill()
    pool.shutdown(wait=True, cancel_futures=True)


def _warm_up(models: ModelSet, threads: int) -> None:
    """In the child: torch is imported here and never in the parent."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):  # both reach the whole process group; they are the parent's to answer
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_node, name="parent", daemon=True).start()
    from node.telemetry import quiet_warnings
    from node.work.clip_analysis import warm_up

    quiet_warnings()
    warm_up(models, threads)


def _end_with_the_node() -> None:
    """A node that was killed cannot end its processes, and they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _analyse_clip(sop_instance_uid: str, path: Path, models: ModelSet) -> ClipFindings:
    from node.work.clip_analysis import analyse_clip

    return analyse_clip(sop_instance_uid, path, models)


def _analyse_pair(a4c: ClipFindings, a4c_path: Path, a2c_path: Path, models: ModelSet) -> ClipFindings:
    from node.work.clip_analysis import analyse_pair

    return analyse_pair(a4c, a4c_path, a2c_path, models)


def _nothing() -> None:
    """Makes a process exist."""
