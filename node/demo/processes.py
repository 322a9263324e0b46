"""The two programs of the demo, each in its own process: our node and a receiving PACS."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from node.errors import EchoNodeError


class Program:
    """A child that prints one line when it is ready, and ends on SIGTERM; its log goes to a file."""

    def __init__(self, name: str, arguments: Sequence[str], log_path: Path) -> None:
        self.name, self._log_path = name, log_path
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments], stdout=subprocess.PIPE, stderr=log, text=True, env=_environment()
            )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put("")

    def ready_line(self, timeout_s: float) -> str:
        """The line that says it is ready. EchoNodeError when it does not come."""
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            line = ""
        if not line:
            raise EchoNodeError(f"{self.name} did not start; see {self._log_path}")
        return line

    def stop(self, timeout_s: float = 30) -> int:
        """SIGTERM, then the exit code; SIGKILL when it does not end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
