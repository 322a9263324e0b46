"""The heart's closed forms: volumes, timing, population."""

import math

import numpy as np
import pytest

from models.phantom.anatomy import contraction_at, end_systole_ms, sample_heart, state_at

SEEDS = range(25)


@pytest.mark.parametrize("seed", SEEDS)
def test_volumes_at_end_diastole_and_end_systole_are_the_hearts_own(seed: int) -> None:
    heart = sample_heart(seed)
    assert state_at(heart, 0.0).volume_ml == pytest.approx(heart.edv_ml)
    assert state_at(heart, end_systole_ms(heart)).volume_ml == pytest.approx(heart.esv_ml)
    assert heart.ef_percent == pytest.approx(100 * (heart.edv_ml - heart.esv_ml) / heart.edv_ml)


@pytest.mark.parametrize("seed", SEEDS)
def test_length_and_radius_at_every_moment_enclose_the_volume(seed: int) -> None:
    heart = sample_heart(seed)
    for time_ms in np.linspace(0, heart.rr_interval_ms, 17):
        state = state_at(heart, float(time_ms))
        enclosed_ml = heart.volume_factor * state.length_mm * state.radius_mm**2 / 1000
        assert enclosed_ml == pytest.approx(state.volume_ml)


@pytest.mark.parametrize("seed", SEEDS)
def test_volume_factor_is_the_integral_of_the_cross_section(seed: int) -> None:
    heart = sample_heart(seed)
    u = (np.arange(20000) + 0.5) / 20000
    square = np.mean([heart.radius_share(float(v)) ** 2 for v in u])
    angles = np.linspace(0, 2 * math.pi, 2000, endpoint=False)
    lobes = 1 + heart.lobe2 * np.cos(2 * (angles - heart.lobe2_rad)) + heart.lobe3 * np.cos(3 * (angles - heart.lobe3_rad))
    assert heart.volume_factor == pytest.approx(math.pi * square * np.mean(lobes**2), rel=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ventricle_only_empties_in_systole_and_only_fills_in_diastole(seed: int) -> None:
    heart = sample_heart(seed)
    phases = np.linspace(0, 1, 400, endpoint=False)
    curve = np.array([contraction_at(heart, float(p)) for p in phases])
    assert curve.min() >= 0
    assert curve.max() <= 1
    systole = phases <= heart.systole_fraction
    assert np.all(np.diff(curve[systole]) >= 0)
    assert np.all(np.diff(curve[~systole]) <= 1e-12)


def test_the_beat_repeats() -> None:
    heart = sample_heart(4)
    assert state_at(heart, 130.0).volume_ml == pytest.approx(state_at(heart, 130.0 + heart.rr_interval_ms).volume_ml)


@pytest.mark.parametrize("seed", SEEDS)
def test_valves_open_in_turn(seed: int) -> None:
    heart = sample_heart(seed)
    mid_systole = state_at(heart, heart.systole_fraction / 2 * heart.rr_interval_ms)
    early_filling = state_at(heart, (heart.systole_fraction + 0.15) * heart.rr_interval_ms)
    assert mid_systole.mitral_opening == 0
    assert mid_systole.aortic_opening > 0.8
    assert early_filling.mitral_opening > 0.8
    assert early_filling.aortic_opening == 0


def test_the_population_is_broad_and_inside_its_limits() -> None:
    hearts = [sample_heart(seed) for seed in range(400)]
    ef = np.array([h.ef_percent for h in hearts])
    edv = np.array([h.edv_ml for h in hearts])
    assert ef.min() >= 15
    assert ef.max() <= 75
    assert np.all(np.histogram(ef, 6, (15, 75))[0] > 30)
    assert edv.min() >= 70
    assert edv.max() <= 280
    assert edv.max() > 240
    assert all(50 <= h.heart_rate_bpm <= 110 for h in hearts)
    assert all(6 <= h.posterior_wall_mm <= 14 for h in hearts)


def test_a_heart_is_its_seed() -> None:
    assert sample_heart(7) == sample_heart(7)
    assert sample_heart(7).edv_ml != sample_heart(8).edv_ml
