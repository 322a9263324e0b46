"""A diameter over the frames of a clip: smoothing, and which frames are end-diastole and end-systole."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from models.derive.cardiac_cycle import find_beats
from models.derive.end_diastole import lies_at_r_wave

Curve = NDArray[np.float64]

_FASTEST_HEART_HZ = 140 / 60
_ASSUMED_FRAME_RATE_HZ = 30
_PEAK_DISTANCE_FRAMES = 25
_MEDIAN_FRAMES = 5
_KERNEL = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9


class Motion(StrEnum):
    """When in the cycle a structure is largest; NONE: its diameter over time does not tell the phase."""

    NONE = "none"
    CAVITY = "cavity"  # a ventricle: at end-diastole
    ATRIUM = "atrium"  # at end-systole


@dataclass(frozen=True, eq=False)
class PublishedPhases:
    """`smooth` is the curve the extremes were sought in; both frame indices are None where no pair is left."""

    smooth: Curve
    ed_frame_index: int | None
    es_frame_index: int | None


def published_phases(diameters: Curve, *, kernel: bool = False) -> PublishedPhases:
    """EchoNet-Measurements' end-diastole and end-systole of the left ventricle: the first pair of neighbouring extremes that
    is left when the first and the last extreme of the clip are dropped.

    The low pass keeps up to 140 beats a minute of a clip of 30 frames a second, and extremes lie at least 25 frames apart,
    whatever the clip's own frame rate. `kernel` smooths by 1-2-3-2-1 first. Where the ends of the clip end the kernel, they
    are repeated: what the original does there is not published.
    """
    curve = np.convolve(np.pad(diameters, 2, mode="edge"), _KERNEL, mode="valid") if kernel else diameters
    smooth = low_pass(curve, math.ceil(len(curve) * _FASTEST_HEART_HZ / _ASSUMED_FRAME_RATE_HZ))
    tops, bottoms = (find_peaks(sign * smooth, distance=_PEAK_DISTANCE_FRAMES)[0].tolist() for sign in (1, -1))
    extremes = sorted([(frame, "ed") for frame in tops] + [(frame, "es") for frame in bottoms])[1:-1]
    for (first, phase), (second, other) in pairwise(extremes):
        if phase != other:
            ed, es = (first, second) if phase == "ed" else (second, first)
            return PublishedPhases(smooth, ed, es)
    return PublishedPhases(smooth, None, None)


def low_pass(curve: Curve, cutoff: int) -> Curve:
    """The curve without its Fourier bins above `cutoff`."""
    spectrum = np.fft.rfft(curve)
    spectrum[cutoff + 1 :] = 0
    return np.fft.irfft(spectrum, n=len(curve))


def smoothed(diameters: Curve, times_ms: Curve) -> Curve:
    """The low pass as meant: up to 140 beats a minute by the clip's own clock. Frames without a diameter (NaN) are bridged
    before and stay without one.
    """
    known = np.isfinite(diameters)
    if known.sum() < 2 or not (np.diff(times_ms) > 0).all():
        return diameters
    bridged = np.interp(times_ms, times_ms[known], diameters[known])
    duration_s = float(times_ms[-1] - times_ms[0]) / 1000 * len(times_ms) / (len(times_ms) - 1)
    return np.where(known, low_pass(bridged, math.ceil(duration_s * _FASTEST_HEART_HZ)), np.nan)


def running_median(diameters: Curve) -> Curve:
    """The median of every diameter and its two known neighbours on either side, so that one frame on which a point slipped does
    not count. At the ends there are fewer neighbours; frames without a diameter (NaN) stay so.

    >>> running_median(np.array([2.0, 2.1, 5.0, 2.2, np.nan, 2.1])).round(2).tolist()
    [2.1, 2.15, 2.1, 2.15, nan, 2.2]
    """
    known = np.flatnonzero(np.isfinite(diameters))
    values, reach = diameters[known], _MEDIAN_FRAMES // 2
    medians = np.full(len(diameters), np.nan)
    medians[known] = [np.median(values[max(place - reach, 0) : place + reach + 1]) for place in range(len(known))]
    return medians


@dataclass(frozen=True)
class PhaseFrames:
    """0-based indices, one of each beat, and what they were found by."""

    ed: tuple[int, ...]
    es: tuple[int, ...]
    rule: str


def phase_frames(
    diameters: Curve, times_ms: Curve | None, r_wave_times_ms: Sequence[float], heart_rate_bpm: float | None, motion: Motion
) -> PhaseFrames:
    """The frames of all beats by the clip's own clock: R waves where there are any, else where the structure is largest.

    Frames without a diameter (NaN) are never chosen.
    """
    if times_ms is None or len(diameters) < 2:
        return PhaseFrames((), (), "no phases: the clip has no frame times" if times_ms is None else "no phases: one frame")
    squares = [float(diameter) ** 2 if np.isfinite(diameter) else None for diameter in diameters]  # an area, nearly
    at_r_waves = _nearest_frames(diameters, times_ms, r_wave_times_ms)
    if motion is Motion.CAVITY and (beats := find_beats(squares, times_ms.tolist(), r_wave_times_ms, heart_rate_bpm)):
        by_r_waves = any(lies_at_r_wave(float(times_ms[beat.ed_frame_index]), r_wave_times_ms) for beat in beats)
        rule = "R waves and largest diameter" if by_r_waves else "largest diameter"
        return PhaseFrames(*_columns([(beat.ed_frame_index, beat.es_frame_index) for beat in beats]), f"phases by {rule}")
    if motion is Motion.ATRIUM and (beats := find_beats(squares, times_ms.tolist(), (), heart_rate_bpm, of_atrium=True)):
        es = tuple(beat.ed_frame_index for beat in beats)  # where a ventricle would be at end-diastole
        return PhaseFrames(at_r_waves, es, "end-systole by largest diameter")
    if at_r_waves:
        return PhaseFrames(at_r_waves, (), "end-diastole by R waves")
    return PhaseFrames((), (), "no phases: no R waves, and no beat in the diameters")


def _columns(pairs: list[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(ed for ed, _ in pairs), tuple(es for _, es in pairs)


def _nearest_frames(diameters: Curve, times_ms: Curve, r_waves_ms: Sequence[float]) -> tuple[int, ...]:
    return tuple(frame for frame in nearest_frames(times_ms, r_waves_ms) if np.isfinite(diameters[frame]))


def nearest_frames(times_ms: Curve, r_waves_ms: Sequence[float]) -> tuple[int, ...]:
    """The frames next to the R waves that lie within the clip, each once."""
    inside = [r_wave for r_wave in r_waves_ms if times_ms[0] <= r_wave <= times_ms[-1]]
    return tuple(sorted({int(np.abs(times_ms - r_wave).argmin()) for r_wave in inside}))
