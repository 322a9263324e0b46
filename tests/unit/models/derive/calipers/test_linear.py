"""Heat maps with known peaks, diameters with known beats: the published reading beside the corrected one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.derive.calipers.diameter_curve import Motion, low_pass, phase_frames, published_phases, running_median, smoothed
from models.derive.calipers.heat_map import PeakLimits, peak, published_centroid
from models.derive.calipers.linear import teichholz_ef_percent, teichholz_volume_ml

LIMITS = PeakLimits(least_probability=0.05, second_peak=0.5, far_px=40)


def _map(*peaks: tuple[float, float, float], background: float = 0.0, sigma: float = 6.0) -> NDArray[np.float64]:
    """Gaussians (x, y, height) on a flat background, 480 x 640."""
    rows, columns = np.mgrid[:480, :640]
    return background + sum(h * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2)) for x, y, h in peaks)


@pytest.mark.parametrize(("x", "y"), [(100.25, 50.5), (3.0, 476.0), (320.7, 240.1)])
def test_both_find_a_peak_on_a_black_background(x: float, y: float) -> None:
    probability = _map((x, y, 0.9), sigma=2.0)
    found = peak(probability, LIMITS)
    assert found == pytest.approx((x, y), abs=0.3 if x < 10 else 0.05)
    assert published_centroid(probability) == pytest.approx((x, y), abs=0.3 if x < 10 else 0.001)


def test_background_pulls_the_published_centroid_and_not_the_corrected_peak() -> None:
    """A background of 0.001 weighs 307 in all, the peak 2 pi 36 * 0.9 = 204: the centroid lies nearer to the middle."""
    probability = _map((100.4, 80.0, 0.9), background=0.001)
    x, y = published_centroid(probability)
    peak_mass, background_mass = 0.9 * 2 * np.pi * 36, 0.001 * 480 * 640
    assert x == pytest.approx((100.4 * peak_mass + 319.5 * background_mass) / (peak_mass + background_mass), abs=0.1)
    assert y == pytest.approx((80.0 * peak_mass + 239.5 * background_mass) / (peak_mass + background_mass), abs=0.1)
    assert peak(probability, LIMITS) == pytest.approx((100.4, 80.0), abs=0.02)


def test_of_two_peaks_the_centroid_takes_the_middle_and_the_corrected_reading_neither() -> None:
    probability = _map((100, 100, 0.9), (300, 100, 0.8))
    assert published_centroid(probability)[0] == pytest.approx((100 * 0.9 + 300 * 0.8) / 1.7, abs=0.1)
    assert peak(probability, LIMITS) is None
    assert peak(_map((100, 100, 0.9), (300, 100, 0.4)), LIMITS) == pytest.approx((100, 100), abs=0.01)


def test_a_saturated_peak_is_found_in_its_middle() -> None:
    saturated = np.minimum(_map((200.0, 150.0, 3.0)), 1.0)
    assert peak(saturated, LIMITS) == pytest.approx((200.0, 150.0), abs=0.05)


@pytest.mark.parametrize("flat", [0.0, 0.01, 0.5, 1.0, np.nan])
def test_a_flat_map_has_no_peak(flat: float) -> None:
    assert peak(np.full((480, 640), flat), LIMITS) is None


def _diameters(frames: int, frame_rate_hz: float, beats_hz: float = 1.0) -> NDArray[np.float64]:
    """5 cm at end-diastole, 3 cm at end-systole, the first end-diastole a quarter beat in."""
    seconds = np.arange(frames) / frame_rate_hz
    return np.asarray(4 + np.cos(2 * np.pi * (seconds - 0.25 / beats_hz) * beats_hz))


def test_published_phases_are_the_first_pair_without_the_clip_s_first_and_last_extreme() -> None:
    curve = _diameters(150, 30.0)  # end-diastole at frames 7 or 8, 37 or 38 ..., end-systole half a beat later
    found = published_phases(curve)
    assert found.es_frame_index in (22, 23)
    assert found.ed_frame_index in (37, 38)
    assert published_phases(curve, kernel=True).ed_frame_index in (37, 38)


def test_the_kernel_weighs_neighbours_by_1_2_3_2_1() -> None:
    """A wave of w = 2 pi 20 / 300 a frame leaves it with (3 + 4 cos w + 2 cos 2w) / 9 of its height: 0.889."""
    wave = np.cos(2 * np.pi * 20 * np.arange(300) / 300)
    smooth = published_phases(wave, kernel=True).smooth
    assert smooth[120:180] == pytest.approx(0.8887 * wave[120:180], abs=0.003)
    assert published_phases(wave).smooth == pytest.approx(wave, abs=1e-9)


def test_phases_name_r_waves_only_where_they_were_used() -> None:
    curve, times_ms = _diameters(100, 25.0), np.arange(100) * 40.0  # largest at 250, 1250 ms, ...
    for r_waves, rule in (
        ((250.0, 1250.0, 2250.0, 3250.0), "phases by R waves and largest diameter"),
        ((700.0, 1700.0, 2700.0), "phases by largest diameter"),  # those of a shifted clock
        ((), "phases by largest diameter"),
    ):
        found = phase_frames(curve, times_ms, r_waves, None, Motion.CAVITY)
        assert found.ed
        assert found.rule == rule


@pytest.mark.parametrize("slipped", [0, 1, 6, 11])
def test_one_slipped_frame_does_not_count(slipped: int) -> None:
    curve = np.linspace(1.5, 1.8, 12)
    curve[slipped] = 4.2
    curve[3] = np.nan
    assert np.nanmax(running_median(curve)) < 1.85
    assert np.isnan(running_median(curve)).tolist() == [index == 3 for index in range(12)]


def test_published_phases_of_a_short_clip_are_none() -> None:
    found = published_phases(_diameters(45, 30.0))
    assert (found.ed_frame_index, found.es_frame_index) == (None, None)
    assert len(found.smooth) == 45


def test_fixed_30_frames_a_second_misses_beats_that_the_clip_s_own_clock_shows() -> None:
    """At 12 frames a second 72 beats a minute are filtered away, and a beat of 10 frames is shorter than the 25 demanded."""
    curve, times_ms = _diameters(150, 12.0, 1.2), np.arange(150) * 1000 / 12
    published = published_phases(curve)
    assert published.ed_frame_index is not None
    assert published.es_frame_index is not None
    assert abs(published.es_frame_index - published.ed_frame_index) > 20  # end-systole comes half a beat after: 5 frames
    assert np.ptp(published.smooth) < 0.2 * np.ptp(curve)
    corrected = phase_frames(curve, times_ms, (), None, Motion.CAVITY)
    assert len(corrected.ed) == 14
    assert curve[list(corrected.ed)] == pytest.approx(5.0, abs=0.1)
    assert curve[list(corrected.es)] == pytest.approx(3.0, abs=0.1)


def test_the_low_pass_keeps_140_beats_a_minute_by_the_clock_it_is_given() -> None:
    """At 60 frames a second the published filter lets 4 Hz pass, which is no heart."""
    seconds = np.arange(240) / 60
    slow, fast = np.cos(2 * np.pi * seconds), np.cos(2 * np.pi * 4 * seconds)
    assert published_phases(slow + fast).smooth == pytest.approx(slow + fast, abs=1e-9)
    assert smoothed(slow + fast, seconds * 1000) == pytest.approx(slow, abs=1e-9)


def test_the_low_pass_keeps_the_bin_of_its_cutoff() -> None:
    frames = np.arange(100)
    assert low_pass(np.cos(2 * np.pi * 5 * frames / 100), 5).max() == pytest.approx(1)
    assert np.abs(low_pass(np.cos(2 * np.pi * 6 * frames / 100), 5)).max() < 1e-9


def test_r_waves_give_end_diastole_to_a_structure_whose_size_does_not() -> None:
    curve, times_ms = np.full(60, 1.0), np.arange(60) * 40.0
    curve[25] = np.nan
    found = phase_frames(curve, times_ms, (400.0, 1000.0, 1590.0, 9000.0), None, Motion.NONE)
    assert (found.ed, found.es) == ((10, 40), ())
    assert phase_frames(curve, times_ms, (), None, Motion.NONE).ed == ()
    assert "frame times" in phase_frames(curve, None, (400.0,), None, Motion.NONE).rule


@pytest.mark.parametrize("period", [25, 40])
def test_an_atrium_is_largest_at_end_systole(period: int) -> None:
    """Also in a slow heart, whose atrium takes 800 ms to be smallest."""
    curve, times_ms = _diameters(3 * period, float(period)), np.arange(3 * period) * 40.0
    found = phase_frames(curve, times_ms, (0.0, 40.0 * period), None, Motion.ATRIUM)
    assert len(found.es) >= 2
    assert curve[list(found.es)] == pytest.approx(5.0, abs=0.1)
    assert found.ed == (0, period)


def test_teichholz() -> None:
    assert teichholz_volume_ml(3.0) == pytest.approx(35.0)
    assert teichholz_ef_percent(5.0, 3.0) == pytest.approx(70.4)
    assert teichholz_ef_percent(3.0, 3.1) is None
