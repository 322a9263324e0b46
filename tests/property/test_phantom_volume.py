"""The image geometry, the closed forms and the product's own arithmetic agree about the ventricle's volume."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalogue import View
from models.derive.ventricle.volumes import biplane_volume_ml
from models.phantom.acquisition import sample_view
from models.phantom.anatomy import HeartState, end_systole_ms, sample_heart, state_at
from models.phantom.structures import Points, left_ventricle
from models.phantom.truth import lv_contour_mm

SEEDS = st.integers(0, 2**31)


def monte_carlo_ml(state: HeartState, seed: int, count: int = 400_000) -> float:
    half = 1.1 * state.radius_mm + state.heart.bend_mm
    x, y, z = torch.rand(3, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    points = Points((2 * x - 1) * half, (2 * y - 1) * half, -z * state.length_mm)
    share = float(left_ventricle(state, points).cavity.double().mean())
    return share * (2 * half) ** 2 * state.length_mm / 1000


@settings(max_examples=5)
@given(seed=SEEDS)
def test_counted_volume_is_the_closed_form(seed: int) -> None:
    heart = sample_heart(seed)
    moments = (0.0, 0.5 * heart.systole_fraction * heart.rr_interval_ms, end_systole_ms(heart))
    states = [state_at(heart, moment) for moment in moments]
    errors = [abs(monte_carlo_ml(state, seed) / state.volume_ml - 1) for state in states]
    assert np.mean(errors) < 0.005


def discs_ef_percent(seed: int) -> tuple[float, float, float]:
    """EF by discs from the true outlines, EDV by discs over the true one, true EF."""
    heart = sample_heart(seed)
    rng = np.random.default_rng(seed)
    poses = [sample_view(heart, view, rng)[0] for view in (View.A4C, View.A2C)]
    volumes = []
    for moment in (0.0, end_systole_ms(heart)):
        state = state_at(heart, moment)
        volumes.append(biplane_volume_ml(*(lv_contour_mm(state, pose) / 10 for pose in poses)))
    return 100 * (1 - volumes[1] / volumes[0]), volumes[0] / heart.edv_ml, heart.ef_percent


def test_method_of_discs_on_true_outlines_gives_the_true_ef() -> None:
    results = np.array([discs_ef_percent(seed) for seed in range(40)])
    errors = results[:, 0] - results[:, 2]
    assert np.abs(errors).mean() < 1.0
    assert np.abs(errors).max() < 3.0
    assert np.abs(results[:, 1] - 1).mean() < 0.04


@settings(max_examples=25)
@given(seed=SEEDS, share=st.floats(0, 0.999))
def test_every_outline_is_a_simple_arc_from_annulus_to_annulus(seed: int, share: float) -> None:
    heart = sample_heart(seed)
    state = state_at(heart, share * heart.rr_interval_ms)
    for view in (View.A4C, View.A2C):
        pose, _ = sample_view(heart, view, np.random.default_rng(seed))
        outline = lv_contour_mm(state, pose)
        z = pose.origin[2] + outline[:, 0] * pose.right[2] + outline[:, 1] * pose.forward[2]
        assert z[[0, -1]] == pytest.approx([state.base_z_mm] * 2, abs=1e-3)
        assert np.all(z[1:-1] > state.base_z_mm)
        assert z.max() > -0.06 * state.length_mm
        centre = outline[[0, -1]].mean(axis=0)
        turn = np.unwrap(np.arctan2(*(outline - centre).T[::-1]))
        assert np.all(np.diff(turn) > 0)
