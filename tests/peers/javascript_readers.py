"""dcmjs and @cornerstonejs/adapters, which stand behind web viewers, and Medplum's FHIR server: by npm's package-lock.json.

`python -m tests.peers.javascript_readers` fetches them; the tests themselves need no network.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SOURCES = Path(__file__).parent / "javascript"
_FOLDER = Path(__file__).parents[2] / "build" / "javascript-readers"
_SCRIPT = "read_documents.mjs"
_PACKAGES = ("package.json", "package-lock.json")


def is_installed() -> bool:
    """Whether exactly the packages of the lock are there."""
    copied = _FOLDER / "package-lock.json"
    whole = (_FOLDER / "node_modules" / ".package-lock.json").exists()
    return bool(whole and shutil.which("node") and copied.read_bytes() == (_SOURCES / "package-lock.json").read_bytes())


def read(paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
    """For each file what `dcmjs` and what `adapters` made of it: {"result": ...} or {"error": ...}."""
    shutil.copy(_SOURCES / _SCRIPT, _FOLDER / _SCRIPT)
    result = subprocess.run(["node", _SCRIPT, *map(str, paths)], capture_output=True, text=True, check=True, cwd=_FOLDER)
    said = [json.loads(line) for line in result.stdout.splitlines() if line.startswith('{"path"')]
    return {Path(answer["path"]): answer for answer in said}


@contextmanager
def running(script: str) -> Iterator["subprocess.Popen[str]"]:
    """One of the scripts as a process that serves; what it prints is its `stdout`."""
    shutil.copy(_SOURCES / script, _FOLDER / script)
    with subprocess.Popen(["node", script], stdout=subprocess.PIPE, text=True, cwd=_FOLDER) as process:
        try:
            yield process
        finally:
            process.terminate()


def fetch() -> None:
    """250 MB, once."""
    if is_installed():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.stderr.write("npm is not installed: the tests of JavaScript readers are skipped. As root: apt-get install npm\n")
        return
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name in _PACKAGES:
        shutil.copy(_SOURCES / name, _FOLDER / name)
    # No package runs a script of its own. The peers that adapters ask for stand in package.json.
    quiet = ("--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([npm, "ci", *quiet], check=True, cwd=_FOLDER)


if __name__ == "__main__":
    fetch()
