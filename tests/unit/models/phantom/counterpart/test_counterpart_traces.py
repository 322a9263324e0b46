"""Traces of the second generator: what is stated of them against what they show."""

import numpy as np
import pytest

from models.catalogue import QUANTITIES, Mode, View
from models.phantom.counterpart import TRACES, render_trace, sample_heart
from models.phantom.counterpart.spectra import mode_of
from models.phantom.counterpart.strips import STRIPS
from models.phantom.counterpart.velocities import SPECTRA, beat_of, lvot_vti_cm
from models.phantom.rendered import Trace

SMALL = (96, 128)


@pytest.fixture(scope="module")
def spectra() -> dict[View, Trace]:
    return {view: render_trace(3, view, seed=1, quality=3, seconds=3.0, shape=(160, 240)) for view in SPECTRA}


def test_every_spectrum_is_stated_in_the_catalogues_words(spectra: dict[View, Trace]) -> None:
    for view, trace in spectra.items():
        assert trace.panel.shape == (160, 240)
        assert 0 <= trace.panel.min() <= trace.panel.max() <= 1
        assert trace.mode is mode_of(view)
        assert set(trace.values) | {mark.key for mark in trace.marks} <= set(QUANTITIES)
        assert trace.envelope_cm_s is not None
        assert trace.envelope_cm_s.shape == (240,)


def test_flow_and_tissue_are_told_apart() -> None:
    assert mode_of(View.DOPPLER_TISSUE_SEPTAL) is Mode.TDI
    assert mode_of(View.DOPPLER_AV_CW) is Mode.CW
    assert mode_of(View.DOPPLER_MV_PW) is Mode.PW


def test_marks_lie_on_the_true_edge(spectra: dict[View, Trace]) -> None:
    checked = 0
    for view, trace in spectra.items():
        columns = (np.arange(240) + 0.5) * trace.seconds_per_column
        for mark in trace.marks:
            ((at, value),) = mark.places
            assert np.interp(at, columns, trace.envelope_cm_s) == pytest.approx(value, rel=0.06), (view, mark.key)
            checked += 1
    assert checked > 15


def test_the_display_is_bright_up_to_the_true_edge_and_dark_beyond(spectra: dict[View, Trace]) -> None:
    for view in (View.DOPPLER_AV_CW, View.DOPPLER_AV_PW, View.DOPPLER_MV_CW, View.DOPPLER_TV_CW):
        trace = spectra[view]
        value = trace.top_value + np.arange(160) * trace.per_row
        inside, outside = [], []
        for column in np.flatnonzero(np.abs(trace.envelope_cm_s) > 0.7 * np.abs(trace.envelope_cm_s).max()):
            edge = trace.envelope_cm_s[column]
            share = value / edge
            inside.append(trace.panel[(share > 0.86) & (share < 0.98), column].mean())
            outside.append(trace.panel[share > 1.14, column].mean())
        assert np.mean(inside) > 0.45, view
        assert np.mean(outside) < 0.4 * np.mean(inside), view


def test_the_outflow_carries_the_stroke_volume() -> None:
    for seed in range(6):
        heart = sample_heart(seed)
        beat = beat_of(heart, View.DOPPLER_AV_PW)
        at = np.arange(0, 1000.0, 0.5)
        integral = float(np.abs(beat.velocity(at, 1000.0)).sum() * 0.0005)
        assert integral == pytest.approx(lvot_vti_cm(heart), rel=0.01)
        assert beat.values["lvot_vti"] == pytest.approx(integral, rel=0.01)


def test_deceleration_is_the_slope_of_early_filling() -> None:
    for seed in range(5):
        beat = beat_of(sample_heart(seed), View.DOPPLER_MV_PW)
        (top, early) = next((at, value) for key, at, value in beat.marks if key == "mv_e")
        later = top + 0.3 * beat.values["mv_dt"]
        assert float(beat.velocity(np.array([later]), 60000.0)[0]) == pytest.approx(0.7 * early, rel=0.01)


def test_spectra_are_the_same_for_a_seed_and_worse_for_a_worse_quality() -> None:
    one, other = (render_trace(3, View.DOPPLER_AV_CW, seed=1, quality=1, shape=SMALL) for _ in range(2))
    assert one.panel.tobytes() == other.panel.tobytes()
    assert one.quality_cause
    assert not render_trace(3, View.DOPPLER_AV_CW, seed=1, quality=3, shape=SMALL).quality_cause


@pytest.fixture(scope="module")
def strips() -> dict[View, Trace]:
    return {view: render_trace(5, view, seed=2, quality=3, seconds=1.5, shape=(96, 18)) for view in STRIPS}


@pytest.mark.slow
def test_every_trace_has_a_class_and_borders(strips: dict[View, Trace]) -> None:
    assert set(TRACES) == set(SPECTRA) | set(STRIPS)
    for view, trace in strips.items():
        assert trace.mode is Mode.M_MODE
        assert trace.panel.shape == (96, 18)
        assert set(trace.values) <= set(QUANTITIES), view
        for name, depth in trace.depths_cm.items():
            assert np.nanmin(depth) > 0, name
            assert np.nanmax(depth) < 96 * trace.per_row, name


@pytest.mark.slow
def test_marks_of_a_strip_lie_on_its_borders(strips: dict[View, Trace]) -> None:
    trace = strips[View.MMODE_PLAX_LV]
    at = (np.arange(18) + 0.5) * trace.seconds_per_column
    keys = {mark.key for mark in trace.marks}
    assert {"ivsd_mm", "lvidd_mm", "lvpwd_mm", "lvids_mm"} <= keys
    for mark in trace.marks:
        if mark.key == "lvidd_mm":
            (when, first), (_, second) = mark.places
            assert first == pytest.approx(np.interp(when, at, trace.depths_cm["septum_left"]), abs=0.02)
            assert second == pytest.approx(np.interp(when, at, trace.depths_cm["posterior_endocardium"]), abs=0.02)
    assert trace.values["lvids_mm"] < trace.values["lvidd_mm"]


@pytest.mark.slow
def test_the_annulus_travels_as_far_as_the_heart_says(strips: dict[View, Trace]) -> None:
    """Along the cursor, which runs within 30 degrees of the motion."""
    travelled, built = strips[View.MMODE_A4CH_RV].values["tapse"], sample_heart(5).tapse_mm / 10
    assert 0.8 * built < travelled <= 1.03 * built
