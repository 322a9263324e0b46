"""EchoForge's two transformers as the first author's training code builds them with keras_cv_attention_models, and small ones.

The small ones take the same paths: Swin's maps of 28 and 14 are padded to windows of 8 and shifted, those of 7 and 4 are one
window, and between these one side is odd. Some of their weights are made such that a setting shows that otherwise would not:
variances as small as the epsilon of a LayerNorm, vectors too short to be brought to length one, scales beyond the largest,
activations where the two kinds of GELU differ.
"""

import os
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # the library asks TensorFlow for Keras, not for tf_keras

import numpy as np

from tests.differential.builders_echoforge import images

_SEED = 11


def _vit(keras: Any, side: int, **sizes: int) -> Any:
    from keras_cv_attention_models import beit

    layers = keras.layers
    head = layers.Dense(
        47, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=8 / sizes["embed_dim"])
    )
    steps = [
        layers.Input((side, side, 3)),
        layers.Rescaling(1 / 255),
        beit.ViT(input_shape=(side, side, 3), num_classes=0, patch_size=16, **sizes),
        layers.LayerNormalization(epsilon=1e-6),
        layers.Dropout(0.3),
        head,
    ]
    return keras.Sequential(steps), images(2, side)


def vit_small(keras: Any) -> Any:
    """A class token of little variance."""
    model, frames = _vit(keras, 64, embed_dim=48, depth=3, num_heads=6)
    encoder = model.get_layer("vit")
    _scale(encoder.get_layer("cls_token"), 0.01)
    positions = encoder.get_layer("positional_embedding")
    (table,) = positions.get_weights()
    table[:, 0] *= 0.01
    positions.set_weights([table])
    _push_down(encoder.get_layer("block2_mlp_dense_1"))
    _scale(encoder.get_layer("block2_mlp_dense_2"), 30)
    return model, frames


def _scale(layer: Any, factor: float) -> None:
    layer.set_weights([array * factor for array in layer.get_weights()])


def _push_down(layer: Any) -> None:
    """To about -2.5, where GELU by tanh is some percent apart from GELU, and both are near 0."""
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * 0.5, np.random.default_rng(_SEED).normal(-2.5, 0.2, bias.shape)])


def vit_base(keras: Any) -> Any:
    """In the size that is published."""
    return _vit(keras, 224, embed_dim=768, depth=12, num_heads=12)


def _swin(keras: Any, encoder: Any, *, averaged: bool = False) -> Any:
    layers = keras.layers
    side = encoder.input_shape[1]
    deviation = 0.1 if averaged else 0.04
    head = layers.Dense(47, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=deviation))
    pool = layers.GlobalAveragePooling2D() if averaged else layers.Flatten()
    return keras.Sequential([layers.Input((side, side, 3)), encoder, pool, head]), images(2, side)


def swin_small(keras: Any) -> Any:
    return _swin(keras, _small_encoder())


def swin_small_averaged(keras: Any) -> Any:
    """With the other known head."""
    return _swin(keras, _small_encoder(), averaged=True)


def _small_encoder() -> Any:
    """With distances as in a training on windows of 6 and 3 in every other stage."""
    from keras_cv_attention_models import swin_transformer_v2

    encoder = swin_transformer_v2.SwinTransformerV2(
        num_blocks=[2, 2, 2, 1],
        num_heads=[2, 4, 8, 16],
        embed_dim=32,
        window_size=8,
        pos_scale=[-1, 6, -1, 3],
        input_shape=(112, 112, 3),
        num_classes=0,
    )
    random = np.random.default_rng(_SEED)
    for layer in encoder.layers:
        if type(layer).__name__ == "ExpLogitScale":
            layer.set_weights([random.uniform(1.5, 6.0, array.shape) for array in layer.get_weights()])
        elif layer.name.endswith("attn_pos_emb"):
            _scale(layer, 3)
    crossing = encoder.get_layer("stack1_block1_attn_qkv")
    (kernel,) = crossing.get_weights()
    kernel[:, :64] *= 1e-4  # queries and keys, not values
    crossing.set_weights([kernel])
    for name in ("stack1_block2_attn_output", "stack4_block1_mlp_Dense_1"):
        small = encoder.get_layer(name)
        small.set_weights([random.normal(0, 1e-3, array.shape) for array in small.get_weights()])
    _scale(small, 100)
    _push_down(encoder.get_layer("stack4_block1_mlp_Dense_0"))
    return encoder


def swin_tiny(keras: Any) -> Any:
    """In one of the two sizes that the training code has."""
    from keras_cv_attention_models import swin_transformer_v2 as library

    return _swin(keras, library.SwinTransformerV2Tiny_window16(input_shape=(224, 224, 3), num_classes=0, pretrained=None))
