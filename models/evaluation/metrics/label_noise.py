"""Whether an embedding knows better than wrong labels: TTE47's Detection Rate and Label Recovery Precision. Needs scikit-learn.

The steps are those of the first author's published training code (github.com/PreshenNaidoo/EchoView47; the paper: Naidoo et
al., Med Image Anal 110 (2026) 104006). A share of the labels is exchanged for others of the same group of views, and all
embeddings are clustered. An item whose label is not the commonest of its cluster is found wrong.

N are the exchanged labels, F those found among them, and C those of F whose cluster's label is the original one. Detection rate
is F / N, label recovery precision C / N, correction accuracy C / F.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.errors import EvaluationError
from models.evaluation.metrics.neighbours import Features, Labels
from models.library.manifest import Value

_COMPONENTS = 200  # of the principal components of the normalised embeddings
_BATCH = 1024
# Views that are taken for one another, by the beginning of the class' name.
_GROUPS = {
    "a2ch": "apical",
    "a3ch": "apical",
    "a4ch": "apical",
    "a5ch": "apical",
    "apex": "apical",
    "suprasternal": "subcostal",
}


def view_group(name: str) -> str:
    """The group within which a view is mistaken.

    >>> view_group("a4ch-lv"), view_group("suprasternal"), view_group("doppler-mv")
    ('apical', 'subcostal', 'doppler')
    """
    first = name.split("-", maxsplit=1)[0].lower()
    return _GROUPS.get(first, first)


def exchanged(labels: Labels, names: Sequence[str], percent: float, random: np.random.Generator) -> Labels:
    """`labels` (n,), indices of `names`, with this share of every group exchanged for another label of the group: (n,).

    A group of one view stays as it is.
    """
    groups = np.array([view_group(name) for name in names])
    changed = labels.copy()
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        places = np.flatnonzero(np.isin(labels, members))
        if len(members) < 2:
            continue
        for place in random.choice(places, size=int(len(places) * percent / 100), replace=False):
            changed[place] = random.choice(members[members != labels[place]])
    return changed


def recovered(features: Features, given: Labels, clusters: int, *, seed: int = 0) -> Labels:
    """The commonest of the `given` labels in the cluster (k-means) of every item: (n,).

    `features` are (n, width); `given` (n,) are indices of labels.
    """
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    components = min(_COMPONENTS, *features.shape)
    reduced = PCA(components, random_state=seed).fit_transform(normalize(features))
    means = MiniBatchKMeans(min(clusters, len(features)), batch_size=_BATCH, random_state=seed, n_init=3)
    of_item: NDArray[np.int64] = means.fit_predict(reduced)
    commonest = np.zeros_like(given)
    for cluster in np.unique(of_item):
        inside = of_item == cluster
        commonest[inside] = np.bincount(given[inside]).argmax()
    return commonest


def label_noise_figures(
    features: Features, labels: Labels, names: Sequence[str], percent: float, *, seed: int = 0
) -> dict[str, Value]:
    """How many exchanged labels the clusters find, and how many they put right, of `features` (n, width).

    `labels` (n,) are indices of `names`. Raises EvaluationError where no label can be exchanged.
    """
    given = exchanged(labels, names, percent, np.random.default_rng(seed))
    wrong = given != labels
    if not wrong.any():
        raise EvaluationError(f"{percent:g} % of {len(labels)} labels exchange none within its group of views")
    commonest = recovered(features, given, len(names), seed=seed)
    found = wrong & (commonest != given)
    right = found & (commonest == labels)
    figures: dict[str, Value] = {
        "label_noise_percent": float(percent),
        "label_noise_n": int(wrong.sum()),
        "label_noise_suspected_n": int((commonest != given).sum()),
        "detection_rate_percent": 100 * float(found.sum() / wrong.sum()),
        "label_recovery_precision_percent": 100 * float(right.sum() / wrong.sum()),
    }
    if found.any():
        figures["correction_accuracy_percent"] = 100 * float(right.sum() / found.sum())
    return figures
