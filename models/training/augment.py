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


@dataclass(frozen=True, eq=False)
class Moved:
    """`images` (n, frames * channels, h, w), 0 to 1; `masks` (n, structures, h, w), 0 to 1; `points` (n, points, 2), (x, y) px
    of the image, (0, 0) at the centre of its top left pixel. All are float32; masks and points are None where there are none.
    """

    images: Tensor
    masks: Tensor | None = None
    points: Tensor | None = None


def augment(batch: Moved, strength: Augmentation, random: torch.Generator, channels: int = 1) -> Moved:
    """Image, masks and points moved alike; only the images change in brightness.

    All frames of one clip change alike but for their noise. The `channels` of a frame stand side by side, and change alike.
    """
    matrix = _affine(batch.images, strength, random)
    grid = functional.affine_grid(matrix, list(batch.images.shape), align_corners=False)
    images = functional.grid_sample(batch.images, grid, align_corners=False)
    masks = None if batch.masks is None else functional.grid_sample(batch.masks, grid, align_corners=False)
    points = None if batch.points is None else _moved_points(batch.points, matrix, *images.shape[-2:])
    images = _write_over(images, strength.overlay, random)
    return Moved(_expose(images, strength, random, channels), masks, points)


def _affine(images: Tensor, strength: Augmentation, random: torch.Generator) -> Tensor:
    """(n, 2, 3): from the new image to the old one, in halves of its sides."""
    n, tall = len(images), images.shape[-2] / images.shape[-1]
    angle = _spread(n, random) * math.radians(strength.rotation_degrees)
    zoom = torch.exp(_spread(n, random) * strength.zoom)
    aspect = torch.exp(_spread(n, random) * strength.aspect / 2)
    mirror = torch.where(_uniform((n,), random) < strength.flip, -1.0, 1.0)
    shift = torch.stack([_spread(n, random), _spread(n, random)], dim=1) * 2 * strength.shift
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = [cos * zoom * aspect * mirror, -sin * zoom * aspect * tall, sin * zoom / aspect * mirror / tall, cos * zoom / aspect]
    return torch.cat([torch.stack(rows, 1).view(n, 2, 2), shift[:, :, None]], dim=2)


def _moved_points(points: Tensor, matrix: Tensor, height: int, width: int) -> Tensor:
    size = torch.tensor([width, height], device=points.device)
    halves = (points + 0.5) / size * 2 - 1
    moved = torch.linalg.solve(matrix[:, :, :2], (halves - matrix[:, None, :, 2]).transpose(1, 2)).transpose(1, 2)
    placed: Tensor = (moved + 1) / 2 * size - 0.5
    return placed


def _expose(images: Tensor, strength: Augmentation, random: torch.Generator, channels: int) -> Tensor:
    n = len(images)
    gamma = torch.exp(_spread(n, random) * strength.gamma).view(n, 1, 1, 1)
    gain = torch.exp(_spread(n, random) * strength.gain).view(n, 1, 1, 1)
    images = gain * images.clamp(min=1e-4) ** gamma
    images = images * torch.exp(_drift(images, strength.shading, random))
    images = images + _drift(images, strength.haze, random).clamp(min=0) * (images > 0.02)
    blurred = functional.avg_pool2d(functional.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = _uniform((n, 1, 1, 1), random) * (_uniform((n, 1, 1, 1), random) < strength.blur)
    images = torch.lerp(images, blurred, share)
    if strength.noise:
        frames = (n, images.shape[1] // channels, *images.shape[-2:])
        level = _uniform((n, 1, 1, 1), random) * strength.noise
        speckle = level * torch.randn(frames, generator=random, device=random.device)
        images = images + speckle.repeat_interleave(channels, dim=1) * (images > 0.02)
    return images.clamp(0, 1)


def _drift(images: Tensor, strength: float, random: torch.Generator) -> Tensor:
    """A smooth random field, about -strength to strength, that changes a few times over the image."""
    n = len(images)
    coarse = _uniform((n, 1, 5, 5), random) * 2 - 1
    scaled = strength * _uniform((n, 1, 1, 1), random) * coarse
    return functional.interpolate(scaled, images.shape[-2:], mode="bicubic", align_corners=True)


def _write_over(images: Tensor, probability: float, random: torch.Generator) -> Tensor:
    """Bars, ticks and boxes as carts write them, independent of what the image shows."""
    images = images.clone()
    rows, columns = images.shape[-2:]
    for index in torch.nonzero(_uniform((len(images),), random) < probability).flatten().tolist():
        for _ in range(_integer(1, 4, random)):
            top, left = _integer(0, rows - 4, random), _integer(0, columns - 4, random)
            if _integer(0, 2, random):  # near a border, where carts write
                left = left // 6 if _integer(0, 2, random) else columns - 4 - left // 6
            height, width = _integer(1, 6, random), _integer(1, max(columns // 5, 2), random)
            box = images[index, :, top : top + height, left : left + width]
            brightness = 0.4 + 0.6 * _uniform((), random)
            ink = _uniform(tuple(box.shape[1:]), random) < 0.6
            box.copy_(torch.where(ink, brightness, box))
    return images


def _uniform(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=random, device=random.device)


def _spread(n: int, random: torch.Generator) -> Tensor:
    return 2 * _uniform((n,), random) - 1


def _integer(low: int, high: int, random: torch.Generator) -> int:
    return int(torch.randint(low, high, (), generator=random, device=random.device))
