"""The clock of the node: idempotent timers in one process; the database remembers what they did."""

import logging
from collections.abc import Callable, Mapping

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


class Timers:
    """Named functions without arguments, each run every so many seconds, never twice at once."""

    def __init__(self, every_s: Mapping[str, tuple[float, Callable[[], object]]]) -> None:
        self._scheduler = BackgroundScheduler(timezone="UTC")
        for name, (seconds, function) in every_s.items():
            self._scheduler.add_job(
                _tick, "interval", (name, function), seconds=seconds, id=name, max_instances=1, coalesce=True,
                misfire_grace_time=None,
            )  # fmt: skip

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)


def _tick(name: str, function: Callable[[], object]) -> None:
    """While the database is away a tick does nothing; the next one does its work, too."""
    try:
        function()
    except SQLAlchemyError as error:
        log.error("%s: %s", name, type(error).__name__)
