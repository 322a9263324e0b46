"""EchoForge's Swin V2 baseline, from the layers of keras_cv_attention_models to ours. Tiny, Base and others, by the file."""

import re
from collections.abc import Mapping, Sequence
from math import isclose

from torch import Tensor, nn

from models.errors import KerasFileError
from models.importers.importer import Importer
from models.importers.keras.files import KerasLayer
from models.importers.keras.heads import described_head, keras_file, paired_head, rescales
from models.importers.keras.kecam_layers import every, parts
from models.importers.keras.layers import Places, as_is, outputs_first, place_layers
from models.library.manifest import Manifest, Value
from models.networks.swin_v2 import LARGEST_LOG_SCALE, STEM_PX, Bias, LogitScale, PositionBias, map_sides, window_plan

_LAYER = re.compile(r"stack(\d+)_(?:downsample|block(\d+))_(\w+)")
_IN_BLOCK = {
    "attn_qkv": "attention.qkv",
    "attn_query_bias": "attention.query_bias",
    "attn_value_bias": "attention.value_bias",
    "attn_scale": "attention.scale",
    "attn_pos_emb": "attention.position",
    "attn_output": "attention.output",
    "attn_ln": "attention_norm",
    "mlp_Dense_0": "mlp.0",
    "mlp_Dense_1": "mlp.2",
    "mlp_ln": "mlp_norm",
}
_BETWEEN = {"dense": "0.reduction", "ln": "0.norm"}
_AROUND = {"stem_conv": "stem", "stem_ln": "stem_norm", "pre_output_ln": "norm"}
_OWN: dict[type[nn.Module], Places] = {
    Bias: {"bias": ("bias", as_is)},
    LogitScale: {"gamma": ("log_scale", lambda scales: scales.reshape(scales.shape[1:]))},
    PositionBias: {
        "hidden_weight": ("hidden.weight", outputs_first),
        "hidden_bias": ("hidden.bias", as_is),
        "out": ("out.weight", outputs_first),
    },
}
_HEAD = ("Flatten", "GlobalAveragePooling2D", "Dropout", "Dense", "Activation")


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Sizes, windows, head and scaling, where the file describes its model. Raises KerasFileError for what is not known."""
    source = keras_file(file)
    if source.config is None:
        return {}
    encoder, behind = parts(source.layers, "pre_output_ln", _HEAD, manifest)
    stem = [layer.weights["kernel"].shape for layer in encoder if layer.name == "stem_conv"]
    scales, positions = (_by_stage(encoder, ending) for ending in ("attn_scale", "attn_pos_emb"))
    if not stem or stem[0][0] != STEM_PX or len(scales) != 4:
        raise KerasFileError(f"no Swin V2 of four stages on patches of {STEM_PX} px: stem {stem}, {len(scales)} stages")
    depths = [len(stage) for stage in scales]
    every(encoder, "_mlp_gelu", sum(depths))
    window = max(int(layer.config["attn_height"]) for stage in positions for layer in stage)
    _check_windows(encoder, positions, window, manifest)
    for layer in (layer for stage in scales for layer in stage):
        if not isclose(layer.config.get("max_value", 0), LARGEST_LOG_SCALE, rel_tol=1e-6):
            raise KerasFileError(f"layer {layer.name} has the largest scale exp({layer.config.get('max_value')}); 100 is known")
    return {
        "width": int(stem[0][-1]),
        "depths": list(depths),
        "heads": [int(stage[0].weights["gamma"].shape[1]) for stage in scales],
        "window": window,
        "position_windows": [_position_window(stage) for stage in positions],
        "rescale": rescales(source.layers),
        **described_head(behind),
    }


def _by_stage(encoder: Sequence[KerasLayer], ending: str) -> list[list[KerasLayer]]:
    """The layers of this name of every block, stage by stage."""
    stages: dict[int, list[KerasLayer]] = {}
    for layer in encoder:
        found = _LAYER.fullmatch(layer.name)
        if found and found[3] == ending:
            stages.setdefault(int(found[1]), []).append(layer)
    return [stages[number] for number in sorted(stages)]


def _check_windows(
    encoder: Sequence[KerasLayer], positions: Sequence[Sequence[KerasLayer]], window: int, manifest: Manifest
) -> None:
    """Raises KerasFileError unless every map is padded, shifted and cut in the file as the network would."""
    sides = map_sides((manifest.input_shape[-2], manifest.input_shape[-1]), len(positions))
    plans = [
        [window_plan(side, window, shifted=index % 2 == 1) for index in range(len(stage))]
        for side, stage in zip(sides, positions, strict=True)
    ]
    heights = [[plan.window[0] for plan in stage] for stage in plans]
    if heights != (found := [[layer.config["attn_height"] for layer in stage] for stage in positions]):
        raise KerasFileError(f"windows of {found} places in the file, of {heights} in the network")
    shifted = [(*plan.padded, *plan.window, *plan.shift) for stage in plans for plan in stage if any(plan.shift)]
    keys = ("height", "width", "window_height", "window_width", "shift_height", "shift_width")
    masks = [tuple(layer.config[key] for key in keys) for layer in encoder if layer.class_name == "WindowAttentionMask"]
    if masks != shifted:
        raise KerasFileError(f"windows are shifted in the file as {masks}, in the network as {shifted}")


def _position_window(stage: Sequence[KerasLayer]) -> int:
    """0 for the stage's own window."""
    if any(layer.config.get("is_deploy_mode") or layer.config.get("use_absolute_pos") for layer in stage):
        raise KerasFileError(f"layer {stage[0].name} holds finished biases or absolute places; a net of distances is known")
    said = {str(layer.config["pos_scale"]) for layer in stage}
    scale = stage[0].config["pos_scale"]
    values = scale if isinstance(scale, list) else [scale]
    if len(said) != 1 or len(set(values)) != 1:
        raise KerasFileError(f"the position bias of one stage counts distances in several ways: {', '.join(sorted(said))}")
    return max(int(values[0]), 0)


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoForgeSwin, which may be on the meta device. Raises WeightsMismatch, KerasFileError."""
    source = keras_file(file)
    backbone = {layer.path: place for layer in source.layers if layer.weights and (place := _place(layer))}
    named = [(layer, backbone[layer.path]) for layer in source.layers if layer.path in backbone]
    return place_layers(source, [*named, *paired_head(source.layers, backbone, network)], network, _OWN)


def _place(layer: KerasLayer) -> str:
    """The module for a layer; empty where the layer is none of the encoder's."""
    found = _LAYER.fullmatch(layer.name)
    if found is None:
        return f"backbone.{_AROUND[layer.name]}" if layer.name in _AROUND else ""
    stage = f"backbone.stages.{int(found[1]) - 1}"
    if found[2] is None:
        return f"{stage}.{_BETWEEN[found[3]]}" if found[3] in _BETWEEN else ""
    return f"{stage}.{int(found[2])}.{_IN_BLOCK[found[3]]}" if found[3] in _IN_BLOCK else ""


IMPORTER = Importer(architecture, place, of_keras=True)
