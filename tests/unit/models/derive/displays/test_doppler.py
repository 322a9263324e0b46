"""Velocities and the guard against aliased flow, on drawn spectra."""

from dataclasses import replace

import numpy as np
import pytest

from models.derive.displays.doppler import is_cut_off, pressure_gradient_mmhg, published_velocity_cm_s
from models.derive.displays.spectral_image import grey, threshold_of, without_green_trace
from models.phantom.displays import ECG, SPECTRAL, Spectrum, Wave, draw_ecg


def cut_off(spectrum: Spectrum, velocity_cm_s: float | None = None) -> bool:
    """Asked at the first wave's peak, or at another velocity of the same time."""
    region, wave = spectrum.region, spectrum.waves[0]
    display = grey(without_green_trace(spectrum.frame()))[region.y0_px : region.y1_px + 1]
    row = spectrum.row_of(wave.peak_cm_s if velocity_cm_s is None else velocity_cm_s) - region.y0_px
    return is_cut_off(display, spectrum.column_of(wave.peak_s), row, region.zero_row_px - region.y0_px)


@pytest.mark.parametrize("peak_cm_s", [-120.0, -100.0, -20.0, 20.0, 100.0, 120.0])
@pytest.mark.parametrize("seed", range(3))
def test_flow_inside_the_display_is_whole(peak_cm_s: float, seed: int) -> None:
    assert not cut_off(Spectrum((Wave(1.0, 0.3, peak_cm_s),), seed=seed))


@pytest.mark.parametrize("peak_cm_s", [-139.0, 139.0])
def test_a_peak_at_the_edge_is_cut_off(peak_cm_s: float) -> None:
    """The display shows 140 cm/s to either side."""
    assert cut_off(Spectrum((Wave(1.0, 0.3, peak_cm_s),)))


@pytest.mark.parametrize("peak_cm_s", [-180.0, 180.0])
def test_a_peak_read_inside_flow_that_runs_to_the_edge_is_cut_off(peak_cm_s: float) -> None:
    assert cut_off(Spectrum((Wave(1.0, 0.3, peak_cm_s),)), velocity_cm_s=np.sign(peak_cm_s) * 100)


def test_flow_that_continues_at_the_opposite_edge_is_cut_off() -> None:
    """A peak that a network puts onto a gap of the true envelope, its top wrapped to the other side of the display."""
    spectrum = Spectrum((Wave(1.0, 0.3, -220.0),))
    region = spectrum.region
    frame = spectrum.frame()
    frame[region.y1_px - 60 : region.y1_px + 1] = 5
    display = grey(frame)[region.y0_px : region.y1_px + 1]
    row = region.y1_px - 60 - region.y0_px
    assert is_cut_off(display, spectrum.column_of(1.15), row, 175.0)
    frame[region.y0_px : region.y0_px + 150] = 5
    assert not is_cut_off(grey(frame)[region.y0_px : region.y1_px + 1], spectrum.column_of(1.15), row, 175.0)


def test_a_baseline_shifted_to_the_edge_is_no_wrapped_flow() -> None:
    """For a jet the baseline is moved up; the walls beside it are bright at the opposite edge at all times."""
    region = replace(SPECTRAL, reference_pixel_y0_px=12, physical_delta_y=-1.5)
    spectrum = Spectrum((Wave(1.0, 0.3, -400.0),), region)
    frame = spectrum.frame()
    frame[region.y0_px : region.y0_px + 25] = 180
    display = grey(frame)[region.y0_px : region.y1_px + 1]
    row = spectrum.row_of(-400.0) - region.y0_px
    assert not is_cut_off(display, spectrum.column_of(1.15), row, 12.0)


def test_the_published_velocity_loses_the_sign_that_the_axis_gives() -> None:
    """Flow away from the transducer at row 617: drawn below the baseline, or above it on an inverted display."""
    inverted = replace(SPECTRAL, physical_delta_y=0.8)
    assert published_velocity_cm_s(617, SPECTRAL) == published_velocity_cm_s(617, inverted) == 80.0
    assert SPECTRAL.physical_y(617) == pytest.approx(-80.0)
    assert inverted.physical_y(617) == pytest.approx(80.0)


def test_the_published_velocity_leaves_out_the_value_at_the_reference_pixel() -> None:
    shifted = replace(SPECTRAL, reference_pixel_y0_px=0, reference_physical_value_y=140.0)
    assert SPECTRAL.physical_y(617) == pytest.approx(shifted.physical_y(617)) == pytest.approx(-80.0)
    assert published_velocity_cm_s(617, shifted) == 220.0


def test_the_published_velocity_has_two_decimals_and_counts_a_missing_reference_as_zero() -> None:
    region = replace(SPECTRAL, physical_delta_y=-0.3333, reference_pixel_y0_px=None)
    assert published_velocity_cm_s(342 + 10, region) == 3.33


def test_the_published_region_is_the_lowest_and_may_be_the_ecg() -> None:
    assert published_velocity_cm_s(617, ECG) == pytest.approx(-0.83)


@pytest.mark.parametrize(("velocity_m_s", "gradient_mmhg"), [(2.0, 16.0), (-3.0, 36.0), (0.0, 0.0)])
def test_bernoulli(velocity_m_s: float, gradient_mmhg: float) -> None:
    assert pressure_gradient_mmhg(velocity_m_s) == gradient_mmhg


def test_the_green_trace_becomes_black_and_nothing_else() -> None:
    frame = np.full((768, 1024, 3), 120, np.uint8)
    frame[0, 0] = (255, 255, 255)  # green, but red too
    frame[0, 1] = (99, 201, 0)
    frame[0, 2] = (100, 201, 0)
    frame[0, 3] = (99, 200, 0)
    draw_ecg(frame)
    masked = without_green_trace(frame)
    black = (masked == 0).all(axis=2)
    assert black[0].nonzero()[0].tolist() == [1]
    assert black.sum() == 1 + 1024
    assert (masked[~black] == frame[~black]).all()
    assert (frame[0, 1] == (99, 201, 0)).all(), "the clip's own frame stays as it was"


def test_otsu_parts_dark_from_bright() -> None:
    values = np.concatenate([np.full(900, 20.0), np.full(100, 180.0)])
    assert 20 <= threshold_of(values) < 180
    assert threshold_of(np.full(10, 7.0)) >= 0
