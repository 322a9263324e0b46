"""Spectral displays: what the picture shows is what is said to be true of it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.catalogue import QUANTITIES, Mode, View
from models.phantom.heart import Heart, HeartOptions, sample_heart
from models.phantom.rendered import Trace
from models.phantom.traces.haemodynamics import FlowOptions
from models.phantom.traces.spectral import SPECTRAL_VIEWS, SpectralOptions, render_spectrum
from models.phantom.traces.spectrum_style import CAUSES

_SMALL = (128, 256)


@pytest.fixture(scope="module")
def heart() -> Heart:
    return sample_heart(3, HeartOptions(atrial_fibrillation=False, ef_percent=60, heart_rate_bpm=70))


def _rows(trace: Trace) -> NDArray[np.float64]:
    return np.asarray(trace.top_value + np.arange(trace.panel.shape[0]) * trace.per_row, np.float64)


def _traced_cm_s(trace: Trace, columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """The fastest velocity of the columns' flow whose smoothed grey exceeds the half of the brightest."""
    smooth = np.stack([np.convolve(column, np.ones(3) / 3, "same") for column in trace.panel.T], 1)
    assert trace.envelope_cm_s is not None
    side = np.sign(trace.envelope_cm_s[columns])
    along = _rows(trace)[:, None] * side
    bright = (smooth[:, columns] > 0.5 * np.percentile(smooth[:, columns], 97)) & (along > 0)
    return np.asarray(np.where(bright, along, 0).max(axis=0))


@pytest.mark.parametrize("view", SPECTRAL_VIEWS)
def test_every_view_renders(heart: Heart, view: View) -> None:
    """Bug prevented: a view without picture, a key on a display it is not read in, or a mark beside the envelope."""
    trace = render_spectrum(heart, view, seed=2, options=SpectralOptions(shape=_SMALL))
    assert trace.panel.shape == _SMALL
    assert trace.panel.dtype == np.float32
    assert 0 <= trace.panel.min() < 0.2 < trace.panel.max() <= 1
    assert trace.envelope_cm_s is not None
    for key in trace.values:
        assert view in QUANTITIES[key].views
    for mark in trace.marks:
        for time_s, velocity in mark.places:
            assert 0 <= time_s <= trace.seconds_per_column * _SMALL[1]
            if velocity:
                column = min(round(time_s / trace.seconds_per_column - 0.5), _SMALL[1] - 1)
                near = trace.envelope_cm_s[max(column - 2, 0) : column + 3]
                assert np.abs(near - velocity).min() < 0.06 * np.abs(trace.envelope_cm_s).max()


def test_the_same_seed_gives_the_same_bytes(heart: Heart) -> None:
    """Bug prevented: chance from anywhere but the seed."""
    first, again, other = (
        render_spectrum(heart, View.DOPPLER_MV_PW, seed=seed, options=SpectralOptions(shape=_SMALL)) for seed in (7, 7, 8)
    )
    assert first.panel.tobytes() == again.panel.tobytes()
    assert first.panel.tobytes() != other.panel.tobytes()


@pytest.mark.parametrize("view", [View.DOPPLER_AV_CW, View.DOPPLER_AV_PW, View.DOPPLER_PV_PW])
def test_good_pictures_show_the_true_envelope(heart: Heart, view: View) -> None:
    """Bug prevented: truth that lies inside or beyond the dense edge, as a reader would place it."""
    errors = []
    for seed in range(6):
        trace = render_spectrum(heart, view, seed=seed, options=SpectralOptions(flow=FlowOptions(aortic_leak_ml=0.0)))
        assert trace.envelope_cm_s is not None
        speeds = np.abs(trace.envelope_cm_s)
        fast = np.flatnonzero(speeds > 0.7 * speeds.max())
        errors.append(np.median(_traced_cm_s(trace, fast) / speeds[fast]) - 1)
    assert abs(np.mean(errors)) < 0.04
    assert np.max(np.abs(errors)) < 0.1


def test_the_integral_is_that_of_the_envelope(heart: Heart) -> None:
    """Bug prevented: values of other beats than the ones shown."""
    trace = render_spectrum(heart, View.DOPPLER_AV_PW, seed=4)
    assert trace.envelope_cm_s is not None
    of_beats = []
    for mark in trace.marks:
        if mark.key == "lvot_vti":
            first, last = (round(time_s / trace.seconds_per_column) for time_s, _ in mark.places)
            of_beats.append(np.abs(trace.envelope_cm_s[first:last]).sum() * trace.seconds_per_column)
    assert of_beats
    assert trace.values["lvot_vti"] == pytest.approx(np.mean(of_beats), rel=0.02)


def test_inverted_and_shifted_displays_show_the_same_flow(heart: Heart) -> None:
    """Bug prevented: a sign that follows the picture instead of the axis."""
    plain, inverted, shifted = (
        render_spectrum(heart, View.DOPPLER_AV_CW, seed=5, options=options)
        for options in (
            SpectralOptions(inverted=False),
            SpectralOptions(inverted=True),
            SpectralOptions(inverted=False, base_line=0.5),
        )
    )
    assert plain.values == inverted.values == shifted.values
    assert plain.per_row < 0 < inverted.per_row
    for trace in (plain, inverted, shifted):
        towards, away = (trace.panel[_rows(trace) * way > 15].mean() for way in (1, -1))
        assert away > towards, "systolic flow runs away from an apical transducer"
    assert -shifted.top_value / shifted.per_row == pytest.approx(175, abs=1)


def test_pulsed_doppler_wraps_what_exceeds_it_and_continuous_wave_does_not(heart: Heart) -> None:
    """Bug prevented: aliasing that is only said, or that happens where it cannot."""
    for view in (View.DOPPLER_AV_PW, View.DOPPLER_AV_CW):
        options = SpectralOptions(aliased=True, inverted=False, base_line=0.4, flow=FlowOptions(aortic_leak_ml=0.0))
        trace = render_spectrum(heart, view, seed=6, options=options)
        assert trace.envelope_cm_s is not None
        bottom = _rows(trace)[-1]
        assert trace.envelope_cm_s.min() < 1.2 * bottom
        beyond = np.flatnonzero(trace.envelope_cm_s < 1.15 * bottom)
        opposite = trace.panel[2:8, beyond].mean()
        quiet = trace.panel[2:8, np.flatnonzero(trace.envelope_cm_s == 0)].mean()
        assert (opposite > quiet + 0.2) == (trace.mode is Mode.PW)


@pytest.mark.parametrize("cause", CAUSES)
def test_quality_is_lowered_by_its_cause_alone(heart: Heart, cause: str) -> None:
    """Bug prevented: sweep, scale or side of the display that tell the quality."""
    good, bad = (
        render_spectrum(heart, View.DOPPLER_AV_PW, seed=9, quality=quality, options=SpectralOptions(cause=cause, shape=_SMALL))
        for quality in (3, 0)
    )
    assert (good.quality_cause, bad.quality_cause) == ("", cause)
    assert good.seconds_per_column == bad.seconds_per_column
    assert good.r_wave_times_ms == bad.r_wave_times_ms
    assert np.sign(good.per_row) == np.sign(bad.per_row)
    assert np.abs(good.panel - bad.panel).mean() > 0.02
    if cause == "off angle":
        assert bad.values["lvot_vmax"] < 0.75 * good.values["lvot_vmax"]
    else:
        assert bad.values == good.values


def test_unknown_views_qualities_and_causes_are_refused(heart: Heart) -> None:
    """Bug prevented: a picture of something else."""
    with pytest.raises(LookupError):
        render_spectrum(heart, View.A4C, seed=1)
    with pytest.raises(LookupError):
        render_spectrum(heart, View.DOPPLER_AV_PW, seed=1, quality=4)
    with pytest.raises(LookupError):
        render_spectrum(heart, View.DOPPLER_AV_PW, seed=1, quality=1, options=SpectralOptions(cause="boredom"))
