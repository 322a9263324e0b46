"""Drawn spectral Doppler and M-mode displays with known peaks: what engines are tried on, and what tests measure in.

The screen is that of an echo cart of 768 x 1024: a sector above, the trace from row 342 on, an ECG strip below. Drawn, not
simulated: half sines of flow filled to the baseline, and a bright line.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue import View
from models.clip import Clip

ROWS, COLUMNS = 768, 1024
SECTOR = RegionCalibration(
    312, 20, 711, 319, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, PhysicalUnit.CM, PhysicalUnit.CM, 0.05, 0.05
)
ECG = RegionCalibration(
    0, 700, 1023, 767, RegionSpatialFormat.WAVEFORM, RegionDataType.ECG, PhysicalUnit.SECONDS, PhysicalUnit.NONE, 0.004, 0.01
)
SPECTRAL = RegionCalibration(
    0, 342, 1023, 691, RegionSpatialFormat.SPECTRAL, RegionDataType.PW_SPECTRAL,
    PhysicalUnit.SECONDS, PhysicalUnit.CM_PER_SECOND, 0.004, -0.8, 0, 175,
)  # fmt: skip
M_MODE = RegionCalibration(
    0, 342, 1023, 691, RegionSpatialFormat.M_MODE, RegionDataType.TISSUE, PhysicalUnit.SECONDS, PhysicalUnit.CM, 0.004, 0.04
)


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
    """A spectral display of these waves in `region`, the noise of the receiver and the feathering of the envelope on it.

    `rate_bpm` is that of the ECG, `beside` what else the screen shows.
    """

    waves: tuple[Wave, ...]
    region: RegionCalibration = SPECTRAL
    feathering_px: float = 2.0
    seed: int = 0
    rate_bpm: float = 60.0
    beside: tuple[RegionCalibration, ...] = field(default=(SECTOR, ECG))

    def column_of(self, time_s: float) -> float:
        return self.region.x0_px + time_s / abs(self.region.physical_delta_x)

    def row_of(self, velocity_cm_s: float) -> float:
        return self.region.zero_row_px + velocity_cm_s / self.region.physical_delta_y

    def peak_px(self, wave: Wave) -> tuple[float, float]:
        return self.column_of(wave.peak_s), self.row_of(wave.peak_cm_s)

    def velocities_cm_s(self) -> NDArray[np.float64]:
        """The envelope by column of the region: (region_columns,) in cm/s, positive towards the transducer."""
        width = self.region.x1_px - self.region.x0_px + 1
        times_s = np.arange(width) * abs(self.region.physical_delta_x)
        velocities = np.zeros(width)
        for wave in self.waves:
            phase = (times_s - wave.onset_s) / wave.duration_s
            inside = (phase >= 0) & (phase <= 1)
            velocities[inside] += wave.peak_cm_s * np.sin(np.pi * phase[inside])
        return velocities

    def mask(self) -> NDArray[np.bool_]:
        """(ROWS, COLUMNS), true where flow is: the area between baseline and envelope.

        What does not fit on the display is wrapped round.
        """
        region, zero = self.region, self.region.zero_row_px
        rows = np.arange(region.y0_px, region.y1_px + 1)[:, None]
        velocities = self.velocities_cm_s()
        ends = zero + velocities / region.physical_delta_y
        lowest, highest = np.minimum(zero, ends), np.maximum(zero, ends)
        flow = np.zeros((len(rows), len(velocities)), dtype=bool)
        for turn in (-len(rows), 0, len(rows)):
            flow |= (rows + turn >= lowest) & (rows + turn <= highest)
        mask = np.zeros((ROWS, COLUMNS), dtype=bool)
        mask[region.y0_px : region.y1_px + 1, region.x0_px : region.x0_px + len(velocities)] = flow & (velocities != 0)
        return mask

    def frame(self) -> NDArray[np.uint8]:
        """The whole screen as RGB (ROWS, COLUMNS, 3), 0 to 255."""
        random = np.random.default_rng(self.seed)
        grey = np.zeros((ROWS, COLUMNS))
        region = self.region
        place = (slice(region.y0_px, region.y1_px + 1), slice(region.x0_px, region.x1_px + 1))
        flow = self.mask()[place]
        feather = np.abs(random.normal(0, self.feathering_px, flow.shape[1])).round().astype(int)
        upper, lower = flow.copy(), flow.copy()
        for px in np.unique(feather):
            columns = feather == px
            upper[: len(upper) - px] |= flow[px:] & columns
            lower[px:] |= flow[: len(lower) - px] & columns
        noise = random.gamma(2.0, 6.0, flow.shape)
        grey[place] = noise + np.where(flow, random.uniform(110, 220, flow.shape), 0) + np.where((upper | lower) & ~flow, 35, 0)
        grey[round(region.zero_row_px), place[1]] = 200
        frame = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        draw_ecg(frame, self.rate_bpm)
        return frame

    def clip(self, **changes: object) -> Clip:
        regions = (SECTOR, self.region, ECG) if self.beside == (SECTOR, ECG) else (*self.beside, self.region)
        clip = Clip("drawn", self.frame()[None], None, regions, photometric_interpretation="RGB")
        return replace(clip, **changes)  # type: ignore[arg-type]


def draw_ecg(frame: NDArray[np.uint8], rate_bpm: float = 60.0) -> None:
    """A green trace, as carts draw it, in the strip at the foot of the RGB `frame` (ROWS, COLUMNS, 3), 0 to 255."""
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
    """Early and atrial filling of each beat: the mitral valve is closed for 0.42 s at 60 bpm and for 0.32 s at 110 bpm.

    Weissler et al., Circulation 1968;37:149-159 (electromechanical systole, men). `derive.spectral_beats` tells beats apart by
    the same rule, so how well a drawing is read says nothing about the rule itself.
    """
    length_s = 60 / rate_bpm
    closed_s = 0.546 - 0.0021 * rate_bpm
    a_s = min(0.14, (length_s - closed_s) * 0.4)
    e_s = min(0.22, length_s - closed_s - a_s)
    onsets = [first_s + number * length_s for number in range(beats)]
    return tuple((Wave(onset, e_s, e_cm_s), Wave(onset + length_s - closed_s - a_s, a_s, a_cm_s)) for onset in onsets)


@dataclass(frozen=True)
class AnnulusTrace:
    """An M-mode display of the tricuspid annulus: a bright line that comes `excursion_cm` nearer in each systole."""

    excursion_cm: float
    rate_bpm: float = 60.0
    systole_s: float = 0.35
    depth_cm: float = 9.0
    region: RegionCalibration = M_MODE
    seed: int = 0

    def depths_cm(self) -> NDArray[np.float64]:
        """Depth of the line below the region's upper edge by column of the region: (region_columns,), in cm."""
        times_s = np.arange(self.region.x1_px - self.region.x0_px + 1) * abs(self.region.physical_delta_x)
        phase = times_s % (60 / self.rate_bpm)
        rising = 0.5 - 0.5 * np.cos(np.pi * np.clip(phase / self.systole_s, 0, 1))
        falling = 0.5 - 0.5 * np.cos(np.pi * np.clip((phase - self.systole_s) / self.systole_s, 0, 1))
        depths: NDArray[np.float64] = self.depth_cm - self.excursion_cm * (rising - falling)
        return depths

    def ends_px(self, beat: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """End-diastole, low on the screen, and end-systole of one beat, in px of the whole image."""
        start_s = beat * 60 / self.rate_bpm
        step, per_px = abs(self.region.physical_delta_x), self.region.physical_delta_y
        low = self.region.y0_px + self.depth_cm / per_px
        high = self.region.y0_px + (self.depth_cm - self.excursion_cm) / per_px
        first, last = start_s / step, (start_s + self.systole_s) / step
        return (self.region.x0_px + first, low), (self.region.x0_px + last, high)

    def frame(self) -> NDArray[np.uint8]:
        """The whole screen as RGB (ROWS, COLUMNS, 3), 0 to 255."""
        grey = np.random.default_rng(self.seed).gamma(2.0, 6.0, (ROWS, COLUMNS))
        for column, depth_cm in enumerate(self.depths_cm(), start=self.region.x0_px):
            row = round(self.region.y0_px + depth_cm / self.region.physical_delta_y)
            grey[row - 3 : row + 4, column] = 210
        frame = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        draw_ecg(frame, self.rate_bpm)
        return frame

    def clip(self, **changes: object) -> Clip:
        clip = Clip("drawn", self.frame()[None], None, (SECTOR, self.region, ECG), photometric_interpretation="RGB")
        return replace(clip, **changes)  # type: ignore[arg-type]


_Waves = Callable[[float, np.random.Generator], Sequence[Wave]]


def _jet(slowest_cm_s: float, fastest_cm_s: float) -> _Waves:
    """One systolic wave a beat, away from the transducer; speeds as magnitudes."""
    return lambda rate_bpm, random: outflow(rate_bpm, _beats(rate_bpm), -random.uniform(slowest_cm_s, fastest_cm_s))


def _filling(rate_bpm: float, random: np.random.Generator) -> Sequence[Wave]:
    e_cm_s, a_cm_s = random.uniform(70, 100), random.uniform(45, 65)
    return [wave for beat in inflow(rate_bpm, _beats(rate_bpm), e_cm_s, a_cm_s) for wave in beat]


def _annulus(rate_bpm: float, random: np.random.Generator) -> Sequence[Wave]:
    """The mitral annulus seen from the apex: s' towards it, e' and a' away."""
    s_cm_s, e_cm_s, a_cm_s = random.uniform(6, 9), random.uniform(7, 12), random.uniform(6, 9)
    beats = inflow(rate_bpm, _beats(rate_bpm), -e_cm_s, -a_cm_s)
    systoles = (Wave(a.onset_s + a.duration_s + 0.06, 0.24, s_cm_s) for _, a in beats)
    return [wave for (e, a), s in zip(beats, systoles, strict=True) for wave in (e, a, s)]


def _beats(rate_bpm: float) -> int:
    """How many beats begin on the screen."""
    return math.ceil(COLUMNS * SPECTRAL.physical_delta_x * rate_bpm / 60)


_WAVES: dict[View, _Waves] = {
    View.DOPPLER_AV_PW: _jet(70, 120),
    View.DOPPLER_AV_CW: _jet(120, 400),
    View.DOPPLER_MV_PW: _filling,
    View.DOPPLER_MV_CW: _jet(400, 550),
    View.DOPPLER_PV_PW: _jet(60, 100),
    View.DOPPLER_PV_CW: _jet(70, 150),
    View.DOPPLER_TV_CW: _jet(200, 350),
    View.DOPPLER_TISSUE_LATERAL: _annulus,
    View.DOPPLER_TISSUE_SEPTAL: _annulus,
}
DRAWN_DISPLAYS = (*_WAVES, View.MMODE_A4CH_RV)
_FASTEST_SHARE = 0.7  # of the way from the baseline to the edge of the display


def drawn_display(view: View, seed: int) -> Spectrum | AnnulusTrace:
    """The display of this seed: a usual rate and usual velocities, or a usual TAPSE; no two beats of a spectrum are alike.

    The same arguments give the same pixels. Raises LookupError for a view not in `DRAWN_DISPLAYS`.
    """
    if view not in DRAWN_DISPLAYS:
        raise LookupError(f"no trace is drawn of {view}")
    random = np.random.default_rng([seed, 0x7ACE])
    rate_bpm = random.uniform(55, 90)
    if view is View.MMODE_A4CH_RV:
        return AnnulusTrace(random.uniform(1.6, 2.6), rate_bpm, seed=seed)
    waves = tuple(replace(wave, peak_cm_s=wave.peak_cm_s * random.uniform(0.9, 1.1)) for wave in _WAVES[view](rate_bpm, random))
    per_px = max(abs(wave.peak_cm_s) for wave in waves) / _FASTEST_SHARE / (SPECTRAL.zero_row_px - SPECTRAL.y0_px)
    kind = RegionDataType.CW_SPECTRAL if view.endswith("_cw") else RegionDataType.PW_SPECTRAL
    region = replace(SPECTRAL, data_type=kind, physical_delta_y=-per_px)
    return Spectrum(waves, region, seed=seed, rate_bpm=rate_bpm)
