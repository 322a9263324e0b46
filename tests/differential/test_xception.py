"""EchoForge's Xception from every layout of Keras: what we compute is what TensorFlow computes, and each known fault shows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import pytest
import torch
from torch import Tensor, nn

from models import load_model
from models.families.echoforge.frame_classifier import KERAS_RESCALE
from models.families.echoforge.xception import EchoForgeXception, SameMaxPool
from models.importers import import_weights
from tests.differential.reference import FAULT, FLOAT32_BOUND, FLOAT64_BOUND, Reference, distance, ours

pytestmark = pytest.mark.slow

CLASSIFIER = "tests.differential.builders_xception:classifier"
BASELINE = "tests.differential.builders_xception:flattened_baseline"

Original = Callable[[str, str], Reference]


def imported(name: str, reference: Reference, folder: Path) -> EchoForgeXception:
    manifest = import_weights(name, reference.file, folder=folder)
    network = load_model(str(manifest.path), pretrained=True).network
    assert isinstance(network, EchoForgeXception)
    return network


def probabilities(network: nn.Module, reference: Reference, dtype: torch.dtype = torch.float64) -> Tensor:
    return ours(network, reference, dtype).softmax(dim=1)  # Keras has the softmax inside


@pytest.mark.parametrize("layout", ["keras2_h5", "keras3_h5", "keras3_keras"])
def test_the_classifier_is_the_original(layout: str, original: Original, tmp_path: Path) -> None:
    reference = original(CLASSIFIER, layout)
    network = imported("EchoView47_classifier", reference, tmp_path)
    assert distance(probabilities(network, reference, torch.float32), reference.float32) <= FLOAT32_BOUND
    assert distance(probabilities(network, reference), reference.float64) <= FLOAT64_BOUND


def test_weights_alone_are_the_same_weights(original: Original, tmp_path: Path) -> None:
    """Keras 2's `save_weights`: no description, so the manifest's pooling and scaling stand."""
    reference = original(CLASSIFIER, "keras2_h5")
    with h5py.File(reference.file) as whole, h5py.File(tmp_path / "weights.h5", "w") as alone:
        whole["model_weights"].copy(whole["model_weights"], alone, name="kept")
        for name in alone["kept"]:
            alone.move(f"kept/{name}", name)
        alone.attrs["layer_names"] = alone["kept"].attrs["layer_names"]
        del alone["kept"]
    network = imported("EchoView47_classifier", replace(reference, file=tmp_path / "weights.h5"), tmp_path)
    assert distance(probabilities(network, reference), reference.float64) <= FLOAT64_BOUND


def test_the_flattened_head_of_a_baseline_is_told_by_the_file_itself(original: Original, tmp_path: Path) -> None:
    reference = original(BASELINE, "keras2_h5")
    network = imported("Xception_TTE47_baseline", reference, tmp_path)
    assert (network.pooling, network.scale) == ("flatten", 1.0)
    assert distance(probabilities(network, reference), reference.float64) <= FLOAT64_BOUND


def test_a_baseline_with_the_other_head_is_taken_too(original: Original, tmp_path: Path) -> None:
    """Which head the released files have is not known: the file decides against our default."""
    reference = original(CLASSIFIER, "keras2_h5")
    network = imported("Xception_TTE47_baseline", reference, tmp_path)
    assert (network.pooling, network.scale) == ("average", KERAS_RESCALE)
    assert distance(probabilities(network, reference), reference.float64) <= FLOAT64_BOUND


def _norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def _torch_epsilon(network: EchoForgeXception) -> None:
    for norm in _norms(network):
        norm.eps = 1e-5


def _torch_pooling(network: EchoForgeXception) -> None:
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential) and isinstance(module[-1], SameMaxPool):
            module[-1] = nn.MaxPool2d(3, 2, padding=1)


def _transposed_kernel(network: EchoForgeXception) -> None:
    weight = network.get_parameter("backbone.block4.rep.1.conv1.weight")
    weight.data = weight.data.transpose(2, 3).contiguous()


def _rows_for_columns(network: EchoForgeXception) -> None:
    weight = network.get_parameter("backbone.conv1.weight")
    weight.data = weight.data.transpose(2, 3).contiguous()


def _inputs_for_outputs(network: EchoForgeXception) -> None:
    weight = network.get_parameter("backbone.block5.rep.1.pointwise.weight")
    weight.data = weight.data.transpose(0, 1).contiguous()


def _keras_own_scaling(network: EchoForgeXception) -> None:
    network.register_forward_pre_hook(lambda _, frames: (frames[0] * 2 - 255,))  # -1 to 1


def _no_scaling(network: EchoForgeXception) -> None:
    network.scale = 1.0


def _deviation_for_variance(network: EchoForgeXception) -> None:
    for norm in _norms(network)[5:6]:
        assert norm.running_var is not None
        norm.running_var.sqrt_()


def _padded_valid_convolution(network: EchoForgeXception) -> None:
    """The second convolution is 'valid' in Keras; padded it shifts what the poolings see."""
    convolution = network.get_submodule("backbone.conv2")
    assert isinstance(convolution, nn.Conv2d)
    convolution.padding = (1, 1)


FAULTS = [
    _torch_epsilon,
    _torch_pooling,
    _transposed_kernel,
    _rows_for_columns,
    _inputs_for_outputs,
    _keras_own_scaling,
    _no_scaling,
    _deviation_for_variance,
    _padded_valid_convolution,
]


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__.strip("_"))
def test_every_planted_fault_exceeds_the_bound_a_hundredfold(
    plant: Callable[[EchoForgeXception], None], original: Original, tmp_path: Path
) -> None:
    reference = original(CLASSIFIER, "keras2_h5")
    network = imported("EchoView47_classifier", reference, tmp_path)
    plant(network)
    assert distance(probabilities(network, reference), reference.float64) > FAULT


def test_a_flattened_map_in_torch_s_order_shows(original: Original, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = original(BASELINE, "keras2_h5")
    network = imported("Xception_TTE47_baseline", reference, tmp_path)
    monkeypatch.setattr(network, "embed", lambda frames: network.backbone(frames).flatten(1))  # channel, row, column
    assert distance(probabilities(network, reference), reference.float64) > FAULT
