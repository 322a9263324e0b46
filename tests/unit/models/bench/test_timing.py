"""Both ways of a timing: they take turns, they are compared, and what cannot be timed is not."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.bench import timing
from models.bench.networks import NETWORKS, known_networks
from models.bench.timing import input_shape
from models.engines.backend import TorchBackend
from models.library.registry import find_manifest


@pytest.mark.slow
@pytest.mark.further
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")  # torch's own, when it first compiles
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_networks_are_timed_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    found = timing.time_network("phantom_view", rounds=1, engine="torch", half=False, compiled=True)
    assert found.equal
    assert found.compiled_ratio is not None


@pytest.mark.slow
def test_what_cannot_be_compiled_is_not_timed(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(batch: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no C++ compiler\nlong explanation")

    monkeypatch.setattr(torch, "compile", lambda network: refuse)
    found = timing.time_network("phantom_view", rounds=1, engine="torch", half=False, compiled=True)
    assert found.compiled_s is None
    assert "no C++ compiler" in caplog.text
    assert "explanation" not in caplog.text


def test_a_network_that_takes_long_is_timed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: float(next(clock)))
    ran: list[str] = []
    timing._interleaved([(lambda: ran.append("published"), 1)], rounds=4)
    assert len(ran) == 2


@pytest.mark.slow
def test_graphs_of_random_weights_are_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("ECHONODE_CACHE", str(tmp_path))
    random = replace(find_manifest("phantom_view"), weights_file="", weights_sha256="")
    monkeypatch.setattr(timing, "find_manifest", lambda name: random)
    found = timing.time_network("phantom_view", rounds=1)
    assert found.engine.startswith("OpenVINO")
    assert not list(tmp_path.rglob("*.xml"))


def test_every_input_of_a_batch_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was computed in the place of its neighbour is seen, not only the first."""

    class Swaps(TorchBackend):
        def run(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(torch.cat([part[:1], part[1:].flip(0)]) for part in super().run(batch))

    for way, equal in ((Swaps, False), (TorchBackend, True)):
        monkeypatch.setattr(timing, "_as_in_the_node", lambda entry, *_, way=way: (way(entry), way.__name__))
        assert timing.time_network("phantom_view", rounds=1, half=False).equal is equal


def test_the_ways_take_turns() -> None:
    ran: list[str] = []
    seconds = timing._interleaved([(lambda: ran.append("published"), 1), (lambda: ran.append("ours"), 4)], rounds=2)
    assert ran == ["published", "ours", "ours", "published"]
    assert len(seconds) == 2


def test_shapes_come_from_the_manifest() -> None:
    assert input_shape(find_manifest("phantom_lv")) == (1, 160, 160)
    assert input_shape(find_manifest("lvid")) == (3, 480, 640)
    assert input_shape(find_manifest("avvmax")) == (3, 426, 1024)
    assert input_shape(find_manifest("EchoMotionNet_BiLSTM")) == (3, 16, 224, 224)


def test_every_network_it_times_is_in_the_library() -> None:
    assert known_networks() == list(NETWORKS)
