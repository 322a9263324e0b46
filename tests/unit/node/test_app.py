"""How a node runs until it is told to stop."""

import subprocess
import sys

import pytest

# A process of its own: a signal that nobody took would end the test runner.
_SERVE = """
import os, signal
from node import app
from node.settings import Settings

class Node:
    def __init__(self, settings):
        pass
    def start(self):
        return 104
    def stop(self):
        print("stopped in order")

app.Node = Node
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    app.serve(Settings(), lambda port: os.kill(os.getpid(), number))
"""


@pytest.mark.slow
def test_a_signal_stops_the_node_in_order() -> None:
    """A closed terminal or `systemctl reload` sends SIGHUP; it once ended the node without an entry in the audit trail."""
    done = subprocess.run([sys.executable, "-c", _SERVE], capture_output=True, text=True, check=False, timeout=600)
    assert done.stdout.splitlines() == ["stopped in order"] * 3, done.stderr
    assert done.returncode == 0
