"""Drawn spectral Doppler and M-mode displays with known peaks, and the maps that a perfect network would give for them.

The screen is that of an echo cart of 768 x 1024: a sector above, the trace from row 342 on, an ECG strip below.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.clip import Clip

ROWS, COLUMNS = 768, 1024
SECTOR = RegionCalibration(312, 20, 711, 319, 1, 1, 3, 3, 0.05, 0.05)
ECG = RegionCalibration(0, 700, 1023, 767, 4, 10, 4, 0, 0.004, 0.01)
SPECTRAL = RegionCalibration(0, 342, 1023, 691, 3, 3, 4, 7, 0.004, -0.8, 0, 175)
M_MODE = RegionCalibration(0, 342, 1023, 691, 2, 1, 4, 3, 0.004, 0.04)


@dataclass(frozen=True)
class Wave:
    """Half a sine of flow: velocity positive towards the transducer."""

    onset_s: float
    duration_s: float
    peak_cm_s: float

    @property
    def peak_s(self) -> float:
        return self.onset_s + self.duration_s / 2

    @property
    def vti_cm(self) -> float:
        return 2 / np.pi * abs(self.peak_cm_s) * self.duration_s


@dataclass(frozen=True)
class Spectrum:
    """A spectral display of these waves in `region`, the noise of the receiver and the feathering of the envelope on it."""

    waves: tuple[Wave, ...]
    region: RegionCalibration = SPECTRAL
    feathering_px: float = 2.0
    seed: int = 0
    beside: tuple[RegionCalibration, ...] = field(default=(SECTOR, ECG))

    def column_of(self, time_s: float) -> float:
        return self.region.x0_px + time_s / abs(self.region.physical_delta_x)

    def row_of(self, velocity_cm_s: float) -> float:
        return self.region.zero_row_px + velocity_cm_s / self.region.physical_delta_y

    def peak_px(self, wave: Wave) -> tuple[float, float]:
        return self.column_of(wave.peak_s), self.row_of(wave.peak_cm_s)

    def velocities_cm_s(self) -> NDArray[np.float64]:
        """The envelope by column of the region."""
        width = self.region.x1_px - self.region.x0_px + 1
        times_s = np.arange(width) * abs(self.region.physical_delta_x)
        velocities = np.zeros(width)
        for wave in self.waves:
            phase = (times_s - wave.onset_s) / wave.duration_s
            inside = (phase >= 0) & (phase <= 1)
            velocities[inside] += wave.peak_cm_s * np.sin(np.pi * phase[inside])
        return velocities

    def mask(self) -> NDArray[np.bool_]:
        """(ROWS, COLUMNS): the area between baseline and envelope, what does not fit on the display wrapped round."""
        region, zero = self.region, self.region.zero_row_px
        rows = np.arange(region.y0_px, region.y1_px + 1)
        mask = np.zeros((ROWS, COLUMNS), dtype=bool)
        for column, velocity in enumerate(self.velocities_cm_s(), start=region.x0_px):
            end = zero + velocity / region.physical_delta_y
            for turn in (-len(rows), 0, len(rows)):
                inside = (rows + turn >= min(zero, end)) & (rows + turn <= max(zero, end)) & (velocity != 0)
                mask[rows[inside], column] = True
        return mask

    def frame(self) -> NDArray[np.uint8]:
        random = np.random.default_rng(self.seed)
        grey = np.zeros((ROWS, COLUMNS))
        region = self.region
        place = (slice(region.y0_px, region.y1_px + 1), slice(region.x0_px, region.x1_px + 1))
        flow = self.mask()[place]
        feather = np.abs(random.normal(0, self.feathering_px, flow.shape[1])).round().astype(int)
        upper, lower = flow.copy(), flow.copy()
        for column, px in enumerate(feather):
            upper[: len(upper) - px, column] |= flow[px:, column]
            lower[px:, column] |= flow[: len(lower) - px, column]
        noise = random.gamma(2.0, 6.0, flow.shape)
        grey[place] = noise + np.where(flow, random.uniform(110, 220, flow.shape), 0) + np.where((upper | lower) & ~flow, 35, 0)
        grey[round(region.zero_row_px), place[1]] = 200
        frame = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        draw_ecg(frame)
        return frame

    def clip(self, **changes: object) -> Clip:
        regions = (SECTOR, self.region, ECG) if self.beside == (SECTOR, ECG) else (*self.beside, self.region)
        clip = Clip("1.2.3", self.frame()[None], None, regions, photometric_interpretation="RGB")
        return replace(clip, **changes)  # type: ignore[arg-type]


def draw_ecg(frame: NDArray[np.uint8], rate_bpm: float = 60.0) -> None:
    """A green trace, as carts draw it, in the strip below."""
    columns = np.arange(COLUMNS)
    beat = (columns * 0.004) % (60 / rate_bpm)
    rows = (740 - 30 * np.exp(-(((beat - 0.1) / 0.015) ** 2))).round().astype(int)
    frame[rows, columns] = (40, 230, 60)


def outflow(rate_bpm: float, beats: int, peak_cm_s: float = -100.0, first_s: float = 0.3) -> tuple[Wave, ...]:
    """One systolic wave a beat, 0.3 s long, or shorter where the beat is."""
    length_s = 60 / rate_bpm
    duration_s = min(0.3, 0.45 * length_s)
    return tuple(Wave(first_s + number * length_s, duration_s, peak_cm_s) for number in range(beats))


def inflow(
    rate_bpm: float, beats: int, e_cm_s: float = 80.0, a_cm_s: float = 56.0, first_s: float = 0.5
) -> tuple[tuple[Wave, Wave], ...]:
    """Early and atrial filling of each beat: the mitral valve is closed for 0.42 s at 60 bpm and for 0.28 s at 110 bpm."""
    length_s = 60 / rate_bpm
    closed_s = 0.546 - 0.0021 * rate_bpm
    a_s = min(0.14, (length_s - closed_s) * 0.4)
    e_s = min(0.22, length_s - closed_s - a_s)
    onsets = [first_s + number * length_s for number in range(beats)]
    return tuple((Wave(onset, e_s, e_cm_s), Wave(onset + length_s - closed_s - a_s, a_s, a_cm_s)) for onset in onsets)


def heat_map(
    points_px: Sequence[tuple[float, float]],
    heights: Sequence[float] | None = None,
    sigma_px: float = 5.0,
    size: tuple[int, int] = (ROWS, COLUMNS),
) -> NDArray[np.float32]:
    """Probabilities (rows, columns) of a perfect network: a Gaussian at each point of the whole image."""
    found = np.full(size, 1e-4, np.float32)
    for point, height in zip(points_px, heights or [0.95] * len(points_px), strict=True):
        across, down = (
            np.exp(-((np.arange(length, dtype=np.float32) - at) ** 2) / (2 * sigma_px**2))
            for length, at in zip(size[::-1], point, strict=True)
        )
        np.maximum(found, np.outer(np.float32(height) * down, across), out=found)
    return found


def logits(probability: NDArray[np.floating]) -> NDArray[np.float32]:
    bounded = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(bounded / (1 - bounded)).astype(np.float32)


@dataclass(frozen=True)
class AnnulusTrace:
    """An M-mode display of the tricuspid annulus: a bright line that comes `excursion_cm` nearer in each systole."""

    excursion_cm: float
    rate_bpm: float = 60.0
    systole_s: float = 0.35
    depth_cm: float = 9.0
    region: RegionCalibration = M_MODE

    def depths_cm(self) -> NDArray[np.float64]:
        times_s = np.arange(self.region.x1_px - self.region.x0_px + 1) * abs(self.region.physical_delta_x)
        phase = times_s % (60 / self.rate_bpm)
        rising = 0.5 - 0.5 * np.cos(np.pi * np.clip(phase / self.systole_s, 0, 1))
        falling = 0.5 - 0.5 * np.cos(np.pi * np.clip((phase - self.systole_s) / self.systole_s, 0, 1))
        return self.depth_cm - self.excursion_cm * (rising - falling)

    def ends_px(self, beat: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """End-diastole, low on the screen, and end-systole of one beat, in px of the whole image."""
        start_s = beat * 60 / self.rate_bpm
        step, per_px = abs(self.region.physical_delta_x), self.region.physical_delta_y
        low = self.region.y0_px + self.depth_cm / per_px
        high = self.region.y0_px + (self.depth_cm - self.excursion_cm) / per_px
        first, last = start_s / step, (start_s + self.systole_s) / step
        return (self.region.x0_px + first, low), (self.region.x0_px + last, high)

    def frame(self) -> NDArray[np.uint8]:
        grey = np.random.default_rng(0).gamma(2.0, 6.0, (ROWS, COLUMNS))
        for column, depth_cm in enumerate(self.depths_cm(), start=self.region.x0_px):
            row = round(self.region.y0_px + depth_cm / self.region.physical_delta_y)
            grey[row - 3 : row + 4, column] = 210
        frame = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        draw_ecg(frame, self.rate_bpm)
        return frame

    def clip(self, **changes: object) -> Clip:
        clip = Clip("1.2.4", self.frame()[None], None, (SECTOR, self.region, ECG), photometric_interpretation="RGB")
        return replace(clip, **changes)  # type: ignore[arg-type]
