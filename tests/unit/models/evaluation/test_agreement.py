import numpy as np
import pytest

from models.evaluation.metrics.agreement import bootstrap, correlation, quadratic_kappa


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    estimate = bootstrap(mean, values)
    half = 1.96 * values.std() / 20
    assert estimate.value == values.mean()
    assert estimate.low == pytest.approx(estimate.value - half, abs=0.05)
    assert estimate.high == pytest.approx(estimate.value + half, abs=0.05)


def test_a_constant_has_no_uncertainty_and_a_seed_repeats() -> None:
    constant = bootstrap(mean, np.full(10, 4.0))
    assert (constant.low, constant.high) == (4.0, 4.0)
    values = np.arange(20.0)
    assert bootstrap(mean, values, seed=3) == bootstrap(mean, values, seed=3)


def test_hearts_are_drawn_as_pairs() -> None:
    truth = np.linspace(20, 70, 50)
    estimate = bootstrap(correlation, np.stack([truth, 2 * truth], axis=1))
    assert estimate.low == pytest.approx(1.0)


def test_correlation_is_pearsons_and_0_of_a_constant() -> None:
    pairs = np.random.default_rng(2).normal(size=(30, 2)) @ np.array([[1.0, 0.5], [0.0, 1.0]])
    assert correlation(pairs) == pytest.approx(np.corrcoef(pairs.T)[0, 1])
    assert correlation(np.array([[1.0, 2.0], [1.0, 3.0]])) == 0.0


def test_kappa_of_the_textbook() -> None:
    """Counts 20, 5 / 10, 15: agreement .7, by chance .5, so kappa .4 (Cohen 1960); two grades need no weights."""
    truth = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    found = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert quadratic_kappa(truth, found) == pytest.approx(0.4)


def test_a_far_miss_costs_more_than_a_near_one() -> None:
    truth = np.array([0, 1, 2, 3] * 5)
    near, far = truth.copy(), truth.copy()
    near[0], far[0] = 1, 3
    assert 1 > quadratic_kappa(truth, near) > quadratic_kappa(truth, far)
