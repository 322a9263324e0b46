"""End-diastole and end-systole from a score per frame: windows put together over a clip, then its tops and bottoms.

This is for networks that score a fixed number of frames, as EchoPDNet does. How its authors cover longer clips, and which peaks
they take, is not published. Here windows overlap by half, and where several score a frame, their weighted mean counts. A
frame's weight is its distance from the window's ends: near them a recurrent network knows only one side of the frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from models.derive.beats.rhythm import SHORTEST_BEAT_MS

Curve = NDArray[np.float64]

_PROMINENCE = 0.3  # of the curve's trimmed range
_TRIM = 0.05


def window_starts(frames: int, window: int, stride: int) -> tuple[int, ...]:
    """First frames of windows that cover a clip, every `stride`, the last one ending with the clip.

    Raises ValueError for a clip shorter than a window.

    >>> window_starts(70, 30, 15)
    (0, 15, 30, 40)
    """
    if frames < window or stride < 1:
        raise ValueError(f"{frames} frames have no window of {window} every {stride}")
    starts = list(range(0, frames - window + 1, stride))
    return tuple(starts if starts[-1] == frames - window else [*starts, frames - window])


def merge_windows(scores: Curve, starts: Sequence[int], frames: int) -> Curve:
    """One score per frame, (frames,), from `scores` (windows, window_frames) of windows that begin at `starts`; NaN where none
    is.

    Scores have no unit. A frame's weight rises from the end of its window to the middle, 1, 2, 3, ...: windows fade into each
    other.
    """
    window = scores.shape[1]
    weight = np.minimum(np.arange(window), np.arange(window)[::-1]) + 1.0
    total, weights = np.zeros(frames), np.zeros(frames)
    for start, own in zip(starts, scores, strict=True):
        total[start : start + window] += weight * own
        weights[start : start + window] += weight
    merged: Curve = np.divide(total, weights, out=np.full(frames, np.nan), where=weights > 0)
    return merged


@dataclass(frozen=True)
class PhaseEvents:
    """0-based indices of the frames, rising; between two end-diastoles lies exactly one end-systole, and the reverse."""

    ed_frame_indices: tuple[int, ...]
    es_frame_indices: tuple[int, ...]


def phase_events(curve: Curve, frame_times_ms: Curve | None = None) -> PhaseEvents:
    """The tops (end-diastole) and bottoms (end-systole) of a score, in turn.

    `curve` (frames,) has no unit; `frame_times_ms` (frames,) are the times of its frames.

    A top or bottom counts if it stands out by 30 % of the range between the 5th and the 95th percentile. Where the times are
    known, it must also lie 273 ms (220 beats a minute) from a higher one of its kind. The first and the last frame never count:
    whether the curve turns there is not known. Of two neighbours of a kind the more extreme one stays.
    """
    if len(curve) < 3 or not np.isfinite(curve).all():
        return PhaseEvents((), ())
    low, high = np.quantile(curve, [_TRIM, 1 - _TRIM])
    if high <= low:
        return PhaseEvents((), ())
    distance = _least_distance(frame_times_ms)
    tops, bottoms = (
        find_peaks(sign * curve, prominence=_PROMINENCE * (high - low), distance=distance)[0].tolist() for sign in (1, -1)
    )
    turns: list[tuple[int, int]] = []
    for frame, sign in sorted([(frame, 1) for frame in tops] + [(frame, -1) for frame in bottoms]):
        if turns and turns[-1][1] == sign:
            if sign * curve[frame] > sign * curve[turns[-1][0]]:
                turns[-1] = (frame, sign)
        else:
            turns.append((frame, sign))
    return PhaseEvents(tuple(frame for frame, sign in turns if sign > 0), tuple(frame for frame, sign in turns if sign < 0))


def _least_distance(frame_times_ms: Curve | None) -> int:
    if frame_times_ms is None or not (np.diff(frame_times_ms) > 0).all():
        return 1
    return max(1, int(SHORTEST_BEAT_MS / float(np.median(np.diff(frame_times_ms)))))
