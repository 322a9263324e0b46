"""The gate's arithmetic on made-up outcomes, and the images of no heart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import models.training
from models.analysis.reliability import CONSTANT, DISTANCE, LIMIT, WORDS
from models.catalogue import View
from models.errors import EvaluationError
from models.evaluation.gate_calibration import calibrated
from models.evaluation.gate_figures import KINDS, NonHeartOutcome, heart_figures, non_heart_figures
from models.evaluation.gate_hearts import ApicalOutcome, GateLimits, HeartOutcome
from models.evaluation.non_hearts import NON_HEARTS, render_non_heart
from models.phantom.negatives import HELD_OUT_KINDS, NEGATIVE_KINDS
from models.results import Reason

NO_DOUBT = dict.fromkeys((name for name in WORDS if name != DISTANCE), 0.0)
LIMITS = GateLimits(2.0, {CONSTANT: 1.0, LIMIT: 4.0, "moved": 0.5, DISTANCE: 1.0})


def clip(moved: float = 0.0, distance: float = 1.0, error: float | None = 0.0, *reasons: Reason) -> ApicalOutcome:
    return ApicalOutcome(distance, reasons, {**NO_DOUBT, "moved": moved}, error)


def heart(*clips: ApicalOutcome, error: float | None = 0.0, seed: int = 0) -> HeartOutcome:
    return HeartOutcome(seed, 2, clips, error)


def many(count: int = 40, per_moved: float = 0.5) -> list[HeartOutcome]:
    """The more an outline moves, the larger the error, of either sign."""
    found = []
    for number in range(count):
        error = (1 + per_moved * number / 4) * (-1) ** number
        found.append(heart(clip(number / 4, error=error), clip(number / 4, error=error), error=error, seed=number))
    return found


def test_what_adds_to_the_error_is_found_and_nothing_else() -> None:
    limits = calibrated(many(), 1.5)
    assert limits.gate["moved"] == pytest.approx(0.5)
    assert limits.gate[CONSTANT] + limits.gate.get(DISTANCE, 0.0) / 1.5 == pytest.approx(1.0)
    assert limits.gate.keys() <= {CONSTANT, LIMIT, "moved", DISTANCE}


@pytest.mark.parametrize(
    ("per_moved", "kept_hearts", "mean"),
    [(0.1, 38, 1.46), (0.5, 33, 3.0), (2.0, 9, 3.0)],  # a good network's least sure 5 % are refused, a bad one's most
)
def test_what_is_measured_has_the_allowed_mean_error(per_moved: float, kept_hearts: int, mean: float) -> None:
    hearts = many(per_moved=per_moved)
    limits = calibrated(hearts, 1.5)
    kept = [abs(one.ef_error_points or 0.0) for one in hearts if not one.stops(limits)]
    assert len(kept) == kept_hearts
    assert np.mean(kept) == pytest.approx(mean, abs=0.01)


def test_the_distance_refuses_few_hearts_and_its_limit_is_never_lowered() -> None:
    far = [heart(clip(distance=1 + number / 100), clip(), seed=number) for number in range(101)]
    assert calibrated(far, 0.5).largest_distance == pytest.approx(1.98)
    assert calibrated(far, 3.0).largest_distance == 3.0


def test_too_few_hearts_calibrate_nothing() -> None:
    with pytest.raises(EvaluationError, match="18 clips with an EF are too few"):
        calibrated(many(9), 1.5)
    with pytest.raises(EvaluationError, match="no heart was measured"):
        calibrated([replace(one, ef_error_points=None) for one in many()], 1.5)


@pytest.mark.parametrize(
    ("one", "stops"),
    [
        (heart(clip(), clip()), ()),
        (heart(clip(5.0), clip()), ()),  # 1 + 2.5 + 0.5
        (heart(clip(5.1), clip()), (Reason.UNCERTAIN_OUTLINES,)),
        (heart(clip(), clip(distance=2.1)), (Reason.OUT_OF_DISTRIBUTION,)),
        (heart(clip(0.0, 1.0, None, Reason.QUALITY), clip(9.0)), (Reason.QUALITY, Reason.UNCERTAIN_OUTLINES)),
        (heart(clip(), ApicalOutcome(1.0), error=None), (Reason.VIEW_MISSING,)),
    ],
)
def test_why_a_heart_is_not_measured(one: HeartOutcome, stops: tuple[Reason, ...]) -> None:
    assert one.stops(LIMITS) == stops


def test_the_figures_tell_what_is_kept_from_what_is_refused() -> None:
    hearts = [*many(20), heart(clip(), ApicalOutcome(3.0), error=None, seed=99)]
    figures = heart_figures(hearts, LIMITS)
    assert figures["hearts"] == 21
    assert figures["coverage_percent"] == pytest.approx(100 * 20 / 21)  # none of them reaches 4 points
    tighter = heart_figures(hearts, replace(LIMITS, gate={**LIMITS.gate, LIMIT: 2.5}))
    assert tighter["coverage_percent"] == pytest.approx(100 * 9 / 21)
    assert tighter["ef_mae_points_kept"] == pytest.approx(np.mean([1 + number / 8 for number in range(9)]))
    assert tighter["ef_mae_points_refused"] == pytest.approx(np.mean([1 + number / 8 for number in range(9, 20)]))
    assert tighter["ef_mae_points_lifted"] == figures["ef_mae_points_kept"]
    assert tighter["stopped_out_of_distribution"] == 1
    falling = [figures[f"ef_mae_points_at_coverage_{percent}"] for percent in (95, 85, 70, 50)]
    assert falling == sorted(falling, reverse=True)
    assert figures["rank_correlation_of_expected_error"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("view", "one", "refused"),
    [
        (View.OTHER, clip(), True),
        (View.A4C, clip(), False),
        (View.A4C, clip(9.0), True),
        (View.A4C, clip(distance=2.1), True),
        (View.SUBCOSTAL_IVC, ApicalOutcome(1.0), False),  # a reader of lines would be asked
        (View.SUBCOSTAL_IVC, ApicalOutcome(1.0, (Reason.QUALITY,)), True),
    ],
)
def test_when_an_image_of_no_heart_is_refused(view: View, one: ApicalOutcome, refused: bool) -> None:
    outcome = NonHeartOutcome("kidney", 0, view, one)
    assert outcome.is_refused(LIMITS) is refused
    assert non_heart_figures([outcome], LIMITS)["let_through"] == ([] if refused else ["kidney 1"])


def test_images_of_no_heart_are_of_kinds_that_teach_nothing() -> None:
    assert set(KINDS) & set(NEGATIVE_KINDS) == set(HELD_OUT_KINDS)
    sources = Path(models.training.__path__[0]).rglob("*.py")
    assert [path.name for path in sources if "non_hearts" in path.read_text(encoding="utf-8")] == []


@pytest.mark.slow  # draws each kind, two of them from hearts
def test_images_of_no_heart_repeat_themselves_and_differ_by_seed() -> None:
    for kind in NON_HEARTS:
        once, again, other = (render_non_heart(kind, seed, 60, 80, 2) for seed in (1, 1, 2))
        assert once.shape == (2, 60, 80, 3), kind
        assert np.array_equal(once, again), kind
        assert not np.array_equal(once, other), kind
    with pytest.raises(LookupError, match="no such image of no heart: heart"):
        render_non_heart("heart", 1, 60, 80, 2)
