"""When the frames of a clip were recorded, as the header says."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from node.study.header_numbers import numbers

_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065


def frame_times_ms(dataset: Dataset, count: int, notes: list[str]) -> NDArray[np.float64] | None:
    """Times from the first frame on (PS3.3 C.7.6.5), None where nothing states them.

    Frame Increment Pointer says which attribute counts, then Actual Frame Duration; Cine Rate and Recommended Display Frame
    Rate are wishes for the display and never times.
    """
    pointer = dataset.get("FrameIncrementPointer")
    if pointer == _FRAME_TIME_VECTOR:
        # The first value stands before the first frame; it is 0 by the standard and something else on real carts.
        intervals = np.array(numbers(dataset, "FrameTimeVector", notes))
        if len(intervals) >= count > 0 and (intervals[1:count] > 0).all():
            if _are_times(intervals[:count]):
                notes.append("Frame Time Vector holds times, not increments")
                return intervals[:count]
            times_ms: NDArray[np.float64] = np.zeros(count)
            times_ms[1:] = np.cumsum(intervals[1:count])
            return times_ms
        notes.append("Frame Time Vector does not fit the frames")
    candidates = ["FrameTime", "ActualFrameDuration"] if pointer == _FRAME_TIME else ["ActualFrameDuration", "FrameTime"]
    for keyword in candidates:
        interval = next(iter(numbers(dataset, keyword, notes)), 0.0)
        if interval > 0:
            if keyword == "FrameTime" and pointer != _FRAME_TIME:
                notes.append("Frame Time used although Frame Increment Pointer does not point to it")
            return np.arange(count, dtype=np.float64) * interval
    return None


def _are_times(vector: NDArray[np.float64]) -> bool:
    """No ultrasound system slows down by the same step with every frame: such a vector from 0 on counts the time itself."""
    steps = np.diff(vector)
    return len(vector) >= 3 and vector[0] == 0 and bool((np.abs(steps - steps.mean()) <= 0.1 * steps.mean()).all())
