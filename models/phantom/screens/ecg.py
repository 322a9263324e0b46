"""The strip of an electrocardiogram, drawn from where its R waves are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat

# Waves of a lead about R: ms after R, or that share of the interval to the next R, then width in ms and height. Usual adult
# intervals: PR 0.16 s, QRS 0.09 s (Surawicz B et al., J Am Coll Cardiol 2009;53:976-981).
_BEFORE = ((-160.0, 28.0, 0.13), (-24.0, 8.0, -0.12), (0.0, 11.0, 1.0), (26.0, 9.0, -0.25))
_T_SHARE, _T_WIDTH_MS, _T_HEIGHT = 0.34, 42.0, 0.26


@dataclass(frozen=True)
class EcgPlace:
    """Whole pixels of `corners` (left, top, right, bottom, all inside); `start_ms` is at the left edge of the first column."""

    corners: tuple[int, int, int, int]
    start_ms: float
    ms_per_px: float

    def column_px(self, time_ms: float) -> float:
        return self.corners[0] - 0.5 + (time_ms - self.start_ms) / self.ms_per_px

    def region(self) -> RegionCalibration:
        return RegionCalibration(
            *self.corners, RegionSpatialFormat.WAVEFORM, RegionDataType.ECG, PhysicalUnit.SECONDS, PhysicalUnit.NONE,
            self.ms_per_px / 1000, 0.0, 0, 0, (self.start_ms + self.ms_per_px / 2) / 1000, 0.0,
        )  # fmt: skip

    def line_px(self, r_waves_ms: Sequence[float], heart_rate_bpm: float, height: float, wobble: float) -> NDArray[np.float64]:
        """x, y in px of each column: float64 (columns, 2). `height` is R's as a share of the strip, `wobble` the baseline's."""
        left, top, right, bottom = self.corners
        times_ms = np.asarray(self.start_ms + (np.arange(right - left + 1) + 0.5) * self.ms_per_px, np.float64)
        wave = ecg_wave(times_ms, r_waves_ms, heart_rate_bpm) * height + wobble * np.sin(times_ms / 700)
        room = bottom - top
        y = bottom - room * np.clip(0.25 + 0.7 * wave, 0, 1)
        return np.stack([np.arange(left, right + 1), y], axis=1)

    def r_marks_px(self, r_waves_ms: Sequence[float], heart_rate_bpm: float) -> list[float]:
        """The columns of the R waves on the strip."""
        every = _extended(r_waves_ms, heart_rate_bpm, self.start_ms, self.column_end_ms)
        return [self.column_px(time) for time in every if self.start_ms <= time <= self.column_end_ms]

    @property
    def column_end_ms(self) -> float:
        return self.start_ms + (self.corners[2] - self.corners[0] + 1) * self.ms_per_px


def ecg_wave(times_ms: NDArray[np.float64], r_waves_ms: Sequence[float], heart_rate_bpm: float) -> NDArray[np.float64]:
    """About 0 between the waves and 1 at R, of no unit, at float64 `times_ms` (times,): the same shape.

    Before the first and after the last R wave, the heart goes on at `heart_rate_bpm`.
    """
    every = _extended(r_waves_ms, heart_rate_bpm, float(times_ms[0]) - 500, float(times_ms[-1]) + 500)
    wave = np.zeros_like(times_ms)
    for number, time in enumerate(every):
        interval = every[number + 1] - time if number + 1 < len(every) else 60000 / heart_rate_bpm
        waves = (*_BEFORE, (_T_SHARE * interval, _T_WIDTH_MS, _T_HEIGHT))
        for after, width, height in waves:
            wave += height * np.exp(-(((times_ms - time - after) / width) ** 2))
    return wave


def _extended(r_waves_ms: Sequence[float], heart_rate_bpm: float, start_ms: float, end_ms: float) -> list[float]:
    interval = 60000 / heart_rate_bpm
    every = sorted(r_waves_ms) or [start_ms + interval / 2]
    before = np.arange(every[0] - interval, start_ms, -interval)[::-1]
    after = np.arange(every[-1] + interval, end_ms, interval)
    return [*map(float, before), *every, *map(float, after)]
