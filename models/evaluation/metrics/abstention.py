"""What abstaining buys: the error of those answered, by the share that is answered, the surest first.

Ours: neither scikit-learn nor torchmetrics has the curve of risk over coverage.
"""

import numpy as np
from numpy.typing import NDArray

from models.library.manifest import Value

Values = NDArray[np.float64]

_COVERAGES_PERCENT = (80, 90, 95)


def risk_coverage(confidence: Values, hit: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Share answered and share of errors among those, each (limits,), 0 to 1, at each limit of confidence.

    `confidence` (n,) may have any unit; `hit` (n,) is true where the answer is right. Equally sure items go together.

    >>> risk_coverage(np.array([0.9, 0.6, 0.6, 0.8]), np.array([True, False, True, True]))[0].tolist()
    [0.25, 0.5, 1.0]
    """
    return mean_error_over_coverage(confidence, (~hit).astype(np.float64), len(hit))


def mean_error_over_coverage(confidence: Values, errors: Values, items: int) -> tuple[Values, Values]:
    """Share answered, 0 to 1, and mean error of those, each (limits,), at each limit of confidence.

    `confidence` (n,) and `errors` (n,) may have any unit. `items`, of which some may have no answer at all, are the whole that
    is covered.

    >>> coverage, error = mean_error_over_coverage(np.array([-1.0, -2.0]), np.array([3.0, 5.0]), 4)
    >>> coverage.tolist(), error.tolist()
    ([0.25, 0.5], [3.0, 4.0])
    """
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    ranked = confidence[order]
    last_of_equals = np.append(ranked[1:] != ranked[:-1], True)
    total = np.cumsum(errors[order])
    return answered[last_of_equals] / items, total[last_of_equals] / answered[last_of_equals]


def abstention_figures(confidence: Values, hit: NDArray[np.bool_]) -> dict[str, Value]:
    """Errors at the least coverage from 80, 90 and 95 % on, with all answered, and the mean over all coverages (AURC).

    `confidence` (n,) may have any unit; `hit` (n,) is true where the answer is right.
    """
    coverage, risk = (100 * values for values in risk_coverage(confidence, hit))
    figures: dict[str, Value] = {
        f"error_at_coverage_{wanted}_percent": float(risk[np.argmax(coverage >= wanted - 1e-9)])
        for wanted in _COVERAGES_PERCENT
    }
    figures["error_abstention_off_percent"] = float(risk[-1])
    figures["aurc_percent"] = float(np.average(risk, weights=np.diff(coverage, prepend=0.0)))
    return figures


def error_abstention_figures(prefix: str, unit: str, confidence: Values, errors: Values, items: int) -> dict[str, Value]:
    """Mean absolute errors at the least coverage from 80, 90 and 95 % on, where the model answers as many, and their mean.

    `confidence` (n,) may have any unit; `errors` (n,) are found - true, in `unit`.
    """
    coverage, error = mean_error_over_coverage(confidence, np.abs(errors), items)
    percent = 100 * coverage
    figures: dict[str, Value] = {
        f"{prefix}mae_{unit}_at_coverage_{wanted}_percent": float(error[np.argmax(percent >= wanted - 1e-9)])
        for wanted in _COVERAGES_PERCENT
        if percent[-1] >= wanted - 1e-9
    }
    figures[f"{prefix}aurc_{unit}"] = float(np.average(error, weights=np.diff(coverage, prepend=0.0)))
    return figures
