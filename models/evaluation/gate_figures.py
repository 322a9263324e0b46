"""What a gate lets through and what it refuses: of hearts by the error of EF, of images of no heart by their number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.analysis import Predictor
from models.analysis.outlines import Ventricle
from models.analysis.reliability import doubts_about
from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue import View
from models.clip import Clip
from models.evaluation.gate_hearts import OF_THE_GATE, ApicalOutcome, GateLimits, HeartOutcome
from models.evaluation.metrics.abstention import mean_error_over_coverage
from models.evaluation.metrics.agreement import correlation
from models.evaluation.non_hearts import NON_HEARTS, render_non_heart
from models.library.manifest import Value
from models.library.model_set import Role
from models.phantom.negatives import HELD_OUT_KINDS, render_negative

KINDS = (*NON_HEARTS, *HELD_OUT_KINDS)
_ROWS, _COLUMNS, _FRAMES = 300, 400, 8
_DEPTH_CM, _FRAME_MS = 16.0, 40.0
_COVERAGES_PERCENT = (50, 70, 85, 95)


@dataclass(frozen=True)
class NonHeartOutcome:
    """An image of no heart. `view` is what the view model takes it for; it is OTHER where nothing would be measured."""

    kind: str
    seed: int
    view: View
    clip: ApicalOutcome

    def is_refused(self, limits: GateLimits) -> bool:
        verdict = self.clip.verdict(limits)
        doubted = verdict is not None and not verdict.reliable
        return bool(self.view is View.OTHER or self.clip.reasons or doubted or self.clip.distance > limits.largest_distance)


def non_heart_outcome(predictor: Predictor, kind: str, seed: int) -> NonHeartOutcome:
    """An image of `KINDS`, said to be 16 cm deep. Raises ValueError where the predictor tells no view or no distance."""
    clip = _shown(kind, seed)
    found = replace(predictor, research_override=True).analyse(clip)
    if found.view is None or found.distribution is None:
        raise ValueError("the predictor tells no view or no distance")
    reasons = tuple(reason for reason in found.gates + found.marked if reason not in OF_THE_GATE)
    outcome = ApicalOutcome(found.distribution.distance, reasons)
    if found.contours:
        ventricle = Ventricle(found.contours, found.area_curve_cm2, found.beats)
        outcome = replace(outcome, doubts=doubts_about(clip, predictor.needed(Role.LV_SEGMENTATION), ventricle))
    return NonHeartOutcome(kind, seed, found.view.view, outcome)


def _shown(kind: str, seed: int) -> Clip:
    if kind in NON_HEARTS:
        frames = render_non_heart(kind, seed, _ROWS, _COLUMNS, _FRAMES)
    else:
        frames = np.repeat(render_negative(kind, seed, _ROWS, _COLUMNS, _FRAMES)[..., None], 3, axis=3)
    region = RegionCalibration(
        0, 0, _COLUMNS - 1, _ROWS - 1, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, PhysicalUnit.CM, PhysicalUnit.CM,
        _DEPTH_CM / _ROWS, _DEPTH_CM / _ROWS,
    )  # fmt: skip
    return Clip(
        f"{kind}.{seed}", frames, np.arange(_FRAMES, dtype=np.float64) * _FRAME_MS, (region,), is_quality_control_subject=True
    )


def heart_figures(hearts: Sequence[HeartOutcome], limits: GateLimits) -> dict[str, Value]:
    """How many hearts have an EF, how wrong it is, and how wrong that of the refused would be with all gates lifted.

    `ef_mae_points_at_coverage` are those of the surest, by the expected error, as a share of all hearts with an EF.
    """
    stops = {id(heart): heart.stops(limits) for heart in hearts}
    errors = {id(heart): heart.ef_error_points for heart in hearts if heart.ef_error_points is not None}
    kept = np.array([error for key, error in errors.items() if not stops[key]])
    refused = np.array([error for key, error in errors.items() if stops[key]])
    figures: dict[str, Value] = {"hearts": len(hearts), "coverage_percent": 100 * len(kept) / len(hearts)}
    figures["with_an_ef_when_lifted_percent"] = 100 * len(errors) / len(hearts)
    for name, some in (("kept", kept), ("refused", refused), ("lifted", np.array(list(errors.values())))):
        if some.size:
            figures[f"ef_mae_points_{name}"] = float(np.abs(some).mean())
            figures[f"ef_bias_points_{name}"] = float(some.mean())
    figures["refused_by_distance_percent"] = 100 * float(np.mean([one.distance > limits.largest_distance for one in hearts]))
    for reason, count in Counter(reason for found in stops.values() for reason in found).items():
        figures[f"stopped_{reason.value}"] = count
    return figures | _by_coverage(hearts, limits)


def _by_coverage(hearts: Sequence[HeartOutcome], limits: GateLimits) -> dict[str, Value]:
    pairs = [
        (expected, abs(heart.ef_error_points))
        for heart in hearts
        if heart.ef_error_points is not None and (expected := heart.expected_error(limits)) is not None
    ]
    if len(pairs) < 2:
        return {}
    expected, errors = np.array(pairs).T
    coverage, mean = mean_error_over_coverage(-expected, errors, len(pairs))
    figures: dict[str, Value] = {
        f"ef_mae_points_at_coverage_{wanted}": float(mean[np.argmax(100 * coverage >= wanted - 1e-9)])
        for wanted in _COVERAGES_PERCENT
    }
    ranks = np.column_stack([np.argsort(np.argsort(values)) for values in (expected, errors)]).astype(np.float64)
    figures["rank_correlation_of_expected_error"] = correlation(ranks)
    return figures


def non_heart_figures(outcomes: Sequence[NonHeartOutcome], limits: GateLimits) -> dict[str, Value]:
    """Shares refused: by distance alone, by the view alone, and by all; `let_through` counts the kinds that were not."""
    let_through = Counter(outcome.kind for outcome in outcomes if not outcome.is_refused(limits))
    return {
        "images": len(outcomes),
        "kinds": len({outcome.kind for outcome in outcomes}),
        "refused_percent": 100 * float(np.mean([outcome.is_refused(limits) for outcome in outcomes])),
        "by_distance_percent": 100 * float(np.mean([one.clip.distance > limits.largest_distance for one in outcomes])),
        "by_view_percent": 100 * float(np.mean([one.view is View.OTHER for one in outcomes])),
        "let_through": [f"{kind} {count}" for kind, count in let_through.items()],
    }
