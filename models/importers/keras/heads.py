"""What the importers of EchoForge's Keras models share: what stands behind the backbone, and how frames are scaled.

The backbones themselves hold pooling and Dense layers too, so a head is what comes behind the last convolution.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isclose

from torch import nn

from models.errors import ImportSettingError, KerasFileError
from models.importers.keras.files import KerasFile, KerasLayer
from models.library.manifest import Manifest, Value

_AVERAGE, _FLATTEN = "GlobalAveragePooling2D", "Flatten"
_OTHER_POOLING = ("GlobalMaxPooling2D", "AveragePooling2D", "MaxPooling2D")
_NETWORK = "; the network "


def keras_file(file: object) -> KerasFile:
    """Raises KerasFileError for a file of torch."""
    if not isinstance(file, KerasFile):
        raise KerasFileError("this network's weights come in a file of Keras, not of torch")
    return file


def head_dense(layers: Sequence[KerasLayer], backbone: Mapping[tuple[str, ...], str]) -> list[KerasLayer]:
    """The Dense layers, in order, that are none of the backbone's (`backbone`: path of a layer -> its torch module)."""
    return [layer for layer in layers if is_dense(layer) and layer.path not in backbone]


def is_dense(layer: KerasLayer) -> bool:
    kernel = layer.weights.get("kernel")
    return kernel is not None and kernel.ndim == 2 and layer.class_name in ("Dense", "")


def described_head(layers: Sequence[KerasLayer]) -> dict[str, Value]:
    """`pooling` and `hidden` of a model that describes itself; never the number of outputs: another one is another model's.
    Raises KerasFileError for a head unlike those known: averaged or flattened, then Dense layers with ReLU between them.
    """
    last = max((index for index, layer in enumerate(layers) if _is_convolution(layer)), default=-1)
    behind = layers[last + 1 :]
    classes = [layer.class_name for layer in behind]
    if _AVERAGE not in classes and _FLATTEN not in classes:
        pooled = [name for name in classes if name in _OTHER_POOLING]
        raise KerasFileError(f"behind the last convolution the map is neither averaged nor flattened: {pooled or classes}")
    start = classes.index(_AVERAGE if _AVERAGE in classes else _FLATTEN)
    dense = [layer for layer in behind[start:] if is_dense(layer)]
    return {"pooling": "average" if _AVERAGE in classes else "flatten", "hidden": hidden_widths(dense)}


def hidden_widths(dense: Sequence[KerasLayer]) -> list[int]:
    """The widths of a head's Dense layers but the last.

    Raises KerasFileError where there is no Dense layer, and for activations other than ReLU.
    """
    if not dense:
        raise KerasFileError("the model has no Dense layer behind its map")
    activations = {str(layer.config.get("activation", "relu")) for layer in dense[:-1]} - {"relu"}
    if activations:
        raise KerasFileError(f"the head has activations unlike the known ReLU: {', '.join(sorted(activations))}")
    return [int(layer.weights["kernel"].shape[1]) for layer in dense[:-1]]


def paired_head(
    layers: Sequence[KerasLayer], backbone: Mapping[tuple[str, ...], str], network: nn.Module
) -> Iterator[tuple[KerasLayer, str]]:
    """The Dense layers of the head beside the linear modules of the network's `head`; surplus ones have no partner."""
    linear = [name for name, module in network.named_modules() if name.startswith("head") and isinstance(module, nn.Linear)]
    yield from zip(head_dense(layers, backbone), linear, strict=False)


def rescales(layers: Sequence[KerasLayer], *, also: tuple[float, float] | None = None, has_normalization: bool = False) -> bool:
    """Whether the model divides by 255 itself. Raises KerasFileError for a Rescaling by something else than that or `also`,
    and for a Normalization where the network has none.
    """
    found = False
    for layer in layers:
        if layer.class_name == "Rescaling":
            scale, offset = layer.config.get("scale"), layer.config.get("offset", 0.0)
            if is_scaling(layer, 1 / 255, 0):
                found = True
            elif also is None or not is_scaling(layer, *also):
                raise KerasFileError(f"layer {layer.name} scales by {scale} and adds {offset}; by 1/255 is known")
        elif layer.class_name == "Normalization" and not has_normalization:
            raise KerasFileError(f"layer {layer.name} takes a mean out of the frames; scaling by 1/255 is known")
    return found


def is_scaling(layer: KerasLayer, scale: float, offset: float) -> bool:
    """Whether `layer` is a Rescaling by these."""
    own, added = layer.config.get("scale"), layer.config.get("offset", 0.0)
    if layer.class_name != "Rescaling" or not isinstance(own, (int, float)) or not isinstance(added, (int, float)):
        return False
    return isclose(own, scale, rel_tol=1e-6) and isclose(added, offset, abs_tol=1e-9)


def refuse_guess(manifest: Manifest, unpublished: Mapping[str, str], said: Collection[str]) -> None:
    """Raises ImportSettingError for a setting among the `unpublished` (with what to say of it) that neither the file
    nor the importing person has said: the manifest's own is only our choice for a network that is not trained yet.
    """
    for key, choices in unpublished.items():
        if key not in said:
            raise ImportSettingError(
                f"{manifest.name}: {key} is neither published nor in the file, every result depends on it, and it is not "
                f"guessed: give --set {key}=...: {choices}"
            )


def saying_its_scaling(manifest: Manifest, preprocessing: str) -> Manifest:
    """With a text of its input that says how the network scales it: a file may ask for another scaling than is published.

    `preprocessing` are the words for what its networks do besides.
    """
    before, speaks, _ = manifest.input_values.partition(_NETWORK)
    if not speaks or "rescale" not in manifest.architecture:
        return manifest
    own = preprocessing if manifest.architecture.get("preprocessing") else ""
    said = [words for words in ("divides by 255" if manifest.architecture["rescale"] else "", own) if words]
    return replace(manifest, input_values=f"{before}{_NETWORK}{' and '.join(said) or 'does not scale'}")


def _is_convolution(layer: KerasLayer) -> bool:
    return any(array.ndim == 4 for array in layer.weights.values())
