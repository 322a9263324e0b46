"""The U-Net of EchoForge (Ronneberger et al., MICCAI 2015), with Keras' constants.

It differs from the usual one in a BatchNorm and a ReLU on the concatenation of what came up and what was skipped, up first.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.keras_batch_norm import KERAS_EPSILON, set_batch_norm


class ConvPair(nn.Module):
    """Twice 3 x 3 convolution, BatchNorm, ReLU: `maps` (n, entering, h, w) -> (n, leaving, h, w), float32 activations."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(entering, leaving, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(leaving)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(leaving)

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(maps))))))


class UpStep(nn.Module):
    """`maps` (n, 2 * width, h, w) and `skipped` (n, width, 2 * h, 2 * w) -> (n, width, 2 * h, 2 * w), float32 activations."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.bn = nn.BatchNorm2d(2 * width)
        self.pair = ConvPair(2 * width, width)

    def forward(self, maps: Tensor, skipped: Tensor) -> Tensor:
        joined = torch.cat([self.up(maps), skipped], dim=1)
        pair: Tensor = self.pair(torch.relu(self.bn(joined)))
        return pair


class UNet(nn.Module):
    """`maps` (n, channels, h, w), float32 -> logits (n, outputs, h, w); h and w are multiples of 2 ** len(widths).

    `widths` are those of the levels from the finest on; the bridge below has twice the last one.
    """

    def __init__(self, channels: int, outputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        entering = [channels, *widths[:-1]]
        self.down = nn.ModuleList(ConvPair(*pair) for pair in zip(entering, widths, strict=True))
        self.bridge = ConvPair(widths[-1], 2 * widths[-1])
        self.up = nn.ModuleList(UpStep(width) for width in reversed(widths))
        self.head = nn.Conv2d(widths[0], outputs, 1)
        set_batch_norm(self, KERAS_EPSILON)

    def forward(self, maps: Tensor) -> Tensor:
        skipped = []
        for level in self.down:
            maps = level(maps)
            skipped.append(maps)
            maps = functional.max_pool2d(maps, 2)
        maps = self.bridge(maps)
        for level, wide in zip(self.up, reversed(skipped), strict=True):
            maps = level(maps, wide)
        logits: Tensor = self.head(maps)
        return logits
