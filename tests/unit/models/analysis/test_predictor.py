"""The predictor's reasons and geometry with made-up networks; the bundled ones are tried in test_predictor_on_phantom."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from models.analysis import Predictor, open_model_set
from models.analysis.loaded_model import prepare_for_role
from models.calibration import RegionCalibration
from models.catalogue import View
from models.clip import Clip
from models.errors import UnsuitableModel
from models.families.phantom.classifier import PhantomClassifier
from models.families.phantom.segmenter import PhantomSegmenter
from models.library.model_set import ModelSet, Role
from models.library.registry import find_manifest
from models.results import ClipFindings, QualityIssue, Reason
from tests.loaded import as_model

SIZE = 64
ROWS, COLUMNS, FRAMES = 120, 160, 25
LARGEST_PX2, SMALLEST_PX2 = (40 * (length - 25) + np.pi / 2 * 20 * 25 for length in (75, 50))  # of the bullet below
REGION = RegionCalibration(20, 10, 139, 109, 1, 1, 3, 3, 0.1, 0.1)


class FixedView(PhantomClassifier):
    """Says the same view and distance whatever it sees."""

    def __init__(self, probabilities: tuple[float, float, float], distance: float) -> None:
        limits = {"view_probability": 0.6, "out_of_distribution": 2.0}
        super().__init__(replace(find_manifest("phantom_view"), input_size_px=SIZE, thresholds=limits))
        self.logits, self.fixed_distance = torch.tensor(probabilities).log(), distance

    def describe(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        return self.logits.expand(len(frames), 3), torch.zeros(len(frames), 1)

    def distance(self, features: Tensor) -> Tensor:
        return torch.full((len(features),), self.fixed_distance)


class FixedQuality(PhantomClassifier):
    def __init__(self, grade: int) -> None:
        limits = {"adequate_quality": 20.0}
        super().__init__(replace(find_manifest("phantom_quality"), input_size_px=SIZE // 2, thresholds=limits))
        self.grade = grade

    def forward(self, frames: Tensor) -> Tensor:
        return 20.0 * torch.nn.functional.one_hot(torch.tensor(self.grade), 4).float().expand(len(frames), 4)


class BrightIsCavity(PhantomSegmenter):
    def __init__(self) -> None:
        super().__init__(replace(find_manifest("phantom_lv"), input_size_px=SIZE, thresholds={"contour_level": 0.5}))

    def forward(self, frames: Tensor) -> Tensor:
        return 40 * (frames - 0.5)


def made_predictor(
    probabilities: tuple[float, float, float] = (0.9, 0.05, 0.05), distance: float = 1.0, grade: int = 3
) -> Predictor:
    networks = {
        Role.VIEW: FixedView(probabilities, distance),
        Role.QUALITY: FixedQuality(grade),
        Role.LV_SEGMENTATION: BrightIsCavity(),
    }
    return Predictor({role: (prepare_for_role(role, as_model(network.eval())),) for role, network in networks.items()})


def beating_clip(regions: tuple[RegionCalibration, ...] = (REGION,), **changes: object) -> Clip:
    """A bright bullet in the region, 40 px wide, its tip 25 px high; its length runs 75 -> 50 -> 75 px once in a second."""
    frames = np.zeros((FRAMES, ROWS, COLUMNS, 3), np.uint8)
    times = np.arange(FRAMES) * 40.0
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    for frame, time in zip(frames, times, strict=True):
        length = round(62.5 + 12.5 * np.cos(2 * np.pi * time / 960))
        tip = 89.5 - length + 25
        inside = np.where(rows < tip, ((rows - tip) / 25) ** 2 + ((columns - 79.5) / 20) ** 2 <= 1, abs(columns - 79.5) < 20)
        frame[inside & (rows < 90)] = 255
    return replace(Clip("1.2.3", frames, times, regions, (0.0, 960.0), 62.5, is_quality_control_subject=True), **changes)


def test_an_apical_clip_gives_contours_areas_and_a_beat() -> None:
    found = made_predictor().analyse(beating_clip())
    assert found.gates == found.marked == ()
    assert found.view is not None
    assert (found.view.view, found.view.probability) == (View.A4C, pytest.approx(0.9))
    assert len(found.contours) == len(found.area_curve_cm2) == FRAMES
    assert found.area_curve_cm2[0] == pytest.approx(LARGEST_PX2 * 0.01, rel=0.03)
    assert found.area_curve_cm2[12] == pytest.approx(SMALLEST_PX2 * 0.01, rel=0.03)
    assert [(beat.ed_frame_index, beat.es_frame_index) for beat in found.beats] == [(0, 12)]
    assert [use.name for use in found.models] == ["phantom_view", "phantom_quality", "phantom_lv"]
    assert all(use.trained_on_phantoms for use in found.models)
    assert found.timings_s.keys() == {"view_quality", "lv_segmentation"}


def test_contours_are_in_pixels_of_the_whole_image() -> None:
    points = np.array(made_predictor().analyse(beating_clip()).contours[0].points_px)
    np.testing.assert_allclose(points.min(axis=0), [59.5, 14.5], atol=0.8)
    np.testing.assert_allclose(points.max(axis=0), [99.5, 89.5], atol=0.8)


def test_unequal_deltas_scale_each_axis_by_its_own() -> None:
    squeezed = replace(REGION, physical_delta_x=-0.1, physical_delta_y=0.12)
    found = made_predictor().analyse(beating_clip((squeezed,)))
    assert found.cm_per_px == (0.1, 0.12)
    assert found.area_curve_cm2[0] == pytest.approx(LARGEST_PX2 * 0.12 * 0.1, rel=0.03)


def test_overlays_outside_the_region_change_nothing() -> None:
    clip = beating_clip()
    painted = clip.frames.copy()
    painted[:, :10] = painted[:, 110:] = 255
    painted[:, :, :20] = painted[:, :, 140:] = 255
    assert numbers(made_predictor().analyse(replace(clip, frames=painted))) == numbers(made_predictor().analyse(clip))


def numbers(found: ClipFindings) -> ClipFindings:
    return replace(found, timings_s={})


def test_another_view_is_not_outlined() -> None:
    found = made_predictor((0.05, 0.05, 0.9)).analyse(beating_clip())
    assert found.view is not None
    assert found.view.view is View.OTHER
    assert found.contours == found.beats == found.gates == ()


def test_an_unsure_view_is_other() -> None:
    found = made_predictor((0.5, 0.4, 0.1)).analyse(beating_clip())
    assert found.view is not None
    assert (found.view.view, found.view.probability) == (View.OTHER, pytest.approx(0.1))
    assert dict(found.view.probabilities)["a4c"] == pytest.approx(0.5)
    assert not found.contours


GATES: list[tuple[Callable[[], Predictor], Reason, QualityIssue]] = [
    (lambda: made_predictor(grade=0), Reason.QUALITY, QualityIssue.POOR_IMAGE_QUALITY),
    (lambda: made_predictor(distance=2.5), Reason.OUT_OF_DISTRIBUTION, QualityIssue.OUT_OF_DISTRIBUTION),
]


@pytest.mark.parametrize(("predictor", "reason", "issue"), GATES)
def test_a_gate_stops_and_the_research_override_marks(
    predictor: Callable[[], Predictor], reason: Reason, issue: QualityIssue
) -> None:
    stopped = predictor().analyse(beating_clip())
    assert (stopped.gates, stopped.marked, stopped.contours) == ((reason,), (), ())
    marked = replace(predictor(), research_override=True).analyse(beating_clip())
    assert (marked.gates, marked.marked) == ((), (reason,))
    assert len(marked.contours) == FRAMES
    assert [flag.issue for flag in stopped.flags] == [flag.issue for flag in marked.flags] == [issue]


OUTSIDE = replace(REGION, x1_px=5000)
PROBLEMS = [
    ((), Reason.NO_CALIBRATION),
    ((replace(REGION, physical_unit_x=4),), Reason.NO_CALIBRATION),
    ((OUTSIDE,), Reason.CALIBRATION_INCONSISTENT),
    ((replace(REGION, physical_delta_x=9.0),), Reason.CALIBRATION_INCONSISTENT),
    ((REGION, replace(REGION, x1_px=130)), Reason.SPLIT_SCREEN),
]


@pytest.mark.parametrize(("regions", "reason"), PROBLEMS)
@pytest.mark.parametrize("research_override", [False, True])
def test_no_override_replaces_a_calibration(
    regions: tuple[RegionCalibration, ...], reason: Reason, research_override: bool
) -> None:
    found = replace(made_predictor(), research_override=research_override).analyse(beating_clip(regions))
    assert found.gates == (reason,)
    assert found.cm_per_px is None
    assert found.contours == ()
    assert found.view is not None  # classified on the whole image
    assert [flag.issue for flag in found.flags] == [QualityIssue.CALIBRATION]


def test_what_the_header_excludes_is_a_gate_and_reasons_come_in_order() -> None:
    clip = beating_clip((), known_exclusions=("stress_stage",))
    found = made_predictor(distance=9.0, grade=0).analyse(clip)
    assert found.gates == (Reason.NO_CALIBRATION, Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION, Reason.STRESS_STAGE)
    lifting = replace(made_predictor(), research_override=True)
    assert lifting.analyse(replace(clip, regions=(REGION,))).gates == (Reason.STRESS_STAGE,)


def test_without_frame_times_there_are_areas_but_no_beats() -> None:
    found = made_predictor().analyse(beating_clip(frame_times_ms=None))
    assert found.frame_times_ms == found.beats == ()
    assert len(found.contours) == FRAMES


def test_a_frame_without_cavity_has_no_area() -> None:
    clip = beating_clip()
    clip.frames[5] = 0
    found = made_predictor().analyse(clip)
    assert found.area_curve_cm2[5] is None
    assert 5 not in [contour.frame_index for contour in found.contours]


def test_a_single_frame_is_analysed() -> None:
    clip = beating_clip()
    found = made_predictor().analyse(replace(clip, frames=clip.frames[:1], frame_times_ms=clip.frame_times_ms[:1]))
    assert len(found.contours) == 1
    assert found.beats == ()


def test_a_model_for_another_purpose_is_refused() -> None:
    with pytest.raises(UnsuitableModel, match="phantom_lv cannot do this"):
        open_model_set(ModelSet(view="phantom_lv"))
