"""The ticking of the node: idempotent timers in one process; the database remembers what they did.

Each is a thread that waits by the monotonic clock. A scheduler that reckons in times of day would stand still for an hour when
the clock is set back by one.
"""

import logging
import threading
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


class Timers:
    """Named functions without arguments, each run every so many seconds, never twice at once."""

    def __init__(self, every_s: Mapping[str, tuple[float, Callable[[], object]]]) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(name, seconds, function), name=name, daemon=True)
            for name, (seconds, function) in every_s.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when the last tick is over."""
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _run(self, name: str, seconds: float, function: Callable[[], object]) -> None:
        while not self._stopping.wait(seconds):
            try:
                function()
            except Exception as error:  # the database is away, or worse: the next tick does the work, too
                log.error("%s: %s", name, type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
