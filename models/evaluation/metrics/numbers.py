"""A number against its truth: errors, correlation, and how well an ejection fraction tells the failing heart.

Errors and R2 are not scikit-learn's (1 ms a call, asked a thousand times by the bootstrap); the area under the curve is.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics.agreement import correlation
from models.evaluation.metrics.by_group import bootstrap_by_group, stated
from models.library.manifest import Value

Values = NDArray[np.float64]

EF_THRESHOLDS_PERCENT = (35, 40, 45, 50)
_FEWEST = 2  # of which a spread or a correlation can be taken


def agreement_figures(prefix: str, unit: str, pairs: Values, groups: Sequence[str]) -> dict[str, Value]:
    """MAE, RMSE, bias, SD, R2, Pearson's r with intervals by patient, of `pairs` (n, 2) true, found, in `unit`.

    `r2` is 1 - residual / total sum of squares; `r2_of_fit` the squared correlation, which is what EchoNet-Dynamic's analysis
    calls R2: a biased model has the second and not the first.
    """
    figures: dict[str, Value] = {f"{prefix}n": len(pairs)}
    if len(pairs) < _FEWEST:
        return figures
    statistics: dict[str, Callable[[Values], float]] = {
        f"mae_{unit}": lambda values: float(np.abs(values[:, 1] - values[:, 0]).mean()),
        f"rmse_{unit}": lambda values: float(np.sqrt(((values[:, 1] - values[:, 0]) ** 2).mean())),
        f"bias_{unit}": lambda values: float((values[:, 1] - values[:, 0]).mean()),
        "r2": r2,
        "pearson": correlation,
    }
    for key, statistic in statistics.items():
        figures |= stated(f"{prefix}{key}", bootstrap_by_group(statistic, pairs, groups))
    figures[f"{prefix}sd_{unit}"] = float((pairs[:, 1] - pairs[:, 0]).std(ddof=1))
    figures[f"{prefix}r2_of_fit"] = correlation(pairs) ** 2
    return figures


def r2(pairs: Values) -> float:
    """1 - residual / total sum of squares of `pairs` (n, 2) true, found, in any unit; NaN where the truth does not vary.

    >>> r2(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 4.0]]))
    0.5
    """
    true, found = pairs.T
    total = float(((true - true.mean()) ** 2).sum())
    return 1 - float(((true - found) ** 2).sum()) / total if total > 0 else float("nan")


def auroc(positive: NDArray[np.bool_], score: Values) -> float | None:
    """Probability that a positive has the higher score, ties as half; None where one of the two kinds is missing.

    `positive` (n,) is true where an item is one; `score` (n,) may have any unit.

    >>> auroc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(positive, score)) if 0 < positive.sum() < len(positive) else None


def ef_auroc(prefix: str, pairs: Values) -> dict[str, Value]:
    """How well the found EF tells true EF above 35, 40, 45, 50 % from those up to it, as EchoNet-Dynamic prints it.

    `pairs` (n, 2) are true, found, in percent.
    """
    found = {limit: auroc(pairs[:, 0] > limit, pairs[:, 1]) for limit in EF_THRESHOLDS_PERCENT}
    return {f"{prefix}auc_ef_{limit}": value for limit, value in found.items() if value is not None}
