"""Tensors on "meta" have no numbers, and drawing them takes most of the time to build a network: tests draw none."""

import functools
from typing import Any

import torch


@functools.cache
def draw_nothing() -> None:
    for name in ("normal_", "uniform_"):
        setattr(torch.Tensor, name, _unless_meta(getattr(torch.Tensor, name)))


def _unless_meta(draw: Any) -> Any:
    @functools.wraps(draw)
    def drawn(tensor: torch.Tensor, *arguments: Any, **named: Any) -> torch.Tensor:
        return tensor if tensor.is_meta else draw(tensor, *arguments, **named)

    return drawn
