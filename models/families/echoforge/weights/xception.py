"""EchoForge's Xception: encoder, classifiers and baselines, from Keras' layers to timm's.

timm counts its blocks from 1 where Keras counts from 2, and its first block has no ReLU in front. Keras names every layer but
the four shortcuts past the blocks that halve the side ("conv2d_3", a number that depends on the session): they are told by
their channels.
"""

import re
from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from models.importers.importer import Importer
from models.importers.keras.files import KerasLayer
from models.importers.keras.graph import Steps, finish, start
from models.importers.keras.heads import is_dense, keras_file, rescales
from models.importers.keras.layers import place_layers
from models.library.manifest import Manifest, Value

_SHORTCUTS = {128: "block1", 256: "block2", 728: "block3", 1024: "block12"}  # channels -> timm's block
_WIDTHS = {2: 128, 3: 256, 4: 728, 13: 1024}  # of the shortcuts, by Keras' block
_SEPARABLE = re.compile(r"block(\d+)_sepconv(\d)(_bn)?")
_NAMED = {
    "block1_conv1": "conv1",
    "block1_conv1_bn": "bn1",
    "block1_conv2": "conv2",
    "block1_conv2_bn": "bn2",
    "block14_sepconv1": "conv3",
    "block14_sepconv1_bn": "bn3",
    "block14_sepconv2": "conv4",
    "block14_sepconv2_bn": "bn4",
}


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Pooling and scaling, where the file describes its model: both known heads of the baselines. Never the number of outputs:
    a file with another head is another model's.
    """
    source = keras_file(file)
    if source.config is None:
        return {}
    classes = {layer.class_name for layer in source.layers}
    flattens = "Flatten" in classes and "GlobalAveragePooling2D" not in classes
    return {"pooling": "flatten" if flattens else "average", "rescale": rescales(source.layers)}


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeXception, which may be on the meta device. Raises WeightsMismatch, KerasFileError."""
    source = keras_file(file)
    return place_layers(source, _pairs(source.layers), network)


def steps(asked: Mapping[str, Value]) -> Steps:
    """Those of the network; the encoder alone ends with its pooling."""
    own = Steps(lambda name: name if name in _NAMED or _SEPARABLE.fullmatch(name) else "")
    maps = start(own, asked)
    for number in (1, 2):
        maps = own.chain(maps, f"Conv2D block1_conv{number}", f"BatchNormalization block1_conv{number}_bn", "relu")
    for block in range(2, 14):
        width = _WIDTHS.get(block)
        shortcut = own.chain(maps, f"Conv2D {width}", "BatchNormalization") if width else maps
        inner = _separable(own, maps, block, 2 if width else 3, leading=block > 2)
        if width:
            inner = own.chain(inner, "MaxPooling2D 3 2 same")
        maps = own.step("Add", inner, shortcut)
    maps = own.chain(_separable(own, maps, 14, 2, leading=False), "relu")
    finish(own, maps, asked)
    own.outputs.add(own.step("Flatten" if asked["pooling"] == "flatten" else "GlobalAveragePooling2D", maps))
    return own


def _separable(own: Steps, maps: int, block: int, count: int, *, leading: bool) -> int:
    """The separable convolutions of a block, ReLU between them and, where it leads, in front."""
    for number in range(1, count + 1):
        name = f"block{block}_sepconv{number}"
        active = ["relu"] if leading or number > 1 else []
        maps = own.chain(maps, *active, f"SeparableConv2D {name}", f"BatchNormalization {name}_bn")
    return maps


def _pairs(layers: tuple[KerasLayer, ...]) -> Iterator[tuple[KerasLayer, str]]:
    head = _head(layers)
    for layer in layers:
        if not layer.weights:
            continue
        if head is not None and layer.path == head.path:
            yield layer, "head"
        elif place := _place(layer):
            yield layer, f"backbone.{place}"


def _place(layer: KerasLayer) -> str:
    """timm's name for a layer; empty where the layer is none of Xception's."""
    if layer.name in _NAMED:
        return _NAMED[layer.name]
    if found := _SEPARABLE.fullmatch(layer.name):
        block, number = int(found[1]), int(found[2])
        first = 0 if block == 2 else 1  # behind the leading ReLU
        return f"block{block - 1}.rep.{first + 3 * (number - 1) + (1 if found[3] else 0)}"
    if re.fullmatch(r"conv2d(_\d+)?", layer.name):
        block_name = _SHORTCUTS.get(layer.weights["kernel"].shape[-1], "")
        return f"{block_name}.skip" if block_name else ""
    if re.fullmatch(r"batch_normalization(_\d+)?", layer.name):
        block_name = _SHORTCUTS.get(layer.weights["moving_mean"].shape[0], "")
        return f"{block_name}.skipbn" if block_name else ""
    return ""


def _head(layers: tuple[KerasLayer, ...]) -> KerasLayer | None:
    """The last Dense layer; without description of the model, the one that is called so."""
    dense = [layer for layer in layers if is_dense(layer)]
    return dense[-1] if dense else None


IMPORTER = Importer(architecture, place, steps, of_keras=True)
