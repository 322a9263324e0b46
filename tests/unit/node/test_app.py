"""How a node runs until it is told to stop."""

import os
import signal
from collections.abc import Iterator

import pytest

from node import app
from node.settings import Settings

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Stopped:
    """A node that notes what is asked of it."""

    def __init__(self, settings: Settings) -> None:
        self.stopped = False
        running.append(self)

    def start(self) -> int:
        return 104

    def stop(self) -> None:
        self.stopped = True


running: list[Stopped] = []


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_the_node_in_order(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """A closed terminal or `systemctl reload` sends SIGHUP; it once ended the node without an entry in the audit trail."""
    monkeypatch.setattr(app, "Node", Stopped)
    app.serve(Settings(), lambda port: os.kill(os.getpid(), number))
    assert running[-1].stopped
