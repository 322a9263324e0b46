"""EchoForge's Xception: encoder, classifiers and baselines, from Keras' layers to timm's.

timm counts its blocks from 1 where Keras counts from 2, and its first block has no ReLU in front. Keras names every layer but
the four shortcuts past the blocks that halve the side ("conv2d_3", a number that depends on the session): they are told by
their channels.
"""

import re
from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from models.importers.keras_files import KerasFile, KerasFileError, KerasLayer
from models.importers.keras_layers import place_layers
from models.manifest import Manifest, Value

_SHORTCUTS = {128: "block1", 256: "block2", 728: "block3", 1024: "block12"}  # channels -> timm's block
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
    layers = _keras(file).layers
    if _keras(file).config is None:
        return {}
    classes = {layer.class_name for layer in layers}
    return {"pooling": "flatten" if "Flatten" in classes else "average", "rescale": _rescales(layers)}


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeXception, which may be on the meta device. Raises placing.MisplacedWeights, KerasFileError."""
    return place_layers(_keras(file), list(_pairs(_keras(file).layers)), network)


def _keras(file: object) -> KerasFile:
    if not isinstance(file, KerasFile):
        raise KerasFileError("this network's weights come in a file of Keras, not of torch")
    return file


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
    dense = [layer for layer in layers if _is_dense(layer)]
    return dense[-1] if dense else None


def _is_dense(layer: KerasLayer) -> bool:
    kernel = layer.weights.get("kernel")
    return kernel is not None and kernel.ndim == 2 and layer.class_name in ("Dense", "")


def _rescales(layers: tuple[KerasLayer, ...]) -> bool:
    """Whether the model divides by 255 itself. Raises KerasFileError where it scales in another way."""
    scaling = [layer for layer in layers if layer.class_name in ("Rescaling", "Normalization")]
    for layer in scaling:
        scale, offset = layer.config.get("scale"), layer.config.get("offset", 0.0)
        if not isinstance(scale, float) or abs(scale * 255 - 1) > 1e-6 or offset != 0:
            raise KerasFileError(f"layer {layer.name} scales by {scale} and adds {offset}; by 1/255 is known")
    return bool(scaling)
