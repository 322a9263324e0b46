"""Beats: which frames are end-diastole and end-systole, from the R waves where known and the area curve always."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.derive.beats.area_curve import AreaCurve, area_curve, stretches
from models.derive.beats.end_diastole import at_r_waves, at_tops
from models.derive.beats.rhythm import IRREGULAR, LONGEST_BEAT_MS, RATE_TOLERANCE, SHORTEST_BEAT_MS, expected_beat_ms, fits_rate
from models.derive.beats.whole_beat import (
    Candidate,
    contradiction,
    rhythm,
    why_impossible_period,
    why_not_whole,
    why_too_short,
)
from models.results import Beat

_NO_TURNS = "no end-diastole, end-systole and way back to the next end-diastole in the areas"
_STILL = "the area hardly moves, or less than its noise"


@dataclass(frozen=True)
class BeatSearch:
    """The whole beats of a clip; without any, `why_none` says in words what was found instead."""

    beats: tuple[Beat, ...]
    why_none: str = ""


def find_beats(
    area_curve_cm2: Sequence[float | None],
    frame_times_ms: Sequence[float],
    r_wave_times_ms: Sequence[float] = (),
    heart_rate_bpm: float | None = None,
    *,
    of_atrium: bool = False,
) -> tuple[Beat, ...]:
    """The beats of `search_beats`."""
    return search_beats(area_curve_cm2, frame_times_ms, r_wave_times_ms, heart_rate_bpm, of_atrium=of_atrium).beats


def search_beats(
    area_curve_cm2: Sequence[float | None],
    frame_times_ms: Sequence[float],
    r_wave_times_ms: Sequence[float] = (),
    heart_rate_bpm: float | None = None,
    *,
    of_atrium: bool = False,
) -> BeatSearch:
    """Every regular whole beat: an end-diastole, the following end-systole, and the way back to the next end-diastole.

    With R waves, end-diastole is the largest area around each of them that lies at a top of the curve. Without, it is each
    maximum of the smoothed curve. Frames without an area (None) are never chosen; the first and the last frame only where more
    than the lack of others speaks for them (`beats.whole_beat`). A single frame, a noisy flat curve and a clip without frame
    times have no beats.

    `heart_rate_bpm`, where plausible, tells maxima too close to be two beats. Where the end-diastoles contradict it the clock
    is wrong, and no beat is given. The length of each beat and of its systole must be a heart's. `of_atrium`: an atrium is
    largest at the ventricle's end-systole, and its emptying may take as long as diastole. Raises ValueError where the two
    curves have different lengths.
    """
    if len(area_curve_cm2) != len(frame_times_ms):
        raise ValueError(f"{len(area_curve_cm2)} areas for {len(frame_times_ms)} frame times")
    areas = np.array([np.nan if area is None else area for area in area_curve_cm2], dtype=np.float64)
    times = np.asarray(frame_times_ms, dtype=np.float64)
    if not np.all(np.diff(times) > 0):
        return BeatSearch((), "the frame times do not rise")
    expected_ms = expected_beat_ms(heart_rate_bpm)
    beats: list[Beat] = []
    reasons: list[str] = []
    for first, last in stretches(areas, times):
        curve = area_curve(areas[first:last], times[first:last])
        found = _beats_of(curve, r_wave_times_ms, expected_ms, is_ventricle=not of_atrium) if curve else BeatSearch((), _STILL)
        beats += [Beat(first + beat.ed_frame_index, first + beat.es_frame_index) for beat in found.beats]
        reasons.append(found.why_none)
    return BeatSearch(tuple(beats), "" if beats else "; ".join(dict.fromkeys(reasons)) or "no frame has an area")


def _beats_of(curve: AreaCurve, r_waves_ms: Sequence[float], expected_ms: float | None, *, is_ventricle: bool) -> BeatSearch:
    if why := why_too_short(curve, expected_ms) or why_impossible_period(curve):
        return BeatSearch((), why)
    at_waves = _beats_from(at_r_waves(curve, r_waves_ms), curve, r_waves_ms, expected_ms, is_ventricle=is_ventricle)
    if at_waves.beats:
        return at_waves
    by_tops = _beats_from(_tops_at_rate(curve, expected_ms), curve, r_waves_ms, expected_ms, is_ventricle=is_ventricle)
    # Without an R wave nobody knows whether the clip starts at end-diastole or a little into systole.
    inner = tuple(beat for beat in by_tops.beats if not curve.at_border(beat.ed_frame_index))
    return BeatSearch(inner or by_tops.beats, by_tops.why_none)


def _tops_at_rate(curve: AreaCurve, expected_ms: float | None) -> list[int]:
    """All tops where they are evenly spaced - or contradict the heart rate -, else those far enough apart to be two beats."""
    shortest_ms = SHORTEST_BEAT_MS - curve.frame_ms  # each end is seen on the frame next to it
    tops = at_tops(curve, shortest_ms)
    lengths_ms = np.diff(curve.times_ms[tops])
    even = lengths_ms.size > 0 and np.ptp(lengths_ms) <= IRREGULAR * np.median(lengths_ms)
    if expected_ms is None or even:
        return tops
    return at_tops(curve, max(shortest_ms, (1 - RATE_TOLERANCE) * expected_ms))


def _beats_from(
    ed_frames: list[int], curve: AreaCurve, r_waves_ms: Sequence[float], expected_ms: float | None, *, is_ventricle: bool
) -> BeatSearch:
    last = len(curve.times_ms) - 1
    candidates = [
        found
        for ed, end in zip(ed_frames, [*ed_frames[1:], None], strict=False)
        if (found := _candidate(ed, last if end is None else end, curve, r_waves_ms))
    ]
    lengths_ms = np.diff(curve.times_ms[ed_frames])
    if lengths_ms.size and expected_ms and not fits_rate(median_ms := float(np.median(lengths_ms)), expected_ms):
        return BeatSearch((), contradiction(median_ms, expected_ms))
    known = rhythm(candidates, curve, r_waves_ms, expected_ms)
    why = {found: why_not_whole(found, curve, known, is_ventricle=is_ventricle) for found in candidates}
    whole = [Beat(found.ed, found.es) for found, words in why.items() if not words]
    beats = regular_beats(whole, ed_frames, curve.times_ms, expected_ms)
    return BeatSearch(tuple(beats), "; ".join(dict.fromkeys(filter(None, why.values()))) or _NO_TURNS)


def regular_beats(
    beats: list[Beat], ed_frames: Sequence[int], times_ms: NDArray[np.float64], expected_ms: float | None
) -> list[Beat]:
    """Those of `beats` that neither are nor follow an ectopic one; none where the end-diastoles contradict `expected_ms`.

    `ed_frames` are indices into `times_ms` (frames,).
    """
    lengths_ms = np.diff(times_ms[list(ed_frames)])
    if expected_ms and lengths_ms.size and not fits_rate(float(np.median(lengths_ms)), expected_ms):
        return []
    if lengths_ms.size < 3:
        return beats
    off = lengths_ms / np.median(lengths_ms) - 1
    irregular = {ed for ed, share in zip(ed_frames[:-1], off, strict=True) if abs(share) > IRREGULAR}
    after_a_pause = {ed for ed, share in zip(ed_frames[1:], off, strict=True) if share > IRREGULAR}
    return [beat for beat in beats if beat.ed_frame_index not in irregular | after_a_pause]


def _candidate(ed: int, end: int, curve: AreaCurve, r_waves_ms: Sequence[float]) -> Candidate | None:
    """End-systole is the smallest area until `end` or the next top, if the cavity empties and then fills again.

    The beat ends at the next end-diastole, or where an R wave is, or at the largest area that the clip still shows.
    """
    times, smooth = curve.times_ms, curve.smooth_cm2
    last = min([end, *(top for top in curve.tops if times[top] - times[ed] >= SHORTEST_BEAT_MS - curve.frame_ms)])
    until = np.flatnonzero(curve.usable[ed : last + 1] & (times[ed : last + 1] - times[ed] <= LONGEST_BEAT_MS)) + ed
    es = int(until[smooth[until].argmin()])
    next_ed = es + int(smooth[es : last + 1].argmax())
    empties = smooth[ed] - smooth[es] >= curve.turn_cm2
    fills = smooth[next_ed] - smooth[es] >= curve.turn_cm2
    if not (empties and fills):
        return None
    waves = [wave for wave in r_waves_ms if times[next_ed] - curve.frame_ms <= wave <= times[-1]]
    turns = last < len(times) - 1 and not curve.at_border(last)
    return Candidate(ed, es, last if turns else next_ed, is_seen=turns or bool(waves))
