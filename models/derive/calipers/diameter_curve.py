"""A diameter over the frames of a clip: smoothing, and which frames are end-diastole and end-systole."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from models.derive.beats.beat_coverage import waves_of_beats
from models.derive.beats.cardiac_cycle import search_beats
from models.derive.beats.end_diastole import lies_at_r_wave

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
    """`smooth` (frames,) is the curve in which the extremes were sought, in the unit of the diameters.

    Both frame indices are None where no pair is left.
    """

    smooth: Curve
    ed_frame_index: int | None
    es_frame_index: int | None


def published_phases(diameters: Curve, *, kernel: bool = False) -> PublishedPhases:
    """EchoNet-Measurements' end-diastole and end-systole of the left ventricle, from `diameters` (frames,) in any unit.

    It is the first pair of neighbouring extremes that is left when the first and the last extreme of the clip are dropped. The
    low pass keeps up to 140 beats a minute of a clip of 30 frames a second. Extremes lie at least 25 frames apart, whatever the
    clip's own frame rate. `kernel` smooths by 1-2-3-2-1 first. Where the ends of the clip end the kernel, they are repeated:
    what the original does there is not published.
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
    """`curve` (frames,) without its Fourier bins above `cutoff`: (frames,), in its unit."""
    spectrum = np.fft.rfft(curve)
    spectrum[cutoff + 1 :] = 0
    return np.fft.irfft(spectrum, n=len(curve))


def smoothed(diameters: Curve, times_ms: Curve) -> Curve:
    """The low pass as meant, up to 140 beats a minute by the clip's own clock: (frames,), in the unit of `diameters`.

    `diameters` and `times_ms` have shape (frames,). Frames without a diameter (NaN) are bridged before and stay without one.
    """
    known = np.isfinite(diameters)
    if known.sum() < 2 or not (np.diff(times_ms) > 0).all():
        return diameters
    bridged = np.interp(times_ms, times_ms[known], diameters[known])
    duration_s = float(times_ms[-1] - times_ms[0]) / 1000 * len(times_ms) / (len(times_ms) - 1)
    return np.where(known, low_pass(bridged, math.ceil(duration_s * _FASTEST_HEART_HZ)), np.nan)


def running_median(diameters: Curve) -> Curve:
    """The median of every diameter and its two known neighbours on either side: one frame on which a point slipped does not
    count.

    `diameters` (frames,) and the medians (frames,) have the same unit, whichever it is. At the ends there are fewer neighbours.
    Frames without a diameter (NaN) stay so.

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
    """0-based indices, one of each beat, what they were found by, and why some were not (`why_none`, "" where all were)."""

    ed: tuple[int, ...]
    es: tuple[int, ...]
    rule: str
    why_none: str = ""


def phase_frames(
    diameters: Curve,
    times_ms: Curve | None,
    r_wave_times_ms: Sequence[float],
    heart_rate_bpm: float | None,
    motion: Motion,
    why_no_times: str = "the clip has no frame times",
) -> PhaseFrames:
    """The frames of all whole beats by the clip's own clock (`models.derive.beats.whole_beat`), as those of areas are found.

    `diameters` (frames,) may have any unit; `times_ms` (frames,) is the clip's clock. A cavity's beats are told by its own
    size, at R waves where there are any; a size that shows no whole beat has no phases, R waves or not. An atrium tells
    end-systole. Where the size tells nothing, end-diastole is at the R waves of whole beats. Frames without a diameter (NaN)
    are never chosen.
    """
    if times_ms is None or len(diameters) < 2:
        return _none("one frame" if len(diameters) < 2 else why_no_times)
    if not (np.diff(times_ms) > 0).all():
        return _none("the frame times do not rise")
    if motion is Motion.NONE:
        return _at_waves(diameters, times_ms, r_wave_times_ms, heart_rate_bpm)
    squares = [float(diameter) ** 2 if np.isfinite(diameter) else None for diameter in diameters]  # an area, nearly
    if motion is Motion.ATRIUM:
        found = search_beats(squares, times_ms.tolist(), (), heart_rate_bpm, of_atrium=True)
        at_waves = _at_waves(diameters, times_ms, r_wave_times_ms, heart_rate_bpm)
        es = tuple(beat.ed_frame_index for beat in found.beats)  # where a ventricle would be at end-diastole
        rule = "end-systole by largest diameter" if es else f"no phases: {found.why_none}"
        return PhaseFrames(at_waves.ed, es, rule, found.why_none)
    found = search_beats(squares, times_ms.tolist(), r_wave_times_ms, heart_rate_bpm)
    if not found.beats:
        return _none(found.why_none)
    by_r_waves = any(lies_at_r_wave(float(times_ms[beat.ed_frame_index]), r_wave_times_ms) for beat in found.beats)
    rule = "R waves and largest diameter" if by_r_waves else "largest diameter"
    ed, es = (tuple(ends) for ends in zip(*((beat.ed_frame_index, beat.es_frame_index) for beat in found.beats), strict=True))
    return PhaseFrames(ed, es, f"phases by {rule}")


def _none(why: str) -> PhaseFrames:
    return PhaseFrames((), (), f"no phases: {why}", why)


def _at_waves(diameters: Curve, times_ms: Curve, r_waves_ms: Sequence[float], heart_rate_bpm: float | None) -> PhaseFrames:
    frames, why = wave_frames(times_ms, r_waves_ms, heart_rate_bpm)
    ed = tuple(frame for frame in frames if np.isfinite(diameters[frame]))
    return PhaseFrames(ed, (), "end-diastole by R waves") if ed else _none(why or "no diameter at an R wave")


def wave_frames(times_ms: Curve, r_waves_ms: Sequence[float], heart_rate_bpm: float | None) -> tuple[tuple[int, ...], str]:
    """The frames next to the R waves of whole beats, each once; without any, in words why.

    `times_ms` (frames,) and `r_waves_ms` are on one clock.
    """
    waves, why = waves_of_beats(times_ms.tolist(), r_waves_ms, heart_rate_bpm)
    return tuple(sorted({int(np.abs(times_ms - wave).argmin()) for wave in waves})), why
