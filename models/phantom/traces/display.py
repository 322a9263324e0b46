"""The display that a trace is shown on: how long, between which velocities, and which way up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SWEEPS_MM_S, _USED = (25.0, 33.3, 50.0, 66.7, 75.0, 100.0, 150.0), (0.1, 0.06, 0.3, 0.14, 0.16, 0.18, 0.06)
_WIDTH_MM = (180.0, 280.0)  # of the trace on the screen
_FEWEST_BEATS = 2.1  # longest beats that a display takes, so that at least one is whole
_LEAST_SIDE = 0.12  # share of the height on the side of the base line where nothing flows


@dataclass(frozen=True)
class SpectralDisplay:
    """`shape` is (rows, columns). `up_cm_s` and `down_cm_s` are the highest velocities towards and away that it shows.

    Inverted, velocities towards the transducer are drawn downwards.
    """

    shape: tuple[int, int]
    start_s: float
    seconds: float
    up_cm_s: float
    down_cm_s: float
    inverted: bool = False

    @property
    def seconds_per_column(self) -> float:
        return self.seconds / self.shape[1]

    @property
    def span_cm_s(self) -> float:
        return self.up_cm_s + self.down_cm_s

    @property
    def per_row(self) -> float:
        step = self.span_cm_s / self.shape[0]
        return step if self.inverted else -step

    @property
    def top_value(self) -> float:
        return (-self.down_cm_s if self.inverted else self.up_cm_s) + self.per_row / 2

    def times_s(self) -> NDArray[np.float64]:
        """The times at the columns' centres, float64 (columns,), s of the heart."""
        return np.asarray(self.start_s + (np.arange(self.shape[1]) + 0.5) * self.seconds_per_column)

    def velocities_cm_s(self) -> NDArray[np.float32]:
        """The velocities at the rows' centres, float32 (rows,), cm/s."""
        return (self.top_value + np.arange(self.shape[0]) * self.per_row).astype(np.float32)


def sweep_seconds(longest_beat_s: float, rng: np.random.Generator) -> float:
    """How long a display is, by one of the usual sweep speeds that leave room for a whole beat."""
    speed = rng.choice(_SWEEPS_MM_S, p=_USED)
    return float(max(rng.uniform(*_WIDTH_MM) / speed, _FEWEST_BEATS * longest_beat_s))


def scale(
    up_cm_s: float, down_cm_s: float, exceeds: float, base_line: float | None, rng: np.random.Generator
) -> tuple[float, float]:
    """The highest velocities towards and away that a display shows, of flow that reaches these magnitudes.

    `exceeds` 0 leaves room above the peaks; otherwise the higher peak is that multiple of what its side shows. `base_line` is
    the share of the height above it, None for one that the flow asks for or the middle.
    """
    room = rng.uniform(0.5, 0.88)
    fill = exceeds or room
    in_the_middle, spare = rng.random() < 0.3, rng.uniform(_LEAST_SIDE, 0.4)
    leads_up = up_cm_s >= down_cm_s
    lead, other = max(up_cm_s, down_cm_s), min(up_cm_s, down_cm_s)
    side = lead / fill
    if base_line is not None:
        share = base_line if leads_up else 1 - base_line
        rest = side * (1 - share) / share
        if not exceeds and rest < other / 0.95:
            side *= other / 0.95 / rest
            rest = other / 0.95
    else:
        rest = side if in_the_middle else side * spare / (1 - spare)
        rest = max(rest, other / 0.9)
    return (side, rest) if leads_up else (rest, side)
