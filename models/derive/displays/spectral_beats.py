"""Where the beats are in a spectral Doppler display, from its brightness alone.

An object's R waves (RWaveTimeVector) count from its first frame on; nothing says which column of a sweep that is.

Along time the spectrum is one curve: how far bright pixels reach from the baseline. Flow makes humps of it, and silence between
them makes valleys. In an outflow tract a hump is a beat. Early and atrial filling are two humps of one beat. The silence
between humps tells that from two beats: while the mitral valve is closed it lasts as long as systole does.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.derive.beats.rhythm import LONGEST_BEAT_MS, SHORTEST_BEAT_MS
from models.derive.displays.spectral_image import threshold_of, without_speckle

Curve = NDArray[np.float64]

_SHORTEST_BEAT_S, _LONGEST_BEAT_S = SHORTEST_BEAT_MS / 1000, LONGEST_BEAT_MS / 1000
_SILENCE = 10  # percentile of the curve: what is there between beats, such as bright vessel walls at the baseline
_BASELINE_ROWS = 0.012  # share of the rows on either side of the baseline that show the line itself or the walls
_SMOOTHING_S, _SHORTEST_HUMP_S = 0.03, 0.07
_DROPOUT_S = 0.04
_RISES = 0.15  # share of the highest hump: flow begins above it
_FOOT = 0.04  # share of the highest hump: flow has ended below it
_LOWEST_HUMP = 0.3  # share of the median hump: lower humps are valve clicks or noise
_VALLEY = 0.5  # share of the lower of two tops: a deeper valley parts two humps
_FILLING_GAP = 0.75  # share of systole: a longer silence is no pause within one filling
_IRREGULAR = 0.2  # share of the period by which a beat may be off
_FASTEST_FILLING_BPM = 130  # above this rate early and atrial filling have grown together
_PERIODIC = 0.3  # correlation with itself one period later that a rhythm must reach
_SECONDS_PER_PX = 0.004  # assumed where the display does not say: eight seconds on two thousand columns, a usual sweep


@dataclass(frozen=True)
class SpectralBeat:
    """The flow of one beat, columns of the display, both inclusive."""

    first_column: int
    last_column: int

    @property
    def columns(self) -> slice:
        return slice(self.first_column, self.last_column + 1)


@dataclass(frozen=True)
class SpectralBeats:
    """Whole beats from left to right. `period_s` is None where no rhythm is found; `upwards`: drawn above the baseline."""

    beats: tuple[SpectralBeat, ...]
    period_s: float | None
    upwards: bool


def find_spectral_beats(
    grey: NDArray[np.float64],
    zero_row: float,
    seconds_per_px: float | None,
    *,
    two_humps: bool = False,
) -> SpectralBeats:
    """The beats of a spectral region, `grey` (rows, columns), 0 to 255; `zero_row` is the baseline's row in it.

    Only flow on the stronger side of the baseline counts. Beats that the display's sides cut are left out. `two_humps` is for
    mitral inflow.
    """
    step_s = seconds_per_px or _SECONDS_PER_PX
    above, below = _reach(grey, zero_row)
    upwards = bool(above.sum() > below.sum())
    curve = _smoothed(above if upwards else below, step_s)
    curve = np.clip(curve - np.percentile(curve, _SILENCE), 0, None)
    top = float(np.percentile(curve, 98))
    period_s = _period_s(curve, step_s)
    if top <= 0:
        return SpectralBeats((), None, upwards)
    humps = _humps(curve, top, step_s)
    open_px = 0.0
    if two_humps:
        groups = _in_pairs(humps, period_s, step_s) or _one_by_one(humps, period_s, step_s)
        if not groups:
            open_px = _FILLING_GAP * _closed_s(period_s) / step_s
            groups = _by_silence(humps, open_px, least_px=0)
    else:
        groups = _by_silence(humps, _DROPOUT_S / step_s, least_px=3)
    whole = [(first, last) for first, last in groups if first > max(open_px, 1) and last < len(curve) - 2]
    return SpectralBeats(tuple(SpectralBeat(*_to_feet(curve, top, *beat)) for beat in whole), period_s, upwards)


def _reach(grey: NDArray[np.float64], zero_row: float) -> tuple[Curve, Curve]:
    """How far bright pixels reach above and below the baseline: a filled spectrum of height v sums up to v^2 / 2."""
    rows = np.arange(grey.shape[0])[:, None] - zero_row
    even = without_speckle(grey)
    bright = (even > threshold_of(even)) & (np.abs(rows) > _BASELINE_ROWS * grey.shape[0])
    energy = bright * np.abs(rows)
    return np.sqrt(2 * (energy * (rows < 0)).sum(axis=0)), np.sqrt(2 * (energy * (rows > 0)).sum(axis=0))


def _smoothed(curve: Curve, step_s: float) -> Curve:
    half = max(1, round(_SMOOTHING_S / step_s / 2))
    kernel = np.ones(2 * half + 1)
    return np.asarray(np.convolve(curve, kernel, "same") / np.convolve(np.ones_like(curve), kernel, "same"))


def _period_s(curve: Curve, step_s: float) -> float | None:
    """The shortest shift of those at which the curve is most like itself, None where it never is."""
    lags = np.arange(round(_SHORTEST_BEAT_S / step_s), min(round(_LONGEST_BEAT_S / step_s), len(curve) * 2 // 3))
    centred = curve - curve.mean()
    power = float(centred @ centred)
    if len(lags) < 3 or power == 0:
        return None
    likeness = np.array([centred[lag:] @ centred[:-lag] / (len(curve) - lag) for lag in lags]) * len(curve) / power
    inner = likeness[1:-1]
    tops = np.flatnonzero((inner >= likeness[:-2]) & (inner > likeness[2:]) & (inner >= _PERIODIC)) + 1
    if tops.size == 0:
        return None
    best = tops[likeness[tops] >= 0.9 * likeness[tops].max()][0]
    return float(lags[best] * step_s)


def _closed_s(period_s: float | None) -> float:
    """How long the mitral valve is closed, about as long as systole: 0.546 s - 0.0021 s per beat a minute.

    Weissler et al., Circulation 1968;37:149-159 (electromechanical systole, men). Without a rhythm, 75 bpm.
    """
    return 0.546 - 0.0021 * min(60 / period_s if period_s else 75, _FASTEST_FILLING_BPM)


def _humps(curve: Curve, top: float, step_s: float) -> list[tuple[int, int]]:
    """Runs above the rise, parted at deep valleys; short and low ones are no flow."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], curve > _RISES * top, [0]]).astype(int)))
    runs = [
        part for first, end in zip(edges[::2], edges[1::2], strict=True) for part in _parted(curve, int(first), int(end) - 1)
    ]
    long_enough = [
        run for run in runs if run[1] - run[0] + 1 >= _SHORTEST_HUMP_S / step_s or run[0] <= 1 or run[1] >= len(curve) - 2
    ]
    if not long_enough:
        return []
    heights = [float(curve[first : last + 1].max()) for first, last in long_enough]
    return [run for run, height in zip(long_enough, heights, strict=True) if height >= _LOWEST_HUMP * float(np.median(heights))]


def _parted(curve: Curve, first: int, last: int) -> list[tuple[int, int]]:
    """Parted where the curve falls below `_VALLEY` of both the highest point before and the highest after."""
    run = curve[first : last + 1]
    before, after = np.maximum.accumulate(run), np.maximum.accumulate(run[::-1])[::-1]
    depth = run / np.minimum(before, after)
    valley = int(depth.argmin())
    if depth[valley] > _VALLEY:
        return [(first, last)]
    return [*_parted(curve, first, first + valley - 1), *_parted(curve, first + valley + 1, last)]


def _by_silence(humps: list[tuple[int, int]], longest_px: float, least_px: int) -> list[tuple[int, int]]:
    """Humps up to `longest_px` apart are one beat's; those less than `least_px` apart were parted at a valley and stay so."""
    groups: list[tuple[int, int]] = []
    for first, last in humps:
        if groups and least_px <= first - groups[-1][1] <= longest_px:
            groups[-1] = (groups[-1][0], last)
        else:
            groups.append((first, last))
    return groups


def _in_pairs(humps: list[tuple[int, int]], period_s: float | None, step_s: float) -> list[tuple[int, int]]:
    """Early with the following atrial filling, where two humps come in every period; else nothing.

    Of the two kinds of silence that then alternate, the one nearer to the time that the mitral valve is closed parts beats:
    in slow hearts it is the shorter one.
    """
    if period_s is None or len(humps) < 3:
        return []
    starts_s = np.array([first for first, _ in humps]) * step_s
    if np.any(np.abs((starts_s[2:] - starts_s[:-2]) / period_s - 1) > _IRREGULAR):
        return []
    gaps_s = np.array([after[0] - before[1] for before, after in pairwise(humps)]) * step_s
    off_s = np.abs(gaps_s - _closed_s(period_s))
    leads = 1 if off_s[0::2].mean() < off_s[1::2].mean() else 0  # the first silence parts beats: the first hump is a last one
    return [(first[0], last[1]) for first, last in zip(humps[leads::2], humps[leads + 1 :: 2], strict=False)]


def _one_by_one(humps: list[tuple[int, int]], period_s: float | None, step_s: float) -> list[tuple[int, int]]:
    """The humps themselves where one comes in every period: filling of a fast heart, or without atrial contraction."""
    if period_s is None or len(humps) < 3:
        return []
    lengths_s = np.diff([first for first, _ in humps]) * step_s
    return humps if np.all(np.abs(lengths_s / period_s - 1) <= _IRREGULAR) else []


def _to_feet(curve: Curve, top: float, first: int, last: int) -> tuple[int, int]:
    """The hump widened to where its flow begins and ends, which lies below the rise that found it.

    Neither side moves by more than a third of the hump.
    """
    reserve = (last - first + 1) // 3
    flow = curve > _FOOT * top
    while flow[first - 1] and curve[first - 1] <= curve[first] and first > 1 and reserve > 0:
        first, reserve = first - 1, reserve - 1
    reserve = (last - first + 1) // 3
    while flow[last + 1] and curve[last + 1] <= curve[last] and last < len(curve) - 2 and reserve > 0:
        last, reserve = last + 1, reserve - 1
    return first, last
