"""EchoForge's ConvNeXt baseline on the 47 views.

Keras normalises the last map channel by channel before the head flattens or averages it, or averages it first. Liu et al.,
CVPR 2022.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.errors import ManifestError
from models.families.echoforge.frame_classifier import FrameClassifier
from models.library.manifest import Manifest
from models.networks.stored_weights import prepare
from models.networks.vision import convnext_features

FEATURES = {"Tiny": 768, "Base": 1024}
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class EchoForgeConvNeXt(FrameClassifier):
    """`[architecture]` besides that of a FrameClassifier: `network`, "Tiny" or "Base"; `preprocessing`, whether the network
    takes ImageNet's mean and deviation out; a third `pooling`, "average_first", that normalises the average.
    """

    poolings = ("average", "flatten", "average_first")

    def __init__(self, manifest: Manifest) -> None:
        variant = str(manifest.architecture["network"])
        if variant not in FEATURES:
            raise ManifestError(f"model {manifest.name}: unknown network {variant!r}")
        super().__init__(manifest, convnext_features(variant.lower()), FEATURES[variant])
        self.standardize = ImageNetStandard() if manifest.architecture["preprocessing"] else nn.Identity()
        self.norm = nn.LayerNorm(FEATURES[variant], eps=1e-6)

    @staticmethod
    def map_side(side: int) -> int:
        """No convolution between the stages pads: what is left over is left out."""
        return side // 32

    def embed(self, frames: Tensor) -> Tensor:
        """What enters the head for RGB `frames` (n, 3, h, w), float32, 0 to 255: features (n, channels).

        Flattened they are (n, h / 32 * w / 32 * channels), in Keras' order row, column, channel.
        """
        maps: Tensor = self.backbone(self.standardize(frames * self.scale))
        if self.pooling == "average_first":
            averaged: Tensor = self.norm(maps.mean(dim=(2, 3)))
            return averaged
        return self.pool(self.norm(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))


class ImageNetStandard(nn.Module):
    """RGB `frames` (n, 3, h, w), float32, 0 to 255, less ImageNet's mean and over its standard deviation: the same shape."""

    def forward(self, frames: Tensor) -> Tensor:
        mean, deviation = (frames.new_tensor(values).view(1, 3, 1, 1) * 255 for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))
        return (frames - mean) / deviation


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeConvNeXt:
    with torch.device(device):
        network = EchoForgeConvNeXt(manifest)
    return prepare(network, manifest, weights, device)
