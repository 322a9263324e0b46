"""Where a spectrum or an M-mode lies on a screen, and its panel drawn there."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue import Mode
from models.phantom.rendered import Trace

_FORMAT = {
    Mode.M_MODE: (RegionSpatialFormat.M_MODE, RegionDataType.TISSUE, PhysicalUnit.CM),
    Mode.CW: (RegionSpatialFormat.SPECTRAL, RegionDataType.CW_SPECTRAL, PhysicalUnit.CM_PER_SECOND),
    Mode.PW: (RegionSpatialFormat.SPECTRAL, RegionDataType.PW_SPECTRAL, PhysicalUnit.CM_PER_SECOND),
    Mode.TDI: (RegionSpatialFormat.SPECTRAL, RegionDataType.PW_SPECTRAL, PhysicalUnit.CM_PER_SECOND),
}


@dataclass(frozen=True)
class DisplayPlace:
    """Whole pixels from `corners[0]`, `corners[1]` to the last ones, both inside. Value 0 lies at `zero_row`, if it is shown.

    The left edge of the first column is at 0 s.
    """

    trace: Trace
    corners: tuple[int, int, int, int]
    seconds_per_px: float
    value_per_px: float
    top_value: float  # of the centre of the first row of pixels

    @classmethod
    def fitting(cls, trace: Trace, box_px: tuple[float, float, float, float]) -> "DisplayPlace":
        """Stretched over the box (left, top, right, bottom); zero is moved to the centre of a row, as readers want it."""
        left, top, right, bottom = (round(edge) for edge in box_px)
        rows, columns = trace.panel.shape
        value_per_px = trace.per_row * rows / (bottom - top + 1)
        top_value = trace.top_value + (value_per_px - trace.per_row) / 2
        zero = -top_value / value_per_px
        if trace.mode is not Mode.M_MODE and 0 <= zero <= bottom - top:
            top_value = -round(zero) * value_per_px
        return cls(
            trace, (left, top, right, bottom), trace.seconds_per_column * columns / (right - left + 1), value_per_px, top_value
        )

    @property
    def zero_row_px(self) -> float:
        return self.corners[1] - self.top_value / self.value_per_px

    def to_px(self, seconds: float, value: float) -> tuple[float, float]:
        """x, y in px of the whole image."""
        x = self.corners[0] - 0.5 + seconds / self.seconds_per_px
        return x, self.corners[1] + (value - self.top_value) / self.value_per_px

    def region(self) -> RegionCalibration:
        spatial_format, data_type, unit = _FORMAT[self.trace.mode]
        spectral = spatial_format is RegionSpatialFormat.SPECTRAL
        row = round(self.zero_row_px) - self.corners[1] if spectral else 0
        value = self.top_value + row * self.value_per_px
        return RegionCalibration(
            *self.corners, spatial_format, data_type, PhysicalUnit.SECONDS, unit,
            self.seconds_per_px, self.value_per_px, 0, row, self.seconds_per_px / 2, value if abs(value) > 1e-9 else 0.0,
        )  # fmt: skip

    def draw(self) -> NDArray[np.float32]:
        """The panel at its place: float32 (rows, columns), 0 to 1."""
        left, top, right, bottom = self.corners
        panel = self.trace.panel
        times = (np.arange(right - left + 1) + 0.5) * self.seconds_per_px
        columns = times / self.trace.seconds_per_column - 0.5
        values = self.top_value + np.arange(bottom - top + 1) * self.value_per_px
        rows = (values - self.trace.top_value) / self.trace.per_row
        x, y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        shrunk = (abs(self.value_per_px / self.trace.per_row), self.seconds_per_px / self.trace.seconds_per_column)
        if max(shrunk) > 1.5:  # a panel finer than pixels would alias
            sigmas = [max(0.4 * (times - 1), 0.01) for times in shrunk]
            panel = np.asarray(cv2.GaussianBlur(panel, (0, 0), sigmaX=sigmas[1], sigmaY=sigmas[0]))
        return np.asarray(cv2.remap(panel, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
