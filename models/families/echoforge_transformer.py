"""EchoForge's transformer baselines on the 47 views: ViT and Swin V2 as timm builds them.

The originals are Keras networks of outside packages, in files of unknown layout; the authors' training code says base size with
16 px patches, LayerNorm epsilon 1e-6 and dropout 0.3 for the one, window 16 for the other. Dosovitskiy et al., ICLR 2021; Liu
et al., CVPR 2022.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.clip import Clip
from models.families import prepare
from models.families.reading import Decoding, Reading
from models.families.vision import timm_network
from models.families.whole_frames import read_classes
from models.manifest import Manifest


class EchoForgeTransformer(nn.Module):
    """RGB frames (n, 3, h, w), 0 to 255, of the manifest's height and width -> logits (n, outputs).

    `[architecture]`: `network`, timm's name; `outputs`; `dropout` before the last layer; `rescale`, whether the network itself
    divides by 255.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.scale = 1 / 255 if manifest.architecture["rescale"] else 1.0
        self.network = timm_network(
            str(manifest.architecture["network"]),
            num_classes=int(str(manifest.architecture["outputs"])),
            drop_rate=float(str(manifest.architecture["dropout"])),
        )

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.network(frames * self.scale)
        return logits

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """A class and its probability for every frame, and no value of the clip."""
        return read_classes(self, clip, self.manifest, decoding)


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeTransformer:
    with torch.device(device):
        network = EchoForgeTransformer(manifest)
    return prepare(network, manifest, weights, device)
