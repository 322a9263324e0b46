"""The region that is measured in is chosen by what it says, never by where it stands."""

from dataclasses import replace
from itertools import permutations

import pytest

from models.calibration import RegionCalibration, RegionProblem, choose_b_mode_region

SECTOR = RegionCalibration(100, 50, 699, 549, 1, 1, 3, 3, 0.03, 0.03)
ECG = RegionCalibration(0, 560, 799, 599, 4, 10, 4, 0, 0.01, 0.01)
NULL = RegionCalibration(0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0)
COLOUR = replace(SECTOR, x0_px=200, data_type=2)
LEFT, RIGHT = replace(SECTOR, x0_px=0, x1_px=399), replace(SECTOR, x0_px=400, x1_px=799)
SPECTRAL = RegionCalibration(0, 0, 799, 299, 3, 4, 4, 7, 0.004, -0.5)


@pytest.mark.parametrize("regions", list(permutations([NULL, ECG, SECTOR, COLOUR])))
def test_the_tissue_region_is_found_in_any_order(regions: tuple[RegionCalibration, ...]) -> None:
    choice = choose_b_mode_region(regions, rows=600, columns=800)
    assert choice.region == SECTOR
    assert choice.problem is None


def test_a_negative_delta_is_a_direction_not_a_length() -> None:
    mirrored = replace(SECTOR, physical_delta_x=-0.03)
    choice = choose_b_mode_region([mirrored], rows=600, columns=800)
    assert choice.region is not None
    assert choice.region.cm_per_px == (0.03, 0.03)
    assert choice.region.physical_delta_x == -0.03


@pytest.mark.parametrize(
    ("regions", "problem"),
    [
        ([], RegionProblem.ABSENT),
        ([NULL, ECG, SPECTRAL], RegionProblem.NO_B_MODE),
        ([replace(SECTOR, physical_unit_x=0)], RegionProblem.NOT_CENTIMETRES),
        ([replace(SECTOR, physical_delta_y=0.0)], RegionProblem.ZERO_DELTA),
        ([replace(SECTOR, physical_delta_y=float("nan"))], RegionProblem.ZERO_DELTA),
        ([replace(SECTOR, physical_delta_x=0.3, physical_delta_y=0.3)], RegionProblem.IMPLAUSIBLE_SIZE),
        ([replace(SECTOR, x1_px=801)], RegionProblem.OUTSIDE_IMAGE),
        ([replace(SECTOR, y1_px=SECTOR.y0_px)], RegionProblem.OUTSIDE_IMAGE),
        ([replace(SECTOR, physical_delta_x=0.0049, physical_delta_y=0.0049)], RegionProblem.IMPLAUSIBLE_SIZE),  # 2.9 x 2.5 cm
        ([replace(SECTOR, physical_delta_y=0.038)], RegionProblem.NOT_SQUARE),
        ([replace(SECTOR, physical_delta_y=0.023)], RegionProblem.NOT_SQUARE),
        ([SECTOR, replace(SECTOR, physical_delta_x=0.04, physical_delta_y=0.04)], RegionProblem.CONTRADICTION),
        ([SECTOR, replace(SECTOR, x0_px=400)], RegionProblem.SEVERAL),
        ([LEFT, RIGHT], RegionProblem.SEVERAL),
        ([LEFT, replace(RIGHT, data_type=2)], RegionProblem.SEVERAL),
        ([replace(RIGHT, data_type=2), LEFT], RegionProblem.SEVERAL),
        ([LEFT, replace(RIGHT, physical_unit_x=0, physical_unit_y=0)], RegionProblem.SEVERAL),
        ([LEFT, replace(RIGHT, x0_px=399, data_type=2)], RegionProblem.SEVERAL),  # the halves share one column
    ],
)
def test_without_a_sound_region_there_is_a_problem_and_no_region(
    regions: list[RegionCalibration], problem: RegionProblem
) -> None:
    choice = choose_b_mode_region(regions, rows=600, columns=800)
    assert choice.region is None
    assert choice.problem is problem


def test_regions_that_say_the_same_twice_are_one() -> None:
    choice = choose_b_mode_region([SECTOR, replace(SECTOR, physical_delta_x=-0.03)], rows=600, columns=800)
    assert choice.region == SECTOR


@pytest.mark.parametrize("ratio", [0.8, 1.25])
def test_pixels_of_video_capture_are_square_enough(ratio: float) -> None:
    choice = choose_b_mode_region([replace(SECTOR, physical_delta_x=0.03 * ratio)], rows=600, columns=800)
    assert choice.problem is None


def test_spectral_regions_have_no_centimetres() -> None:
    with pytest.raises(ValueError, match="not in centimetres"):
        _ = SPECTRAL.cm_per_px


def test_a_region_that_ends_one_pixel_outside_is_cut_and_the_rule_says_so() -> None:
    """Philips writes the number of columns as the last column."""
    choice = choose_b_mode_region([replace(SECTOR, x1_px=800, y1_px=600)], rows=600, columns=800)
    assert choice.region is not None
    assert (choice.region.x1_px, choice.region.y1_px) == (799, 599)
    assert "one pixel outside" in choice.rule


@pytest.mark.parametrize("last_px", [{"x1_px": 640, "y1_px": 900}, {"x1_px": 900, "y1_px": 480}, {"x1_px": 641, "y1_px": 480}])
def test_one_axis_a_pixel_outside_does_not_excuse_the_other(last_px: dict[str, int]) -> None:
    choice = choose_b_mode_region([replace(SECTOR, x0_px=0, y0_px=0, **last_px)], rows=480, columns=640)
    assert choice.region is None
    assert choice.problem is RegionProblem.OUTSIDE_IMAGE
