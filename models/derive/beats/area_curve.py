"""The cavity's area over time, cleaned of failed outlines and noise: what beats are sought in."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

Curve = NDArray[np.float64]

_SMOOTHING_MS = 80.0  # shorter than the shortest systole, longer than the jitter of an outline from frame to frame
_LONGEST_GAP_MS = 150.0  # a gap without outline up to this is bridged, a longer one ends the curve
# Share of the swing by which the curve must come back before that counts as a turn: the dip between early and atrial filling
# is smaller, a beat is larger.
TURN = 0.4
_SEEN = 0.05  # share of the swing: a rise smaller than this may be noise
OUTLIER = 0.3  # share of the swing: one frame further from its neighbours' median is a failed outline
LEAST_SWING = 0.04  # of the largest area: an ejection fraction of 5 %, the least possible, still moves the area by about this
_SWING_TO_NOISE = 5.0  # the smoothed curve of white noise swings by about 3


@dataclass(frozen=True, eq=False)
class AreaCurve:
    """One stretch of frames: `times_ms`, `areas_cm2`, `smooth_cm2` and `usable` all have shape (frames,).

    `usable` frames have an area of their own. Elsewhere `areas_cm2` is bridged from the neighbours. `smooth_cm2` is `areas_cm2`
    smoothed over some frames.
    """

    times_ms: Curve
    areas_cm2: Curve
    smooth_cm2: Curve
    usable: NDArray[np.bool_]

    @property
    def frame_ms(self) -> float:
        return float(np.median(np.diff(self.times_ms)))

    @property
    def swing_cm2(self) -> float:
        return float(np.ptp(self.smooth_cm2))

    @property
    def turn_cm2(self) -> float:
        """The least change that counts as emptying or filling."""
        return TURN * self.swing_cm2

    @cached_property
    def tops(self) -> tuple[int, ...]:
        """Highest frame of each rise that is followed by a fall of at least a turn; the last rise's top too."""
        curve = self.smooth_cm2
        tops: list[int] = []
        high = low = 0
        rising = True  # a clip may start at end-diastole
        for index, value in enumerate(curve):
            if rising:
                if value > curve[high]:
                    high = index
                elif curve[high] - value >= self.turn_cm2:
                    tops.append(high)
                    rising, low = False, index
            elif value < curve[low]:
                low = index
            elif value - curve[low] >= self.turn_cm2:
                rising, high = True, index
        return (*tops, high) if rising else tuple(tops)

    def at_border(self, frame: int) -> bool:
        """Whether the top at `frame` may be cut: nothing smoothed lies before it, or no emptying after it."""
        return bool(self.starts_at(frame) or self.smooth_cm2[frame] - self.smooth_cm2[frame:].min() < self.turn_cm2)

    def rises_to(self, frame: int) -> bool:
        """Whether the clip shows how the area grew to that at `frame`."""
        return bool(
            not self.starts_at(frame) and self.smooth_cm2[frame] - self.smooth_cm2[:frame].min() >= _SEEN * self.swing_cm2
        )

    def starts_at(self, frame: int) -> bool:
        """Whether nothing smoothed lies before `frame`."""
        return bool(self.times_ms[frame] - self.times_ms[0] < _SMOOTHING_MS / 2)


def stretches(areas_cm2: Curve, times_ms: Curve) -> list[tuple[int, int]]:
    """(first, last + 1) of each run of frames in which no gap is longer than `_LONGEST_GAP_MS`.

    `areas_cm2` and `times_ms` have shape (frames,); an area is NaN where a frame has none.
    """
    known = np.flatnonzero(np.isfinite(areas_cm2))
    if known.size == 0:
        return []
    ends = np.flatnonzero((np.diff(known) > 1) & (np.diff(times_ms[known]) > _LONGEST_GAP_MS))
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(known, ends + 1)]


def area_curve(areas_cm2: Curve, times_ms: Curve) -> AreaCurve | None:
    """The curve of one stretch, None where it does not move or is noise.

    `areas_cm2` and `times_ms` have shape (frames,); an area is NaN where a frame has none.
    """
    if len(areas_cm2) < 5:
        return None
    usable = np.isfinite(areas_cm2)
    filled = np.interp(times_ms, times_ms[usable], areas_cm2[usable])
    medians = median_filter(filled, 3, mode="nearest")  # so the ends, which have one neighbour, stay as they are
    usable &= np.abs(filled - medians) <= OUTLIER * np.ptp(medians)
    filled = np.interp(times_ms, times_ms[usable], areas_cm2[usable])
    curve = AreaCurve(times_ms, filled, _smoothed(filled, times_ms), usable)
    # The second difference of white noise has sqrt(6) times its spread; that of a slow wave is next to nothing.
    noise = float(np.median(np.abs(np.diff(areas_cm2[np.isfinite(areas_cm2)], 2)))) / (0.6745 * np.sqrt(6))
    if curve.swing_cm2 <= LEAST_SWING * float(curve.smooth_cm2.max()) or curve.swing_cm2 < _SWING_TO_NOISE * noise:
        return None
    return curve


def _smoothed(curve: Curve, times_ms: Curve) -> Curve:
    """Moving mean over an odd number of frames, at least three; shorter at the ends."""
    half = min(max(1, int(_SMOOTHING_MS / float(np.median(np.diff(times_ms))) / 2)), (len(curve) - 1) // 2)
    kernel = np.ones(2 * half + 1)
    return np.convolve(curve, kernel, "same") / np.convolve(np.ones_like(curve), kernel, "same")
