"""Whether a clip may show a whole beat, where no size tells: for networks that read a stroke off the clip, and for walls."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from models.derive.beats.rhythm import IRREGULAR, LONGEST_BEAT_MS, SHORTEST_BEAT_MS, expected_beat_ms, fits_rate
from models.derive.beats.whole_beat import contradiction

# Assumed where nothing states a rate. Below 50 beats a minute a heart is called slow (2018 ACC/AHA/HRS guideline on
# bradycardia, DOI 10.1161/CIR.0000000000000628), so nearly every clip of this length shows a whole beat.
_USUAL_BEAT_MS = 60_000 / 50


def why_no_beat_shown(times_ms: Sequence[float], r_waves_ms: Sequence[float] = (), heart_rate_bpm: float | None = None) -> str:
    """Why the clip shows no whole beat, in words; "" where a beat fits into it.

    The length of a beat is that of the stated heart rate, or else that between two R waves.

    >>> why_no_beat_shown([0.0, 40.0, 80.0, 120.0], heart_rate_bpm=60)
    'the clip shows 160 ms, a beat takes 1000 ms'
    """
    if len(times_ms) < 2:
        return "a single frame does not move"
    waves = [float(length) for length in np.diff(sorted(set(r_waves_ms))) if fits_rate(float(length), None)]
    beat_ms = expected_beat_ms(heart_rate_bpm) or (float(np.median(waves)) if waves else None)
    shown_ms = float(times_ms[-1] - times_ms[0]) * len(times_ms) / (len(times_ms) - 1)  # the last frame lasts, too
    if beat_ms is None and shown_ms < _USUAL_BEAT_MS:
        return f"the clip shows {shown_ms:.0f} ms and no heart rate: whether that is a whole beat is not known"
    if beat_ms is not None and shown_ms < (1 - IRREGULAR) * beat_ms:
        return f"the clip shows {shown_ms:.0f} ms, a beat takes {beat_ms:.0f} ms"
    return ""


def waves_of_beats(
    times_ms: Sequence[float], r_waves_ms: Sequence[float], heart_rate_bpm: float | None = None
) -> tuple[tuple[float, ...], str]:
    """The R waves within the clip that begin or end a whole beat; without any, in words why.

    A beat is whole from one R wave to the next. Where its length is known, it also counts as whole if nearly all of it is shown
    before or after an R wave. An R wave on the first frame alone may be a placeholder: nothing else says that the clip starts
    at end-diastole.

    >>> waves_of_beats([40.0 * frame for frame in range(40)], (200.0, 1200.0), 60)
    ((200.0, 1200.0), '')
    >>> waves_of_beats([40.0 * frame for frame in range(15)], (200.0,), 60)
    ((), 'the clip shows 600 ms, a beat takes 1000 ms, its R waves end none')
    """
    first_ms, last_ms = float(times_ms[0]), float(times_ms[-1])
    waves = sorted({float(wave) for wave in r_waves_ms if first_ms <= wave <= last_ms})
    if not waves:
        return (), "no R wave lies within the clip"
    expected_ms = expected_beat_ms(heart_rate_bpm)
    lengths_ms = np.diff(waves)
    median_ms = float(np.median(lengths_ms)) if lengths_ms.size else None
    if median_ms is not None and not fits_rate(median_ms, expected_ms):
        if expected_ms:
            return (), contradiction(median_ms, expected_ms)
        return (), f"R waves {median_ms:.0f} ms apart, where hearts take {SHORTEST_BEAT_MS:.0f} to {LONGEST_BEAT_MS:.0f} ms"
    whole = {wave for pair in pairwise(waves) if fits_rate(pair[1] - pair[0], expected_ms) for wave in pair}
    period_ms, frame_ms = expected_ms or median_ms, (last_ms - first_ms) / max(1, len(times_ms) - 1)
    if period_ms and (len(waves) > 1 or waves[0] - first_ms >= frame_ms):
        shown_ms = (1 - IRREGULAR) * period_ms - frame_ms
        whole |= {wave for wave in waves if max(wave - first_ms, last_ms - wave) >= shown_ms}
    if whole:
        return tuple(sorted(whole)), ""
    why = why_no_beat_shown(times_ms, r_waves_ms, heart_rate_bpm)
    return (), f"{why}, its R waves end none" if why else "no R wave begins or ends a beat of known length within the clip"
