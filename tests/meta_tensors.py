"""Tensors on "meta" have no numbers, and drawing them takes most of the time to build a network: tests draw none."""

import functools
from typing import Any

import torch

_DRAWING = ("normal_", "uniform_", "erfinv_")
_SCALING = ("mul_", "add_", "clamp_")  # of what was drawn, by numbers


@functools.cache
def draw_nothing() -> None:
    for name in _DRAWING + _SCALING:
        setattr(torch.Tensor, name, _unless_meta(getattr(torch.Tensor, name)))


def _unless_meta(draw: Any) -> Any:
    @functools.wraps(draw)
    def drawn(tensor: torch.Tensor, *arguments: Any, **named: Any) -> torch.Tensor:
        if tensor.is_meta and not any(isinstance(one, torch.Tensor) for one in (*arguments, *named.values())):
            return tensor
        return draw(tensor, *arguments, **named)

    return drawn
