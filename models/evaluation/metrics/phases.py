"""Frames of end-diastole and end-systole against their truth, in frames and in ms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.library.manifest import Value


def nearest(true_frame: int, found: Sequence[int]) -> int | None:
    """The found frame nearest to a true one, the earlier of two; None where nothing was found.

    >>> nearest(20, [3, 18, 22, 60])
    18
    """
    return min(found, key=lambda frame: (abs(frame - true_frame), frame), default=None)


def frame_figures(prefix: str, frames: NDArray[np.float64], times_ms: NDArray[np.float64] | None) -> dict[str, Value]:
    """aaFD (average absolute frame difference), mean and SD of the differences, found - true; the same in ms.

    `frames` (n,) are differences in counts of frames, `times_ms` (n,) in ms.
    """
    if not len(frames):
        return {}
    figures: dict[str, Value] = {
        f"{prefix}_aafd_frames": float(np.abs(frames).mean()),
        f"{prefix}_difference_mean_frames": float(frames.mean()),
        f"{prefix}_difference_sd_frames": float(frames.std()),
    }
    if times_ms is not None and len(times_ms):
        figures[f"{prefix}_aafd_ms"] = float(np.abs(times_ms).mean())
        figures[f"{prefix}_error_median_ms"] = float(np.median(np.abs(times_ms)))
        figures[f"{prefix}_error_p95_ms"] = float(np.quantile(np.abs(times_ms), 0.95))
    return figures
