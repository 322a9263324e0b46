import numpy as np
import pytest
from numpy.typing import NDArray

from models.derive.ventricle.outline import Points, cavity_outline, closed_lines, polygon_area


def bullet(
    size: int = 160, *, angle_degrees: float = 0.0, tilt: float = 0.0, long_to_short: float = 1.8
) -> NDArray[np.float32]:
    """A smooth probability map of a ventricle: a half ellipse on a base that narrows a little, apex up at angle 0."""
    rows, columns = np.mgrid[:size, :size].astype(np.float64)
    angle = np.radians(angle_degrees)
    x, y = columns - size / 2, rows - size / 2
    across, down = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    length = size * 0.5
    width = length / long_to_short / 2
    u = (down + length / 2) / length  # 0 at the apex, 1 at the base
    half = width * np.sqrt(np.clip(1 - ((u - 0.65) / np.where(u < 0.65, 0.65, 0.8)) ** 2, 0, None))
    wall = np.where(half > 0, half - np.abs(across), -9)
    base = length / 2 - down + tilt * across
    return (1 / (1 + np.exp(-np.clip(np.minimum(wall, base) * 1.5, -30, 30)))).astype(np.float32)


def corners(angle_degrees: float, size: int = 160, long_to_short: float = 1.8) -> Points:
    length = size * 0.5
    half = length / long_to_short / 2 * np.sqrt(1 - (0.35 / 0.8) ** 2)
    angle = np.radians(angle_degrees)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.array([[-half, length / 2], [half, length / 2]]) @ rotation.T + size / 2


def test_a_disc_has_its_area_and_centre() -> None:
    rows, columns = np.mgrid[:64, :64]
    field = (60 - np.hypot(columns - 30, rows - 33)).astype(np.float32)
    (line,) = closed_lines(field, 40.0)
    assert polygon_area(line) == pytest.approx(np.pi * 20**2, rel=0.002)
    np.testing.assert_allclose(line.mean(axis=0), [30, 33], atol=0.2)
    np.testing.assert_allclose(np.hypot(*(line - [30, 33]).T), 20, atol=0.05)


def test_separate_shapes_and_holes_give_separate_lines() -> None:
    field = np.zeros((30, 30), np.float32)
    field[2:12, 2:12] = 1
    field[15:28, 15:28] = 1
    field[18:22, 18:22] = 0
    areas = sorted(polygon_area(line) for line in closed_lines(field, 0.5))
    np.testing.assert_allclose(areas, [4 * 4 - 0.5, 10 * 10 - 0.5, 13 * 13 - 0.5], atol=1e-6)


def test_shapes_that_touch_at_a_corner_stay_apart() -> None:
    field = np.zeros((10, 10), np.float32)
    field[2:5, 2:5] = field[5:8, 5:8] = 1
    assert len(closed_lines(field, 0.5)) == 2
    assert len(closed_lines(field[:, ::-1], 0.5)) == 2


def test_a_shape_at_the_border_is_closed() -> None:
    (line,) = closed_lines(np.ones((8, 12), np.float32), 0.5)
    assert polygon_area(line) == pytest.approx(8 * 12 - 0.5)


def test_nothing_marked_gives_no_line() -> None:
    assert closed_lines(np.zeros((8, 8), np.float32), 0.5) == []
    assert cavity_outline(np.zeros((160, 160), np.float32), 0.5) is None


def test_a_speck_is_no_cavity() -> None:
    field = np.zeros((160, 160), np.float32)
    field[80:88, 80:88] = 1
    assert cavity_outline(field, 0.5) is None


@pytest.mark.parametrize("angle_degrees", [0, -35, 20, 90, 180, -120])
@pytest.mark.parametrize("long_to_short", [1.4, 2.2])
def test_the_outline_runs_from_annulus_end_to_annulus_end(angle_degrees: float, long_to_short: float) -> None:
    outline = cavity_outline(bullet(angle_degrees=angle_degrees, long_to_short=long_to_short), 0.5)
    assert outline is not None
    expected = corners(angle_degrees, long_to_short=long_to_short)
    expected = expected[np.argsort(expected[:, 0].round(6), kind="stable")]
    found = outline[[0, -1]]
    if abs(expected[0, 0] - expected[1, 0]) < 5:  # neither end is clearly on the left
        found, expected = (ends[np.argsort(ends[:, 1])] for ends in (found, expected))
    np.testing.assert_allclose(found, expected, atol=2.5)


@pytest.mark.parametrize("tilt", [-0.3, 0.3])
def test_a_tilted_base_keeps_its_corners(tilt: float) -> None:
    field = bullet(tilt=tilt)
    outline = cavity_outline(field, 0.5)
    assert outline is not None
    rise = (outline[-1, 1] - outline[0, 1]) / (outline[-1, 0] - outline[0, 0])
    assert rise == pytest.approx(tilt, abs=0.06)
    assert polygon_area(outline) == pytest.approx(float((field >= 0.5).sum()), rel=0.02)


def test_the_largest_part_is_outlined_and_its_points_are_evenly_spaced() -> None:
    field = bullet()
    field[5:15, 5:15] = 1
    outline = cavity_outline(field, 0.5, points=50)
    assert outline is not None
    assert outline.shape == (50, 2)
    assert outline[:, 0].min() > 20
    steps = np.linalg.norm(np.diff(outline, axis=0), axis=1)
    assert steps.max() / steps.min() < 1.05
