"""DCMTK's network tools, by absolute path: pynetdicom installs commands of the same names."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import free_port, patience, wait_for

_ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def storescu(
    port: int, *paths: Path, options: tuple[str, ...] = (), called_aet: str = "ECHONODE", calling_aet: str = "STORESCU"
) -> "subprocess.CompletedProcess[str]":
    """Send files over one association; `options` such as `-xy` choose the transfer syntax that is proposed."""
    command = ["/usr/bin/storescu", "-v", *options, "-aet", calling_aet, "-aec", called_aet, "127.0.0.1", str(port)]
    return _run([*command, *map(str, paths)])


def echoscu(port: int, *, called_aet: str = "ECHONODE", calling_aet: str = "ECHOSCU") -> "subprocess.CompletedProcess[str]":
    return _run(["/usr/bin/echoscu", "-v", "-aet", calling_aet, "-aec", called_aet, "127.0.0.1", str(port)])


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    run = subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT, timeout=patience(120), check=False)
    run.stdout += run.stderr  # DCMTK says most of it there
    return run


@contextmanager
def storescp(folder: Path, *options: str, ae_title: str = "STORESCP") -> Iterator[int]:
    """DCMTK's receiver; yields its port. `options` such as `+xi` choose the transfer syntaxes that it takes."""
    port = free_port()
    command = ["/usr/bin/storescp", "-od", str(folder), "-aet", ae_title, *options, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_ENVIRONMENT)
    try:
        wait_for(lambda: echoscu(port, called_aet=ae_title).returncode == 0, message="storescp to answer")
        yield port
    finally:
        process.terminate()
        process.wait(patience(10))
