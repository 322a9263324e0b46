"""EchoForge's ViT baseline on the 47 views as its first author's public training code builds it. Dosovitskiy et al., ICLR 2021.

The encoder computes as timm's. It normalises its tokens and gives the class token; the head normalises that once more.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.errors import ManifestError
from models.families.echoforge.frame_classifier import FrameClassifier
from models.library.manifest import Manifest
from models.networks.stored_weights import prepare
from models.networks.vision import timm_network

EPSILON = 1e-6  # of every LayerNorm


class EchoForgeTransformer(FrameClassifier):
    """A FrameClassifier by its class token: RGB `frames` (n, 3, h, w), float32, 0 to 255 -> logits (n, outputs).

    `[architecture]` besides that of a FrameClassifier, whose `pooling` is "token": `network`, "ViT"; `patch_px`, `width`,
    `depth`, `heads`; `head_norm`, whether the class token is normalised again; `dropout` before the last layer.
    """

    poolings = ("token",)

    def __init__(self, manifest: Manifest) -> None:
        sizes = {key: int(str(manifest.architecture[key])) for key in ("patch_px", "width", "depth", "heads")}
        if manifest.architecture["network"] != "ViT":
            raise ManifestError(f"model {manifest.name}: unknown network {manifest.architecture['network']!r}")
        backbone = timm_network(
            "vit_base_patch16_224",
            img_size=manifest.input_shape[-2:],
            patch_size=sizes["patch_px"],
            embed_dim=sizes["width"],
            depth=sizes["depth"],
            num_heads=sizes["heads"],
            num_classes=0,
        )
        super().__init__(manifest, backbone, sizes["width"])
        self.norm = nn.LayerNorm(sizes["width"], eps=EPSILON) if manifest.architecture["head_norm"] else nn.Identity()
        self.dropout = nn.Dropout(float(str(manifest.architecture["dropout"])))

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.head(self.dropout(self.embed(frames)))
        return logits

    def embed(self, frames: Tensor) -> Tensor:
        """What enters the head for `frames`: the class token, (n, width)."""
        token: Tensor = self.norm(self.backbone(frames * self.scale))
        return token


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeTransformer:
    with torch.device(device):
        network = EchoForgeTransformer(manifest)
    return prepare(network, manifest, weights, device)
