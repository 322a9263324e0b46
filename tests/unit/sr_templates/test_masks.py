"""Masks and their bits, against the even-odd rule counted pixel by pixel."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.results import Point
from sr_templates.masks import packed, rasterise
from tests.factories import ellipse


def pixel_by_pixel(points: Sequence[Point], rows: int, columns: int) -> NDArray[np.uint8]:
    """The even-odd rule as it is defined: a ray from each pixel centre to the left, edges counted one by one, in fractions."""
    mask = np.zeros((rows, columns), dtype=np.uint8)
    exact = [(Fraction(x), Fraction(y)) for x, y in points]
    for (x0, y0), (x1, y1) in zip(exact, [*exact[1:], exact[0]], strict=True):
        for y in range(rows):
            if (y0 <= y) != (y1 <= y):
                crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
                mask[y] ^= [crossing <= x for x in range(columns)]
    return mask


@pytest.mark.parametrize(
    "points",
    [
        ellipse((40.0, 30.0), (10.3, 18.7)),
        ellipse((5.0, 4.0), (11.0, 9.0)),  # partly outside the image
        ((10.0, 5.0), (30.0, 5.0), (30.0, 25.0), (10.0, 25.0)),  # corners on pixel centres
        ((2.0, 2.0), (50.0, 8.0), (20.0, 20.0), (50.0, 40.0), (2.0, 50.0)),  # concave
        ((10.0, 10.0), (40.0, 40.0), (40.0, 10.0), (10.0, 40.0)),  # crosses itself
        ((-5.0, -5.0), (100.0, -5.0), (100.0, 100.0), (-5.0, 100.0)),  # all of it
        ((-20.0, 5.0), (-10.0, 5.0), (-15.0, 30.0)),  # left of it
        ((90.0, 5.0), (99.0, 5.0), (95.0, 30.0)),  # right of it
        ((5.0, 70.0), (9.0, 70.0), (7.0, 90.0)),  # below it
        ((3.2, 7.2), (3.4, 7.2), (3.3, 7.4)),  # around no centre
    ],
)
def test_a_pixel_is_inside_when_its_centre_is(points: tuple[Point, ...]) -> None:
    np.testing.assert_array_equal(rasterise(points, 60, 80), pixel_by_pixel(points, 60, 80))


def test_a_square_between_pixel_centres_holds_exactly_those_inside() -> None:
    mask = rasterise(((1.5, 2.5), (4.5, 2.5), (4.5, 5.5), (1.5, 5.5)), 8, 8)
    assert mask[3:6, 2:5].all()
    assert mask.sum() == 9


def test_two_areas_that_share_an_edge_share_no_pixel() -> None:
    left = rasterise(((2.0, 2.0), (5.0, 2.0), (5.0, 9.0), (2.0, 9.0)), 12, 12)
    right = rasterise(((5.0, 2.0), (8.0, 2.0), (8.0, 9.0), (5.0, 9.0)), 12, 12)
    assert not (left & right).any()
    assert (left | right).sum() == left.sum() + right.sum() == 6 * 7


def test_neighbours_agree_about_the_edge_between_them() -> None:
    """One goes along it downwards, the other upwards: in row 26 rounding would part them. Together they are the area around."""
    top, bottom = (55.3, 0.8), (16.1, 29.6)
    left = rasterise(((-1.0, 0.8), top, bottom, (-1.0, 29.6)), 60, 80)
    right = rasterise((top, (99.0, 0.8), (99.0, 29.6), bottom), 60, 80)
    np.testing.assert_array_equal(left + right, rasterise(((-1.0, 0.8), (99.0, 0.8), (99.0, 29.6), (-1.0, 29.6)), 60, 80))


_places = st.floats(-40, 60, width=16) | st.integers(-3, 40).map(float)


@pytest.mark.slow
@given(st.lists(st.tuples(_places, _places), min_size=1, max_size=9), st.integers(1, 20), st.integers(1, 34))
def test_any_outline_on_any_image(points: list[Point], rows: int, columns: int) -> None:
    expected = pixel_by_pixel(points, rows, columns)
    np.testing.assert_array_equal(rasterise(points, rows, columns), expected)
    for first_bit in {0, rows * columns % 8}:
        bits = np.unpackbits(packed(points, rows, columns, first_bit), bitorder="little")
        np.testing.assert_array_equal(bits[first_bit : first_bit + expected.size], expected.ravel())
        assert not bits[:first_bit].any()
        assert not bits[first_bit + expected.size :].any()
        assert len(bits) == 8 * math.ceil((first_bit + expected.size) / 8)
