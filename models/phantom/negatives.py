"""Images of no heart, for the distribution reference: what a node may meet that must not be measured."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.catalogue import View
from models.phantom import speckle
from models.phantom.acquisition import Sector, box_positions, scan_convert
from models.phantom.anatomy import sample_heart
from models.phantom.scene import build_scene, frame_generator, polar_frame

NEGATIVE_KINDS = (
    "speckle_sector", "blobs", "lesion", "cyst", "layers", "vessel", "upside_down_heart", "noise", "uniform", "gradient",
)  # fmt: skip
# Never used to set a threshold: they show what the reference does with the unforeseen.
HELD_OUT_KINDS = ("cyst", "vessel", "gradient")
_POLAR = (192, 112)


def render_negative(kind: str, seed: int, rows: int, columns: int, frames: int) -> NDArray[np.uint8]:
    """Grey frames (frames, rows, columns), 0 to 255, of one of NEGATIVE_KINDS; raises LookupError for any other kind."""
    rng = np.random.default_rng([seed, 0x9E6A])
    if kind == "noise":
        return rng.integers(0, 256, (frames, rows, columns)).astype(np.uint8)
    if kind == "uniform":
        return np.full((frames, rows, columns), rng.integers(0, 256), np.uint8)
    if kind == "gradient":
        ramp = np.linspace(0, 255, rows)[:, None] * rng.uniform(0.3, 1) * np.ones((1, columns))
        return np.repeat(ramp.astype(np.uint8)[None], frames, axis=0)
    if kind == "upside_down_heart":
        return _fit(_heart(seed, frames), rows, columns)[:, ::-1].copy()
    if kind not in NEGATIVE_KINDS:
        raise LookupError(f"no such negative: {kind}")
    return _fit(_tissue(kind, seed, frames, rng), rows, columns)


def _fit(picture: tuple[Tensor, Sector], rows: int, columns: int) -> NDArray[np.uint8]:
    """Scan-convert at the largest size that fits, in the middle of the image."""
    polar, sector = picture
    scale = min(rows / sector.depth_mm, columns / sector.width_mm)
    height, width = max(2, int(sector.depth_mm * scale)), max(2, int(sector.width_mm * scale))
    box = functional.avg_pool2d(scan_convert(polar, sector, *box_positions(sector, 2 * height, 2 * width)).unsqueeze(1), 2)[
        :, 0
    ]
    image = np.zeros((polar.shape[0], rows, columns), np.uint8)
    top, left = (rows - height) // 2, (columns - width) // 2
    image[:, top : top + height, left : left + width] = (box * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return image


def _heart(seed: int, frames: int) -> tuple[Tensor, Sector]:
    scene = build_scene(sample_heart(seed), View.A4C, 2, _POLAR, seed)
    images = [polar_frame(scene, 40.0 * i, frame_generator(seed, i), moving_speckle=False) for i in range(frames)]
    return torch.stack(images), scene.sector


def _tissue(kind: str, seed: int, frames: int, rng: np.random.Generator) -> tuple[Tensor, Sector]:
    """Tissue at rest under a phased or a curved array: speckle with shapes that no heart has."""
    sector = Sector(float(np.radians(rng.uniform(25, 45))), float(rng.uniform(60, 180)))
    grid = sector.grid(*_POLAR)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    x = torch.sin(grid.angle_rad).reshape(1, -1) * grid.depth_mm.reshape(-1, 1) / sector.depth_mm
    y = torch.cos(grid.angle_rad).reshape(1, -1) * grid.depth_mm.reshape(-1, 1) / sector.depth_mm
    level = rng.uniform(-28, -18) + 3 * speckle.smooth_noise(_POLAR, (8, 6), generator)
    level = _SHAPES[kind](level, x, y, rng)
    display = speckle.Display(float(rng.uniform(44, 56)), float(rng.uniform(-4, 4)), float(rng.uniform(1.1, 1.6)))
    images = []
    for index in range(frames):
        scatterers = speckle.random_scatterers(_POLAR, frame_generator(seed, index))
        signal = speckle.envelope(torch.pow(10.0, level / 20), scatterers, grid, speckle.PointSpread())
        images.append(speckle.compress(signal, display))
    return torch.stack(images), sector


def _plain(level: Tensor, x: Tensor, y: Tensor, rng: np.random.Generator) -> Tensor:
    return level


def _ellipses(
    level: Tensor, x: Tensor, y: Tensor, rng: np.random.Generator, count: int, change_db: tuple[float, float]
) -> Tensor:
    for _ in range(count):
        radius, stretch = rng.uniform(0.04, 0.18), rng.uniform(0.8, 1.6)
        across, along = x - rng.uniform(-0.4, 0.4), y - rng.uniform(0.2, 0.95)
        ratio = (across / (radius * stretch)) ** 2 + (along / radius) ** 2
        level = torch.where(ratio < 1, level + rng.uniform(*change_db), level)
    return level


def _blobs(level: Tensor, x: Tensor, y: Tensor, rng: np.random.Generator) -> Tensor:
    return _ellipses(level, x, y, rng, int(rng.integers(4, 14)), (-22, 12))


def _lesion(level: Tensor, x: Tensor, y: Tensor, rng: np.random.Generator) -> Tensor:
    return _ellipses(level, x, y, rng, int(rng.integers(1, 3)), (-12, -5))


def _cyst(level: Tensor, x: Tensor, y: Tensor, rng: np.random.Generator) -> Tensor:
    return _ellipses(level, x, y, rng, int(rng.integers(1, 3)), (-50, -35))


def _layers(level: Tensor, x: Tensor, y: Tensor, rng: np.random.Generator) -> Tensor:
    waves = torch.sin(y * rng.uniform(25, 70) + x * rng.uniform(-8, 8) + rng.uniform(0, 6))
    return level + rng.uniform(5, 11) * waves


def _vessel(level: Tensor, x: Tensor, y: Tensor, rng: np.random.Generator) -> Tensor:
    distance = (y - rng.uniform(0.3, 0.7) - x * rng.uniform(-0.3, 0.3)).abs()
    half = rng.uniform(0.05, 0.12)
    level = torch.where(distance < half + 0.02, level + 8, level)
    return torch.where(distance < half, level - 45, level)


_SHAPES = {"speckle_sector": _plain, "blobs": _blobs, "lesion": _lesion, "cyst": _cyst, "layers": _layers, "vessel": _vessel}
