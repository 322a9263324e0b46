"""Scatterers of tissue and blood: how many, how strong, and where each stands while the heart moves."""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.phantom.image.grid import Grid
from models.phantom.image.spread import Blur

_LATTICE = (128, 192, 32)  # nodes in depth, angle and elevation, before they repeat
_ELEVATION_MM = 3.0  # so thick is the slice that a beam sees, about
_LATTICE_SEED = 20261
# The lattice is turned against the samples by so much, lest all samples fall at the same place of their cells.
_TURN_RAD = 0.6


@lru_cache(maxsize=6)
def _lattice(order: float) -> Tensor:
    """Complex scatterers on a block that repeats itself: (nodes, 2), float32, of unit variance per part.

    Their strength is K distributed of the shape `order` (Jakeman and Pusey 1976): few strong ones where it is small, Gaussian
    where it is infinite.
    """
    rng, count = np.random.default_rng([_LATTICE_SEED, int(min(order, 1e6) * 1000)]), math.prod(_LATTICE)
    nodes = rng.standard_normal((count, 2), dtype=np.float32)
    if math.isfinite(order):
        nodes *= np.sqrt(rng.standard_gamma(order, (count, 1), dtype=np.float32) / order)
    return torch.from_numpy(nodes)


def lattice_places(material: Tensor, grid: Grid, origin: Tensor, beam: Tensor) -> Tensor:
    """Where in the lattice the tissue of `material` (points, 3), mm, stands: (points, 3), in nodes (no unit), float32.

    The lattice is as fine as `grid` and fans out as its beams do, so that nothing falls between two samples; across the plane
    it is as thick as a beam. `origin` (3,) of the beams is in mm, `beam` (lines, 3) their unit vectors.
    """
    forward = functional.normalize(beam.sum(dim=0), dim=0)
    right = functional.normalize(beam[-1] - beam[0], dim=0)
    axes = torch.stack((forward, right, torch.linalg.cross(forward, right)), dim=1)
    axial, lateral, elevation = ((material - origin) @ axes).unbind(dim=1)
    depth, angle = torch.hypot(axial, lateral), torch.atan2(lateral, axial)
    row, line = depth / grid.depth_step_mm, angle / math.radians(grid.angle_step_deg)
    cosine, sine = math.cos(_TURN_RAD), math.sin(_TURN_RAD)
    return torch.stack((row * cosine - line * sine, row * sine + line * cosine, elevation / _ELEVATION_MM), dim=1)


def tissue_scatterers(places: Tensor, order: float = math.inf) -> Tensor:
    """Scatterers glued to the tissue: complex (2, points), float32, no unit, variance 1: at `places` (points, 3) there.

    Weights of neighbouring nodes are normalised to unit energy, so that statistics do not depend on the place within a cell.
    """
    nodes = _lattice(order)
    floor = torch.floor(places)
    behind, cell = places - floor, floor.int()
    sides = []  # of each axis: index and weight of the node before, and of the node behind
    for axis, stride in enumerate((_LATTICE[1] * _LATTICE[2], _LATTICE[2], 1)):
        share, count = behind[:, axis], _LATTICE[axis]
        before = torch.remainder(cell[:, axis], count)
        after = torch.where(before == count - 1, 0, before + 1)
        scale = torch.rsqrt(share * share + (1 - share) * (1 - share))
        sides.append(((before * stride, (1 - share) * scale), (after * stride, share * scale)))
    result = torch.zeros(len(places), 2)
    for of_depth, weight_depth in sides[0]:
        for of_angle, weight_angle in sides[1]:
            index, weight = of_depth + of_angle, weight_depth * weight_angle
            for of_elevation, weight_elevation in sides[2]:
                result.addcmul_(nodes.index_select(0, index + of_elevation), (weight * weight_elevation).unsqueeze(1))
    return result.T


def tissue_power(blur: Blur) -> Tensor:
    """Power of `tissue_scatterers` behind `blur`, per depth: (samples, 1), float32, no unit; 1 of independent ones.

    Neighbouring samples share nodes, so they are alike and add up.
    """
    power = torch.zeros_like(blur.sigma)
    cosine, sine = math.cos(_TURN_RAD), math.sin(_TURN_RAD)
    for row in range(-2, 3):
        for line in range(-2, 3):
            alike = _alike(row * cosine - line * sine) * _alike(row * sine + line * cosine)
            power += alike * math.exp(-0.25 * (row / blur.axial_sigma) ** 2) * torch.exp(-0.25 * (line / blur.sigma) ** 2)
    return power


@lru_cache
def _alike(apart: float) -> float:
    """Mean correlation of two values that are interpolated `apart` nodes from each other along one axis."""
    first = np.linspace(0, 1, 200, endpoint=False)
    nodes = np.arange(-4, 6).reshape(-1, 1)
    weights = [np.maximum(1 - np.abs(nodes - place), 0) for place in (first, first + apart)]
    norms = [np.sqrt((one * one).sum(axis=0)) for one in weights]
    return float(((weights[0] * weights[1]).sum(axis=0) / (norms[0] * norms[1])).mean())


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
