"""ResNet v1 with Keras' arithmetic, which is neither torchvision's nor timm's.

A stage halves the map in the *first* 1 x 1 convolution of its first block (He et al., CVPR 2016; torchvision's "v1.5" in the
3 x 3 one), all convolutions have biases, BatchNorm's epsilon is 1.001e-5. Names are Keras': `conv4_block2_1_conv` is
`conv4.block2.conv1` here, number 0 the projection of the shortcut.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.keras_batch_norm import APPLICATIONS_EPSILON, set_batch_norm

FEATURES = 2048
BLOCKS: dict[str, tuple[int, int, int, int]] = {"ResNet50": (3, 4, 6, 3), "ResNet101": (3, 4, 23, 3)}
STAGES = ("conv1", "conv2", "conv3", "conv4", "conv5")


class Bottleneck(nn.Module):
    """`maps` (n, entering, h, w) -> (n, 4 * width, h / stride, w / stride), rounded up, float32 activations.

    The first block of a stage projects.
    """

    def __init__(self, entering: int, width: int, stride: int, projects: bool) -> None:
        super().__init__()
        self.projects = projects
        if projects:
            self.conv0 = nn.Conv2d(entering, 4 * width, 1, stride)
            self.bn0 = nn.BatchNorm2d(4 * width)
        self.conv1 = nn.Conv2d(entering, width, 1, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1)
        self.bn3 = nn.BatchNorm2d(4 * width)

    def forward(self, maps: Tensor) -> Tensor:
        shortcut = self.bn0(self.conv0(maps)) if self.projects else maps
        inner = torch.relu(self.bn1(self.conv1(maps)))
        inner = torch.relu(self.bn2(self.conv2(inner)))
        return torch.relu(shortcut + self.bn3(self.conv3(inner)))


class Stem(nn.Module):
    """RGB `frames` (n, 3, h, w), float32 -> activations (n, 64, h / 4, w / 4).

    Zeros all around before the pooling too: after ReLU they are no maximum.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.bn = nn.BatchNorm2d(64)

    def forward(self, frames: Tensor) -> Tensor:
        return functional.max_pool2d(torch.relu(self.bn(self.conv(frames))), 3, stride=2, padding=1)


class KerasResNet(nn.Module):
    """RGB `frames` (n, 3, h, w), float32, scaled as it was trained -> activations (n, 2048, h / 32, w / 32).

    `variant` is a key of `BLOCKS`.
    """

    def __init__(self, variant: str) -> None:
        super().__init__()
        self.conv1 = Stem()
        entering = 64
        for stage, (blocks, width) in enumerate(zip(BLOCKS[variant], (64, 128, 256, 512), strict=True), start=2):
            steps = nn.Sequential()
            for block in range(1, blocks + 1):
                first = block == 1
                steps.add_module(f"block{block}", Bottleneck(entering, width, 2 if first and stage > 2 else 1, projects=first))
                entering = 4 * width
            self.add_module(f"conv{stage}", steps)
        set_batch_norm(self, APPLICATIONS_EPSILON)

    def forward(self, frames: Tensor) -> Tensor:
        maps = frames
        for stage in STAGES:
            maps = self.get_submodule(stage)(maps)
        return maps
