"""What abstaining buys, what a few labels teach, and why a line is missing: figures against those computed by hand."""

from collections.abc import Iterable

import numpy as np
import pytest
from matplotlib.figure import Figure

from models.clip import Clip
from models.evaluation.datasets.items import Caliper, DataSet, Item, Truth
from models.evaluation.metrics.abstention import abstention_figures, error_abstention_figures, risk_coverage
from models.evaluation.metrics.neighbours import drawn_by_class, few_shot_figures
from models.evaluation.tasks import run_task
from models.evaluation.tasks.evaluation_result import Options
from models.evaluation.tasks.plots import risk_over_coverage
from models.library.reading import Decoding, Mark, Reading
from models.library.registry import find_manifest
from models.results import CaliperKind, ReadValue, Reason
from tests.loaded import as_model

CONFIDENCE = np.array([0.6, 0.9, 0.7, 0.9, 0.5])
HIT = np.array([False, True, True, True, False])


def test_risk_grows_with_what_is_answered() -> None:
    """In order of confidence right, right, right, wrong, wrong; the first two are equally sure and answered together."""
    coverage, risk = risk_coverage(CONFIDENCE, HIT)
    assert coverage == pytest.approx([0.4, 0.6, 0.8, 1.0])
    assert risk == pytest.approx([0, 0, 1 / 4, 2 / 5])
    drawn = Figure().add_subplot()
    risk_over_coverage(coverage, 100 * risk, "errors, %")(drawn)
    (line,) = drawn.get_lines()
    assert np.asarray(line.get_xydata()) == pytest.approx(np.stack([100 * coverage, 100 * risk], axis=1))


def test_the_error_without_abstaining_stands_beside() -> None:
    figures = abstention_figures(CONFIDENCE, HIT)
    assert figures["error_abstention_off_percent"] == pytest.approx(40)
    assert figures["error_at_coverage_80_percent"] == pytest.approx(25)
    assert figures["error_at_coverage_90_percent"] == pytest.approx(40)
    assert figures["aurc_percent"] == pytest.approx(100 * (0 + 0 + 0 + 1 / 4 + 2 / 5) / 5)


def test_equal_confidence_leaves_nothing_to_choose() -> None:
    figures = abstention_figures(np.full(4, 0.5), np.array([True, False, True, True]))
    assert {value for key, value in figures.items()} == {25}


def test_few_labels_are_drawn_from_every_class() -> None:
    labels = np.repeat([0, 1, 2], [200, 40, 3])
    chosen = drawn_by_class(labels, 0.1, np.random.default_rng(0))
    assert np.bincount(labels[chosen]).tolist() == [20, 4, 1]
    assert len(set(chosen.tolist())) == 25
    assert np.bincount(labels[drawn_by_class(labels, 0.01, np.random.default_rng(0))]).tolist() == [2, 1, 1]


def test_a_probe_of_few_labels() -> None:
    """Two classes far apart are told from one example each; of random features nothing is."""
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    apart = (10 * labels[:, None] + random.normal(size=(200, 3))).astype(np.float32)
    figures = few_shot_figures(apart[::2], labels[::2], apart[1::2], labels[1::2])
    assert (figures["few_shot_1_n_train"], figures["few_shot_10_n_train"]) == (2, 10)
    assert figures["few_shot_1_accuracy_percent"] == figures["few_shot_10_balanced_accuracy_percent"] == 100
    noise = random.normal(size=(200, 3)).astype(np.float32)
    assert few_shot_figures(noise[::2], labels[::2], noise[1::2], labels[1::2])["few_shot_1_accuracy_percent"] < 70


class Fractions:
    """By the brightness of its frames: the fractions of the beats; 0 is nothing."""

    manifest = find_manifest("echonet_dynamic/ef_r2plus1d_18")

    def __init__(self, beats: dict[int, tuple[float, ...]]) -> None:
        self.beats = beats

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        found = self.beats[int(clip.frames.max())]
        if not found:
            return Reading((ReadValue("ef_video_regression", "%", None, reasons=(Reason.NO_CARDIAC_CYCLE,)),))
        value = ReadValue("ef_video_regression", "%", float(np.mean(found)))
        return Reading((value,), ("EF",), tuple({"EF": one} for one in found))


def _of_fifty(levels: Iterable[int]) -> DataSet:
    def clip(level: int) -> Clip:
        return Clip(str(level), np.full((5, 4, 4, 3), level, np.uint8), np.arange(5) * 20.0, from_video_file=True)

    truth = Truth(ef_percent=50.0)
    return DataSet("test", [Item(str(n), str(n), "test", lambda n=n: clip(n), truth) for n in levels])


def test_ejection_fractions_are_ranked_by_their_spread() -> None:
    """Errors by rising spread 1, 2 and, of one beat alone, 6; the fourth item has no value, so three quarters are the most."""
    model = Fractions({1: (49, 51, 53), 2: (44, 52), 3: (56,), 4: ()})
    result = run_task(as_model(model), _of_fifty((1, 2, 3, 4)), Options())
    assert [row["spread"] for row in result.rows] == pytest.approx([2, 32**0.5, None, None])
    assert [row["error"] for row in result.rows] == [1, -2, 6, None]
    figures = result.figures
    assert figures["all_clips_aurc_points"] == pytest.approx((1 + 1.5 + 3) / 3)
    assert figures["all_clips_mae_points"] == 3
    assert not any("at_coverage" in key for key in figures)
    drawn = Figure().add_subplot()
    result.plots["risk_coverage"](drawn)
    assert np.asarray(drawn.get_lines()[0].get_xydata()) == pytest.approx(np.array([[25, 1], [50, 1.5], [75, 3]]))


def test_the_error_at_a_coverage_that_is_reached() -> None:
    figures = error_abstention_figures("ef_", "points", -np.arange(10.0), np.arange(10.0), 10)
    assert figures["ef_mae_points_at_coverage_80_percent"] == np.mean(range(8))
    assert figures["ef_mae_points_at_coverage_95_percent"] == np.mean(range(10))
    assert set(error_abstention_figures("", "mm", -np.arange(9.0), np.ones(9), 10)) == {
        "mae_mm_at_coverage_80_percent", "mae_mm_at_coverage_90_percent", "aurc_mm",
    }  # fmt: skip


def test_values_of_single_beats_have_no_order() -> None:
    result = run_task(as_model(Fractions({1: (49,), 2: (44,)})), _of_fifty((1, 2)), Options())
    assert "no risk-coverage curve: the model gives no confidence of its values" in result.notes
    assert "risk_coverage" not in result.plots
    assert not any("aurc" in key for key in result.figures)


class Lines:
    """By the brightness of its frames: a line's length and how sure the model is of it."""

    manifest = find_manifest("echonet_measurements/lvid")

    def __init__(self, drawn: dict[int, tuple[float, float | None]]) -> None:
        self.drawn = drawn

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        length_px, probability = self.drawn[int(clip.frames.max())]
        line = ((0.0, 0.0), (0.0, length_px))
        return Reading((), marks=(Mark(0, CaliperKind.LINE, line, "lvid", probability),))


@pytest.mark.slow
@pytest.mark.parametrize(("cm_per_px", "unit", "factor"), [(0.1, "mm", 1), (0.5, "mm", 5), (None, "px", 1)])
def test_lengths_are_ranked_by_their_probability(cm_per_px: float | None, unit: str, factor: float) -> None:
    """Errors of 1, 2 and 6 px of lines found with 0.9, 0.8 and 0.3."""

    def data() -> DataSet:
        def clip(level: int) -> Clip:
            return Clip(str(level), np.full((3, 4, 4, 3), level, np.uint8), np.arange(3) * 20.0, from_video_file=True)

        truth = Truth(calipers=(Caliper("LVIDd", 1, ((0, 0), (0, 10)), cm_per_px),))
        return DataSet("test", [Item(str(n), str(n), "test", lambda n=n: clip(n), truth) for n in (1, 2, 3)])

    result = run_task(as_model(Lines({1: (8, 0.8), 2: (16, 0.3), 3: (11, 0.9)})), data(), Options())
    assert result.figures[f"{unit}_aurc_{unit}"] == pytest.approx(factor * (1 + 1.5 + 3) / 3)
    assert result.figures[f"{unit}_mae_{unit}_at_coverage_80_percent"] == pytest.approx(3 * factor)
    assert [row["probability"] for row in result.rows] == [0.8, 0.3, 0.9]
    assert "risk_coverage" in result.plots
    assert any("by the probability of the less sure end" in note for note in result.notes)
    unsure = run_task(as_model(Lines(dict.fromkeys((1, 2, 3), (11, None)))), data(), Options())
    assert "no risk-coverage curve: the model gives no confidence of its values" in unsure.notes


class Silent:
    manifest = find_manifest("echonet_measurements/lvid")

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        return Reading(())


def test_a_line_that_was_not_drawn_is_said_to_be_missing() -> None:
    """Bug prevented: a coverage of nothing, and no word why."""
    clip = Clip("a", np.zeros((3, 8, 8, 3), np.uint8), np.arange(3) * 20.0, from_video_file=True)
    truth = Truth(calipers=(Caliper("LVIDd", 1, ((1, 1), (4, 5)), 0.2),))
    result = run_task(as_model(Silent()), DataSet("test", [Item("a", "a", "test", lambda: clip, truth)]), Options())
    assert result.figures["coverage_percent"] == 0
    assert result.notes == ("not measured: 1 x no line drawn",)
