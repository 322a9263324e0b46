"""When things happen in a beat: R waves, the volume of the ventricle over time, and what the atria do meanwhile."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator


@dataclass(frozen=True)
class Rhythm:
    """One R-R interval after another, in ms, repeated when they are used up, and how the ventricle fills within one.

    `early` is the share of filling before the atrium contracts; `kick` is false in atrial fibrillation.
    """

    rr_ms: tuple[float, ...]
    systole_ms: float
    early: float
    kick: bool

    @cached_property
    def heart_rate_bpm(self) -> float:
        return 60000.0 / float(np.mean(self.rr_ms))

    def r_wave_times_ms(self, until_ms: float) -> tuple[float, ...]:
        """All R waves from 0 to `until_ms`."""
        found, now, index = [0.0], 0.0, 0
        while (now := now + self.rr_ms[index % len(self.rr_ms)]) <= until_ms:
            found.append(now)
            index += 1
        return tuple(found)

    def place(self, time_ms: float) -> tuple[float, float]:
        """The ms since the last R wave before `time_ms`, and the length of that beat."""
        lap = float(np.sum(self.rr_ms))
        within = time_ms % lap
        for rr in self.rr_ms:
            if within < rr:
                return within, rr
            within -= rr
        return 0.0, self.rr_ms[0]

    def emptying(self, since_ms: float, rr_ms: float) -> float:
        """How far the ventricle has emptied, 0 at the R wave and 1 at end-systole, `since_ms` after an R wave."""
        return self._read(self._ventricle, since_ms, rr_ms)

    def stretch(self, since_ms: float, rr_ms: float) -> float:
        """How full the atria are: 0 just after their contraction, 1 before the valves open."""
        return self._read(self._atrium, since_ms, rr_ms)

    def opening(self, since_ms: float, rr_ms: float) -> tuple[float, float]:
        """How far the semilunar and the atrioventricular valves stand open, each 0 to 1."""
        since_ms %= rr_ms
        start, end = 50.0, self.systole_ms
        semilunar = _gate(since_ms, start, end, 25.0)
        filling, kick = self._waves(rr_ms)
        opened = self.systole_ms + 55.0
        inflow = _hump(since_ms, opened, opened + filling, 0.35)
        if self.kick:
            inflow = max(inflow, 0.75 * _hump(since_ms, kick, rr_ms + 10.0, 0.55))
        diastasis = 0.38 * _gate(since_ms, opened + 30.0, rr_ms - 5.0, 30.0)
        return semilunar, max(inflow, diastasis)

    def _waves(self, rr_ms: float) -> tuple[float, float]:
        """The length of early filling, and when the atrium contracts."""
        rest = rr_ms - self.systole_ms - 55.0
        return min(230.0, 0.55 * rest), rr_ms - min(150.0, 0.4 * rest)

    def _read(self, curve: PchipInterpolator, since_ms: float, rr_ms: float) -> float:
        since_ms %= rr_ms
        if since_ms > self.systole_ms:  # 1 to 2 on the curve's own clock, however long this diastole is
            rest = rr_ms - self.systole_ms
            return float(curve(1 + (since_ms - self.systole_ms) / rest))
        return float(curve(since_ms / self.systole_ms))

    @cached_property
    def _diastole(self) -> tuple[float, float, float]:
        """Where, as shares of a usual diastole, the valve opens, early filling ends, and the atrium contracts."""
        rest = float(np.mean(self.rr_ms)) - self.systole_ms
        filling, kick = self._waves(float(np.mean(self.rr_ms)))
        return 55.0 / rest, (55.0 + filling) / rest, max((kick - self.systole_ms) / rest, (55.0 + filling) / rest + 0.03)

    @cached_property
    def _ventricle(self) -> PchipInterpolator:
        opened, filled, kick = self._diastole
        first, second = (self.early, self.early + 0.04) if self.kick else (0.86, 0.93)
        at = [0.0, 0.14, 0.42, 0.7, 1.0, 1 + opened, 1 + (opened + filled) / 2, 1 + filled, 1 + kick, 2.0]
        value = [0.0, 0.006, 0.5, 0.87, 1.0, 0.99, 1 - 0.62 * first, 1 - first, 1 - second, 0.0]
        return PchipInterpolator(at, value)

    @cached_property
    def _atrium(self) -> PchipInterpolator:
        opened, filled, kick = self._diastole
        at = [0.0, 0.15, 0.6, 1.0, 1 + opened, 1 + (opened + filled) / 2, 1 + filled, 1 + kick, 2.0]
        left = 0.42 if self.kick else 0.12
        value = [0.0, 0.08, 0.7, 0.97, 1.0, 0.62, left, left, 0.0]
        return PchipInterpolator(at, value)


def _gate(time: float, start: float, end: float, edge: float) -> float:
    rise = 1 / (1 + np.exp(-(time - start) / edge * 6))
    fall = 1 / (1 + np.exp((time - end + edge / 2) / edge * 6))
    return float(rise * fall)


def _hump(time: float, start: float, end: float, peak: float) -> float:
    share = (time - start) / (end - start)
    if not 0 < share < 1:
        return 0.0
    bent = share ** (np.log(0.5) / np.log(peak))
    return float(np.sin(np.pi * bent) ** 0.8)
