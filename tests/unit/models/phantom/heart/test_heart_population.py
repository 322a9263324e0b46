"""Hundreds of hearts: in their ranges, anatomically sane, and as the options ask."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.catalogue import QUANTITIES
from models.phantom.heart import Heart, HeartOptions, Kind, Points, landmarks, sample_heart, state_at, tissue_at, true_values

SEEDS = range(120)


@pytest.fixture(scope="module")
def hearts() -> list[Heart]:
    return [sample_heart(seed) for seed in SEEDS]


def test_every_heart_is_in_the_stated_ranges(hearts: list[Heart]) -> None:
    for heart in hearts:
        assert 14.9 <= heart.ef_percent <= 75.1
        assert 60 <= heart.edv_ml <= 300
        assert 45 <= heart.heart_rate_bpm <= 120
    efs = np.array([heart.ef_percent for heart in hearts])
    assert efs.min() < 20
    assert efs.max() > 70


@pytest.mark.slow
def test_true_values_are_possible_and_known_to_the_catalogue(hearts: list[Heart]) -> None:
    for heart in hearts[:40]:
        values = true_values(heart)
        for key, value in values.items():
            least, most = QUANTITIES[key].limits
            assert least <= value <= most, (heart.seed, key, value)
        assert values["lvids_2d"] < values["lvidd_2d"]
        assert values["ao_stj"] < values["ao_root"]
        assert values["rv_mid"] < values["rv_basal"]


@pytest.mark.further
@pytest.mark.parametrize("seed", range(40, 400))
def test_hundreds_of_hearts_are_sane(seed: int) -> None:
    values = true_values(sample_heart(seed))
    assert all(QUANTITIES[key].limits[0] <= value <= QUANTITIES[key].limits[1] for key, value in values.items())


@pytest.mark.slow
def test_walls_are_positive_everywhere(hearts: list[Heart]) -> None:
    for heart in hearts[:12]:
        for time_ms in (0.0, heart.beats(0.0)[0].end_systole_ms):
            shape = state_at(heart, time_ms).anatomy.ventricles
            for u in np.linspace(0, 0.95, 20):
                inner, outer = (np.sqrt(np.maximum(shape.radii_at(name, u), 0)) for name in ("inner", "outer"))
                assert (outer - inner).min() > 2.0
                assert inner.min() > 1.0


def test_the_same_seed_gives_the_same_heart() -> None:
    assert sample_heart(17) == sample_heart(17)
    assert sample_heart(17) != sample_heart(18)
    first, second = (true_values(sample_heart(17)) for _ in range(2))
    assert first == second


def test_an_option_changes_only_what_it_asks_for() -> None:
    plain = sample_heart(9)
    faster = sample_heart(9, HeartOptions(heart_rate_bpm=99.0))
    assert faster.heart_rate_bpm == 99.0
    assert replace(faster, rhythm=plain.rhythm) == plain


@pytest.mark.parametrize("seed", range(8))
def test_options_do_what_they_say(seed: int) -> None:
    asked = sample_heart(seed, HeartOptions(ef_percent=33.0, edv_ml=150.0, effusion_mm=12.0))
    assert asked.ef_percent == pytest.approx(33.0)
    assert asked.edv_ml == 150.0
    assert asked.effusion_mm == 12.0
    for name, key in (
        ("hypertrophy", "ivsd_2d"), ("dilated_rv", "rv_basal"), ("dilated_atria", "la_vol_mod_bp"), ("enlarged_root", "ao_root")
    ):  # fmt: skip
        without, with_it = (true_values(sample_heart(seed, HeartOptions(**{name: wanted})))[key] for wanted in (False, True))
        assert with_it > 1.08 * without, name


def test_a_segment_that_stands_still_moves_less_and_the_volume_is_kept() -> None:
    options = {"ef_percent": 45.0, "atrial_fibrillation": False}
    sick = sample_heart(2, HeartOptions(motion_abnormality="inferior", **options))
    well = sample_heart(2, HeartOptions(motion_abnormality="none", **options))
    moved = []
    for heart in (sick, well):
        radii = []
        for time_ms in (0.0, heart.beats(0.0)[0].end_systole_ms):
            squares = state_at(heart, time_ms).anatomy.ventricles.radii_at("inner", sick.lv.segment_u)
            radii.append(math.sqrt(squares[round(sick.lv.segment_rad / (2 * math.pi) * len(squares)) % len(squares)]))
        moved.append(1 - radii[1] / radii[0])
    assert moved[0] < 0.5 * moved[1]


@pytest.mark.parametrize("seed", range(4))
def test_effusion_lies_round_the_heart_as_wide_as_asked(seed: int) -> None:
    without, with_it = (sample_heart(seed, HeartOptions(effusion_mm=wide)) for wide in (0.0, 14.0))
    grid = torch.linspace(-90, 90, 91, dtype=torch.float64)
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    for heart, expected in ((without, False), (with_it, True)):
        state = state_at(heart, 0.0)
        kinds = tissue_at(state, Points(x, y, torch.full_like(x, state.base_z_mm / 2))).kind
        assert bool((kinds == Kind.EFFUSION).any()) is expected


@pytest.mark.parametrize("seed", range(6))
def test_landmarks_lie_on_their_surfaces(seed: int) -> None:
    heart = sample_heart(seed)
    state = state_at(heart, 150.0)
    places = landmarks(state)
    kinds = {}
    for name, place in places.items():
        point = Points(*(torch.tensor([coordinate], dtype=torch.float64) for coordinate in place))
        kinds[name] = Kind(int(tissue_at(state, point).kind))
    assert kinds["aortic_annulus"] in {Kind.AORTA, Kind.AORTIC_CUSP, Kind.LVOT}
    assert kinds["ascending"] is kinds["stj"] is Kind.AORTA
    assert kinds["lvot"] is Kind.LVOT
    assert kinds["la_centre"] is Kind.LA
    assert kinds["ra_centre"] is Kind.RA
    assert kinds["pulmonary_artery"] is Kind.PULMONARY_ARTERY
    assert kinds["rvot_proximal"] is Kind.RV_CAVITY
    assert kinds["arch"] is kinds["descending"] is Kind.AORTIC_ARCH
    assert kinds["mitral_tip_anterior"] is Kind.MITRAL_LEAFLET
    apex = tissue_at(state, Points(*(torch.tensor([c], dtype=torch.float64) for c in places["apex"])))
    assert float(apex.edge_mm) < 0.05


@pytest.mark.parametrize("seed", range(12))
def test_tapse_is_the_lateral_annulus_excursion(seed: int) -> None:
    heart = sample_heart(seed, HeartOptions(respiration=False, atrial_fibrillation=False))
    beat = heart.beats(0.0)[0]
    low, high = (landmarks(state_at(heart, t))["tricuspid_lateral"][2] for t in (0.0, beat.end_systole_ms))
    assert high - low == pytest.approx(heart.rv.tapse_mm, abs=0.05)
