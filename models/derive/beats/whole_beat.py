"""Whether a beat is whole: end-diastole, end-systole and the way back to the next end-diastole, in times a heart can have."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.derive.beats.area_curve import AreaCurve
from models.derive.beats.end_diastole import BELOW_TOP
from models.derive.beats.rhythm import IRREGULAR, LONGEST_BEAT_MS, RATE_TOLERANCE, SHORTEST_BEAT_MS, fits_rate, systole_range_ms

# At end-diastole the valves are closed and the cavity does not change for some tens of ms (isovolumic contraction). A first
# frame after which the area falls by more than this share of the swing lies in the middle of systole. Of a raised cosine of
# 350 ms it is 3 % at the top and 10 % from 80 ms later on.
_FLAT, _FLAT_MS = 0.08, 40.0
_SHOWN = 1 - IRREGULAR  # share of a known period that must be seen where the next end-diastole itself is not
_LIKE_ITSELF = 0.5  # correlation of a curve with itself one period later


@dataclass(frozen=True)
class Candidate:
    """Frames of one stretch. `end` is where the cavity is largest again; `is_seen`: there it turns, or an R wave is."""

    ed: int
    es: int
    end: int
    is_seen: bool

    def length_ms(self, curve: AreaCurve) -> float:
        return float(curve.times_ms[self.end] - curve.times_ms[self.ed])


@dataclass(frozen=True)
class Rhythm:
    """What is known of the beats' length; None where it is not known.

    `stated_ms` is that of the header's heart rate, `waves_ms` that of the R waves, of which some may be missing. `period_ms` is
    by the best that there is, the curve itself or the header.
    """

    stated_ms: float | None
    period_ms: float | None
    waves_ms: float | None


def rhythm(candidates: Sequence[Candidate], curve: AreaCurve, r_waves_ms: Sequence[float], stated_ms: float | None) -> Rhythm:
    """The curve's own period is the time between the end-systoles of neighbouring beats, and the length of beats that it shows
    from turn to turn.
    """
    times = curve.times_ms
    own = [float(times[after.es] - times[before.es]) for before, after in pairwise(candidates) if before.end == after.ed]
    own += [beat.length_ms(curve) for beat in candidates if beat.is_seen and curve.rises_to(beat.ed)]
    waves = np.diff(sorted(set(r_waves_ms))).tolist()
    period_ms, waves_ms = (
        float(np.median(possible))
        if (possible := [length for length in lengths_ms if fits_rate(length, stated_ms)])
        else stated_ms
        for lengths_ms in (own, waves)
    )
    return Rhythm(stated_ms, period_ms, waves_ms)


def why_not_whole(beat: Candidate, curve: AreaCurve, known: Rhythm, *, is_ventricle: bool) -> str:
    """Why `beat` is no whole beat, in words, with the figures; "" for a whole one.

    An atrium empties in diastole, whose length is not checked.
    """
    times, length_ms = curve.times_ms, beat.length_ms(curve)
    if not curve.rises_to(beat.ed) and not beat.is_seen and known.period_ms is None:
        return "the clip shows neither how the beat begins nor how it ends, and nothing states a heart rate"
    if not curve.rises_to(beat.ed) and (why := _why_cut(beat, curve, known)):
        return why
    if not beat.is_seen and (why := _why_unfinished(beat, curve, known)):
        return why
    if known.stated_ms and not fits_rate(length_ms, known.stated_ms) and (beat.is_seen or length_ms > known.stated_ms):
        return contradiction(length_ms, known.stated_ms)
    if not SHORTEST_BEAT_MS - curve.frame_ms <= length_ms <= LONGEST_BEAT_MS + curve.frame_ms:
        return f"a beat of {length_ms:.0f} ms, where hearts take {SHORTEST_BEAT_MS:.0f} to {LONGEST_BEAT_MS:.0f} ms"
    if is_ventricle:
        systole_ms = float(times[beat.es] - times[beat.ed])
        least_ms, most_ms = systole_range_ms(known.period_ms or length_ms, curve.frame_ms)
        if not least_ms <= systole_ms <= most_ms:
            return (
                f"from end-diastole to end-systole {systole_ms:.0f} ms, "
                f"where hearts of this rate take {max(least_ms, 0):.0f} to {most_ms:.0f} ms"
            )
    return ""


def contradiction(length_ms: float, stated_ms: float) -> str:
    """A beat that is not as long as the header's heart rate says, in words."""
    return f"a beat of {length_ms:.0f} ms, where the stated heart rate of {60_000 / stated_ms:.0f} says {stated_ms:.0f} ms"


def why_too_short(curve: AreaCurve, stated_ms: float | None) -> str:
    """A stretch of frames into which no whole beat goes, in words; "" for a longer one."""
    shown_ms = float(curve.times_ms[-1] - curve.times_ms[0])
    if shown_ms < SHORTEST_BEAT_MS:
        return f"the outlined frames span {shown_ms:.0f} ms, the shortest beat takes {SHORTEST_BEAT_MS:.0f} ms"
    if stated_ms and shown_ms < (1 - RATE_TOLERANCE) * stated_ms:
        bpm = 60_000 / stated_ms
        return f"the outlined frames span {shown_ms:.0f} ms, a beat at the stated rate of {bpm:.0f} takes {stated_ms:.0f} ms"
    return ""


def why_impossible_period(curve: AreaCurve) -> str:
    """A curve that repeats itself quicker than hearts beat was given a wrong clock; "" for all others.

    Sought without smoothing: with a clock that is too fast the smoothing reaches over several beats.
    """
    areas = curve.areas_cm2 - curve.areas_cm2.mean()
    power = float(areas @ areas)
    lags = np.arange(2, len(areas) * 2 // 3)
    if lags.size < 3 or power == 0:
        return ""
    likeness = np.array([areas[lag:] @ areas[:-lag] / (len(areas) - lag) for lag in lags]) * len(areas) / power
    inner = likeness[1:-1]
    tops = np.flatnonzero((inner >= likeness[:-2]) & (inner > likeness[2:]) & (inner >= _LIKE_ITSELF)) + 1
    if not tops.size:
        return ""
    best = tops[likeness[tops] >= 0.9 * likeness[tops].max()][0]
    period_ms = float(lags[best] * curve.frame_ms)
    if period_ms >= SHORTEST_BEAT_MS - curve.frame_ms:
        return ""
    return f"the areas repeat every {period_ms:.0f} ms, the shortest beat takes {SHORTEST_BEAT_MS:.0f} ms"


def _why_cut(beat: Candidate, curve: AreaCurve, known: Rhythm) -> str:
    """The first frames are an end-diastole only where the cavity does not empty yet, and the beat is as long as the others."""
    smooth, times = curve.smooth_cm2, curve.times_ms
    wanted_ms = min(_FLAT_MS, float(times[beat.es] - times[beat.ed]) / 8)
    soon = max(beat.ed + 1, int(np.searchsorted(times, times[beat.ed] + wanted_ms - 1e-6)))
    falls = (smooth[beat.ed] - smooth[soon]) / (smooth[beat.ed] - smooth[beat.es])
    # The next frame may be further off: from a top the area falls with the square of time, within systole in proportion to it.
    if falls * min(1.0, wanted_ms / float(times[soon] - times[beat.ed])) ** 1.5 > _FLAT:
        return "the clip starts after end-diastole: the cavity empties from the first frame on"
    length_ms, period_ms = beat.length_ms(curve), known.period_ms
    if period_ms and length_ms < (1 - IRREGULAR) * period_ms:
        return f"the first beat is cut: {length_ms:.0f} of {period_ms:.0f} ms are shown"
    return ""


def _why_unfinished(beat: Candidate, curve: AreaCurve, known: Rhythm) -> str:
    """The last frames end a beat only where the cavity is back, or nearly all of a known period is seen."""
    smooth = curve.smooth_cm2
    is_back = smooth[beat.end] >= smooth[beat.ed] - BELOW_TOP * (smooth[beat.ed] - smooth[beat.es])
    shown_ms = float(curve.times_ms[-1] - curve.times_ms[beat.ed])
    period_ms = known.period_ms or (None if is_back else known.waves_ms)
    if period_ms is None:
        return "" if is_back else "the clip ends before the next end-diastole"
    if shown_ms + curve.frame_ms >= _SHOWN * period_ms:
        return ""
    return f"the clip ends before the next end-diastole: {shown_ms:.0f} of {period_ms:.0f} ms are shown"
