"""Beats: which frames are end-diastole and end-systole, from the R waves where known and the area curve always."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.derive.area_curve import AreaCurve, area_curve, stretches
from models.derive.end_diastole import at_r_waves, at_tops
from models.results import Beat

# Heart rates outside 25-220 bpm are refused as impossible, so end-diastoles lie 273 to 2400 ms apart.
_SHORTEST_BEAT_MS, LONGEST_BEAT_MS = 60_000 / 220, 60_000 / 25
# From the QRS to aortic closure healthy hearts of 25 bpm take 490 ms (QS2 = 540 ms - 2.0 ms * bpm in women, 541 - 2.2 in men,
# DOI 10.1378/chest.80.5.613); the cavity stays small for about 100 ms more, until the mitral valve opens. The sum: our choice.
LONGEST_SYSTOLE_MS = 600.0
_RATE_TOLERANCE = 0.4  # a heart's rate changes from beat to beat, the unit of its clock does not
# Of the median: a beat shorter or longer is, or is cut by, an ectopic one; the beat after a pause is not like the others.
_IRREGULAR = 0.2


def find_beats(
    area_curve_cm2: Sequence[float | None],
    frame_times_ms: Sequence[float],
    r_wave_times_ms: Sequence[float] = (),
    heart_rate_bpm: float | None = None,
    *,
    longest_emptying_ms: float = LONGEST_SYSTOLE_MS,
) -> tuple[Beat, ...]:
    """Every regular beat with an end-diastole and a following end-systole after which the cavity fills again.

    With R waves, end-diastole is the largest area around each of them that lies at a top of the curve, else each maximum of the
    smoothed curve. Frames without an area (None) are never chosen. A still, a noisy flat curve and a clip without frame times
    have no beats. `heart_rate_bpm`, where plausible, tells maxima too close to be two beats, and forbids all beats where the
    end-diastoles contradict it: the clock is then wrong. A beat whose end-systole comes more than `longest_emptying_ms` after
    its end-diastole is none: it reaches across another one. Raises ValueError where the two curves have different lengths.
    """
    if len(area_curve_cm2) != len(frame_times_ms):
        raise ValueError(f"{len(area_curve_cm2)} areas for {len(frame_times_ms)} frame times")
    areas = np.array([np.nan if area is None else area for area in area_curve_cm2], dtype=np.float64)
    times = np.asarray(frame_times_ms, dtype=np.float64)
    if not np.all(np.diff(times) > 0):
        return ()
    expected_ms = expected_beat_ms(heart_rate_bpm)
    beats: list[Beat] = []
    for first, last in stretches(areas, times):
        if curve := area_curve(areas[first:last], times[first:last]):
            found = _beats_of(curve, r_wave_times_ms, expected_ms)
            beats += [Beat(first + beat.ed_frame_index, first + beat.es_frame_index) for beat in found]
    return tuple(beat for beat in beats if times[beat.es_frame_index] - times[beat.ed_frame_index] <= longest_emptying_ms)


def expected_beat_ms(heart_rate_bpm: float | None) -> float | None:
    """None for a heart rate that is not known or impossible."""
    if heart_rate_bpm and _SHORTEST_BEAT_MS <= 60_000 / heart_rate_bpm <= LONGEST_BEAT_MS:
        return 60_000 / heart_rate_bpm
    return None


def _beats_of(curve: AreaCurve, r_waves_ms: Sequence[float], expected_ms: float | None) -> list[Beat]:
    if beats := _beats_from(at_r_waves(curve, r_waves_ms), curve, expected_ms):
        return beats
    beats = _beats_from(_tops_at_rate(curve, expected_ms), curve, expected_ms)
    # Without an R wave nobody knows whether the clip starts at end-diastole or a little into systole.
    return [beat for beat in beats if not curve.at_border(beat.ed_frame_index)] or beats


def _tops_at_rate(curve: AreaCurve, expected_ms: float | None) -> list[int]:
    """All tops where they are evenly spaced - or contradict the heart rate -, else those far enough apart to be two beats."""
    tops = at_tops(curve, _SHORTEST_BEAT_MS)
    lengths_ms = np.diff(curve.times_ms[tops])
    even = lengths_ms.size > 0 and np.ptp(lengths_ms) <= _IRREGULAR * np.median(lengths_ms)
    if expected_ms is None or even:
        return tops
    return at_tops(curve, max(_SHORTEST_BEAT_MS, (1 - _RATE_TOLERANCE) * expected_ms))


def _beats_from(ed_frames: list[int], curve: AreaCurve, expected_ms: float | None) -> list[Beat]:
    ends = [*ed_frames[1:], len(curve.times_ms) - 1]
    beats = [beat for ed, end in zip(ed_frames, ends, strict=False) if (beat := _beat(ed, end, curve))]
    return regular_beats(beats, ed_frames, curve.times_ms, expected_ms)


def regular_beats(
    beats: list[Beat], ed_frames: Sequence[int], times_ms: NDArray[np.float64], expected_ms: float | None
) -> list[Beat]:
    """Those of `beats` that neither are nor follow an ectopic one; none where the end-diastoles contradict `expected_ms`."""
    lengths_ms = np.diff(times_ms[list(ed_frames)])
    if expected_ms and lengths_ms.size and abs(np.median(lengths_ms) - expected_ms) > _RATE_TOLERANCE * expected_ms:
        return []
    if lengths_ms.size < 3:
        return beats
    off = lengths_ms / np.median(lengths_ms) - 1
    irregular = {ed for ed, share in zip(ed_frames[:-1], off, strict=True) if abs(share) > _IRREGULAR}
    after_a_pause = {ed for ed, share in zip(ed_frames[1:], off, strict=True) if share > _IRREGULAR}
    return [beat for beat in beats if beat.ed_frame_index not in irregular | after_a_pause]


def _beat(ed: int, end: int, curve: AreaCurve) -> Beat | None:
    """End-systole is the smallest area until `end` or the next top, if the cavity empties and then fills again."""
    times, smooth = curve.times_ms, curve.smooth_cm2
    last = min([end, *(top for top in curve.tops if times[top] - times[ed] >= _SHORTEST_BEAT_MS)])
    until = np.flatnonzero(curve.usable[ed : last + 1] & (times[ed : last + 1] - times[ed] <= LONGEST_BEAT_MS)) + ed
    es = int(until[smooth[until].argmin()])
    empties = smooth[ed] - smooth[es] >= curve.turn_cm2
    fills = smooth[es : last + 1].max() - smooth[es] >= curve.turn_cm2
    return Beat(ed, es) if empties and fills else None
