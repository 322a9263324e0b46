"""Which backend computes a network: what the gate lets through, what it refuses, and what it says of it."""

import logging
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from models.analysis.loaded_model import prepare_for_role
from models.catalogue import PROBE_VIEWS, View
from models.engines import agreement
from models.engines.agreement import choose_backend, disagreement, probe_clip
from models.engines.backend import Backend, Precision, TorchBackend
from models.errors import BackendError
from models.library.manifest import Probe
from models.library.model_set import Role
from models.library.recipe import Answer
from models.library.registry import find_manifest
from tests.loaded import as_model

MANIFEST = replace(find_manifest("phantom_lv"), thresholds={})
HALF = replace(MANIFEST, thresholds={"bf16_probability_change": 0.02, "bf16_dice": 0.995, "bf16_point_px": 0.5})
FP32, BF16 = Precision.FP32, Precision.BF16


class Doubling(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        return 2 * frames


class Planted:
    """A backend of the network that changes what it computes."""

    def __init__(self, network: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        self.name, self._network, self._change = "planted", network, change

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        return (self._change(self._network(batch)),)


def planted(monkeypatch: pytest.MonkeyPatch, change: Callable[[Tensor], Tensor]) -> list[bool]:
    """OpenVINO becomes this; returned is how often it was made, and whether anew."""
    made: list[bool] = []

    def make(network: nn.Module, shape: tuple[int, ...], precision: Precision = FP32, *, usually: int, fresh: bool) -> Backend:
        made.append(fresh)
        return Planted(network, change)

    monkeypatch.setattr(agreement, "OpenVinoBackend", make)
    return made


PROBE = torch.linspace(-1, 1, 3 * 8 * 8).reshape(3, 1, 8, 8)


def test_a_backend_that_computes_the_same_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    made = planted(monkeypatch, lambda outputs: outputs + 1e-4)
    chosen = choose_backend(Doubling(), Answer.MASK, PROBE, MANIFEST, engine="auto", level=0.5)
    assert (chosen.name, made) == ("planted", [False])


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [lambda x: x * 1.01, lambda x: -x, lambda x: x.roll(1, -1), lambda x: x / 0, lambda x: x[:1]]
)
def test_a_planted_wrong_backend_is_refused_logged_and_stated(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, change: Callable[[Tensor], Tensor]
) -> None:
    made = planted(monkeypatch, change)
    with caplog.at_level(logging.WARNING):
        chosen = choose_backend(Doubling(), Answer.MASK, PROBE, MANIFEST, engine="openvino")
    assert isinstance(chosen.backend, TorchBackend)
    assert made == [False, True], "a graph of the cache is made anew before its network is given up"
    assert chosen.name.startswith(f"torch {torch.__version__} fp32; planted refused: ")
    assert "planted refused" in caplog.text
    torch.testing.assert_close(chosen.run(PROBE)[0], 2 * PROBE)


def test_what_cannot_be_built_is_stated_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Backend:
        raise BackendError("no such instruction")

    monkeypatch.setattr(agreement, "OpenVinoBackend", fail)
    assert choose_backend(Doubling(), Answer.MASK, PROBE, MANIFEST, engine="auto").name.endswith(
        "; refused: no such instruction"
    )


def test_torch_is_taken_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = planted(monkeypatch, lambda outputs: outputs)
    assert choose_backend(Doubling(), Answer.MASK, PROBE, MANIFEST, engine="torch").name == f"torch {torch.__version__} fp32"
    assert made == []


def test_auto_falls_back_without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # as where it is not installed
    chosen = choose_backend(Doubling(), Answer.MASK, PROBE, MANIFEST, engine="auto")
    assert chosen.name == f"torch {torch.__version__} fp32", "nobody asked for it, so nothing is missing"
    asked = choose_backend(Doubling(), Answer.MASK, PROBE, MANIFEST, engine="openvino")
    assert asked.name.endswith("refused: OpenVINO is not installed (pip install 'echonode[openvino]')")


def objection(task: Answer, one: Tensor, other: Tensor, precision: Precision = FP32) -> str:
    return disagreement(task, (one,), (other,), precision, HALF)


def test_single_precision_keeps_values_to_a_thousandth() -> None:
    logits = torch.tensor([[10.0, -3.0]])
    assert objection(Answer.CLASSES, logits, logits + 0.0099) == ""
    assert objection(Answer.CLASSES, logits, logits + 0.0101).startswith("values differ by 0.001")


def test_single_precision_keeps_masks_to_a_thousandth_of_the_pixels() -> None:
    """Values so near the border that their own bound says nothing."""
    logits = torch.full((1, 1, 100, 100), 1e-5)
    logits[..., 0, 0] = 1.0
    for pixels, refused in ((10, False), (11, True)):
        other = logits.clone()
        other.view(-1)[1 : 1 + pixels] = -1e-5
        assert bool(objection(Answer.MASK, logits, other)) is refused


def peak(x_px: float, height: float = 8.0) -> Tensor:
    columns = torch.arange(80.0)
    across = -0.05 * (columns - x_px) ** 2
    down = -0.05 * (columns - 40) ** 2
    return (height + across[None, :] + down[:, None])[None, None]


@pytest.mark.parametrize(("precision", "within", "beyond"), [(FP32, 0.0005, 0.3), (BF16, 0.45, 0.7)])
def test_points_stay_where_they_are(precision: Precision, within: float, beyond: float) -> None:
    assert objection(Answer.POINTS, peak(40), peak(40 + within), precision) == ""
    assert objection(Answer.POINTS, peak(40), peak(40 + beyond), precision)


def test_a_peak_that_jumps_is_seen() -> None:
    two = torch.maximum(peak(20, 8.0), peak(60, 7.999))
    other = torch.maximum(peak(20, 7.999), peak(60, 8.0))
    assert objection(Answer.POINTS, two, other) == "points move by 40.00 px, 0.1 is allowed"


@pytest.mark.parametrize(("height", "floor"), [(-9.0, -20.0), (0.16, 0.15)], ids=["too faint", "flat"])
def test_half_precision_is_not_tried_by_points_that_are_not_there(height: float, floor: float) -> None:
    """As the maps of random weights are, and those of a network that does not see its structure on the probe."""
    nowhere = peak(40, height).clamp(min=floor)
    assert objection(Answer.POINTS, nowhere, nowhere, BF16) == "no peak on the probe to compare"
    assert objection(Answer.POINTS, nowhere, nowhere, FP32) == ""


def test_half_precision_is_tried_by_class_and_probability() -> None:
    logits = torch.tensor([[2.0, 0.0]])
    assert objection(Answer.CLASSES, logits, logits * 1.05, BF16) == ""
    assert "probability" in objection(Answer.CLASSES, logits, logits * 1.5, BF16)
    near = torch.tensor([[0.01, 0.0]])
    assert objection(Answer.CLASSES, near, -near, BF16) == "another class"


def test_half_precision_is_tried_by_dice() -> None:
    logits = torch.full((1, 1, 100, 100), -1.0)
    logits[..., :50, :] = 1.0
    for pixels, refused in ((40, False), (60, True)):
        other = logits.clone()
        other.view(-1)[:pixels] = -1.0
        assert bool(objection(Answer.MASK, logits, other, BF16)) is refused
    nothing = -logits.abs()
    assert objection(Answer.MASK, nothing, nothing, BF16) == "no mask on the probe to compare"


@pytest.mark.parametrize(
    ("manifest", "trained", "tried"),
    [(HALF, True, [BF16, FP32]), (HALF, False, [FP32]), (MANIFEST, True, [FP32])],
    ids=["stated bounds", "random weights", "no bounds"],
)
def test_half_precision_needs_trained_weights_and_stated_bounds(
    monkeypatch: pytest.MonkeyPatch, manifest: object, trained: bool, tried: list[Precision]
) -> None:
    seen: list[Precision] = []

    def make(network: nn.Module, shape: tuple[int, ...], precision: Precision = FP32, *, usually: int, fresh: bool) -> Backend:
        seen.append(precision)
        raise BackendError("not today")

    monkeypatch.setattr(agreement, "OpenVinoBackend", make)
    monkeypatch.setattr(agreement, "has_bf16", lambda: True)
    choose_backend(Doubling(), Answer.MASK, PROBE, manifest, engine="auto", trained=trained)  # type: ignore[arg-type]
    assert seen == tried


@pytest.mark.parametrize("view", PROBE_VIEWS)
def test_each_probe_shows_what_it_says_in_colours(view: View) -> None:
    """Of red, green and blue in equal parts a graph that mixes them up could not be told."""
    clip = probe_clip(Probe(view, seed=0, frames=1))
    region = {"d": clip.spectral_region(), "m": clip.m_mode_region()}.get(view[0], clip.b_mode_region()).region
    assert region is not None
    seen = clip.frames[0, region.y0_px : region.y1_px + 1, region.x0_px : region.x1_px + 1].astype(float)
    assert (seen.std(axis=(0, 1)) > 15).all()
    red, green, blue = seen.mean(axis=(0, 1))
    assert red > 1.04 * green > 1.2 * blue


@pytest.mark.slow
def test_a_probe_is_always_the_same() -> None:
    spectrum, heart = Probe(View.DOPPLER_MV_PW, 0, 1), Probe(View.A4C, 0, 3)
    drawn, first = probe_clip(spectrum), probe_clip(heart)
    probe_clip.cache_clear()
    assert (probe_clip(spectrum).frames == drawn.frames).all()
    again = probe_clip(heart)
    assert first.frames.shape == (3, 300, 400, 3)
    assert (first.frames == again.frames).mean() > 0.999, "one kind of CPU renders the same bytes, several threads nearly"
    assert first.b_mode_region().region is not None


@pytest.mark.slow
def test_a_manifest_states_its_probe() -> None:
    two = probe_clip(Probe(View.A2C, seed=1, frames=2))
    assert two.frames.shape == (2, 300, 400, 3)
    assert two.frame_times_ms is not None
    assert two.frame_times_ms.tolist() == pytest.approx([0.0, 300.0])
    a4c = probe_clip(find_manifest("phantom_lv").probe)
    assert probe_clip(find_manifest("phantom_view").probe) is a4c, "drawn once"
    assert not (probe_clip(Probe(View.A2C, seed=0, frames=3)).frames == a4c.frames).all()


@pytest.mark.parametrize(
    ("name", "bound", "allowed"),
    [
        ("EchoView47_classifier", "bf16_probability_change", 0.02),
        ("EchoPrime_view_classifier", "bf16_probability_change", 0.02),
        ("EchoApex_ViT-B_views", "bf16_probability_change", 0.02),
        ("EchoSDNet", "bf16_probability_change", 0.02),
        ("EchoLVSNet", "bf16_dice", 0.995),
        ("EchoMotionNet_B0_SE", "bf16_dice", 0.995),
        ("echonet_dynamic/lv_deeplabv3_resnet50", "bf16_dice", 0.995),
        ("la_area", "bf16_dice", 0.995),
        ("vti_lvot", "bf16_dice", 0.995),
        ("lvid", "bf16_point_px", 0.5),
        ("EchoForge_PLAX_keypoints", "bf16_point_px", 0.5),
    ],
)
def test_published_models_state_how_far_half_precision_may_go(name: str, bound: str, allowed: float) -> None:
    assert find_manifest(name).threshold(bound) == allowed


class SaysView(nn.Module):
    """EchoView47 by its manifest: the first class, by a margin of 2."""

    def __init__(self, weights_sha256: str) -> None:
        super().__init__()
        self.manifest = replace(find_manifest("EchoView47_classifier"), weights_sha256=weights_sha256)

    def forward(self, frames: Tensor) -> Tensor:
        return 2.0 * nn.functional.one_hot(torch.zeros(len(frames), dtype=torch.long), 47).float()


@pytest.mark.parametrize(
    ("sha256", "factor", "tried", "name"),
    [
        ("a" * 64, 1.05, [BF16], "planted"),
        ("a" * 64, 1.5, [BF16, BF16, FP32, FP32], "torch"),
        ("", 1.05, [FP32, FP32], "torch"),
    ],
    ids=["within", "beyond", "nobody has brought weights"],
)
def test_an_imported_model_is_tried_by_its_manifest_s_bounds(
    monkeypatch: pytest.MonkeyPatch, sha256: str, factor: float, tried: list[Precision], name: str
) -> None:
    """The planted engine is wrong by the factor, which single precision never lets through."""
    seen: list[Precision] = []

    def make(network: nn.Module, shape: tuple[int, ...], precision: Precision = FP32, *, usually: int, fresh: bool) -> Backend:
        seen.append(precision)
        return Planted(network, lambda outputs: outputs * factor)

    monkeypatch.setattr(agreement, "OpenVinoBackend", make)
    monkeypatch.setattr(agreement, "has_bf16", lambda: True)
    part = prepare_for_role(Role.VIEW, as_model(SaysView(sha256)), engine="auto")
    assert seen == tried
    assert part.use.engine.startswith(name)


@pytest.mark.gpu
def test_an_accelerator_that_agrees_with_the_cpu_computes() -> None:
    network = nn.Conv2d(1, 1, 3, padding=1).to("cuda").eval()
    chosen = choose_backend(network, Answer.MASK, PROBE, MANIFEST, engine="auto", device="cuda")
    assert chosen.name.endswith("fp32 on cuda")
    assert chosen.run(PROBE)[0].device.type == "cpu"
    half = choose_backend(network, Answer.MASK, PROBE, HALF, engine="auto", device="cuda")
    assert half.name.split(";")[0].endswith("on cuda")
