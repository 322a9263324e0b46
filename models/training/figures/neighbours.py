"""What an embedding is worth without training it: its nearest neighbours, and a linear probe. Needs scikit-learn."""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]  # (n, features)
Labels = NDArray[np.int64]

NEIGHBOURS = 20
_MOST_STEPS = 2000


def by_neighbours(train: Features, labels: Labels, tested: Features, neighbours: int = NEIGHBOURS) -> Labels:
    """Label of the majority of the nearest training items by cosine, each weighted by its nearness."""
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(min(neighbours, len(train)), metric="cosine", weights="distance")
    return np.asarray(classifier.fit(train, labels).predict(tested), dtype=np.int64)


def by_linear_probe(train: Features, labels: Labels, tested: Features) -> Labels:
    """Logistic regression on standardised features, L2 with C = 1."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_MOST_STEPS))
    return np.asarray(probe.fit(train, labels).predict(tested), dtype=np.int64)
