"""How long something has lasted, in spite of a wall clock that is set while the node runs.

Stored times are the wall clock's, since they outlive the process. But a clock set back an hour would keep a study open for an
hour, and one set forward would take every running job from its worker. So the one process that ticks watches what is stored and
measures by the monotonic clock; the wall clock counts only for what was there before it looked for the first time.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime

_TOLERANCE_S = 1.0  # a clock that is slewed, and the time between two readings
_FORGET_AFTER_S = 3600.0
_AT_ONCE_S, _TRIES = 0.05, 5  # how close together two clocks are read, however busy the machine is


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class _Seen:
    value: Hashable
    since_s: float
    looked_at_s: float


class Stillness:
    """For how long stored values have stayed as they are."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: dict[Hashable, _Seen] = {}
        self._first_round = True

    def unchanged_s(self, key: Hashable, value: Hashable, stored_s: float) -> float:
        """Seconds since `key` was first seen with this value; in the first round `stored_s`, what the wall clock says."""
        now_s = self._monotonic()
        seen = self._seen.get(key)
        if seen is None or seen.value != value:
            before_s = max(0.0, stored_s) if self._first_round else 0.0
            seen = self._seen[key] = _Seen(value, now_s - before_s, now_s)
        seen.looked_at_s = now_s
        return now_s - seen.since_s

    def end_round(self) -> None:
        """Everything stored has been looked at: what is new from now on was stored meanwhile."""
        self._first_round = False
        limit_s = self._monotonic() - _FORGET_AFTER_S
        self._seen = {key: seen for key, seen in self._seen.items() if seen.looked_at_s >= limit_s}


class ClockWatch:
    """Notices that the wall clock was set, or that the machine slept."""

    def __init__(self, wall: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._before = self._read()

    def jump_s(self) -> float:
        """By how many seconds the wall clock went ahead of the other since the last call; 0 where it kept pace."""
        wall, monotonic_s = self._read()
        jump_s = (wall - self._before[0]).total_seconds() - (monotonic_s - self._before[1])
        self._before = wall, monotonic_s
        return jump_s if abs(jump_s) > _TOLERANCE_S else 0.0

    def _read(self) -> tuple[datetime, float]:
        for _ in range(_TRIES):
            before_s = self._monotonic()
            wall = self._wall()
            if self._monotonic() - before_s < _AT_ONCE_S:
                break
        return wall, before_s
