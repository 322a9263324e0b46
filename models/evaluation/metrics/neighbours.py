"""What an embedding is worth without training it: its nearest neighbours, and a linear probe. Needs scikit-learn."""

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics.classes import balanced_accuracy
from models.library.manifest import Value

Features = NDArray[np.float32]  # (n, features)
Labels = NDArray[np.int64]

NEIGHBOURS = 20
_MOST_STEPS = 2000
_FEW_PERCENT = (1, 10)
_DRAWS = 5


def by_neighbours(train: Features, labels: Labels, tested: Features, neighbours: int = NEIGHBOURS) -> Labels:
    """Labels (n,) of the majority of the nearest training items by cosine, each weighted by its nearness.

    `train` (m, width) and `tested` (n, width) are features; `labels` (m,) are indices of the training's classes.
    """
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(min(neighbours, len(train)), metric="cosine", weights="distance")
    return np.asarray(classifier.fit(train, labels).predict(tested), dtype=np.int64)


def by_linear_probe(train: Features, labels: Labels, tested: Features) -> Labels:
    """Labels (n,) by logistic regression on standardised features, L2 with C = 1.

    `train` (m, width) and `tested` (n, width) are features; `labels` (m,) are indices of the training's classes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_MOST_STEPS))
    return np.asarray(probe.fit(train, labels).predict(tested), dtype=np.int64)


def few_shot_figures(train: Features, labels: Labels, tested: Features, true: Labels, *, seed: int = 0) -> dict[str, Value]:
    """The linear probe taught by 1 and by 10 % of the labels: means over 5 draws.

    `train` (m, width) and `tested` (n, width) are features; `labels` (m,) and `true` (n,) are indices of their classes.
    """
    random = np.random.default_rng(seed)
    figures: dict[str, Value] = {}
    for percent in _FEW_PERCENT:
        draws = [drawn_by_class(labels, percent / 100, random) for _ in range(_DRAWS)]
        found = [by_linear_probe(train[chosen], labels[chosen], tested) for chosen in draws]
        prefix = f"few_shot_{percent}"
        figures[f"{prefix}_n_train"] = len(draws[0])
        figures[f"{prefix}_accuracy_percent"] = 100 * float(np.mean([(one == true).mean() for one in found]))
        figures[f"{prefix}_balanced_accuracy_percent"] = 100 * float(np.mean([balanced_accuracy(true, one) for one in found]))
    return figures


def drawn_by_class(labels: Labels, share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Indices (drawn,) of a `share` of each class, at least one item; `labels` (n,) are indices of classes."""
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    drawn = [random.choice(one, size=max(1, round(share * len(one))), replace=False) for one in members]
    return np.concatenate(drawn).astype(np.int64)
