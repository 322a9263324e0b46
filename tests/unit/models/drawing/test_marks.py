"""Outlines, calipers and words on pictures of any size."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.drawing import draw, legible_scale
from models.drawing.lettering import Lettering
from models.results import Caliper, CaliperKind, Contour

YELLOW = (255, 220, 0)


def _grey(rows: int, columns: int, level: int = 0) -> NDArray[np.uint8]:
    return np.full((rows, columns, 3), level, np.uint8)


def _caliper(*points: tuple[float, float], kind: CaliperKind = CaliperKind.LINE, label: str = "") -> Caliper:
    return Caliper(kind, "", 1, points, label)


def _yellow(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (np.abs(picture.astype(int) - YELLOW).max(axis=2)) < 60


def _white(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return picture.min(axis=2) > 200


def test_a_frame_without_marks_stays_as_it_is_and_is_a_copy() -> None:
    frame = np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)
    drawn = draw(frame)
    assert np.array_equal(drawn, frame)
    assert not np.shares_memory(drawn, frame)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_a_mark_lies_where_its_points_are_at_any_scale(scale: float) -> None:
    frame = _grey(200, 300)
    drawn = draw(frame, [Contour("lv", 0, ((40.0, 50.0), (240.0, 50.0), (240.0, 150.0), (40.0, 150.0)))], scale=scale)
    assert drawn.shape == (round(200 * scale), round(300 * scale), 3)
    rows, columns = np.nonzero(_yellow(drawn))
    expected = [(at + 0.5) * scale - 0.5 for at in (50, 150, 40, 240)]
    assert [rows.min(), rows.max(), columns.min(), columns.max()] == pytest.approx(expected, abs=2)
    assert not _yellow(drawn)[round(100 * scale), round(140 * scale)]
    assert frame.max() == 0


@pytest.mark.parametrize("level", [0, 128, 255])
def test_marks_and_words_can_be_read_on_black_grey_and_white(level: int) -> None:
    drawn = draw(_grey(300, 400, level), calipers=[_caliper((100.0, 50.0), (100.0, 200.0), label="LVIDd 4.61 cm")])
    assert _yellow(drawn).sum() > 100
    label = drawn[100:150, 103:220].min(axis=2)
    assert (label > 200).any()
    assert (label < 60).any()


def test_a_caliper_has_a_stroke_across_each_end_and_a_point_two() -> None:
    drawn = draw(_grey(300, 400), calipers=[_caliper((100.0, 50.0), (100.0, 200.0))])
    assert _yellow(drawn)[50, 97:104].all()
    assert _yellow(drawn)[200, 97:104].all()
    assert not _yellow(drawn)[125, 97]
    cross = _yellow(draw(_grey(300, 400), calipers=[_caliper((100.0, 50.0), kind=CaliperKind.POINT)]))
    assert cross[50, 97:104].all()
    assert cross[47:54, 100].all()


def test_labels_lie_inside_the_picture_on_no_line_and_not_on_one_another() -> None:
    ends = [((250.0, 20.0), (250.0, 60.0)), ((250.0, 60.0), (250.0, 62.0)), ((250.0, 62.0), (250.0, 64.0)), ((398.0, 2.0),) * 2]
    calipers = [_caliper(*points) for points in ends]
    labelled = [_caliper(*points, label=f"caliper {number}") for number, points in enumerate(ends)]
    drawn, unlabelled = draw(_grey(300, 400), calipers=labelled), draw(_grey(300, 400), calipers=calipers)
    assert (_yellow(drawn) == _yellow(unlabelled)).all()
    alone = sum(int(_white(draw(_grey(300, 400), calipers=[one])).sum()) for one in labelled)
    assert _white(drawn).sum() == pytest.approx(alone, rel=0.1)


def test_the_caption_is_below_and_covers_nothing() -> None:
    frame = _grey(120, 160, 77)
    lines = [
        "RESEARCH USE ONLY - weights trained on synthetic phantoms",
        "LVEDV 118 mL",
        "averyveryverylongwordthathasnospaces" * 2,
    ]
    drawn = draw(frame, caption=lines)
    assert np.array_equal(drawn[:120], frame)
    assert drawn.shape[1] == 160
    band = _white(drawn[120:])
    assert band.any(axis=1).sum() > 40
    assert not band[:, -1].any()  # cut at no edge


def test_signs_that_the_font_lacks_become_question_marks() -> None:
    assert np.array_equal(draw(_grey(60, 200), caption=["山 é²"]), draw(_grey(60, 200), caption=["? ??"]))


def test_points_that_are_no_places_are_not_drawn_and_far_ones_are_cut_off() -> None:
    assert draw(_grey(60, 80), calipers=[_caliper((float("nan"), 1.0), label="lost"), _caliper(label="none")]).max() == 0
    across = draw(_grey(60, 80), calipers=[_caliper((-1e12, 30.0), (1e12, 30.0))])
    assert _yellow(across)[30, 2:-2].all()


@pytest.mark.parametrize("size", [(1, 1), (9, 3), (60, 80), (1200, 1600), (3, 900)])
def test_any_size_of_image_is_drawn(size: tuple[int, int]) -> None:
    scale = legible_scale(*size)
    marks = [_caliper((0.0, 0.0), (size[1] - 1.0, size[0] - 1.0), label="IVSd 1.02 cm")]
    drawn = draw(_grey(*size), calipers=marks, scale=scale, caption=["not for diagnosis"])
    assert drawn.shape[0] > size[0] * scale
    assert drawn.shape[1] == size[1] * scale
    assert max(size[0] * scale, size[1] * scale) >= 480


def test_words_grow_with_the_picture_and_stay_readable() -> None:
    sizes = [Lettering.of(rows, columns).size_px for rows, columns in ((60, 80), (600, 800), (1200, 1600), (9000, 9000))]
    assert sizes == [11, 19, 38, 64]
