import numpy as np
import pytest

from models.calibration import RegionCalibration
from models.inputs.letterbox import Letterbox


def test_a_square_region_of_the_same_size_passes_unchanged() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 40, 50), dtype=np.uint8)
    squares = Letterbox(5, 3, 32, 32, 32).apply(frames)
    np.testing.assert_allclose(squares, frames[:, 3:35, 5:37] / 255, atol=1e-6)


def test_shrinking_averages_whole_blocks() -> None:
    frames = np.random.default_rng(1).integers(0, 256, (1, 64, 64), dtype=np.uint8)
    squares = Letterbox(0, 0, 64, 64, 16).apply(frames)
    np.testing.assert_allclose(squares[0], frames[0].reshape(16, 4, 16, 4).mean(axis=(1, 3)) / 255, atol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(90, 60), (60, 90), (77, 31), (10, 6)])
def test_an_even_region_stays_even_and_lies_in_the_middle_on_black(width: int, height: int) -> None:
    squares = Letterbox(0, 0, width, height, 30).apply(np.full((1, 100, 100), 255, np.uint8))[0]
    long, short = max(width, height), min(width, height)
    if width < height:
        squares = squares.T
    bright = squares.mean(axis=1)
    assert bright.sum() == pytest.approx(30 * short / long, abs=1.0 if long < 30 else 1e-4)
    np.testing.assert_allclose(bright, bright[::-1], atol=1e-5)
    assert squares[15].min() == pytest.approx(1.0, abs=1e-5)
    assert squares[0].max() < 1e-6


def test_colour_becomes_luma() -> None:
    frames = np.zeros((1, 8, 8, 3), np.uint8)
    frames[..., 1] = 255
    np.testing.assert_allclose(Letterbox(0, 0, 8, 8, 8).apply(frames), 0.587, atol=1e-6)


def test_a_grey_colour_image_equals_the_grey_image() -> None:
    grey = np.random.default_rng(2).integers(0, 256, (1, 30, 40), dtype=np.uint8)
    letterbox = Letterbox(0, 0, 40, 30, 16)
    np.testing.assert_allclose(letterbox.apply(np.repeat(grey[..., None], 3, axis=3)), letterbox.apply(grey), atol=1e-6)


def test_what_lies_outside_the_region_has_no_effect() -> None:
    """Text, ECG and vendor layout around the sector must not change a result."""
    letterbox = Letterbox(10, 8, 40, 30, 16)
    frames = np.random.default_rng(3).integers(0, 256, (1, 60, 80), dtype=np.uint8)
    painted = np.full_like(frames, 255)
    painted[:, 8:38, 10:50] = frames[:, 8:38, 10:50]
    assert np.array_equal(letterbox.apply(frames), letterbox.apply(painted))


@pytest.mark.parametrize("size", [40, 160, 640])
def test_a_bright_spot_lands_where_its_point_is_mapped(size: int) -> None:
    region = RegionCalibration(20, 10, 179, 129, 2, 1, 3, 3, 0.1, 0.1)
    letterbox = Letterbox.of_region(region, size)
    frames = np.zeros((1, 150, 200), np.uint8)
    frames[0, 60:64, 100:104] = 255
    square = letterbox.apply(frames)[0]
    rows, columns = np.mgrid[:size, :size]
    found = np.array([[(columns * square).sum(), (rows * square).sum()]]) / square.sum()
    np.testing.assert_allclose(letterbox.to_image(found), [[101.5, 61.5]], atol=0.02)
