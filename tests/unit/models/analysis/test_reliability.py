"""Outlines are doubted where the network contradicts itself; how much, and what follows, its manifest says."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.analysis import Predictor
from models.analysis.loaded_model import prepare_for_role
from models.analysis.outlines import Ventricle, outline_ventricle
from models.analysis.reliability import DISTANCE, WORDS, doubts_about, judge_outlines, verdict_of
from models.errors import ManifestError
from models.library.model_set import Role
from models.results import DistributionVerdict, QualityIssue, Reason
from tests.loaded import as_model
from tests.unit.models.analysis.test_predictor import FRAMES, BrightIsCavity, beating_clip, made_predictor

GATE = {"constant": 1.0, "largest_error_points": 5.0, "moved": 0.2, "overlap": 0.1, "border": 0.01}


class LosesWhatMoves(BrightIsCavity):
    """Knows the ventricle only in the middle of the picture."""

    def forward(self, frames: Tensor) -> Tensor:
        columns = torch.arange(frames.shape[-1], dtype=torch.float32) - (frames.shape[-1] - 1) / 2
        off = (frames * columns).sum(dim=(1, 2, 3)) / frames.sum(dim=(1, 2, 3))
        return torch.where(off.abs()[:, None, None, None] < 1, super().forward(frames), -40.0)


class SeesLeftSide(BrightIsCavity):
    """Its outlines end a little right of the middle."""

    def forward(self, frames: Tensor) -> Tensor:
        answer = super().forward(frames)
        answer[..., frames.shape[-1] // 2 + 2 :] = -40.0
        return answer


class Blurs(BrightIsCavity):
    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames) / 20


def loaded(network: BrightIsCavity, gate: dict[str, float] | None = None) -> Predictor:
    network.manifest = replace(network.manifest, gate=gate or {})
    found = made_predictor()
    return replace(
        found,
        models={**found.models, Role.LV_SEGMENTATION: (prepare_for_role(Role.LV_SEGMENTATION, as_model(network.eval())),)},
    )


def doubts(network: BrightIsCavity) -> dict[str, float]:
    clip, segmenter = beating_clip(), loaded(network).needed(Role.LV_SEGMENTATION)
    return doubts_about(clip, segmenter, outline_ventricle(clip, segmenter))


@pytest.fixture(scope="module")
def firm() -> dict[str, float]:
    return doubts(BrightIsCavity())


def test_a_network_that_agrees_with_itself_is_hardly_doubted(firm: dict[str, float]) -> None:
    assert {*firm, DISTANCE} == WORDS.keys()
    assert max(firm[look] for look in ("mirrored", "moved", "enlarged")) < 1.0
    assert firm["overlap"] < 3.0
    assert firm["missing"] == 0.0


@pytest.mark.parametrize(
    ("network", "doubt", "at_least"),
    [(LosesWhatMoves(), "moved", 29.9), (SeesLeftSide(), "overlap", 10.0), (Blurs(), "border", 50.0)],
)
def test_what_a_network_cannot_do_is_doubted(
    network: BrightIsCavity, doubt: str, at_least: float, firm: dict[str, float]
) -> None:
    assert doubts(network)[doubt] >= at_least
    assert firm[doubt] < at_least / 3


def test_outlines_that_jump_are_doubted(firm: dict[str, float]) -> None:
    """The area of end-diastole is twice that of the frames around it."""
    clip, segmenter = beating_clip(), loaded(BrightIsCavity()).needed(Role.LV_SEGMENTATION)
    steady = outline_ventricle(clip, segmenter)
    areas = list(steady.area_curve_cm2)
    areas[12], areas[13] = 2 * (areas[12] or 0.0), None
    found = doubts_about(clip, segmenter, replace(steady, area_curve_cm2=tuple(areas)))
    assert found["neighbours"] > 10 > firm["neighbours"]
    assert found["missing"] == pytest.approx(100 / 5)  # frames 0 and 1, then 11 to 13
    with pytest.raises(ValueError, match="nothing is outlined"):
        doubts_about(clip, segmenter, Ventricle())


@pytest.mark.parametrize(
    ("found", "expected", "reliable", "words"),
    [
        ({"moved": 0.0, "overlap": 0.0}, 1.0, True, "moved"),
        ({"moved": 5.0, "overlap": 20.0}, 4.0, True, "overlap"),
        ({"moved": 20.0, "overlap": 0.0}, 5.0, True, "moved"),
        ({"moved": 20.5, "overlap": 0.0, "mirrored": 90.0}, 5.1, False, "moved"),  # what has no weight does not count
    ],
)
def test_the_doubts_are_weighed(found: dict[str, float], expected: float, reliable: bool, words: str) -> None:
    verdict = verdict_of(GATE, found)
    assert verdict.expected_error_points == pytest.approx(expected)
    assert (verdict.reliable, verdict.doubt, verdict.limit_points) == (reliable, WORDS[words], 5.0)


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({"constant": 1.0}, r"\[gate\] has no largest_error_points"),
        ({**GATE, "mirorred": 1.0}, r"\[gate\] weighs mirorred; there are: mirrored, moved"),
    ],
)
def test_a_gate_that_cannot_be_weighed_is_refused(gate: dict[str, float], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        verdict_of(gate, {"moved": 1.0})


def test_uncertain_outlines_give_no_numbers_and_the_research_override_marks_them() -> None:
    uncertain = loaded(LosesWhatMoves(), GATE)
    stopped = uncertain.analyse(beating_clip())
    assert (stopped.gates, stopped.contours, stopped.beats, stopped.area_curve_cm2) == (
        (Reason.UNCERTAIN_OUTLINES,),
        (),
        (),
        (),
    )
    assert stopped.outlines is not None
    assert not stopped.outlines.reliable
    assert [flag.issue for flag in stopped.flags] == [QualityIssue.POOR_IMAGE_QUALITY]
    assert (
        "points is expected, the limit is 5. Above all the outlines of a frame and of the same frame moved"
        in stopped.flags[0].message
    )
    marked = replace(uncertain, research_override=True).analyse(beating_clip())
    assert (marked.gates, marked.marked, len(marked.contours)) == ((), (Reason.UNCERTAIN_OUTLINES,), FRAMES)


def test_a_segmenter_without_a_gate_is_not_judged() -> None:
    found = loaded(LosesWhatMoves()).analyse(beating_clip())
    assert (found.gates, found.outlines, len(found.contours)) == ((), None, FRAMES)
    assert (
        judge_outlines(beating_clip(), loaded(BrightIsCavity(), GATE).needed(Role.LV_SEGMENTATION), Ventricle(), None) is None
    )


def test_the_distance_counts_in_units_of_its_limit() -> None:
    clip, segmenter = (
        beating_clip(),
        loaded(BrightIsCavity(), {**dict.fromkeys(WORDS, 0.0), **GATE, DISTANCE: 2.0}).needed(Role.LV_SEGMENTATION),
    )
    ventricle = outline_ventricle(clip, segmenter)
    near, far = (judge_outlines(clip, segmenter, ventricle, DistributionVerdict(at, 2.0, inside=True)) for at in (0.5, 1.5))
    assert near is not None
    assert far is not None
    assert far.expected_error_points - near.expected_error_points == pytest.approx(1.0)
