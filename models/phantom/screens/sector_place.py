"""Where a sector lies on a screen, and its polar picture drawn there."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.phantom.rendered import SectorShape

Corners = tuple[int, int, int, int]  # left, top, right, bottom in px, all inside


@dataclass(frozen=True)
class SectorPlace:
    """`origin_px` is where the beams begin, (x, y) in px of the whole image, (0, 0) the centre of the top left pixel."""

    sector: SectorShape
    origin_px: tuple[float, float]
    mm_per_px: tuple[float, float]

    @classmethod
    def fitting(
        cls,
        sector: SectorShape,
        box_px: tuple[float, float, float, float],
        fill: float,
        shift: tuple[float, float],
        aspect: float,
    ) -> "SectorPlace":
        """As large as fits in `fill` of the box (left, top, right, bottom). `shift` is where in the room that is left: -1 to 1.

        A pixel is `aspect` times as tall as wide.
        """
        left, top, right, bottom = box_px
        width_mm = 2 * sector.far_mm * math.sin(sector.half_angle_rad)
        height_mm = sector.far_mm - sector.near_mm * math.cos(sector.half_angle_rad)
        mm_x = max(width_mm / (right - left), height_mm / (bottom - top) / aspect) / fill
        mm_y = mm_x * aspect
        room_x, room_y = right - left - width_mm / mm_x, bottom - top - height_mm / mm_y
        x = (left + right) / 2 + shift[0] * room_x / 2
        y = (top + bottom) / 2 + shift[1] * room_y / 2 - height_mm / mm_y / 2
        return cls(sector, (x, y - sector.near_mm * math.cos(sector.half_angle_rad) / mm_y), (mm_x, mm_y))

    def to_px(self, places_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """`places_mm`, float64 (..., 2), lateral and axial in mm, as x and y in px: float64 (..., 2)."""
        return np.asarray(self.origin_px + np.asarray(places_mm) / self.mm_per_px)

    @property
    def corners(self) -> Corners:
        """The smallest box with every pixel of the sector in it."""
        half_mm = self.sector.far_mm * math.sin(self.sector.half_angle_rad)
        top_mm = self.sector.near_mm * math.cos(self.sector.half_angle_rad)
        (left, top), (right, bottom) = self.to_px(np.array([[-half_mm, top_mm], [half_mm, self.sector.far_mm]]))
        return math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)

    def region(
        self,
        corners: Corners,
        data_type: RegionDataType = RegionDataType.TISSUE,
        *,
        anchored: bool = False,
        backwards: bool = False,
    ) -> RegionCalibration:
        """This scale between `corners`. `anchored` states the reference pixel; `backwards` lets x run against the columns."""
        left, top, right, bottom = corners
        dx, dy = (mm / 10 for mm in self.mm_per_px)
        region = RegionCalibration(
            left, top, right, bottom, RegionSpatialFormat.TWO_D, data_type, PhysicalUnit.CM, PhysicalUnit.CM,
            -dx if backwards else dx, dy,
        )  # fmt: skip
        if not anchored:
            return region
        x, y = (round(px) for px in self.origin_px)
        return replace(
            region,
            reference_pixel_x0_px=x - left,
            reference_pixel_y0_px=y - top,
            reference_physical_value_x=(x - self.origin_px[0]) * region.physical_delta_x,
            reference_physical_value_y=(y - self.origin_px[1]) * dy,
        )


class SectorDrawing:
    """How polar pictures of (samples, lines) become pixels of the place's `corners`, cut off at the screen's edges."""

    def __init__(self, place: SectorPlace, samples: int, lines: int, rows: int, columns: int) -> None:
        left, top, right, bottom = place.corners
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, columns - 1), min(bottom, rows - 1)
        self.area = (slice(top, bottom + 1), slice(left, right + 1))
        x, y = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
        lateral_mm, axial_mm = (
            (place_px - origin) * mm for place_px, origin, mm in zip((x, y), place.origin_px, place.mm_per_px, strict=True)
        )
        radius_mm, angle = np.hypot(lateral_mm, axial_mm), np.arctan2(lateral_mm, axial_mm)
        sector = place.sector
        pitch_mm = (sector.far_mm - sector.near_mm) / max(samples - 1, 1)
        self._sample = ((radius_mm - sector.near_mm) / pitch_mm).astype(np.float32)
        self._line = ((angle / sector.half_angle_rad + 1) * (lines - 1) / 2).astype(np.float32)
        within = (radius_mm >= sector.near_mm) & (radius_mm <= sector.far_mm) & (np.abs(angle) <= sector.half_angle_rad)
        self.inside: NDArray[np.bool_] = within
        self._smoothing = max(0.0, 0.4 * (place.mm_per_px[1] / pitch_mm - 1))  # samples finer than pixels would alias

    def draw(self, polar: NDArray[np.float32], *, nearest: bool = False) -> NDArray[np.float32]:
        """`polar`, float32 (samples, lines) of any unit, as float32 (rows, columns) of `area`; 0 outside the sector.

        Values are those of the nearest sample where `nearest`, else interpolated.
        """
        if not nearest and self._smoothing > 0.2:
            polar = np.asarray(cv2.GaussianBlur(polar, (1, 0), sigmaX=0.01, sigmaY=self._smoothing))
        how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        drawn = cv2.remap(polar, self._line, self._sample, how, borderMode=cv2.BORDER_REPLICATE)
        return np.where(self.inside, drawn, np.float32(0)).astype(np.float32)
