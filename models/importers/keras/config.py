"""A Keras model's description of itself (`model_config`, `config.json`) as one flat list of layers, nested models in place.

A `.keras` file stores weights under the places the layers have in their model, counted by class ("conv2d", "conv2d_1"), not
under their names; so each layer here knows its place as well.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Class -> the arguments under which a wrapper keeps the layers it wraps; Keras 2 leaves the second one out where it is a copy.
_WRAPPERS = {"TimeDistributed": ("layer",), "Bidirectional": ("forward_layer", "backward_layer")}
_MODELS = ("Functional", "Sequential", "Model")


@dataclass(frozen=True)
class Described:
    """A layer without its weights. `store` is its place in a `.keras` file, e.g. `layers/functional/layers/conv2d_1`."""

    name: str
    class_name: str
    path: tuple[str, ...]
    config: Mapping[str, Any]
    store: str


def described_layers(model: Mapping[str, Any]) -> tuple[Described, ...]:
    """The layers of a model in its own order. Raises KeyError or TypeError for what is no description of a model."""
    return tuple(_children(model["config"], (), ""))


def _children(config: Any, path: tuple[str, ...], store: str) -> Iterator[Described]:
    # Keras before 2.3 describes a Sequential by the bare list of its layers.
    layers = config if isinstance(config, list) else config["layers"]
    seen: Counter[str] = Counter()
    for layer in layers:
        place = snake_case(class_of(layer))
        number = seen[place]
        seen[place] += 1
        yield from _layer(layer, path, f"{store}layers/{place}_{number}" if number else f"{store}layers/{place}")


def _layer(layer: Mapping[str, Any], path: tuple[str, ...], store: str, prefix: str = "") -> Iterator[Described]:
    class_name, config = class_of(layer), layer["config"]
    name = str(layer.get("name") or (config["name"] if isinstance(config, dict) else class_name.lower()))
    if not name.startswith(prefix):
        name = prefix + name
    if class_name in _MODELS:
        yield from _children(config, (*path, name), f"{store}/")
    elif class_name in _WRAPPERS:
        for argument in _WRAPPERS[class_name]:
            yield from _layer(
                config.get(argument) or config["layer"],
                (*path, name),
                f"{store}/{argument}",
                prefix=argument.removesuffix("layer"),  # Bidirectional calls its two "forward_lstm" and "backward_lstm"
            )
    else:
        yield Described(name, class_name, (*path, name), config, store)


def class_of(layer: Mapping[str, Any]) -> str:
    """The class of a layer or model as its library calls it."""
    return str(layer["class_name"]).rpartition(">")[2]  # a registered class is "package>Class"


def snake_case(class_name: str) -> str:
    """`SeparableConv2D` -> `separable_conv2d`, `LSTM` -> `lstm`, `ReLU` -> `re_lu`: as Keras names places.

    >>> snake_case("GlobalAveragePooling2D")
    'global_average_pooling2d'
    """
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
