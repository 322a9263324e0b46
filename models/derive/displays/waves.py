"""Waves in the envelope of a spectrum: where each begins and ends, its peak, its integral, how it falls.

A curve is the velocity at the outer dense edge of the flow in each column, cm/s, positive towards the transducer, 0 without
flow: float64 (columns,). All columns are as long, `step_s`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

_FLOWS = 0.04  # share of the highest velocity of a side above which something flows
_SHORTEST_S = 0.04
_DROPOUT_COLUMNS = 2
_LOWEST = 0.3  # share of the median peak below which a wave is none of them
_AS_HIGH = 0.985  # share of the peak from which on a column belongs to it
_FALL = (0.9, 0.45)  # shares of the peak between which its fall is a straight line
_FEWEST_ON_LINE = 3
_HALF_PRESSURE = 1 - np.sqrt(0.5)  # velocity has fallen by this share of its peak when pressure has halved (4 v^2)


@dataclass(frozen=True)
class Wave:
    """Columns from `first` to `last`, both inside; the peak at `peak_column`. `is_whole`: no edge of the display cuts it."""

    first: int
    last: int
    peak_column: int
    peak_cm_s: float
    is_whole: bool

    @property
    def columns(self) -> slice:
        return slice(self.first, self.last + 1)


def waves_in(curve: Curve, step_s: float, *, towards: bool, where: NDArray[np.bool_] | None = None) -> tuple[Wave, ...]:
    """From left to right those of `curve` (columns,), cm/s, on one side of the base line, `where` (columns,) they may be."""
    side = np.clip(curve if towards else -curve, 0, None)
    side = side if where is None else np.where(where, side, 0.0)
    flows = _closed(side > _FLOWS * side.max(initial=0.0)) if side.any() else np.zeros(len(side), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flows.astype(int), [0]])))
    runs = [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]
    found = []
    for first, last in runs:
        if (last - first + 1) * step_s >= _SHORTEST_S:
            column, height = _top(side, first, last)
            whole = first > 0 and last < len(curve) - 1
            found.append(Wave(first, last, column, height * (1 if towards else -1), whole))
    usual = float(np.median([abs(wave.peak_cm_s) for wave in found])) if found else 0.0
    return tuple(wave for wave in found if abs(wave.peak_cm_s) >= _LOWEST * usual)


def _closed(flows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without gaps of a moment."""
    filled = flows.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[1], flows.astype(int), [1]])))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if first > 0 and end < len(flows) and end - first <= _DROPOUT_COLUMNS:
            filled[first:end] = True
    return filled


def _top(side: Curve, first: int, last: int) -> tuple[int, float]:
    """The middle of the highest columns of a run, and the height of the parabola through the highest and its neighbours."""
    highest = first + int(side[first : last + 1].argmax())
    column = round(float(np.mean(first + np.flatnonzero(side[first : last + 1] >= _AS_HIGH * side[highest]))))
    if not 0 < highest < len(side) - 1:
        return column, float(side[highest])
    before, top, after = side[highest - 1 : highest + 2]
    bend = before - 2 * top + after
    return column, float(top - (after - before) ** 2 / (8 * bend) if bend < 0 else top)


def integral_cm(curve: Curve, wave: Wave, step_s: float) -> float:
    """Velocity-time integral of `curve` (columns,), cm/s, over a wave, a magnitude.

    >>> curve = np.array([0.0, 50.0, 100.0, 50.0, 0.0, 0.0])
    >>> (wave,) = waves_in(curve, 0.1, towards=True)
    >>> round(integral_cm(curve, wave, 0.1), 6)
    20.0
    """
    return float(np.abs(curve[wave.columns]).sum() * step_s)


def mean_gradient_mmhg(curve: Curve, waves: Sequence[Wave]) -> float:
    """Mean of 4 v^2 while it flows, v in m/s (Hatle et al., Br Heart J 1978;40:131-140), of `curve` (columns,)."""
    squares = np.concatenate([(curve[wave.columns] / 100) ** 2 for wave in waves])
    return float(4 * squares.mean())


@dataclass(frozen=True)
class Fall:
    """How a peak falls along a straight line: in how many ms to the base line, and where the line begins and ends (columns)."""

    length_ms: float
    peak_column: float
    end_column: float

    @property
    def half_time_ms(self) -> float:
        return float(self.length_ms * _HALF_PRESSURE)


def fall_of(curve: Curve, wave: Wave, step_s: float) -> Fall | None:
    """The deceleration of a wave of `curve` (columns,); None where it is too short for a line.

    The line is fitted where velocity has begun to fall and before it levels off or the next wave rises. It counts from the
    peak's own velocity, so a rounded peak does not shorten it.
    """
    side = np.abs(curve)
    peak = abs(wave.peak_cm_s)
    after = side[wave.peak_column : wave.last + 1]
    lowest = int(after.argmin())
    on_line = [column for column in range(lowest + 1) if _FALL[1] * peak <= after[column] <= _FALL[0] * peak]
    if len(on_line) < _FEWEST_ON_LINE:
        on_line = [column for column in range(lowest + 1) if 0.2 * peak <= after[column] <= _FALL[0] * peak]
    if len(on_line) < _FEWEST_ON_LINE:
        return None
    slope, level = np.polyfit(on_line, after[on_line], 1)
    if slope >= 0:
        return None
    columns = peak / -slope
    end = wave.peak_column + level / -slope
    return Fall(1000 * columns * step_s, end - columns, end)
