"""The ticking of the node: idempotent timers in one process; the database remembers what they did.

APScheduler reckons in times of day and would stand still for an hour when the clock is set back by one. A thread that waits by
the monotonic clock therefore looks after it: what is due later than one interval from now is due now.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)

_LOOK_AFTER_S = 1.0
_TOLERANCE = timedelta(seconds=0.5)  # between a tick and the reckoning of the next


class Timers:
    """Named functions without arguments, each run every so many seconds, never twice at once."""

    def __init__(
        self, every_s: Mapping[str, tuple[float, Callable[[], object]]], *, look_after_s: float = _LOOK_AFTER_S
    ) -> None:
        self._scheduler = BackgroundScheduler(
            timezone="UTC", executors={"default": {"type": "threadpool", "max_workers": len(every_s)}}
        )
        self._look_after_s = look_after_s
        self._stopping = threading.Event()
        self._steady = threading.Thread(target=self._keep_up, name="steady-timers", daemon=True)
        for name, (seconds, function) in every_s.items():
            self._scheduler.add_job(
                _tick, "interval", (name, function), seconds=seconds, id=name, max_instances=1, coalesce=True,
                misfire_grace_time=None,
            )  # fmt: skip

    def start(self) -> None:
        self._scheduler.start()
        self._steady.start()

    def stop(self) -> None:
        """Returns when the last tick is over."""
        self._stopping.set()
        if self._scheduler.running:
            self._steady.join()
            self._scheduler.shutdown(wait=True)

    def _keep_up(self) -> None:
        while not self._stopping.wait(self._look_after_s):
            now = datetime.now(UTC)
            for job in self._scheduler.get_jobs():
                if job.next_run_time is not None and job.next_run_time > now + job.trigger.interval + _TOLERANCE:
                    try:
                        job.modify(next_run_time=now)
                    except JobLookupError:  # stopped in this moment
                        return


def _tick(name: str, function: Callable[[], object]) -> None:
    """While the database is away, or worse, a tick does nothing; the next one does its work, too."""
    try:
        function()
    except Exception as error:
        log.error("%s: %s", name, type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
