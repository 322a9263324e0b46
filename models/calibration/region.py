"""One ultrasound region as its sender describes it (PS3.3 C.8.5.5)."""

from dataclasses import dataclass
from enum import IntEnum


class RegionSpatialFormat(IntEnum):
    """(0018,6012), PS3.3 C.8.5.5.1.1."""

    NONE = 0
    TWO_D = 1
    M_MODE = 2
    SPECTRAL = 3
    WAVEFORM = 4
    GRAPHICS = 5


class RegionDataType(IntEnum):
    """(0018,6014), PS3.3 C.8.5.5.1.2; the values an echo node meets."""

    NONE = 0
    TISSUE = 1
    COLOUR_FLOW = 2
    PW_SPECTRAL = 3
    CW_SPECTRAL = 4
    ECG = 10


class PhysicalUnit(IntEnum):
    """(0018,6024) and (0018,6026), PS3.3 C.8.5.5.1.15."""

    NONE = 0
    PERCENT = 1
    DECIBEL = 2
    CM = 3
    SECONDS = 4
    HERTZ = 5
    DB_PER_SECOND = 6
    CM_PER_SECOND = 7


@dataclass(frozen=True)
class RegionCalibration:
    """One item of Sequence of Ultrasound Regions (0018,6011), as written by the sender.

    The location is in image pixels, 0-based, both corners inclusive; x counts columns, y counts rows. Deltas keep their
    sign: a negative `physical_delta_x` means that the physical axis runs against the columns, never a negative length.
    The reference pixel is counted from the region's top left one and may lie outside the region; the physical values belong to
    it, in the axis' units, and are 0 where the sender states none. The correction angle is that by which the sender has already
    turned the velocities.
    Not to be confused with Pixel Spacing (0028,0030), which is in millimetres, row first, and absent from echo clips.
    """

    x0_px: int
    y0_px: int
    x1_px: int
    y1_px: int
    spatial_format: int
    data_type: int
    physical_unit_x: int
    physical_unit_y: int
    physical_delta_x: float
    physical_delta_y: float
    reference_pixel_x0_px: int | None = None
    reference_pixel_y0_px: int | None = None
    reference_physical_value_x: float = 0.0
    reference_physical_value_y: float = 0.0
    doppler_correction_angle_deg: float = 0.0

    @property
    def cm_per_px(self) -> tuple[float, float]:
        """Size of one pixel (x, y) in cm, positive. Raises ValueError where the region is not in centimetres.

        >>> RegionCalibration(0, 0, 9, 9, 1, 1, 3, 3, -0.05, 0.04).cm_per_px
        (0.05, 0.04)
        """
        if (self.physical_unit_x, self.physical_unit_y) != (PhysicalUnit.CM, PhysicalUnit.CM):
            raise ValueError("region is not in centimetres on both axes")
        return abs(self.physical_delta_x), abs(self.physical_delta_y)

    def physical_y(self, row_px: float) -> float:
        """The physical value at a row of the whole image, in the unit of the y axis; a reference pixel not stated counts as 0.

        A spectral display from row 340 on, baseline 200 rows below, 0.5 cm/s per row, towards the transducer drawn upwards:

        >>> RegionCalibration(0, 340, 799, 739, 3, 4, 4, 7, 0.004, -0.5, 0, 200).physical_y(440)
        50.0
        """
        reference_row_px = self.y0_px + (self.reference_pixel_y0_px or 0)
        return self.reference_physical_value_y + (row_px - reference_row_px) * self.physical_delta_y

    @property
    def zero_row_px(self) -> float:
        """The row of the whole image at which the y axis is 0: the baseline of a spectral display. Not for a delta of 0."""
        reference_row_px = self.y0_px + (self.reference_pixel_y0_px or 0)
        return reference_row_px - self.reference_physical_value_y / self.physical_delta_y

    @property
    def corners_px(self) -> tuple[int, int, int, int]:
        return self.x0_px, self.y0_px, self.x1_px, self.y1_px

    @property
    def area_px(self) -> int:
        return (self.x1_px - self.x0_px + 1) * (self.y1_px - self.y0_px + 1)
