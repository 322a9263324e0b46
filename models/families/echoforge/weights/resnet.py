"""EchoForge's ResNets from Keras' layers: EchoSDNet and the two baselines. Names are Keras' with other separators."""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from models.importers.importer import Importer
from models.importers.keras.files import KerasLayer
from models.importers.keras.graph import Steps, finish, start
from models.importers.keras.heads import described_head, keras_file, paired_head, rescales
from models.importers.keras.layers import place_layers
from models.library.manifest import Manifest, Value

_BLOCK = re.compile(r"conv(\d)_block(\d+)_(\d)_(conv|bn)")
_STEM = ("conv1_conv", "conv1_bn")
_DEPTHS = {"ResNet50": (3, 4, 6, 3), "ResNet101": (3, 4, 23, 3)}
_ONLY_IN_RESNET101 = "conv4_block23_1_conv"


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Depth, head and scaling, where the file describes its model: both known heads of the baselines."""
    source = keras_file(file)
    if source.config is None:
        return {}
    deep = any(layer.name == _ONLY_IN_RESNET101 for layer in source.layers)
    described: dict[str, Value] = {"network": "ResNet101" if deep else "ResNet50", "rescale": rescales(source.layers)}
    return described | described_head(source.layers)


def steps(asked: Mapping[str, Value]) -> Steps:
    """Those of the network."""
    own = Steps(resnet_name)
    finish(own, resnet_steps(own, start(own, asked), str(asked["network"])), asked)
    return own


def resnet_name(name: str) -> str:
    """As the steps call a layer."""
    return name if name in _STEM or _BLOCK.fullmatch(name) else ""


def resnet_steps(own: Steps, frames: int, network: str) -> int:
    """The last map of a Keras ResNet."""
    stem = ["ZeroPadding2D 3", "Conv2D conv1_conv", "BatchNormalization conv1_bn", "relu"]
    maps = own.chain(frames, *stem, "ZeroPadding2D 1", "MaxPooling2D 3 2 valid")
    for stage, blocks in enumerate(_DEPTHS[network], 2):
        for block in range(1, blocks + 1):
            names = [f"conv{stage}_block{block}_{number}" for number in range(4)]
            parts = [(f"Conv2D {name}_conv", f"BatchNormalization {name}_bn") for name in names]
            inner = own.chain(maps, *parts[1], "relu", *parts[2], "relu", *parts[3])
            shortcut = own.chain(maps, *parts[0]) if block == 1 else maps
            maps = own.chain(own.step("Add", shortcut, inner), "relu")
    return maps


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeResNet, which may be on the meta device. Raises WeightsMismatch, KerasFileError."""
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
        elif layer.name in _STEM:
            places[layer.path] = f"backbone.conv1.{layer.name.removeprefix('conv1_')}"
    return places


IMPORTER = Importer(architecture, place, steps, of_keras=True)
