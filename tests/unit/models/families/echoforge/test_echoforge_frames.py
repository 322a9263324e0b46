"""Where EchoForge's Keras networks differ from the usual torch ones of the same name: each difference is told apart."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from models.errors import ManifestError
from models.families.echoforge.convnext import EchoForgeConvNeXt, ImageNetStandard
from models.families.echoforge.efficientnet import EchoForgeEfficientNet, SignedScale
from models.families.echoforge.frame_classifier import FrameClassifier, dense_layers
from models.families.echoforge.resnet import EchoForgeResNet
from models.library.manifest import Manifest
from models.library.registry import build, find_manifest, load_model, recipe_of
from models.networks.keras_resnet import KerasResNet
from models.networks.reading_network import as_if_trained
from models.networks.stored_weights import count_weights
from models.networks.u_net import UNet, UpStep

NORMS = {
    "ResNet50_TTE47_baseline": (53, 1.001e-5, 0.01),
    "ResNet101_TTE47_baseline": (104, 1.001e-5, 0.01),
    "EchoSDNet": (53, 1.001e-5, 0.01),
    "EchoPDNet": (53, 1.001e-5, 0.01),
    "DenseNet121_TTE47_baseline": (121, 1.001e-5, 0.01),
    "EfficientNetV2_TTE47_baseline": (110, 1e-3, 0.1),
    "EchoLVSNet": (27, 1e-3, 0.01),
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def with_architecture(name: str, **changes: str | int | bool | list[str] | list[int]) -> Manifest:
    manifest = find_manifest(name)
    return replace(manifest, architecture={**manifest.architecture, **changes})


@pytest.mark.parametrize("name", NORMS)
def test_batch_norm_has_keras_constants(name: str) -> None:
    """1.001e-5 moves an output too little to be seen in it, so it is asserted here."""
    network = as_if_trained(load_model(name, device="meta").network)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    count, epsilon, momentum = NORMS[name]
    assert len(norms) == count
    assert {(norm.eps, norm.momentum) for norm in norms} == {(epsilon, momentum)}


def test_layer_norm_has_keras_constant() -> None:
    network = as_if_trained(load_model("ConvNeXt_TTE47_baseline", device="meta").network)
    assert {module.eps for module in network.modules() if isinstance(module, nn.LayerNorm)} == {1e-6}


def test_a_stage_of_resnet_v1_strides_in_its_first_convolutions() -> None:
    with torch.device("meta"):
        backbone = KerasResNet("ResNet50")
    strided = {name for name, module in backbone.named_modules() if isinstance(module, nn.Conv2d) and module.stride != (1, 1)}
    firsts = {f"conv{stage}.block1.conv{number}" for stage in (3, 4, 5) for number in (0, 1)}
    assert strided == firsts | {"conv1.conv"}
    assert all(module.bias is not None for module in backbone.modules() if isinstance(module, nn.Conv2d))


@pytest.mark.parametrize("side", [224, 100, 65])
def test_the_map_is_as_large_as_the_flattening_head_expects(side: int) -> None:
    manifest = replace(find_manifest("ResNet50_TTE47_baseline"), input_shape=(3, side, side))
    with torch.device("meta"):
        network = EchoForgeResNet(manifest)
        assert network(torch.empty(1, 3, side, side)).shape == (1, 47)


def test_either_head_of_a_baseline() -> None:
    with torch.device("meta"):
        averaged = EchoForgeResNet(with_architecture("ResNet50_TTE47_baseline", pooling="average"))
    assert count_weights(averaged).total == 23_587_712 + 2048 * 47 + 47
    assert averaged.head.weight.shape == (47, 2048)


def test_a_flattened_map_is_in_keras_order() -> None:
    network = as_if_trained(load_model("DenseNet121_TTE47_baseline", device="meta").network)
    network.backbone = nn.Identity()
    maps = torch.arange(1024 * 49, dtype=torch.float32).view(1, 1024, 7, 7)
    flat = network.embed(maps)
    assert flat[0, 1] == maps[0, 1, 0, 0]
    assert flat[0, 1024] == maps[0, 0, 0, 1]
    assert flat[0, 7 * 1024] == maps[0, 0, 1, 0]


def test_what_the_task_network_trained_is_what_can_be_trained() -> None:
    network = as_if_trained(load_model("EchoSDNet", device="meta").network)
    trainable = {name.split(".")[1] for name, item in network.backbone.named_parameters(prefix="b") if item.requires_grad}
    assert trainable == {"conv5"}
    assert [type(step).__name__ for step in network.head] == ["Linear", "ReLU", "Linear", "ReLU", "Dropout", "Linear"]


def test_one_dense_layer_stays_a_layer() -> None:
    assert isinstance(dense_layers([4, 2]), nn.Linear)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("EchoSDNet", {"pooling": "median"}, "unknown pooling 'median'"),
        ("EchoSDNet", {"hidden": 128}, "hidden is a list"),
        ("EchoSDNet", {"frozen": ["conv6"]}, "frozen is a list of conv1"),
        ("EchoSDNet", {"network": "ResNet34"}, "unknown network 'ResNet34'"),
        ("ConvNeXt_TTE47_baseline", {"network": "Huge"}, "unknown network 'Huge'"),
        ("DenseNet121_TTE47_baseline", {"pooling": "average_first"}, "unknown pooling 'average_first'"),
    ],
)
def test_an_unknown_architecture_is_refused(name: str, changes: dict[str, str], message: str) -> None:
    manifest = with_architecture(name, **changes)
    with pytest.raises(ManifestError, match=message):
        build(recipe_of(manifest), manifest, None, "meta")


def test_keras_scalings() -> None:
    frames = torch.tensor([0.0, 128.0, 255.0]).expand(1, 3, 1, 3).clone()
    assert SignedScale()(frames)[0, 0, 0].tolist() == pytest.approx([-1, 0, 0.9921875])
    standard = ImageNetStandard()(frames)[0, :, 0, 0]
    assert standard.tolist() == pytest.approx([-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])


@pytest.mark.parametrize("preprocessing", [True, False])
def test_efficientnet_scales_inside_or_not(preprocessing: bool) -> None:
    with torch.device("meta"):
        network = EchoForgeEfficientNet(with_architecture("EfficientNetV2_TTE47_baseline", preprocessing=preprocessing))
    assert isinstance(network.signed, SignedScale) is preprocessing
    assert count_weights(network).total == 23_279_247


def test_convnext_base_and_its_published_count() -> None:
    with torch.device("meta"):
        network = EchoForgeConvNeXt(with_architecture("ConvNeXt_TTE47_baseline", network="Base"))
    assert count_weights(network).total == 89_924_783


@pytest.mark.slow
def test_convnext_s_order_of_average_and_norm_matters() -> None:
    outputs = {}
    for pooling in ("average", "average_first"):
        torch.manual_seed(0)
        network = EchoForgeConvNeXt(with_architecture("ConvNeXt_TTE47_baseline", pooling=pooling)).eval()
        network.backbone = network.standardize = nn.Identity()
        outputs[pooling] = network.embed(torch.rand(1, 768, 2, 2, generator=torch.Generator().manual_seed(1)) * 255)
    assert outputs["average"].shape == outputs["average_first"].shape == (1, 768)
    assert not torch.allclose(outputs["average"], outputs["average_first"], atol=0.1)


def test_the_u_net_puts_what_came_up_first_and_normalises_both() -> None:
    step = UpStep(2).eval()
    step.pair = nn.Identity()
    skipped = torch.rand(1, 2, 4, 4) - 0.5
    maps = torch.rand(1, 4, 2, 2) - 0.5
    with torch.inference_mode():
        joined = step(maps, skipped)
        expected = torch.cat([step.up(maps), skipped], dim=1) / (1 + step.bn.eps) ** 0.5
    assert torch.allclose(joined, expected.clamp(min=0))
    assert joined.min() == 0


def test_the_u_net_is_of_any_size_it_can_halve() -> None:
    with torch.device("meta"):
        assert UNet(3, 6, (8, 16))(torch.empty(1, 3, 20, 12)).shape == (1, 6, 20, 12)


@pytest.mark.slow
def test_frames_are_scaled_once() -> None:
    network = as_if_trained(load_model("EchoLVSNet").network)
    frames = torch.randint(0, 256, (1, 1, 32, 32)).float()
    with torch.inference_mode():
        torch.testing.assert_close(network(frames), network.network(frames / 255))
    assert isinstance(as_if_trained(load_model("EchoSDNet", device="meta").network), FrameClassifier)
