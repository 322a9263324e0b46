"""EchoForge's Xception networks of the EchoView47 family: the contrastive encoder, its classifiers, and the plain baseline.

The originals are Keras networks. timm's Xception has their layers but not their arithmetic: Keras' BatchNorm has an epsilon of
1e-3, and its 'same' pooling pads an even side at its end alone (at 224 px: the poolings of the sides 28 and 14).
Chollet, Xception, CVPR 2017; Naidoo et al., Medical Image Analysis 110 (2026) 104006.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.families.echoforge.frame_classifier import FrameClassifier
from models.library.manifest import Manifest
from models.networks.keras_batch_norm import KERAS_EPSILON, set_batch_norm
from models.networks.stored_weights import prepare
from models.networks.vision import legacy_xception

FEATURES = 2048
_DOWNSAMPLING = ("block1", "block2", "block3", "block12")


class SameMaxPool(nn.Module):
    """Largest of 3 x 3, stride 2, padded as TensorFlow's 'same'.

    `maps` (n, c, h, w) -> (n, c, h / 2, w / 2), sides rounded up, float32 activations. An odd side gets one row on either end;
    an even side one row at its end, where torch's `padding=1` puts it first.
    """

    def forward(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[-2:]
        padded = functional.pad(maps, (width % 2, 1, height % 2, 1), value=float("-inf"))
        return functional.max_pool2d(padded, kernel_size=3, stride=2)


class EchoForgeXception(FrameClassifier):
    """A FrameClassifier; where `[architecture] outputs` is 0, its output is the embedding."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest, keras_xception(), FEATURES)


def keras_xception() -> nn.Module:
    """The Xception backbone with Keras' arithmetic: (n, 3, h, w) -> (n, 2048, h / 32, w / 32)."""
    network = legacy_xception()
    set_batch_norm(network, KERAS_EPSILON)
    for name in _DOWNSAMPLING:
        steps = network.get_submodule(f"{name}.rep")
        if not isinstance(steps, nn.Sequential) or not isinstance(steps[-1], nn.MaxPool2d):
            raise TypeError(f"this timm builds another Xception: {name} does not end in a pooling")
        steps[-1] = SameMaxPool()
    return network


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeXception:
    with torch.device(device):
        network = EchoForgeXception(manifest)
    return prepare(network, manifest, weights, device)
