"""What abstaining buys: the error of those answered, by the share that is answered, the surest first."""

import numpy as np
from numpy.typing import NDArray

from models.manifest import Value

Values = NDArray[np.float64]

_COVERAGES_PERCENT = (80, 90, 95)


def risk_coverage(confidence: Values, hit: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Share answered and share of errors among those, 0 to 1, at each limit of confidence; equally sure items go together.

    >>> risk_coverage(np.array([0.9, 0.6, 0.6, 0.8]), np.array([True, False, True, True]))[0].tolist()
    [0.25, 0.5, 1.0]
    """
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    last_of_equals = np.append(np.diff(confidence[order]) != 0, True)
    errors = np.cumsum(~hit[order])
    return answered[last_of_equals] / len(order), errors[last_of_equals] / answered[last_of_equals]


def abstention_figures(confidence: Values, hit: NDArray[np.bool_]) -> dict[str, Value]:
    """Errors at the least coverage from 80, 90 and 95 % on, with all answered, and the mean over all coverages (AURC)."""
    coverage, risk = (100 * values for values in risk_coverage(confidence, hit))
    figures: dict[str, Value] = {
        f"error_at_coverage_{wanted}_percent": float(risk[np.argmax(coverage >= wanted - 1e-9)])
        for wanted in _COVERAGES_PERCENT
    }
    figures["error_abstention_off_percent"] = float(risk[-1])
    figures["aurc_percent"] = float(np.average(risk, weights=np.diff(coverage, prepend=0.0)))
    return figures
