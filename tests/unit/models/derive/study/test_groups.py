"""Which clips are read together, and why a study has no such group."""

import pytest

from models.catalogue import View
from models.derive.study.groups import ClipGroup, NoGroup, choose_group
from models.derive.study.quantities import derive_study
from models.results import ClipFindings, QualityGrade, Reason, ViewPrediction
from tests.unit.models.derive.apical_clips import apical_clip, measured

VIEWS = (View.A4C, View.A2C)
A4C, A2C = apical_clip(uid="4"), apical_clip(View.A2C, "2")


def chosen(*clips: ClipFindings) -> tuple[str, str]:
    group = choose_group(VIEWS, clips)
    assert isinstance(group, ClipGroup)
    a4c, a2c = group.clips
    return a4c.sop_instance_uid, a2c.sop_instance_uid


def why_none(*clips: ClipFindings) -> tuple[Reason, ...]:
    none = choose_group(VIEWS, clips)
    assert isinstance(none, NoGroup)
    return none.reasons


def test_one_of_each_is_the_pair_in_any_order() -> None:
    assert chosen(A4C, A2C) == chosen(A2C, A4C) == ("4", "2")


def test_the_longest_ventricle_counts_before_the_best_image_as_for_discs() -> None:
    short = apical_clip(uid="41", beats=[((7.6, 2.5), (6.3, 1.8))], quality=QualityGrade(99, adequate=True))
    better = apical_clip(uid="42", quality=QualityGrade(90, adequate=True))
    for clips in ([A4C, short, better, A2C], [better, A2C, short, A4C]):
        assert chosen(*clips) == ("42", "2")
        discs = measured(derive_study("1", clips))["ef_bp"]
        assert {source.sop_instance_uid for source in discs.sources} == {"42", "2"}


def test_a_network_needs_no_outline_but_what_has_one_comes_first() -> None:
    without = apical_clip(uid="40", beats=[], quality=QualityGrade(99, adequate=True))
    worse = apical_clip(uid="49", beats=[], quality=QualityGrade(30, adequate=True))
    assert chosen(worse, without, A2C) == ("40", "2"), "the best image"
    assert chosen(without, A4C, A2C) == ("4", "2")


def test_a_stopped_clip_is_none_of_a_pair() -> None:
    longer = apical_clip(uid="41", beats=[((9.0, 2.5), (7.0, 1.8))], gates=(Reason.QUALITY,))
    assert chosen(longer, A4C, A2C) == ("4", "2")
    assert why_none(longer, A2C) == (Reason.QUALITY,)


@pytest.mark.parametrize(
    ("clips", "reasons"),
    [
        ([], (Reason.VIEW_MISSING,)),
        ([A4C], (Reason.VIEW_MISSING,)),
        ([A2C], (Reason.VIEW_MISSING,)),
        ([A4C, apical_clip(View.A2C, "2", gates=(Reason.NO_CALIBRATION,))], (Reason.NO_CALIBRATION,)),
        ([A4C, apical_clip(uid="41", gates=(Reason.STRESS_STAGE,))], (Reason.VIEW_MISSING,)),
        (
            [A4C, apical_clip(View.OTHER, "5", gates=(Reason.OUT_OF_DISTRIBUTION,))],
            (Reason.VIEW_MISSING, Reason.OUT_OF_DISTRIBUTION),
        ),
    ],
)
def test_why_there_is_none(clips: list[ClipFindings], reasons: tuple[Reason, ...]) -> None:
    assert why_none(*clips) == reasons


def test_planes_that_contradict_each_other_are_no_pair() -> None:
    none = choose_group(VIEWS, [A4C, apical_clip(View.A2C, "2", beats=[((7.1, 2.5), (6.0, 1.8))])])
    assert none == NoGroup((Reason.DISAGREEMENT,), "end-diastolic LV lengths differ by more than 10 %: A4C 8.0 cm, A2C 7.1 cm")
    assert chosen(A4C, apical_clip(View.A2C, "2", beats=[((7.3, 2.5), (6.0, 1.8))])) == ("4", "2")


def test_a_group_has_a_clip_of_every_view_in_their_order() -> None:
    """Bug prevented: a reader of three views, or of one, that needs a corridor of its own."""
    views = (View.A3C, View.A2C, View.A4C)
    a3c = ClipFindings("3", 4, 6, 2, view=ViewPrediction(View.A3C, 0.9, ()))
    group = choose_group(views, [A4C, A2C, a3c])
    assert group == ClipGroup(views, (a3c, A2C, A4C))
    assert choose_group((View.A2C,), [A4C, A2C]) == ClipGroup((View.A2C,), (A2C,))
    assert choose_group(views, [A4C, A2C]) == NoGroup((Reason.VIEW_MISSING,))
    short = apical_clip(View.A2C, "2", beats=[((7.1, 2.5), (6.0, 1.8))])
    none = choose_group(views, [A4C, short, a3c])
    assert none == NoGroup((Reason.DISAGREEMENT,), "end-diastolic LV lengths differ by more than 10 %: A2C 7.1 cm, A4C 8.0 cm")
