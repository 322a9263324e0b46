"""Waiting for something to become true, and ports nobody uses: what every test with a peer needs. Tests never sleep."""

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def patience(seconds: float) -> float:
    """The bound that a wait of `seconds` on an idle machine has on this one, in seconds.

    Twice what the others' share of the cores makes of it, for the load average lags behind. A bound says that nothing comes any
    more, never how fast it comes: beside busy processes everything comes later.
    """
    return seconds * max(1.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_for(predicate: Callable[[], T], timeout_s: float = 10, message: str = "") -> T:
    """Poll until `predicate` returns something true and return that; AssertionError after `timeout_s` of `patience`."""
    pause = threading.Event()
    started_s = time.monotonic()
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() - started_s > patience(timeout_s):
            raise AssertionError(f"not within {patience(timeout_s):.0f} s: {message or predicate}")
        pause.wait(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
