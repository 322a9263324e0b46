"""Run as a script: builds one original Keras model with random weights, saves it in one layout, and what it computes.

    python -m tests.differential.keras_reference MODULE:BUILDER LAYOUT FOLDER

A builder takes the Keras to build with (`tf_keras` or `keras`) and returns the model and its inputs (float32, channels last).
It leaves the initialisation to this script, which makes every kind of fault visible: biases, gammas and betas are random too,
and BatchNorm's statistics are those of the inputs (one pass in training mode): with merely random ones the signal dies out
layer by layer, and wrong padding goes unnoticed.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np

LAYOUTS = {
    "keras2_h5": ("tf_keras", "model.h5"),
    "keras2_keras": ("tf_keras", "model.keras"),
    "keras3_h5": ("keras", "model.h5"),
    "keras3_keras": ("keras", "model.keras"),
}
SEED = 20260711


def main(builder: str, layout: str, folder: Path) -> None:
    module, _, function = builder.partition(":")
    build = getattr(importlib.import_module(module), function)
    library, file = LAYOUTS[layout]
    keras = importlib.import_module(library)
    _set_tensorflow()
    keras.utils.set_random_seed(SEED)
    model, inputs = build(keras)
    _randomise(model)
    _take_statistics(keras, model, inputs)
    model.save(str(folder / file))
    single = model(inputs, training=False).numpy()
    weights = model.get_weights()
    keras.backend.clear_session()
    keras.backend.set_floatx("float64")
    double_model, _ = build(keras)
    double_model.set_weights(weights)
    double = double_model(inputs.astype(np.float64), training=False).numpy()
    if double.dtype != np.float64:
        raise TypeError(f"the reference was computed in {double.dtype}")
    np.savez(folder / "reference.npz", inputs=inputs, float32=single, float64=double)


def _set_tensorflow() -> None:
    """Two threads, and no XLA: Keras 2 compiles each grouped convolution by itself, which takes a ConvNeXt minutes."""
    import tensorflow

    tensorflow.config.run_functions_eagerly(True)
    tensorflow.config.threading.set_intra_op_parallelism_threads(2)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)


def _randomise(model: Any) -> None:
    """Kernels stay as initialised; what starts as zeros or ones becomes random about it."""
    random = np.random.default_rng(SEED)
    initial = model.get_weights()
    constant = [array.ndim == 1 and len(np.unique(array)) <= 2 for array in initial]  # an LSTM's bias starts as zeros and ones
    drawn = [array + random.uniform(-0.3, 0.3, array.shape) for array in initial]
    model.set_weights([new if known else old for old, new, known in zip(initial, drawn, constant, strict=True)])


def _take_statistics(keras: Any, model: Any, inputs: Any) -> None:
    """BatchNorm's moving statistics become those of `inputs`.

    Without dropout: statistics of what is dropped and scaled up are not those of what the trained model sees, and a network as
    deep as EfficientNet then magnifies its own rounding a hundredfold.
    """
    norms = [layer for layer in _layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    dropouts = [layer for layer in _layers(model) if isinstance(layer, keras.layers.Dropout)]
    for norm in norms:
        norm.moving_variance.assign(np.ones(norm.moving_variance.shape))
    with _set_to_zero(norms, "momentum"), _set_to_zero(dropouts, "rate"):
        _train_once(keras, model, inputs)


@contextmanager
def _set_to_zero(layers: list[Any], name: str) -> Iterator[None]:
    kept = [getattr(layer, name) for layer in layers]
    for layer in layers:
        setattr(layer, name, 0.0)
    yield
    for layer, value in zip(layers, kept, strict=True):
        setattr(layer, name, value)


def _train_once(keras: Any, model: Any, inputs: Any) -> None:
    """A pass in training mode, all frames of a clip together.

    Keras 3's TimeDistributed gives its layer one frame at a time, where Keras 2's gives it all at once: the statistics would be
    the last frame's, and of maps of one pixel a variance of 0, by whose root rounding is then divided in layer after layer.
    """
    wrapped = next((layer for layer in model.layers if isinstance(layer, keras.layers.TimeDistributed)), None)
    if wrapped is None:
        model(inputs, training=True)
        return
    frames = keras.Model(model.inputs, wrapped.input)(inputs).numpy()
    wrapped.layer(frames.reshape(-1, *frames.shape[2:]), training=True)


def _layers(model: Any) -> list[Any]:
    """Every layer, those in nested models and wrappers too."""
    found = []
    for layer in getattr(model, "layers", []):
        inner = getattr(layer, "layer", None)
        found += [layer, *_layers(layer), *([inner, *_layers(inner)] if inner is not None else [])]
    return found


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
