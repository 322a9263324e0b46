"""Speckle and point spread against theory: Rayleigh statistics (Wagner 1983), widths as set, motion with the tissue."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from models.phantom.image.grid import Grid, polar_grid
from models.phantom.image.scatterers import envelope, lattice_places, random_scatterers, tissue_power, tissue_scatterers
from models.phantom.image.spread import Blur, PointSpread
from models.phantom.image.texture import stacked
from models.phantom.rendered import SectorShape
from tests.shell_tissue import Kind, beam_of, everywhere

SECTOR = SectorShape(math.radians(38), 8.0, 140.0)
SPREAD = PointSpread(axial_mm=0.6, lateral_deg=0.8, side_lobe_db=-60.0)
GRID = polar_grid(SECTOR, 320, 160)
BLUR = Blur(SPREAD, GRID)


def glued(grid: Grid, blur: Blur, order: float = math.inf, shift_mm: float = 0.0) -> Tensor:
    """Scatterers of tissue that fills the picture, moved down by `shift_mm`."""
    material = stacked(everywhere(grid, Kind.LV_WALL, shift_mm).material)
    beams = stacked(beam_of(grid)).reshape(*grid.shape, 3)[0]
    scatterers = tissue_scatterers(lattice_places(material, grid, torch.zeros(3), beams), order).reshape(2, *grid.shape)
    return scatterers * torch.rsqrt(tissue_power(blur))


def snr(values: Tensor) -> float:
    return float(values.mean() / values.std())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["blood", "tissue"])
def test_speckle_is_rayleigh(kind: str) -> None:
    """Mean over standard deviation 1.91, 5.57 dB of the logarithm, power of the medium: of blood and of tissue."""
    if kind == "blood":
        strength = envelope(random_scatterers(GRID.shape, torch.Generator().manual_seed(1)), BLUR)
    else:
        strength = envelope(glued(GRID, BLUR), BLUR)
    inner = strength[60:-20, 20:-20]
    assert snr(inner) == pytest.approx(1.913, abs=0.06)
    assert float((20 * torch.log10(inner)).std()) == pytest.approx(5.57, abs=0.2)
    assert float(inner.square().mean()) == pytest.approx(1.0, abs=0.06)


@pytest.mark.slow
def test_few_scatterers_make_spikier_speckle() -> None:
    """K distributed: the fewer the nodes that count, the lower the signal-to-noise ratio; the power stays."""
    ratios = [snr(envelope(glued(GRID, BLUR, order), BLUR)[60:-20, 20:-20]) for order in (0.1, 0.5, math.inf)]
    assert ratios[0] + 0.15 < ratios[1] < ratios[2] - 0.05


@pytest.mark.slow
def test_compounding_takes_speckle_out_and_keeps_the_level() -> None:
    """Averaging three nearly independent looks raises the signal-to-noise ratio by nearly the root of three."""
    field = random_scatterers(GRID.shape, torch.Generator().manual_seed(2))
    one, three = (envelope(field, BLUR, looks)[20:-20, 20:-20] for looks in (1, 3))
    assert snr(three) / snr(one) == pytest.approx(math.sqrt(3), rel=0.1)
    assert float(three.square().mean()) == pytest.approx(float(one.square().mean()), rel=0.05)


def _width(strength: Tensor, axis: int) -> float:
    """Full width at half maximum of the envelope's autocovariance along an axis, in samples."""
    values = (strength - strength.mean()).numpy()
    values = values if axis == 0 else values.T
    lags = [float((values[: len(values) - lag] * values[lag:]).mean()) for lag in range(8)]
    curve = np.array(lags) / lags[0]
    after = int(np.argmax(curve < 0.5))
    return 2 * (after - 1 + (curve[after - 1] - 0.5) / (curve[after - 1] - curve[after]))


def test_the_point_spread_is_as_wide_as_it_says() -> None:
    """The autocovariance of the envelope of a Gaussian point spread is 2.355 sigma wide at half its height, within 10 %."""
    strength = envelope(random_scatterers(GRID.shape, torch.Generator().manual_seed(3)), BLUR)
    at = slice(150, 200)  # the focus, where the width changes least
    lateral_deg = float(SPREAD.lateral_deg_at(GRID.depth_mm[175:176])[0])
    assert _width(strength[20:, 20:-20], 0) * GRID.depth_step_mm == pytest.approx(2.355 * 0.6, rel=0.1)
    many = torch.cat([envelope(random_scatterers(GRID.shape, torch.Generator().manual_seed(n)), BLUR)[at] for n in range(4)])
    assert _width(many, 1) * GRID.angle_step_deg == pytest.approx(2.355 * lateral_deg, rel=0.1)


def test_beams_widen_away_from_the_focus_and_at_the_aperture() -> None:
    spread = PointSpread(lateral_deg=0.5, focus_mm=70.0, defocus=1.8, beam_mm=0.4)
    at_focus, double, near = spread.lateral_deg_at(torch.tensor([70.0, 140.0, 4.0])).tolist()
    assert at_focus == pytest.approx(math.hypot(0.5, math.degrees(0.4 / 70)), rel=1e-4)
    assert double == pytest.approx(math.hypot(0.9, math.degrees(0.4 / 140)), rel=1e-4)
    assert math.radians(near) * 4.0 > 0.4


def test_side_lobes_spread_a_bright_target_sideways() -> None:
    """Far beside a single scatterer, the echo is as strong as the side lobes say; without them it is nothing."""
    point = torch.zeros(2, *GRID.shape)
    point[0, 170, 80] = 1.0
    lobed = Blur(PointSpread(axial_mm=0.6, lateral_deg=0.8, side_lobe_db=-30.0), GRID)
    sigma = float(lobed.sigma[170, 0])
    beside = 80 + round(7 * sigma)
    for blur, expected in ((BLUR, 0.0), (lobed, 10 ** (-30 / 20) * math.exp(-0.5))):
        row = envelope(point, blur)[170]
        assert float(row[beside] / row[80]) == pytest.approx(expected, abs=0.004)


def test_speckle_moves_with_the_tissue() -> None:
    """Tissue that moved down by three samples shows the same speckle three samples further down, and another one in place."""
    step = GRID.depth_step_mm
    before, after = envelope(glued(GRID, BLUR), BLUR), envelope(glued(GRID, BLUR, shift_mm=3 * step), BLUR)
    middle = slice(70, 90)  # where the beams run along the motion
    moved = np.corrcoef(before[60:-40, middle].reshape(-1), after[63:-37, middle].reshape(-1))[0, 1]
    still = np.corrcoef(before[60:-40, middle].reshape(-1), after[60:-40, middle].reshape(-1))[0, 1]
    assert moved > 0.9
    assert still < 0.3
