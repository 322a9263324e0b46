"""A wave of velocity in a beat: how it rises and falls, and what is true of it in closed form."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_STEPS = 2000  # of a wave's duration, in its integrals


@dataclass(frozen=True)
class Shape:
    """How a wave reaches its peak after `rise` of its duration, and how it falls.

    It rises as a quarter sine to the power `rise_power` and falls as a quarter cosine to the power `fall_power`; where
    `fall_power` is 0, on a straight line that ends at `floor` of the peak.
    """

    rise: float = 0.4
    rise_power: float = 1.0
    fall_power: float = 1.0
    floor: float = 0.0

    def at(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Velocity by `share` (...,) of the duration, float64, 0 to 1 of the peak: the same shape, 0 outside of the wave."""
        inside = (share >= 0) & (share <= 1)
        rising = np.sin(np.pi / 2 * np.clip(share / self.rise, 0, 1)) ** self.rise_power
        fallen = np.clip((share - self.rise) / (1 - self.rise), 0, 1)
        if self.fall_power:
            falling = np.clip(np.cos(np.pi / 2 * fallen), 0, 1) ** self.fall_power
        else:
            falling = 1 - (1 - self.floor) * fallen
        return np.asarray(np.where(inside, np.where(share < self.rise, rising, falling), 0.0))


@lru_cache(maxsize=4096)
def mean_of(shape: Shape, power: int = 1) -> float:
    """The mean of the wave's velocity, or of its `power`, over its duration: a share of that of the peak."""
    shares = (np.arange(_STEPS) + 0.5) / _STEPS
    return float(np.mean(shape.at(shares) ** power))


@dataclass(frozen=True)
class Wave:
    """One wave from `onset_s` on, positive towards the transducer."""

    onset_s: float
    duration_s: float
    peak_cm_s: float
    shape: Shape = Shape()

    @property
    def peak_s(self) -> float:
        return self.onset_s + self.shape.rise * self.duration_s

    @property
    def end_s(self) -> float:
        return self.onset_s + self.duration_s

    @property
    def vti_cm(self) -> float:
        """Velocity time integral, a magnitude."""
        return abs(self.peak_cm_s) * self.duration_s * mean_of(self.shape)

    @property
    def mean_gradient_mmhg(self) -> float:
        """Mean of 4 v^2 over the wave, v in m/s (Hatle et al., Br Heart J 1978;40:131-140)."""
        return 4 * (self.peak_cm_s / 100) ** 2 * mean_of(self.shape, 2)

    def scaled(self, factor: float) -> "Wave":
        return replace(self, peak_cm_s=self.peak_cm_s * factor)

    def velocities(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Velocities in cm/s at `times_s` (times,), float64: (times,), 0 outside of the wave."""
        return np.asarray(self.peak_cm_s * self.shape.at((times_s - self.onset_s) / self.duration_s))


def peak_for(vti_cm: float, duration_s: float, shape: Shape) -> float:
    """The peak in cm/s of a wave that moves blood by `vti_cm`.

    >>> round(Wave(0, 0.3, peak_for(20, 0.3, Shape())).vti_cm, 6)
    20.0
    """
    return vti_cm / (duration_s * mean_of(shape))


def envelope_of(waves: Iterable[Wave], times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The velocity in cm/s of largest magnitude of all `waves` at `times_s` (times,), float64: (times,)."""
    envelope = np.zeros_like(times_s)
    for wave in waves:
        first, last = np.searchsorted(times_s, (wave.onset_s, wave.end_s))
        part = envelope[first:last]
        velocities = wave.velocities(times_s[first:last])
        np.copyto(part, velocities, where=np.abs(velocities) > np.abs(part))
    return envelope
