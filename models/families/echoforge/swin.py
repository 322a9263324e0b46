"""EchoForge's Swin V2 baseline on the 47 views, as its first author's public training code builds it."""

from pathlib import Path

import torch
from torch import nn

from models.errors import ManifestError
from models.families.echoforge.frame_classifier import FrameClassifier
from models.library.manifest import Manifest
from models.networks.stored_weights import prepare
from models.networks.swin_v2 import SwinV2, map_sides


class EchoForgeSwin(FrameClassifier):
    """`[architecture]` besides that of a FrameClassifier: `width` of the first stage; `depths`, `heads` and `position_windows`
    of each (see SwinV2); `window`. The input's sides are the manifest's with either pooling: they decide how windows lie.
    """

    def __init__(self, manifest: Manifest) -> None:
        width, depths = int(str(manifest.architecture["width"])), _counts(manifest, "depths")
        height_px, width_px = manifest.input_shape[-2:]
        backbone: nn.Module = SwinV2(
            (height_px, width_px),
            width,
            depths,
            _counts(manifest, "heads"),
            int(str(manifest.architecture["window"])),
            _counts(manifest, "position_windows"),
        )
        super().__init__(manifest, backbone, width << (len(depths) - 1))

    @staticmethod
    def map_side(side: int) -> int:
        return map_sides((side, side), stages=4)[-1][0]


def _counts(manifest: Manifest, key: str) -> list[int]:
    values = manifest.architecture[key]
    if not isinstance(values, list) or len(values) != 4:
        raise ManifestError(f"model {manifest.name}: {key} is a list of four numbers, one a stage")
    return [int(value) for value in values]


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeSwin:
    with torch.device(device):
        network = EchoForgeSwin(manifest)
    return prepare(network, manifest, weights, device)
