"""The three attention blocks that Echo-Motion names: maps (n, channels, h, w) -> weighed maps of the same shape.

Its page says neither their sizes nor their places; the sizes here are the papers' usual ones.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

_REDUCTION = 16  # SE and CBAM: width of the gate's hidden layer
_QUERY_REDUCTION = 8  # DANet: width of queries and keys
_SPATIAL_KERNEL = 7  # CBAM


class SqueezeExcitation(nn.Module):
    """Hu et al., CVPR 2018: every channel times a gate that all channels' means decide.

    `maps` (n, channels, h, w) -> the same shape, float32 activations.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate_layers = _bottleneck(channels)

    def gate(self, maps: Tensor) -> Tensor:
        """(n, channels), 0 to 1."""
        return torch.sigmoid(self.gate_layers(maps.mean(dim=(2, 3))))

    def forward(self, maps: Tensor) -> Tensor:
        return maps * self.gate(maps)[:, :, None, None]


class ConvBlockAttention(nn.Module):
    """CBAM, Woo et al., ECCV 2018: first the channels are weighed by their means and largest values, then the places.

    `maps` (n, channels, h, w) -> the same shape, float32 activations.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate_layers = _bottleneck(channels)
        self.spatial = nn.Conv2d(2, 1, _SPATIAL_KERNEL, padding=_SPATIAL_KERNEL // 2)

    def channel_gate(self, maps: Tensor) -> Tensor:
        """(n, channels), 0 to 1; both poolings share the layers."""
        return torch.sigmoid(self.gate_layers(maps.mean(dim=(2, 3))) + self.gate_layers(maps.amax(dim=(2, 3))))

    def spatial_gate(self, maps: Tensor) -> Tensor:
        """(n, 1, h, w), 0 to 1, from the mean and the largest value over the channels, in this order."""
        pooled = torch.cat([maps.mean(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(self.spatial(pooled))

    def forward(self, maps: Tensor) -> Tensor:
        weighed = maps * self.channel_gate(maps)[:, :, None, None]
        return weighed * self.spatial_gate(weighed)


class DualAttention(nn.Module):
    """DANet, Fu et al., CVPR 2019: every place looks at all places, every channel at all channels; both are added to the maps.

    `maps` (n, channels, h, w) -> the same shape, float32 activations; cells are the h * w places, row by row.

    Both shares start at 0, so that an untrained block changes nothing, and then queries, keys and values have no gradient yet.
    The convolutions that the paper puts around the two branches are left out. Cost: the square of h * w.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(channels // _QUERY_REDUCTION, 1)
        self.query = nn.Conv2d(channels, narrow, 1)
        self.key = nn.Conv2d(channels, narrow, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.position_share = nn.Parameter(torch.zeros(1))
        self.channel_share = nn.Parameter(torch.zeros(1))

    def position_weights(self, maps: Tensor) -> Tensor:
        """(n, cells, cells): how much each cell takes from each; rows sum to 1."""
        queries, keys = self.query(maps).flatten(2), self.key(maps).flatten(2)
        weights: Tensor = (queries.transpose(1, 2) @ keys).softmax(dim=2)
        return weights

    def channel_weights(self, maps: Tensor) -> Tensor:
        """(n, channels, channels): how much each channel takes from each; rows sum to 1."""
        cells = maps.flatten(2)
        return (cells @ cells.transpose(1, 2)).softmax(dim=2)

    def forward(self, maps: Tensor) -> Tensor:
        by_position = self.value(maps).flatten(2) @ self.position_weights(maps).transpose(1, 2)
        by_channel = self.channel_weights(maps) @ maps.flatten(2)
        added: Tensor = self.position_share * by_position + self.channel_share * by_channel
        return maps + added.view_as(maps)


ATTENTIONS: dict[str, Callable[[int], nn.Module]] = {
    "SE": SqueezeExcitation,
    "CBAM": ConvBlockAttention,
    "DANet": DualAttention,
}


def _bottleneck(channels: int) -> nn.Module:
    hidden = max(channels // _REDUCTION, 1)
    return nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
