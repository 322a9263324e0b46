"""Ultrasound image formation on a polar grid: scatterers, point spread function, noise, log compression (torch).

Convolution of complex Gaussian scatterers with a separable point spread function gives fully developed speckle: the envelope
in a homogeneous medium is Rayleigh distributed (SNR 1.913, log-envelope SD 5.57 dB; Wagner 1983).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from models.phantom.structures import Points

_LATTICE = 96
_PITCH_MM = 0.55
_LATTICE_SEED = 20260


@dataclass(frozen=True)
class PointSpread:
    """Separable Gaussian: axial in mm, lateral in degrees of the beam angle, wider away from the focus. Side lobes in dB."""

    axial_mm: float = 0.48
    lateral_deg: float = 0.48
    focus_mm: float = 80.0
    defocus: float = 1.7
    side_lobe_db: float = -30.0


@dataclass(frozen=True)
class Grid:
    """Sampling of the polar image: `depth_mm` (depth,) over the rows, `angle_rad` (beams,) over the columns, float32, both
    uniform.

    Depth is counted from the origin of the beams, the angle from the central beam.
    """

    depth_mm: Tensor
    angle_rad: Tensor

    @property
    def depth_step_mm(self) -> float:
        return float(self.depth_mm[1] - self.depth_mm[0])

    @property
    def angle_step_deg(self) -> float:
        return math.degrees(float(self.angle_rad[1] - self.angle_rad[0]))


@lru_cache(maxsize=1)
def _lattice() -> Tensor:
    """Complex Gaussian scatterers on a cube that repeats itself: shape (2, n^3)."""
    generator = torch.Generator().manual_seed(_LATTICE_SEED)
    return torch.randn(_LATTICE**3, 2, generator=generator).T.contiguous()


def tissue_scatterers(material: Points) -> Tensor:
    """Scatterers glued to the tissue: complex noise (2, points), float32, unit variance, looked up at `material` coordinates.

    Those are mm of the heart at end-diastole, each (points,). The trilinear weights are normalised to unit energy, so speckle
    statistics do not depend on the position in a cell.
    """
    sides = []  # of each axis: the lattice's planes before and behind the points, and their weights
    for coordinate in material:
        scaled = coordinate / _PITCH_MM
        floor = torch.floor(scaled)
        cell, fraction = floor.long(), scaled - floor
        sides.append([(torch.remainder(cell + bit, _LATTICE), fraction if bit else 1 - fraction) for bit in range(2)])
    result = torch.zeros(2, material.x.numel())
    energy = torch.zeros(material.x.numel())
    for corner in range(8):
        (x, of_x), (y, of_y), (z, of_z) = (side[(corner >> axis) & 1] for axis, side in enumerate(sides))
        weight = of_x * of_y * of_z
        result += weight * torch.index_select(_lattice(), 1, (x * _LATTICE + y) * _LATTICE + z)
        energy += weight * weight
    return result / torch.sqrt(energy)


def tissue_power(grid: Grid, spread: PointSpread) -> Tensor:
    """Power of `tissue_scatterers` behind the point spread function, per depth: (depth, 1), float32, no unit.

    It is 1 for independent samples. Samples closer than the scatterers' lattice are alike (their correlation is the cubic
    B-spline), so they add up.
    """
    axial_sigma, lateral_sigma = _sigmas(grid, spread)
    lateral_step_mm = grid.depth_mm.reshape(-1, 1) * math.radians(grid.angle_step_deg)
    return _lattice_sum(torch.full((1, 1), grid.depth_step_mm), axial_sigma) * _lattice_sum(lateral_step_mm, lateral_sigma)


def _lattice_sum(step_mm: Tensor, sigma: float) -> Tensor:
    lag = torch.arange(-8, 9).reshape(1, -1)
    x = (lag * step_mm / _PITCH_MM).abs()
    alike = torch.where(x < 1, 1 - 1.5 * x**2 + 0.75 * x**3, 0.25 * (2 - x).clamp_min(0) ** 3)
    return (alike * torch.exp(-(lag**2) / (4 * sigma**2))).sum(dim=1, keepdim=True)


def _sigmas(grid: Grid, spread: PointSpread) -> tuple[float, float]:
    """Axial and lateral width of the point spread in samples."""
    return max(spread.axial_mm / grid.depth_step_mm, 0.55), max(spread.lateral_deg / grid.angle_step_deg, 0.55)


def random_scatterers(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Independent complex Gaussian scatterers (2, rows, columns), float32, no unit: blood, or tissue of a single frame."""
    return torch.randn(2, *shape, generator=generator)


def envelope(amplitude: Tensor, scatterers: Tensor, grid: Grid, spread: PointSpread, specular: float = 1.8) -> Tensor:
    """Echo envelope (depth, beams), float32, of `scatterers` (2, depth, beams) with local `amplitude` (depth, beams).

    All are amplitudes: 1 is that of a 0 dB medium. Interfaces add a coherent part in proportion to the axial derivative of the
    amplitude, so they are bright only where they face the beam: `specular` times the step, as a line.
    """
    scattered = amplitude * scatterers
    edges = torch.zeros_like(amplitude)
    edges[1:-1] = (amplitude[2:] - amplitude[:-2]).abs() / 2
    axial_sigma, narrow_sigma = _sigmas(grid, spread)
    # Kernels of unit energy multiply a coherent sheet; undone here, so an interface looks the same at any sampling.
    scattered[0] += specular * edges * math.sqrt(axial_sigma / (2 * narrow_sigma))
    field = _blur(scattered.unsqueeze(1), axial_sigma, dim=0)
    narrow = _blur(field, narrow_sigma, dim=1)
    wide = _blur(field, narrow_sigma * spread.defocus, dim=1)
    share = ((grid.depth_mm - spread.focus_mm).abs() / spread.focus_mm).clamp(0, 1).reshape(-1, 1)
    # Energy-normalised mix of two partly correlated fields: the envelope stays Rayleigh, its power constant.
    overlap = math.sqrt(2 * spread.defocus / (1 + spread.defocus**2))
    mixed = (1 - share) * narrow + share * wide
    mixed = mixed / torch.sqrt((1 - share) ** 2 + share**2 + 2 * share * (1 - share) * overlap)
    if spread.side_lobe_db > -60:
        mixed = mixed + 10 ** (spread.side_lobe_db / 20) * _side_lobes(field, narrow_sigma)
    return torch.sqrt(mixed[0, 0] ** 2 + mixed[1, 0] ** 2) / math.sqrt(2)


def _side_lobes(field: Tensor, sigma: float) -> Tensor:
    """Eight times wider than the main lobe; computed on every fourth line, for its detail is finer than it can be."""
    coarse = _blur(functional.avg_pool2d(field, (1, 4)) * 2, sigma * 2, dim=1)
    return functional.interpolate(coarse, size=field.shape[-2:], mode="bilinear", align_corners=False)


def _blur(field: Tensor, sigma: float, dim: int) -> Tensor:
    """Gaussian filter of unit energy along `dim` (0 depth, 1 angle) of a (2, 1, rows, columns) field."""
    half = max(1, math.ceil(3 * sigma))
    taps = torch.exp(-0.5 * (torch.arange(-half, half + 1, dtype=field.dtype) / sigma) ** 2)
    taps = taps / torch.sqrt((taps * taps).sum())
    kernel = taps.reshape(1, 1, -1, 1) if dim == 0 else taps.reshape(1, 1, 1, -1)
    padding = (half, 0) if dim == 0 else (0, half)
    return functional.conv2d(field, kernel, padding=padding)


def smooth_noise(shape: tuple[int, int], cells: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Slow random variation (rows, columns), float32, no unit: variance 1, roughly `cells` bumps along each axis."""
    coarse = torch.randn(1, 1, cells[0] + 3, cells[1] + 3, generator=generator)
    fine = functional.interpolate(coarse, size=shape, mode="bicubic", align_corners=True)[0, 0]
    return fine / fine.std().clamp_min(1e-3)


@dataclass(frozen=True)
class Display:
    """Log compression: `dynamic_range_db` below `gain_db` above full scale, then a display gamma."""

    dynamic_range_db: float = 50.0
    gain_db: float = 0.0
    gamma: float = 1.25


def compress(signal: Tensor, display: Display) -> Tensor:
    """Grey levels, float32, 0 to 1, of `signal`, an envelope of any shape: the same shape."""
    level = 20 * torch.log10(signal.clamp_min(1e-6)) + display.gain_db
    return ((level + display.dynamic_range_db) / display.dynamic_range_db).clamp(0, 1) ** display.gamma
