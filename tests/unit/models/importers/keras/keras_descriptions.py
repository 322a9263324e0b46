"""What Keras' files say of EchoForge's models, and how to change it.

`descriptions` holds what `to_json()` gives for models of `tests.differential`'s builders (Keras 2, one of them Keras 3), less
what changes no number: initialisers, shapes of inputs and the like.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from models.importers.keras.config import described_layers
from models.importers.keras.files import KerasFile, KerasLayer

Model = dict[str, Any]
XCEPTION, SINGLE_DUAL, U_NET, U_NET_KERAS_3 = "xception_classifier", "single_dual", "u_net_keras2", "u_net_keras3"
_FOLDER = Path(__file__).parent / "descriptions"


def described(name: str) -> Model:
    model: Model = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return model


def as_file(model: Model) -> KerasFile:
    """With kernels for those who count outputs by them: of the right number, and else empty."""
    layers = []
    for layer in described_layers(model):
        rank = {"Dense": 2, "Conv2D": 4, "Conv2DTranspose": 4}.get(layer.class_name, 0)
        width = layer.config.get("units") or layer.config.get("filters") or 1
        kernel = np.broadcast_to(np.float32(0), (1,) * (rank - 1) + (width,))
        weights = {"kernel": kernel} if rank else {}
        layers.append(KerasLayer(layer.name, layer.class_name, layer.path, layer.config, weights))
    return KerasFile(model, tuple(layers))


def layers_of(model: Model) -> list[Model]:
    layers: list[Model] = model["config"]["layers"]
    return layers


def found(model: Model, name: str) -> Model:
    """The layer of this name, in nested models too."""
    for layer in layers_of(model):
        if (layer.get("name") or layer["config"]["name"]) == name:
            return layer
        if "layers" in layer["config"]:
            try:
                return found(layer, name)
            except LookupError:
                continue
    raise LookupError(name)


def changed(model: Model, name: str, class_name: str = "", **config: Any) -> Model:
    """With another class or other settings of one layer."""
    model = deepcopy(model)
    layer = found(model, name)
    layer["class_name"] = class_name or layer["class_name"]
    layer["config"] |= config
    return model


def layer(class_name: str, name: str = "", **config: Any) -> Model:
    return {"class_name": class_name, "config": {"name": name or class_name.lower(), **config}}


def inserted(model: Model, index: int, *new: Model) -> Model:
    """With further layers in a Sequential, from `index` on."""
    model = deepcopy(model)
    layers_of(model)[index:index] = new
    return model


def behind(model: Model, before: str, new: Model, **arguments: Any) -> Model:
    """With a further layer of a Functional of Keras 2 behind the one called `before`, for all who took that."""
    model = deepcopy(model)
    name = new["config"]["name"]
    for layer in layers_of(model):
        for call in layer["inbound_nodes"]:
            for source in call:
                source[0] = name if source[0] == before else source[0]
    index = next(index for index, layer in enumerate(layers_of(model)) if layer["name"] == before)
    layers_of(model).insert(index + 1, {**new, "name": name, "inbound_nodes": [[[before, 0, 0, arguments]]]})
    return model


def functional(*steps: Model) -> Model:
    """A Functional of Keras 2 in which one layer follows the other; the first is its input."""
    layers, before = [], ""
    for step in deepcopy(steps):
        arguments = step.pop("arguments", {})
        name = step["config"]["name"]
        operation = step["class_name"] in ("TFOpLambda", "SlicingOpLambda")
        source = [before, 0, 0, arguments]
        layers.append({**step, "name": name, "inbound_nodes": [[source] if operation else [[source]]] if before else []})
        if operation:
            layers[-1]["inbound_nodes"] = [source]
        before = name
    ends = {"input_layers": [[steps[0]["config"]["name"], 0, 0]], "output_layers": [[before, 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "model", "layers": layers, **ends}}
