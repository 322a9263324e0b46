"""EchoForge's EfficientNetV2-S baseline on the 47 views.

timm's `tf_efficientnetv2_s` has Keras' epsilon and TensorFlow's 'same' padding: a stride of 2 pads an even side at its end
alone. Keras' own scaling stands in the network. Tan and Le, ICML 2021.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.families.echoforge.frame_classifier import FrameClassifier
from models.library.manifest import Manifest
from models.networks.keras_batch_norm import KERAS_EPSILON, set_batch_norm
from models.networks.stored_weights import prepare
from models.networks.vision import timm_network

FEATURES = 1280
_KERAS_MOMENTUM = 0.1  # Keras' EfficientNet keeps 0.9


class EchoForgeEfficientNet(FrameClassifier):
    """`[architecture]` besides that of a FrameClassifier: `preprocessing`, whether the network brings 0 ... 255 to -1 ... 1."""

    def __init__(self, manifest: Manifest) -> None:
        backbone = timm_network("tf_efficientnetv2_s", num_classes=0, global_pool="")
        set_batch_norm(backbone, KERAS_EPSILON, _KERAS_MOMENTUM)
        super().__init__(manifest, backbone, FEATURES)
        self.signed = SignedScale() if manifest.architecture["preprocessing"] else nn.Identity()

    def embed(self, frames: Tensor) -> Tensor:
        """What enters the head for RGB `frames` (n, 3, h, w), float32, 0 to 255: features (n, channels).

        Flattened they are (n, h / 32 * w / 32 * channels), in Keras' order row, column, channel.
        """
        return self.pool(self.backbone(self.signed(frames * self.scale)))


class SignedScale(nn.Module):
    """Keras' scaling for this network: x / 128 - 1, so that 255 becomes 0.992.

    `frames` (n, 3, h, w), float32, 0 to 255 -> the same shape.
    """

    def forward(self, frames: Tensor) -> Tensor:
        return frames / 128 - 1


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeEfficientNet:
    with torch.device(device):
        network = EchoForgeEfficientNet(manifest)
    return prepare(network, manifest, weights, device)
