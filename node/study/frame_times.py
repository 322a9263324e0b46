"""When the frames of a clip were recorded, as the header says."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from node.study.header_numbers import numbers

_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065


def frame_times_ms(dataset: Dataset, count: int, notes: list[str]) -> NDArray[np.float64] | None:
    """Times from the first frame on (PS3.3 C.7.6.5), None where nothing states them.

    Frame Increment Pointer says which attribute counts, then Actual Frame Duration; Cine Rate and Recommended Display Frame
    Rate are wishes for the display and never times.
    """
    pointer = _pointer(dataset, notes)
    if pointer == _FRAME_TIME_VECTOR and (times_ms := _by_vector(dataset, count, notes)) is not None:
        return times_ms
    candidates = ["FrameTime", "ActualFrameDuration"] if pointer == _FRAME_TIME else ["ActualFrameDuration", "FrameTime"]
    for keyword in candidates:
        interval = next(iter(numbers(dataset, keyword, notes)), 0.0)
        if interval > 0:
            if keyword == "FrameTime" and pointer != _FRAME_TIME:
                notes.append("Frame Time used although Frame Increment Pointer does not point to it")
            return np.arange(count, dtype=np.float64) * interval
    if pointer != _FRAME_TIME_VECTOR and "FrameTimeVector" in dataset:
        times_ms = _by_vector(dataset, count, notes)
        if times_ms is not None:
            notes.append("Frame Time Vector used although Frame Increment Pointer does not point to it")
        return times_ms
    return None


def _pointer(dataset: Dataset, notes: list[str]) -> int | None:
    """The first of the pointer's attributes that gives times; others, such as a slice vector, may stand beside it."""
    try:
        value = dataset.get("FrameIncrementPointer")
        tags = [int(tag) for tag in (value if hasattr(value, "append") else [value]) if tag not in (None, "")]
    except (ValueError, TypeError, BytesLengthException):
        notes.append("Frame Increment Pointer is no attribute's tag")
        return None
    return next((tag for tag in tags if tag in (_FRAME_TIME, _FRAME_TIME_VECTOR)), None)


def _by_vector(dataset: Dataset, count: int, notes: list[str]) -> NDArray[np.float64] | None:
    """None, and a note, where Frame Time Vector does not fit the frames.

    The first value stands before the first frame; it is 0 by the standard and something else on real carts.
    """
    intervals = np.array(numbers(dataset, "FrameTimeVector", notes))
    if not len(intervals) >= count > 0 or not (intervals[1:count] > 0).all():
        notes.append("Frame Time Vector does not fit the frames")
        return None
    if _are_times(intervals[:count]):
        notes.append("Frame Time Vector holds times, not increments")
        return intervals[:count]
    times_ms: NDArray[np.float64] = np.zeros(count)
    times_ms[1:] = np.cumsum(intervals[1:count])
    return times_ms


def _are_times(vector: NDArray[np.float64]) -> bool:
    """No ultrasound system slows down by the same step with every frame: such a vector from 0 on counts the time itself."""
    steps = np.diff(vector)
    return len(vector) >= 3 and vector[0] == 0 and bool((np.abs(steps - steps.mean()) <= 0.1 * steps.mean()).all())
