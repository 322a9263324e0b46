"""Accepts connections and gives each its thread, up to a limit."""

import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable

from node.ingress.upper_layer.association import Acceptor, Limits
from node.ingress.upper_layer.services import Services
from node.ingress.upper_layer.wire import Wire

log = logging.getLogger(__name__)

_ABORT_S = 2.0  # how long an A-ABORT may take to end an association
_NO_HANDLES_S = 0.1
_SPARE = 16  # connections above the limit that still get an A-ASSOCIATE-RJ; more are closed without a word


class Listener:
    """`new_services(address, admitted)` is called for each connection; `admitted` is False where it is one too many."""

    def __init__(
        self,
        listening: socket.socket,
        new_services: Callable[[str, bool], Services],
        limits: Limits,
        *,
        max_associations: int,
    ) -> None:
        self._listening, self._new_services, self._limits = listening, new_services, limits
        self._max_associations = max_associations
        self._running: dict[threading.Thread, Acceptor] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._accept, name="listener", daemon=True)

    @property
    def open_associations(self) -> int:
        with self._lock:
            return len(self._running)

    def start(self) -> None:
        self._listening.setblocking(False)  # another receiver may take the connection that woke us
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """No new connections; associations may end for `timeout_s`, then they are aborted, then cut."""
        if not self._thread.is_alive():
            return
        self._stopping.set()
        os.write(self._wake_write, b"x")
        self._thread.join()
        self._listening.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._join(timeout_s)
        for acceptor in self._acceptors():
            acceptor.abort()
        self._join(_ABORT_S)

    def _accept(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._listening, selectors.EVENT_READ)
            ready.register(self._wake_read, selectors.EVENT_READ)
            while True:
                if any(key.fileobj == self._wake_read for key, _ in ready.select()):
                    return
                try:
                    transport, address = self._listening.accept()
                except BlockingIOError:  # another receiver took it
                    continue
                except OSError as error:  # gone again, or no file handles left: those that end will give some back
                    log.warning("a connection cannot be accepted: %s", type(error).__name__)
                    self._stopping.wait(_NO_HANDLES_S)
                    continue
                self._serve(transport, str(address[0]))

    def _serve(self, transport: socket.socket, address: str) -> None:
        open_associations = self.open_associations
        if open_associations >= self._max_associations + _SPARE:
            transport.close()
            return
        transport.setblocking(True)
        wire = Wire(transport, timeout_s=self._limits.request_s)
        acceptor = Acceptor(wire, self._new_services(address, open_associations < self._max_associations), self._limits)
        thread = threading.Thread(target=self._run, args=(acceptor,), name=f"association-{address}", daemon=True)
        with self._lock:
            self._running[thread] = acceptor
        try:
            thread.start()
        except RuntimeError:  # no thread to be had: the sender tries again
            with self._lock:
                del self._running[thread]
            wire.close()

    def _run(self, acceptor: Acceptor) -> None:
        try:
            acceptor.run()
        finally:
            with self._lock:
                del self._running[threading.current_thread()]

    def _acceptors(self) -> list[Acceptor]:
        with self._lock:
            return list(self._running.values())

    def _join(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._running)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
