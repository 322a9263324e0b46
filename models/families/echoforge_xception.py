"""EchoForge's Xception networks of the EchoView47 family: the contrastive encoder, its classifiers, and the plain baseline.

The originals are Keras networks. timm's Xception has their layers but not their arithmetic: Keras' BatchNorm has an epsilon of
1e-3, and its 'same' pooling pads an even side at its end alone (at 224 px: the poolings of the sides 28 and 14).
Chollet, Xception, CVPR 2017; Naidoo et al., Medical Image Analysis 110 (2026) 104006.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.families import prepare
from models.families.vision import legacy_xception
from models.manifest import Manifest, ManifestError

FEATURES = 2048
_MAP_SIDE = 7  # of the last feature map, for an input of 224 px
_DOWNSAMPLING = ("block1", "block2", "block3", "block12")
_KERAS_EPSILON = 1e-3
_KERAS_MOMENTUM = 0.01  # Keras' 0.99 is the share that stays, torch's the share that comes


class SameMaxPool(nn.Module):
    """Largest of 3 x 3, stride 2, padded as TensorFlow's 'same': (n, c, h, w) -> (n, c, ceil(h / 2), ceil(w / 2)).

    An odd side gets one row on either end; an even side one row at its end, where torch's `padding=1` puts it first.
    """

    def forward(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[-2:]
        padded = functional.pad(maps, (width % 2, 1, height % 2, 1), value=float("-inf"))
        return functional.max_pool2d(padded, kernel_size=3, stride=2)


class EchoForgeXception(nn.Module):
    """RGB frames (n, 3, 224, 224), 0 to 255 -> logits (n, outputs), or the embedding (n, 2048) where there is no head.

    `[architecture]`: `outputs`, 0 for no head; `pooling`, "average" or "flatten"; `rescale`, whether the network itself divides
    by 255. There is no softmax: Keras has it inside.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.pooling = manifest.architecture["pooling"]
        if self.pooling not in ("average", "flatten"):
            raise ManifestError(f"model {manifest.name}: unknown pooling {self.pooling!r}")
        self.scale = 1 / 255 if manifest.architecture["rescale"] else 1.0
        self.backbone = keras_xception()
        outputs = int(str(manifest.architecture["outputs"]))
        entering = FEATURES if self.pooling == "average" else FEATURES * _MAP_SIDE**2
        self.head = nn.Linear(entering, outputs) if outputs else nn.Identity()

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.head(self.embed(frames))
        return logits

    def embed(self, frames: Tensor) -> Tensor:
        """What enters the head: (n, 2048), or (n, 100352) in Keras' order row, column, channel where it is not averaged."""
        maps: Tensor = self.backbone(frames * self.scale)
        return maps.mean(dim=(2, 3)) if self.pooling == "average" else maps.permute(0, 2, 3, 1).flatten(1)


def keras_xception() -> nn.Module:
    """The Xception backbone with Keras' arithmetic: (n, 3, h, w) -> (n, 2048, h / 32, w / 32)."""
    network = legacy_xception()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps, module.momentum = _KERAS_EPSILON, _KERAS_MOMENTUM
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
