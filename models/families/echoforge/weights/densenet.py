"""EchoForge's DenseNet-121 baseline, from Keras' layers to torchvision's. Keras 2 writes "conv1/conv", Keras 3 "conv1_conv"."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from models.importers.importer import Importer
from models.importers.keras.graph import Steps, finish, start
from models.importers.keras.heads import described_head, keras_file, paired_head, rescales
from models.importers.keras.layers import place_layers
from models.library.manifest import Manifest, Value

_LAYER = re.compile(r"conv(\d)_block(\d+)_(\d_bn|\d_conv)")
_TRANSITION = re.compile(r"pool(\d)_(bn|conv)")
_PARTS = {"0_bn": "norm1", "1_conv": "conv1", "1_bn": "norm2", "2_conv": "conv2"}
_BLOCKS = (6, 12, 24, 16)
_NAMED = {"conv1_conv": "conv0", "conv1_bn": "norm0", "bn": "norm5"}


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Head and scaling, where the file describes its model: both known heads of the baselines."""
    source = keras_file(file)
    if source.config is None:
        return {}
    return {"rescale": rescales(source.layers)} | described_head(source.layers)


def steps(asked: Mapping[str, Value]) -> Steps:
    """Those of the network."""
    own = Steps(lambda name: _joined(name) if _place(name) else "")
    stem = ["ZeroPadding2D 3", "Conv2D conv1_conv", "BatchNormalization conv1_bn", "relu"]
    maps = own.chain(start(own, asked), *stem, "ZeroPadding2D 1", "MaxPooling2D 3 2 valid")
    for stage, blocks in enumerate(_BLOCKS, 2):
        for name in (f"conv{stage}_block{block}" for block in range(1, blocks + 1)):
            inner = own.chain(maps, f"BatchNormalization {name}_0_bn", "relu", f"Conv2D {name}_1_conv")
            inner = own.chain(inner, f"BatchNormalization {name}_1_bn", "relu", f"Conv2D {name}_2_conv")
            maps = own.step("Concatenate", maps, inner)
        if stage < len(_BLOCKS) + 1:
            between = [f"BatchNormalization pool{stage}_bn", "relu", f"Conv2D pool{stage}_conv"]
            maps = own.chain(maps, *between, "AveragePooling2D 2 2 valid")
    finish(own, own.chain(maps, "BatchNormalization bn", "relu"), asked)
    return own


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeDenseNet, which may be on the meta device. Raises WeightsMismatch, KerasFileError."""
    source = keras_file(file)
    backbone = {layer.path: f"backbone.0.{place}" for layer in source.layers if layer.weights and (place := _place(layer.name))}
    named = [(layer, backbone[layer.path]) for layer in source.layers if layer.path in backbone]
    return place_layers(source, [*named, *paired_head(source.layers, backbone, network)], network)


def _joined(name: str) -> str:
    return name.replace("/", "_")


def _place(name: str) -> str:
    """torchvision's name for a layer; empty where the layer is none of DenseNet's."""
    name = _joined(name)
    if found := _LAYER.fullmatch(name):
        part = _PARTS.get(found[3], "")
        return f"denseblock{int(found[1]) - 1}.denselayer{found[2]}.{part}" if part else ""
    if found := _TRANSITION.fullmatch(name):
        return f"transition{int(found[1]) - 1}.{'norm' if found[2] == 'bn' else 'conv'}"
    return _NAMED.get(name, "")


IMPORTER = Importer(architecture, place, steps, of_keras=True)
