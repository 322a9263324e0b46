"""EchoNet's networks against torchvision's own: random weights in the published wrapping, imported, compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.errors import ImportSettingError, WeightsFileError
from models.importers import import_weights
from models.library.manifest import Manifest, write_manifest
from models.library.registry import find_manifest, load_manifest
from models.networks.vision import make_importable
from tests.differential.reference import FLOAT32_BOUND, FLOAT64_BOUND, LEAST_SPREAD, distance

pytestmark = pytest.mark.slow

SETTINGS = {"mean": [32.6, 32.7, 32.9], "std": [49.9, 50.0, 50.1]}


def drawn(network: nn.Module, inputs: Tensor) -> nn.Module:
    """Random affine parameters, and the inputs' own statistics: with the initial ones a forgotten statistic would not show."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
                module.momentum = None
                module.weight.uniform_(0.7, 1.3, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
        network.train()(inputs)
        for module in network.modules():
            if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)) and module.running_var is not None:
                module.running_var.clamp_(min=0.05)  # two pooled values hardly vary: dividing by that magnifies rounding
    return network.eval()


def deeplab(outputs: int) -> nn.Module:
    make_importable()
    from torchvision.models.segmentation import deeplabv3_resnet50

    network: nn.Module = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=outputs, aux_loss=False)
    return network


def r2plus1d(outputs: int) -> nn.Module:
    make_importable()
    from torchvision.models.video import r2plus1d_18

    network: nn.Module = r2plus1d_18(weights=None, num_classes=outputs)
    return network


def of_any_hash(name: str, folder: Path) -> Path:
    """The published manifest without its hash: random weights cannot have it."""
    manifest = find_manifest(name)
    assert manifest.publication is not None
    path = folder / "own.toml"
    write_manifest(replace(manifest, publication=replace(manifest.publication, weights_sha256="")), path)
    return path


def compared(manifest: Manifest, original: nn.Module, inputs: Tensor) -> None:
    """In single precision, then in double, where the order of sums in another memory layout no longer shows."""
    network = load_manifest(manifest, pretrained=True).network
    for dtype, bound in ((torch.float32, FLOAT32_BOUND), (torch.float64, FLOAT64_BOUND)):
        with torch.inference_mode():
            reference = original.to(dtype)(inputs.to(dtype))
            expected = reference["out"] if isinstance(reference, dict) else reference[:, 0]
            found = network.to(dtype)(inputs.to(dtype))
        assert expected.std() > LEAST_SPREAD
        assert distance(found, expected.numpy()) <= bound


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(11)


def test_echonet_measurements_are_torchvision_s_deeplab(tmp_path: Path) -> None:
    frames = torch.rand(2, 3, 64, 96)
    original = drawn(deeplab(2), frames)
    file = tmp_path / "w_weights.ckpt"
    torch.save({f"m.{key}": tensor for key, tensor in original.state_dict().items()}, file)
    with pytest.raises(WeightsFileError, match="is not the published"):
        import_weights("lvid", file, folder=tmp_path / "models")
    compared(import_weights(str(of_any_hash("lvid", tmp_path)), file, folder=tmp_path / "models"), original, frames)


@pytest.mark.parametrize(
    ("name", "build", "shape"),
    [
        ("echonet_dynamic/lv_deeplabv3_resnet50", deeplab, (2, 3, 112, 112)),
        ("echonet_dynamic/ef_r2plus1d_18", r2plus1d, (2, 3, 8, 56, 56)),
    ],
)
def test_echonet_dynamic_is_torchvision_s_network(
    name: str, build: Callable[[int], nn.Module], shape: tuple[int, ...], tmp_path: Path
) -> None:
    inputs = torch.rand(shape)
    original = drawn(build(1), inputs)
    file = tmp_path / "best.pt"
    torch.save({"epoch": 44, "state_dict": {f"module.{key}": value for key, value in original.state_dict().items()}}, file)
    with pytest.raises(ImportSettingError, match="mean and std are not published"):
        import_weights(name, file, folder=tmp_path / "models")
    manifest = import_weights(name, file, settings=SETTINGS, folder=tmp_path / "models")
    compared(manifest, original, inputs)
