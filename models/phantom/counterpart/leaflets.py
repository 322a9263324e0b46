"""The leaflets of the four valves as open sheets, at a moment.

A sheet is float64 (rows, columns, 3), x, y, z in mm of the heart's frame: row 0 is its hinge, the last its free edge.
"""

import numpy as np

from models.phantom.counterpart.aorta import ANNULUS, JUNCTION, SINUS
from models.phantom.counterpart.ring_stack import Grid

_ROWS, _COLUMNS = 7, 15


def atrioventricular(
    middle: Grid, deep: Grid, wide: Grid, inflow: Grid, opening: float, lengths: tuple[float, float]
) -> tuple[Grid, Grid]:
    """The two leaflets of a valve, open by `opening`, 0 to 1: sheets float64 (rows, columns, 3) in mm.

    `middle` (3,) is that of the annulus, `deep` and `wide` (3,) are its half axes in mm, `inflow` (3,) the unit vector of flow.
    All are float64. The first leaflet hangs on the side of `deep`, with the first of `lengths` in mm.
    """
    sheets = []
    for sign, length in zip((1, -1), lengths, strict=True):
        angle = np.linspace(-1.22, 1.22, _COLUMNS)
        hinge = middle + sign * np.cos(angle)[:, None] * deep + np.sin(angle)[:, None] * wide
        inward = middle - hinge
        inward = inward / np.linalg.norm(inward, axis=1, keepdims=True)
        shut, wide_open = np.radians(24), np.radians(80 if sign > 0 else 72)
        tilt = shut + (wide_open - shut) * opening
        reach = length * (1 - 0.45 * (angle / 1.22) ** 2)[:, None]
        row = np.linspace(0, 1, _ROWS)[:, None, None]
        bow = 0.12 * np.sin(np.pi * row) * (1.4 - 2.2 * opening)
        sheets.append(hinge + reach * row * (np.cos(tilt) * inward + np.sin(tilt) * inflow) + bow * reach * inflow)
    return sheets[0], sheets[1]


def coaptation_lengths(deep_mm: float) -> tuple[float, float]:
    """Leaflets just long enough to meet behind the annulus' middle, the anterior the longer one, in mm.

    >>> tuple(round(length, 1) for length in coaptation_lengths(13.0))
    (18.5, 12.5)
    """
    return 1.42 * deep_mm, 0.96 * deep_mm


def semilunar(
    vessel: Grid, opening: float, first: int = ANNULUS, widest: int = SINUS, last: int = JUNCTION
) -> tuple[Grid, ...]:
    """The three cusps in the root of `vessel`, float64 (rings, points, 3) in mm, between its rings of these numbers.

    A cusp is a sheet, float64 (rows, columns, 3) in mm.
    """
    points = vessel.shape[1]
    low, high = vessel[first], vessel[last]
    top = high.mean(axis=0)
    rise = top - low.mean(axis=0)
    meet = low.mean(axis=0) + 0.62 * rise
    third = points // 3
    cusps = []
    for cusp in range(3):
        column = (cusp * third + third // 2 + np.linspace(0, third, _COLUMNS)) % points
        across = np.linspace(-1, 1, _COLUMNS)
        crown = np.abs(across) ** 2.2  # the hinge climbs to the commissures
        hinge = _around(low, column) * (1 - 0.7 * crown)[:, None] + _around(high, column) * (0.7 * crown)[:, None]
        ends = hinge[0], hinge[-1]
        towards = 1 - np.abs(across)[:, None]
        side = np.where(across[:, None] < 0, ends[0], ends[1])
        shut = side * (1 - towards) + meet * towards
        edge = _around(vessel[widest], column)
        wide = 0.86 * edge + 0.14 * vessel[widest].mean(axis=0) + 0.3 * rise
        flung = np.where(np.abs(across)[:, None] > 0.98, side, wide)
        free = (1 - opening) * shut + opening * flung
        row = np.linspace(0, 1, _ROWS)[:, None, None]
        belly = 0.16 * np.sin(np.pi * row) * (1 - opening) * (1 - across**2)[None, :, None]
        cusps.append((1 - row) * hinge + row * free - belly * rise)
    return tuple(cusps)


def _around(ring: Grid, column: Grid) -> Grid:
    low = np.floor(column).astype(int) % len(ring)
    share = (column - np.floor(column))[:, None]
    return np.asarray(ring[low] * (1 - share) + ring[(low + 1) % len(ring)] * share)
