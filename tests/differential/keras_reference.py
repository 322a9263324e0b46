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
    _two_threads()
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


def _two_threads() -> None:
    import tensorflow

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
    norms = [layer for layer in _layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        norm.moving_variance.assign(np.ones(norm.moving_variance.shape))
    model(inputs, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _layers(model: Any) -> list[Any]:
    """Every layer, those in nested models and wrappers too."""
    found = []
    for layer in getattr(model, "layers", []):
        inner = getattr(layer, "layer", None)
        found += [layer, *_layers(layer), *([inner, *_layers(inner)] if inner is not None else [])]
    return found


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
