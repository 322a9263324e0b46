"""The figures of the papers on examples small enough to be computed by hand, and by their definitions."""

import numpy as np
import pytest
from sklearn import metrics

from models.evaluation.metrics.agreement import bootstrap
from models.evaluation.metrics.by_group import bootstrap_by_group
from models.evaluation.metrics.classes import (
    balanced_accuracy,
    calibration_bins,
    calibration_error,
    class_figures,
    expert_figures,
    kappa,
)
from models.evaluation.metrics.neighbours import by_linear_probe, by_neighbours
from models.evaluation.metrics.numbers import agreement_figures, auroc, ef_auroc, r2
from models.evaluation.metrics.overlap import overlap, pooled_dice
from models.evaluation.metrics.phases import frame_figures, nearest


def box(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros((20, 20), dtype=bool)
    mask[top : bottom + 1, left : right + 1] = True
    return mask


def test_dice_iou_and_border_distance_of_two_boxes() -> None:
    """4 x 4 boxes 2 px apart share 8 px. Of a border's 12 px 4 lie on the other border, 4 are 1 px off and 4 are 2 px off."""
    one = overlap(box(2, 2, 5, 5), box(4, 2, 7, 5))
    assert (one.shared, one.either) == (8, 24)
    assert one.dice == pytest.approx(0.5)
    assert one.iou == pytest.approx(1 / 3)
    assert one.surface_distance == pytest.approx((4 * 0 + 4 * 1 + 4 * 2) / 12)
    in_mm = overlap(box(2, 2, 5, 5), box(4, 2, 7, 5), (0.5, 3.0))
    assert in_mm.surface_distance == pytest.approx((4 * 0 + 4 * 0.5 + 4 * 1.0) / 12)


def test_masks_of_nothing() -> None:
    nothing = np.zeros((20, 20), dtype=bool)
    assert (overlap(nothing, nothing).dice, overlap(nothing, nothing).iou) == (1, 1)
    missed = overlap(box(2, 2, 5, 5), nothing)
    assert (missed.dice, missed.iou, missed.surface_distance) == (0, 0, None)
    with pytest.raises(ValueError, match="masks of"):
        overlap(nothing, nothing[:5])


def test_pooled_dice_weighs_large_ventricles() -> None:
    small, large = overlap(box(0, 0, 0, 0), box(5, 5, 5, 5)), overlap(box(0, 0, 9, 9), box(0, 0, 9, 9))
    assert (small.dice + large.dice) / 2 == 0.5
    assert pooled_dice([small, large]) == pytest.approx(200 / 202)


PAIRS = np.array([[60.0, 62.0], [50.0, 47.0], [40.0, 44.0], [30.0, 33.0]])


def test_errors_of_an_ejection_fraction() -> None:
    figures = agreement_figures("ef_", "points", PAIRS, ["a", "b", "c", "d"])
    assert figures["ef_n"] == 4
    assert figures["ef_mae_points"] == pytest.approx(3.0)
    assert figures["ef_bias_points"] == pytest.approx(1.5)
    assert figures["ef_rmse_points"] == pytest.approx(np.sqrt(38 / 4))
    assert figures["ef_r2"] == pytest.approx(metrics.r2_score(*PAIRS.T))
    assert figures["ef_pearson"] == pytest.approx(np.corrcoef(*PAIRS.T)[0, 1])
    assert figures["ef_r2_of_fit"] == pytest.approx(np.corrcoef(*PAIRS.T)[0, 1] ** 2)
    low, high = figures["ef_mae_points_95"]
    assert 2 <= low <= 3 <= high <= 4


def test_the_published_r2_forgives_a_bias_and_r2_does_not() -> None:
    biased = PAIRS + np.array([0.0, 20.0])
    before, after = (agreement_figures("", "points", pairs, list("abcd")) for pairs in (PAIRS, biased))
    assert after["r2_of_fit"] == pytest.approx(before["r2_of_fit"])
    assert after["r2"] < 0 < before["r2"]


def test_confidence_is_counted_in_15_bins() -> None:
    confidence = (np.arange(1500) + 0.5) / 1500
    bins = calibration_bins(confidence, np.ones(1500, dtype=bool))
    assert [count for count, _, _ in bins] == [100] * 15


def test_too_few_numbers_have_no_figures() -> None:
    assert agreement_figures("ef_", "points", PAIRS[:1], ["a"]) == {"ef_n": 1}
    assert np.isnan(r2(np.array([[1.0, 2.0], [1.0, 3.0]])))


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    random = np.random.default_rng(0)
    positive, score = random.random(200) > 0.4, random.integers(0, 20, 200).astype(float)
    difference = score[positive][:, None] - score[~positive]
    assert auroc(positive, score) == pytest.approx((difference > 0).mean() + (difference == 0).mean() / 2)
    assert auroc(np.array([True, True]), np.array([1.0, 2.0])) is None
    assert ef_auroc("", PAIRS) == {"auc_ef_35": 1, "auc_ef_40": 1, "auc_ef_45": 1, "auc_ef_50": 1}
    assert ef_auroc("", PAIRS[:1]) == {}


def test_patients_are_resampled_not_frames() -> None:
    """Ten copies of each patient's item tell nothing more, but would shrink an interval by frames."""
    values = np.random.default_rng(0).normal(size=20)
    groups = [str(index) for index in range(20)]

    def mean(v: np.ndarray) -> float:
        return float(v.mean())

    by_item = bootstrap(mean, values, draws=1000)
    single = bootstrap_by_group(mean, values, groups)
    copied = bootstrap_by_group(mean, np.repeat(values, 10), list(np.repeat(groups, 10)))
    wrong = bootstrap(mean, np.repeat(values, 10), draws=1000)
    assert (single.value, single.low, single.high) == pytest.approx((by_item.value, by_item.low, by_item.high))
    assert copied.high - copied.low == pytest.approx(single.high - single.low)
    assert wrong.high - wrong.low < 0.5 * (copied.high - copied.low)
    with pytest.raises(ValueError, match="3 values of 2 groups"):
        bootstrap_by_group(mean, values[:3], groups[:2])


def test_accuracies_are_those_of_their_definitions() -> None:
    random = np.random.default_rng(1)
    true = random.integers(0, 4, 120)
    found = np.where(random.random(120) < 0.6, true, random.integers(0, 5, 120))
    recalls = [(found[true == label] == label).mean() for label in range(4)]  # the fifth is found, never true
    assert balanced_accuracy(true, found) == pytest.approx(np.mean(recalls))
    scores = [2 * ((true == one) & (found == one)).sum() / ((true == one).sum() + (found == one).sum()) for one in range(5)]
    chance = sum((true == one).mean() * (found == one).mean() for one in range(5))
    by_hand = ((true == found).mean() - chance) / (1 - chance)
    assert kappa(true, found) == pytest.approx(by_hand)
    assert kappa(true[:3] * 0, true[:3] * 0) == 1
    figures = class_figures(true, found, [str(index) for index in range(120)])
    assert (figures["f1"], figures["kappa"]) == pytest.approx((np.mean(scores), by_hand))
    assert figures["accuracy_percent"] == pytest.approx(100 * metrics.accuracy_score(true, found))
    assert figures["n"] == 120


def test_calibration_error_of_known_bins() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55, 1.0])
    hit = np.array([True, False, True, True, True])
    by_hand = (3 * abs((0.95 + 0.95 + 1.0) / 3 - 2 / 3) + 2 * abs(0.55 - 1.0)) / 5
    assert calibration_error(confidence, hit) == pytest.approx(by_hand)
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0


ANSWERS = [
    {"e1": "plax", "e2": "plax", "e3": "a4c"},
    {"e1": "a4c", "e2": "not sure", "e3": "a4c"},
    {"e1": "plax", "e2": "not sure", "e3": "a4c"},
    {"e1": "a4c", "e2": "plax"},
    {},
]
FOUND = ["plax", "a4c", "plax", "plax", "a4c"]


def test_three_experts_who_may_be_unsure() -> None:
    figures = expert_figures(ANSWERS, FOUND)
    assert (figures["e1_n"], figures["e1_not_sure"], figures["e1_accuracy_percent"]) == (4, 0, 75)
    assert (figures["e2_n"], figures["e2_not_sure"], figures["e2_accuracy_percent"]) == (4, 2, 100)
    assert figures["e2_accuracy_strict_percent"] == 50  # who is not sure agrees with nobody
    assert figures["e3_accuracy_percent"] == pytest.approx(100 / 3)
    assert (figures["majority_n"], figures["majority_accuracy_percent"]) == (2, 100)
    assert figures["any_expert_accuracy_percent"] == 100
    assert figures["e1_kappa"] == pytest.approx(metrics.cohen_kappa_score(["plax", "a4c", "plax", "a4c"], FOUND[:4]))
    assert figures["e1_e3_kappa"] == pytest.approx(metrics.cohen_kappa_score(["plax", "a4c", "plax"], ["a4c", "a4c", "a4c"]))
    assert figures["e1_e2_kappa"] == pytest.approx(metrics.cohen_kappa_score(["plax", "a4c"], ["plax", "plax"]))


def test_without_experts_there_is_nothing_to_say() -> None:
    assert expert_figures([{}, {}], ["a", "b"]) == {"majority_n": 0}


def test_average_absolute_frame_difference() -> None:
    """Differences 1, -3, 2: their mean is 0, their mean size 2."""
    frames = np.array([1.0, -3.0, 2.0])
    figures = frame_figures("ed", frames, frames * 20)
    assert figures["ed_aafd_frames"] == 2
    assert figures["ed_difference_mean_frames"] == 0
    assert figures["ed_difference_sd_frames"] == pytest.approx(np.sqrt(14 / 3))
    assert (figures["ed_aafd_ms"], figures["ed_error_median_ms"]) == (40, 40)
    assert figures["ed_error_p95_ms"] == pytest.approx(58)
    assert frame_figures("ed", np.array([]), None) == {}
    assert "ed_aafd_ms" not in frame_figures("ed", frames, None)
    assert nearest(20, []) is None
    assert nearest(20, [22, 18]) == 18


def test_neighbours_and_probe_find_what_is_apart() -> None:
    random = np.random.default_rng(2)
    centres = np.eye(3, 8, dtype=np.float32)
    labels = np.repeat([0, 1, 2], 20)
    features = centres[labels] + 0.1 * random.normal(size=(60, 8)).astype(np.float32)
    tested = centres[[2, 0, 1]]
    assert by_neighbours(features, labels, tested).tolist() == [2, 0, 1]
    assert by_linear_probe(features, labels, tested).tolist() == [2, 0, 1]
    # One of the wrong class lies nearest; five neighbours outvote it, one does not.
    features[0], labels[0] = centres[1] + 1e-3, 0
    assert by_neighbours(features, labels, centres[[1]], 1).tolist() == [0]
    assert by_neighbours(features, labels, centres[[1]] + 0.01, 9).tolist() in ([1], [0])
