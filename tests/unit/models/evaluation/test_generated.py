"""Held-out hearts of every generator as a data set: the same vocabulary, and truth that fits the pictures."""

import numpy as np
import pytest

from models.catalogue import LINE_POINTS, QUANTITIES, View
from models.evaluation.datasets.generated import SHOWN, Generator, generated
from models.evaluation.datasets.items import Item

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[Generator.FIRST, Generator.SECOND, Generator.UNSEEN], ids=str)
def items(request: pytest.FixtureRequest) -> list[Item]:
    return list(generated(request.param, 1, frame_rate_hz=12).items)


def test_the_first_three_clips_hold_a_beat(items: list[Item]) -> None:
    assert [item.truth.label for item in items[:3]] == list(SHOWN)
    for item in items[:3]:
        clip, ed, es = item.load(), item.truth.ed_frame, item.truth.es_frame
        assert ed is not None
        assert es is not None
        assert 0 <= ed < es < clip.number_of_frames
        assert clip.b_mode_region().region is not None
        assert clip.is_quality_control_subject


def test_the_cavity_shrinks_to_end_systole(items: list[Item]) -> None:
    for item in items[:2]:
        cavity = item.truth.masks()["lv"]
        first, last = (cavity[frame].sum() for frame in (item.truth.ed_frame, item.truth.es_frame))
        assert 0 < last < first
        assert not (item.truth.masks()["lv_wall"][item.truth.ed_frame] & cavity[item.truth.ed_frame]).any()


def test_lines_are_as_long_as_stated(items: list[Item]) -> None:
    """Through the screen and its region: a diameter between its two points is the stated one."""
    plax = items[2]
    assert plax.truth.view is View.PLAX
    marks = {mark.name: mark.point_px for mark in plax.truth.landmarks if mark.frame_index == plax.truth.ed_frame}
    assert set(marks) <= set(LINE_POINTS)
    region = plax.load().b_mode_region().region
    assert region is not None
    ends = np.array([marks["lvid_1"], marks["lvid_2"]]) * np.array(region.cm_per_px)
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(plax.truth.values["lvidd_2d"].value, rel=0.02)


def test_values_are_in_the_catalogue_s_units(items: list[Item]) -> None:
    stated = {key: one.unit for item in items for key, one in item.truth.values.items()}
    assert stated
    assert all(QUANTITIES[key].unit == unit for key, unit in stated.items())
