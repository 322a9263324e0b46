"""Run as a script: small models of every kind of nesting, saved in every layout of one Keras, and their weights by name.

python -m tests.differential.keras_layouts LIBRARY FOLDER
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np


def _block(keras: Any) -> Any:
    """Named and unnamed layers in turn, so that names, places and numbers disagree."""
    layers = keras.layers
    start = layers.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, name="block1_conv1")(start)
    side = layers.BatchNormalization(scale=False)(layers.Conv2D(4, 1, use_bias=False)(x))
    x = layers.SeparableConv2D(4, 3, padding="same", use_bias=False, name="sep")(x)
    x = layers.BatchNormalization(name="sep_bn")(x)
    x = layers.DepthwiseConv2D(1, name="depthwise")(layers.Add()([x, side]))
    return keras.Model(start, x, name="backbone")


def nested(keras: Any) -> Any:
    layers = keras.layers
    steps = [layers.Input((12, 12, 3)), layers.Rescaling(1 / 255), _block(keras), layers.GlobalAveragePooling2D()]
    return keras.Sequential([layers.Input((12, 12, 3)), keras.Sequential(steps, name="sequential_1"), layers.Dense(5)])


def recurrent(keras: Any) -> Any:
    layers = keras.layers
    start = layers.Input((4, 12, 12, 3))
    x = layers.TimeDistributed(_block(keras))(start)
    x = layers.TimeDistributed(layers.GlobalAveragePooling2D())(x)
    x = layers.TimeDistributed(layers.Dense(6, name="each"))(x)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.LSTM(7, return_sequences=True, name="beat")(x)
    return keras.Model(start, layers.Dense(2, name="phase")(layers.Flatten()(x)))


def transposed(keras: Any) -> Any:
    layers = keras.layers
    start = layers.Input((6, 6, 1))
    x = layers.Conv2DTranspose(3, 2, strides=2, name="up")(start)
    return keras.Model(start, layers.LayerNormalization()(x))


MODELS = {"nested": nested, "recurrent": recurrent, "transposed": transposed}


def main(library: str, folder: Path) -> None:
    keras = importlib.import_module(library)
    for name, build in MODELS.items():
        model = build(keras)
        random = np.random.default_rng(1)
        model.set_weights([random.normal(size=array.shape).astype(np.float32) for array in model.get_weights()])
        model.save(str(folder / f"{name}.h5"))
        model.save(str(folder / f"{name}.keras"))
        model.save_weights(str(folder / f"{name}.weights.h5"))
        if library == "tf_keras":
            model.save_weights(str(folder / f"{name}.names.h5"), save_format="h5")
        np.savez(folder / f"{name}.npz", **dict(_weights(model)))


def _weights(layer: Any, name: str = "") -> Any:
    """("layer/weight", array) of every layer inside."""
    inner = [getattr(layer, part) for part in ("layer", "forward_layer", "backward_layer") if hasattr(layer, part)]
    inner = inner[-2:] if len(inner) == 3 else inner  # Bidirectional: `layer` is its forward layer
    for child in [*getattr(layer, "layers", []), *inner]:
        yield from _weights(child)
    if not inner and not hasattr(layer, "layers"):
        for weight in layer.weights:
            own = weight.name.split("/")[-1].split(":")[0]
            own = "depthwise_kernel" if (own, type(layer).__name__) == ("kernel", "DepthwiseConv2D") else own
            yield f"{name or layer.name}/{own}", np.asarray(weight)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
