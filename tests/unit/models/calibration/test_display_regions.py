"""The region of a spectral or M-mode display is chosen by what it says, never by where it stands."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from models.calibration import (
    DisplayProblem,
    RegionCalibration,
    choose_m_mode_region,
    choose_spectral_region,
    lowest_region,
)
from models.clip import Clip

SECTOR = RegionCalibration(250, 20, 549, 299, 1, 1, 3, 3, 0.05, 0.05)
SPECTRAL = RegionCalibration(0, 320, 799, 549, 3, 3, 4, 7, 0.004, -0.8, 0, 115)
M_MODE = RegionCalibration(0, 320, 799, 549, 2, 1, 4, 3, 0.004, 0.06)
ECG = RegionCalibration(0, 560, 799, 599, 4, 10, 4, 0, 0.004, 0.01)
NULL = RegionCalibration(0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0)


@pytest.mark.parametrize("regions", list(permutations([NULL, SECTOR, SPECTRAL, ECG])))
def test_the_spectral_region_is_found_in_any_order(regions: tuple[RegionCalibration, ...]) -> None:
    """The published rule takes the ECG strip, because it begins lowest."""
    choice = choose_spectral_region(regions, rows=600, columns=800)
    assert choice.region == choice.seen == SPECTRAL
    assert choice.problem is None
    assert "spectral" in choice.rule
    assert lowest_region(regions) == ECG


@pytest.mark.parametrize("regions", list(permutations([NULL, SECTOR, M_MODE, ECG])))
def test_the_m_mode_region_is_found_in_any_order(regions: tuple[RegionCalibration, ...]) -> None:
    assert choose_m_mode_region(regions, rows=600, columns=800).region == M_MODE


@pytest.mark.parametrize(
    ("regions", "problem"),
    [
        ([], DisplayProblem.ABSENT),
        ([NULL, SECTOR, ECG], DisplayProblem.NO_SPECTRAL),
        ([M_MODE], DisplayProblem.NO_SPECTRAL),
        ([replace(SPECTRAL, data_type=1)], DisplayProblem.NO_SPECTRAL),
        ([replace(SPECTRAL, physical_unit_y=5)], DisplayProblem.IN_HERTZ),
        ([replace(SPECTRAL, physical_unit_x=0)], DisplayProblem.OTHER_UNITS),
        ([replace(SPECTRAL, physical_unit_y=3)], DisplayProblem.OTHER_UNITS),
        ([replace(SPECTRAL, physical_delta_y=0.0)], DisplayProblem.ZERO_DELTA),
        ([replace(SPECTRAL, physical_delta_y=float("nan"))], DisplayProblem.ZERO_DELTA),
        ([replace(SPECTRAL, physical_delta_x=0.0)], DisplayProblem.ZERO_DELTA),
        ([replace(SPECTRAL, physical_delta_y=-0.008)], DisplayProblem.IMPLAUSIBLE_SIZE),  # m/s written as cm/s
        ([replace(SPECTRAL, physical_delta_x=4.0)], DisplayProblem.IMPLAUSIBLE_SIZE),  # ms written as s
        ([replace(SPECTRAL, y1_px=700)], DisplayProblem.OUTSIDE_IMAGE),
        ([SPECTRAL, replace(SPECTRAL, physical_delta_y=-0.4)], DisplayProblem.CONTRADICTION),
        ([SPECTRAL, replace(SPECTRAL, reference_pixel_y0_px=50)], DisplayProblem.CONTRADICTION),
        ([SPECTRAL, replace(SPECTRAL, doppler_correction_angle_deg=30.0)], DisplayProblem.CONTRADICTION),
        ([SPECTRAL, replace(SPECTRAL, y0_px=0, y1_px=229)], DisplayProblem.SEVERAL),
        ([replace(SPECTRAL, reference_pixel_y0_px=None)], DisplayProblem.NO_BASELINE),
        ([replace(SPECTRAL, reference_pixel_y0_px=435)], DisplayProblem.BASELINE_OUTSIDE),  # an absolute row
        ([replace(SPECTRAL, reference_pixel_y0_px=-1)], DisplayProblem.BASELINE_OUTSIDE),
        ([replace(SPECTRAL, reference_physical_value_y=93.0)], DisplayProblem.BASELINE_OUTSIDE),
        ([replace(SPECTRAL, reference_physical_value_y=float("nan"))], DisplayProblem.BASELINE_OUTSIDE),
        ([replace(SPECTRAL, y1_px=700), replace(SPECTRAL, y1_px=700, physical_delta_y=-0.4)], DisplayProblem.OUTSIDE_IMAGE),
    ],
)
def test_without_a_sound_spectral_region_there_is_a_problem_and_no_region(
    regions: list[RegionCalibration], problem: DisplayProblem
) -> None:
    choice = choose_spectral_region(regions, rows=600, columns=800)
    assert choice.region is None
    assert choice.problem is problem


@pytest.mark.parametrize(
    ("regions", "problem"),
    [
        ([SPECTRAL], DisplayProblem.NO_M_MODE),
        ([replace(M_MODE, data_type=2)], DisplayProblem.NO_M_MODE),  # colour M-mode
        ([replace(M_MODE, physical_unit_x=3)], DisplayProblem.OTHER_UNITS),
        ([replace(M_MODE, physical_delta_y=0.6)], DisplayProblem.IMPLAUSIBLE_SIZE),
        ([M_MODE, replace(M_MODE, x0_px=100)], DisplayProblem.SEVERAL),
    ],
)
def test_without_a_sound_m_mode_region_there_is_a_problem_and_no_region(
    regions: list[RegionCalibration], problem: DisplayProblem
) -> None:
    choice = choose_m_mode_region(regions, rows=600, columns=800)
    assert choice.region is None
    assert choice.problem is problem


def test_a_region_whose_scale_cannot_be_used_still_shows_where_the_trace_is() -> None:
    in_hertz = replace(SPECTRAL, physical_unit_y=5)
    assert choose_spectral_region([in_hertz, ECG], 600, 800).seen == in_hertz
    assert choose_spectral_region([ECG], 600, 800).seen is None


@pytest.mark.parametrize("reference_px", [0, 229])
def test_a_baseline_on_the_first_or_last_row_of_the_display_is_inside(reference_px: int) -> None:
    assert choose_spectral_region([replace(SPECTRAL, reference_pixel_y0_px=reference_px)], 600, 800).problem is None


def test_a_movement_over_time_needs_no_baseline() -> None:
    absolute = replace(M_MODE, reference_pixel_y0_px=435, reference_physical_value_y=float("nan"))
    assert choose_m_mode_region([absolute], 600, 800).region == absolute


def test_regions_that_contradict_each_other_still_show_where_the_trace_is_but_only_inside_the_image() -> None:
    last = replace(SPECTRAL, y1_px=600)
    assert choose_spectral_region([last, replace(last, physical_delta_y=-0.4)], 600, 800).seen == replace(last, y1_px=599)
    outside = replace(SPECTRAL, y0_px=620, y1_px=700)
    assert choose_spectral_region([outside, replace(outside, physical_delta_y=-0.4)], 600, 800).seen is None


def test_regions_that_say_the_same_twice_are_one() -> None:
    assert choose_spectral_region([SPECTRAL, replace(SPECTRAL, data_type=4)], 600, 800).region == SPECTRAL


def test_a_region_that_ends_one_pixel_outside_is_cut_and_the_rule_says_so() -> None:
    choice = choose_spectral_region([replace(SPECTRAL, x1_px=800)], rows=600, columns=800)
    assert choice.region == SPECTRAL
    assert "one pixel outside" in choice.rule


def test_a_velocity_is_counted_from_the_baseline_of_its_region() -> None:
    assert SPECTRAL.physical_y(320 + 115) == 0
    assert SPECTRAL.physical_y(320 + 15) == pytest.approx(80.0)  # above the baseline: towards the transducer
    assert SPECTRAL.physical_y(320 + 215) == pytest.approx(-80.0)
    assert SPECTRAL.zero_row_px == 435


def test_an_inverted_display_has_a_positive_delta_and_the_same_velocity() -> None:
    inverted = replace(SPECTRAL, physical_delta_y=0.8)
    assert inverted.physical_y(320 + 215) == pytest.approx(80.0)


def test_a_reference_pixel_need_not_be_the_baseline() -> None:
    """The physical value at the reference pixel shifts all velocities; the published formula leaves it out."""
    at_top = replace(SPECTRAL, reference_pixel_y0_px=0, reference_physical_value_y=92.0)
    assert at_top.physical_y(320 + 15) == pytest.approx(80.0)
    assert at_top.zero_row_px == pytest.approx(435)


def test_a_clip_knows_its_trace_regions() -> None:
    clip = Clip("1.2", np.zeros((1, 600, 800, 3), np.uint8), None, (SECTOR, SPECTRAL, ECG))
    assert clip.spectral_region().region == SPECTRAL
    assert clip.m_mode_region().problem is DisplayProblem.NO_M_MODE


def test_no_region_is_lowest_of_none() -> None:
    assert lowest_region([]) is None
