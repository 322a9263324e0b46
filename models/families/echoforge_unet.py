"""EchoLVSNet, EchoForge's segmenter of the left ventricle."""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.families import prepare
from models.families.frame_classifier import KERAS_RESCALE
from models.families.u_net import UNet
from models.manifest import Manifest

WIDTHS = (32, 64, 128, 256, 512)


class EchoForgeUNet(nn.Module):
    """Grey frames (n, 1, h, w), 0 to 255, h and w multiples of 32 -> logits (n, outputs, h, w): Keras has the sigmoid inside.

    `[architecture]`: `outputs`; `rescale`, whether the network itself divides by 255.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.scale = KERAS_RESCALE if manifest.architecture["rescale"] else 1.0
        self.network = UNet(channels=1, outputs=int(str(manifest.architecture["outputs"])), widths=WIDTHS)

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.network(frames * self.scale)
        return logits


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeUNet:
    with torch.device(device):
        network = EchoForgeUNet(manifest)
    return prepare(network, manifest, weights, device)
