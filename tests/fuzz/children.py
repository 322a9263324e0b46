"""Fuzzing in a process of its own, started again behind every input that kills it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.run import Fault

ROOT = Path(__file__).resolve().parents[2]
_MOST_DEATHS = 5  # of one target: then something is wrong with all inputs


def faults(target: str, first: int, count: int, folder: Path) -> Iterator[Fault]:
    """Every fault among these inputs. Raises AssertionError where even the valid inputs are refused."""
    last = first + count
    for _ in range(_MOST_DEATHS):
        progress = folder / f"{target}.progress"
        progress.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.fuzz.run", target, str(first), str(last - first), str(progress)]
        ended = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
        yield from (Fault(**json.loads(line)) for line in ended.stdout.splitlines() if line.startswith(b"{"))
        at = progress.read_text() if progress.exists() else ""
        if at == "done" and ended.returncode == 0:
            return
        assert at.isdigit(), f"{target} did not begin: {ended.stderr.decode(errors='replace')[-2000:]}"
        yield Fault(target, int(at), f"the process died: {_cause(ended.returncode)}")
        first = int(at) + 1
        if first >= last:
            return


def _cause(returncode: int) -> str:
    if -returncode in (signal.SIGPROF, signal.SIGALRM):
        return "the input took too long"
    return signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"
