"""OpenVINO computes what torch computes, and converts each network once."""

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.analysis.adapters import placed_frames
from models.analysis.loaded_model import load_for_role, prepare_for_role
from models.engines import graph_cache
from models.engines.agreement import choose_backend, probe_clip
from models.engines.backend import TorchBackend
from models.engines.graph_cache import cached_graph, graph_key, throwaway_cache, weights_hash
from models.engines.openvino_backend import OpenVinoBackend, has_bf16
from models.errors import BackendError
from models.library.model_set import Role
from models.library.recipe import Answer
from models.library.registry import find_manifest

pytestmark = pytest.mark.slow

openvino = pytest.importorskip("openvino")
SHAPE = (1, 16, 16)


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 1)).eval()


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[nn.Module]:
    """The networks that were converted, with an empty cache at the start."""
    monkeypatch.setenv("ECHONODE_CACHE", str(tmp_path / "cache"))
    converted: list[nn.Module] = []
    convert: Callable[..., object] = openvino.convert_model

    def counting(network: nn.Module, **arguments: object) -> object:
        converted.append(network)
        return convert(network, **arguments)

    monkeypatch.setattr(openvino, "convert_model", counting)
    return converted


BUNDLED = [(Role.VIEW, "phantom_view"), (Role.QUALITY, "phantom_quality"), (Role.LV_SEGMENTATION, "phantom_lv")]


@pytest.mark.parametrize(("role", "name"), BUNDLED)
def test_the_bundled_networks_give_the_same(role: Role, name: str) -> None:
    """Batches of other sizes than the traced and the probed one, and half of each is no phantom."""
    reference = load_for_role(role, name)
    unbound = replace(reference.model, manifest=replace(reference.manifest, thresholds={}))  # so no half precision
    loaded = prepare_for_role(role, unbound, engine="openvino")
    assert loaded.use.engine == f"OpenVINO {openvino.__version__.split('-')[0]} fp32", "the gate let it through"
    assert reference.use.engine == f"torch {torch.__version__} fp32"
    size = loaded.manifest.input_size_px
    noise = torch.rand(2, 1, size, size, generator=torch.Generator().manual_seed(1))
    for batch in (noise[:1], torch.cat([noise, noise.flip(-1), noise.sqrt()])):
        for one, other in zip(reference.run(batch), loaded.run(batch), strict=True):
            assert one.shape == other.shape
            assert float((one - other).abs().max() / one.abs().max()) < 1e-4


@pytest.mark.parametrize(("role", "name"), BUNDLED)
def test_the_bundled_networks_run_in_half_precision_where_the_cpu_does(role: Role, name: str) -> None:
    """Their manifests state the bounds, and on the probe they keep them."""
    loaded = load_for_role(role, name, engine="openvino")
    assert loaded.backend.refusals == ()
    assert loaded.use.engine.endswith("bf16" if has_bf16() else "fp32")


def test_a_network_is_converted_once(conversions: list[nn.Module]) -> None:
    first = OpenVinoBackend(network(), SHAPE)
    again = OpenVinoBackend(network(), SHAPE)
    assert len(conversions) == 1
    batch = torch.rand(3, *SHAPE)
    torch.testing.assert_close(first.run(batch)[0], again.run(batch)[0])
    torch.testing.assert_close(first.run(batch)[0], TorchBackend(network()).run(batch)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("usually", [1, 2, 8])
@pytest.mark.parametrize("number", [1, 3, 8])
def test_inputs_computed_at_the_same_time_keep_their_order(usually: int, number: int) -> None:
    """Each answer is that of its own input, whichever of them is ready first, and not that of the next batch."""
    backend, reference = OpenVinoBackend(network(), SHAPE, usually=usually), TorchBackend(network())
    first, second = torch.rand(2, number, *SHAPE, generator=torch.Generator().manual_seed(number))
    of_first, of_second = backend.run(first)[0], backend.run(second)[0]
    torch.testing.assert_close(of_first, reference.run(first)[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(of_second, reference.run(second)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("usually", [1, 2])
def test_what_it_cannot_take_leaves_it_as_it_was(usually: int) -> None:
    backend, reference = OpenVinoBackend(network(), SHAPE, usually=usually), TorchBackend(network())
    batch = torch.rand(5, *SHAPE)
    for wrong in (torch.rand(2, 1, 32, 32), torch.rand(3, 2, 16, 16), torch.rand(0, *SHAPE)) * 2:
        with pytest.raises(BackendError, match=f"cannot run a batch of {len(wrong)}"):
            backend.run(wrong)
        torch.testing.assert_close(backend.run(batch)[0], reference.run(batch)[0], rtol=1e-4, atol=1e-5)


class AddsPositions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.ones(1, 1, 96, 96))

    def forward(self, frames: Tensor) -> Tensor:
        return frames + self.positions


def test_a_size_that_a_graph_of_free_sides_refuses_leaves_it_as_it_was() -> None:
    backend, good = OpenVinoBackend(AddsPositions(), (1, -1, -1)), torch.rand(1, 1, 96, 96)
    for _ in range(2):
        with pytest.raises(BackendError, match="cannot run a batch of 1"):
            backend.run(torch.rand(1, 1, 50, 60))
        torch.testing.assert_close(backend.run(good)[0], good + 1)


def test_two_threads_get_their_own_answers() -> None:
    backend, reference = OpenVinoBackend(network(), SHAPE, usually=2), TorchBackend(network())
    batches = torch.rand(40, 3, *SHAPE)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: backend.run(batch)[0], batches))
    for batch, answer in zip(batches, found, strict=True):
        torch.testing.assert_close(answer, reference.run(batch)[0], rtol=1e-4, atol=1e-5)


def test_other_weights_layers_or_shapes_are_converted_anew(conversions: list[nn.Module]) -> None:
    OpenVinoBackend(network(), SHAPE)
    OpenVinoBackend(network(1), SHAPE)
    assert len(conversions) == 2
    OpenVinoBackend(network(), (1, 24, 16))
    assert len(conversions) == 3
    other = network()
    other[1].eps = 0.1  # type: ignore[index,union-attr,assignment]
    assert weights_hash(other) == weights_hash(network())
    OpenVinoBackend(other, SHAPE)
    assert len(conversions) == 4
    statistics = network()
    statistics[1].running_var.add_(1.0)  # type: ignore[index,union-attr,operator]
    assert weights_hash(statistics) != weights_hash(network())


def test_a_wrong_graph_in_the_cache_is_refused_and_made_anew(conversions: list[nn.Module], tmp_path: Path) -> None:
    right, wrong = network(), network(1)
    version = f"OpenVINO {openvino.__version__}"
    OpenVinoBackend(wrong, SHAPE)
    graphs = tmp_path / "cache" / "graphs"
    shutil.copytree(graphs / graph_key(wrong, SHAPE, version), graphs / graph_key(right, SHAPE, version))
    probe = torch.rand(3, *SHAPE)
    chosen = choose_backend(right, Answer.MASK, probe, find_manifest("phantom_lv"), engine="openvino", trained=False)
    assert chosen.name.startswith("OpenVINO")
    assert chosen.refusals == ()
    assert conversions == [wrong, right]
    torch.testing.assert_close(chosen.run(probe)[0], TorchBackend(right).run(probe)[0], rtol=1e-4, atol=1e-5)
    OpenVinoBackend(right, SHAPE)
    assert conversions == [wrong, right], "what was made anew has taken the place of the wrong one"


def test_a_graph_of_one_batch_size_in_the_cache_is_made_anew(conversions: list[nn.Module], tmp_path: Path) -> None:
    """As a version of ours may have left it, in which its network fixed the size."""
    right, wrong = network(), FixesItsBatch()
    version = f"OpenVINO {openvino.__version__}"
    with pytest.raises(BackendError, match="cannot run it"):
        OpenVinoBackend(wrong, SHAPE)
    graphs = tmp_path / "cache" / "graphs"
    shutil.copytree(graphs / graph_key(wrong, SHAPE, version), graphs / graph_key(right, SHAPE, version))
    chosen = choose_backend(
        right, Answer.MASK, torch.rand(3, *SHAPE), find_manifest("phantom_lv"), engine="openvino", trained=False
    )
    assert chosen.name.startswith("OpenVINO")
    assert chosen.refusals == ()


def test_a_damaged_graph_in_the_cache_is_made_anew(conversions: list[nn.Module], tmp_path: Path) -> None:
    OpenVinoBackend(network(), SHAPE)
    (graph,) = tmp_path.rglob("graph.xml")
    graph.write_bytes(graph.read_bytes()[:200])
    batch = torch.rand(3, *SHAPE)
    found = OpenVinoBackend(network(), SHAPE).run(batch)
    torch.testing.assert_close(found, TorchBackend(network()).run(batch), rtol=1e-4, atol=1e-5)
    assert len(conversions) == 2


def test_the_graphs_used_longest_ago_make_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHONODE_CACHE", str(tmp_path))
    monkeypatch.setattr(graph_cache, "MOST_BYTES", 250)

    def make(folder: Path) -> None:
        (folder / "graph.xml").write_bytes(bytes(100))

    for age_s, key in ((30, "first"), (20, "second")):
        folder = cached_graph(key, make)
        assert folder is not None
        os.utime(folder, (time.time() - age_s,) * 2)
    cached_graph("first", make)  # used again, so the other one goes
    cached_graph("third", make)
    assert sorted(folder.name for folder in (tmp_path / "graphs").iterdir()) == ["first", "third"]
    monkeypatch.setattr(graph_cache, "MOST_BYTES", 50)
    assert cached_graph("fourth", make) == tmp_path / "graphs" / "fourth"
    assert [folder.name for folder in (tmp_path / "graphs").iterdir()] == ["fourth"], "what was just made stays, however large"


def test_a_throwaway_cache_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHONODE_CACHE", str(tmp_path))
    with throwaway_cache():
        folder = cached_graph("one", lambda making: (making / "graph.xml").touch())
        assert folder is not None
        assert (folder / "graph.xml").exists()
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []
    assert graph_cache.cache_folder() == tmp_path


def test_without_a_folder_it_works_without_a_cache(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("ECHONODE_CACHE", "/dev/null/nowhere")
    assert OpenVinoBackend(network(), SHAPE).run(torch.rand(1, *SHAPE))[0].shape == (1, *SHAPE)
    assert "graphs cannot be kept" in caplog.text


class Unconvertible(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        raise RuntimeError("not this way")


def test_what_cannot_be_converted_says_so() -> None:
    root = logging.getLogger()
    before = (root.level, root.filters[:], root.handlers[:])
    with pytest.raises(BackendError, match="cannot run it"):
        OpenVinoBackend(Unconvertible(), SHAPE)
    assert (root.level, root.filters, root.handlers) == before, "its logging is not ours"


class Pools(nn.Module):
    """One answer for a whole batch."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.flatten(0, 1).mean(dim=0, keepdim=True)[:, None].repeat(2, 1, 1, 1)


def test_what_does_not_answer_each_input_is_refused() -> None:
    with pytest.raises(BackendError, match="cannot run a batch of 3"):
        OpenVinoBackend(Pools(), SHAPE).run(torch.rand(3, *SHAPE))


class FixesItsBatch(nn.Module):
    """The size of a batch becomes a constant of the graph, as in a transformer that repeats its class token."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.ones(1, 1, 16, 16))

    def forward(self, frames: Tensor) -> Tensor:
        number = int(frames.shape[0])  # a constant to tracing
        return torch.cat([self.token.expand(number, -1, -1, -1), frames], dim=1)


def test_a_graph_of_one_batch_size_is_refused_and_torch_computes(caplog: pytest.LogCaptureFixture) -> None:
    probe = torch.rand(3, *SHAPE)
    chosen = choose_backend(FixesItsBatch(), Answer.MASK, probe, find_manifest("phantom_lv"), engine="auto", trained=False)
    assert isinstance(chosen.backend, TorchBackend)
    assert "refused: OpenVINO" in chosen.name
    assert "cannot run it" in caplog.text
    assert chosen.run(probe)[0].shape == (3, 2, 16, 16)


def test_nothing_is_reported_to_its_maker() -> None:
    """Importing OpenVINO starts its telemetry, unless it cannot be found."""
    code = (
        "import sys; from models.engines.openvino_backend import has_bf16; has_bf16();"
        "import openvino; sys.exit(sys.modules['openvino_telemetry'] is not None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_probe_of_a_bundled_network_is_an_image_of_a_heart() -> None:
    """Not noise: half precision is tried by a mask, and noise has none."""
    loaded = load_for_role(Role.LV_SEGMENTATION, "phantom_lv")
    clip = probe_clip(loaded.manifest.probe)
    batch = placed_frames(clip, loaded.manifest).batch(range(3))
    share = (loaded.run(batch)[0] > 0).float().mean(dim=(1, 2, 3))
    assert ((share > 0.02) & (share < 0.5)).all()
