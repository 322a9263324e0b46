"""EchoForge's ResNets from Keras' layers: EchoSDNet and the two baselines. Names are Keras' with other separators."""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from models.importers.keras_files import KerasLayer
from models.importers.keras_heads import described_head, keras_file, paired_head, rescales
from models.importers.keras_layers import place_layers
from models.manifest import Manifest, Value

_BLOCK = re.compile(r"conv(\d)_block(\d+)_(\d)_(conv|bn)")
_ONLY_IN_RESNET101 = "conv4_block23_1_conv"


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Depth, head and scaling, where the file describes its model: both known heads of the baselines."""
    source = keras_file(file)
    if source.config is None:
        return {}
    deep = any(layer.name == _ONLY_IN_RESNET101 for layer in source.layers)
    described: dict[str, Value] = {"network": "ResNet101" if deep else "ResNet50", "rescale": rescales(source.layers)}
    return described | described_head(source.layers)


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeResNet, which may be on the meta device. Raises placing.MisplacedWeights, KerasFileError."""
    source = keras_file(file)
    backbone = resnet_modules(source.layers)
    named = [(layer, backbone[layer.path]) for layer in source.layers if layer.path in backbone]
    return place_layers(source, [*named, *paired_head(source.layers, backbone, network)], network)


def resnet_modules(layers: Sequence[KerasLayer]) -> dict[tuple[str, ...], str]:
    """Path of each layer of a Keras ResNet -> the module in a network whose `backbone` is a KerasResNet."""
    places = {}
    for layer in layers:
        if not layer.weights:
            continue
        if found := _BLOCK.fullmatch(layer.name):
            stage, block, number, kind = found.groups()
            places[layer.path] = f"backbone.conv{stage}.block{block}.{kind}{number}"
        elif layer.name in ("conv1_conv", "conv1_bn"):
            places[layer.path] = f"backbone.conv1.{layer.name.removeprefix('conv1_')}"
    return places
