"""The wall clock, which can be set, and the other one, which cannot."""

from datetime import datetime, timedelta


class TwoClocks:
    def __init__(self, now: datetime) -> None:
        self._wall, self._monotonic_s = now, 1000.0

    def wall(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic_s

    def pass_s(self, seconds: float) -> None:
        self._wall += timedelta(seconds=seconds)
        self._monotonic_s += seconds

    def set_by(self, seconds: float) -> None:
        self._wall += timedelta(seconds=seconds)
