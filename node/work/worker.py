"""Claims jobs and runs them: one thread an analysis lane, several a network lane, so that a hanging PACS never
blocks analysis. Only this process touches SQL. Idle threads sleep until they are told of work (`node.db.wake_up`)."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from node.db import queue
from node.db.queue import Backoff, ClaimedJob, OnGivenUp
from node.db.session import Database
from node.db.tables import JobKind
from node.errors import LeaseLost, is_shortage, words_of

log = logging.getLogger(__name__)

_AFTER_ERROR_S = 1.0  # the database is away: nobody can tell that it is back
_SHORTEST_PAUSE_S = 0.001
_RETRY = Backoff(first_s=2, longest_s=300)

Run = Callable[[ClaimedJob], None]  # finishes the job in the transaction that records its effects


@dataclass(frozen=True)
class Lane:
    """Threads that kinds of job share."""

    name: str
    threads: int


@dataclass(frozen=True)
class JobDefinition:
    """All that the node knows of one kind of job. Which jobs a newer revision overtakes, `node.study.job_ends` says."""

    kind: JobKind
    lane: Lane
    run: Run
    retry: Backoff = _RETRY
    final_errors: tuple[type[Exception], ...] = ()  # another attempt would end in them, too
    on_given_up: OnGivenUp = queue.nothing_waits  # in the transaction that ends the job


class Worker:
    def __init__(
        self,
        database: Database,
        definitions: Sequence[JobDefinition],
        *,
        owner: str,
        lease_s: float,
        poll_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._database, self._definitions = database, {one.kind: one for one in definitions}
        self._owner, self._lease_s, self._poll_s, self._clock = owner, lease_s, poll_s, clock
        self._listener = database.listen()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for lane in dict.fromkeys(one.lane for one in self._definitions.values()):
            kinds = tuple(one.kind for one in self._definitions.values() if one.lane == lane)
            for number in range(lane.threads):
                thread = threading.Thread(target=self._run, args=(lane, kinds), name=f"{lane.name}-{number}", daemon=True)
                thread.start()
                self._threads.append(thread)

    def stop(self, timeout_s: float) -> None:
        """Lets running jobs end for `timeout_s`; one that does not is claimed again after its lease."""
        self._stopping.set()
        self._listener.ring()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, lane: Lane, kinds: tuple[JobKind, ...]) -> None:
        while not self._stopping.is_set():
            heard = self._listener.heard  # before looking: a job that comes meanwhile is not slept over
            try:
                pause_s = 0.0 if self.run_one(kinds) else self._pause_s(kinds)
            except Exception as error:
                log.error("%s: %s", lane.name, type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
                pause_s = min(self._poll_s, _AFTER_ERROR_S)
            if pause_s and not self._stopping.is_set():
                self._listener.wait(heard, pause_s)

    def _pause_s(self, kinds: tuple[JobKind, ...]) -> float:
        """Until a waiting job's time comes, at most `poll_s`: then it looks, should a word have been lost."""
        now = self._clock()
        with self._database.reading() as session:
            at = queue.next_run_at(session, kinds, now)
        return self._poll_s if at is None else min(self._poll_s, max(_SHORTEST_PAUSE_S, (at - now).total_seconds()))

    def run_one(self, kinds: tuple[JobKind, ...]) -> bool:
        """Claim and run one job; False when there is none."""
        job = self._claim(kinds)
        if job is None:
            return False
        self._handle(job)
        return True

    def _claim(self, kinds: tuple[JobKind, ...]) -> ClaimedJob | None:
        """Looks before it claims: an idle worker must not take the database's write lock at every poll."""
        with self._database.reading() as session:
            if not queue.anything_due(session, kinds, self._clock()):
                return None
        return self._database.write(
            lambda session: queue.claim(session, kinds, owner=self._owner, now=self._clock(), lease_s=self._lease_s)
        )

    def _handle(self, job: ClaimedJob) -> None:
        done = threading.Event()
        beat = threading.Thread(target=self._heartbeat, args=(job, done), name=f"heartbeat-{job.id}", daemon=True)
        beat.start()
        try:
            self._definitions[job.kind].run(job)
        except LeaseLost:
            log.info("lease lost, effects dropped: %s", job.log_context())
        except Exception as error:  # noqa: BLE001  the same boundary: a job's error is recorded with the job
            self._fail(job, error)
        finally:
            done.set()
            beat.join()

    def _heartbeat(self, job: ClaimedJob, done: threading.Event) -> None:
        """Until the job is done or another's: what it does then has no effect, and its end says so."""
        while not done.wait(self._lease_s / 3):
            try:
                self._database.write(lambda session: queue.heartbeat(session, job, now=self._clock(), lease_s=self._lease_s))
            except LeaseLost:
                return
            except SQLAlchemyError as error:
                log.warning("heartbeat of %s: %s", job.log_context(), type(error).__name__)

    def _fail(self, job: ClaimedJob, error: Exception) -> None:
        """A job that the node's own stop interrupted is tried again at the next start, whatever its attempts; one that found
        the disk full as long as it is.
        """
        text = words_of(error)
        log.error("job failed: %s %s", job.log_context(), text, exc_info=log.isEnabledFor(logging.DEBUG))
        now, definition = self._clock(), self._definitions[job.kind]
        final = isinstance(error, definition.final_errors)
        may_again = job.attempt < job.max_attempts or is_shortage(error)
        again = definition.retry.next_at(job.attempt, now) if may_again else None
        if self._stopping.is_set():
            again = now

        def record(session: Session) -> None:
            given_up = definition.on_given_up
            queue.fail(session, job, error=text, now=now, final=final, retry_at=again, on_given_up=given_up)

        try:
            self._database.write(record)
        except (LeaseLost, SQLAlchemyError) as lost:
            log.warning("failure of %s not recorded: %s", job.log_context(), type(lost).__name__)
