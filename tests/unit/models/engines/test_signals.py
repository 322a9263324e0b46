"""An engine that came and went leaves the process able to take its signals."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("openvino")

# Loaded by the main thread, let go by another: as a node drops a network that it takes no more.
_COME_AND_GONE = """
import gc, signal, threading
from torch import nn
from models.engines.openvino_backend import OpenVinoBackend, has_bf16

signal.signal(signal.SIGTERM, lambda *_: print("in order"))
has_bf16()
engines = [OpenVinoBackend(nn.Conv2d(1, 1, 1).eval(), (1, 4, 4))]
thread = threading.Thread(target=lambda: (engines.clear(), gc.collect()))
thread.start()
thread.join()
assert not engines
signal.raise_signal(signal.SIGTERM)
"""


def test_a_network_let_go_by_another_thread_leaves_signals_alone(tmp_path: Path) -> None:
    """Bug prevented: SIGTERM ended a node by a segmentation fault, on a stack that OpenVINO's plugin had taken back."""
    environment = os.environ | {"ECHONODE_CACHE": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", _COME_AND_GONE], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert (done.returncode, done.stdout) == (0, "in order\n"), done.stderr
