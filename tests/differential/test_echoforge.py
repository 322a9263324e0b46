"""EchoForge's ResNets, U-Net, phase net and baselines: what we compute is what TensorFlow computes, and each fault shows."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import load_model
from models.errors import KerasFileError
from models.importers import import_weights, importer_of
from models.importers.keras.files import read_keras_file
from models.importers.keras.graph import check_steps
from models.library.registry import find_manifest
from models.networks.stored_weights import count_weights
from tests.differential.reference import FAULT, FLOAT32_BOUND, FLOAT64_BOUND, Reference, built, distance, ours

pytestmark = pytest.mark.slow

BUILDERS = "tests.differential.builders_echoforge:"
MODELS = {
    "single_dual": "EchoSDNet",
    "resnet_averaged": "ResNet50_TTE47_baseline",
    "resnet_flattened": "ResNet50_TTE47_baseline",
    "resnet101_averaged": "ResNet101_TTE47_baseline",
    "resnet101_flattened": "ResNet101_TTE47_baseline",
    "u_net": "EchoLVSNet",
    "phase": "EchoPDNet",
    "densenet": "DenseNet121_TTE47_baseline",
    "densenet_averaged": "DenseNet121_TTE47_baseline",
    "efficientnet": "EfficientNetV2_TTE47_baseline",
    "efficientnet_averaged": "EfficientNetV2_TTE47_baseline",
    "convnext": "ConvNeXt_TTE47_baseline",
    "convnext_averaged": "ConvNeXt_TTE47_baseline",
    "convnext_base_flattened": "ConvNeXt_TTE47_baseline",
}
_NOT_IN_KERAS_2 = ("resnet_averaged", "resnet_flattened", "resnet101_averaged")
# Every family in the layout it was published in, and the others spread over the families.
LAYOUTS = [
    *((builder, "keras2_h5") for builder in MODELS if builder not in _NOT_IN_KERAS_2),
    ("resnet_averaged", "keras3_keras"),
    ("resnet_flattened", "keras3_h5"),
    ("resnet101_averaged", "keras3_keras"),
    ("u_net", "keras3_keras"),
    ("u_net", "keras3_h5"),
    ("phase", "keras3_keras"),
    ("densenet", "keras3_keras"),
    ("efficientnet", "keras3_h5"),
    ("convnext", "keras3_h5"),
]
Imported = Callable[[str, str], tuple[nn.Module, Reference]]


@pytest.fixture(scope="module")
def imported(original: Callable[[str, str], Reference]) -> Imported:
    """(builder, layout) -> the network of that file's size, with its weights, and the reference. Not to be changed: copy it."""
    kept: dict[tuple[str, str], tuple[nn.Module, Reference]] = {}

    def of(builder: str, layout: str = "keras2_h5") -> tuple[nn.Module, Reference]:
        if (builder, layout) not in kept:
            reference = original(BUILDERS + builder, layout)
            kept[builder, layout] = built(MODELS[builder], reference), reference
        return kept[builder, layout]

    return of


def outputs(builder: str, network: nn.Module, reference: Reference, dtype: torch.dtype = torch.float64) -> Tensor:
    """As the original gives them, which has softmax or sigmoid inside and puts channels last."""
    found = ours(network, reference, dtype)
    if builder == "u_net":
        return found.sigmoid().movedim(1, -1)
    return found if builder == "phase" else found.softmax(dim=1)


@pytest.mark.parametrize(("builder", "layout"), LAYOUTS)
def test_it_is_the_original(builder: str, layout: str, imported: Imported) -> None:
    network, reference = imported(builder, layout)
    assert distance(outputs(builder, network, reference, torch.float32), reference.float32) <= FLOAT32_BOUND
    assert distance(outputs(builder, network, reference), reference.float64) <= FLOAT64_BOUND


@pytest.mark.parametrize(
    ("builder", "layout", "expected"),
    [
        ("single_dual", "keras2_h5", {"network": "ResNet50", "pooling": "average", "rescale": True, "hidden": [128, 64]}),
        ("resnet_averaged", "keras3_keras", {"network": "ResNet50", "pooling": "average", "rescale": False, "hidden": []}),
        ("resnet_flattened", "keras3_h5", {"network": "ResNet50", "pooling": "flatten", "rescale": False, "hidden": []}),
        ("efficientnet", "keras2_h5", {"pooling": "flatten", "rescale": False, "preprocessing": True}),
        ("densenet_averaged", "keras2_h5", {"pooling": "average", "rescale": False}),
        ("efficientnet_averaged", "keras2_h5", {"pooling": "average", "preprocessing": True}),
        ("convnext_averaged", "keras2_h5", {"network": "Tiny", "pooling": "average_first", "preprocessing": True}),
        ("convnext", "keras2_h5", {"network": "Tiny", "pooling": "flatten", "preprocessing": True}),
        ("convnext_base_flattened", "keras2_h5", {"network": "Base", "pooling": "flatten", "preprocessing": True}),
        ("resnet101_flattened", "keras2_h5", {"network": "ResNet101", "pooling": "flatten", "rescale": False}),
    ],
)
def test_the_file_itself_tells_head_and_scaling(
    builder: str, layout: str, expected: dict[str, object], imported: Imported
) -> None:
    network, _ = imported(builder, layout)
    assert expected.items() <= network.manifest.architecture.items()


@pytest.mark.parametrize(("builder", "labels"), [("single_dual", ("single", "dual")), ("u_net", None), ("phase", None)])
def test_an_imported_file_loads_by_name(
    builder: str, labels: tuple[str, ...] | None, imported: Imported, tmp_path: Path
) -> None:
    network, reference = imported(builder, "keras2_h5")
    manifest = import_weights(MODELS[builder], reference.file, labels=labels, folder=tmp_path)
    loaded = load_model(str(manifest.path), pretrained=True).network
    assert count_weights(loaded) == count_weights(load_model(MODELS[builder], device="meta").network)
    assert all(torch.equal(tensor, network.float().state_dict()[name]) for name, tensor in loaded.state_dict().items())


def _of(network: nn.Module, kind: type[nn.Module]) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, kind)]


def epsilon_of_keras(network: nn.Module) -> None:
    for norm in _of(network, nn.BatchNorm2d):
        norm.eps = 1e-3


def epsilon_of_torch(network: nn.Module) -> None:
    for norm in _of(network, nn.BatchNorm2d):
        norm.eps = 1e-5


def stride_in_the_middle(network: nn.Module) -> None:
    for stage in (3, 4, 5):
        block = network.get_submodule(f"backbone.conv{stage}.block1")
        block.conv1.stride, block.conv2.stride = (1, 1), (2, 2)


def asymmetric_padding(network: nn.Module) -> None:
    """As TensorFlow's 'same' would pad an even side: two before, three behind."""
    convolution = next(module for module in _of(network, nn.Conv2d) if module.kernel_size == (7, 7))
    convolution.padding = (0, 0)
    convolution.register_forward_pre_hook(lambda _, frames: (functional.pad(frames[0], (2, 3, 2, 3)),))


def symmetric_padding(network: nn.Module) -> None:
    """As torch pads every side, where TensorFlow pads an even one at its end."""
    for module in network.modules():
        if type(module).__name__ == "Conv2dSame":
            module.forward = lambda maps, own=module: functional.conv2d(
                maps, own.weight, own.bias, own.stride, 1, own.dilation, own.groups
            )


def transposed_kernels(network: nn.Module) -> None:
    for module in _of(network, nn.Conv2d):
        module.weight.data = module.weight.data.transpose(2, 3).contiguous()


def transposed_up_kernels(network: nn.Module) -> None:
    for module in _of(network, nn.ConvTranspose2d):
        module.weight.data = module.weight.data.transpose(2, 3).contiguous()


def inputs_for_outputs(network: nn.Module) -> None:
    weight = network.get_parameter("backbone.conv2.block1.conv2.weight")
    weight.data = weight.data.transpose(0, 1).contiguous()


def skipped_first(network: nn.Module) -> None:
    for step in network.network.up:
        half = step.bn.num_features // 2
        step.bn.register_forward_pre_hook(lambda _, maps, half=half: (maps[0].roll(half, dims=1),))


def unscaled(network: nn.Module) -> None:
    network.scale = 1.0


def gates_in_another_order(network: nn.Module) -> None:
    """Input, forget, output, cell: ONNX has them in another order, and so have older frameworks."""
    for layer in (network.lstm1.kernel, network.lstm1.recurrent_kernel):
        for tensor in (layer.weight, layer.bias):
            if tensor is not None:
                take, keep, new, give = tensor.data.chunk(4)
                tensor.data = torch.cat([take, keep, give, new])


def transposed_recurrent_kernel(network: nn.Module) -> None:
    weight = network.lstm2.recurrent_kernel.weight
    weight.data = torch.cat([gate.T for gate in weight.data.chunk(4)])


def no_recurrent_state(network: nn.Module) -> None:
    network.lstm1.recurrent_kernel.weight.data.zero_()


def torch_s_flattening(network: nn.Module) -> None:
    network.pool = lambda maps: maps.flatten(1)


def no_scaling_to_signs(network: nn.Module) -> None:
    network.signed = nn.Identity()


def not_standardised(network: nn.Module) -> None:
    network.standardize = nn.Identity()


def no_layer_scale(network: nn.Module) -> None:
    for name, parameter in network.named_parameters():
        if name.endswith("layer_scale"):
            parameter.data.fill_(1.0)


FAULTS = {
    "single_dual": [
        epsilon_of_keras,
        stride_in_the_middle,
        asymmetric_padding,
        transposed_kernels,
        inputs_for_outputs,
        unscaled,
    ],
    "u_net": [epsilon_of_torch, transposed_kernels, transposed_up_kernels, skipped_first, unscaled],
    "phase": [
        epsilon_of_keras,
        stride_in_the_middle,
        gates_in_another_order,
        transposed_recurrent_kernel,
        no_recurrent_state,
        unscaled,
    ],
    "densenet": [epsilon_of_keras, asymmetric_padding, transposed_kernels, torch_s_flattening],
    "efficientnet": [epsilon_of_torch, symmetric_padding, transposed_kernels, torch_s_flattening, no_scaling_to_signs],
    "convnext": [transposed_kernels, torch_s_flattening, not_standardised, no_layer_scale],
}


@pytest.mark.parametrize(
    ("builder", "plant"),
    [(builder, plant) for builder, faults in FAULTS.items() for plant in faults],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_planted_fault_exceeds_the_bound_a_hundredfold(
    builder: str, plant: Callable[[nn.Module], None], imported: Imported
) -> None:
    network, reference = imported(builder, "keras2_h5")
    faulty = deepcopy(network).requires_grad_(False)
    plant(faulty)
    found = distance(outputs(builder, faulty, reference), reference.float64)
    assert found > FAULT, f"{plant.__name__} moves {found:.1e} of the largest output"
    assert np.isfinite(found)


def _layers(model: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for layer in model["config"]["layers"]:
        yield from _layers(layer) if "layers" in layer["config"] else [layer]


@pytest.mark.parametrize(
    ("builder", "class_name", "config", "message"),
    [
        ("densenet", "Activation", {"activation": "elu"}, "computes elu; this network has relu there"),
        (
            "densenet",
            "AveragePooling2D",
            {"pool_size": [3, 3]},
            "AveragePooling2D 3 2 valid; this network has Av",
        ),
        ("efficientnet", "Activation", {"activation": "relu"}, "computes relu; this network has silu there"),
        ("efficientnet", "Conv2D", {"activation": "hard_sigmoid"}, "computes hard_sigmoid; this network has"),
        ("convnext", "Activation", {"activation": "relu"}, "computes relu; this network has"),
        ("convnext", "LayerScale", {"activation": "relu"}, "computes relu; this network has Add there"),
        ("phase", "LSTM", {"recurrent_activation": "hard_sigmoid"}, "hard_sigmoid .*this network has LSTM 2048 tanh sigmoid"),
    ],
)
def test_a_model_that_computes_something_else_is_refused(
    builder: str, class_name: str, config: dict[str, Any], message: str, original: Callable[[str, str], Reference]
) -> None:
    """With the layers of one class changed in what Keras says of the model, and every tensor the same."""
    file = read_keras_file(original(BUILDERS + builder, "keras2_h5").file)
    assert file.config is not None
    model = deepcopy(dict(file.config))
    changed = [layer for layer in _layers(model) if layer["class_name"] == class_name]
    for layer in changed:
        layer["config"].update(config)
    manifest = find_manifest(MODELS[builder])
    importer = importer_of(manifest)
    asked = importer.architecture(file, manifest)
    check_steps(file, importer.steps, asked)
    with pytest.raises(KerasFileError, match=message):
        check_steps(replace(file, config=model), importer.steps, asked)
