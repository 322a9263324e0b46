"""What real apical four-chamber clips look like, as numbers: no pixels."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FILE = Path(__file__).with_name("real_reference.json")


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of several clips, any float dtype: `features` (clips, frames, features), each in its own unit, by `FEATURES`.

    `histograms` (clips, bins) are shares of grey levels, `log_power` (clips, frames, bands) natural logarithms without unit.
    """

    features: NDArray[np.float64]
    histograms: NDArray[np.float64]
    log_power: NDArray[np.float64]


@cache
def real_clips() -> Statistics:
    """Nine real clips of four frames each, at 112 px; the file states how each number is defined."""
    clips = json.loads(_FILE.read_text(encoding="utf-8"))["clips"]
    features, histograms, log_power = ([clip[key] for clip in clips] for key in ("features", "histogram_64", "log_power"))
    return Statistics(np.array(features), np.array(histograms), np.array(log_power))
