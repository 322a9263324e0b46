"""EchoNet-Measurements: the end points of linear measurements in B-mode and M-mode, and the peaks of spectral Doppler.

RGB frames (n, 3, h, w), 0 to 1 -> logits (n, outputs, h, w), one map per point. JACC 86 (2025) 964-978.
"""

from pathlib import Path

import torch

from models.families import prepare
from models.families.vision import DeepLab
from models.manifest import Manifest


def load(manifest: Manifest, weights: Path | None, device: str) -> DeepLab:
    with torch.device(device):
        network = DeepLab(manifest)
    return prepare(network, manifest, weights, device)
