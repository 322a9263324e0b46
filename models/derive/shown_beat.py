"""Whether a clip may show a whole beat, for networks that read a stroke off the film and outline nothing."""

from collections.abc import Sequence

import numpy as np

from models.derive.rhythm import IRREGULAR, expected_beat_ms, fits_rate

# Where nothing states a rate: below 50 beats a minute a heart is called slow (2018 ACC/AHA/HRS guideline on bradycardia,
# DOI 10.1161/CIR.0000000000000628), so that nearly every clip of this length shows a whole beat.
_USUAL_BEAT_MS = 60_000 / 50


def why_no_beat_shown(times_ms: Sequence[float], r_waves_ms: Sequence[float] = (), heart_rate_bpm: float | None = None) -> str:
    """In words; "" where a beat at the stated heart rate, or else between two R waves, goes into the clip.

    >>> why_no_beat_shown([0.0, 40.0, 80.0, 120.0], heart_rate_bpm=60)
    'the clip shows 160 ms, a beat takes 1000 ms'
    """
    if len(times_ms) < 2:
        return "a still does not move"
    waves = [float(length) for length in np.diff(sorted(set(r_waves_ms))) if fits_rate(float(length), None)]
    beat_ms = expected_beat_ms(heart_rate_bpm) or (float(np.median(waves)) if waves else None)
    shown_ms = float(times_ms[-1] - times_ms[0]) * len(times_ms) / (len(times_ms) - 1)  # the last frame lasts, too
    if beat_ms is None and shown_ms < _USUAL_BEAT_MS:
        return f"the clip shows {shown_ms:.0f} ms and no heart rate: whether that is a whole beat is not known"
    if beat_ms is not None and shown_ms < (1 - IRREGULAR) * beat_ms:
        return f"the clip shows {shown_ms:.0f} ms, a beat takes {beat_ms:.0f} ms"
    return ""
