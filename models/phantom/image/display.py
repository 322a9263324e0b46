"""From envelope to grey: log compression, the smoothing of carts, and their families of grey maps."""

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor
from torch.nn import functional


class GreyMap(StrEnum):
    """How a cart turns compressed levels to grey."""

    POWER = "power"  # a gamma
    S_SHAPE = "s_shape"  # dark parts darker, bright parts brighter
    SHOULDER = "shoulder"  # soft clipping of bright parts
    KNEE = "knee"  # two straight pieces


@dataclass(frozen=True)
class Display:
    """Levels from `dynamic_range_db` below full scale up are shown, after `gain_db`; the lowest `reject` of them as black.

    `bend` is the grey map's own number, 0 to 1: none to strong. `smoothing_px` are the standard deviations of the cart's filter
    in samples and lines; `despeckle` 0 to 1 is the share of local variation that it takes out where there is no border.
    `persistence` is the share of the picture before that stays.
    """

    dynamic_range_db: float = 55.0
    gain_db: float = 0.0
    reject: float = 0.02
    grey_map: GreyMap = GreyMap.POWER
    bend: float = 0.4
    smoothing_px: tuple[float, float] = (0.0, 0.0)
    despeckle: float = 0.0
    persistence: float = 0.0


def compress(envelope: Tensor, display: Display, gain_db: Tensor | None = None) -> Tensor:
    """Grey (samples, lines), float32, 0 to 1, of `envelope` (samples, lines): an amplitude, 1 that of a 0 dB medium.

    `gain_db` (samples, 1) is added at its depth.
    """
    level = 20 * torch.log10(envelope.clamp_min(1e-6)) + display.gain_db
    if gain_db is not None:
        level = level + gain_db
    level = _filtered(level, display)
    shown = (level / display.dynamic_range_db + 1 - display.reject) / (1 - display.reject)
    return _mapped(shown.clamp_min(0), display)


def _filtered(level: Tensor, display: Display) -> Tensor:
    image = level.clamp_min(-display.dynamic_range_db - 10)[None, None]
    if display.despeckle > 0:
        # Lee 1980: towards the local mean, the more so the less the variance exceeds that of speckle (5.57 dB).
        mean = functional.avg_pool2d(image, (7, 5), 1, (3, 2), count_include_pad=False)
        square = functional.avg_pool2d(image * image, (7, 5), 1, (3, 2), count_include_pad=False)
        variance = (square - mean * mean).clamp_min(1.0)
        image = image + (mean - image) * display.despeckle * (5.57**2 / variance).clamp(max=1)
    for axis, sigma in enumerate(display.smoothing_px):
        if sigma > 0.2:
            half = max(1, round(2.5 * sigma))
            taps = torch.exp(-0.5 * (torch.arange(-half, half + 1, dtype=torch.float32) / sigma) ** 2)
            taps = (taps / taps.sum()).reshape((1, 1, -1, 1) if axis == 0 else (1, 1, 1, -1))
            margin = (0, 0, half, half) if axis == 0 else (half, half, 0, 0)
            image = functional.conv2d(functional.pad(image, margin, mode="replicate"), taps)
    return image[0, 0]


def _mapped(shown: Tensor, display: Display) -> Tensor:
    bend = display.bend
    if display.grey_map is GreyMap.SHOULDER:
        steep = 1 + 1.5 * bend
        return ((1 - torch.exp(-steep * shown**1.3)) / (1 - torch.exp(torch.tensor(-steep)))).clamp(max=1)
    shown = shown.clamp(max=1)
    if display.grey_map is GreyMap.S_SHAPE:
        return (1 - bend) * shown + bend * shown * shown * (3 - 2 * shown)
    if display.grey_map is GreyMap.KNEE:
        knee, low = 0.45, 0.45 * (1 - 0.7 * bend)
        return torch.where(shown < knee, shown * (low / knee), low + (shown - knee) * ((1 - low) / (1 - knee)))
    return shown ** (1 + 1.2 * bend)


def persisted(polar: Tensor, display: Display) -> Tensor:
    """`polar` (frames, samples, lines), float32, 0 to 1, each frame mixed with those before it: the same shape and unit."""
    if display.persistence <= 0:
        return polar
    kept = polar.clone()
    for index in range(1, len(kept)):
        kept[index] += display.persistence * (kept[index - 1] - kept[index])
    return kept
