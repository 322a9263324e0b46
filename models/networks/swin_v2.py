"""Swin Transformer V2's feature maps of frames whose sides need not be multiples of the window. Liu et al., CVPR 2022.

The arithmetic is that of the Keras library keras_cv_attention_models. timm's differs in two places. Here a map is padded behind
its last row and column *before* it is shifted. And here vectors shorter than a thousandth are not brought to length one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional

STEM_PX = 4
EPSILON = 1e-5  # of every LayerNorm
LEAST_SQUARE = 1e-6  # of a vector that is still brought to length one
LARGEST_LOG_SCALE = log(100)
MASKED = -100.0  # added, not put in place: with a scale of 100 a masked place may still be looked at
_HIDDEN = 512  # width of the net that makes a bias of a distance

Sides = tuple[int, int]


@dataclass(frozen=True)
class WindowPlan:
    """How a map of `map_sides` is cut: into windows of `window`, after padding to `padded` and shifting by `shift`."""

    map_sides: Sides
    window: Sides
    padded: Sides
    shift: Sides


def window_plan(map_sides: Sides, window: int, *, shifted: bool) -> WindowPlan:
    """A window is never larger than the map, and one that covers the map is not shifted.

    >>> window_plan((56, 56), 16, shifted=True)
    WindowPlan(map_sides=(56, 56), window=(16, 16), padded=(64, 64), shift=(8, 8))
    """
    rows, columns = (min(window, side) for side in map_sides)
    moves = shifted and (rows, columns) != map_sides
    return WindowPlan(
        map_sides,
        (rows, columns),
        (-(-map_sides[0] // rows) * rows, -(-map_sides[1] // columns) * columns),
        (rows // 2, columns // 2) if moves else (0, 0),
    )


def map_sides(input_sides: Sides, stages: int) -> list[Sides]:
    """The sides of the map of each stage, for frames of `input_sides` px.

    The stem leaves rests out; each further stage halves, rounded up.

    >>> map_sides((224, 224), 4)
    [(56, 56), (28, 28), (14, 14), (7, 7)]
    """
    rows, columns = (
        accumulate(repeat(2, stages - 1), lambda side, step: -(-side // step), initial=side // STEM_PX) for side in input_sides
    )
    return list(zip(rows, columns, strict=True))


class SwinV2(nn.Module):
    """RGB `frames` (n, 3, h, w), float32, of `input_sides` px -> activations (n, channels, h / 32, w / 32).

    The channels double at each stage, and the last maps are normalised. `depths` and `heads` are those of each stage.
    `position_windows`, one a stage, is the window whose width counts as distance 8 in the position bias: that of the training;
    0 is the stage's own.
    """

    def __init__(
        self,
        input_sides: Sides,
        width: int,
        depths: Sequence[int],
        heads: Sequence[int],
        window: int,
        position_windows: Sequence[int],
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, STEM_PX, stride=STEM_PX)
        self.stem_norm = nn.LayerNorm(width, eps=EPSILON)
        stages: list[nn.Module] = []
        of_stages = zip(map_sides(input_sides, len(depths)), depths, heads, position_windows, strict=True)
        for number, (sides, depth, count, position_window) in enumerate(of_stages):
            channels = width << number
            plans = (window_plan(sides, window, shifted=index % 2 == 1) for index in range(depth))
            blocks = [Block(channels, count, plan, position_window) for plan in plans]
            stages.append(nn.Sequential(Merging(channels // 2) if number else nn.Identity(), *blocks))
        self.stages = nn.Sequential(*stages)
        self.norm = nn.LayerNorm(width << (len(depths) - 1), eps=EPSILON)

    def forward(self, frames: Tensor) -> Tensor:
        maps: Tensor = self.stages(self.stem_norm(self.stem(frames).permute(0, 2, 3, 1)))
        return self.norm(maps).permute(0, 3, 1, 2)  # type: ignore[no-any-return]


class Merging(nn.Module):
    """`maps` (n, h, w, c) -> (n, h / 2, w / 2, 2 * c), float32 activations; odd sides are padded.

    Of four neighbours the lower left is the second.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)
        self.norm = nn.LayerNorm(2 * channels, eps=EPSILON)

    def forward(self, maps: Tensor) -> Tensor:
        rows, columns, channels = maps.shape[1:]
        maps = functional.pad(maps, (0, 0, 0, columns % 2, 0, rows % 2))
        quarters = maps.reshape(-1, (rows + 1) // 2, 2, (columns + 1) // 2, 2, channels)
        merged: Tensor = self.norm(self.reduction(quarters.permute(0, 1, 3, 4, 2, 5).flatten(3)))
        return merged


class Block(nn.Module):
    """Attention within windows, then a net for each place: `maps` (n, h, w, c) -> (n, h, w, c), float32 activations.

    What each of the two gives is normalised before it is added.
    """

    def __init__(self, channels: int, heads: int, plan: WindowPlan, position_window: int) -> None:
        super().__init__()
        self.plan = plan
        self.attention = WindowAttention(channels, heads, plan.window, position_window)
        self.attention_norm = nn.LayerNorm(channels, eps=EPSILON)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.mlp_norm = nn.LayerNorm(channels, eps=EPSILON)

    def forward(self, maps: Tensor) -> Tensor:
        maps = maps + self.attention_norm(self.attend(maps))
        return maps + self.mlp_norm(self.mlp(maps))  # type: ignore[no-any-return]

    def attend(self, maps: Tensor) -> Tensor:
        """What attention gives for `maps` (n, h, w, c), not yet added to them: (n, h, w, c), float32 activations."""
        (rows, columns), (down, right) = self.plan.map_sides, self.plan.shift
        below, beside = (whole - side for whole, side in zip(self.plan.padded, self.plan.map_sides, strict=True))
        maps = functional.pad(maps, (0, 0, 0, beside, 0, below))
        if not down:
            return self._within_windows(maps, None)[:, :rows, :columns]
        shifted = self._within_windows(maps.roll((-down, -right), dims=(1, 2)), region_mask(self.plan, maps))
        return shifted.roll((down, right), dims=(1, 2))[:, :rows, :columns]

    def _within_windows(self, maps: Tensor, mask: Tensor | None) -> Tensor:
        height, width = self.plan.window
        down, across = self.plan.padded[0] // height, self.plan.padded[1] // width
        channels = maps.shape[-1]
        cut = maps.reshape(-1, down, height, across, width, channels).permute(0, 1, 3, 2, 4, 5)
        seen = self.attention(cut.reshape(-1, height * width, channels), mask)
        joined = seen.reshape(-1, down, across, height, width, channels).permute(0, 1, 3, 2, 4, 5)
        whole: Tensor = joined.reshape(-1, down * height, across * width, channels)
        return whole


def region_mask(plan: WindowPlan, like: Tensor) -> Tensor:
    """(windows, places, places): 0 between places that were neighbours before the shift, MASKED between others.

    It has the dtype and the device of `like`, a float32 tensor of any shape. It is added to logits.
    """
    regions = []
    for side, window, shift in zip(plan.padded, plan.window, plan.shift, strict=True):
        place = torch.arange(side, device=like.device)
        regions.append((place >= side - window).long() + (place >= side - shift).long())
    (height, width), (down, across) = plan.window, (plan.padded[0] // plan.window[0], plan.padded[1] // plan.window[1])
    region = (3 * regions[0][:, None] + regions[1]).reshape(down, height, across, width).permute(0, 2, 1, 3)
    region = region.reshape(down * across, height * width)
    return (region[:, None, :] != region[:, :, None]).to(like.dtype) * MASKED


class WindowAttention(nn.Module):
    """Attention by the cosine between query and key: `windows` (n, places, channels) -> the same shape, float32 activations.

    `mask` (windows, places, places) is what `region_mask` gives. Keys have no bias.
    """

    def __init__(self, channels: int, heads: int, window: Sides, position_window: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.query_bias, self.value_bias = Bias(channels), Bias(channels)
        self.scale = LogitScale(heads)
        self.position = PositionBias(heads, window, position_window)
        self.output = nn.Linear(channels, channels)

    def forward(self, windows: Tensor, mask: Tensor | None) -> Tensor:
        query, key, value = self.qkv(windows).chunk(3, dim=-1)
        by_head = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query_bias(query), key, self.value_bias(value))
        )
        query, key, value = by_head
        logits = self.scale(unit(query) @ unit(key).transpose(-2, -1)) + self.position()
        if mask is not None:
            logits = (logits.unflatten(0, (-1, len(mask))) + mask[:, None]).flatten(0, 1)
        seen: Tensor = self.output((logits.softmax(dim=-1) @ value).transpose(1, 2).flatten(2))
        return seen


def unit(vectors: Tensor) -> Tensor:
    """`vectors` (..., width), float32 activations, brought to length one: (..., width)."""
    return vectors * vectors.square().sum(dim=-1, keepdim=True).clamp(min=LEAST_SQUARE).rsqrt()


class Bias(nn.Module):
    """A number for each channel, added to `values` (..., channels): (..., channels), float32 activations."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, values: Tensor) -> Tensor:
        return values + self.bias


class LogitScale(nn.Module):
    """A factor for each head, stored as its logarithm and at most 100.

    `cosines` (n, heads, places, places), -1 to 1 -> logits of the same shape, float32.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.full((heads, 1, 1), log(10)))

    def forward(self, cosines: Tensor) -> Tensor:
        return cosines * self.log_scale.clamp(max=LARGEST_LOG_SCALE).exp()


class PositionBias(nn.Module):
    """(heads, places, places), 0 to 16: a small net's answer to how far two places lie apart, on a scale of logarithms."""

    def __init__(self, heads: int, window: Sides, position_window: int) -> None:
        super().__init__()
        self.window = window
        self.reach = tuple((position_window or side) - 1 for side in window)
        self.hidden = nn.Linear(2, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, heads, bias=False)

    def forward(self) -> Tensor:
        """Added to logits: (heads, places, places), float32, 0 to 16."""
        weight = self.hidden.weight
        (height, width), places = self.window, [torch.arange(side, device=weight.device) for side in self.window]
        down, across = (self.distances(side, reach) for side, reach in zip(self.window, self.reach, strict=True))
        grid = torch.stack([down[:, None].expand(-1, len(across)), across.expand(len(down), -1)], dim=-1)
        biases = 16 * self.out(self.hidden(grid.to(weight.dtype)).relu()).sigmoid()
        row, column = (place[:, None] - place + len(place) - 1 for place in places)
        pairs = biases[row[:, None, :, None], column[None, :, None, :]]  # (height, width, height, width, heads)
        return pairs.reshape(height * width, height * width, -1).permute(2, 0, 1)  # type: ignore[no-any-return]

    def distances(self, side: int, reach: int) -> Tensor:
        """From -side + 1 to side - 1 places on a scale of logarithms: (2 * side - 1,), float32, no unit.

        `reach` places count 8, and 8 becomes log2(9) / 3.
        """
        dtype = torch.promote_types(self.hidden.weight.dtype, torch.float32)
        steps = torch.arange(1 - side, side, dtype=dtype, device=self.hidden.weight.device) * (8 / max(reach, 1))
        return steps.sign() * steps.abs().log1p() / log(8)
