"""The weights and the description of a Keras model from its file, without Keras: h5py reads all of its layouts.

HDF5 of Keras 2 and 3 (`.h5`) names each weight by its layer ("block1_conv1/kernel:0"); with `model_config` it is a whole model,
without it weights alone. `.keras` (a zip) and `.weights.h5` hold them by place ("layers/conv2d_1/vars/0"): there the class of a
layer says what its first, second, ... weight is. Nothing of a file is executed.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from models.errors import KerasFileError
from models.importers.keras.config import Described, described_layers, snake_case
from models.importers.keras.hdf5_guard import survives_reading

Array = NDArray[np.float32]


@dataclass(frozen=True)
class KerasLayer:
    """One layer. `path` are the names of the models and wrappers it is nested in, and its own.

    `class_name` is empty where the file holds weights by name alone. `weights` go by Keras' own names (`kernel`, `bias`,
    `gamma`, `moving_mean`, ...), in Keras' axis order; for a place of an unknown class by their number.
    """

    name: str
    class_name: str
    path: tuple[str, ...]
    config: Mapping[str, Any]
    weights: Mapping[str, Array]


@dataclass(frozen=True)
class KerasFile:
    """`config` is what the file says of its model ({"class_name", "config"}), None where it holds weights alone. `layers` come
    in the model's own order, those of nested models in place, those without weights too.
    """

    config: Mapping[str, Any] | None
    layers: tuple[KerasLayer, ...]


# What a class stores, in its order, and the argument that says whether it does.
_ORDER: dict[str, tuple[tuple[str, str], ...]] = {
    "Dense": (("kernel", ""), ("bias", "use_bias")),
    "Conv1D": (("kernel", ""), ("bias", "use_bias")),
    "Conv2D": (("kernel", ""), ("bias", "use_bias")),
    "Conv3D": (("kernel", ""), ("bias", "use_bias")),
    "Conv2DTranspose": (("kernel", ""), ("bias", "use_bias")),
    "DepthwiseConv2D": (("depthwise_kernel", ""), ("bias", "use_bias")),
    "SeparableConv2D": (("depthwise_kernel", ""), ("pointwise_kernel", ""), ("bias", "use_bias")),
    "BatchNormalization": (("gamma", "scale"), ("beta", "center"), ("moving_mean", ""), ("moving_variance", "")),
    "LayerNormalization": (("gamma", "scale"), ("beta", "center")),
    "LayerScale": (("gamma", ""),),  # of Keras' ConvNeXt
    "Normalization": (("mean", ""), ("variance", ""), ("count", "")),
    "LSTM": (("kernel", ""), ("recurrent_kernel", ""), ("bias", "use_bias")),
    # Of keras_cv_attention_models.
    "PatchConv2DWithResampleWeights": (("kernel", ""), ("bias", "use_bias")),
    "ClassToken": (("tokens", ""),),
    "PositionalEmbedding": (("positional_embedding", ""),),
    "BiasLayer": (("bias", ""),),
    "ExpLogitScale": (("gamma", ""),),
    "MlpPairwisePositionalEmbedding": (("hidden_weight", ""), ("hidden_bias", ""), ("out", "")),
}
_CLASSES = {snake_case(name): name for name in _ORDER}
_CELLS = ("LSTM",)  # their weights are those of the cell inside


def read_keras_file(path: Path) -> KerasFile:
    """Raises KerasFileError for anything but the layouts above, and for weights that cannot be told apart; for a damaged file
    also whatever zipfile, json and h5py make of it.
    """
    if path.is_dir():
        raise KerasFileError(f"{path.name} is a folder (a SavedModel?): save the model as .keras or .h5")
    try:
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        _refuse_endless(path)
        with h5py.File(path, "r") as file:
            return _read_hdf5(file)
    except KerasFileError as error:
        raise KerasFileError(f"{path.name}: {error}") from error


def _read_zip(path: Path) -> KerasFile:
    with zipfile.ZipFile(path) as archive:
        missing = {"config.json", "model.weights.h5"} - set(archive.namelist())
        if missing:
            raise KerasFileError(f"a .keras file has config.json and model.weights.h5; missing: {', '.join(sorted(missing))}")
        config = json.loads(archive.read("config.json"))
        with TemporaryDirectory() as folder:
            content = Path(archive.extract("model.weights.h5", folder))
            _refuse_endless(content)
            with h5py.File(content, "r") as file:
                return KerasFile(config, tuple(_by_place(file, described_layers(config))))


def _refuse_endless(path: Path) -> None:
    if not survives_reading(path):
        raise KerasFileError("it is damaged: reading it takes for ever, or ends the process")


def _read_hdf5(file: h5py.File) -> KerasFile:
    if "model_config" in file.attrs:
        config = json.loads(file.attrs["model_config"])
        return KerasFile(config, tuple(_by_name(file["model_weights"], described_layers(config))))
    if "layer_names" in file.attrs:
        return KerasFile(None, tuple(_by_name(file, _described_by_names(file))))
    if "layers" in file:
        return KerasFile(None, tuple(_by_place(file, tuple(_described_by_places(file)))))
    raise KerasFileError("an HDF5 file, but not one that Keras wrote")


def _by_name(group: h5py.Group, described: tuple[Described, ...]) -> Iterator[KerasLayer]:
    weights: dict[tuple[str, ...], dict[str, Array]] = {layer.path: {} for layer in described}
    for top in _texts(group, "layer_names"):
        inside = [layer for layer in described if layer.path[0] == top]
        for name in _texts(group[top], "weight_names"):
            layer = _owner(name, inside)
            place = re.sub(r":\d+$", "", name.rpartition("/")[2])
            if place in weights[layer.path]:
                raise KerasFileError(f"layer {layer.name} has two weights {place}")
            weights[layer.path][place] = _array(group[top][name])
    for layer in described:
        yield KerasLayer(layer.name, layer.class_name, layer.path, layer.config, _canonical(layer, weights[layer.path]))


def _owner(weight: str, layers: list[Described]) -> Described:
    """The layer a weight's name speaks of: the innermost of its parts that is a layer, or the only layer there is."""
    if len(layers) == 1:
        return layers[0]
    parts = weight.split("/")[:-1]
    # Two parts at once too: Keras 2 has layers called "conv1/bn".
    for part in [
        name for last in range(len(parts), 0, -1) for name in ("/".join(parts[max(last - 2, 0) : last]), parts[last - 1])
    ]:
        named = [layer for layer in layers if layer.name == part]
        if len(named) == 1:
            return named[0]
        if named:
            break
    raise KerasFileError(f"it cannot be told to which layer the weight {weight} belongs")


def _canonical(layer: Described, weights: dict[str, Array]) -> dict[str, Array]:
    """Keras 3 calls the kernel of a depthwise convolution `kernel`, older ones `depthwise_kernel`; to the one weight of a
    LayerScale it gives no name.
    """
    if layer.class_name == "LayerScale":
        return dict(zip(("gamma",), weights.values(), strict=True)) if weights else weights
    if layer.class_name == "DepthwiseConv2D" and "kernel" in weights:
        return {"depthwise_kernel" if name == "kernel" else name: array for name, array in weights.items()}
    return weights


def _by_place(file: h5py.File, described: tuple[Described, ...]) -> Iterator[KerasLayer]:
    placed: set[str] = set()
    for layer in described:
        store = f"{layer.store}/cell/vars" if layer.class_name in _CELLS else f"{layer.store}/vars"
        placed.add(store)
        variables = file.get(store, {})
        numbers = sorted((number for number in variables), key=int)
        if numbers and layer.class_name not in _CELLS:
            own_name = str(variables.attrs.get("name", layer.name))  # Keras 3 notes it; a check that the places are ours
            if own_name != layer.name:
                raise KerasFileError(f"at {layer.store} lies {own_name}, expected {layer.name}")
        yield KerasLayer(
            layer.name,
            layer.class_name,
            layer.path,
            layer.config,
            {name: _array(variables[number]) for name, number in zip(_names(layer, len(numbers)), numbers, strict=True)},
        )
    if left := sorted(set(_places_with_weights(file)) - placed):
        raise KerasFileError(f"weights at {', '.join(left)} belong to no layer the file describes")


def _names(layer: Described, count: int) -> list[str]:
    if layer.class_name not in _ORDER:
        return [str(number) for number in range(count)]
    names = [name for name, argument in _ORDER[layer.class_name] if not argument or layer.config.get(argument, True)]
    if not layer.config and layer.class_name != "BatchNormalization":  # weights alone: what may be left out comes last
        names = names[:count]
    if count not in (0, len(names)):
        raise KerasFileError(f"layer {layer.name} ({layer.class_name}) should have {', '.join(names)}; it has {count} weights")
    return names[:count]


def _places_with_weights(file: h5py.File) -> list[str]:
    found: list[str] = []

    def note(name: str, item: object) -> None:
        place = name.rpartition("/")[0]
        if isinstance(item, h5py.Dataset) and name.startswith("layers/") and "/seed_generator/" not in name:
            found.append(place)

    file.visititems(note)
    return found


def _described_by_names(file: h5py.File) -> tuple[Described, ...]:
    layers: dict[tuple[str, ...], Described] = {}
    for top in _texts(file, "layer_names"):
        names = [name.split("/")[:-1] for name in _texts(file[top], "weight_names")]
        for parts in names or [[top]]:
            own = [part for part in parts if not re.search(r"_cell(_\d+)?$", part)] or [top]
            path = (top,) if own[-1] == top else (top, own[-1])
            layers.setdefault(path, Described(own[-1], "", path, {}, ""))
    return tuple(layers.values())


def _described_by_places(file: h5py.File) -> Iterator[Described]:
    """Weights alone, by place: the class is in the place, the name beside the weights where Keras 3 wrote them."""
    places = dict.fromkeys(_places_with_weights(file))
    for place in sorted(places, key=lambda text: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]):
        store = place.removesuffix("/vars").removesuffix("/cell")
        own = store.rpartition("/")[2]
        path = tuple(part for part in store.split("/") if part != "layers")
        cell = place.endswith("/cell/vars")  # of the cells we know that of an LSTM; `_names` counts its weights
        class_name = "LSTM" if cell else _CLASSES.get(re.sub(r"_\d+$", "", own), "")
        name = own if cell else str(file[place].attrs.get("name", own))
        yield Described(name, class_name, (*path[:-1], name), {}, store)


def _texts(group: h5py.Group, attribute: str) -> list[str]:
    """A list of names, which Keras cuts in numbered pieces where it is too long for one attribute."""
    pieces = (
        [attribute]
        if attribute in group.attrs
        else sorted(
            (key for key in group.attrs if re.fullmatch(rf"{attribute}\d+", key)), key=lambda key: int(key[len(attribute) :])
        )
    )
    texts = [text for piece in pieces for text in group.attrs[piece]]
    return [text.decode("utf-8") if isinstance(text, bytes) else str(text) for text in texts]


def _array(dataset: h5py.Dataset) -> Array:
    return np.asarray(dataset[()], dtype=np.float32)
