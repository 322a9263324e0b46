"""For every family: where its last feature map is, what it is shown, and what its answers mean. Nothing is guessed.

Of a segmenter it is the deepest map, from which the decoder starts: the maps at full size show little but the answer itself. Of
a transformer that answers by its class token it is what enters the last attention, for behind that no other token counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.explain import inputs
from models.explain.activation import Form, Layer
from models.explain.inputs import Show
from models.manifest import Manifest


class NoMapError(ValueError):
    """This network has no heat map, or none for what was asked; says why."""


def as_answered(answer: Tensor) -> Tensor:
    """(n,) -> (n, 1); logits (n, k) and (n, k, h, w) as they are."""
    return answer[:, None] if answer.dim() == 1 else answer


def manifest_labels(network: Any) -> Sequence[str]:
    labels: Sequence[str] = network.manifest.labels
    return labels


@dataclass(frozen=True)
class Place:
    """`outputs` makes (n, k) or (n, k, h, w) of the network's answer; `labels` names the k, and is empty where nobody has.
    `default` is the output that is explained where none is asked for; "": the largest.
    """

    layer: Layer
    show: Show
    outputs: Callable[[Any], Tensor] = as_answered
    labels: Callable[[Any], Sequence[str]] = manifest_labels
    default: str = ""


def _clip_answers(answer: Any) -> Tensor:
    """Ejection fraction, and the likeliest end-diastole and end-systole."""
    return torch.cat([answer.ef_percent[:, None], answer.phase_logits.amax(dim=1)], dim=1)


def _heads(network: Any) -> Sequence[str]:
    return [name if width == 1 else f"{name}/{index}" for name, width in network.widths.items() for index in range(width)]


_DEEP_LAB = Layer("network.backbone.layer4")
_VIDEO_RESNET = Layer("network.layer4", Form.CLIPS)
_KERAS_CLASSIFIER = Place(Layer("backbone"), inputs.stretched)
_LAST_ATTENTION = "encoder.backbone.blocks.-1.norm1"
_LAST_ATTENTION_OF_FRAMES = Layer(_LAST_ATTENTION, Form.FRAME_TOKENS, 14, 1)
_TRACE = Place(_DEEP_LAB, inputs.trace)
_ECHO_MOTION_CLIP = Place(
    Layer("encoder.network.norm4", Form.FRAMES),
    inputs.echo_motion_clip,
    _clip_answers,
    lambda network: ("ef", "ed", "es"),
    "ef",
)

# Family -> its place, or those of its networks by the manifest's [architecture] task or network.
PLACES: dict[str, Place | dict[str, Place]] = {
    "phantom_classifier": Place(Layer("stages.-1"), inputs.letterboxed),
    "phantom_segmenter": Place(Layer("down.-1"), inputs.letterboxed),
    "echoforge_xception": _KERAS_CLASSIFIER,
    "echoforge_resnet": _KERAS_CLASSIFIER,
    "echoforge_densenet": _KERAS_CLASSIFIER,
    "echoforge_efficientnet": _KERAS_CLASSIFIER,
    "echoforge_convnext": _KERAS_CLASSIFIER,
    "echoforge_transformer": {"ViT": Place(Layer("backbone.blocks.-1.norm1", Form.TOKENS, 16, 1), inputs.stretched)},
    "echoforge_swin": _KERAS_CLASSIFIER,
    "echoforge_unet": Place(Layer("network.bridge"), inputs.stretched),
    "echoforge_phase": Place(
        Layer("backbone", Form.FRAMES),
        inputs.region_stretched_clip,
        labels=lambda network: [f"frame_{index}" for index in range(network.frames)],
    ),
    "echoforge_keypoints": Place(Layer("network.bridge"), inputs.region_letterboxed),
    "echoforge_quality": Place(Layer("backbone"), inputs.region_stretched),
    "echonet_dynamic": {
        "r2plus1d_18": Place(_VIDEO_RESNET, inputs.echonet_clip),
        "deeplabv3_resnet50": Place(_DEEP_LAB, inputs.echonet_squares),
    },
    "echonet_measurements": {
        "linear": Place(_DEEP_LAB, inputs.screen),
        "area": Place(_DEEP_LAB, inputs.screen),
        "doppler_peak": _TRACE,
        "mitral_inflow": _TRACE,
        "tapse": _TRACE,
        "vti": Place(_DEEP_LAB, inputs.spectral_beat),
        "plax_quality": Place(_VIDEO_RESNET, inputs.quality_squares, labels=lambda network: ("quality",)),
    },
    "echo_motion": {
        "segmenter": Place(Layer("attention"), inputs.echo_motion_frames),
        "bilstm": _ECHO_MOTION_CLIP,
        "transformer": _ECHO_MOTION_CLIP,
    },
    "echo_apex": {
        "views": Place(_LAST_ATTENTION_OF_FRAMES, inputs.echo_apex_clip),
        "ef": Place(_LAST_ATTENTION_OF_FRAMES, inputs.echo_apex_clip),
        "lvh": Place(Layer(_LAST_ATTENTION, Form.TOKENS, 14, 1), inputs.echo_apex_frames),
        "segmentation": Place(Layer("reduce"), inputs.echo_apex_frames),  # asked without points and boxes
    },
    "echo_prime": {"convnext_base": Place(Layer("network.features"), inputs.echo_prime_first_frame)},
    "pan_echo": Place(Layer("frames.features", Form.FRAMES), inputs.pan_echo_clip, labels=_heads, default="EF"),
}

# What has no map, and why: a family, or (family, network).
WITHOUT: dict[str | tuple[str, str], str] = {
    ("echo_motion", "biplane"): "it looks at two clips at once",
    "image_distribution": "it tells a distance in the features of another network, which can be explained itself",
    ("echo_prime", "mvit_v2_s"): "the numbers of an embedding have no meaning that could be explained",
}


def place_of(manifest: Manifest) -> Place:
    """Raises NoMapError for an embedding, an untrained decoder, a network of `WITHOUT`, and one the table does not know."""
    known = PLACES.get(manifest.family, {})
    variant = str(manifest.architecture.get("task", manifest.architecture.get("network", "")))
    reason = WITHOUT.get(manifest.family) or WITHOUT.get((manifest.family, variant))
    if manifest.architecture.get("outputs") == 0:
        reason = "the numbers of an embedding have no meaning that could be explained"
    if manifest.architecture.get("decoder") == "untrained":
        reason = "its decoder is untrained"
    place = known if isinstance(known, Place) else known.get(variant)
    if reason or place is None:
        raise NoMapError(f"model {manifest.name} has no heat map: {reason or f'nobody has said where {variant} has its maps'}")
    return place


def column_of(network: nn.Module, place: Place, label: str, outputs: int) -> int:
    """Which output is meant: by its label, or by its number from 0 on. Raises NoMapError."""
    labels = list(place.labels(network))
    if label in labels and len(labels) == outputs:
        return labels.index(label)
    if label.isdigit() and int(label) < outputs:
        return int(label)
    known = ", ".join(labels) if len(labels) == outputs else f"0 to {outputs - 1}"
    raise NoMapError(f"there is no output {label!r}; there are: {known}")


def name_of(network: nn.Module, place: Place, column: int, outputs: int) -> str:
    labels = list(place.labels(network))
    return labels[column] if len(labels) == outputs else str(column)
