"""The figures from made-up results, and a run over a few hearts; the accuracy itself stands in the manifests."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.catalogue import View
from models.errors import EvaluationError
from models.evaluation.held_out_phantoms import ClipResult, HeartResult, NegativeResult
from models.evaluation.phantom_evaluation import evaluate_ef, record_metrics, summarise
from models.library.model_set import ModelSet
from models.library.registry import find_manifest

NAMES = ("phantom_view", "phantom_quality", "phantom_lv")


def clip(quality: int, **changes: object) -> ClipResult:
    known = ClipResult(View.A4C, View.A4C, quality, 100 * quality / 3, quality > 0, True, 1.0, (0.9, 0.8), (0.0, 40.0))
    return replace(known, **changes)


def heart(seed: int, error: float, *, by_default: bool = True) -> HeartResult:
    truth = {"ef_bp": 30.0 + seed, "lvedv_bp": 100.0, "lvesv_bp": 50.0}
    found = {"ef_bp": 30.0 + seed + error, "lvedv_bp": 110.0, "lvesv_bp": 45.0}
    return HeartResult(seed, truth, found, (clip(1 + seed % 3), clip(0, adequate=seed > 0)), by_default)


NEGATIVES = [
    NegativeResult("noise", 5.0, False, False), NegativeResult("blobs", 0.5, True, True),
    NegativeResult("cyst", 2.0, False, False),
]  # fmt: skip


@pytest.mark.slow
def test_errors_coverage_and_refusals_are_counted() -> None:
    hearts = [heart(seed, error) for seed, error in enumerate([2.0, -4.0, 2.0, 4.0])]
    hearts.append(heart(4, 16.0, by_default=False))
    hearts.append(replace(heart(5, 0.0), found={}))
    lv = summarise(hearts, NEGATIVES).lv
    assert lv["coverage_percent"] == pytest.approx(100 * 4 / 6)
    assert lv["coverage_gates_lifted_percent"] == pytest.approx(100 * 5 / 6)
    assert lv["ef_mae_points"] == pytest.approx(3.0)
    assert lv["ef_bias_points"] == pytest.approx(1.0)
    assert lv["ef_gates_lifted_mae_points"] == pytest.approx(28 / 5)
    assert lv["lvedv_bp_mape_percent"] == pytest.approx(10.0)
    assert lv["lvesv_bp_bias_percent"] == pytest.approx(-10.0)
    assert lv["dice_ed_es_mean"] == pytest.approx(0.85)
    assert (lv["ed_error_median_ms"], lv["es_error_median_ms"]) == (0.0, 40.0)
    assert "synthetic phantoms, n = 6" in str(lv["measured_on"])


@pytest.mark.slow
def test_views_quality_and_refusals_are_counted() -> None:
    evaluation = summarise([heart(seed, 0.5 * seed) for seed in range(4)], NEGATIVES)
    assert evaluation.view["view_accuracy_percent"] == 100
    assert evaluation.view["taught_refused_by_distance_percent"] == 50
    assert evaluation.view["held_out_refused_by_distance_percent"] == 100
    assert evaluation.view["held_out_not_measured_percent"] == 100
    assert evaluation.view["taught_auroc"] == 0.5
    assert evaluation.quality["kappa_quadratic"] == pytest.approx(1.0)
    assert evaluation.quality["worst_grade_refused_percent"] == 25
    assert evaluation.quality["other_grades_refused_percent"] == 0


def test_hearts_of_the_training_are_not_evaluated() -> None:
    first = find_manifest("phantom_lv").train_seeds[0]
    with pytest.raises(EvaluationError, match="used to train"):
        evaluate_ef(hearts=3, first_seed=first - 2)


@pytest.fixture
def copies(tmp_path: Path) -> ModelSet:
    for name in NAMES:
        manifest = find_manifest(name)
        for source, folder in ((manifest.path, "manifests"), (manifest.weights_path, "weights")):
            (tmp_path / folder).mkdir(exist_ok=True)
            shutil.copy(source, tmp_path / folder)
    paths = [str(tmp_path / "manifests" / f"{name}.toml") for name in NAMES]
    return ModelSet(**dict(zip(("view", "quality", "lv_segmentation"), paths, strict=True)), engine="torch")


@pytest.mark.slow
def test_hearts_run_and_their_figures_are_recorded(copies: ModelSet) -> None:
    evaluation = evaluate_ef(copies, hearts=2)
    assert len(evaluation.hearts) == 2
    record_metrics(evaluation, copies)
    lv = find_manifest(copies.lv_segmentation)
    assert lv.metrics["ef_gates_lifted_mae_points"] == evaluation.lv["ef_gates_lifted_mae_points"]
    assert lv.weights_sha256 == find_manifest("phantom_lv").weights_sha256
    assert any(key.startswith("validation_") for key in lv.metrics)
