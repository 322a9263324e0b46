"""EchoForge's DenseNet-121 baseline on the 47 views.

torchvision's layers are Keras' but for BatchNorm's epsilon, and Keras has a ReLU after the last BatchNorm inside the backbone.
Huang et al., CVPR 2017.
"""

from pathlib import Path

import torch
from torch import nn

from models.families.echoforge.frame_classifier import FrameClassifier
from models.library.manifest import Manifest
from models.networks.keras_batch_norm import APPLICATIONS_EPSILON, set_batch_norm
from models.networks.stored_weights import prepare
from models.networks.vision import densenet121_features

FEATURES = 1024


class EchoForgeDenseNet(FrameClassifier):
    """`[architecture]` is that of a FrameClassifier."""

    def __init__(self, manifest: Manifest) -> None:
        features = densenet121_features()
        set_batch_norm(features, APPLICATIONS_EPSILON)
        super().__init__(manifest, nn.Sequential(features, nn.ReLU()), FEATURES)

    @staticmethod
    def map_side(side: int) -> int:
        """Halved twice and rounded up, then averaged over pairs three times, where an odd last row is left out."""
        return -(-side // 4) // 8


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeDenseNet:
    with torch.device(device):
        network = EchoForgeDenseNet(manifest)
    return prepare(network, manifest, weights, device)
