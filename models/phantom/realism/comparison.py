"""How far pictures are from real ones: histogram, features, spectrum, and whether a classifier tells them apart."""

import numpy as np
from numpy.typing import NDArray

from models.phantom.realism.features import BINS
from models.phantom.realism.reference import Statistics

Values = NDArray[np.float64]


def histogram_distance(ours: Statistics, real: Statistics) -> float:
    """Wasserstein distance of the pooled grey histograms, in grey levels of 256."""
    pooled = [one.histograms.mean(axis=0) for one in (ours, real)]
    return float(np.abs(np.cumsum(pooled[0] - pooled[1])).sum() * 256 / BINS)


def standardised_differences(ours: Statistics, real: Statistics) -> Values:
    """Difference of the mean of each feature over the standard deviation of real clips: (features,), float64, no unit."""
    of_ours, of_real = (one.features.mean(axis=1) for one in (ours, real))
    return np.asarray((of_ours.mean(axis=0) - of_real.mean(axis=0)) / of_real.std(axis=0, ddof=1), dtype=np.float64)


def spread_ratios(ours: Statistics, real: Statistics) -> Values:
    """Standard deviation of each feature over our clips by that over real ones: (features,), float64, no unit."""
    of_ours, of_real = (one.features.mean(axis=1).std(axis=0, ddof=1) for one in (ours, real))
    return np.asarray(of_ours / of_real, dtype=np.float64)


def spectrum_difference(ours: Statistics, real: Statistics) -> float:
    """Root mean square difference of the mean logarithmic power in the bands after the first."""
    difference = ours.log_power.mean(axis=(0, 1)) - real.log_power.mean(axis=(0, 1))
    return float(np.sqrt((difference[1:] ** 2).mean()))


def area_under_curve(positive: Values, negative: Values) -> float:
    """Share of pairs of `positive` (n,) and `negative` (m,) scores in which the positive is the larger; ties count half."""
    pairs = positive[:, None] - negative
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


def two_sample_auc(ours: Statistics, real: Statistics) -> float:
    """Area under the curve of a logistic classifier of frames that never saw the clip it judges (Lopez-Paz and Oquab 2017).

    0.5 means that it cannot tell our frames from real ones, 1 that it always can.
    """
    rows = [np.concatenate((one.features, one.log_power[..., 1:]), axis=2) for one in (ours, real)]
    clips = np.concatenate(rows)
    frames = clips.reshape(-1, clips.shape[2])
    frames = (frames - frames.mean(axis=0)) / (frames.std(axis=0) + 1e-9)
    clip_of = np.repeat(np.arange(len(clips)), clips.shape[1])
    is_real = clip_of >= len(rows[0])
    scores = np.zeros(len(frames))
    for clip in range(len(clips)):
        seen = clip_of != clip
        scores[~seen] = frames[~seen] @ (weights := _logistic(frames[seen], is_real[seen]))[1:] + weights[0]
    return area_under_curve(scores[is_real], scores[~is_real])


def _logistic(rows: Values, labels: NDArray[np.bool_]) -> Values:
    """Weights, the constant first, of a logistic regression with a quadratic penalty and balanced classes, by Newton."""
    design = np.hstack((np.ones((len(rows), 1)), rows))
    balance = np.where(labels, 0.5 / max(labels.sum(), 1), 0.5 / max((~labels).sum(), 1)) * len(rows)
    weights, penalty = np.zeros(design.shape[1]), np.eye(design.shape[1])
    penalty[0, 0] = 1e-6
    for _ in range(12):
        probability = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (balance * (probability - labels)) + penalty @ weights
        curvature = (design.T * (balance * probability * (1 - probability))) @ design + penalty
        weights = weights - np.linalg.solve(curvature, slope)
    return weights
