"""The gate is set by the error that it is to prevent, on hearts of a generator that trained nothing.

How much each doubt about an outline adds to the expected error of EF is a least-squares fit without negative weights: more
doubt never means less error (Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import nnls

from models.analysis.reliability import CONSTANT, DISTANCE, LIMIT, WORDS
from models.errors import EvaluationError
from models.evaluation.gate_hearts import ApicalOutcome, GateLimits, HeartOutcome

FALSE_REFUSALS = 0.02  # share of hearts that the distance alone may refuse
_ALLOWED_POINTS = 3.0  # mean error of EF of what is measured
_LEAST_REFUSED = 0.05  # the share that is least sure is refused, however good the network is
_OUTLIER_POINTS = 20.0  # a larger error counts as this one: one failure must not weigh as much as all others together
_FEWEST = 20  # clips with an error


def calibrated(hearts: Sequence[HeartOutcome], trained_distance: float) -> GateLimits:
    """`trained_distance` is the limit that the training set on its own validation: it is never lowered.

    Raises EvaluationError where too few clips were measured to calibrate anything.
    """
    distances = [heart.distance for heart in hearts]
    largest = max(trained_distance, float(np.quantile(distances, 1 - FALSE_REFUSALS)))
    weights = _weights([clip for heart in hearts for clip in heart.clips], largest)
    unlimited = GateLimits(largest, {**weights, LIMIT: float("inf")})
    return GateLimits(largest, {**weights, LIMIT: _limit(hearts, unlimited)})


def _weights(clips: Sequence[ApicalOutcome], largest_distance: float) -> dict[str, float]:
    """Points of EF for each unit of doubt, and the constant; doubts that say nothing have no entry."""
    judged = [clip for clip in clips if clip.doubts and clip.ef_error_points is not None]
    if len(judged) < _FEWEST:
        raise EvaluationError(f"{len(judged)} clips with an EF are too few to calibrate the gate: {_FEWEST} at least")
    doubts = np.array([[_doubt(clip, name, largest_distance) for name in WORDS] for clip in judged])
    errors = np.minimum(np.abs([clip.ef_error_points or 0.0 for clip in judged]), _OUTLIER_POINTS)
    found, _ = nnls(np.column_stack([np.ones(len(judged)), doubts]), errors)
    named = {name: float(weight) for name, weight in zip(WORDS, found[1:], strict=True) if weight > 0}
    return {CONSTANT: float(found[0]), **named}


def _doubt(clip: ApicalOutcome, name: str, largest_distance: float) -> float:
    return clip.distance / largest_distance if name == DISTANCE else clip.doubts[name]


def _limit(hearts: Sequence[HeartOutcome], limits: GateLimits) -> float:
    """The largest expected error with which what is measured has the allowed mean error, and the least sure are refused."""
    judged = [
        (expected, abs(heart.ef_error_points))
        for heart in hearts
        if heart.ef_error_points is not None
        and not heart.stops(limits)
        and (expected := heart.expected_error(limits)) is not None
    ]
    if not judged:
        raise EvaluationError("no heart was measured, so nothing says which error to expect")
    expected, errors = np.array(sorted(judged)).T
    means = np.cumsum(errors) / np.arange(1, len(errors) + 1)
    most = max(1, int(len(errors) * (1 - _LEAST_REFUSED)))
    kept = np.flatnonzero(means[:most] <= _ALLOWED_POINTS)
    return float(expected[kept[-1]] if kept.size else expected[0])


def as_numbers(gate: Mapping[str, float]) -> dict[str, float]:
    """Rounded as a manifest keeps them."""
    return {name: float(f"{value:.5g}") for name, value in gate.items()}
