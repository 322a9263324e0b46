"""How well the bundled networks do on hearts that no training has seen: EF and volumes, views, quality, refusals.

Every figure is on synthetic phantoms; none says anything about patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.analysis import Predictor, open_model_set
from models.errors import EvaluationError
from models.evaluation.held_out_phantoms import ClipResult, HeartResult, NegativeResult, measure_heart, measure_negative
from models.evaluation.metrics.agreement import Estimate, bootstrap, correlation, quadratic_kappa
from models.evaluation.shared_work import Progress, results_of
from models.library.manifest import Value, write_manifest
from models.library.model_set import ModelSet
from models.library.registry import find_manifest
from models.phantom import GENERATOR_VERSION
from models.phantom.truth import HELD_OUT_KINDS, NEGATIVE_KINDS

_NEGATIVES_PER_KIND = 20
_BY_TORCH = ModelSet(engine="torch")  # the reference


@dataclass(frozen=True)
class Evaluation:
    """The results per heart and per negative, and the figures by model task, as they go into the manifests."""

    hearts: tuple[HeartResult, ...]
    negatives: tuple[NegativeResult, ...]
    lv: dict[str, Value]
    view: dict[str, Value]
    quality: dict[str, Value]


# One predictor per process: loading it for every heart would take longer than the heart.
_loaded: dict[ModelSet, Predictor] = {}


def evaluate_ef(
    models: ModelSet = _BY_TORCH,
    *,
    hearts: int = 200,
    first_seed: int | None = None,
    processes: int = 2,
    progress: Progress = lambda line: None,
) -> Evaluation:
    """Runs `hearts` held-out hearts, from the first test seed on, through predictor and study derivation.

    Raises ManifestError or WeightsError where a model cannot be loaded, EvaluationError for seeds that were trained on.
    """
    manifests = [find_manifest(name) for _, name in models.named_models()]
    first = find_manifest(models.lv_segmentation).test_seeds[0] if first_seed is None else first_seed
    for manifest in manifests:
        for low, high in (manifest.train_seeds, manifest.validation_seeds):
            if first < high and low < first + hearts:
                raise EvaluationError(f"seeds {first} to {first + hearts - 1} were used to train {manifest.name}")
    seeds = range(first, first + hearts)
    per_kind = min(_NEGATIVES_PER_KIND, hearts)
    kinds = [(kind, first + index) for kind in NEGATIVE_KINDS for index in range(per_kind)]
    results = results_of(partial(_heart, models), seeds, processes, progress)
    negatives = results_of(partial(_negative, models), kinds, processes, progress)
    return summarise(results, negatives)


def summarise(hearts: Sequence[HeartResult], negatives: Sequence[NegativeResult]) -> Evaluation:
    clips = [clip for heart in hearts for clip in heart.clips]
    common: dict[str, Value] = {
        "measured_on": f"synthetic phantoms, n = {len(hearts)} held-out hearts of seeds {hearts[0].seed} to {hearts[-1].seed}",
        "generator": GENERATOR_VERSION,
    }
    return Evaluation(
        tuple(hearts),
        tuple(negatives),
        lv=common | _lv_figures(hearts),
        view=common | _view_figures(clips) | _refusal_figures(clips, negatives),
        quality=common | _quality_figures(clips),
    )


def record_metrics(evaluation: Evaluation, models: ModelSet) -> None:
    """Replaces `[metrics]` in the three manifests; what the training measured on its validation hearts stays."""
    results = (models.view, evaluation.view), (models.quality, evaluation.quality), (models.lv_segmentation, evaluation.lv)
    for name, figures in results:
        manifest = find_manifest(name)
        kept = {key: value for key, value in manifest.metrics.items() if key.startswith("validation_")}
        write_manifest(replace(manifest, metrics=kept | figures), manifest.path)


def _lv_figures(hearts: Sequence[HeartResult]) -> dict[str, Value]:
    default = [heart for heart in hearts if heart.by_default and "ef_bp" in heart.found]
    lifted = [heart for heart in hearts if "ef_bp" in heart.found]
    dice = np.array([value for heart in hearts for clip in heart.clips for value in clip.dice])
    phases = [clip.phase_errors_ms for heart in hearts for clip in heart.clips if clip.phase_errors_ms]
    errors_ms: NDArray[np.float64] = np.abs(np.array(phases, dtype=np.float64).reshape(-1, 2))
    figures: dict[str, Value] = {"coverage_percent": 100 * len(default) / len(hearts)}
    figures["coverage_gates_lifted_percent"] = 100 * len(lifted) / len(hearts)
    figures |= _agreement("ef", "points", default) | _agreement("ef_gates_lifted", "points", lifted)
    for key in ("lvedv_bp", "lvesv_bp"):
        pairs = _pairs(lifted, key)
        relative = 100 * np.abs(pairs[:, 1] - pairs[:, 0]) / pairs[:, 0]
        figures |= _stated(f"{key}_mape_percent", bootstrap(lambda values: float(values.mean()), relative))
        figures[f"{key}_bias_percent"] = 100 * float(((pairs[:, 1] - pairs[:, 0]) / pairs[:, 0]).mean())
    figures["dice_ed_es_mean"], figures["dice_ed_es_p5"] = float(dice.mean()), float(np.quantile(dice, 0.05))
    for column, phase in enumerate(("ed", "es")):
        figures[f"{phase}_error_median_ms"] = float(np.median(errors_ms[:, column]))
        figures[f"{phase}_error_p95_ms"] = float(np.quantile(errors_ms[:, column], 0.95))
    return figures


def _agreement(name: str, unit: str, hearts: Sequence[HeartResult]) -> dict[str, Value]:
    """MAE, bias, SD and r of EF with bootstrap intervals by heart."""
    pairs = _pairs(hearts, "ef_bp")
    errors = pairs[:, 1] - pairs[:, 0]
    return (
        _stated(f"{name}_mae_{unit}", bootstrap(lambda values: float(np.abs(values).mean()), errors))
        | _stated(f"{name}_bias_{unit}", bootstrap(lambda values: float(values.mean()), errors))
        | _stated(f"{name}_sd_{unit}", bootstrap(lambda values: float(values.std()), errors))
        | _stated(f"{name}_r", bootstrap(correlation, pairs))
    )


def _pairs(hearts: Sequence[HeartResult], key: str) -> NDArray[np.float64]:
    return np.array([(heart.truth[key], heart.found[key]) for heart in hearts], dtype=np.float64).reshape(-1, 2)


def _stated(key: str, estimate: Estimate) -> dict[str, Value]:
    return {key: estimate.value, f"{key}_95": [estimate.low, estimate.high]}


def _view_figures(clips: Sequence[ClipResult]) -> dict[str, Value]:
    good = [clip for clip in clips if clip.quality > 0]
    return {
        "view_accuracy_percent": 100 * float(np.mean([clip.found_view is clip.view for clip in good])),
        "view_accuracy_worst_quality_percent": 100
        * float(np.mean([clip.found_view is clip.view for clip in clips if clip.quality == 0])),
        "false_refusals_percent": 100 * float(np.mean([not clip.inside for clip in good])),
    }


def _refusal_figures(clips: Sequence[ClipResult], negatives: Sequence[NegativeResult]) -> dict[str, Value]:
    """Shares refused by distance alone, and by all reasons and the view together.

    They stand apart for the kinds that taught and for the held-out ones.
    """
    hearts = np.array([clip.distance for clip in clips if clip.quality > 0])
    figures: dict[str, Value] = {}
    for group, held_out in (("taught", False), ("held_out", True)):
        chosen = [negative for negative in negatives if (negative.kind in HELD_OUT_KINDS) is held_out]
        distances = np.array([negative.distance for negative in chosen])
        figures[f"{group}_negatives"] = len(chosen)
        figures[f"{group}_refused_by_distance_percent"] = 100 * float(np.mean([not negative.inside for negative in chosen]))
        figures[f"{group}_not_measured_percent"] = 100 * float(np.mean([not negative.measured for negative in chosen]))
        figures[f"{group}_auroc"] = float((distances[:, None] > hearts).mean())
    return figures


def _quality_figures(clips: Sequence[ClipResult]) -> dict[str, Value]:
    truth = np.array([clip.quality for clip in clips])
    graded = np.array([round(clip.score * 3 / 100) for clip in clips])
    refused = np.array([not clip.adequate for clip in clips])
    return {
        "kappa_quadratic": quadratic_kappa(truth, graded),
        "worst_grade_refused_percent": 100 * float(refused[truth == 0].mean()),
        "other_grades_refused_percent": 100 * float(refused[truth > 0].mean()),
    }


def _heart(models: ModelSet, seed: int) -> HeartResult:
    return measure_heart(_predictor(models), seed)


def _negative(models: ModelSet, kind_and_seed: tuple[str, int]) -> NegativeResult:
    return measure_negative(_predictor(models), *kind_and_seed)


def _predictor(models: ModelSet) -> Predictor:
    if models not in _loaded:
        _loaded[models] = open_model_set(models)
    return _loaded[models]
