"""What the surfaces enclose is what the heart says: counted at points spread evenly, independently of the tables' sums."""

import math

import numpy as np
import pytest
import torch

from models.phantom.heart import LV_VOLUME, Heart, HeartOptions, HeartState, Kind, Points, sample_heart, state_at, tissue_at
from models.phantom.heart.chambers import atrial, ventricular

SEEDS = (1, 6, 11)


def even_points(state: HeartState, low: list[float], high: list[float], count: int) -> tuple[Points, float]:
    """Points spread evenly in a box, which count volumes better than independent ones; and the box's volume in mL."""
    # The additive recurrence of the root of x^4 = x + 1, which spreads points evenly in three dimensions.
    root = 1.2207440846057596
    shares = [(0.5 + np.arange(count) / root ** (k + 1)) % 1 for k in range(3)]
    places = [lo + (hi - lo) * s for lo, hi, s in zip(low, high, shares, strict=True)]
    moved = [torch.from_numpy(p + d) for p, d in zip(places, state.shift_mm, strict=True)]
    return Points(*moved), math.prod(hi - lo for lo, hi in zip(low, high, strict=True)) / 1000


def counted_lv_ml(state: HeartState, count: int) -> float:
    reach = math.sqrt(float(state.anatomy.ventricles.table[0].max())) + 4
    low, high = [-reach, -reach, state.base_z_mm], [reach, reach, 0.5]
    points, box_ml = even_points(state, low, high, count)
    lv = ventricular(state, Points(*(p - d for p, d in zip(points, state.shift_mm, strict=True))))
    return float(((lv.inner < 0) & (lv.u > 0)).double().mean()) * box_ml


def counted_ml(state: HeartState, name: str, count: int) -> float:
    shape = {"la": state.anatomy.la, "ra": state.anatomy.ra}[name]
    reach = math.sqrt(float(shape.table[0].max())) + 1
    tilt = abs(shape.slope) * 2 * reach
    low = [float(shape.axis_x.min()) - reach, float(shape.axis_y.min()) - reach, shape.annulus_z_mm - shape.length_mm - tilt]
    high = [float(shape.axis_x.max()) + reach, float(shape.axis_y.max()) + reach, shape.annulus_z_mm + tilt]
    points, box_ml = even_points(state, low, high, count)
    found = atrial(state, name, Points(*(p - d for p, d in zip(points, state.shift_mm, strict=True))))
    return float(((found.distance < 0) & (found.u > 0)).double().mean()) * box_ml


def counted_rv_ml(state: HeartState, count: int) -> float:
    reach = math.sqrt(float(state.anatomy.ventricles.table[6].max())) + 3
    low, high = [-reach, -reach, -state.length_mm - 25], [reach, reach, 0.0]
    points, box_ml = even_points(state, low, high, count)
    found = ventricular(state, Points(*(p - d for p, d in zip(points, state.shift_mm, strict=True))))
    return float(((found.rv < 0) & (found.outer > 0) & (found.plane > 0)).double().mean()) * box_ml


def end_systole_ms(heart: Heart) -> float:
    return heart.beats(0.0)[0].end_systole_ms


@pytest.mark.parametrize("seed", SEEDS)
def test_the_left_ventricle_encloses_its_volume_at_both_ends_of_systole(seed: int) -> None:
    heart = sample_heart(seed, HeartOptions(atrial_fibrillation=False))
    for time_ms, stated in ((0.0, heart.edv_ml), (end_systole_ms(heart), heart.esv_ml)):
        state = state_at(heart, time_ms)
        assert state.volume_ml == pytest.approx(stated)
        assert counted_lv_ml(state, 60_000) == pytest.approx(stated, rel=0.006)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_other_chambers_enclose_theirs(seed: int) -> None:
    heart = sample_heart(seed)
    state = state_at(heart, 0.6 * end_systole_ms(heart))
    assert counted_rv_ml(state, 60_000) == pytest.approx(state.moment.rv_ml, rel=0.02)
    assert counted_ml(state, "la", 40_000) == pytest.approx(state.moment.la_ml, rel=0.015)
    assert counted_ml(state, "ra", 40_000) == pytest.approx(state.moment.ra_ml, rel=0.015)


@pytest.mark.parametrize("seed", SEEDS)
def test_trabeculae_and_papillary_muscles_belong_to_the_cavity(seed: int) -> None:
    """Inside the compacted wall nothing is wall, and what stands there is a good part of the volume."""
    heart = sample_heart(seed, HeartOptions(atrial_fibrillation=False))
    state = state_at(heart, 0.0)
    reach = math.sqrt(float(state.anatomy.ventricles.table[0].max())) + 4
    points, _ = even_points(state, [-reach, -reach, state.base_z_mm], [reach, reach, 0.5], 20_000)
    lv = ventricular(state, Points(*(p - d for p, d in zip(points, state.shift_mm, strict=True))))
    kind = tissue_at(state, points).kind[(lv.inner < -0.01) & (lv.u > 0.03)]
    allowed = torch.tensor([int(k) for k in (*LV_VOLUME, Kind.ANNULUS)])
    assert bool(torch.isin(kind, allowed).all())
    solid = float(torch.isin(kind, torch.tensor([int(Kind.TRABECULA), int(Kind.PAPILLARY)])).double().mean())
    assert 0.02 < solid < 0.30


@pytest.mark.parametrize("seed", SEEDS)
def test_the_walls_volume_never_changes(seed: int) -> None:
    heart = sample_heart(seed)
    volumes = []
    for time_ms in np.linspace(0, heart.rr_interval_ms, 7):
        shape = state_at(heart, float(time_ms)).anatomy.ventricles
        inner, outer = (np.stack([shape.radii_at(name, u) for u in np.linspace(0, 1, 41)]) for name in ("inner", "outer"))
        volumes.append(float((outer - inner)[:, :].mean()) * shape.length_mm)
    assert np.ptp(volumes) < 1e-6 * volumes[0]


@pytest.mark.further
@pytest.mark.parametrize("seed", range(8))
def test_many_points_agree_with_the_volume_to_a_few_thousandths(seed: int) -> None:
    heart = sample_heart(seed, HeartOptions(atrial_fibrillation=False))
    counted = [counted_lv_ml(state_at(heart, t), 4_000_000) for t in (0.0, end_systole_ms(heart))]
    assert counted[0] == pytest.approx(heart.edv_ml, rel=0.001)
    assert counted[1] == pytest.approx(heart.esv_ml, rel=0.001)
    assert 100 * (1 - counted[1] / counted[0]) == pytest.approx(heart.ef_percent, abs=0.1)
