"""What comes between the sound and the picture: clutter, haze, shadows, lost beams, gain over depth, noise."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from models.phantom.image.grid import Grid
from models.phantom.image.texture import patches


@dataclass(frozen=True)
class Clutter:
    """Echoes that do not move with the heart, in dB (0 is the brightest display level).

    Near the probe: `near_db` at its face, less by 8.7 dB every `near_mm`, in layers `layer_mm` apart that stand out by
    `layer_db`. Haze: `haze_db` in a patch at `haze_at` (across -1 to 1, depth 0 to 1) of size `haze_size`, and `veil_db` below
    that everywhere. `still` is the share of the haze that stays the same from frame to frame.
    """

    near_db: float = -30.0
    near_mm: float = 9.0
    layer_mm: float = 6.0
    layer_db: float = 4.0
    haze_db: float = -60.0
    haze_at: tuple[float, float] = (0.0, 0.4)
    haze_size: tuple[float, float] = (0.5, 0.3)
    veil_db: float = 12.0
    still: float = 0.7


@dataclass(frozen=True)
class Shadow:
    """Beams that a rib or the lung takes: `centre` and `half_width` across (-1 to 1), `loss_db` from depth `start` (0 to 1)."""

    centre: float
    half_width: float
    loss_db: float
    start: float = 0.0


@dataclass(frozen=True)
class Gains:
    """How much of the echo arrives, and how the cart amplifies it over depth.

    `edge_loss_db` is lost at the sector's sides, `far_loss_db` at its far end, `lost_db` in patches that cover `lost_share` of
    the picture; `uneven_db` is how much the window changes from place to place. `tgc_db` are the errors of the sliders of
    time-gain compensation, from near to far, which amplify noise as well; `focus_db` is the bright band at the focus.
    """

    edge_loss_db: float = 6.0
    far_loss_db: float = 0.0
    lost_db: float = 0.0
    lost_share: float = 0.0
    uneven_db: float = 0.0
    shadows: tuple[Shadow, ...] = ()
    tgc_db: tuple[float, ...] = (0.0,) * 8
    focus_db: float = 0.0


def clutter_amplitude(clutter: Clutter, grid: Grid, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Amplitude of near clutter and of haze on `grid`: two of (samples, lines), float32; 1 is that of a 0 dB medium."""
    below, shape = grid.below_face_mm, grid.shape
    extent = float(below[-1])
    wavy = patches(shape, (extent / 30, 2), generator)
    layered = torch.cos(2 * math.pi * below / clutter.layer_mm + 1.5 * wavy)
    uneven = patches(shape, (extent / 9, 4), generator)
    streaks = patches(shape, (extent / 2.5, 3), generator)
    near_db = clutter.near_db - 8.7 * below / clutter.near_mm + clutter.layer_db * (0.6 * layered + 0.8 * streaks) + 3 * uneven
    (x, depth), (width, height) = clutter.haze_at, clutter.haze_size
    patch = torch.exp(-(((grid.across - x) / width) ** 2) - ((grid.depth_share - depth) / height) ** 2)
    cloudy = patches(shape, (3, 3), generator)
    haze_db = clutter.haze_db + 20 * torch.log10(patch + 10 ** (-clutter.veil_db / 20)) + 2.5 * cloudy
    return 10 ** (near_db.clamp_max(clutter.near_db + 12) / 20), 10 ** (haze_db / 20)


def beam_gain(gains: Gains, grid: Grid, generator: torch.Generator) -> Tensor:
    """Share of the echo's amplitude that arrives: (samples, lines), float32, 0 to 1."""
    down, across = grid.depth_share, grid.across
    loss_db = gains.edge_loss_db * across**4 + gains.far_loss_db * ((down - 0.45).clamp_min(0) / 0.55) ** 1.5
    window = patches(grid.shape, (2, 2), generator)
    loss_db = loss_db + gains.uneven_db * (window + 1).clamp_min(0)
    wobble = 0.15 * patches(grid.shape, (4, 2), generator)
    for shadow in gains.shadows:
        beside = (across - shadow.centre).abs() / shadow.half_width + wobble
        loss_db = loss_db + shadow.loss_db * torch.sigmoid((1 - beside) * 6) * torch.sigmoid((down - shadow.start) * 60)
    if gains.lost_share > 0:
        uneven = patches(grid.shape, (5, 5), generator)
        limit = torch.quantile(uneven.reshape(-1), 1 - min(gains.lost_share, 0.99))
        loss_db = loss_db + gains.lost_db * torch.sigmoid((uneven - limit) * 5)
    return torch.pow(10.0, -loss_db.clamp_min(0) / 20).expand(grid.shape)


def depth_gain_db(gains: Gains, grid: Grid, focus_mm: float) -> Tensor:
    """What the cart adds at each depth, in dB: (samples, 1), float32. `focus_mm` is counted from the beams' origin."""
    place = grid.depth_share * (len(gains.tgc_db) - 1)
    before = place.floor().clamp(max=len(gains.tgc_db) - 2)
    sliders = torch.tensor(gains.tgc_db, dtype=torch.float32)
    index, share = before.long(), place - before
    share = share * share * (3 - 2 * share)  # a slider works on its own depth, with short transitions
    curve = sliders[index] * (1 - share) + sliders[index + 1] * share
    return curve + gains.focus_db * torch.exp(-(((grid.depth_mm.reshape(-1, 1) - focus_mm) / 12) ** 2))


def noise_amplitude(noise_db: float, rise_db: float, grid: Grid) -> Tensor:
    """Electronic noise, (samples, 1), float32, an amplitude: `noise_db` at the far end, `rise_db` less at the probe."""
    return torch.pow(10.0, (noise_db - rise_db * (1 - grid.depth_share)) / 20)
