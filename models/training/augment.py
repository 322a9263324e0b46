"""Random changes to training batches: where the heart lies, how the machine is set, what is written over the image.

Geometry carries most of the transfer to unseen images; intensity changes stay mild (arXiv:2605.16427).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """Largest change of each kind; 0 switches one off. `blur` and `noise` alter what the quality grade means."""

    rotation_degrees: float = 12.0
    zoom: float = 0.18
    aspect: float = 0.12
    shift: float = 0.08  # of the width
    flip: float = 0.3  # probability: some laboratories show the left heart on the other side
    gain: float = 0.2
    gamma: float = 0.25
    blur: float = 0.3  # probability
    noise: float = 0.03
    shading: float = 0.6  # natural logarithm of the gain that drifts over the image: depth compensation, lost beams
    haze: float = 0.1  # brightness added in patches
    overlay: float = 0.3  # probability


def augment(images: Tensor, masks: Tensor, strength: Augmentation, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """`images` and `masks` (n, 1, size, size), float32, 0 to 1, moved alike: both of the same shape.

    Only the images change in brightness.
    """
    grid = functional.affine_grid(_affine(len(images), strength, random), list(images.shape), align_corners=False)
    images = functional.grid_sample(images, grid, align_corners=False)
    masks = functional.grid_sample(masks, grid, align_corners=False)
    images = _write_over(images, strength.overlay, random)
    return _expose(images, strength, random), masks


def _affine(n: int, strength: Augmentation, random: torch.Generator) -> Tensor:
    angle = _spread(n, random) * math.radians(strength.rotation_degrees)
    zoom = torch.exp(_spread(n, random) * strength.zoom)
    aspect = torch.exp(_spread(n, random) * strength.aspect / 2)
    mirror = torch.where(torch.rand(n, generator=random) < strength.flip, -1.0, 1.0)
    shift = torch.stack([_spread(n, random), _spread(n, random)], dim=1) * 2 * strength.shift
    cos, sin = torch.cos(angle), torch.sin(angle)
    matrix = torch.stack(
        [cos * zoom * aspect * mirror, -sin * zoom * aspect, sin * zoom / aspect * mirror, cos * zoom / aspect], 1
    )
    return torch.cat([matrix.view(n, 2, 2), shift[:, :, None]], dim=2)


def _expose(images: Tensor, strength: Augmentation, random: torch.Generator) -> Tensor:
    n = len(images)
    gamma = torch.exp(_spread(n, random) * strength.gamma).view(n, 1, 1, 1)
    gain = torch.exp(_spread(n, random) * strength.gain).view(n, 1, 1, 1)
    images = gain * images.clamp(min=1e-4) ** gamma
    images = images * torch.exp(_drift(images, strength.shading, random))
    images = images + _drift(images, strength.haze, random).clamp(min=0) * (images > 0.02)
    blurred = functional.avg_pool2d(functional.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = torch.rand(n, 1, 1, 1, generator=random) * (torch.rand(n, 1, 1, 1, generator=random) < strength.blur)
    images = torch.lerp(images, blurred, share)
    level = torch.rand(n, 1, 1, 1, generator=random) * strength.noise
    speckle = torch.randn(images.shape, generator=random) * level * (images > 0.02)
    return (images + speckle).clamp(0, 1)


def _drift(images: Tensor, strength: float, random: torch.Generator) -> Tensor:
    """A smooth random field, about -strength to strength, that changes a few times over the image."""
    coarse = torch.rand(len(images), 1, 5, 5, generator=random) * 2 - 1
    scaled = strength * torch.rand(len(images), 1, 1, 1, generator=random) * coarse
    return functional.interpolate(scaled, images.shape[-2:], mode="bicubic", align_corners=True)


def _write_over(images: Tensor, probability: float, random: torch.Generator) -> Tensor:
    """Bars, ticks and boxes as carts write them, independent of what the image shows."""
    images = images.clone()
    size = images.shape[-1]
    for index in torch.nonzero(torch.rand(len(images), generator=random) < probability).flatten().tolist():
        for _ in range(_integer(1, 4, random)):
            top, left = _integer(0, size - 4, random), _integer(0, size - 4, random)
            if _integer(0, 2, random):  # near a border, where carts write
                left = left // 6 if _integer(0, 2, random) else size - 4 - left // 6
            height, width = _integer(1, 6, random), _integer(1, size // 5, random)
            box = images[index, 0, top : top + height, left : left + width]
            brightness = 0.4 + 0.6 * torch.rand((), generator=random)
            ink = torch.rand(box.shape, generator=random) < 0.6
            box.copy_(torch.where(ink, brightness, box))
    return images


def _spread(n: int, random: torch.Generator) -> Tensor:
    return 2 * torch.rand(n, generator=random) - 1


def _integer(low: int, high: int, random: torch.Generator) -> int:
    return int(torch.randint(low, high, (), generator=random))
