"""Uncertainty of a figure by resampling patients: what comes from one patient is drawn together.

Ours: `scipy.stats.bootstrap` draws single items, not patients.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics.agreement import Estimate

Values = NDArray[np.float64]


def bootstrap_by_group(
    statistic: Callable[[Values], float], values: Values, groups: Sequence[str], *, seed: int = 0, draws: int = 1000
) -> Estimate:
    """`statistic` of `values` (n, ...), any unit, with its 95 % percentile interval.

    `groups`, one a row, are resampled with all their rows. A draw whose statistic is not a number (one class alone, say) is
    left out. Raises ValueError for other lengths.
    """
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    if len(groups) != len(values):
        raise ValueError(f"{len(values)} values of {len(groups)} groups")
    rows_of = [np.array(rows) for rows in members.values()]
    random = np.random.default_rng(seed)
    repeated = []
    for _ in range(draws):
        drawn = random.integers(len(rows_of), size=len(rows_of))
        repeated.append(statistic(values[np.concatenate([rows_of[group] for group in drawn])]))
    finite = np.array(repeated)[np.isfinite(repeated)]
    low, high = np.quantile(finite, [0.025, 0.975]) if finite.size else (np.nan, np.nan)
    return Estimate(statistic(values), float(low), float(high))


def stated(key: str, estimate: Estimate) -> dict[str, float | list[float]]:
    """A figure and its interval under two keys, as in the manifests."""
    return {key: estimate.value, f"{key}_95": [estimate.low, estimate.high]}
