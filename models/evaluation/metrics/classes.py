"""Classes against their truth: accuracy in its kinds, several experts who may be unsure, calibration of probabilities.

The usual figures are scikit-learn's. Ours are the accuracy, asked a thousand times by the bootstrap (1.5 ms a call there, 4 us
here), and the calibration error, of which scikit-learn gives no counts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.evaluation.datasets.items import NOT_SURE
from models.evaluation.metrics.by_group import bootstrap_by_group, stated
from models.library.manifest import Value

Indices = NDArray[np.int64]

_BINS = 15


def class_figures(true: Indices, found: Indices, groups: Sequence[str]) -> dict[str, Value]:
    """Accuracy with its interval by patient, balanced accuracy (mean recall of the true classes), macro F1, kappa.

    `true` and `found` (n,) are indices of classes; `groups` says whose each item is.
    """
    from sklearn.metrics import f1_score

    pairs = np.stack([true, found], axis=1).astype(np.float64)
    hits = bootstrap_by_group(lambda values: 100 * float((values[:, 0] == values[:, 1]).mean()), pairs, groups)
    return {
        "n": len(true),
        **stated("accuracy_percent", hits),
        "balanced_accuracy_percent": 100 * balanced_accuracy(true, found),
        "f1": float(f1_score(true, found, average="macro")),
        "kappa": kappa(true, found),
    }


def balanced_accuracy(true: Indices, found: Indices) -> float:
    """Mean over the classes of the truth of the share that was found; `true` and `found` (n,) are indices of classes.

    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])).__round__(3)
    0.833
    """
    from sklearn.metrics import recall_score

    return float(recall_score(true, found, labels=np.unique(true), average="macro"))


def kappa(one: Sequence[str] | Indices, other: Sequence[str] | Indices) -> float:
    """Cohen's, unweighted: 1 agreement, 0 chance; 1 where both know one class alone, of which scikit-learn says NaN.

    `one` and `other` (n,) are names or indices of classes.

    >>> kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
    0.5
    """
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(one, other)) if len({*one, *other}) > 1 else 1.0


def calibration_bins(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> list[tuple[int, float, float]]:
    """The bins that hold anything, of 15 equal ones of confidence: how many items, their mean confidence, their share of hits.

    `confidence` (n,) is 0 to 1; `hit` (n,) is true where the answer is right.
    """
    index = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        (int(inside.sum()), float(confidence[inside].mean()), float(hit[inside].mean()))
        for inside in (index == one for one in range(_BINS))
        if inside.any()
    ]


def calibration_error(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
    """Expected calibration error: distance of confidence and share of hits, averaged over the items.

    `confidence` (n,) is 0 to 1; `hit` (n,) is true where the answer is right.

    >>> calibration_error(np.array([0.9, 0.9, 0.6, 0.6]), np.array([True, True, True, False])).__round__(3)
    0.1
    """
    bins = calibration_bins(confidence, hit)
    return sum(count * abs(mean - share) for count, mean, share in bins) / len(confidence)


def expert_figures(answers: Sequence[Mapping[str, str]], found: Sequence[str]) -> dict[str, Value]:
    """Against each expert, their majority and any of them; and the experts against one another.

    An expert's "not sure" is no label: those images are left out of his accuracy, counted in `<expert>_not_sure`, and count as
    wrong in `<expert>_accuracy_strict_percent`. The majority is a label that more than half of those asked gave.
    """
    figures: dict[str, Value] = {}
    experts = sorted({expert for given in answers for expert in given})
    for expert in experts:
        asked = [(given[expert], label) for given, label in zip(answers, found, strict=True) if expert in given]
        sure = [(answer, label) for answer, label in asked if answer != NOT_SURE]
        figures[f"{expert}_n"], figures[f"{expert}_not_sure"] = len(asked), len(asked) - len(sure)
        hits = sum(answer == label for answer, label in sure)
        figures[f"{expert}_accuracy_strict_percent"] = 100 * hits / len(asked)
        if sure:
            figures[f"{expert}_accuracy_percent"] = 100 * hits / len(sure)
            figures[f"{expert}_kappa"] = kappa(*zip(*sure, strict=True))
    agreed = [(majority(given), label) for given, label in zip(answers, found, strict=True) if given]
    decided = [(answer, label) for answer, label in agreed if answer is not None]
    figures["majority_n"] = len(decided)
    if decided:
        figures["majority_accuracy_percent"] = 100 * float(np.mean([answer == label for answer, label in decided]))
    if agreed:
        of_any = [label in given.values() for given, label in zip(answers, found, strict=True) if given]
        figures["any_expert_accuracy_percent"] = 100 * float(np.mean(of_any))
    for index, one in enumerate(experts):
        for other in experts[index + 1 :]:
            both = [(given[one], given[other]) for given in answers if one in given and other in given]
            sure = [pair for pair in both if NOT_SURE not in pair]
            if sure:
                figures[f"{one}_{other}_kappa"] = kappa(*zip(*sure, strict=True))
    return figures


def majority(given: Mapping[str, str]) -> str | None:
    """The label of more than half of the experts who answered at all; None where there is none.

    >>> majority({"a": "plax", "b": "plax", "c": "not sure"}), majority({"a": "plax", "b": "not sure"})
    ('plax', None)
    """
    label, votes = Counter(given.values()).most_common(1)[0]
    return label if label != NOT_SURE and 2 * votes > len(given) else None
