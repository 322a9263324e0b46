"""Speckle statistics against theory (Wagner 1983): what makes the images ultrasound."""

import math

import numpy as np
import pytest
import torch

from models.phantom.speckle import (
    Display,
    Grid,
    PointSpread,
    compress,
    envelope,
    random_scatterers,
    smooth_noise,
    tissue_power,
    tissue_scatterers,
)
from models.phantom.structures import Points

SHAPE = (400, 320)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return Grid(torch.linspace(2, 150, SHAPE[0]), torch.linspace(-0.7, 0.7, SHAPE[1]))


def homogeneous(grid: Grid, seed: int, spread: PointSpread | None = None) -> torch.Tensor:
    scatterers = random_scatterers(SHAPE, torch.Generator().manual_seed(seed))
    return envelope(torch.ones(SHAPE), scatterers, grid, spread or PointSpread())[20:-20, 20:-20]


def test_envelope_snr_is_that_of_fully_developed_speckle(grid: Grid) -> None:
    snr = [float(field.mean() / field.std()) for field in (homogeneous(grid, seed) for seed in range(4))]
    assert np.mean(snr) == pytest.approx(1.91, abs=0.06)


def test_log_envelope_spread_is_that_of_fully_developed_speckle(grid: Grid) -> None:
    spread_db = [float((20 * torch.log10(homogeneous(grid, seed))).std()) for seed in range(4)]
    assert np.mean(spread_db) == pytest.approx(5.57, abs=0.15)


def test_a_medium_of_0_db_has_unit_power_at_every_depth(grid: Grid) -> None:
    power = torch.stack([homogeneous(grid, seed) ** 2 for seed in range(6)]).mean(dim=(0, 2))
    bands = power.reshape(10, -1).mean(dim=1)
    assert bands.tolist() == pytest.approx([1.0] * 10, rel=0.12)


def test_speckle_in_moving_tissue_has_the_same_statistics_and_power(grid: Grid) -> None:
    depth, angle = torch.meshgrid(grid.depth_mm, grid.angle_rad, indexing="ij")
    fields = []
    for elevation_mm in (3.1, 11.4, 24.7):
        flat = torch.full((depth.numel(),), elevation_mm)
        material = Points((depth * torch.sin(angle)).reshape(-1), flat, (depth * torch.cos(angle)).reshape(-1))
        scatterers = tissue_scatterers(material).reshape(2, *SHAPE) / torch.sqrt(tissue_power(grid, PointSpread()))
        fields.append(envelope(torch.ones(SHAPE), scatterers, grid, PointSpread())[20:-20, 20:-20])
    field = torch.stack(fields)
    bands = (field**2).mean(dim=(0, 2)).reshape(6, -1).mean(dim=1)
    # Nearer than 3 cm the beams overlap and the estimate by axes is coarse.
    assert bands[1:].tolist() == pytest.approx([1.0] * 5, rel=0.2)
    assert 0.6 < float(bands[0]) < 1.6
    assert float(field[:, 100:].mean() / field[:, 100:].std()) == pytest.approx(1.91, abs=0.1)


def test_scatterers_are_glued_to_the_tissue() -> None:
    generator = torch.Generator().manual_seed(1)
    place = Points(*(torch.rand(500, generator=generator) * 60 - 30 for _ in range(3)))
    near, far = (Points(place.x + step, place.y, place.z) for step in (0.02, 5.0))
    here = tissue_scatterers(place)
    assert torch.equal(here, tissue_scatterers(place))
    assert float(torch.corrcoef(torch.stack((here[0], tissue_scatterers(near)[0])))[0, 1]) > 0.98
    assert abs(float(torch.corrcoef(torch.stack((here[0], tissue_scatterers(far)[0])))[0, 1])) < 0.15
    assert float(here.std()) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("axial_mm", [0.4, 0.6])
def test_speckle_is_as_long_as_the_point_spread_says(axial_mm: float) -> None:
    fine = Grid(torch.linspace(60, 100, 400), torch.linspace(-0.2, 0.2, 64))
    field = torch.stack(
        [
            envelope(
                torch.ones(400, 64), random_scatterers((400, 64), torch.Generator().manual_seed(s)), fine, PointSpread(axial_mm)
            )
            for s in range(6)
        ]
    )
    centred = (field**2 - (field**2).mean())[:, 20:-20]
    # Intensity correlates as the square of the field's: exp(-d^2 / (2 sigma^2)).
    lags = range(1, 8)
    correlation = [float((centred[:, :-k] * centred[:, k:]).mean() / (centred**2).mean()) for k in lags]
    expected = [math.exp(-((k * fine.depth_step_mm) ** 2) / (2 * axial_mm**2)) for k in lags]
    assert correlation == pytest.approx(expected, abs=0.08)


def test_interfaces_that_face_the_beam_are_bright(grid: Grid) -> None:
    amplitude = torch.full(SHAPE, 0.01)
    amplitude[200:] = 0.1
    scatterers = random_scatterers(SHAPE, torch.Generator().manual_seed(0))
    with_line = envelope(amplitude, scatterers.clone(), grid, PointSpread())
    without = envelope(amplitude, scatterers.clone(), grid, PointSpread(), specular=0.0)
    assert float(with_line[199:202].mean()) > 1.5 * float(without[199:202].mean())
    assert torch.allclose(with_line[300:], without[300:])


def test_smooth_noise_has_unit_variance_and_few_bumps() -> None:
    noise = smooth_noise((120, 90), (6, 5), torch.Generator().manual_seed(2))
    assert float(noise.std()) == pytest.approx(1.0, abs=1e-3)
    assert float((noise[1:] - noise[:-1]).abs().mean()) < 0.15


def test_compression_is_monotonic_and_fills_the_display() -> None:
    signal = torch.logspace(-4, 1, 50)
    grey = compress(signal, Display(50.0, 0.0, 1.3))
    assert torch.all(grey[1:] >= grey[:-1])
    assert float(grey[0]) == 0
    assert float(grey[-1]) == 1
    assert float(compress(torch.tensor(0.1), Display(50.0, 6.0))) > float(compress(torch.tensor(0.1), Display(50.0, 0.0)))
