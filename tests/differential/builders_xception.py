"""EchoForge's Xception models as their authors build them with Keras, from the published description.

`keras` is tf_keras or keras. The classifier takes 96 px, quicker than 224: two of the four poolings see an even side there too.
"""

from typing import Any

import numpy as np


def _frames(side: int) -> Any:
    """Two images of random squares and noise, 0 to 255: noise alone looks alike to every filter."""
    random = np.random.default_rng(3)
    coarse = random.uniform(0, 255, (2, 9, 9, 3))
    fine = np.kron(coarse, np.ones((1, -(-side // 9), -(-side // 9), 1)))[:, :side, :side]
    return np.clip(fine + random.normal(0, 20, fine.shape), 0, 255).round().astype(np.float32)


def _encoder(keras: Any, side: int) -> Any:
    layers = keras.layers
    backbone = keras.applications.Xception(include_top=False, weights=None, input_shape=(side, side, 3))
    return keras.Sequential(
        [layers.Input((side, side, 3)), layers.Rescaling(1 / 255), backbone, layers.GlobalAveragePooling2D()],
        name="sequential_1",
    )


def encoder(keras: Any, side: int = 224) -> Any:
    return _encoder(keras, side), _frames(side)


def classifier(keras: Any, side: int = 96) -> Any:
    """The encoder nested in a Sequential with a softmax head."""
    layers = keras.layers
    head = layers.Dense(47, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=0.2))
    return keras.Sequential([layers.Input((side, side, 3)), _encoder(keras, side), head]), _frames(side)


def flattened_baseline(keras: Any, side: int = 224) -> Any:
    """The head of the authors' training code: Flatten, Dense, and no Rescaling."""
    layers = keras.layers
    backbone = keras.applications.Xception(include_top=False, weights=None, input_shape=(side, side, 3))
    head = layers.Dense(47, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))
    outputs = head(layers.Flatten()(backbone.output))
    return keras.Model(backbone.input, outputs), _frames(side)
