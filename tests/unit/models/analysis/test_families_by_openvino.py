"""Each family's networks by OpenVINO, on batches of other sizes than the traced one: what torch computes, and nothing fixed.

`len(tensor)` is a plain number to tracing and becomes a constant of the graph; `tensor.shape[0]` does not.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.engines.agreement import disagreement
from models.engines.backend import Precision, TorchBackend
from models.engines.openvino_backend import OpenVinoBackend
from models.library.recipe import Answer
from models.library.registry import find_manifest, load_manifest
from models.networks.vision import make_importable, whole_tensor_additions
from tests.unit.models.families.echo_apex.tiny_apex import SIDE_PX, tiny

pytestmark = [pytest.mark.slow, pytest.mark.origins]

pytest.importorskip("openvino")

APEX_FRAME, APEX_CLIP = (3, SIDE_PX, SIDE_PX), (3, 4, SIDE_PX, SIDE_PX)
FRAME, CLIP = (3, 64, 64), (3, 4, 64, 64)


class Prompted(nn.Module):
    """EchoApex' segmentation with the same click and box on every frame."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> Tensor:
        number = frames.shape[0]
        points = torch.tensor([[[20.0, 30.0], [5.0, 5.0]]]).expand(number, -1, -1)
        signs, boxes = torch.tensor([[1, 0]]).expand(number, -1), torch.tensor([[[8.0, 8.0], [40.0, 44.0]]])
        masks: Tensor = self.network(frames, points, signs, boxes.expand(number, -1, -1))
        return masks


def motion(name: str) -> nn.Module:
    manifest = find_manifest(f"EchoMotionNet_{name}")
    network: nn.Module = load_manifest(replace(manifest, input_shape=(*manifest.input_shape[:-2], 64, 64))).network
    for part in network.modules():  # DANet begins with shares of 0, which would hide it
        for share in ("position_share", "channel_share"):
            if hasattr(part, share):
                nn.init.constant_(getattr(part, share), 0.5)
    return network


def phase() -> nn.Module:
    manifest = find_manifest("EchoPDNet")
    network: nn.Module = load_manifest(replace(manifest, input_shape=(3, 4, 64, 64))).network
    return network


def short_mvit() -> nn.Module:
    """EchoPrime's video encoder with two blocks in place of sixteen, which take minutes to convert."""
    make_importable()
    from torchvision.models.video.mvit import MSBlockConfig, MViT  # type: ignore[import-untyped]

    blocks = [
        MSBlockConfig(1, 16, 16, [3, 3, 3], [3, 3, 3], [1, 1, 1], [1, 2, 2]),
        MSBlockConfig(2, 16, 32, [3, 3, 3], [3, 3, 3], [1, 2, 2], [1, 2, 2]),
    ]
    arguments: dict[str, Any] = {"residual_pool": True, "residual_with_cls_embed": False, "rel_pos_embed": True}
    network: nn.Module = MViT((32, 32), 4, blocks, proj_after_attn=True, num_classes=8, **arguments)
    return network.eval()


def named(name: str) -> Callable[[], nn.Module]:
    return lambda: load_manifest(find_manifest(name)).network


SMALL: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "EchoApex views": (lambda: tiny("views"), APEX_CLIP),
    "EchoApex ef": (lambda: tiny("ef"), APEX_CLIP),
    "EchoApex lvh": (lambda: tiny("lvh"), APEX_FRAME),
    "EchoApex segmentation": (lambda: tiny("segmentation"), APEX_FRAME),
    "EchoApex segmentation, prompted": (lambda: Prompted(tiny("segmentation")).eval(), APEX_FRAME),
}
LARGE: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "Echo-Motion SE": (lambda: motion("B0_SE"), FRAME),
    "Echo-Motion CBAM": (lambda: motion("B0_CBAM"), FRAME),
    "Echo-Motion DANet": (lambda: motion("B0_DANet"), FRAME),
    "Echo-Motion Bi-LSTM": (lambda: motion("BiLSTM"), CLIP),
    "Echo-Motion transformer": (lambda: motion("TemporalTransformer"), CLIP),
    "EchoPDNet": (phase, CLIP),
    "PanEcho": (named("PanEcho"), CLIP),
    "EchoPrime view classifier": (named("EchoPrime_view_classifier"), FRAME),
    "EchoPrime video encoder": (short_mvit, (3, 4, 32, 32)),
}


def check(make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    network = make()
    compiled = OpenVinoBackend(network, shape)
    for number in (1, 3):
        batch = torch.rand(number, *shape, generator=torch.Generator().manual_seed(number))
        expected = TorchBackend(network).run(batch)
        found = compiled.run(batch)
        assert disagreement(Answer.VALUES, expected, found, Precision.FP32, find_manifest("PanEcho")) == ""
        assert expected[0].shape[0] == number
        if number > 1:
            assert not torch.allclose(expected[0][0], expected[0][1], rtol=1e-6, atol=0), "one answer for each input"


@pytest.mark.parametrize("name", SMALL)
def test_another_number_of_inputs_than_the_traced_one(name: str) -> None:
    check(*SMALL[name])


def test_additions_to_whole_tensors_are_those_to_slices() -> None:
    torch.manual_seed(0)
    network, clips = short_mvit(), torch.rand(2, 3, 4, 32, 32)
    for name, parameter in network.named_parameters():
        if "rel_pos" in name:
            nn.init.normal_(parameter)
    with torch.inference_mode():
        expected = network(clips)
        with whole_tensor_additions():
            torch.testing.assert_close(network(clips), expected)
        torch.testing.assert_close(network(clips), expected, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.further
@pytest.mark.parametrize("name", LARGE)
def test_another_number_of_inputs_than_the_traced_one_in_large(name: str) -> None:
    check(*LARGE[name])
