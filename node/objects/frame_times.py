"""When the frames of a clip were recorded, as the header says."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from models.derive.beats.frame_clock import Statement, why_not_true
from node.objects.header_numbers import numbers

_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065
_RATES = {"CineRate": "Cine Rate", "RecommendedDisplayFrameRate": "Recommended Display Frame Rate"}
_INTERVALS = {"FrameTime": "Frame Time", "ActualFrameDuration": "Actual Frame Duration"}
_LENGTH = "EffectiveDuration"  # s, of the whole clip (PS3.3 C.7.6.5)


def frame_clock(dataset: Dataset, count: int, notes: list[str]) -> tuple[NDArray[np.float64] | None, str]:
    """Times (count,) in ms from the first frame on, or None.

    The words say why there are none although the header states some: they cannot be true.
    """
    times_ms = frame_times_ms(dataset, count, notes)
    if times_ms is None:
        return None, ""
    why = why_not_true(times_ms, _statements(dataset, count))
    if why:
        notes.append(f"no frame times: {why}")
    return (None, why) if why else (times_ms, "")


def _statements(dataset: Dataset, count: int) -> list[Statement]:
    """What the other attributes say of the time between frames; 0 and less say nothing."""
    given = {keyword: next(iter(numbers(dataset, keyword, [])), 0.0) for keyword in (*_RATES, *_INTERVALS, _LENGTH)}
    found = [
        Statement(f"{name} says {rate_hz:g} frames/s", 1000 / rate_hz)
        for keyword, name in _RATES.items()
        if (rate_hz := given[keyword]) > 0
    ]
    found += [
        Statement(f"{name} says {interval_ms:g} ms", interval_ms)
        for keyword, name in _INTERVALS.items()
        if (interval_ms := given[keyword]) > 0
    ]
    if (length_s := given[_LENGTH]) > 0:
        found.append(Statement(f"Effective Duration says {length_s:g} s for all", 1000 * length_s / count, is_length=True))
    return found


def frame_times_ms(dataset: Dataset, count: int, notes: list[str]) -> NDArray[np.float64] | None:
    """Times (count,) in ms from the first frame on (PS3.3 C.7.6.5), None where nothing states them.

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
    """Times by Frame Time Vector; None, and a note, where it does not fit the frames.

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
