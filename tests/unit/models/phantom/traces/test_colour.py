"""Flow in a plane: where blood goes, how fast, and how a cart would wrap it."""

import numpy as np
import pytest
import torch

from models.phantom.heart import BLOOD, Heart, HeartOptions, HeartState, Points, sample_heart, state_at, tissue_at
from models.phantom.traces.colour import flow_in_plane
from models.phantom.traces.flow import flow
from models.phantom.traces.haemodynamics import FlowOptions

_TIGHT = FlowOptions(mitral_leak_ml=0.0, aortic_leak_ml=0.0, tricuspid_jet_cm_s=0.0)
_LEAKING = FlowOptions(mitral_leak_ml=20.0, aortic_leak_ml=0.0, tricuspid_jet_cm_s=0.0)


@pytest.fixture(scope="module")
def heart() -> Heart:
    return sample_heart(3, HeartOptions(atrial_fibrillation=False, ef_percent=60, respiration=False))


@pytest.fixture(scope="module")
def plane() -> tuple[Points, Points]:
    """From the apex down through ventricle and atrium, and the beams of a probe at the apex."""
    lateral, depth = torch.meshgrid(torch.linspace(-45, 45, 60), torch.linspace(5, 140, 70), indexing="xy")
    points = Points(lateral, torch.zeros_like(lateral), -depth)
    length = torch.sqrt(lateral**2 + (depth + 15) ** 2)
    return points, Points(lateral / length, torch.zeros_like(lateral), -(depth + 15) / length)


def _early(heart: Heart) -> HeartState:
    return state_at(heart, heart.beats(0.0)[0].mitral_opening_ms + 60)


def _systole(heart: Heart) -> HeartState:
    beat = heart.beats(0.0)[0]
    return state_at(heart, (beat.ejection_start_ms + beat.end_systole_ms) / 2)


def test_blood_comes_to_the_apex_in_diastole_and_leaves_it_in_systole(heart: Heart, plane: tuple[Points, Points]) -> None:
    """Bug prevented: red for blue."""
    of = flow(heart, _TIGHT)
    depth = -plane[0].z
    for state, sign in ((_early(heart), 1), (_systole(heart), -1)):
        velocity = flow_in_plane(state, *plane, of)
        ventricle = velocity[torch.isfinite(velocity) & (depth < state.length_mm - 5) & (depth > 0.5 * state.length_mm)]
        fastest = ventricle[ventricle.abs().argmax()]
        assert np.sign(float(fastest)) == sign
        assert abs(float(fastest)) > 15


def test_only_blood_has_colour(heart: Heart, plane: tuple[Points, Points]) -> None:
    """Bug prevented: colour on walls, and zero where nothing is known."""
    state = _early(heart)
    velocity = flow_in_plane(state, *plane, flow(heart, _TIGHT))
    kind = tissue_at(state, plane[0]).kind
    blood = torch.isin(kind, torch.tensor([int(one) for one in BLOOD], dtype=kind.dtype))
    coloured = torch.isfinite(velocity)
    assert coloured[blood].float().mean() > 0.1
    assert coloured[~blood].float().mean() < 0.1, "trabeculae alone may hold moving blood"
    assert not (velocity == 0).any()


def test_a_leak_is_fast_and_wraps(heart: Heart, plane: tuple[Points, Points]) -> None:
    """Bug prevented: a jet that the scale shows whole, or that is not there."""
    state = _systole(heart)
    tight, leaking = (flow_in_plane(state, *plane, flow(heart, options)) for options in (_TIGHT, _LEAKING))
    assert torch.nan_to_num(leaking - tight).abs().max() > 150
    wrapped = flow_in_plane(state, *plane, flow(heart, _LEAKING), 60.0)
    assert torch.nan_to_num(wrapped).abs().max() <= 60
    turns = (leaking - wrapped)[torch.isfinite(leaking)] / 120
    assert torch.allclose(turns, turns.round(), atol=1e-3)
    assert turns.abs().max() >= 1


def test_the_same_moment_flows_the_same(heart: Heart, plane: tuple[Points, Points]) -> None:
    """Bug prevented: turbulence from chance of its own."""
    first, again = (flow_in_plane(_systole(heart), *plane, flow(heart, _LEAKING)) for _ in range(2))
    assert torch.equal(first.nan_to_num(0), again.nan_to_num(0))
