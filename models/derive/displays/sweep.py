"""Which frame of a recorded spectral or M-mode display shows one whole sweep.

Carts draw a trace in two ways. A front runs over the display and writes over the sweep before, often behind a black bar; or the
whole trace scrolls, the newest at the end. While a front is under way the display holds parts of two sweeps. What is read
across their seam, an envelope or E and the A after it, never was. A clip may also repeat one trace, perhaps under a cursor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

Display = NDArray[np.uint8]

_LEVELS = 16  # grey levels by which a pixel differs: lossy compression changes less
_SHARE_OF_ROWS = 0.01  # share of a column's rows that differ in a changed column
_CURSOR = 0.03  # share of the columns that a cursor over a trace at rest hides, with its labels
_LONGEST_STEP = 0.25  # share of the columns within which a front changes the display from a frame to the next
_AT_END, _SEAM = 0.03, 0.05  # share of the columns that a sweep may lack at the end of the clip, and where the front goes round
_AT_EDGE = 0.1  # share of the columns at either side within which a front goes round in one step
_UNSEEN = 0.2  # share of the columns at either side in which a front may go unseen, for nothing flows there
_EXPLAINED = 0.5  # share of the differing pixels that are the same once the trace is moved on, where it scrolls


@dataclass(frozen=True)
class Sweep:
    """The frame, 0-based, or None where none shows one sweep alone; `words` say why."""

    frame_index: int | None
    words: str


class _Kind(Enum):
    AT_REST = auto()
    SCROLLS = auto()
    WRITES = auto()
    OTHERWISE = auto()


@dataclass(frozen=True)
class _Step:
    """How the display changes from one frame to the next.

    Of a front, `first` and `last` are the columns it wrote or wiped; `first` lies beyond `last` where it went round.
    """

    kind: _Kind
    first: int = 0
    last: int = 0


def last_whole_sweep(display: Callable[[int], Display], frames: int) -> Sweep:
    """The last of the `frames` whose `display` shows one sweep alone.

    A display is grey (rows, columns), 0 to 255, and its time runs to the right. Of a trace at rest, and of one that scrolls,
    the answer is the last frame. Where a front writes the trace, it is the last frame before the front begins anew at the left.
    It is the last of all where the front has reached the right.
    """
    first, last = display(0), display(frames - 1)
    before, apart, steps = first, 0.0, []
    touched = np.zeros(first.shape[1], bool)
    for index in range(1, frames):
        apart = max(apart, float(_differing(before, last).mean()))
        now = display(index)
        changed = _differing(before, now)
        touched |= changed
        steps.append(_step(before, now, np.flatnonzero(changed)))
        before = now
    kinds = {step.kind for step in steps} - {_Kind.AT_REST}
    undone = touched & ~_differing(first, last)  # a cursor leaves what it hid, a front does not
    if not kinds or (apart <= _CURSOR and undone.sum() > touched.sum() / 2):
        return _of(frames - 1, frames, "the trace is at rest")
    if kinds == {_Kind.SCROLLS}:
        return _of(frames - 1, frames, "the last of a trace that scrolls")
    if kinds != {_Kind.WRITES}:
        return Sweep(None, f"the display of {frames} frames changes in ways that no sweep does")
    return _written([step for step in enumerate(steps) if step[1].kind is _Kind.WRITES], last.shape[1], frames)


def _of(index: int, frames: int, words: str) -> Sweep:
    return Sweep(index, f"frame {index + 1} of {frames}: {words}" if frames > 1 else "")


def _written(steps: Sequence[tuple[int, _Step]], columns: int, frames: int) -> Sweep:
    """`steps` with the frames they start from."""
    whole: int | None = None
    front = 0
    for number, (index, step) in enumerate(steps):
        if step.first > step.last:
            lacking, begun = columns - step.first, step.last + 1  # of the frame before the step, and of the one after
            if min(lacking, begun) <= _SEAM * columns and max(lacking, begun) <= _AT_EDGE * columns:
                whole = index if lacking < begun else index + 1
            front = step.last
        elif number and step.last < front - _AT_END * columns:
            if front < (1 - _UNSEEN) * columns or step.first > _UNSEEN * columns:
                return Sweep(None, f"the front of the sweep jumps within the display of {frames} frames")
            whole, front = index, step.last
        else:
            front = max(front, step.last)
    if front >= (1 - _AT_END) * columns:
        whole = frames - 1
    if whole is None:
        return Sweep(None, f"none of {frames} frames shows one whole sweep: each holds parts of two")
    return _of(whole, frames, "the last at the end of a sweep")


def _step(before: Display, now: Display, columns: NDArray[np.intp]) -> _Step:
    """`columns` are those that differ."""
    if not columns.size:
        return _Step(_Kind.AT_REST)
    if _scrolls(before, now):
        return _Step(_Kind.SCROLLS)
    width = before.shape[1]
    silent = np.diff(np.append(columns, columns[0] + width))  # to the next that differs, going round
    longest = int(silent.argmax())
    if silent[longest] < (1 - _LONGEST_STEP) * width:
        return _Step(_Kind.OTHERWISE)
    return _Step(_Kind.WRITES, int(columns[(longest + 1) % len(columns)]), int(columns[longest]))


def _differing(one: Display, other: Display) -> NDArray[np.bool_]:
    """Which columns differ."""
    return np.asarray(_unlike(one, other).mean(axis=0) > _SHARE_OF_ROWS)


def _unlike(one: Display, other: Display) -> NDArray[np.bool_]:
    """Which pixels differ."""
    return np.asarray(np.maximum(one, other) - np.minimum(one, other) > _LEVELS)


def _scrolls(before: Display, now: Display) -> bool:
    """Whether `now` is `before` moved to the left, by at most half the display."""
    width = before.shape[1]
    old, new = (display.mean(axis=0) for display in (before, now))
    shifts = range(1, width // 2 + 1)
    shift = min(shifts, key=lambda px: float(np.abs(new[: width - px] - old[px:]).mean()))
    kept = now[:, : width - shift]
    unmoved = int(_unlike(before[:, : width - shift], kept).sum())
    return int(_unlike(before[:, shift:], kept).sum()) < (1 - _EXPLAINED) * unmoved
