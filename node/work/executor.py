"""Where clips are analysed: a protocol, and the local one - spawned processes with warm networks."""

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Protocol

from models.results import ClipFindings, Reason
from node.errors import EchoNodeError
from node.work.pairs import unread
from node.work.plan import Plan

log = logging.getLogger(__name__)


class ExecutorBroken(EchoNodeError):
    """A worker process died; the job is tried again with new processes."""


class Executor(Protocol):
    def analyse(self, clips: Sequence[tuple[str, Path]], plan: Plan) -> list[ClipFindings]:
        """Findings of (SOP Instance UID, file) pairs, in their order."""
        ...

    def analyse_pair(self, a4c: ClipFindings, a4c_path: Path, a2c_path: Path, plan: Plan) -> ClipFindings:
        """`a4c` with what is read off both clips; where that fails, with the reason: all else of the study stands."""
        ...

    def close(self) -> None: ...


class LocalExecutor:
    """Spawned, not forked: a forked child would inherit torch's and the database's threads half alive."""

    def __init__(self, plan: Plan, *, processes: int, threads_per_process: int, clip_timeout_s: float) -> None:
        self._warm = (plan, threads_per_process)
        self._processes, self._clip_timeout_s = processes, clip_timeout_s
        self._lock, self._closed = threading.Lock(), False
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._processes, mp_context=multiprocessing.get_context("spawn"), initializer=_warm_up, initargs=self._warm
        )

    def analyse(self, clips: Sequence[tuple[str, Path]], plan: Plan) -> list[ClipFindings]:
        with self._lock:
            pool = self._pool
        deadline = time.monotonic() + self._clip_timeout_s * len(clips)
        try:
            futures: list[Future[ClipFindings]] = [pool.submit(_analyse_clip, uid, path, plan) for uid, path in clips]
            return [future.result(max(0.0, deadline - time.monotonic())) for future in futures]
        except TimeoutError as error:
            self._replace(pool)
            raise ExecutorBroken(f"{len(clips)} clips took longer than {self._clip_timeout_s:g} s each") from error
        except (BrokenProcessPool, CancelledError) as error:
            self._replace(pool)
            raise ExecutorBroken from error

    def analyse_pair(self, a4c: ClipFindings, a4c_path: Path, a2c_path: Path, plan: Plan) -> ClipFindings:
        with self._lock:
            pool = self._pool
        error: BaseException | None
        try:
            future = pool.submit(_analyse_pair, a4c, a4c_path, a2c_path, plan)
            error = future.exception(2 * self._clip_timeout_s)
        except (TimeoutError, BrokenProcessPool, CancelledError) as broken:
            error = broken
        if error is None:
            return future.result()
        if isinstance(error, (TimeoutError, BrokenProcessPool, CancelledError)):
            self._replace(pool)
        if self._closed:  # the node stops: the study is done again, whole, at the next start
            raise ExecutorBroken from error
        log.error("two clips read together: %s", type(error).__name__)
        took_too_long = f"took longer than {2 * self._clip_timeout_s:g} s"
        why = took_too_long if isinstance(error, TimeoutError) else f"broke off with {type(error).__name__}"
        return unread(a4c, plan, Reason.COMPUTATION_FAILED, why)

    def _replace(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool and not self._closed:
                _end(pool)
                self._pool = self._new_pool()

    def warm(self) -> None:
        """Start the processes now, so that the first study does not wait for them."""
        for _ in range(self._processes):
            self._pool.submit(_nothing)

    def close(self) -> None:
        """At once: what still runs ends as ExecutorBroken and is done again at the next start."""
        with self._lock:
            self._closed = True
            _end(self._pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """A clip that hangs would never let its process end, so the processes are killed. The node has no other children."""
    for child in multiprocessing.active_children():
        child.kill()
    pool.shutdown(wait=True, cancel_futures=True)


def _warm_up(plan: Plan, threads: int) -> None:
    """In the child: torch is imported here and never in the parent."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):  # both reach the whole process group; they are the parent's to answer
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_node, name="parent", daemon=True).start()
    from node.telemetry import quiet_warnings
    from node.work.clip_analysis import warm_up

    quiet_warnings()
    warm_up(plan, threads)


def _end_with_the_node() -> None:
    """A node that was killed cannot end its processes, and they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _analyse_clip(sop_instance_uid: str, path: Path, plan: Plan) -> ClipFindings:
    from node.work.clip_analysis import analyse_clip

    return analyse_clip(sop_instance_uid, path, plan)


def _analyse_pair(a4c: ClipFindings, a4c_path: Path, a2c_path: Path, plan: Plan) -> ClipFindings:
    from node.work.clip_analysis import analyse_pair

    return analyse_pair(a4c, a4c_path, a2c_path, plan)


def _nothing() -> None:
    """Makes a process exist."""
