"""A network that gives its features instead of its answer."""

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from models.errors import UnsuitableModel
from models.library.model import Model
from models.library.recipe import Layer


class Embedding(nn.Module):
    """`batch`, frames (n, channels, h, w) or clips (n, channels, frames, h, w) as the network takes them, float32.

    Gives what its head takes, features (n, width), float32.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Tensor) -> Tensor:
        features: Tensor = self.network.embed(batch)  # type: ignore[operator]
        return features


class LastMaps(nn.Module):
    """`batch`, frames (n, channels, h, w) or clips (n, channels, frames, h, w) as the network takes them, float32.

    Gives the features of `layer` as maps (n, channels, ...), float32; `layer.form` says how they lie.
    """

    def __init__(self, network: nn.Module, layer: Layer) -> None:
        super().__init__()
        self.network, self.layer = network, layer

    def forward(self, batch: Tensor) -> Tensor:
        seen: list[Any] = []
        handle = self.layer.of(self.network).register_forward_hook(lambda _, __, output: seen.append(output))
        try:
            self.network(batch)
        finally:
            handle.remove()
        maps: Tensor = self.layer.maps(seen[0], *batch.shape[-2:])
        return maps


def features_alone(model: Model) -> Model:
    """The same model whose network gives features. Raises UnsuitableModel for one that has none to show."""
    if model.recipe.encodes is not None:
        alone: nn.Module = Embedding(model.network)
    elif model.recipe.heat_map is not None:
        alone = LastMaps(model.network, model.recipe.heat_map.layer)
    else:
        why = model.recipe.no_heat_map or f"nothing says where the features of its family {model.recipe.family} are"
        raise UnsuitableModel(f"model {model.manifest.name} gives no features: {why}")
    return replace(model, network=alone.eval(), features_only=True)
