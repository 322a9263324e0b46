"""A family small enough to import in a millisecond."""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.library.manifest import Manifest
from models.library.model_set import Role
from models.library.recipe import FITS, Answer, Encodes, Recipe
from models.networks.stored_weights import prepare

_TORCH = "models.importers.torch.layout"
RECIPES = (
    Recipe("tiny", __name__, Answer.CLASSES, roles={Role.VIEW: FITS}, importer=_TORCH),
    Recipe("tiny", __name__, Answer.FEATURES, task="encoder", encodes=Encodes.FRAMES, importer=_TORCH),
)


class Tiny(nn.Module):
    """Frames (n, 3, 4, 4) -> logits (n, outputs)."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.network = nn.Sequential(nn.Flatten(), nn.Linear(48, int(str(manifest.architecture["outputs"]))))

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.network(frames)
        return logits

    def embed(self, frames: Tensor) -> Tensor:
        """As an encoder: its logits are the features."""
        return self.forward(frames)


def load(manifest: Manifest, weights: Path | None, device: str) -> Tiny:
    with torch.device(device):
        network = Tiny(manifest)
    return prepare(network, manifest, weights, device)
