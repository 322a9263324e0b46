"""EchoNet-Dynamic's clips and beats: which frames of a video the ejection fraction is read from, as published and as meant.

A clip is 32 frames, every second one of the video: it spans 63 frames. Ouyang et al., Nature 580 (2020) 252-256; the training
videos have about 50 frames a second, so a clip's frames lie 40 ms apart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from models.errors import ReadingError

CLIP_FRAMES = 32
PERIOD = 2
SPACING_MS = 40.0  # every second frame at 50 frames a second
BEFORE_ES_FRAMES = 32  # a beat's clip starts half a clip before its end-systole ...
BEFORE_ES_MS = 640.0  # ... which is this at 50 frames a second

_LEAST_ES_DISTANCE_FRAMES = 20
_PROMINENCE = 0.5  # of the curve's trimmed range
_TRIM = 0.05

Indices = NDArray[np.int64]
Curve = NDArray[np.float64]


def padded_length(frames: int) -> int:
    """Frames of the video after the published padding: a short one is filled up to 64, one more than a clip spans.

    >>> padded_length(40), padded_length(200)
    (64, 200)
    """
    return max(frames, CLIP_FRAMES * PERIOD)


def clip_starts(frames: int) -> range:
    """First frames of all clips of a video of `frames`, padded where it is short ("all clips" of the published test).

    >>> clip_starts(40), clip_starts(100)
    (range(0, 2), range(0, 38))
    """
    return range(padded_length(frames) - (CLIP_FRAMES - 1) * PERIOD)


def clip_indices(start: int) -> Indices:
    """The frame indices (32,) of the clip that starts at frame `start`, 0-based."""
    return start + PERIOD * np.arange(CLIP_FRAMES)


def published_range(areas: Sequence[float]) -> float:
    """The "trimmed range" of the published script: n to the power of 0.05 and 0.95 where 5 % and 95 % of n were meant.

    Of 200 areas it takes the 2nd and the 154th smallest, so it trims the top by 23 %. Raises ReadingError for fewer than six
    areas, of which n to the power of 0.95 is not one (the script ends with an error there).

    >>> published_range(range(200))
    152.0
    """
    count = len(areas)
    low, high = round(count**_TRIM), round(count ** (1 - _TRIM))
    if high >= count:
        raise ReadingError(f"{count} areas are too few for the published trimming")
    ordered = sorted(areas)
    return float(ordered[high] - ordered[low])


def published_end_systoles(areas: Sequence[float]) -> list[int]:
    """Minima of the area curve at least 20 frames apart, whatever the frame rate, as prominent as half its "trimmed range"."""
    prominence = _PROMINENCE * published_range(areas)
    upside_down = -np.asarray(areas, dtype=np.float64)
    peaks, _ = find_peaks(upside_down, distance=_LEAST_ES_DISTANCE_FRAMES, prominence=prominence)
    return [int(peak) for peak in peaks]


def published_beat_starts(es_frames: Sequence[int], frames: int) -> list[int]:
    """Starts of the beats' clips: 32 frames before each end-systole, at the earliest 0.

    A start that is none of `clip_starts` is left out, as the published join of the two tables does: a beat at the end of the
    video. Two early beats may share a start, and then both count.

    >>> published_beat_starts([10, 50, 90], 100)
    [0, 18]
    """
    possible = clip_starts(frames)
    starts = [max(0, frame - BEFORE_ES_FRAMES) for frame in es_frames]
    return [start for start in starts if start in possible]


def timed_clip(start_ms: float, frame_times_ms: Curve) -> Indices:
    """Indices (32,) of the frames of `frame_times_ms` (frames,) nearest to 32 times, 40 ms apart from `start_ms` on.

    Beyond the last frame the index is -1: there the network sees padding.

    >>> timed_clip(0.0, np.arange(10) * 20.0)[:6].tolist()
    [0, 2, 4, 6, 8, -1]
    """
    wanted = start_ms + SPACING_MS * np.arange(CLIP_FRAMES)
    nearest = np.abs(frame_times_ms[None, :] - wanted[:, None]).argmin(axis=1)
    return np.where(wanted <= frame_times_ms[-1] + SPACING_MS / 2 - 1e-6, nearest, -1)


def beat_start_ms(es_ms: float, frame_times_ms: Curve) -> float:
    """640 ms before end-systole, moved to where the whole clip lies inside the video, if the video is long enough.

    `frame_times_ms` (frames,) are the times of the video's frames, on the clock of `es_ms`.
    """
    latest = float(frame_times_ms[-1]) - (CLIP_FRAMES - 1) * SPACING_MS
    return max(float(frame_times_ms[0]), min(es_ms - BEFORE_ES_MS, latest))


def timed_starts_ms(frame_times_ms: Curve) -> list[float]:
    """Starts of all clips that fit into the video, one every 40 ms; the first frame alone where none fits.

    `frame_times_ms` (frames,) are the times of the video's frames.

    >>> timed_starts_ms(np.arange(67) * 20.0)
    [0.0, 40.0, 80.0]
    """
    room = float(frame_times_ms[-1] - frame_times_ms[0]) - (CLIP_FRAMES - 1) * SPACING_MS
    return [float(frame_times_ms[0]) + SPACING_MS * index for index in range(max(0, int(room // SPACING_MS)) + 1)]
