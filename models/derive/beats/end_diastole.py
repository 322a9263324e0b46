"""Which frames are end-diastole: the largest area at each R wave where that can be believed, else the tops of the curve."""

from collections.abc import Sequence

import numpy as np

from models.derive.beats.area_curve import AreaCurve

_BEFORE_R_MS, _AFTER_R_MS = 80.0, 100.0  # the cavity is largest around the R wave, not exactly on it
# Share of the curve's swing that an end-diastole may lie below the top of its beat - or, at the border of the clip, where
# its own top may have been cut away, below the highest of all.
BELOW_TOP = 0.1


def at_r_waves(curve: AreaCurve, r_waves_ms: Sequence[float]) -> list[int]:
    """Largest area around each R wave; none for an R wave far from a top, as those of a shifted clock are."""
    times, smooth = curve.times_ms, curve.smooth_cm2
    found = set()
    for r_wave in r_waves_ms:
        near = np.flatnonzero(curve.usable & (times >= r_wave - _BEFORE_R_MS) & (times <= r_wave + _AFTER_R_MS))
        if not near.size or not times[0] <= r_wave <= times[-1]:
            continue
        frame = int(near[smooth[near].argmax()])
        if not _below(curve, frame):
            found.add(frame)
    return sorted(found)


def lies_at_r_wave(time_ms: float, r_waves_ms: Sequence[float]) -> bool:
    return any(-_BEFORE_R_MS <= time_ms - r_wave <= _AFTER_R_MS for r_wave in r_waves_ms)


def at_tops(curve: AreaCurve, shortest_beat_ms: float) -> list[int]:
    """Tops of the curve, of two closer than the shortest beat the higher one, each moved to the nearest usable frame."""
    times, smooth = curve.times_ms, curve.smooth_cm2
    tops: list[int] = []
    for top in curve.tops:
        if curve.at_border(top) and _below(curve, top):
            continue
        if tops and times[top] - times[tops[-1]] < shortest_beat_ms:
            tops[-1] = max(tops[-1], top, key=lambda index: float(smooth[index]))
        else:
            tops.append(top)
    usable = np.flatnonzero(curve.usable)
    return [int(usable[np.abs(usable - top).argmin()]) for top in tops]


def _below(curve: AreaCurve, frame: int) -> bool:
    times, smooth = curve.times_ms, curve.smooth_cm2
    tops = np.array(curve.tops)
    top_cm2 = smooth.max() if curve.at_border(frame) else smooth[tops[np.abs(times[tops] - times[frame]).argmin()]]
    return bool(smooth[frame] < top_cm2 - BELOW_TOP * curve.swing_cm2)
