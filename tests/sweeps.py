"""Recorded displays: a trace that a front writes over the one before, one that scrolls, one at rest."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.phantom.displays import ECG

Frames = NDArray[np.uint8]


def _boxes(region: RegionCalibration) -> tuple[tuple[slice, slice], ...]:
    """The trace and the ECG below it, which run together."""
    return tuple((slice(one.y0_px, one.y1_px + 1), slice(one.x0_px, one.x1_px + 1)) for one in (region, ECG))


def written(sweeps: Sequence[Frames], region: RegionCalibration, fronts: Iterable[float], bar: float = 0.02) -> Frames:
    """Frames (n, rows, columns, 3) of a front at these places: 1.25 is a quarter of the way over the sweep with index 2, drawn
    over the one with index 1, behind a black bar.
    """
    frames = []
    for front in fronts:
        number, share = divmod(front, 1)
        frame = sweeps[int(number)].copy()
        for rows, columns in _boxes(region):
            width = columns.stop - columns.start
            seam, end = columns.start + round(share * width), columns.start + round((share + bar) * width)
            frame[rows, columns.start : seam] = sweeps[int(number) + 1][rows, columns.start : seam]
            frame[rows, seam : min(end, columns.stop)] = 0
            frame[rows, columns.start : columns.start + max(0, end - columns.stop)] = 0
        frames.append(frame)
    return np.stack(frames)


def scrolling(sweep: Frames, region: RegionCalibration, shifts_px: Iterable[int]) -> Frames:
    """A trace that has moved to the left by these columns; what leaves at the left comes again at the right."""
    frames = []
    for shift in shifts_px:
        frame = sweep.copy()
        for box in _boxes(region):
            frame[box] = np.roll(sweep[box], -shift, axis=1)
        frames.append(frame)
    return np.stack(frames)


def under_a_cursor(sweep: Frames, region: RegionCalibration, columns: Iterable[int]) -> Frames:
    """A trace at rest, a white line where the clip is."""
    frames = []
    for column in columns:
        frame = sweep.copy()
        frame[region.y0_px : region.y1_px + 1, column : column + 2] = 255
        frames.append(frame)
    return np.stack(frames)
