"""Slow random variation: of the muscle, glued to it, and of what does not move with the heart."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.phantom.image.grid import Vectors

_WAVES = 8


class Waves:
    """A smooth random function of places in mm: waves of random direction and length, bent so that they repeat nowhere.

    `steps` (3, waves) are the waves' turns in rad per mm, `phases` (waves,) in rad, float32.
    """

    def __init__(self, wavelength_mm: tuple[float, float], rng: np.random.Generator) -> None:
        directions = rng.normal(size=(3, _WAVES))
        directions /= np.linalg.norm(directions, axis=0)
        lengths = rng.uniform(*wavelength_mm, _WAVES)
        self.steps = torch.tensor(2 * math.pi * directions / lengths, dtype=torch.float32)
        self.phases = torch.tensor(rng.uniform(0, 2 * math.pi, _WAVES), dtype=torch.float32)

    def __call__(self, places: Tensor) -> Tensor:
        """Values at `places` (points, 3) in mm, float32: (points,), of mean 0 and variance 1, without unit."""
        turns = torch.addmm(self.phases, places, self.steps)
        bent = turns + 1.1 * torch.sin(turns.roll(1, dims=1) * 0.37)
        return torch.cos(bent).sum(dim=1) * math.sqrt(2 / _WAVES)


def stacked(vectors: Vectors) -> Tensor:
    """The coordinates of `vectors`, each of one shape, float32, mm, as rows: (points, 3)."""
    return torch.stack((vectors.x.reshape(-1), vectors.y.reshape(-1), vectors.z.reshape(-1)), dim=1)


def patches(shape: tuple[int, int], bumps: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Slow random variation (samples, lines), float32, no unit: mean 0, variance 1, about `bumps` bumps along each axis."""
    rows, columns = (max(2, round(count)) + 3 for count in bumps)
    coarse = torch.randn(1, 1, rows, columns, generator=generator)
    fine = functional.interpolate(coarse, size=shape, mode="bicubic", align_corners=True)[0, 0]
    return (fine - fine.mean()) / fine.std().clamp_min(1e-3)
