"""Idle workers sleep until a transaction of any process has left them work.

On PostgreSQL that is NOTIFY, sent by the commit itself. On SQLite whoever has committed such a transaction writes one byte
into a FIFO beside the database file, which the node reads. A word that gets lost costs a slow look of the workers, no more.
"""

import logging
import os
import select
import stat
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

_CHANNEL = "echonode_jobs"
_MARK = "echonode_jobs"
_RECONNECT_S = 5.0
_DEAF_LOOK_S = 0.5  # how often to look where nothing can be heard


def mark(session: Session) -> None:
    """Work may have become due in this transaction: idle workers are to look once it is committed."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {_CHANNEL}"))
    else:
        session.info[_MARK] = True


def is_marked(session: Session) -> bool:
    """Whether somebody has to be told after the commit; PostgreSQL tells by itself."""
    return bool(session.info.get(_MARK))


class Listener:
    """What the threads of one process wait on. Without anything to listen to they look twice a second."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._heard, self.deaf = 0, True  # deaf: there is nothing to listen to

    @property
    def heard(self) -> int:
        """How many words came so far: to be read before looking for work, so that none is missed in between."""
        with self._condition:
            return self._heard

    def wait(self, after: int, timeout_s: float) -> None:
        """Until a word comes that `after` does not count, or the time is over."""
        with self._condition:
            self._condition.wait_for(lambda: self._heard != after, min(timeout_s, _DEAF_LOOK_S) if self.deaf else timeout_s)

    def ring(self) -> None:
        with self._condition:
            self._heard += 1
            self._condition.notify_all()

    def set_deaf(self, deaf: bool) -> None:
        """Words may have been lost until now, so everybody looks."""
        self.deaf = deaf
        self.ring()

    def close(self) -> None:
        self.ring()


class FifoListener(Listener):
    """Of the one node of a data folder."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._closing = False
        try:
            self._descriptor: int | None = _open_to_read(path)
        except OSError as error:  # a file system without FIFOs
            log.warning("workers look for jobs twice a second: %s cannot be made: %s", path.name, error.strerror)
            self._descriptor = None
            return
        self.deaf = False
        self._thread = threading.Thread(target=self._run, args=(self._descriptor,), name="wake-up", daemon=True)
        self._thread.start()

    def _run(self, descriptor: int) -> None:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while not self._closing:
            poll.poll()
            with suppress(BlockingIOError):
                os.read(descriptor, 65536)
            self.ring()

    def close(self) -> None:
        self._closing = True
        super().close()
        if self._descriptor is not None:
            with suppress(BlockingIOError):
                os.write(self._descriptor, b"\0")
            self._thread.join()
            os.close(self._descriptor)
            self._descriptor = None


class NotifyListener(Listener):
    """Listens on a connection of its own, and connects again for as long as it takes."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._end, self._ending = os.pipe()
        self._thread = threading.Thread(target=self._run, name="wake-up", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        driver_error = self._engine.dialect.loaded_dbapi.Error  # psycopg's, which a node on SQLite need not load
        ended = False
        while not ended:
            try:
                ended = self._listen()
            except (SQLAlchemyError, driver_error, OSError) as error:
                log.warning("workers look for jobs twice a second: LISTEN: %s", type(error).__name__)
                self.set_deaf(True)
                ended = self._is_over(_RECONNECT_S)

    def _listen(self) -> bool:
        pooled = self._engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()  # closed at the end, not put back among the others with its LISTEN
        with closing(driver):
            driver.autocommit = True
            driver.execute(f"LISTEN {_CHANNEL}")
            self.set_deaf(False)
            while True:
                readable, _, _ = select.select([driver, self._end], [], [])
                if self._end in readable:
                    return True
                for _ in driver.notifies(timeout=0):
                    self.ring()

    def _is_over(self, timeout_s: float) -> bool:
        return bool(select.select([self._end], [], [], timeout_s)[0])

    def close(self) -> None:
        super().close()
        os.write(self._ending, b"\0")
        self._thread.join()
        os.close(self._end)
        os.close(self._ending)


def listener(engine: Engine, fifo: Path | None) -> Listener:
    if engine.dialect.name == "postgresql":
        return NotifyListener(engine)
    return FifoListener(fifo) if fifo is not None else Listener()


def tell(path: Path | None) -> None:
    """One word to the node that reads the FIFO at `path`; none where none runs."""
    if path is None:
        return
    with suppress(OSError):  # nobody reads it, or it is full: the node has words enough
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"\0")
        finally:
            os.close(descriptor)


def _open_to_read(path: Path) -> int:
    """For writing too: else its reader would see an end of file whenever the last writer is gone."""
    with suppress(FileExistsError):
        os.mkfifo(path, 0o600)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(0, "something else has its name")
    return descriptor
