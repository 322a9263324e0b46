"""Agreement with the truth: bias and spread with their uncertainty, and graded agreement.

Ours: training and evaluation on phantoms need them without scikit-learn, and nothing that does not vary may end in NaN here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure with the limits of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def bootstrap(statistic: Callable[[Values], float], values: Values, *, seed: int = 0, draws: int = 2000) -> Estimate:
    """`statistic` of `values` (n, ...), any unit, with its percentile bootstrap interval; hearts (rows) are resampled."""
    random = np.random.default_rng(seed)
    repeated = [statistic(values[random.integers(len(values), size=len(values))]) for _ in range(draws)]
    low, high = np.quantile(repeated, [0.025, 0.975])
    return Estimate(statistic(values), float(low), float(high))


def correlation(pairs: Values) -> float:
    """Pearson's r of `pairs` (n, 2), each column in any unit; 0 where one of the two does not vary."""
    centred = pairs - pairs.mean(axis=0)
    spread = float(np.sqrt((centred**2).sum(axis=0).prod()))
    return float(centred[:, 0] @ centred[:, 1]) / spread if spread > 0 else 0.0


def quadratic_kappa(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Cohen's kappa with quadratic weights of two gradings, `truth` and `found` (n,), indices from 0 on: 1 agreement, 0 chance.

    >>> quadratic_kappa(np.array([0, 1, 2, 3]), np.array([0, 1, 2, 3]))
    1.0
    """
    grades = int(max(truth.max(), found.max())) + 1
    counts = np.zeros((grades, grades))
    np.add.at(counts, (truth, found), 1)
    weights = (np.arange(grades)[:, None] - np.arange(grades)) ** 2
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(1 - (weights * counts).sum() / (weights * expected).sum())
