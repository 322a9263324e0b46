"""EchoForge's other Keras models as their authors build them, from the published description. `keras` is tf_keras or keras.

Sides are small, and odd or even in turn further in, so that every stride meets both kinds.
"""

from typing import Any

import numpy as np

SIDE = 80  # 40, 20, 10, 5, 3 further in
PHASE_FRAMES, PHASE_SIDE = 30, 32


def images(number: int, side: int, channels: int = 3) -> Any:
    """Random squares and noise, 0 to 255: noise alone looks alike to every filter."""
    random = np.random.default_rng(3)
    coarse = random.uniform(0, 255, (number, 9, 9, channels))
    step = -(-side // 9)
    fine = np.kron(coarse, np.ones((1, step, step, 1)))[:, :side, :side]
    return np.clip(fine + random.normal(0, 20, fine.shape), 0, 255).astype(np.float32)


def single_dual(keras: Any) -> Any:
    """EchoSDNet: everything is trained here, so that the statistics of every BatchNorm come from the images."""
    layers = keras.layers
    backbone = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    head = [
        layers.GlobalAveragePooling2D(),
        layers.Dense(128, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(2, activation="softmax"),
    ]
    return keras.Sequential([layers.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 255), backbone, *head]), images(3, SIDE)


def _baseline(keras: Any, backbone: Any, *, side: int = SIDE, deviation: float, averaged: bool = False) -> Any:
    """The head of the authors' training code, Flatten and Dense, or the usual one."""
    layers = keras.layers
    head = layers.Dense(47, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=deviation))
    pooled = (layers.GlobalAveragePooling2D() if averaged else layers.Flatten())(backbone.output)
    return keras.Model(backbone.input, head(pooled)), images(2, side)


def _resnet(keras: Any, variant: str) -> Any:
    """What a block adds begins small, as in training (Goyal et al., arXiv 1706.02677): with as much from each of 33 blocks,
    random weights magnify single precision's rounding to 5e-4 in either framework.
    """
    backbone = getattr(keras.applications, variant)(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    for layer in backbone.layers:
        if layer.name.endswith("_3_bn"):
            layer.gamma.assign(np.full(layer.gamma.shape, 0.3))
    return backbone


def resnet_flattened(keras: Any) -> Any:
    return _baseline(keras, _resnet(keras, "ResNet50"), deviation=0.004)


def resnet_averaged(keras: Any) -> Any:
    return _baseline(keras, _resnet(keras, "ResNet50"), averaged=True, deviation=0.05)


def resnet101_flattened(keras: Any) -> Any:
    return _baseline(keras, _resnet(keras, "ResNet101"), deviation=0.004)


def resnet101_averaged(keras: Any) -> Any:
    return _baseline(keras, _resnet(keras, "ResNet101"), averaged=True, deviation=0.05)


def densenet(keras: Any) -> Any:
    backbone = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    return _baseline(keras, backbone, deviation=0.01)


def densenet_averaged(keras: Any) -> Any:
    backbone = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    return _baseline(keras, backbone, averaged=True, deviation=0.1)


def efficientnet(keras: Any) -> Any:
    """With its own scaling inside, and nested in the model as Keras' transfer learning guide does it."""
    return _efficientnet(keras, keras.layers.Flatten(), 0.01)


def efficientnet_averaged(keras: Any) -> Any:
    return _efficientnet(keras, keras.layers.GlobalAveragePooling2D(), 0.1)


def _efficientnet(keras: Any, pool: Any, deviation: float) -> Any:
    layers = keras.layers
    backbone = keras.applications.EfficientNetV2S(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    head = layers.Dense(47, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=deviation))
    return keras.Sequential([layers.Input((SIDE, SIDE, 3)), backbone, pool, head]), images(6, SIDE)


def convnext(keras: Any) -> Any:
    """At 64 px: the convolutions between its stages drop the last row of an odd side in both frameworks."""
    return _baseline(keras, _convnext(keras, "ConvNeXtTiny", 64), side=64, deviation=0.01)


def convnext_averaged(keras: Any) -> Any:
    """By Keras' own pooling, which normalises the average."""
    layers = keras.layers
    backbone = keras.applications.ConvNeXtTiny(include_top=False, weights=None, pooling="avg", input_shape=(64, 64, 3))
    head = layers.Dense(47, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=0.05))
    return keras.Model(backbone.input, head(backbone.output)), images(2, 64)


def convnext_base_flattened(keras: Any) -> Any:
    return _baseline(keras, _convnext(keras, "ConvNeXtBase", 64), side=64, deviation=0.01)


def _convnext(keras: Any, variant: str, side: int) -> Any:
    return getattr(keras.applications, variant)(include_top=False, weights=None, input_shape=(side, side, 3))


def u_net(keras: Any) -> Any:
    """EchoLVSNet at 64 px: it is convolutional throughout."""
    layers = keras.layers

    def pair(maps: Any, width: int) -> Any:
        for _ in range(2):
            maps = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(maps)))
        return maps

    inputs = layers.Input((64, 64, 1))
    maps, skipped = layers.Rescaling(1 / 255)(inputs), []
    for width in (32, 64, 128, 256, 512):
        skipped.append(pair(maps, width))
        maps = layers.MaxPooling2D(2)(skipped[-1])
    maps = pair(maps, 1024)
    for width in (512, 256, 128, 64, 32):
        up = layers.Conv2DTranspose(width, 2, strides=2)(maps)
        joined = layers.Concatenate()([up, skipped.pop()])
        maps = pair(layers.ReLU()(layers.BatchNormalization()(joined)), width)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(maps)), images(2, 64, channels=1)


def phase(keras: Any) -> Any:
    """EchoPDNet: thirty frames, as its last layer counts them, of 32 px. Not Keras' orthogonal start: it takes minutes."""
    layers, start = keras.layers, "glorot_uniform"
    shape = (PHASE_FRAMES, PHASE_SIDE, PHASE_SIDE, 3)
    backbone = keras.applications.ResNet50(include_top=False, weights=None, pooling="avg", input_shape=shape[1:])
    steps = [
        layers.Input(shape),
        layers.Rescaling(1 / 255),
        layers.TimeDistributed(backbone),
        layers.LSTM(2048, return_sequences=True, recurrent_initializer=start),
        layers.Dense(512, activation="relu"),
        layers.LSTM(512, return_sequences=True, recurrent_initializer=start),
        layers.Flatten(),
        layers.Dense(PHASE_FRAMES),
    ]
    return keras.Sequential(steps), images(PHASE_FRAMES, PHASE_SIDE)[None]
