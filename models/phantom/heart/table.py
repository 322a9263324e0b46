"""Surfaces round an axis as tables: the squared radius by height and angle, interpolated linearly between nodes.

A volume is the sum over the nodes of its table, and equals that of the interpolated surface exactly. Nodes lie at heights 0 and
1, so no cell is cut. Beyond the tip a squared radius goes on below zero.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.phantom.heart.kinds import Points

Array = NDArray[np.float64]
_SMALL = 1e-6


@dataclass(frozen=True)
class Grid:
    """Nodes of a table: heights from `low` to `high` with `steps` steps from 0 to 1, and `angles` angles round the axis."""

    low: float
    high: float
    steps: int
    angles: int

    @property
    def heights(self) -> Array:
        """float64 (heights,): 0 at one end of the chamber, 1 at the other; any unit of length divides out."""
        return np.asarray(np.arange(round(self.low * self.steps), round(self.high * self.steps) + 1) / self.steps)

    @property
    def angle_rad(self) -> Array:
        """float64 (angles,): in rad, from 0."""
        return np.asarray(np.arange(self.angles) * (2 * math.pi / self.angles))

    def integral(self, values: Array) -> Array:
        """Integral of `values` (..., heights, angles), float64, any unit, over height 0..1 and all angles: any shape."""
        first = -round(self.low * self.steps)
        inside = values[..., first : first + self.steps + 1, :].sum(axis=-1)
        trapezoid = inside.sum(axis=-1) - (inside[..., 0] + inside[..., -1]) / 2
        return np.asarray(trapezoid / self.steps * (2 * math.pi / self.angles))


VENTRICLE_GRID = Grid(-0.2, 1.25, 80, 96)
ATRIUM_GRID = Grid(-0.2, 1.2, 40, 64)


def closed(values: Array) -> Tensor:
    """A float64 tensor (channels, heights, angles + 1) of `values` (channels, heights, angles), their unit: full circle."""
    return torch.from_numpy(np.concatenate((values, values[..., :1]), axis=-1))


def look_up(table: Tensor, grid: Grid, height: Tensor, angle_rad: Tensor) -> tuple[Tensor, ...]:
    """Each channel of `table` (channels, heights, angles + 1) at `height` and `angle_rad`, both of any shape, the same shape.

    The dtype is any float. `angle_rad` is -pi to pi; heights beyond the table take its edge. The unit is the table's.
    """
    across = torch.where(angle_rad < 0, angle_rad + 2 * math.pi, angle_rad) * (1 / math.pi) - 1
    along = (height - grid.low) * (2 / (grid.high - grid.low)) - 1
    places = torch.stack((across, along), dim=-1).reshape(1, 1, -1, 2)
    values = functional.grid_sample(
        table.unsqueeze(0).to(height), places, mode="bilinear", padding_mode="border", align_corners=True
    )
    return tuple(values[0, :, 0].reshape(-1, *height.shape).unbind(0))


def distance_to(distance: Tensor, square: Tensor, slope_mm: Tensor, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Points]:
    """First-order signed distance in mm to `distance`^2 = `square`, negative inside, and the unit vector away from it.

    All take one shape and give the same shape, any float dtype. `slope_mm` is d(square)/dz, `cosine` and `sine` are those of
    the angle about the axis.
    """
    radius = torch.sqrt(square.clamp_min(0))
    radial = distance + radius
    inverse = torch.rsqrt(radial * radial + slope_mm * slope_mm + _SMALL)
    radial, axial = radial * inverse, -slope_mm * inverse
    return (distance * distance - square) * inverse, Points(radial * cosine, radial * sine, axial)


def smooth_step(x: Array) -> Array:
    """0 at x <= 0, 1 at x >= 1 and a cubic between, float64, of the same shape as `x`, any shape, 0 to 1."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3 - 2 * x))
