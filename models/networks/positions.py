"""Fixed sinusoidal positions of a sequence (Vaswani et al., Attention is all you need, NeurIPS 2017, section 3.5)."""

import math

import torch
from torch import Tensor


def sinusoidal_positions(length: int, width: int, device: torch.device | None = None) -> Tensor:
    """(length, width), float32, -1 to 1, `width` even: sin(t / 10000^(2i / width)) in column 2i, its cosine in column 2i + 1.

    >>> [round(value, 4) for value in sinusoidal_positions(2, 4)[1].tolist()]
    [0.8415, 0.5403, 0.01, 0.9999]
    """
    times = torch.arange(length, dtype=torch.float32, device=device)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32, device=device) * (-math.log(10_000.0) / width))
    return torch.stack([torch.sin(times * rates), torch.cos(times * rates)], dim=2).flatten(1)
