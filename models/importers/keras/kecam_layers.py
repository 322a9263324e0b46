"""What keras_cv_attention_models builds its transformers of, as a Keras file describes it: known layers, and nothing else.

The library's ViT and Swin V2 of versions 1.3.21 to 1.4.3 have the same layers under the same names. A layer that has no weights
would go unnoticed where tensors are placed: so every class and every operation of TensorFlow must be one that is known.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from models.errors import KerasFileError
from models.importers.keras.files import KerasLayer
from models.library.manifest import Manifest

_ENCODER = {
    "Activation", "Add", "ClassToken", "BiasLayer", "Conv2D", "Dense", "Dropout", "ExpLogitScale", "InputLayer",
    "LayerNormalization", "MlpPairwisePositionalEmbedding", "PatchConv2DWithResampleWeights", "PositionalEmbedding",
    "Rescaling", "Reshape", "SlicingOpLambda", "Softmax", "TFOpLambda", "WindowAttentionMask",
}  # fmt: skip
_OPERATIONS = {
    "__operators__.getitem", "compat.v1.pad", "compat.v1.transpose", "concat", "linalg.matmul", "math.l2_normalize",
    "math.multiply", "reshape", "split",
}  # fmt: skip
_NONE = ("", "linear", None)


class Parts(NamedTuple):
    encoder: tuple[KerasLayer, ...]
    behind: tuple[KerasLayer, ...]


def parts(layers: Sequence[KerasLayer], last: str, head: Collection[str], manifest: Manifest) -> Parts:
    """The encoder until its layer called `last`, and what stands behind it: layers of the classes `head` alone.

    Raises KerasFileError for another encoder, for an input of other sides than the manifest's, and for layers not known here.
    """
    ends = [index for index, layer in enumerate(layers) if layer.name == last]
    if len(ends) != 1:
        raise KerasFileError(f"the file has {len(ends)} layers called {last}, by which the encoder of this network ends")
    found = Parts(tuple(layers[: ends[0] + 1]), tuple(layers[ends[0] + 1 :]))
    for layer in found.encoder:
        operation, activation = layer.config.get("function", ""), layer.config.get("activation", "")
        if layer.class_name not in _ENCODER or (operation and operation not in _OPERATIONS):
            raise KerasFileError(f"the encoder has a layer that is not known: {layer.name} ({operation or layer.class_name})")
        if layer.class_name == "Activation" and activation != "gelu":
            raise KerasFileError(f"layer {layer.name} computes {activation}; GELU by the error function is known")
        if layer.class_name != "Activation" and activation not in _NONE:
            raise KerasFileError(f"layer {layer.name} ({layer.class_name}) computes {activation}, where nothing is known")
        if layer.class_name == "InputLayer":
            _check_sides(layer, manifest)
    for layer in found.behind:
        activation = layer.config.get("activation", "") if layer.class_name == "Activation" else ""
        if layer.class_name not in head or activation not in ("", "softmax"):
            what = activation or layer.class_name
            raise KerasFileError(f"behind the encoder stands a layer that is not known: {layer.name} ({what})")
    _check_ends(found.behind)
    return found


def _check_ends(behind: Sequence[KerasLayer]) -> None:
    """Raises KerasFileError for a last Dense layer that is followed by more than a softmax; those before it are the head's."""
    last = [layer for layer in behind if layer.class_name == "Dense"][-1:]
    for layer in last:
        if (activation := layer.config.get("activation")) not in (*_NONE, "softmax"):
            raise KerasFileError(f"layer {layer.name} (Dense) computes {activation}; this network has softmax there")


def _check_sides(layer: KerasLayer, manifest: Manifest) -> None:
    shape = layer.config.get("batch_input_shape") or layer.config.get("batch_shape") or ()
    _, *ours = manifest.input_shape
    if list(shape[1:3]) != list(ours):
        raise KerasFileError(f"the model is of frames of {list(shape[1:3])} px; {manifest.name} takes {ours}")


def every(layers: Sequence[KerasLayer], ending: str, count: int) -> None:
    """Raises KerasFileError unless each of `count` blocks has a layer whose name ends so."""
    found = sum(layer.name.endswith(ending) for layer in layers)
    if found != count:
        raise KerasFileError(f"{found} layers ...{ending} in {count} blocks")
