"""Grad-CAM on networks whose decision is known: the map peaks where it was made, and nothing is left behind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.calibration import RegionCalibration, RegionDataType, RegionSpatialFormat
from models.clip import Clip
from models.errors import NoHeatMap, ReadingError
from models.explain import Form, Layer, explain_clip, grad_cam, place_of
from models.library.registry import find_manifest, load_model

RED, GREEN = 0, 1
REGION = RegionCalibration(60, 30, 259, 179, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, 3, 3, 0.05, 0.05)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


class ColourDetector(nn.Module):
    """One channel of the map is red, one is green, averaged over cells of 16 px; each class is the mean of its channel."""

    def __init__(self, labels: tuple[str, ...] = ("red", "green"), *, in_place: bool = False) -> None:
        super().__init__()
        architecture = {"outputs": 2, "pooling": "average", "rescale": True}
        self.manifest = replace(find_manifest("EchoView47_classifier"), labels=labels, architecture=architecture)
        self.backbone = nn.Conv2d(3, 2, 16, stride=16)
        nn.init.zeros_(self.backbone.weight)
        nn.init.zeros_(self.backbone.bias)
        for channel in (RED, GREEN):
            nn.init.constant_(self.backbone.weight[channel, channel], 1 / 256)
        self.after = nn.ReLU(inplace=in_place)

    def forward(self, frames: Tensor) -> Tensor:
        return self.after(self.backbone(frames)).mean(dim=(2, 3))


def coloured_clip(length: int = 1, **changes: Any) -> Clip:
    """200 x 300 px: red around (75, 50), less green around (240, 150)."""
    pixels = np.zeros((length, 200, 300, 3), np.uint8)
    pixels[:, 40:60, 65:85, RED] = 250
    pixels[:, 140:160, 230:250, GREEN] = 120
    times_ms = np.arange(length) * 40.0
    return Clip(**{"sop_instance_uid": "1.2.3", "frames": pixels, "frame_times_ms": times_ms, **changes})


def hottest(heat: NDArray[np.float32]) -> tuple[float, float]:
    """(x, y) of the middle of what is hotter than 0.7."""
    rows, columns = np.nonzero(heat > 0.7)
    return float(columns.mean()), float(rows.mean())


def test_the_map_peaks_where_the_class_is_seen_in_image_pixels() -> None:
    network, clip = ColourDetector().eval(), coloured_clip()
    red, green = (explain_clip(network, clip, label) for label in ("red", "green"))
    assert hottest(red.heat[0]) == pytest.approx((75, 50), abs=6)
    assert hottest(green.heat[0]) == pytest.approx((240, 150), abs=6)
    assert red.heat.shape == (1, 200, 300)
    assert red.heat.max() == 1
    assert red.heat[0, 100:, 150:].max() == 0  # what speaks for the other class is not in it


def test_the_likeliest_class_is_explained_by_default_and_any_by_number() -> None:
    network, clip = ColourDetector().eval(), coloured_clip()
    assert explain_clip(network, clip).label == "red"
    by_number = explain_clip(network, clip, "1")
    assert by_number.label == "green"
    assert explain_clip(network, clip, "red").score > by_number.score > 0
    assert explain_clip(ColourDetector(labels=()).eval(), clip).label == "0"
    with pytest.raises(NoHeatMap, match="no output 'blue'; there are: red, green"):
        explain_clip(network, clip, "blue")
    with pytest.raises(NoHeatMap, match="no output '2'"):
        explain_clip(network, clip, "2")


def test_an_operation_in_place_behind_the_layer_changes_nothing() -> None:
    clip = coloured_clip()
    maps = [explain_clip(ColourDetector(in_place=way).eval(), clip).heat for way in (False, True)]
    assert np.array_equal(maps[0], maps[1])


@pytest.mark.slow
def test_the_network_is_left_as_it_was() -> None:
    network = load_model("EchoMotionNet_B0_SE").network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.train()
    explain_clip(network, coloured_clip(), frames=[0])
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(not module._forward_hooks for module in network.modules())
    after = network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_hooks_are_gone_after_an_error_too() -> None:
    network = ColourDetector().eval()

    def fail(answer: Tensor) -> Tensor:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        grad_cam(network, Layer("backbone"), torch.rand(1, 3, 32, 32), fail)
    assert not network.backbone._forward_hooks
    assert not network.training


def test_it_works_where_gradients_are_switched_off_and_weights_are_frozen() -> None:
    network, clip = ColourDetector().eval().requires_grad_(False), coloured_clip()
    with torch.no_grad():
        assert hottest(explain_clip(network, clip, "green").heat[0]) == pytest.approx((240, 150), abs=6)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_each_frame_is_an_answer_of_its_own() -> None:
    pixels = coloured_clip(3).frames.copy()
    pixels[1] //= 4
    pixels[2] = 0
    explained = explain_clip(ColourDetector().eval(), coloured_clip(3, frames=pixels), "red")
    assert explained.frame_indices == (0, 1, 2)
    assert explained.heat.max(axis=(1, 2)).tolist() == [1, 1, 0]
    assert explain_clip(ColourDetector().eval(), coloured_clip(3), "red", frames=[2]).frame_indices == (2,)


class BrightCells(nn.Module):
    """A phantom classifier's form: the last of its stages shows brightness by cells of 16 px."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = find_manifest("phantom_view")
        self.stages = nn.ModuleList([nn.Identity(), nn.AvgPool2d(16)])
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, frames: Tensor) -> Tensor:
        for stage in self.stages:
            frames = stage(frames * self.scale)
        return frames.mean(dim=(2, 3)).repeat(1, 3)


def test_the_inverse_of_a_letterbox_is_the_region() -> None:
    pixels = np.zeros((1, 200, 300, 3), np.uint8)
    pixels[0, 90:110, 190:210] = 255
    pixels[0, :, :40] = 255  # outside the region
    clip = coloured_clip(frames=pixels, regions=(REGION,), frame_times_ms=None)
    heat = explain_clip(BrightCells().eval(), clip).heat[0]
    assert hottest(heat) == pytest.approx((199.5, 99.5), abs=8)
    assert heat[:, :40].max() == 0


def test_a_mask_s_evidence_is_what_it_marks() -> None:
    """The segmenter's answer is read where it says yes, so a no elsewhere has no part in it."""

    class Marks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            architecture = {"outputs": 1}
            self.manifest = replace(find_manifest("EchoLVSNet"), architecture=architecture, input_shape=(1, 64, 64))
            self.network = nn.ModuleDict({"bridge": nn.AvgPool2d(8)})
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, frames: Tensor) -> Tensor:
            cells = self.network["bridge"](frames * self.scale)
            return nn.functional.interpolate(cells, scale_factor=8) - 100

    pixels = np.zeros((1, 64, 64, 3), np.uint8)
    pixels[0, 40:56, 8:24] = 200
    network = Marks().eval()
    explained = explain_clip(network, coloured_clip(frames=pixels, frame_times_ms=None))
    assert explained.label == "lv"
    assert explained.score == pytest.approx(100, abs=1)  # 200 inside, less 100
    assert hottest(explained.heat[0]) == pytest.approx((15.5, 47.5), abs=1)
    nothing = explain_clip(network, coloured_clip(frames=pixels // 4, frame_times_ms=None))
    assert nothing.score == pytest.approx(-50, abs=1)  # the largest logit


OF_CLIPS = (Form.CLIPS, Form.FRAMES, Form.FRAME_TOKENS)


def made(form: Form) -> tuple[Callable[[Tensor], Tensor], Layer, Tensor]:
    """A layer that writes brightness by cells of 8 px in one form; of frames (1, 1, 32, 48), of clips 4 frames of them."""
    inputs = torch.zeros(1, 1, 32, 48)
    inputs[..., 16:24, 8:16] = 1.0
    if form in OF_CLIPS:
        inputs = torch.stack([0 * inputs, 0 * inputs, inputs, 0 * inputs], dim=2)

    def features(values: Tensor) -> Tensor:
        if form is Form.CLIPS:
            return nn.functional.avg_pool3d(values, (1, 8, 8))
        frames = values.transpose(1, 2).flatten(0, 1) if form in OF_CLIPS else values
        cells = nn.functional.avg_pool2d(frames, 8)
        if form is Form.CHANNELS_LAST:
            return cells.permute(0, 2, 3, 1)
        if form in (Form.TOKENS, Form.FRAME_TOKENS):
            return torch.cat([torch.full((len(cells), 2, 1), 7.0), cells.flatten(2).transpose(1, 2)], dim=1)
        return cells

    return features, Layer("layer", form, stride_px=8, leading_tokens=2), inputs


@pytest.mark.parametrize("form", list(Form))
def test_every_form_of_a_feature_map_is_read_in_place(form: Form) -> None:
    features, layer, inputs = made(form)

    class Written(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Identity()

        def forward(self, values: Tensor) -> Tensor:
            return self.layer(features(values))

    heat, score = grad_cam(Written(), layer, inputs, lambda answer: answer.square().sum())
    if form in OF_CLIPS:
        assert heat.shape == (1, 4, 32, 48)
        assert heat[0, 2].amax() > 2 * heat[0, 0].amax()
        heat = heat[:, 2]
    assert heat.shape == (1, 32, 48)
    assert np.unravel_index(int(heat[0].argmax()), (32, 48)) in [(row, column) for row in (19, 20) for column in (11, 12)]
    assert score > 0


@pytest.mark.slow
def test_a_clip_network_explains_the_frames_it_was_shown_together() -> None:
    network = load_model("EchoMotionNet_BiLSTM").network
    explained = explain_clip(network, coloured_clip(3))
    assert explained.label == "ef"
    assert explained.score == pytest.approx(55, abs=5)
    assert explained.frame_indices == (0, 1, 2)
    assert explained.heat.shape == (3, 200, 300)
    assert explained.heat.max() == 1
    assert explain_clip(network, coloured_clip(3), "es").label == "es"


@pytest.mark.slow
def test_a_transformer_that_answers_by_its_class_token_is_read_before_its_last_attention() -> None:
    """Bug prevented: an empty map, because behind the last attention only the class token counts."""
    network = load_model("EchoApex_ViT-S_views").network
    named = place_of(network.manifest).layer
    last = Layer("encoder.backbone.norm", named.form, named.stride_px, named.leading_tokens)
    clip = torch.rand(1, 3, 1, 224, 224)
    heat = {
        layer: sum(grad_cam(network, layer, clip, lambda answer, way=way: way * answer[:, 3].sum())[0] for way in (1, -1))
        for layer in (named, last)
    }
    assert heat[named].shape == (1, 1, 224, 224)
    assert float(heat[named].max()) > 0
    assert float(heat[last].max()) == 0


def test_bundled_weights_are_explained() -> None:
    network = load_model("phantom_view", pretrained=True).network
    speckle = np.random.default_rng(0).integers(0, 255, (2, 200, 300, 3), dtype=np.uint8)
    explained = explain_clip(network, coloured_clip(2, frames=speckle, regions=(REGION,)))
    assert explained.label in network.manifest.labels
    assert explained.heat[:, :, :55].max() == 0


def test_a_network_of_traces_says_so_of_a_clip_that_shows_none() -> None:
    speckle = np.random.default_rng(0).integers(0, 255, (2, 200, 300, 3), dtype=np.uint8)
    with pytest.raises(ReadingError, match="changes in ways that no sweep does"):
        explain_clip(load_model("trvmax", device="meta").network, coloured_clip(2, frames=speckle))
