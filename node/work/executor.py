"""Where clips are analysed: a protocol, and the local one - spawned processes with warm networks.

Each process is a pool of its own, so that a clip that hangs or crashes ends no other one. Not pebble's pool (5.2): it times
tasks by the wall clock, so setting the clock would end clips, and an idle process that dies ends all that waits.
"""

import logging
import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.results import ClipFindings, Reason
from node.errors import EchoNodeError
from node.work.failures import clip_without_numbers, group_without_values, read_or_reason

log = logging.getLogger(__name__)

_START_S = 900  # networks are loaded, and perhaps compiled for an engine
_DIED = (BrokenProcessPool, CancelledError)


class ExecutorBroken(EchoNodeError):
    """A worker process died; the job is tried again with new processes."""


class _NoAnswer(Exception):
    """Clips were given up: their process hung, or died twice over them. Its text says which."""


class Executor(Protocol):
    def analyse(self, clips: Sequence[tuple[str, Path]], models: ModelSet) -> list[ClipFindings]:
        """Findings of (SOP Instance UID, file) pairs, in their order; of a clip that hangs or crashes the reason.

        Raises OSError where a file cannot be read, ExecutorBroken where no process starts or the node stops.
        """
        ...

    def read_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        """The findings of the group's first clip with what is read off all its clips; where that fails, with the reason.

        Raises as `analyse` does.
        """
        ...

    def close(self) -> None: ...


class LocalExecutor:
    """Spawned, not forked: a forked child would inherit torch's and the database's threads half alive."""

    def __init__(self, models: ModelSet, *, processes: int, threads_per_process: int, clip_timeout_s: float) -> None:
        self._warm, self._clip_timeout_s = (models, threads_per_process), clip_timeout_s
        self._lock, self._closed = threading.Lock(), False
        self._pools = [self._new_pool() for _ in range(processes)]
        self._idle: queue.SimpleQueue[int] = queue.SimpleQueue()  # places in `_pools`
        for place in range(processes):
            self._idle.put(place)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="clip")  # one waits for each process

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_warm_up, initargs=self._warm
        )

    def analyse(self, clips: Sequence[tuple[str, Path]], models: ModelSet) -> list[ClipFindings]:
        return self._all([partial(self._one_clip, uid, path, models) for uid, path in clips])

    def read_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        (findings,) = self._all([partial(self._one_group, group, files, models)])
        return findings

    def _one_clip(self, sop_instance_uid: str, path: Path, models: ModelSet) -> ClipFindings:
        try:
            return self._finished(1, _analyse_clip, sop_instance_uid, path, models).result()
        except _NoAnswer as error:
            log.error("a clip was given up: %s", error)
            return clip_without_numbers(sop_instance_uid, Reason.COMPUTATION_FAILED, f"the analysis broke off: {error}")

    def _one_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        try:
            return read_or_reason(self._finished(len(files), _read_group, group, files, models), group, models)
        except _NoAnswer as error:
            log.error("clips read together were given up: %s", error)
            return group_without_values(group, models, Reason.COMPUTATION_FAILED, str(error))

    def _all(self, tasks: Sequence[Callable[[], ClipFindings]]) -> list[ClipFindings]:
        """What the tasks give, in their order. The first error ends those that do not run yet."""
        waiting: list[Future[ClipFindings]] = []
        try:
            for task in tasks:
                waiting.append(self._threads.submit(task))
            return [future.result() for future in waiting]
        except (RuntimeError, CancelledError) as error:
            if self._closed:  # the node stops: the study is done again, whole, at the next start
                raise ExecutorBroken from error
            raise
        finally:
            for future in waiting:
                future.cancel()

    def _finished(self, clips: int, call: Callable[..., ClipFindings], *arguments: object) -> Future[ClipFindings]:
        """The call, done or failed in a process of its own. A process may die by other means, so it is tried twice.

        Raises _NoAnswer for clips that take too long or end two processes.
        """
        place = self._idle.get()
        try:
            for _ in range(2):
                pool = self._started(place)
                limit_s = clips * self._clip_timeout_s
                try:
                    future = pool.submit(call, *arguments)
                    died = isinstance(future.exception(limit_s), BrokenProcessPool)
                except TimeoutError as error:
                    self._replace(place)
                    raise _NoAnswer(f"took longer than {limit_s:g} s") from error
                except (*_DIED, RuntimeError):
                    died = True
                if not died:
                    return future
                self._replace(place)
            raise _NoAnswer("its process died, twice")
        finally:
            self._idle.put(place)

    def _started(self, place: int) -> ProcessPoolExecutor:
        """A process that has its networks. One that died while it was idle is replaced, which is no clip's fault.

        Raises ExecutorBroken where none starts.
        """
        for _ in range(2):
            pool = self._pools[place]
            try:
                pool.submit(_nothing).result(_START_S)
            except (*_DIED, RuntimeError, TimeoutError) as error:
                self._replace(place)
                failed = error
            else:
                return pool
        raise ExecutorBroken from failed

    def _replace(self, place: int) -> None:
        """By a new process. Raises ExecutorBroken once the node stops."""
        with self._lock:
            if self._closed:
                raise ExecutorBroken
            _end(self._pools[place])
            self._pools[place] = self._new_pool()

    def warm(self) -> None:
        """Start the processes now, so that the first study does not wait for them; nothing once the node stops.

        One that dies at once is replaced by the first study, which says so.
        """
        with self._lock:
            for pool in () if self._closed else self._pools:
                with suppress(BrokenProcessPool):
                    pool.submit(_nothing)

    def close(self) -> None:
        """At once: what still runs ends as ExecutorBroken and is done again at the next start."""
        with self._lock:
            self._closed = True
            for pool in self._pools:
                _end(pool)
        self._threads.shutdown(cancel_futures=True)


def _end(pool: ProcessPoolExecutor) -> None:
    """A clip that hangs would never let its process end, so the process is killed."""
    for child in list((pool._processes or {}).values()):
        child.kill()
    pool.shutdown(wait=True, cancel_futures=True)


def _warm_up(models: ModelSet, threads: int) -> None:
    """In the child: torch is imported here and never in the parent."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # for the whole process group: the parent answers
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


def _read_group(group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
    from node.work.clip_analysis import read_group

    return read_group(group, files, models)


def _nothing() -> None:
    """Makes a process exist."""
