"""The gate of a trace stands where the flow, or the wall, is that the trace shows."""

import math

import numpy as np
import pytest

from models.catalogue import View
from models.phantom import counterpart, heart, planes, traces
from models.phantom.screens import ABOVE, gate_mm

pytestmark = pytest.mark.slow

SEED, POLAR = 5, (48, 24)
# What of the heart's own landmarks each gate is set on.
ON = {
    View.DOPPLER_MV_PW: ("mitral_septal", "mitral_lateral"),
    View.DOPPLER_TISSUE_SEPTAL: ("mitral_septal",),
    View.DOPPLER_TISSUE_LATERAL: ("mitral_lateral",),
    View.DOPPLER_TV_CW: ("tricuspid_septal", "tricuspid_lateral"),
    View.DOPPLER_TISSUE_RV: ("tricuspid_lateral",),
    View.DOPPLER_AV_CW: ("aortic_annulus",),
    View.MMODE_PLAX_AV: ("aortic_sinus", "stj"),
}


@pytest.mark.parametrize("view", ON, ids=str)
def test_it_stands_on_the_heart_s_own_landmark(view: View) -> None:
    one, name = heart.sample_heart(SEED), ABOVE[view][0]
    clip = planes.render_plane(one, name, seed=SEED, quality=3, frames=1, polar=POLAR, everyday=0.0)
    placement = planes.hold_probe(one, name, seed=SEED, quality=3, everyday=0.0)
    places = heart.landmarks(heart.state_at(one, 0.0))
    wanted = np.mean([placement.in_plane(places[landmark]) for landmark in ON[view]], axis=0)
    gate = gate_mm(view, clip)
    assert gate is not None
    assert math.dist(gate, wanted) < 12


@pytest.mark.parametrize("view", [view for view in traces.TRACES if view in ABOVE], ids=str)
def test_both_generators_have_one_in_the_sector_or_none(view: View) -> None:
    for clip in (
        planes.render_plane(heart.sample_heart(SEED), ABOVE[view][0], seed=SEED, quality=3, frames=1, polar=POLAR),
        counterpart.render_plane(counterpart.sample_heart(SEED), ABOVE[view][0], seed=SEED, quality=3, frames=1, polar=POLAR),
    ):
        gate = gate_mm(view, clip)
        assert gate is None or clip.sector.near_mm < math.hypot(*gate) < clip.sector.far_mm


def test_without_outlines_nobody_guesses() -> None:
    clip = planes.render_plane(heart.sample_heart(SEED), "subcostal-ivc", seed=SEED, quality=3, frames=1, polar=POLAR)
    assert gate_mm(View.MMODE_IVC, clip) is None
