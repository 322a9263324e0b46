"""Detection Rate and Label Recovery Precision on embeddings whose clusters are known."""

import numpy as np
import pytest

from models.errors import EvaluationError
from models.evaluation.metrics.label_noise import exchanged, label_noise_figures, recovered

NAMES = ("a2ch-full", "a4ch-full", "plax-full-lv", "psax-av", "psax-pv")


def _labels(each: int = 60) -> np.ndarray:
    return np.repeat(np.arange(len(NAMES)), each)


def _separate(labels: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(3)
    return (np.eye(len(NAMES))[labels] + 0.02 * random.normal(size=(len(labels), len(NAMES)))).astype(np.float32)


def test_labels_are_exchanged_within_their_group_alone() -> None:
    labels = _labels()
    given = exchanged(labels, NAMES, 20, np.random.default_rng(0))
    wrong = given != labels
    assert wrong.sum() == 24 + 24  # of 120 apical and 120 short-axis items; one parasternal view has no other to be
    assert set(zip(labels[wrong], given[wrong], strict=True)) == {(0, 1), (1, 0), (3, 4), (4, 3)}


def test_an_embedding_that_parts_the_views_finds_and_mends_every_wrong_label() -> None:
    labels = _labels()
    figures = label_noise_figures(_separate(labels), labels, NAMES, 20)
    assert figures["label_noise_n"] == figures["label_noise_suspected_n"] == 48
    assert figures["detection_rate_percent"] == figures["label_recovery_precision_percent"] == 100
    assert figures["correction_accuracy_percent"] == 100


def test_found_and_mended_are_told_apart() -> None:
    """Two views in one cluster: a wrong label of another group is found, and mended only where it was the commoner one's."""
    labels = np.array([0] * 60 + [1] * 40 + [3] * 50)
    features = np.eye(2, dtype=np.float32)[(labels == 3).astype(int)]
    commonest = recovered(features, labels, 2)
    assert set(commonest[:100]) == {0}
    assert set(commonest[100:]) == {3}
    given = labels.copy()
    given[:5] = given[60:65] = 4
    after = recovered(features, given, 2)
    found = (given != labels) & (after != given)
    assert found.sum() == 10
    assert (found & (after == labels)).sum() == 5


def test_no_label_to_exchange_is_said() -> None:
    labels = np.array([2] * 30)
    with pytest.raises(EvaluationError, match="exchange none"):
        label_noise_figures(_separate(labels), labels, NAMES, 20)
