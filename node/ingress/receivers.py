"""The receivers as processes of their own: started on one socket, watched, started again when one is lost.

Each is given its settings through its standard input, which stays open as long as the node lives: a receiver never outlives it.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from node.errors import ConfigError
from node.ingress.receiver import listen
from node.settings import Settings

log = logging.getLogger(__name__)

COMMAND: Sequence[str] = (sys.executable, "-m", "node.ingress")
READY = b"ready\n"
_START_S = 600.0  # one that ends is noticed at once: this is for one that hangs, and a busy machine starts slowly
_ASSOCIATIONS_S, _KILL_S = 10.0, 20.0  # for associations to end when stopping; for the process to end after that
_FIRST_RESTART_S, _LONGEST_RESTART_S = 0.2, 30.0
_STABLE_S = 60.0  # a receiver that lived so long is started again at once


@dataclass
class _Process:
    """`mark` begins the names of its associations and temporary files."""

    mark: str
    popen: "subprocess.Popen[bytes]"
    started_s: float

    def end(self) -> None:
        """The pipes; without its standard input a receiver stops."""
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                with suppress(OSError):  # it has gone already
                    pipe.close()


class Receivers:
    """`on_lost(mark)` is called when a receiver ended by itself, before another takes its place."""

    def __init__(self, settings: Settings, on_lost: Callable[[str], None]) -> None:
        self._settings, self._on_lost = settings, on_lost
        self._listening: socket.socket | None = None
        self._processes: list[_Process] = []
        self._stopping = threading.Event()
        self._watchers: list[threading.Thread] = []

    def start(self) -> int:
        """Returns the port, which the system chose when 0 was configured. ConfigError when it is taken."""
        self._listening = listen(self._settings.node)
        self._processes = [self._spawn() for _ in range(self._settings.node.receivers)]
        for process in self._processes:
            self._wait_until_ready(process)
        for index in range(len(self._processes)):
            watcher = threading.Thread(target=self._watch, args=(index,), name=f"receiver-{index}", daemon=True)
            self._watchers.append(watcher)
            watcher.start()
        return int(self._listening.getsockname()[1])

    def stop(self) -> None:
        """No new associations; those that run may end. Everything acknowledged is committed when this returns."""
        self._stopping.set()
        if self._listening is not None:
            self._listening.close()  # else the system would go on taking connections that nobody serves
        for process in self._processes:
            process.end()
        deadline = time.monotonic() + _KILL_S
        for process in self._processes:
            try:
                process.popen.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("a receiver does not stop and is killed")
                process.popen.kill()
                process.popen.wait()
        for watcher in self._watchers:
            watcher.join()

    def _spawn(self) -> _Process:
        assert self._listening is not None
        mark = uuid.uuid4().hex[:8] + "-"
        descriptor = self._listening.fileno()
        popen = subprocess.Popen(
            [*COMMAND, str(descriptor), mark, logging.getLevelName(logging.getLogger().level)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[descriptor],
            env={**os.environ, "MALLOC_ARENA_MAX": "2"},  # glibc's pools for each thread would hold what one object took
        )
        assert popen.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already, which `_wait_until_ready` finds
            popen.stdin.write(self._settings.model_dump_json().encode() + b"\n")
            popen.stdin.flush()
        return _Process(mark, popen, time.monotonic())

    def _wait_until_ready(self, process: _Process) -> None:
        assert process.popen.stdout is not None
        timer = threading.Timer(_START_S, process.popen.kill)
        timer.start()
        line = process.popen.stdout.readline()
        timer.cancel()
        if line != READY:
            raise ConfigError("a receiver did not start; what it says stands above")

    def _watch(self, index: int) -> None:
        """Until the node stops, a lost receiver is replaced; one that is lost again and again ever more slowly."""
        pause_s = _FIRST_RESTART_S
        while True:
            process = self._processes[index]
            code = process.popen.wait()
            process.end()
            if self._stopping.is_set():
                return
            log.error("a receiver ended with code %s and is started again", code)
            if time.monotonic() - process.started_s > _STABLE_S:
                pause_s = _FIRST_RESTART_S
            if self._stopping.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LONGEST_RESTART_S)
            try:
                self._on_lost(process.mark)
                self._processes[index] = self._spawn()
                self._wait_until_ready(self._processes[index])
            except (OSError, ConfigError, SQLAlchemyError) as error:  # tried again: its process has ended
                log.error("a receiver cannot be started: %s", type(error).__name__)
