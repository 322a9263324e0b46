"""The long axis of a ventricle over the frames of a clip. An axis that turns against its neighbours has a wrong outline."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.results import Point

# Degrees from the median of the neighbours. The axis of a beating ventricle swings by some degrees within a beat, and by few
# from frame to frame (on our synthetic hearts by 6 at most); an annulus on a wrong side turns it by 50 and more. Our choice.
_MOST_TURN_DEG = 25.0
_NEIGHBOURS = 3  # on each side


def long_axis(points: Sequence[Point], cm_per_px: Point) -> NDArray[np.float64]:
    """The vector (2,), (x, y) in cm, from the middle of the annulus line to the apex, the farthest point.

    >>> long_axis([(0, 0), (10, -80), (20, 0)], (0.1, 0.1)).tolist()
    [0.0, -8.0]
    """
    base, apex = np.asarray(long_axis_line(points, cm_per_px)) * np.asarray(cm_per_px)
    return np.asarray(apex - base)


def long_axis_line(points: Sequence[Point], cm_per_px: Point) -> tuple[Point, Point]:
    """Its ends, (x, y) in px as the `points` are. A pixel need not be square, so the farthest point is sought in cm.

    >>> long_axis_line([(0, 0), (10, -80), (20, 0)], (0.1, 0.1))
    ((10.0, 0.0), (10.0, -80.0))
    """
    outline = np.asarray(points, dtype=np.float64)
    base = (outline[0] + outline[-1]) / 2
    from_base_cm = (outline - base) * np.asarray(cm_per_px, dtype=np.float64)
    apex = outline[np.hypot(*from_base_cm.T).argmax()]
    return (float(base[0]), float(base[1])), (float(apex[0]), float(apex[1]))


def turned(axes: Mapping[int, NDArray[np.float64]]) -> tuple[int, ...]:
    """Frames whose axis lies further than 25 degrees from the median of the three axes before and the three after it.

    `axes` are vectors (2,), (x, y) in any unit, by frame index. A frame with fewer than two neighbours cannot be checked.
    """
    frames = sorted(axes)
    angles = np.array([np.arctan2(axes[frame][1], axes[frame][0]) for frame in frames])
    found = []
    for place, frame in enumerate(frames):
        around = np.r_[angles[max(0, place - _NEIGHBOURS) : place], angles[place + 1 : place + 1 + _NEIGHBOURS]]
        if around.size < 2:
            continue
        off = (around - angles[place] + np.pi) % (2 * np.pi) - np.pi
        if abs(np.degrees(np.median(off))) > _MOST_TURN_DEG:
            found.append(frame)
    return tuple(found)
