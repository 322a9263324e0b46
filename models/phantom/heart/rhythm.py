"""When the heart beats: R waves, the phases of each beat, and how volumes follow them."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_BEATS = 4096
# A beat shorter than this is not followed by another in these hearts.
_SHORTEST_RR_MS = 330.0


@dataclass(frozen=True)
class Rhythm:
    """How one heart beats. Durations in ms hold at the mean rate; a shorter beat shortens diastole first.

    `early_share` of the stroke volume flows in early, the rest by the atrial kick, which atrial fibrillation lacks.
    `respiration_mm` is half the way the heart moves with each breath.
    """

    seed: int
    heart_rate_bpm: float
    atrial_fibrillation: bool
    rr_variation: float
    contraction_ms: float
    ejection_ms: float
    relaxation_ms: float
    early_filling_ms: float
    early_share: float
    atrial_ms: float
    breath_ms: float
    breath_phase: float
    respiration_mm: float

    @property
    def rr_ms(self) -> float:
        return 60000.0 / self.heart_rate_bpm


@dataclass(frozen=True)
class Beat:
    """One beat from its R wave at `start_ms` to the next, `rr_ms` later. Other times are in ms after the R wave.

    From the R wave to `ejection_start_ms` and from `end_systole_ms` to `mitral_opening_ms` both valves are closed and the
    volume stands still. `fullness` and `emptying` scale the ventricle's end-diastolic and end-systolic volume, `next_fullness`
    is the following beat's.
    """

    index: int
    start_ms: float
    rr_ms: float
    ejection_start_ms: float
    end_systole_ms: float
    mitral_opening_ms: float
    early_end_ms: float
    atrial_start_ms: float
    early_share: float
    fullness: float
    next_fullness: float
    emptying: float


@lru_cache(maxsize=64)
def beats(rhythm: Rhythm) -> tuple[Beat, ...]:
    """The first 4096 beats; the first starts at 0 ms."""
    rng = np.random.default_rng([rhythm.seed, 0xBEA7])
    deviation = rng.normal(size=_BEATS + 1)
    if rhythm.atrial_fibrillation:
        rr = rhythm.rr_ms * np.exp(np.clip(rhythm.rr_variation * deviation, -0.5, 0.5))
        # The mean rate is the one stated.
        rr *= rhythm.rr_ms / rr[:_BEATS].mean()
        # A long interval fills the ventricle better.
        fullness = 1 + 0.10 * np.tanh(1.5 * (np.concatenate(([rhythm.rr_ms], rr[:-1])) / rhythm.rr_ms - 1))
        emptying = 1 - 0.25 * (fullness - 1) + 0.02 * np.clip(rng.normal(size=_BEATS + 1), -2, 2)
    else:
        times = np.arange(_BEATS + 1) * rhythm.rr_ms
        arrhythmia = np.sin(2 * math.pi * (times / rhythm.breath_ms + rhythm.breath_phase))
        rr = rhythm.rr_ms * (1 + rhythm.rr_variation * (0.7 * arrhythmia + 0.3 * np.clip(deviation, -2, 2)))
        fullness, emptying = np.ones(_BEATS + 1), np.ones(_BEATS + 1)
    rr = np.maximum(rr, _SHORTEST_RR_MS)
    starts = np.concatenate(([0.0], np.cumsum(rr)))
    return tuple(
        _beat(rhythm, i, float(starts[i]), float(rr[i]), (float(fullness[i]), float(fullness[i + 1])), float(emptying[i]))
        for i in range(_BEATS)
    )


def _beat(rhythm: Rhythm, index: int, start: float, rr: float, fullness: tuple[float, float], emptying: float) -> Beat:
    # Systole shortens little with the beat; the fit keeps at least 40 % of a beat for filling.
    systole = rhythm.contraction_ms + rhythm.ejection_ms + rhythm.relaxation_ms
    fit = min(1.0, 0.60 * rr / systole)
    ejection = rhythm.contraction_ms * fit
    end_systole = ejection + rhythm.ejection_ms * fit
    opening = end_systole + rhythm.relaxation_ms * fit
    if rhythm.atrial_fibrillation:
        early_end = min(opening + 1.5 * rhythm.early_filling_ms, rr - 5)
        return Beat(index, start, rr, ejection, end_systole, opening, early_end, rr, 1.0, *fullness, emptying)
    filling = rhythm.early_filling_ms + rhythm.atrial_ms
    share = min(1.0, (rr - opening) / filling)
    early_end, atrial = opening + rhythm.early_filling_ms * share, rr - rhythm.atrial_ms * share
    return Beat(
        index, start, rr, ejection, end_systole, opening, early_end, atrial, rhythm.early_share, *fullness, emptying
    )  # fmt: skip


def beat_at(rhythm: Rhythm, time_ms: float) -> Beat:
    """The beat that `time_ms` falls into. Raises ValueError for a time before the first R wave or after the last beat."""
    every = beats(rhythm)
    if not 0 <= time_ms < every[-1].start_ms + every[-1].rr_ms:
        raise ValueError(f"the heart beats from 0 to {every[-1].start_ms:.0f} ms, not at {time_ms:.0f} ms")
    low, high = 0, len(every) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if every[middle].start_ms <= time_ms else (low, middle - 1)
    return every[low]


@dataclass(frozen=True)
class Filling:
    """Where a beat stands. `ejected`, `early` and `kick` go from 0 to 1 during ejection, early filling and atrial systole.

    `reservoir` goes from 0 to 1 while the atria fill: from the R wave until the atrioventricular valves open.
    """

    ejected: float
    early: float
    kick: float
    reservoir: float


def filling_at(beat: Beat, time_ms: float) -> Filling:
    t = time_ms - beat.start_ms
    return Filling(
        _rise((t - beat.ejection_start_ms) / (beat.end_systole_ms - beat.ejection_start_ms), 0.85),
        _rise((t - beat.mitral_opening_ms) / (beat.early_end_ms - beat.mitral_opening_ms), 0.75),
        _rise((t - beat.atrial_start_ms) / max(beat.rr_ms - beat.atrial_start_ms, 1.0), 1.0) if beat.early_share < 1 else 0.0,
        _rise(t / beat.mitral_opening_ms, 1.0),
    )


def aortic_opening(beat: Beat, time_ms: float) -> float:
    """0 closed to 1 open: opens within 30 ms, closes slowly, shut at both ends of ejection."""
    t, end = time_ms - beat.start_ms, beat.end_systole_ms
    return _rise((t - beat.ejection_start_ms) / 35) * _rise((end - t) / 55)


def mitral_opening(beat: Beat, time_ms: float) -> float:
    """0 closed to 1 open: wide in early filling, half closed in diastasis, open again with the atrial kick."""
    t = time_ms - beat.start_ms
    if t <= beat.mitral_opening_ms:
        return 0.0
    early = _rise((t - beat.mitral_opening_ms) / 50) * (1 - 0.62 * _rise((t - beat.mitral_opening_ms - 70) / 120))
    # The leaflets meet as the next R wave comes.
    close = _rise((beat.rr_ms - t) / 45)
    if beat.early_share >= 1:
        return early * close
    span = beat.rr_ms - beat.atrial_start_ms
    kick = 0.8 * math.sin(math.pi * min(max((t - beat.atrial_start_ms) / span, 0.0), 1.0))
    return max(early, kick) * close


def _rise(x: float, lead: float = 1.0) -> float:
    """Raised cosine from 0 at x <= 0 to 1 at x >= 1; a `lead` below 1 makes it steepest in the first half."""
    return 0.5 * (1 - math.cos(math.pi * min(max(x, 0.0), 1.0) ** lead))
