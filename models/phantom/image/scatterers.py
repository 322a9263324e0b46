"""Scatterers of tissue and blood: how many, how strong, and where each stands while the heart moves."""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from models.phantom.image.grid import Grid, Vectors
from models.phantom.image.spread import Blur

_LATTICE = 80
_PITCH_MM = 0.55
_LATTICE_SEED = 20261


@lru_cache(maxsize=6)
def _lattice(order: float) -> Tensor:
    """Complex scatterers on a cube that repeats itself: (n^3, 2), float32, of unit variance per part.

    Their strength is K distributed of `order` nodes' shape (Jakeman and Pusey 1976): few strong ones where `order` is small,
    Gaussian where it is infinite.
    """
    rng = np.random.default_rng([_LATTICE_SEED, int(min(order, 1e6) * 1000)])
    nodes = rng.standard_normal((_LATTICE**3, 2), dtype=np.float32)
    if math.isfinite(order):
        nodes *= np.sqrt(rng.standard_gamma(order, (_LATTICE**3, 1), dtype=np.float32) / order)
    return torch.from_numpy(nodes)


def tissue_scatterers(material: Vectors, order: float = math.inf) -> Tensor:
    """Scatterers glued to the tissue: complex (2, points), float32, unit variance, looked up at `material` coordinates.

    Those are (points,) each, in mm, where the tissue was at end-diastole. Weights of neighbouring nodes are normalised to unit
    energy, so that statistics do not depend on the place within a cell.
    """
    nodes, count = _lattice(order), material.x.numel()
    sides = []  # of each axis: index and weight of the node before, and of the node behind
    energy = torch.ones(count)
    for stride, coordinate in zip((_LATTICE * _LATTICE, _LATTICE, 1), (material.x, material.y, material.z), strict=True):
        scaled = coordinate.reshape(-1) / _PITCH_MM
        floor = torch.floor(scaled)
        cell, behind = torch.remainder(floor.int(), _LATTICE), scaled - floor
        sides.append(((cell * stride, 1 - behind), (torch.remainder(cell + 1, _LATTICE) * stride, behind)))
        energy *= behind * behind + (1 - behind) * (1 - behind)
    result = torch.zeros(count, 2)
    for of_x, weight_x in sides[0]:
        for of_y, weight_y in sides[1]:
            index, weight = of_x + of_y, weight_x * weight_y
            for of_z, weight_z in sides[2]:
                result.addcmul_(nodes.index_select(0, index + of_z), (weight * weight_z).unsqueeze(1))
    return (result * torch.rsqrt(energy).unsqueeze(1)).T


def tissue_power(grid: Grid, blur: Blur) -> Tensor:
    """Power of `tissue_scatterers` behind `blur`, per depth of `grid`: (samples, 1), float32, no unit; 1 of independent ones.

    Samples closer than the lattice's pitch are alike (their correlation is the cubic B-spline), so they add up.
    """
    along = _lattice_sum(torch.full((1, 1), grid.depth_step_mm), torch.tensor([[blur.axial_sigma]]))
    return along * _lattice_sum(grid.depth_mm.reshape(-1, 1) * math.radians(grid.angle_step_deg), blur.sigma)


def _lattice_sum(step_mm: Tensor, sigma: Tensor) -> Tensor:
    lag = torch.arange(-24, 25).reshape(1, -1)
    apart = (lag * step_mm / _PITCH_MM).abs()
    alike = torch.where(apart < 1, 1 - 1.5 * apart**2 + 0.75 * apart**3, 0.25 * (2 - apart).clamp_min(0) ** 3)
    return (alike * torch.exp(-(lag**2) / (4 * sigma**2))).sum(dim=1, keepdim=True)


def random_scatterers(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Independent complex scatterers (2, samples, lines), float32, no unit: blood, or what does not move with the heart."""
    return torch.randn(2, *shape, generator=generator)


def envelope(field: Tensor, blur: Blur, looks: int = 1) -> Tensor:
    """Envelope (samples, lines), float32, of scatterers `field` (2, samples, lines) of any unit; a 1 stays 1 on average power.

    With several `looks`, as in spatial compounding, each takes another part of the scatterers' spectrum (a phase that turns
    from line to line); their envelopes are averaged, so there is less speckle. All move with the tissue.
    """
    if looks == 1:
        return _magnitude(blur(field))
    lines = torch.arange(field.shape[-1], dtype=torch.float32)
    mean: Tensor | None = None
    for look in range(looks):
        # Fields turned by 2/sigma per line share exp(-(2)^2/2) of their spectrum: the looks are nearly independent.
        turn = (look - (looks - 1) / 2) * 2.0 / float(blur.zone_sigma.median()) * lines
        cosine, sine = torch.cos(turn), torch.sin(turn)
        turned = torch.stack((field[0] * cosine - field[1] * sine, field[0] * sine + field[1] * cosine))
        strength = _magnitude(blur(turned))
        mean = strength if mean is None else mean + strength
    assert mean is not None
    # Averaging amplitudes of Rayleigh speckle keeps (pi / 4) of the power and loses the rest of the variance; undone here.
    return mean / looks / math.sqrt(math.pi / 4 + (1 - math.pi / 4) / looks)


def _magnitude(field: Tensor) -> Tensor:
    return torch.hypot(field[0], field[1]) / math.sqrt(2)
