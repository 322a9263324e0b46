"""The plan of an examination: usual order, as many objects as asked for, flaws that fit, about as large as asked for."""

from collections import Counter

import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from models.catalogue import DISPLAYS, ECHOVIEW47, M_MODES, View
from node.objects.exam_flaws import FITTING, Flaw
from node.objects.exam_plan import ExamDetail, ExamObject, Kind, plan_exam

_CLASSES = {row.name: row for row in ECHOVIEW47}


def test_same_seed_same_plan_and_others_differ() -> None:
    assert plan_exam(5) == plan_exam(5)
    assert plan_exam(5) != plan_exam(6)
    assert len({plan_exam(seed).screen.name for seed in range(30)}) > 6


def test_without_a_wish_it_is_as_large_as_a_real_one() -> None:
    assert {len(plan_exam(seed).objects) for seed in range(40)} <= set(range(30, 61))


@pytest.mark.parametrize("objects", [1, 3, 12, 60, 90])
def test_as_many_objects_as_asked_for(objects: int) -> None:
    planned = plan_exam(2, objects=objects).objects
    assert [one.number for one in planned] == list(range(1, objects + 1))
    assert len({one.file_name for one in planned}) == objects
    assert len({one.seed for one in planned}) == objects


def test_what_is_recorded_fits_its_class() -> None:
    for one in plan_exam(3, objects=60).objects:
        row = _CLASSES[one.echoview47]
        assert (one.kind is Kind.DISPLAY) == (one.view in DISPLAYS)
        assert (one.view in M_MODES) == one.echoview47.startswith("mmode")
        assert bool(one.beats) == (one.kind in (Kind.LOOP, Kind.COLOUR))
        if one.kind is not Kind.DISPLAY:
            assert row.mode == "b_mode"


def test_qualities_syntaxes_and_kinds_are_mixed() -> None:
    planned = [one for seed in range(6) for one in plan_exam(seed).objects]
    assert {one.quality for one in planned} == {0, 1, 2, 3}
    assert set(Kind) == {one.kind for one in planned}
    assert len({one.transfer_syntax_uid for one in planned}) == 6
    loops = [one for one in planned if one.beats]
    assert ImplicitVRLittleEndian not in {one.transfer_syntax_uid for one in loops}, "carts compress loops"


def test_flaws_only_when_asked_for_and_only_where_they_fit() -> None:
    assert not any(one.flaw for seed in range(5) for one in plan_exam(seed).objects)
    planned = plan_exam(4, objects=60, flawed=True).objects
    wrong = [one for one in planned if one.flaw]
    assert len(wrong) == 24
    assert {one.flaw for one in wrong} == set(Flaw)
    spectral = (Flaw.HERTZ, Flaw.INVERTED_SIGN, Flaw.ANGLE_CORRECTED)
    for one in wrong:
        assert one.flaw is not None
        assert one.kind.value in FITTING[one.flaw]
        assert one.flaw not in spectral or one.view not in M_MODES
    assert Counter(one.flaw for one in wrong).most_common(1)[0][1] <= 6


def _size(planned: tuple[ExamObject, ...]) -> float:
    return sum(one.beats * (12 if one.transfer_syntax_uid == ExplicitVRLittleEndian else 1) for one in planned)


def test_larger_when_asked_for() -> None:
    plans = [plan_exam(7, objects=20, megabytes=megabytes).objects for megabytes in (0, 100, 400, 100000)]
    assert sorted(map(_size, plans)) == list(map(_size, plans))
    assert _size(plans[1]) > _size(plans[0])
    assert max(one.beats for one in plans[-1]) <= ExamDetail().longest_beats


def test_twenty_objects_show_every_kind_whatever_the_seed() -> None:
    plans = [plan_exam(seed, objects=20, detail=ExamDetail(frames=16, quality=3)).objects for seed in range(8)]
    assert len({tuple((one.echoview47, one.view, one.kind) for one in planned) for planned in plans}) == 1
    assert {one.kind for one in plans[0]} == set(Kind)
    assert {one.quality for planned in plans for one in planned} == {3}
    assert {one.beats for planned in plans for one in planned} == {0.0, 1.15}
    shown = {one.view for one in plans[0]}
    assert shown & M_MODES
    assert {View.DOPPLER_MV_PW, View.DOPPLER_AV_CW, View.DOPPLER_TISSUE_SEPTAL} <= shown
