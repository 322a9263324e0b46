"""The one place where the parts are wired together."""

import fcntl
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from queue import SimpleQueue
from typing import IO

from sqlalchemy.orm import Session

from node.db import audit, job_times, queue
from node.db.audit import AuditEvent
from node.db.clocks import ClockWatch, Stillness, utc_now
from node.db.identity import node_identity
from node.db.session import open_database
from node.db.tables import JobKind
from node.egress.building import fills_around_reports
from node.egress.delivery import backoff, deliver
from node.egress.destinations import configured
from node.egress.documents import build_documents
from node.egress.tools import EgressTools
from node.errors import ConfigError
from node.ingress.receivers import Receivers
from node.settings import Settings
from node.study import assembly, job_ends
from node.study.archive import Archive
from node.version import __version__
from node.work.executor import LocalExecutor
from node.work.model_check import require_models
from node.work.pipeline import AnalysisTools, analyse_study
from node.work.report_reading import read_late_reports
from node.work.scheduler import Timers
from node.work.worker import JobDefinition, Lane, Worker
from sr_templates.errors import DocumentError

log = logging.getLogger(__name__)

_ANALYSIS, _NETWORK = Lane("analysis", threads=1), Lane("network", threads=4)
_STOP_S = 20.0  # how long running jobs may take to end at SIGTERM; what does not is done again at the next start
_RECORD_S = 5.0  # for a job that was cut off to be given back


def lock_data_dir(settings: Settings) -> IO[bytes]:
    """One node a data folder: two would sweep each other's half-received files. Held until closed. ConfigError when taken."""
    settings.node.data_dir.mkdir(parents=True, exist_ok=True)
    lock = (settings.node.data_dir / "node.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise ConfigError(f"node.data_dir: another node runs on {settings.node.data_dir}") from error
    return lock


class Node:
    """A running node: receives, analyses, documents, delivers, until stopped."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self._clock = settings, clock
        self._watch, self._jumped_s = ClockWatch(clock, monotonic), 0.0
        self._quiet, self._leases = Stillness(monotonic), Stillness(monotonic)
        models = settings.model_set
        require_models(models)
        configured(settings)
        self._data_lock = lock_data_dir(settings)
        self.database = open_database(settings)
        self.archive = Archive(settings.archive_dir)
        work = settings.work
        self._executor = LocalExecutor(
            models,
            processes=work.processes,
            threads_per_process=work.threads_per_process,
            clip_timeout_s=work.clip_timeout_s,
        )
        analysis = AnalysisTools(
            self.database,
            self.archive,
            self._executor,
            models,
            clock,
            work.max_attempts,
            settings.study.fallback_character_set,
            settings.study.max_revisions,
            settings.conventions.chosen,
            fills_around_reports=any(map(fills_around_reports, settings.destination)),
        )
        egress = EgressTools(self.database, self.archive, settings, clock)
        self._jobs = job_definitions(analysis, egress)
        self._worker = Worker(
            self.database,
            self._jobs,
            owner=f"{socket.gethostname()}:{os.getpid()}",
            lease_s=work.lease_s,
            poll_s=work.poll_s,
            clock=clock,
        )
        self._receivers = Receivers(settings, self._on_receiver_lost)
        self._timers = Timers(
            {
                "close_quiet_studies": (0.5, self._close_quiet_studies),
                "requeue_lost": (max(1.0, work.lease_s / 4), self._requeue_lost),
                "seal": (1.0, self._seal),
                "watch_clock": (0.5, self._watch_clock),
            }
        )

    def start(self) -> int:
        """Clears what a crash left behind, then opens; returns the port it listens on. ConfigError when that is taken."""
        self.archive.sweep()
        self.database.write(self._on_start)
        self._executor.warm()
        self._worker.start()
        self._timers.start()
        node = self.settings.node
        port = self._receivers.start()
        log.info("EchoNode %s: %s listens on %s:%d", __version__, node.ae_title, node.host, port)
        return port

    def stop(self) -> None:
        """No new associations, running ones may end; what was accepted is on disk and in the database already."""
        self._receivers.stop()
        self._timers.stop()
        self._worker.stop(_STOP_S)
        self._executor.close()
        self._worker.stop(_RECORD_S)
        self.database.write(lambda session: audit.record(session, AuditEvent.NODE_STOPPED, now=self._clock()))
        audit.seal(self.database)
        self.database.close()
        self._data_lock.close()

    def _on_start(self, session: Session) -> None:
        now = self._clock()
        node_identity(session, now=now)
        assembly.forget_associations(session, now=now)
        job_times.distrust_clock(session, now=now, longest_pause_s=self._longest_pause_s)
        audit.record(session, AuditEvent.NODE_STARTED, now=now, version=__version__)

    def _on_receiver_lost(self, mark: str) -> None:
        """What it had half received goes, and the studies it was receiving may fall quiet."""
        self.archive.sweep(mark)
        self.database.write(lambda session: assembly.forget_associations(session, now=self._clock(), mark=mark))

    @property
    def _longest_pause_s(self) -> float:
        return max(job.retry.longest_s for job in self._jobs)

    def _close_quiet_studies(self) -> None:
        now, settings, quiet = self._clock(), self.settings, self._quiet
        with self.database.reading() as session:
            anything = assembly.anything_quiet(session, now=now, settings=settings, stillness=quiet)
        if anything:
            self.database.write(
                lambda session: assembly.close_quiet_studies(session, now=now, settings=settings, stillness=quiet)
            )

    def _requeue_lost(self) -> None:
        now, lease_s = self._clock(), self.settings.work.lease_s
        given_up = {job.kind: job.on_given_up for job in self._jobs}
        self.database.write(
            lambda session: queue.requeue_lost(session, now=now, lease_s=lease_s, stillness=self._leases, on_given_up=given_up)
        )

    def _seal(self) -> None:
        with self.database.reading() as session:
            anything = audit.anything_unsealed(session)
        if anything:
            audit.seal(self.database)

    def _watch_clock(self) -> None:
        self._jumped_s += self._watch.jump_s()
        if self._jumped_s:
            log.warning("the clock was set by %+.1f s, or the machine slept", self._jumped_s)
            self.database.write(self._follow_clock)
            self._jumped_s = 0.0  # only now: what the database did not take is told to it again

    def _follow_clock(self, session: Session) -> None:
        now, jump_s = self._clock(), self._jumped_s
        job_times.follow_clock(session, now=now, jump_s=jump_s, longest_pause_s=self._longest_pause_s)
        audit.record(session, AuditEvent.CLOCK_SET, now=now, seconds=round(jump_s, 3))


def job_definitions(analysis: AnalysisTools, egress: EgressTools) -> tuple[JobDefinition, ...]:
    """The one table of the kinds of job."""
    return (
        JobDefinition(
            JobKind.ANALYSE_STUDY, _ANALYSIS, partial(analyse_study, tools=analysis), on_given_up=job_ends.analysis_given_up
        ),
        JobDefinition(
            JobKind.READ_REPORTS,
            _ANALYSIS,
            partial(read_late_reports, tools=analysis),
            on_given_up=job_ends.documents_given_up,
        ),
        JobDefinition(
            JobKind.BUILD_DOCUMENTS,
            _ANALYSIS,
            partial(build_documents, tools=egress),
            final_errors=(DocumentError,),
            on_given_up=job_ends.documents_given_up,
        ),
        JobDefinition(
            JobKind.DELIVER,
            _NETWORK,
            partial(deliver, tools=egress),
            retry=backoff(egress.settings.delivery),
            on_given_up=job_ends.delivery_given_up,
        ),
    )


def serve(settings: Settings, on_ready: Callable[[int], None]) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP; `on_ready` gets the port."""
    stop: SimpleQueue[int] = SimpleQueue()  # unlike an Event's `set`, its `put` may interrupt the waiting at any point
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: stop.put(number))
    node = Node(settings)
    try:
        on_ready(node.start())
        stop.get()
    finally:
        node.stop()
