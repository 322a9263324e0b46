"""Discs against shapes whose volume has a formula."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.derive.ventricle.volumes import (
    DISCS,
    area_cm2,
    biplane_volume_ml,
    disc_diameters_cm,
    length_cm,
    single_plane_volume_ml,
    to_cm,
)


def half_ellipse(length: float, radius: float, points: int = 721) -> NDArray[np.float64]:
    angle = np.linspace(0, np.pi, points)
    return np.column_stack([radius * np.cos(angle), length * np.sin(angle)])


def box(width: float, length: float) -> NDArray[np.float64]:
    """A pointed box: the apex 1 nm beyond the corners' reach, so that the long axis is the axis of symmetry."""
    top = math.hypot(width / 2, length) + 1e-7
    return np.array([[-width / 2, 0], [-width / 2, length], [0, top], [width / 2, length], [width / 2, 0]])


def test_sphere_standing_on_its_pole() -> None:
    angle = np.linspace(-np.pi / 2 + 1e-6, 3 * np.pi / 2 - 1e-6, 2001)
    circle = 3 * np.column_stack([np.cos(angle), np.sin(angle)])
    assert length_cm(circle) == pytest.approx(6, rel=1e-4)
    assert area_cm2(circle) == pytest.approx(9 * math.pi, rel=1e-4)
    assert single_plane_volume_ml(circle) == pytest.approx(4 / 3 * math.pi * 27, rel=2e-3)


@pytest.mark.parametrize(("length", "radius"), [(8.0, 2.0), (9.5, 2.4), (6.0, 2.9)])
def test_half_ellipsoid(length: float, radius: float) -> None:
    assert single_plane_volume_ml(half_ellipse(length, radius)) == pytest.approx(2 / 3 * math.pi * length * radius**2, rel=1e-3)


def test_biplane_of_one_plane_twice_is_single_plane() -> None:
    outline = half_ellipse(8, 2)
    assert biplane_volume_ml(outline, outline) == pytest.approx(single_plane_volume_ml(outline))


def test_biplane_takes_the_longer_axis() -> None:
    short, long = half_ellipse(7, 2), half_ellipse(8, 2)
    assert biplane_volume_ml(short, long) == pytest.approx(single_plane_volume_ml(long), rel=1e-6)
    assert biplane_volume_ml(long, short) == biplane_volume_ml(short, long)


def test_twenty_discs_lie_along_the_axis_from_the_base() -> None:
    diameters, length = disc_diameters_cm(half_ellipse(8, 2))
    at = (np.arange(DISCS) + 0.5) / DISCS
    assert (diameters.size, length) == (20, pytest.approx(8))
    np.testing.assert_allclose(diameters, 4 * np.sqrt(1 - at**2), rtol=1e-3)


def test_number_of_discs_can_be_chosen() -> None:
    assert disc_diameters_cm(half_ellipse(8, 2), discs=5)[0].size == 5


def test_the_axis_starts_at_the_middle_of_the_annulus_wherever_the_cavity_leans() -> None:
    leaning = np.array([[-2.0, 0], [1, 7], [3, 8], [3.5, 6], [2, 0]])
    assert length_cm(leaning) == pytest.approx(math.hypot(3, 8))


def test_a_fold_counts_only_what_lies_inside() -> None:
    """A trident: shafts of 0.5, 1 and 0.5 cm above 3 cm, solid below, the middle shaft alone above 6 cm."""
    half = [[-2.0, 0], [-2, 6], [-1.5, 6], [-1.5, 3], [-0.5, 3], [-0.5, 8]]
    trident = np.array([*half, [0, 9], *([-x, y] for x, y in reversed(half))])
    diameters, length = disc_diameters_cm(trident)
    middles = (np.arange(DISCS) + 0.5) * length / DISCS
    expected = np.select([middles < 3, middles < 6, middles < 8], [4.0, 2.0, 1.0], 9 - middles)
    np.testing.assert_allclose(diameters, expected)


def test_a_pixel_need_not_be_square() -> None:
    """The same heart recorded with pixels twice as wide as high."""
    square = half_ellipse(8, 2) / 0.05
    flat = half_ellipse(8, 2) / np.array([0.1, 0.05])
    volumes = [
        single_plane_volume_ml(to_cm([(float(x), float(y)) for x, y in points], deltas))
        for points, deltas in ((square, (0.05, 0.05)), (flat, (0.1, 0.05)))
    ]
    assert volumes[0] == pytest.approx(volumes[1])


def test_box_has_the_volume_of_a_cylinder() -> None:
    assert single_plane_volume_ml(box(2, 10)) == pytest.approx(math.pi * 10, rel=0.01)


@pytest.mark.parametrize(
    "outline",
    [
        np.zeros((0, 2)),
        np.zeros((2, 2)),
        np.zeros((5, 3)),
        np.zeros((5, 2)),
        np.array([[0.0, 0], [1, 1], [np.nan, 2], [2, 0]]),
        np.array([[0.0, 0], [1, 1], [np.inf, 2], [2, 0]]),
    ],
)
def test_what_is_no_outline_is_refused(outline: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="outline"):
        single_plane_volume_ml(outline)
