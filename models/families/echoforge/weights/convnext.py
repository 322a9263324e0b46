"""EchoForge's ConvNeXt baseline, from Keras' layers to torchvision's: stem, stages, and steps between, in one row."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from models.errors import KerasFileError
from models.families.echoforge.convnext import IMAGENET_DEVIATION, IMAGENET_MEAN
from models.importers.importer import Importer
from models.importers.keras.files import KerasLayer
from models.importers.keras.graph import Steps, add_dense, finish, start
from models.importers.keras.heads import described_head, keras_file, paired_head, rescales
from models.importers.keras.layers import place_layers
from models.library.manifest import Manifest, Value

_NAME = re.compile(r"convnext_\w+?_(stem|downsampling|stage)_(\w+)")
_THIRD = re.compile(r"convnext_\w+?_stage_2_block_(\d+)_")
_STEM = {"conv": "0.0", "layernorm": "0.1"}
_BETWEEN = {"layernorm": 0, "conv": 1}
_BLOCK = {
    "depthwise_conv": ".block.0",
    "layernorm": ".block.2",
    "pointwise_conv_1": ".block.3",
    "pointwise_conv_2": ".block.5",
    "layer_scale": "",
}
_BY_STEM = {96: "Tiny", 128: "Base"}
_DEPTHS = {"Tiny": (3, 3, 9, 3), "Base": (3, 3, 27, 3)}
_IMAGENET = "Normalization 123.675,116.28,103.53 3409.98,3262.69,3291.89 False"
_SMALL = 27  # blocks of the third stage, where Tiny has 9; its stem is Tiny's


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Size, head and scaling, where the file describes its model. Raises KerasFileError for other sizes and scalings."""
    source = keras_file(file)
    if source.config is None:
        return {}
    stem = next((layer.weights["kernel"].shape[-1] for layer in source.layers if _place(layer) == "backbone.0.0"), 0)
    if stem not in _BY_STEM:
        raise KerasFileError(f"a ConvNeXt whose stem has {stem} channels; known are {_BY_STEM}")
    third = {found[1] for layer in source.layers if (found := _THIRD.match(layer.name))}
    if _BY_STEM[stem] == "Tiny" and len(third) == _SMALL:
        raise KerasFileError(f"a ConvNeXt Small: {_SMALL} blocks in the third stage, where Tiny has 9; here are Tiny and Base")
    head = described_head(source.layers)
    if head["pooling"] == "average" and _averages_first(source.layers):
        head["pooling"] = "average_first"
    scaling = {"rescale": rescales(source.layers, has_normalization=True), "preprocessing": _standardises(source.layers)}
    return {"network": _BY_STEM[stem]} | scaling | head


def steps(asked: Mapping[str, Value]) -> Steps:
    """Those of the network."""
    own = Steps(_step_name)
    maps = start(own, asked)
    if asked["preprocessing"]:
        maps = own.step(_IMAGENET, maps)
    for stage, blocks in enumerate(_DEPTHS[str(asked["network"])]):
        before = (f"LayerNormalization downsampling_layernorm_{stage - 1}", f"Conv2D downsampling_conv_{stage - 1}")
        maps = own.chain(maps, *(before if stage else ("Conv2D stem_conv", "LayerNormalization stem_layernorm")))
        for name in (f"stage_{stage}_block_{block}" for block in range(blocks)):
            inner = own.chain(maps, f"Conv2D {name}_depthwise_conv", f"LayerNormalization {name}_layernorm")
            inner = own.chain(inner, f"Dense {name}_pointwise_conv_1", "gelu", f"Dense {name}_pointwise_conv_2")
            maps = own.step("Add", maps, own.step(f"LayerScale {name}_layer_scale", inner))
    if asked["pooling"] == "average_first":
        add_dense(own, own.chain(maps, "GlobalAveragePooling2D", "LayerNormalization"), asked)
    else:
        finish(own, own.step("LayerNormalization", maps), asked)
    return own


def _step_name(name: str) -> str:
    """Without the size, of which there is one step in any."""
    found = _NAME.fullmatch(name)
    return f"{found[1]}_{found[2]}" if found else ""


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeConvNeXt, which may be on the meta device. Raises WeightsMismatch, KerasFileError."""
    source = keras_file(file)
    backbone = {layer.path: place for layer in source.layers if layer.weights and (place := _place(layer))}
    backbone |= {layer.path: "norm" for layer in source.layers if layer.path not in backbone and "gamma" in layer.weights}
    named = [(layer, backbone[layer.path]) for layer in source.layers if layer.path in backbone]
    return place_layers(source, [*named, *paired_head(source.layers, backbone, network)], network)


def _place(layer: KerasLayer) -> str:
    """The module for a layer; empty where the layer is none of the backbone's."""
    found = _NAME.fullmatch(layer.name)
    if found is None:
        return ""
    if found[1] == "stem":
        return f"backbone.{_STEM[found[2]]}" if found[2] in _STEM else ""
    if found[1] == "downsampling":
        kind, _, number = found[2].rpartition("_")
        return f"backbone.{2 * int(number) + 2}.{_BETWEEN[kind]}" if kind in _BETWEEN else ""
    stage, _, block, kind = found[2].split("_", 3)
    return f"backbone.{2 * int(stage) + 1}.{block}{_BLOCK[kind]}" if kind in _BLOCK else ""


def _averages_first(layers: Sequence[KerasLayer]) -> bool:
    """Whether the last average comes before the last LayerNorm: Keras' own pooling, not one put behind its network."""
    classes = [layer.class_name for layer in layers][::-1]
    return classes.index("GlobalAveragePooling2D") > classes.index("LayerNormalization")


def _standardises(layers: Sequence[KerasLayer]) -> bool:
    """Whether the model takes ImageNet's mean and deviation out. Raises KerasFileError where it takes others."""
    scaling = [layer for layer in layers if layer.class_name == "Normalization"]
    for layer in scaling:
        mean, variance = (np.asarray(layer.config.get(key, np.nan), dtype=float).ravel() for key in ("mean", "variance"))
        expected = 255 * np.array(IMAGENET_MEAN), (255 * np.array(IMAGENET_DEVIATION)) ** 2
        if not (np.allclose(mean, expected[0]) and np.allclose(variance, expected[1])):
            raise KerasFileError(f"layer {layer.name} takes out another mean and variance than ImageNet's")
    return bool(scaling)


IMPORTER = Importer(architecture, place, steps, preprocessing="takes ImageNet's mean and deviation out", of_keras=True)
