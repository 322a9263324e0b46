"""Networks that read clips themselves, by another engine: what is tried of them, and that they read the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models.analysis.loaded_model import prepare_for_role
from models.analysis.reader_probes import ReaderProbe, kind, reader_probes, repeated
from models.calibration import RegionCalibration, RegionDataType, RegionSpatialFormat
from models.clip import Clip
from models.engines.agreement import disagreement, probe_clip
from models.engines.backend import Precision, TorchBackend
from models.errors import BackendError
from models.families.echonet.dynamic import EjectionFraction
from models.library.manifest import Manifest
from models.library.model_set import Role
from models.library.recipe import Answer
from models.library.registry import find_manifest, list_models, load_manifest, recipe_of
from models.library.roles import families_for
from models.networks.engine_slots import EngineSlots
from models.networks.reading_network import as_if_trained
from tests.loaded import as_model
from tests.unit.models.families.echo_apex.tiny_apex import moving_clip, tiny, tiny_manifest
from tests.unit.models.families.echonet.drawn_displays import PerfectMasks, reader_of
from tests.unit.models.families.echonet.test_echonet_dynamic import BrightVentricle, beating

_EXACT = 1e-3  # of the largest value: the gate's own bound


def motion_manifest(name: str) -> Manifest:
    manifest = find_manifest(name)
    return replace(manifest, input_shape=(*manifest.input_shape[:-2], 64, 64))


def dynamic_manifest(name: str) -> Manifest:
    manifest = find_manifest(f"echonet_dynamic/{name}")
    return replace(manifest, architecture={**manifest.architecture, "mean": 60.0, "std": 50.0})


def network_of(manifest: Manifest) -> Any:
    torch.manual_seed(0)
    return as_if_trained(load_manifest(manifest).network.eval())


def small_fraction() -> Any:
    """EchoNet-Dynamic's reader around a network of one convolution."""
    with torch.device("meta"):
        network = EjectionFraction(dynamic_manifest("ef_r2plus1d_18"))
    torch.manual_seed(0)
    layers = nn.Conv3d(3, 4, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool3d(2), nn.Flatten(), nn.Linear(32, 1)
    network.network = nn.Sequential(*layers)
    nn.init.constant_(network.network[4].bias, 55.0)
    return network.eval()


def timed_clip(frames: int = 40, frame_ms: float = 40.0) -> Clip:
    return replace(moving_clip(frames), frame_times_ms=np.arange(frames) * frame_ms, heart_rate_bpm=80.0)


class Bare(nn.Module):
    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest


def own_probes(manifest: Manifest, clip: Clip | None = None) -> tuple[ReaderProbe, ...]:
    """What the library tries of a network of this manifest, by default on its own probe."""
    return reader_probes(Bare(manifest), clip or probe_clip(manifest.probe))


SMALL: dict[str, Callable[[], Any]] = {
    "EchoApex ef": lambda: tiny("ef"),
    "EchoApex lvh": lambda: tiny("lvh"),
    "Echo-Motion Bi-LSTM": lambda: network_of(motion_manifest("EchoMotionNet_BiLSTM")),
    "Echo-Motion transformer": lambda: network_of(motion_manifest("EchoMotionNet_TemporalTransformer")),
    "EchoNet-Dynamic": small_fraction,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "EchoNet-Dynamic" else pytest.mark.origins) for name in SMALL]
)
def test_an_engine_reads_what_torch_reads(name: str) -> None:
    """Whatever the gate chooses; where a conversion is refused that is torch, and says so."""
    pytest.importorskip("openvino")
    clip, network = timed_clip(), SMALL[name]()
    expected = network.read(clip)
    loaded = prepare_for_role(Role.MEASUREMENTS, as_model(network), engine="openvino")
    assert loaded.use.engine.startswith(("OpenVINO", "torch"))
    assert loaded.use.engine.startswith("OpenVINO") or "refused" in loaded.use.engine
    found = loaded.model.network.read(clip)
    assert len(found.values) == len(expected.values) > 0
    for one, other in zip(expected.values, found.values, strict=True):
        assert (one.key, one.unit, one.reasons) == (other.key, other.unit, other.reasons)
        if one.value is not None:
            assert other.value == pytest.approx(one.value, rel=_EXACT)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "owner"), [("EchoApex ef", "itself"), ("Echo-Motion Bi-LSTM", "its encoder")])
def test_the_step_that_takes_its_time_is_what_the_engine_computes(
    monkeypatch: pytest.MonkeyPatch, name: str, owner: str
) -> None:
    batches: list[int] = []

    class Counting(TorchBackend):
        def run(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
            batches.append(len(batch))
            return super().run(batch)

    class Engine:
        name = "another engine"

        def __init__(self, network: nn.Module, *_: object, **__: object) -> None:
            self._torch = Counting(SMALL[name]() if owner == "itself" else network)

        def run(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return self._torch.run(batch)

    monkeypatch.setattr("models.engines.agreement.OpenVinoBackend", Engine)
    loaded = prepare_for_role(Role.MEASUREMENTS, as_model(SMALL[name]()), engine="openvino")
    assert loaded.use.engine == "another engine"
    assert batches == [1 if owner == "itself" else 3], "the probe"
    loaded.model.network.read(timed_clip(20))
    assert batches[1:] == ([1] if owner == "itself" else [8, 8, 4]), "the clip"


class OnAccelerator:
    """Torch on a device that is not there."""

    wrong_by = 1.0
    fails = False

    def __init__(self, network: nn.Module, device: str = "cpu", precision: Precision = Precision.FP32) -> None:
        self._torch, self._half, self._there = TorchBackend(network), precision is Precision.BF16, device != "cpu"
        self.name = f"torch {precision.value} on {device}"
        self.batches: list[int] = []

    def run(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if self.fails and self._there:
            raise BackendError("out of memory")
        self.batches.append(len(batch))
        outputs = tuple(output * (self.wrong_by if self._there else 1.0) for output in self._torch.run(batch))
        return tuple(output.bfloat16().float() for output in outputs) if self._half else outputs


@pytest.mark.parametrize("trained", [True, False])
def test_on_an_accelerator_readers_are_computed_in_half_precision_behind_the_gate(
    monkeypatch: pytest.MonkeyPatch, trained: bool
) -> None:
    monkeypatch.setattr("models.engines.agreement.TorchBackend", OnAccelerator)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda: True)
    network: Any = BrightVentricle(mean=60.0, std=50.0)
    network.manifest = replace(network.manifest, weights_sha256="a" * 64 if trained else "")
    cine = beating(40, 20)
    expected = [row["Size"] for row in network.read(cine).rows]
    loaded = prepare_for_role(Role.MEASUREMENTS, as_model(network), engine="auto", device="cuda")
    assert loaded.use.engine == f"torch {'bf16' if trained else 'fp32'} on cuda"
    assert [row["Size"] for row in loaded.model.network.read(cine).rows] == expected
    backend = loaded.backend.backend
    assert isinstance(backend, OnAccelerator)
    assert backend.batches == ([3, 20, 20] if trained else [3]), "the probe, and what is read in half precision"


@pytest.mark.parametrize(("changes", "why"), [({"wrong_by": 1.01}, "values differ"), ({"fails": True}, "out of memory")])
def test_an_accelerator_that_computes_something_else_is_refused_and_the_cpu_reads(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], why: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setattr(OnAccelerator, name, value)
    monkeypatch.setattr("models.engines.agreement.TorchBackend", OnAccelerator)
    network: Any = BrightVentricle(mean=60.0, std=50.0)
    network.manifest = replace(network.manifest, weights_sha256="")
    cine = beating(40, 20)
    expected = [row["Size"] for row in network.read(cine).rows]
    loaded = prepare_for_role(Role.MEASUREMENTS, as_model(network), engine="auto", device="cuda")
    assert loaded.use.engine.startswith("torch fp32 on cpu; ")
    assert why in loaded.use.engine
    assert [row["Size"] for row in loaded.model.network.read(cine).rows] == expected
    assert loaded.backend.backend.batches == [3, 20, 20], "the probe, and what is read"


def test_what_is_computed_elsewhere_comes_back_to_where_the_reader_is() -> None:
    class Line(EngineSlots):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return batch

    network = Line()
    ReaderProbe(network, "forward", Answer.VALUES, torch.zeros(1, 2)).hand_to(lambda batch: (torch.ones(1, 2),))
    assert network(torch.zeros(1, 2, device="meta")).device.type == "meta"


@pytest.mark.slow
def test_what_cannot_be_converted_is_read_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> TorchBackend:
        raise BackendError("no such operation")

    monkeypatch.setattr("models.engines.agreement.OpenVinoBackend", refuse)
    network = tiny("ef")
    expected = network.read(moving_clip())
    loaded = prepare_for_role(Role.MEASUREMENTS, as_model(network), engine="openvino")
    assert loaded.use.engine.endswith("refused: no such operation")
    assert loaded.model.network.read(moving_clip()) == expected


def test_probes_have_the_shape_of_what_is_read() -> None:
    for manifest, shape in (
        (dynamic_manifest("ef_r2plus1d_18"), (1, 3, 32, 112, 112)),
        (dynamic_manifest("lv_deeplabv3_resnet50"), (3, 3, 112, 112)),
        (find_manifest("EchoForge_image_quality"), (3, 3, 224, 224)),
        (find_manifest("EchoPDNet"), (3, 3, 112, 112)),
    ):
        (probe,) = own_probes(manifest)
        assert tuple(probe.batch.shape) == shape
    assert not own_probes(find_manifest("echonet_dynamic/ef_r2plus1d_18")), "mean and deviation unknown"
    assert not own_probes(tiny_manifest("ef", decoder="untrained"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["avvmax", "medevel", "mvpeak_2c", "tapse_2c"])
def test_the_probe_of_a_trace_is_what_its_reader_shows_the_network(name: str) -> None:
    reader = reader_of(name, *[[]] * (2 if name.endswith("2c") else 1))
    reader.read(probe_clip(reader.manifest.probe))
    (probe,) = own_probes(reader.manifest)
    (shown,) = reader.network.crops
    assert (probe.batch[0].numpy() == shown).all()


@pytest.mark.parametrize("name", ["vti_mv", "vti_av", "vti_lvot", "vti_rvot", "vti_pv"])
def test_the_probe_of_an_integral_is_the_beats_that_its_reader_shows_the_network(name: str) -> None:
    reader = load_manifest(find_manifest(name), device="meta").network
    reader.network = PerfectMasks([np.zeros((256, 256))] * 9)
    reader.read(probe_clip(reader.manifest.probe))
    (probe,) = own_probes(reader.manifest)
    assert len(probe.batch) > 2
    assert (probe.batch.numpy() == np.stack(reader.network.crops)).all()
    assert not own_probes(reader.manifest, replace(moving_clip(1), frames=np.zeros((1, 96, 128, 3), np.uint8))), "no beat"


# What a wrong graph may do to an input (n, channels, [frames,] height, width), and whose networks see equal colours.
FAULTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "upside down": lambda batch: batch.flip(-2),
    "left for right": lambda batch: batch.flip(-1),
    "one frame for another": lambda batch: batch.roll(1, 2 if batch.ndim == 5 else 0),
    "colours exchanged": lambda batch: batch.flip(1),
}
GREY = ("echo_apex", "echo_motion", "echoforge_keypoints", "phantom_points", "phantom_segmenter", "phantom_traces")


@pytest.mark.parametrize(
    "manifest",
    {
        (kind(manifest), manifest.probe): manifest
        for manifest in list_models()
        if recipe_of(manifest).engine and manifest.family != "echonet_dynamic" and -1 not in manifest.input_shape[1:-2]
    }.values(),
    ids=lambda manifest: manifest.name,
)
def test_a_wrong_graph_shows_on_every_probe(manifest: Manifest) -> None:
    (probe,) = own_probes(manifest)
    for batch in (probe.batch, *probe.others):
        torch.manual_seed(0)
        convolution = nn.Conv2d if batch.ndim == 4 else nn.Conv3d
        network = convolution(batch.shape[1], 2, 5, stride=3)
        unseen = {"colours exchanged"} if manifest.family in GREY else set()
        unseen |= {"one frame for another"} if batch.ndim == 4 and len(batch) == 1 else set()
        for fault in FAULTS.keys() - unseen:
            with torch.inference_mode():
                outputs = (network(batch),), (network(FAULTS[fault](batch)),)
            assert disagreement(Answer.VALUES, *outputs, Precision.FP32, manifest), fault


def test_a_screen_is_tried_at_two_sizes_and_read_at_any() -> None:
    (probe,) = own_probes(find_manifest("avvmax"))
    assert probe.shape == (3, -1, -1)
    assert probe.takes(torch.zeros(2, 3, 500, 800))
    assert not probe.takes(torch.zeros(1, 1, 426, 1024))
    assert not probe.takes(torch.zeros(3, 426, 1024))


@pytest.mark.slow
@pytest.mark.origins
def test_an_engine_computes_screens_of_sizes_that_were_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    trace = RegionCalibration(0, 32, 95, 95, RegionSpatialFormat.SPECTRAL, RegionDataType.CW_SPECTRAL, 4, 7, 0.005, -0.5)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 96, 96, 3), dtype=np.uint8)
    monkeypatch.setattr("models.analysis.loaded_model.probe_clip", lambda probe: Clip("probe", pixels, None, (trace,)))
    network = network_of(find_manifest("avvmax"))
    screen = torch.rand(1, 3, 72, 120, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = network(screen)
        loaded = prepare_for_role(Role.MEASUREMENTS, as_model(network), engine="openvino")
        assert loaded.use.engine.startswith("OpenVINO")
        found = loaded.model.network(screen)
    assert not torch.equal(found, expected), "another engine"
    torch.testing.assert_close(found, expected, rtol=0, atol=_EXACT * float(expected.abs().max()))


@pytest.mark.slow
def test_both_encoders_of_a_pair_are_computed_by_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: dict[int, list[int]] = {}

    class Engine:
        name = "another engine"

        def __init__(self, network: nn.Module, *_: object, **__: object) -> None:
            self._torch, self._seen = TorchBackend(network), batches.setdefault(len(batches), [])

        def run(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
            self._seen.append(len(batch))
            return self._torch.run(batch)

    monkeypatch.setattr("models.engines.agreement.OpenVinoBackend", Engine)
    network = network_of(motion_manifest("EchoMotionNet_A4C_A2C"))
    a4c, a2c = timed_clip(5, 250.0), timed_clip(3, 250.0)
    expected = network.read_group([a4c, a2c]).values
    loaded = prepare_for_role(Role.MEASUREMENTS, as_model(network), engine="openvino")
    assert loaded.use.engine == "another engine"
    assert loaded.model.network.read_group([a4c, a2c]).values[0].value == pytest.approx(expected[0].value, rel=_EXACT)
    assert batches == {0: [3, 5], 1: [3, 3]}, "the probe, then the clip"


@pytest.mark.slow
def test_frames_of_the_phase_network_are_embedded_by_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    class Engine:
        name = "another engine"

        def __init__(self, network: nn.Module, *_: object, **__: object) -> None:
            self._torch = TorchBackend(network)

        def run(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
            seen.append(tuple(batch.shape))
            return self._torch.run(batch)

    monkeypatch.setattr("models.engines.agreement.OpenVinoBackend", Engine)
    network = network_of(replace(find_manifest("EchoPDNet"), input_shape=(3, 4, 64, 64)))
    expected = network.read(timed_clip(6)).rows
    loaded = prepare_for_role(Role.PHASE, as_model(network), engine="openvino")
    assert loaded.use.engine == "another engine"
    found = loaded.model.network.read(timed_clip(6)).rows
    assert [row["score"] for row in found] == pytest.approx([row["score"] for row in expected], rel=_EXACT, abs=1e-6)
    assert seen == [(3, 3, 64, 64), (6, 3, 64, 64)]


def test_a_clip_goes_round_until_it_is_long_enough() -> None:
    clip = moving_clip(3)
    long = repeated(clip, 7)
    assert (long.frames[4] == clip.frames[1]).all()
    assert long.frame_times_ms is not None
    assert long.frame_times_ms[-1] == 240.0


def test_every_network_that_reads_clips_in_the_node_is_tried() -> None:
    """Else bench would show how quick an engine is that the node does not use."""
    reading = (Role.MEASUREMENTS, Role.PHASE, Role.QUALITY)
    families = {family for role in reading for family in families_for(role)} - {"phantom_classifier"}
    asked = {kind(m) for m in list_models() if m.family in families and kind(m) not in NOT_READERS}
    assert asked == {kind(m) for m in list_models() if recipe_of(m).engine}


# Of those families, what reads no clip in the node.
NOT_READERS = {
    ("echo_apex", "views"): "a classifier, computed as a whole",
    ("echo_apex", "segmentation"): "asks for prompts, takes no part",
}
