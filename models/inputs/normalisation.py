"""Frames minus a mean, by a standard deviation."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Normalisation:
    """`mean` and `deviation` of the training clips, each (3,), float32, red first, on the scale 0 to 255."""

    mean: Tensor
    deviation: Tensor

    def apply(self, frames: NDArray[np.uint8]) -> Tensor:
        """RGB `frames` (n, rows, columns, 3), 0 to 255 -> (3, n, rows, columns), float32, in standard deviations."""
        values = torch.from_numpy(np.ascontiguousarray(frames)).float().permute(3, 0, 1, 2)
        return (values - self.mean[:, None, None, None]) / self.deviation[:, None, None, None]
