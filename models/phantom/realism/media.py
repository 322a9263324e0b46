"""Speckle of a homogeneous medium and of a moving wall, against theory."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torch.nn import functional

from models.phantom.image.artefacts import Clutter, Gains
from models.phantom.image.echo import EchoLevels
from models.phantom.image.grid import Grid
from models.phantom.image.picture import Scanner, frame_generator, prepare, received
from models.phantom.image.style import Style, sample_style
from models.phantom.rendered import SectorShape

_SECTOR = SectorShape(math.radians(38), 8.0, 150.0)
_POLAR = (512, 224)
_KINDS = {"LV_CAVITY": 0, "LV_WALL": 1}
_REPEATS = 5
_WHERE = (slice(120, -24), slice(24, -24))  # away from the borders and from the aperture


class Points(NamedTuple):
    """Places in mm or unit vectors: `x`, `y`, `z` of one shape, float32."""

    x: Tensor
    y: Tensor
    z: Tensor


@dataclass(frozen=True)
class Medium:
    """One kind of tissue without boundary, as `image.echo.Tissue`: all tensors of one shape, lengths in mm, unit normals.

    `kind` is int8, the rest float32: `normal`, `edge_mm`, `material`.
    """

    kind: Tensor
    normal: Points
    edge_mm: Tensor
    material: Points


@dataclass(frozen=True)
class Widths:
    """Full width at half maximum of the envelope's autocovariance, over what the point spread's setting predicts."""

    axial: float
    lateral: float
    lateral_to_axial: float


def plain_style(seed: int) -> Style:
    """A drawn style of the best quality, with fully developed speckle and nothing between medium and echo."""
    style = sample_style(3, np.random.default_rng([seed, 0x91A1]))
    levels = EchoLevels(muscle_db=0.0, blood_db=0.0, coarse_db=0.0, fine_db=0.0, along_db=0.0, mirror=0.0)
    nothing = Clutter(near_db=-200.0, layer_db=0.0, haze_db=-200.0)
    return replace(
        style,
        levels=levels,
        clutter=nothing,
        gains=Gains(edge_loss_db=0.0),
        order=math.inf,
        looks=1,
        spread=replace(style.spread, side_lobe_db=-80.0),
    )


def medium(grid: Grid, name: str, moved: Points | None = None) -> Medium:
    """A plane of `name`, a kind of tissue, whose pieces came from `moved` (mm, the grid's shape), else have not moved."""
    lateral, axial = grid.places_mm()
    still, ones = torch.zeros(grid.shape), torch.ones(grid.shape)
    kind = torch.full(grid.shape, _KINDS[name], dtype=torch.int8)
    return Medium(kind, Points(still, still, ones), 99 * ones, moved or Points(lateral, still, axial))


def _beam(grid: Grid) -> Points:
    sine, cosine = torch.sin(grid.angle_rad).expand(grid.shape), torch.cos(grid.angle_rad).expand(grid.shape)
    return Points(sine, torch.zeros(grid.shape), cosine)


def _scanner(seed: int) -> Scanner:
    return prepare(plain_style(seed), _SECTOR, *_POLAR, seed=seed, kinds=_KINDS)


@lru_cache(maxsize=2)
def _envelopes(name: str) -> tuple[tuple[Scanner, NDArray[np.float64]], ...]:
    found = []
    for seed in range(_REPEATS):
        scanner = _scanner(seed)
        tissue = medium(scanner.grid, name)
        strength = received(scanner, tissue, _beam(scanner.grid), frame_generator(seed, 0))
        found.append((scanner, strength[_WHERE].double().numpy()))
    return tuple(found)


def signal_to_noise(name: str) -> float:
    """Mean over standard deviation of the envelope of `name`; 1.913 of fully developed speckle (Wagner et al. 1983)."""
    return float(np.mean([one.mean() / one.std() for _, one in _envelopes(name)]))


def log_deviation_db() -> float:
    """Standard deviation of the envelope in dB; 5.57 of fully developed speckle."""
    return float(np.mean([(20 * np.log10(one)).std() for _, one in _envelopes("LV_CAVITY")]))


def rayleigh_distance(name: str) -> float:
    """Kolmogorov-Smirnov distance from the Rayleigh distribution of samples too far apart to be alike."""
    apart = []
    for scanner, one in _envelopes(name):
        rows, lines = math.ceil(4 * scanner.blur.axial_sigma), math.ceil(4 * float(scanner.blur.sigma.max()))
        apart.append(one[::rows, ::lines])
    scaled = np.concatenate([one.reshape(-1) / np.sqrt((one**2).mean()) for one in apart])
    return float(stats.kstest(scaled, "rayleigh", args=(0, math.sqrt(0.5))).statistic)


def widths(name: str) -> Widths:
    """Of `name`, against 2.355 standard deviations of the point spread; lateral at 80 mm from the origin of the beams."""
    axial, lateral, ratio = [], [], []
    for scanner, one in _envelopes(name):
        grid, spread = scanner.grid, scanner.style.spread
        row = int((grid.depth_mm - 80).abs().argmin()) - 120
        along_mm = half_width(one) * grid.depth_step_mm
        across_deg = half_width(one[row - 32 : row + 32].T) * grid.angle_step_deg
        axial.append(along_mm / (2.355 * spread.axial_mm))
        lateral.append(across_deg / (2.355 * float(spread.lateral_deg_at(torch.tensor([80.0]))[0])))
        ratio.append(80 * math.radians(across_deg) / along_mm)
    return Widths(float(np.mean(axial)), float(np.mean(lateral)), float(np.mean(ratio)))


def half_width(image: NDArray[np.float64]) -> float:
    """Full width at half maximum of the autocovariance of `image` (samples, others) of any unit along samples, in samples."""
    values = image - image.mean()
    lags = np.array([(values[: len(values) - lag] * values[lag:]).mean() for lag in range(16)]) / values.var()
    after = int(np.argmax(lags < 0.5))
    return 2 * (after - 1 + float((lags[after - 1] - 0.5) / (lags[after - 1] - lags[after])))


def wall_correlation(share: float) -> float:
    """Correlation of the levels of a moving wall in two frames, the second looked up where the tissue has gone.

    `share` 1 is a frame of 20 ms at the height of systole: the wall moves by 1.2 mm along and 0.5 mm across the image, thickens
    by 3 % as it shortens by 2.5 %, and 0.35 mm of it passes through the plane.
    """
    found = []
    for seed in range(_REPEATS):
        scanner = _scanner(seed)
        grid = scanner.grid
        lateral, axial = grid.places_mm()
        origin = Points(
            (lateral - 0.5 * share) / (1 + 0.03 * share),
            torch.full(grid.shape, 0.35 * share),
            (axial - 80 - 1.2 * share) / (1 - 0.025 * share) + 80,
        )
        frames = []
        for index, tissue in enumerate((medium(grid, "LV_WALL"), medium(grid, "LV_WALL", origin))):
            frames.append(received(scanner, tissue, _beam(scanner.grid), frame_generator(seed, index)))
        # Where a sample of the first frame lies in the second, on a grid of -1 to 1.
        x = lateral * (1 + 0.03 * share) + 0.5 * share
        z = (axial - 80) * (1 - 0.025 * share) + 80 + 1.2 * share
        down = 2 * (torch.hypot(x, z) - _SECTOR.near_mm) / (_SECTOR.far_mm - _SECTOR.near_mm) - 1
        place = torch.stack((torch.atan2(x, z) / _SECTOR.half_angle_rad, down), dim=-1)[None]
        second = functional.grid_sample(frames[1][None, None], place, mode="bicubic", align_corners=True)[0, 0]
        found.append(_correlation(frames[0][_WHERE], second.clamp_min(1e-3)[_WHERE]))
    return float(np.mean(found))


def blood_correlation() -> float:
    """Correlation of the levels of blood in two frames."""
    scanner = _scanner(0)
    tissue = medium(scanner.grid, "LV_CAVITY")
    first, second = (received(scanner, tissue, _beam(scanner.grid), frame_generator(0, index))[_WHERE] for index in range(2))
    return abs(_correlation(first, second))


def _correlation(first: Tensor, second: Tensor) -> float:
    return float(np.corrcoef(first.reshape(-1).log().numpy(), second.reshape(-1).log().numpy())[0, 1])
