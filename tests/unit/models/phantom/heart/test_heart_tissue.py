"""Tissue at points: chambers that keep apart, material that moves with the wall, boundaries and their normals."""

import math

import numpy as np
import pytest
import torch

from models.phantom.heart import BLOOD, HeartOptions, HeartState, Kind, Points, sample_heart, state_at, tissue_at
from models.phantom.heart.chambers import atrial, ventricular
from models.phantom.heart.tubes import root_distance


def lattice(state: HeartState, step_mm: float) -> Points:
    sides = ((-95.0, 60.0), (-70.0, 60.0), (-state.length_mm - 75, 4.0))
    axes = [torch.arange(low, high, step_mm, dtype=torch.float32) + 0.3 for low, high in sides]
    x, y, z = torch.meshgrid(*axes, indexing="ij")
    return Points(x.reshape(-1), y.reshape(-1), z.reshape(-1))


@pytest.mark.parametrize("seed", range(0, 24, 3))
def test_chambers_do_not_overlap(seed: int) -> None:
    heart = sample_heart(seed)
    for time_ms in (0.0, heart.beats(0.0)[0].mitral_opening_ms):
        state = state_at(heart, time_ms)
        points = lattice(state, 4.0)
        heart_at, la, ra = ventricular(state, points), atrial(state, "la", points), atrial(state, "ra", points)
        distance, _, along, _, _ = root_distance(state.anatomy.root, points)
        root = (distance < 0) & (along > 0) & (along < 50) & (points.z < state.base_z_mm)
        left, right = ((atrium.distance < 0) & (atrium.u > 0) for atrium in (la, ra))
        lv = (heart_at.outer < 0) & (heart_at.u > 0)
        for first, second in ((left, right), (root, left), (root, right), (lv, left), (lv, right)):
            assert int((first & second).sum()) <= 0.01 * int(second.sum())


@pytest.mark.parametrize("seed", range(5))
def test_every_part_is_somewhere(seed: int) -> None:
    heart = sample_heart(seed, HeartOptions(effusion_mm=10.0))
    state = state_at(heart, heart.beats(0.0)[0].mitral_opening_ms + 40)
    found = set(torch.unique(tissue_at(state, lattice(state, 2.5)).kind).tolist())
    assert {int(kind) for kind in Kind} - found <= {int(Kind.CHORDA), int(Kind.PULMONARY_CUSP), int(Kind.CHEST_WALL)}


def test_blood_is_what_flows() -> None:
    assert Kind.LV_CAVITY in BLOOD
    assert Kind.EFFUSION not in BLOOD
    assert not {Kind.TRABECULA, Kind.PAPILLARY, Kind.LV_WALL} & set(BLOOD)


@pytest.mark.parametrize("seed", range(4))
def test_material_of_the_wall_is_in_the_wall_and_keeps_its_volume(seed: int) -> None:
    """The inverse motion of the wall changes no volume: its Jacobian, by differences, is 1."""
    heart = sample_heart(seed, HeartOptions(respiration=False))
    state = state_at(heart, heart.beats(0.0)[0].end_systole_ms)
    angle = torch.linspace(0.1, 6.1, 13, dtype=torch.float64)
    z = torch.full_like(angle, -0.45 * state.length_mm)
    middle = torch.tensor(
        [
            0.5 * (math.sqrt(a) + math.sqrt(b))
            for a, b in (
                (np.interp(v, np.arange(97) * 2 * math.pi / 96, [*r, r[0]]) for r in (inner, outer))
                for inner, outer in [[state.anatomy.ventricles.radii_at(n, 0.55) for n in ("inner", "outer")]]
                for v in angle.tolist()
            )
        ],
        dtype=torch.float64,
    )
    base = [middle * torch.cos(angle), middle * torch.sin(angle), z]
    step = 1e-4

    def material(shift: tuple[float, float, float]) -> torch.Tensor:
        return torch.stack(ventricular(state, Points(*(b + d for b, d in zip(base, shift, strict=True)))).material)

    columns = [(material(tuple(step * (i == j) for i in range(3))) - material((0.0, 0.0, 0.0))) / step for j in range(3)]
    volume = torch.linalg.det(torch.stack(columns).permute(2, 1, 0))
    assert volume.numpy() == pytest.approx(np.ones(13), abs=0.02)


def test_material_moves_with_the_wall_and_not_with_breath() -> None:
    heart = sample_heart(4, HeartOptions(respiration=True))
    calm, moved = (state_at(heart, t) for t in (0.0, 0.4 * heart.rhythm.breath_ms))
    rest = state_at(heart, 0.0)
    wall = Points(*(torch.tensor([v]) for v in (0.0, 38.0, -0.5 * rest.length_mm)))
    for state in (calm, moved):
        shifted = Points(*(p + d for p, d in zip(wall, state.shift_mm, strict=True)))
        assert tissue_at(state, shifted).kind.shape == (1,)
    at_rest = tissue_at(calm, Points(*(p + d for p, d in zip(wall, calm.shift_mm, strict=True)))).material
    assert [float(v) for v in at_rest] == pytest.approx([float(v) for v in wall], abs=0.05)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edges_are_zero_on_the_endocardium_and_normals_are_of_unit_length(dtype: torch.dtype) -> None:
    state = state_at(sample_heart(2, HeartOptions(respiration=False)), 120.0)
    squares = state.anatomy.ventricles.radii_at("inner", 0.5)
    angle = np.arange(96) * 2 * math.pi / 96
    lv = state.heart.lv
    x = np.sqrt(squares) * np.cos(angle) + lv.bend_mm * math.cos(lv.bend_rad)
    y = np.sqrt(squares) * np.sin(angle) + lv.bend_mm * math.sin(lv.bend_rad)
    points = Points(*(torch.from_numpy(v).to(dtype) for v in (x, y, np.full_like(x, -0.5 * state.length_mm))))
    tissue = tissue_at(state, points)
    assert float(tissue.edge_mm.max()) < 0.01
    assert tissue.edge_mm.dtype is dtype
    assert tissue.kind.dtype is torch.int8
    length = sum(part * part for part in tissue.normal)
    assert length.double().numpy() == pytest.approx(np.ones(96), abs=1e-3)


def test_any_shape_of_points_is_kept() -> None:
    state = state_at(sample_heart(1), 0.0)
    tissue = tissue_at(state, Points(*(torch.zeros(2, 3, 4) for _ in range(3))))
    assert tissue.kind.shape == tissue.edge_mm.shape == tissue.material.x.shape == tissue.fibre.z.shape == (2, 3, 4)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_of_the_heart_goes_on_behind_apex_and_roof(seed: int) -> None:
    """Bug prevented: columns of fat and pericardium as long as the picture."""
    state = state_at(sample_heart(seed, HeartOptions(effusion_mm=0.0)), 0.0)
    for axis_x, axis_y, start, step in (
        (0.0, 0.0, 45.0, 1.0),
        (float(state.anatomy.la.axis_x[-1]), float(state.anatomy.la.axis_y[-1]), state.base_z_mm - 105, -1.0),
    ):
        z = start + step * torch.arange(40, dtype=torch.float64)
        kind = tissue_at(state, Points(torch.full_like(z, axis_x), torch.full_like(z, axis_y), z)).kind
        assert not bool(torch.isin(kind, torch.tensor([int(Kind.PERICARDIUM), int(Kind.FAT), int(Kind.EFFUSION)])).any())
