"""Beats whose ends a network found in the images: which frames' areas they need, and on which of these each end lies.

A finder of phases is off by a frame or two (EchoPDNet: 0.7 to 3.5 frames on average), so each end is moved to the extreme area
nearby. Areas are cleaned as those of a whole curve are (`beats.area_curve`). An end that lies further off is refused:
there the areas go on growing, or shrinking, beyond what may be moved, or the ECG says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.derive.beats.area_curve import LEAST_SWING, OUTLIER, TURN, Curve
from models.derive.beats.cardiac_cycle import regular_beats
from models.derive.beats.end_diastole import lies_at_r_wave
from models.derive.beats.phase_score import PhaseEvents
from models.derive.beats.rhythm import IRREGULAR, LONGEST_SYSTOLE_MS, expected_beat_ms, systole_range_ms
from models.results import Beat

_OFF = 2  # frames by which an end may be moved
_GOES_ON = 0.03  # share of the swing by which a frame beyond may be more extreme: the noise of the outlines
_NEIGHBOURS = _OFF + 1  # on each side: so many areas are needed for a mean of three at every frame that may be chosen


def beats_of_phases(
    events: PhaseEvents, frame_times_ms: Sequence[float], heart_rate_bpm: float | None = None
) -> tuple[Beat, ...]:
    """Every regular end-diastole with the end-systole before the next one, as long after it as systole takes: one still later
    belongs to an end-diastole that was missed. The last end-diastole counts where nearly a whole period is shown
    after it. None where the clock stands still, or where `heart_rate_bpm`, if possible, contradicts them.
    """
    times = np.asarray(frame_times_ms, dtype=np.float64)
    if not np.all(np.diff(times) > 0):
        return ()
    starts = events.ed_frame_indices
    expected_ms = expected_beat_ms(heart_rate_bpm)
    known_ms = [*np.diff(times[list(starts)]), *np.diff(times[list(events.es_frame_indices)])]
    period_ms = expected_ms or min(known_ms, default=None)  # a missed event makes it longer, never shorter
    if period_ms is None:
        return ()
    frame_ms = float(np.median(np.diff(times)))
    least_ms, most_ms = systole_range_ms(period_ms, frame_ms)
    last = [len(times)] if starts and times[-1] + frame_ms - times[starts[-1]] >= (1 - IRREGULAR) * period_ms else []
    beats = [
        Beat(ed, es)
        for ed, end in zip(starts, [*starts[1:], *last], strict=False)
        for es in events.es_frame_indices
        if ed < es < end and least_ms <= times[es] - times[ed] <= most_ms
    ]
    return tuple(regular_beats(beats, starts, times, expected_ms))


def frames_needed(beats: Sequence[Beat], number_of_frames: int) -> tuple[int, ...]:
    """The ends of the beats and their neighbours, rising.

    >>> frames_needed([Beat(1, 9)], 11)
    (0, 1, 2, 3, 4, 6, 7, 8, 9, 10)
    """
    ends = (end for beat in beats for end in (beat.ed_frame_index, beat.es_frame_index))
    return tuple(sorted({index for end in ends for index in _around(end, number_of_frames)}))


def settled_beats(
    beats: Sequence[Beat], areas_cm2: Sequence[float | None], frame_times_ms: Sequence[float]
) -> tuple[Beat, ...]:
    """The beats with their ends on the largest and the smallest area nearby, in the mean of three frames.

    A beat is left out where an end has no area, is no extreme of the areas nearby, or is the first or the last frame. So is one
    whose cavity does not empty, or whose moved ends lie more than 600 ms apart. Where areas hardly move, all are left out.
    """
    areas = np.array([np.nan if area is None else area for area in areas_cm2], dtype=np.float64)
    ends = [(_near(areas, beat.ed_frame_index), _near(areas, beat.es_frame_index)) for beat in beats]
    known = [pair for pair in ends if all(near.frames.size for near in pair)]
    if not known:
        return ()
    medians = np.concatenate([near.medians_cm2 for pair in known for near in pair])
    swing = float(np.ptp(medians))
    if swing <= LEAST_SWING * float(medians.max()):
        return ()
    settled = []
    for at_ed, at_es in known:
        ed, es = at_ed.extreme(1, swing), at_es.extreme(-1, swing)
        if not (ed and es) or {ed[0], es[0]} & {0, len(areas) - 1} or ed[1] - es[1] < TURN * swing:
            continue
        if frame_times_ms[es[0]] - frame_times_ms[ed[0]] <= LONGEST_SYSTOLE_MS:
            settled.append(Beat(ed[0], es[0]))
    return tuple(settled)


def beats_at_r_waves(
    beats: Sequence[Beat], frame_times_ms: Sequence[float], r_wave_times_ms: Sequence[float]
) -> tuple[Beat, ...]:
    """The beats whose end-diastole lies at an R wave; all of them where no R wave is known within the clip."""
    known = [time for time in r_wave_times_ms if frame_times_ms[0] <= time <= frame_times_ms[-1]]
    return tuple(beat for beat in beats if not known or lies_at_r_wave(frame_times_ms[beat.ed_frame_index], known))


@dataclass(frozen=True, eq=False)
class _Near:
    """The frames around the frame `end` that have an area, both arrays of shape (frames,)."""

    end: int
    frames: NDArray[np.intp]
    areas_cm2: Curve

    @property
    def medians_cm2(self) -> Curve:
        """The median of each area and its two neighbours; at an end that of the first or the last three."""
        if self.areas_cm2.size < 3:
            return self.areas_cm2
        inner: Curve = np.median(np.stack([self.areas_cm2[:-2], self.areas_cm2[1:-1], self.areas_cm2[2:]]), axis=0)
        return np.concatenate([inner[:1], inner, inner[-1:]])

    def extreme(self, sign: int, swing_cm2: float) -> tuple[int, float] | None:
        """Frame and area (mean of three) of the largest, or with `sign` -1 the smallest; frames far from their neighbours'
        median do not count. None where the area beyond the frames that may be chosen is more extreme still.
        """
        usable = np.abs(self.areas_cm2 - self.medians_cm2) <= OUTLIER * swing_cm2
        frames, areas = self.frames[usable], self.areas_cm2[usable]
        sums, counts = (np.convolve(values, np.ones(3))[1:-1] for values in (areas, np.ones_like(areas)))
        smooth = sign * sums / counts
        candidates = np.flatnonzero(np.abs(frames - self.end) <= _OFF)
        if not candidates.size:
            return None
        best = int(candidates[smooth[candidates].argmax()])
        beyond = sign * areas[np.abs(frames - self.end) > _OFF]
        if beyond.size and beyond.max() > smooth[best] + _GOES_ON * swing_cm2:
            return None
        return int(frames[best]), float(sign * smooth[best])


def _near(areas_cm2: Curve, end: int) -> _Near:
    around = np.array(_around(end, len(areas_cm2)))
    frames = around[np.isfinite(areas_cm2[around])]
    return _Near(end, frames, areas_cm2[frames])


def _around(end: int, number_of_frames: int) -> range:
    return range(max(0, end - _NEIGHBOURS), min(number_of_frames, end + _NEIGHBOURS + 1))
