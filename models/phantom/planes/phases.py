"""Which frames of a clip show end-diastole, mid-systole and end-systole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.phantom.heart import Heart

# A frame shows a moment that lies at most so far from it, however slowly the frames follow one another.
_NEAR_MS = 25.0


@dataclass(frozen=True)
class PhaseFrames:
    """0-based frames. `ed_frames` and `es_frames` are pairs of whole beats; the others are all that show the moment."""

    ed_frames: tuple[int, ...]
    es_frames: tuple[int, ...]
    diastolic: tuple[int, ...]
    midsystolic: tuple[int, ...]
    systolic: tuple[int, ...]


def phase_frames(heart: Heart, times_ms: NDArray[np.float64]) -> PhaseFrames:
    """The frames of `times_ms` (frames,), float64 ms of the heart's own time, next to each of these moments."""
    beats = heart.beats(float(times_ms[-1]) + _NEAR_MS)
    found = [
        (_frame(times_ms, beat.start_ms), _frame(times_ms, beat.start_ms + (beat.ejection_start_ms + beat.end_systole_ms) / 2),
         _frame(times_ms, beat.start_ms + beat.end_systole_ms))
        for beat in beats
    ]  # fmt: skip
    pairs = [(ed, es) for ed, _, es in found if ed is not None and es is not None and ed != es]
    ed, middle, es = (tuple(sorted({f for f in column if f is not None})) for column in zip(*found, strict=True))
    return PhaseFrames(tuple(ed for ed, _ in pairs), tuple(es for _, es in pairs), ed, middle, es)


def _frame(times_ms: NDArray[np.float64], moment_ms: float) -> int | None:
    gaps = np.abs(times_ms - moment_ms)
    nearest = int(gaps.argmin())
    return nearest if gaps[nearest] <= _NEAR_MS else None
