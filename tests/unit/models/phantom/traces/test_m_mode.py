"""M-modes: borders where the heart has them, and pictures that show them there."""

import numpy as np
import pytest

from models.catalogue import QUANTITIES, View
from models.phantom.heart import Heart, HeartOptions, sample_heart
from models.phantom.rendered import Trace
from models.phantom.traces.m_mode import render_m_mode
from models.phantom.traces.m_mode_views import M_MODE_VIEWS

_SMALL = (128, 64)
_SECONDS = 1.15


@pytest.fixture(scope="module")
def heart() -> Heart:
    return sample_heart(3, HeartOptions(atrial_fibrillation=False, ef_percent=60, respiration=False, heart_rate_bpm=110))


@pytest.fixture(scope="module")
def traces(heart: Heart) -> dict[View, Trace]:
    read = (View.MMODE_PLAX_LV, View.MMODE_A4CH_RV)
    return {
        view: render_m_mode(heart, view, seed=2, seconds=_SECONDS if view in read else 0.3, shape=_SMALL)
        for view in M_MODE_VIEWS
    }


@pytest.mark.slow
def test_every_m_mode_renders(traces: dict[View, Trace]) -> None:
    """Bug prevented: a view without picture, or truth of another size than the picture."""
    for view, trace in traces.items():
        assert trace.panel.shape == _SMALL
        assert trace.panel.dtype == np.float32
        assert 0 <= trace.panel.min() < 0.2 < 0.5 < trace.panel.max() <= 1
        assert trace.depths_cm
        assert all(depths.shape == (_SMALL[1],) for depths in trace.depths_cm.values())
        assert trace.per_row > 0
        assert trace.values.keys() <= QUANTITIES.keys(), view


@pytest.mark.slow
def test_excursion_is_the_tapse_of_the_heart(heart: Heart, traces: dict[View, Trace]) -> None:
    """Bug prevented: an M-mode and a heart that disagree on TAPSE, or marks that are not its ends."""
    trace = traces[View.MMODE_A4CH_RV]
    assert trace.values["tapse"] == pytest.approx(heart.rv.tapse_mm / 10, abs=0.12)
    (low, high) = next(mark.places for mark in trace.marks if mark.key == "tapse")
    assert low[1] - high[1] == pytest.approx(trace.values["tapse"], abs=0.05)
    assert low[0] < high[0]


@pytest.mark.slow
def test_the_ring_is_bright_where_it_is_true(traces: dict[View, Trace]) -> None:
    """Bug prevented: a picture shifted against its truth."""
    trace = traces[View.MMODE_A4CH_RV]
    rows = (trace.depths_cm["tricuspid_lateral"] - trace.top_value) / trace.per_row
    columns = np.arange(len(rows))
    at_ring = trace.panel[rows.round().astype(int), columns]
    above = trace.panel[(rows - 0.8 / trace.per_row).round().astype(int), columns]
    assert at_ring.mean() > above.mean() + 0.15


@pytest.mark.slow
def test_walls_of_the_left_ventricle_are_in_order(traces: dict[View, Trace]) -> None:
    """Bug prevented: a septum behind its cavity, and calipers of one border for another."""
    trace = traces[View.MMODE_PLAX_LV]
    inner, outer, back = (trace.depths_cm[name] for name in ("ivs_left", "lvpw_inner", "lvpw_outer"))
    assert (np.diff(np.stack([inner, outer, back]), axis=0) > 0).all()
    values = trace.values
    assert values["lvids_mm"] < values["lvidd_mm"]
    assert values["fs_mm"] == pytest.approx(100 * (1 - values["lvids_mm"] / values["lvidd_mm"]))
    cavity = trace.panel[((inner + outer) / 2 / trace.per_row).astype(int), np.arange(_SMALL[1])]
    wall = trace.panel[((outer + back) / 2 / trace.per_row).astype(int), np.arange(_SMALL[1])]
    assert wall.mean() > cavity.mean() + 0.2


@pytest.mark.slow
def test_m_modes_are_made_of_their_seed(heart: Heart, traces: dict[View, Trace]) -> None:
    """Bug prevented: chance from anywhere but the seed; quality that changes where the cursor lies."""
    view = View.MMODE_A4CH_RV
    again = render_m_mode(heart, view, seed=2, seconds=_SECONDS, shape=_SMALL)
    assert again.panel.tobytes() == traces[view].panel.tobytes()
    poor = render_m_mode(heart, view, seed=2, seconds=_SECONDS, shape=_SMALL, quality=0, cause="noise")
    assert poor.quality_cause == "noise"
    assert dict(poor.values) == dict(again.values)
    assert poor.panel.tobytes() != again.panel.tobytes()


def test_unknown_views_and_causes_are_refused(heart: Heart) -> None:
    """Bug prevented: a picture of something else."""
    with pytest.raises(LookupError):
        render_m_mode(heart, View.DOPPLER_AV_PW, seed=1)
    with pytest.raises(LookupError):
        render_m_mode(heart, View.MMODE_IVC, seed=1, quality=1, cause="off angle")
