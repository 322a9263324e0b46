"""The third generator: exact volumes, borders on its own surfaces, and nothing borrowed."""

import numpy as np
import pytest

from models.catalogue import View
from models.derive.ventricle.volumes import biplane_volume_ml
from models.phantom.witness import PLANES, Heart, Setting, render_plane, sample_heart
from models.phantom.witness.heart import END_SYSTOLE_PHASE, state_at
from models.phantom.witness.planes import place
from models.phantom.witness.structures import TISSUES, tissue_at
from models.phantom.witness.truth import contours

SETTINGS = list(Setting)
_INSIDE = [TISSUES.index("lv"), TISSUES.index("muscle_inside")]


def _counted_ml(heart: Heart, time_ms: float, points: int) -> float:
    """The cavity's volume by points thrown into its box, trabeculae and papillary muscles included."""
    state = state_at(heart, time_ms)
    half = 1.4 * state.radius_mm
    random = np.random.default_rng(5)
    box = random.uniform([[-half], [-half], [0]], [[half], [half], [state.length_mm]], (3, points))
    inside = np.isin(tissue_at(state, box)[0], _INSIDE).mean()
    return float(inside * 4 * half * half * state.length_mm / 1000)


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_volumes_are_the_stated_ones(seed: int, setting: Setting) -> None:
    heart = sample_heart(seed, setting)
    assert _counted_ml(heart, 0.0, 200_000) == pytest.approx(heart.edv_ml, rel=0.012)
    assert _counted_ml(heart, 0.36 * heart.rr_interval_ms, 200_000) == pytest.approx(heart.esv_ml, rel=0.012)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_our_discs_find_its_ejection_fraction_in_its_outlines(seed: int, setting: Setting) -> None:
    heart = sample_heart(seed, setting)
    random = np.random.default_rng(seed)
    moments = [state_at(heart, phase * heart.rr_interval_ms) for phase in (0.0, END_SYSTOLE_PHASE)]
    a4c, a2c = (contours(place(heart, view, random), moments)["lv"] / 10 for view in (View.A4C, View.A2C))
    volumes = [biplane_volume_ml(a4c[k], a2c[k]) for k in (0, 1)]
    assert 100 * (1 - volumes[1] / volumes[0]) == pytest.approx(heart.ef_percent, abs=0.5)
    assert volumes[0] == pytest.approx(heart.edv_ml, rel=0.08)


def test_calipers_are_as_long_as_the_values_say() -> None:
    clip = render_plane(sample_heart(1, Setting.REPORT), "plax-full-lv", seed=3, quality=3, frames=1, polar=(8, 8))
    for key in ("lvidd_2d", "ivsd_2d", "lvpwd_2d"):
        ends = clip.landmarks_mm[key][0]
        assert np.linalg.norm(ends[1] - ends[0]) / 10 == pytest.approx(clip.values[key], abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("echoview47", PLANES)
def test_the_same_seed_draws_the_same_picture(echoview47: str) -> None:
    heart = sample_heart(4, Setting.CALIBRATION)
    first, again = (render_plane(heart, echoview47, seed=1, quality=1, frames=2, polar=(48, 32)) for _ in range(2))
    assert np.array_equal(first.polar, again.polar)
    assert not np.array_equal(first.polar[0], first.polar[1])
    assert first.quality_cause


def test_the_two_settings_share_no_heart() -> None:
    reported, calibrating = (sample_heart(6, setting) for setting in SETTINGS)
    assert reported.edv_ml != calibrating.edv_ml


@pytest.mark.slow
def test_the_cavity_is_darker_than_its_wall() -> None:
    clip = render_plane(sample_heart(0, Setting.REPORT), "a4ch-full", seed=3, quality=3, frames=1, polar=(96, 64))
    samples, lines = clip.polar.shape[1:]
    middle = clip.contours_mm["lv"][0].mean(axis=0)
    apex = clip.contours_mm["lv"][0][32]
    outside = apex + (apex - middle) / np.linalg.norm(apex - middle) * 3

    def grey(place: np.ndarray) -> float:
        depth, angle = np.hypot(*place), np.arctan2(*place)
        sector = clip.sector
        row = round((depth - sector.near_mm) / (sector.far_mm - sector.near_mm) * (samples - 1))
        column = round((angle / sector.half_angle_rad + 1) / 2 * (lines - 1))
        return float(clip.polar[0, row - 1 : row + 2, column - 1 : column + 2].mean())

    assert grey(middle) + 0.15 < grey(outside)
