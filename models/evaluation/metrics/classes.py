"""Classes against their truth: accuracy in its kinds, several experts who may be unsure, calibration of probabilities."""

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
    pairs = np.stack([true, found], axis=1).astype(np.float64)
    hits = bootstrap_by_group(lambda values: 100 * float((values[:, 0] == values[:, 1]).mean()), pairs, groups)
    return {
        "n": len(true),
        **stated("accuracy_percent", hits),
        "balanced_accuracy_percent": 100 * balanced_accuracy(true, found),
        "f1": macro_f1(true, found),
        "kappa": kappa(true, found),
    }


def balanced_accuracy(true: Indices, found: Indices) -> float:
    """Mean over the classes of the truth of the share that was found; `true` and `found` (n,) are indices of classes.

    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])).__round__(3)
    0.833
    """
    return float(np.mean([(found[true == label] == label).mean() for label in np.unique(true)]))


def macro_f1(true: Indices, found: Indices) -> float:
    """Mean over the classes that are in `true` or `found`, both (n,), indices of classes.

    >>> macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1])).__round__(3)
    0.667
    """
    scores = []
    for label in np.union1d(true, found):
        hits = ((true == label) & (found == label)).sum()
        scores.append(2 * hits / ((true == label).sum() + (found == label).sum()))
    return float(np.mean(scores))


def kappa(one: Indices, other: Indices) -> float:
    """Cohen's, unweighted: 1 agreement, 0 chance; 1 where both know one class alone.

    `one` and `other` (n,) are indices of classes.

    >>> kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
    0.5
    """
    observed = float((one == other).mean())
    expected = sum(float((one == label).mean() * (other == label).mean()) for label in np.union1d(one, other))
    return (observed - expected) / (1 - expected) if expected < 1 else 1.0


def confusion(true: Indices, found: Indices, classes: int) -> Indices:
    """Counts (classes, classes): row the truth, column what was found. `true` and `found` (n,) are indices of classes."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (true, found), 1)
    return counts


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
            figures[f"{expert}_kappa"] = _kappa_of(sure)
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
                figures[f"{one}_{other}_kappa"] = _kappa_of(sure)
    return figures


def majority(given: Mapping[str, str]) -> str | None:
    """The label of more than half of the experts who answered at all; None where there is none.

    >>> majority({"a": "plax", "b": "plax", "c": "not sure"}), majority({"a": "plax", "b": "not sure"})
    ('plax', None)
    """
    label, votes = Counter(given.values()).most_common(1)[0]
    return label if label != NOT_SURE and 2 * votes > len(given) else None


def _kappa_of(pairs: Sequence[tuple[str, str]]) -> float:
    names = sorted({name for pair in pairs for name in pair})
    one, other = (np.array([names.index(pair[side]) for pair in pairs]) for side in (0, 1))
    return kappa(one, other)
