"""A small U-Net (Ronneberger et al., arXiv:1505.04597) with one map for each label: structures, or ends of lines."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.library.manifest import Manifest
from models.networks.reading_network import ReadingNetwork
from models.networks.widths import list_of_int


class SmallUNet(ReadingNetwork):
    """Grey `frames` (n, 1, size, size), float32, 0 to 1 -> logits (n, labels, size, size).

    The first step folds 2 x 2 pixels into channels and the last unfolds them, so that all layers work at half the size. `size`
    is divisible by 2 to the number of `channels`.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        channels = list_of_int(manifest.architecture["channels"])
        pairs = list(pairwise(channels))
        self.entry = _block(4, channels[0])
        self.down = nn.ModuleList(_block(shallow, deep) for shallow, deep in pairs)
        self.up = nn.ModuleList(_block(shallow + deep, shallow) for shallow, deep in reversed(pairs))
        self.exit = nn.Conv2d(channels[0], 4 * max(len(manifest.labels), 1), 1)

    def forward(self, frames: Tensor) -> Tensor:
        maps = [self.entry(functional.pixel_unshuffle(frames - 0.2, 2))]
        for block in self.down:
            maps.append(block(functional.max_pool2d(maps[-1], 2)))
        deep = maps.pop()
        for block in self.up:
            finer = functional.interpolate(deep, scale_factor=2, mode="bilinear", align_corners=False)
            deep = block(torch.cat([maps.pop(), finer], dim=1))
        return functional.pixel_shuffle(self.exit(deep), 2)


def _block(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )
