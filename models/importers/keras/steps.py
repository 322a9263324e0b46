"""A layer of a Keras model as the steps it computes, in words: `Conv2D stem_conv`, `relu`, `MaxPooling2D 3 2 same`.

A layer with weights is known by its name or its width: strides, padding and epsilon are compared with the torch module where
the weights are placed (`keras_layers.differences`). All that changes a number of a layer without weights is in its words.
"""

from collections.abc import Callable, Mapping
from typing import Any

# What does nothing once a network is trained.
HARMLESS = {
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "RandomBrightness",
    "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "SpatialDropout2D", "StochasticDepth",
}  # fmt: skip
# Layers that may have weights; of these a name says which one it is, of the others only what they compute counts.
_WEIGHTED = {
    "BatchNormalization", "Conv2D", "Conv2DTranspose", "Dense", "DepthwiseConv2D", "LayerNormalization", "LayerScale",
    "SeparableConv2D",
}  # fmt: skip
# Class -> the settings that change its numbers, and what they are where a file leaves them out.
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "LSTM": {
        "units": "?", "activation": "tanh", "recurrent_activation": "sigmoid", "return_sequences": False,
        "return_state": False, "go_backwards": False,
    },
    "Normalization": {"mean": "from data", "variance": "from data", "invert": False},
    "Rescaling": {"scale": "?", "offset": 0},
    "UpSampling2D": {"size": 2, "interpolation": "nearest"},
    "ZeroPadding2D": {"padding": 1},
}  # fmt: skip
_SAME_FUNCTION = {"swish": "silu"}
_OPERATORS = {"__operators__.add": "Add", "math.add": "Add"}
_LAST_AXIS = 3  # of a map: batch, rows, columns, channels


def steps_of(class_name: str, config: Mapping[str, Any], name: str) -> list[str]:
    """What the layer computes, one after the other; nothing for one that passes on what it gets. `name` is "" where the network
    does not call its layers by name.

    >>> steps_of("Conv2D", {"filters": 32, "activation": "relu"}, "")
    ['Conv2D 32', 'relu']
    """
    if class_name in HARMLESS:
        return []
    own = _SPECIAL[class_name](config) if class_name in _SPECIAL else _words(class_name, config, name)
    if config.get("data_format") == "channels_first":
        own = [f"{words} channels_first" for words in own]
    return own


def _words(class_name: str, config: Mapping[str, Any], name: str) -> list[str]:
    if class_name in _WEIGHTED:
        called = name or config.get("filters", "")
        return [f"{class_name} {called}".strip(), *_activation(config)]
    settings = _SETTINGS.get(class_name, {})
    said = [text(config.get(key, usual)) for key, usual in settings.items()]
    return [" ".join([class_name, *said])]


def _activation(config: Mapping[str, Any]) -> list[str]:
    function = config.get("activation") or "linear"
    if isinstance(function, Mapping):
        registered, own = str(function.get("registered_name") or ""), function.get("config")
        function = registered if ">" in registered else own if isinstance(own, str) else function.get("class_name", "?")
    return [] if function == "linear" else [_SAME_FUNCTION.get(str(function), str(function))]


def _relu(config: Mapping[str, Any]) -> list[str]:
    largest, slope, threshold = (config.get(key) for key in ("max_value", "negative_slope", "threshold"))
    plain = largest is None and not slope and not threshold
    return ["relu"] if plain else [f"ReLU up to {text(largest)}, slope {text(slope)}, from {text(threshold)}"]


def _softmax(config: Mapping[str, Any]) -> list[str]:
    axis = config.get("axis", -1)
    return ["softmax"] if axis == -1 else [f"softmax along axis {text(axis)}"]


def _pooling(kind: str) -> Callable[[Mapping[str, Any]], list[str]]:
    def words(config: Mapping[str, Any]) -> list[str]:
        size = config.get("pool_size", 2)
        strides = config.get("strides") or size
        return [f"{kind} {text(size)} {text(strides)} {config.get('padding', 'valid')}"]

    return words


def _concatenation(config: Mapping[str, Any]) -> list[str]:
    axis = config.get("axis", -1)
    return ["Concatenate"] if axis in (-1, _LAST_AXIS) else [f"Concatenate along axis {text(axis)}"]


def _reshaping(config: Mapping[str, Any]) -> list[str]:
    shape = list(config.get("target_shape", ()))
    return ["Reshape 1 1 channels"] if len(shape) == 3 and shape[:2] == [1, 1] else [f"Reshape {text(shape)}"]


def _operation(config: Mapping[str, Any]) -> list[str]:
    function = str(config.get("function", "?"))
    return [_OPERATORS.get(function, function)]


_SPECIAL: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "Activation": _activation,
    "AveragePooling2D": _pooling("AveragePooling2D"),
    "Concatenate": _concatenation,
    "MaxPooling2D": _pooling("MaxPooling2D"),
    "ReLU": _relu,
    "Reshape": _reshaping,
    "Softmax": _softmax,
    "TFOpLambda": _operation,
}


def text(value: Any) -> str:
    """A setting in words: numbers to six digits, and once where all of a list are the same.

    >>> text([[1, 1], [1, 1]]), text(1 / 255), text([[0, 1], [0, 1]])
    ('1', '0.00392157', '0,1')
    """
    if isinstance(value, (list, tuple)):
        parts = [text(item) for item in value]
        return parts[0] if len(set(parts)) == 1 else ",".join(parts)
    return f"{value:.6g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
