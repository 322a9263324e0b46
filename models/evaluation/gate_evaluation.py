"""The gate of a model set: set on one setting of the generator that trains nothing, judged on all the others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from models.analysis import Predictor, open_model_set
from models.errors import EvaluationError
from models.evaluation.datasets.generated import FIRST_SEED, Generator, generated_study
from models.evaluation.gate_calibration import as_numbers, calibrated
from models.evaluation.gate_figures import KINDS, NonHeartOutcome, heart_figures, non_heart_figures, non_heart_outcome
from models.evaluation.gate_hearts import GateLimits, HeartOutcome, heart_outcome
from models.evaluation.shared_work import Progress, results_of
from models.library.manifest import Value, write_manifest
from models.library.model_set import ModelSet
from models.library.registry import find_manifest

CALIBRATION_SEED = 1_300_000  # the first heart that calibrates
REPORTED = (Generator.FIRST, Generator.SECOND, Generator.UNSEEN)
NON_HEARTS = "non_hearts"

# One predictor per process: loading it for every heart would take longer than the heart.
_loaded: dict[ModelSet, Predictor] = {}


@dataclass(frozen=True)
class GateEvaluation:
    """`figures` by generator, and of images of no heart under `NON_HEARTS`; a column without hearts is left out."""

    limits: GateLimits
    figures: Mapping[str, Mapping[str, Value]]


def gate_limits(models: ModelSet, hearts: int, *, processes: int, progress: Progress) -> GateLimits:
    """Of `hearts` from `CALIBRATION_SEED` on. Raises EvaluationError where they are too few, ManifestError, WeightsError."""
    trained = find_manifest(models.view).threshold("out_of_distribution")
    found = _hearts(models, Generator.CALIBRATION, CALIBRATION_SEED, hearts, processes, progress)
    limits = calibrated(found, trained)
    return GateLimits(limits.largest_distance, as_numbers(limits.gate))


def evaluate_gate(
    models: ModelSet, limits: GateLimits, *, hearts: int, images: int, processes: int, progress: Progress
) -> GateEvaluation:
    """On `hearts` of every generator from `FIRST_SEED` on, and `images` of each kind of no heart."""
    figures: dict[str, Mapping[str, Value]] = {}
    for generator in REPORTED if hearts else ():
        figures[generator.value] = heart_figures(_hearts(models, generator, FIRST_SEED, hearts, processes, progress), limits)
    if images:
        asked = [(kind, seed) for kind in KINDS for seed in range(images)]
        figures[NON_HEARTS] = non_heart_figures(results_of(partial(_image, models), asked, processes, progress), limits)
    return GateEvaluation(limits, figures)


def record_gate(evaluation: GateEvaluation, models: ModelSet) -> None:
    """Writes the limits, and the figures as [metrics] gate_..., to the manifests of segmenter and view model."""
    limits = evaluation.limits
    segmenter = find_manifest(models.lv_segmentation)
    kept = {key: value for key, value in segmenter.metrics.items() if not key.startswith("gate_")}
    found = {f"gate_{column}_{key}": value for column, rows in evaluation.figures.items() for key, value in rows.items()}
    write_manifest(replace(segmenter, gate=dict(limits.gate), metrics=kept | found), segmenter.path)
    view = find_manifest(models.view)
    thresholds = {**view.thresholds, "out_of_distribution": limits.largest_distance}
    write_manifest(replace(view, thresholds=thresholds), view.path)


def stated_limits(models: ModelSet) -> GateLimits:
    """Those that stand in the manifests. Raises EvaluationError for a segmenter without a gate."""
    if not (gate := find_manifest(models.lv_segmentation).gate):
        raise EvaluationError(f"model {models.lv_segmentation} has no [gate] yet: calibrate it first")
    return GateLimits(find_manifest(models.view).threshold("out_of_distribution"), gate)


def _hearts(
    models: ModelSet, generator: Generator, first_seed: int, hearts: int, processes: int, progress: Progress
) -> list[HeartOutcome]:
    progress(f"{hearts} hearts of the generator {generator.value}, seeds from {first_seed}")
    seeds = range(first_seed, first_seed + hearts)
    return results_of(partial(_heart, models, generator), seeds, processes, progress)


def _heart(models: ModelSet, generator: Generator, seed: int) -> HeartOutcome:
    return heart_outcome(_predictor(models), generated_study(generator, seed))


def _image(models: ModelSet, kind_and_seed: tuple[str, int]) -> NonHeartOutcome:
    return non_heart_outcome(_predictor(models), *kind_and_seed)


def _predictor(models: ModelSet) -> Predictor:
    if models not in _loaded:
        _loaded[models] = open_model_set(models)
    return _loaded[models]
