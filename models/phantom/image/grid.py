"""Where the samples of a polar picture lie, in the plane and in the heart, and how they become pixels."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from models.phantom.rendered import SectorShape


class Vectors(Protocol):
    """Three coordinates of many places or directions: `x`, `y`, `z` of one shape, float32, mm or unit vectors."""

    @property
    def x(self) -> Tensor: ...
    @property
    def y(self) -> Tensor: ...
    @property
    def z(self) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class Grid:
    """Samples of a polar picture: `depth_mm` (samples,) and `angle_rad` (lines,), float32, both uniform.

    Depth is counted from the origin of the beams, which lies `depth_mm[0]` behind the probe's face. The angle is counted from
    the central beam, negative at the image's left.
    """

    depth_mm: Tensor
    angle_rad: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.depth_mm), len(self.angle_rad)

    @property
    def depth_step_mm(self) -> float:
        return float(self.depth_mm[1] - self.depth_mm[0])

    @property
    def angle_step_deg(self) -> float:
        return math.degrees(float(self.angle_rad[1] - self.angle_rad[0]))

    @property
    def depth_share(self) -> Tensor:
        """Depth below the probe's face as a share of the image's, 0 to 1: (samples, 1), float32."""
        below = self.depth_mm - self.depth_mm[0]
        return (below / below[-1]).reshape(-1, 1)

    @property
    def below_face_mm(self) -> Tensor:
        """Depth below the probe's face in mm: (samples, 1), float32."""
        return (self.depth_mm - self.depth_mm[0]).reshape(-1, 1)

    @property
    def across(self) -> Tensor:
        """Place across the sector, -1 to 1: (1, lines), float32."""
        return (self.angle_rad / self.angle_rad[-1]).reshape(1, -1)

    def places_mm(self) -> tuple[Tensor, Tensor]:
        """Lateral and axial place of every sample in mm from the origin of the beams: two of (samples, lines), float32."""
        depth = self.depth_mm.reshape(-1, 1)
        return depth * torch.sin(self.angle_rad), depth * torch.cos(self.angle_rad)


def polar_grid(sector: SectorShape, samples: int, lines: int) -> Grid:
    """The grid of a picture of `sector`; its first and last samples and lines lie on the sector's border."""
    return Grid(
        torch.linspace(sector.near_mm, sector.far_mm, samples),
        torch.linspace(-sector.half_angle_rad, sector.half_angle_rad, lines),
    )


def box_mm(sector: SectorShape) -> tuple[float, float, float, float]:
    """The smallest upright box round the sector: left, top, right, bottom in mm from the origin of the beams."""
    reach = sector.far_mm * math.sin(min(sector.half_angle_rad, math.pi / 2))
    return -reach, sector.near_mm * math.cos(sector.half_angle_rad), reach, sector.far_mm


def square_places_mm(sector: SectorShape, size_px: int) -> tuple[Tensor, Tensor]:
    """Lateral and axial place in mm of the pixels of a square with the sector's box in its middle: two of (rows, columns).

    Both are float32; the box's longer side fills the square.
    """
    left, top, right, bottom = box_mm(sector)
    mm_per_px = max(right - left, bottom - top) / size_px
    along = (torch.arange(size_px, dtype=torch.float32) + 0.5 - size_px / 2) * mm_per_px
    axial, lateral = torch.meshgrid(along + (top + bottom) / 2, along, indexing="ij")
    return lateral, axial


def scan_convert(polar: Tensor, sector: SectorShape, lateral_mm: Tensor, axial_mm: Tensor) -> Tensor:
    """Pixels of `polar` (frames, samples, lines), float32: (frames, rows, columns), 0 outside the sector.

    `lateral_mm` and `axial_mm` (rows, columns), float32, are the places of the pixels, in mm from the origin of the beams.
    """
    depth, angle = torch.hypot(lateral_mm, axial_mm), torch.atan2(lateral_mm, axial_mm)
    down = 2 * (depth - sector.near_mm) / (sector.far_mm - sector.near_mm) - 1
    where = torch.stack((angle / sector.half_angle_rad, down), dim=-1).unsqueeze(0)
    inside = (where.abs() <= 1).all(dim=-1)
    pixels = functional.grid_sample(polar.unsqueeze(0), where, align_corners=True, padding_mode="border")
    return pixels[0] * inside


def square_picture(polar: Tensor, sector: SectorShape, size_px: int) -> Tensor:
    """`polar` (frames, samples, lines), 0 to 1, float32: squares (frames, rows, columns).

    Each pixel is the mean of four places, for single ones would alias the speckle of small pictures.
    """
    fine = scan_convert(polar, sector, *square_places_mm(sector, 2 * size_px))
    return functional.avg_pool2d(fine.unsqueeze(0), 2)[0]
