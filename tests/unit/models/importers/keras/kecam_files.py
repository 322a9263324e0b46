"""Small transformers as keras_cv_attention_models describes them in a file, written by hand: their layers in order."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tests.unit.models.importers.keras.keras_writer import Layer

VIEWS = 47
INPUT: Layer = ("input_1", "InputLayer", {"batch_input_shape": [None, 224, 224, 3]}, {})
_random = np.random.default_rng(5)


def layer(name: str, class_name: str, config: dict[str, Any] | None = None, **shapes: Sequence[int]) -> Layer:
    weights = {key: _random.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}
    return name, class_name, config or {}, weights


def dense(name: str, entering: int, leaving: int, *, bias: bool = True, activation: str = "linear") -> Layer:
    shapes = {"kernel": (entering, leaving)} | ({"bias": (leaving,)} if bias else {})
    return layer(name, "Dense", {"use_bias": bias, "activation": activation}, **shapes)


def norm(name: str, width: int, epsilon: float) -> Layer:
    return layer(name, "LayerNormalization", {"epsilon": epsilon}, gamma=(width,), beta=(width,))


def operation(function: str) -> Layer:
    return f"tf.{function}", "TFOpLambda", {"function": function}, {}


def gelu(name: str) -> Layer:
    return name, "Activation", {"activation": "gelu"}, {}


def vit(width: int = 24, heads: int = 4, *, head_norm: bool = True) -> list[Layer]:
    """Of one block, on patches of 32 px, in a model that scales."""
    cut = ("reshape_1", "Reshape", {"target_shape": [-1, heads, width // heads]}, {})
    return [
        INPUT,
        ("rescaling", "Rescaling", {"scale": 1 / 255, "offset": 0.0}, {}),
        layer("stem_conv", "PatchConv2DWithResampleWeights", kernel=(32, 32, 3, width), bias=(width,)),
        ("reshape", "Reshape", {"target_shape": [-1, width]}, {}),
        layer("cls_token", "ClassToken", tokens=(1, 1, width)),
        layer("positional_embedding", "PositionalEmbedding", positional_embedding=(1, 50, width)),
        norm("block0_attn_ln", width, 1e-6),
        dense("block0_attn_qkv", width, 3 * width),
        operation("split"),
        cut,
        ("reshape_2", *cut[1:]),
        ("reshape_3", *cut[1:]),
        dense("block0_attn_output", width, width),
        norm("block0_mlp_ln", width, 1e-6),
        dense("block0_mlp_dense_1", width, 4 * width),
        gelu("block0_mlp_gelu"),
        dense("block0_mlp_dense_2", 4 * width, width),
        norm("out_ln", width, 1e-6),
        ("token", "SlicingOpLambda", {"function": "__operators__.getitem"}, {}),
        *([norm("layer_normalization", width, 1e-6)] if head_norm else []),
        ("dropout", "Dropout", {"rate": 0.3}, {}),
        dense("dense", width, VIEWS, activation="softmax"),
    ]


def swin(width: int = 8, window: int = 16, *, pos_scale: Any = -1, pool: str = "Flatten") -> list[Layer]:
    """Of two blocks in the first stage and one in each other."""
    last = 8 * width * (49 if pool == "Flatten" else 1)
    return [
        INPUT,
        layer("stem_conv", "Conv2D", {"strides": [4, 4], "padding": "valid"}, kernel=(4, 4, 3, width), bias=(width,)),
        norm("stem_ln", width, 1e-5),
        *_stage(1, width, 2, window, 56, pos_scale),
        *(made for stage in (2, 3, 4) for made in _stage(stage, width << (stage - 1), 1, window, 112 >> stage, pos_scale)),
        norm("pre_output_ln", 8 * width, 1e-5),
        ("pool", pool, {}, {}),
        dense("dense", last, VIEWS, activation="softmax"),
    ]


def _stage(number: int, width: int, blocks: int, window: int, side: int, pos_scale: Any) -> Iterator[Layer]:
    if number > 1:
        yield dense(f"stack{number}_downsample_dense", 2 * width, width, bias=False)
        yield norm(f"stack{number}_downsample_ln", width, 1e-5)
    own = min(window, side)
    padded = -(-side // own) * own
    for block in range(1, blocks + 1):
        name = f"stack{number}_block{block}"
        yield dense(f"{name}_attn_qkv", width, 3 * width, bias=False)
        yield layer(f"{name}_attn_query_bias", "BiasLayer", bias=(width,))
        yield layer(f"{name}_attn_scale", "ExpLogitScale", {"axis": 1, "max_value": np.log(100)}, gamma=(1, 2, 1, 1))
        shapes = {"hidden_weight": (2, 512), "hidden_bias": (512,), "out": (512, 2)}
        places = {"attn_height": own, "attn_width": -1, "pos_scale": pos_scale, "is_deploy_mode": False}
        yield layer(f"{name}_attn_pos_emb", "MlpPairwisePositionalEmbedding", places, **shapes)
        if block == 2:
            sides = {"height": padded, "width": padded, "window_height": own, "window_width": own}
            yield "mask", "WindowAttentionMask", sides | {"shift_height": own // 2, "shift_width": own // 2}, {}
        yield layer(f"{name}_attn_value_bias", "BiasLayer", bias=(width,))
        yield dense(f"{name}_attn_output", width, width)
        yield norm(f"{name}_attn_ln", width, 1e-5)
        yield dense(f"{name}_mlp_Dense_0", width, 4 * width)
        yield gelu(f"{name}_mlp_gelu")
        yield dense(f"{name}_mlp_Dense_1", 4 * width, width)
        yield norm(f"{name}_mlp_ln", width, 1e-5)
