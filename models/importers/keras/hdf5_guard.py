"""Whether an HDF5 file can be read to its end at all, told before this process opens it."""

import atexit
import json
import subprocess
import sys
import threading
from pathlib import Path

_SCRIPT = Path(__file__).with_name("hdf5_walk.py")


class _Walker:
    """The process that walks; started when first needed, and again after a file that ended it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def survives(self, path: Path) -> bool:
        with self._lock:
            process = self._process or self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(json.dumps(str(path.absolute())) + "\n")
                process.stdin.flush()
                answered = process.stdout.readline() != ""
            except BrokenPipeError:
                answered = False
            if not answered:
                self._close()
            return answered

    def _started(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", str(_SCRIPT)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return self._process

    def _close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


_walker = _Walker()
atexit.register(_walker._close)


def survives_reading(path: Path) -> bool:
    """False for a file that kills whoever reads it, or keeps it reading for ever: it is damaged."""
    return _walker.survives(path)
