"""How fast the heart beats while a clip is taken."""

from collections.abc import Sequence

import numpy as np

from models.derive.beats.rhythm import IRREGULAR, expected_beat_ms, fits_rate
from models.results import Beat, HeartRate, RateOrigin


def heart_rate(
    r_wave_times_ms: Sequence[float], stated_bpm: float | None, beats: Sequence[Beat] = (), frame_times_ms: Sequence[float] = ()
) -> HeartRate | None:
    """By the R waves, else as the header states it, else from one end-diastole to the next; None where nothing says it.

    None as well where the R waves contradict the stated rate: one of the two clocks is wrong.

    >>> heart_rate((0.0, 1000.0, 2000.0), None).bpm, heart_rate((), 72.0).bpm, heart_rate((0.0, 1000.0), 120.0)
    (60.0, 72.0, None)
    """
    expected_ms = expected_beat_ms(stated_bpm)
    waves_ms = [length for length in np.diff(sorted(set(r_wave_times_ms))).tolist() if fits_rate(length, None)]
    if waves_ms:
        whole = _single(waves_ms)
        return _rate(whole, RateOrigin.R_WAVES) if fits_rate(float(np.median(whole)), expected_ms) else None
    if expected_ms and stated_bpm:
        return HeartRate(stated_bpm, RateOrigin.HEADER)
    starts_ms = sorted(frame_times_ms[beat.ed_frame_index] for beat in beats if beat.ed_frame_index < len(frame_times_ms))
    lengths_ms = [length for length in np.diff(starts_ms).tolist() if fits_rate(length, None)]
    return _rate(_single(lengths_ms), RateOrigin.BEATS) if lengths_ms else None


def _single(lengths_ms: list[float]) -> list[float]:
    """Those of one beat each: beats that were left out between two others make a length of several."""
    return [length for length in lengths_ms if length <= (1 + IRREGULAR) * float(np.median(lengths_ms))]


def _rate(lengths_ms: list[float], origin: RateOrigin) -> HeartRate:
    of_each = 60_000 / np.array(lengths_ms)
    sd = float(np.std(of_each, ddof=1)) if len(lengths_ms) > 1 else None
    return HeartRate(60_000 / float(np.mean(lengths_ms)), origin, len(lengths_ms), sd)
