"""Lines over the frames of a clip: both ends of each, how sure they are, how long the line is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionChoice
from models.catalogue import LINE_OF, READ, View
from models.library.reading import calibration_reason
from models.networks.linear_values import Diameters

Points = NDArray[np.float64]

# The quantities that are read of each line. The length of the left ventricle is taken from its outline.
KEYS_OF: Mapping[str, tuple[str, ...]] = {
    line: tuple(key for key, of in LINE_OF.items() if of == line and key in READ) for line in dict.fromkeys(LINE_OF.values())
}
NEAR_MS = 60.0  # within which a heart's borders hardly move
_NEIGHBOURS = 1  # on either side: how many frames are asked for one that counts


@dataclass(frozen=True, eq=False)
class LineCurve:
    """One line: `ends_px` (frames, 2, 2), (x, y) px of the whole image, NaN where an end was not found or not asked for.

    `probability` (frames,), 0 to 1, is that of the less sure end, `diameters` its length on every frame.
    """

    ends_px: Points
    probability: NDArray[np.float64]
    diameters: Diameters

    @property
    def curve(self) -> NDArray[np.float64]:
        """The lengths (frames,) in cm where there is a scale, else in px; NaN where there is no line."""
        return self.diameters.in_best_unit[0]

    @property
    def unit(self) -> str:
        return self.diameters.in_best_unit[1]


def lines_in(view: View | None, labels: Sequence[str]) -> tuple[str, ...]:
    """Those that are read in `view`, None for one that nobody knows, of a network with these labels."""
    return tuple(
        line
        for line, keys in KEYS_OF.items()
        if {f"{line}_1", f"{line}_2"} <= set(labels)
        and any(view is None or view in (*READ[key].views, *READ[key].also_in) for key in keys)
    )


def line_curve(
    ends_px: Points, probability: NDArray[np.float64], choice: RegionChoice, times_ms: NDArray[np.float64] | None
) -> LineCurve:
    """Of `ends_px` (frames, 2, 2) px and the `probability` (frames,), 0 to 1, of the less sure end of each.

    An end that slipped on one frame does not count: each is the median of its own and its neighbours' places. `times_ms`
    (frames,) is the clip's clock.
    """
    steady = steadied(ends_px, times_ms)
    along = steady[:, 1] - steady[:, 0]
    px = np.hypot(*along.T)
    if choice.region is None:
        reason = (calibration_reason(choice.problem), choice.problem.value if choice.problem else "")
        return LineCurve(steady, probability, Diameters(px, None, reason))
    return LineCurve(steady, probability, Diameters(px, np.hypot(*(along * np.array(choice.region.cm_per_px)).T)))


def steadied(ends_px: Points, times_ms: NDArray[np.float64] | None) -> Points:
    """The median place of each end over a frame and its neighbours: (frames, 2, 2) px of `ends_px` (frames, 2, 2) px.

    A frame without a line (NaN) stays without one; one that lacks a neighbour within 60 ms by `times_ms` (frames,) keeps its
    own, since of two places none is the middle one, and the heart has moved on.

    >>> ends = np.array([[[0.0, 0.0], [0.0, 10.0]], [[9.0, 9.0], [0.0, 11.0]], [[0.0, 0.0], [0.0, 10.0]]])
    >>> steadied(ends, np.array([0.0, 40.0, 80.0]))[1].tolist()
    [[0.0, 0.0], [0.0, 10.0]]
    """
    if times_ms is None or len(ends_px) < 3:
        return ends_px
    around = np.stack([ends_px[:-2], ends_px[1:-1], ends_px[2:]])
    medians = np.median(around, axis=0)  # NaN where one of them is
    gaps = np.diff(times_ms)
    near = np.maximum(gaps[:-1], gaps[1:]) <= NEAR_MS
    usable = near & np.isfinite(medians).all(axis=(1, 2))
    steady = ends_px.copy()
    steady[1:-1][usable] = medians[usable]
    return steady


def frames_around(frames: Iterable[int], number_of_frames: int) -> list[int]:
    """These and their neighbours, in order."""
    steps = range(-_NEIGHBOURS, _NEIGHBOURS + 1)
    return sorted({frame + step for frame in frames for step in steps if 0 <= frame + step < number_of_frames})
