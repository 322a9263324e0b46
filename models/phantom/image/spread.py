"""The point spread of a phased array: what the sound makes of a single scatterer."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.phantom.image.grid import Grid

_ZONE = 16  # samples whose beams are equally wide
_SIDE_LOBE_WIDTH = 7.0


@dataclass(frozen=True)
class PointSpread:
    """Gaussian in depth (`axial_mm`) and across the beam (`lateral_deg` at the focus); standard deviations of amplitude.

    Away from `focus_mm` the beam widens, at twice the focal depth by the factor `defocus`. It is never narrower than `beam_mm`:
    an aperture has a size. Side lobes are seven times as wide as the beam, at `side_lobe_db`.
    """

    axial_mm: float = 0.45
    lateral_deg: float = 0.45
    focus_mm: float = 80.0
    defocus: float = 1.6
    beam_mm: float = 0.35
    side_lobe_db: float = -32.0

    def lateral_deg_at(self, depth_mm: Tensor) -> Tensor:
        """Width in degrees of the beam at `depth_mm` (samples,), float32: of the same shape."""
        away = ((depth_mm - self.focus_mm).abs() / self.focus_mm).clamp(max=1)
        focused = self.lateral_deg * torch.sqrt(1 + (self.defocus**2 - 1) * away**2)
        aperture = torch.rad2deg(self.beam_mm / depth_mm.clamp_min(0.5))
        return torch.sqrt(focused**2 + aperture**2).clamp(max=6.0)


class Blur:
    """The point spread on a grid, as filters of unit energy: a homogeneous medium of independent scatterers keeps its power.

    `axial` (samples,) are the taps along a line. `lateral` (zones, lines, lines) are matrices: beams widen with depth.
    `coherent` (samples, 1) is what a sheet of scatterers in phase, one sample thick, is multiplied by. All are float32 without
    unit.
    """

    def __init__(self, spread: PointSpread, grid: Grid) -> None:
        samples, lines = grid.shape
        self.axial_sigma = max(_narrowed(torch.tensor(spread.axial_mm / grid.depth_step_mm)).item(), 0.5)
        self.axial = _taps(self.axial_sigma)
        zones = -(-samples // _ZONE)
        middles = grid.depth_mm[[min(zone * _ZONE + _ZONE // 2, samples - 1) for zone in range(zones)]]
        self.zone_sigma = _narrowed(spread.lateral_deg_at(middles) / grid.angle_step_deg).clamp_min(0.5)
        lag = torch.arange(lines, dtype=torch.float32)
        lag = (lag.reshape(-1, 1) - lag).square().unsqueeze(0)
        sigma = self.zone_sigma.reshape(-1, 1, 1)
        beams = torch.exp(-lag / (2 * sigma**2))
        beams = beams + 10 ** (spread.side_lobe_db / 20) * torch.exp(-lag / (2 * (_SIDE_LOBE_WIDTH * sigma) ** 2))
        self.lateral = beams / beams.square().sum(dim=1, keepdim=True).sqrt()
        sheet = self.lateral.sum(dim=1).median(dim=1).values * self.axial.max()
        self.coherent = sheet.repeat_interleave(_ZONE)[:samples].reshape(-1, 1)
        self.sigma = self.zone_sigma.repeat_interleave(_ZONE)[:samples].reshape(-1, 1)

    def __call__(self, field: Tensor) -> Tensor:
        """`field` (parts, samples, lines) of scatterers as it comes back: float32, of the same shape, no unit."""
        parts, samples, lines = field.shape
        half = len(self.axial) // 2
        padded = functional.pad(field, (0, 0, half, half + (-samples) % _ZONE))
        rows = padded.shape[1] - 2 * half
        along = padded[:, :rows] * self.axial[0]
        for shift in range(1, len(self.axial)):
            along.add_(padded[:, shift : shift + rows], alpha=float(self.axial[shift]))
        zones = along.reshape(parts, rows // _ZONE, _ZONE, lines) @ self.lateral
        return zones.reshape(parts, rows, lines)[:, :samples]


def _narrowed(sigma: Tensor) -> Tensor:
    """Scatterers of tissue are interpolated between samples, which widens their speckle, and those of blood are not.

    Half of that widening is taken off, so that both are within a few per cent of what is set.
    """
    return torch.sqrt((sigma * sigma - 1 / 12).clamp_min(0.04))


def _taps(sigma: float) -> Tensor:
    half = max(1, math.ceil(3 * sigma))
    taps = torch.exp(-0.5 * (torch.arange(-half, half + 1, dtype=torch.float32) / sigma) ** 2)
    return taps / taps.square().sum().sqrt()
