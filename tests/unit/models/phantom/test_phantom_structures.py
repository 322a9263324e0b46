"""Implicit surfaces: wall mechanics, neighbours, motion of the tissue."""

import math

import numpy as np
import pytest
import torch

from models.catalogue import View
from models.phantom.acquisition import plane_points, sample_view
from models.phantom.anatomy import HeartState, end_systole_ms, sample_heart, state_at
from models.phantom.scene import material_points
from models.phantom.structures import (
    Points,
    aorta,
    capsule,
    leaflets,
    left_atrium,
    left_ventricle,
    right_atrium,
    right_ventricle,
    wall_thickness_ed_mm,
)


def ring(distance_mm: float, z_mm: float, count: int = 72) -> Points:
    angles = torch.linspace(0, 2 * math.pi, count + 1, dtype=torch.float64)[:-1]
    return Points(distance_mm * torch.cos(angles), distance_mm * torch.sin(angles), torch.full_like(angles, z_mm))


def states(seed: int) -> tuple[HeartState, HeartState]:
    heart = sample_heart(seed)
    return state_at(heart, 0.0), state_at(heart, end_systole_ms(heart))


@pytest.mark.parametrize("seed", range(6))
def test_wall_at_end_diastole_is_as_thick_as_the_heart_says(seed: int) -> None:
    heart = sample_heart(seed)
    lv = left_ventricle(state_at(heart, 0.0), ring(10.0, -0.5 * heart.length_ed_mm))
    thickness = (lv.outer_radius - lv.radius).numpy()
    low, high = sorted((heart.septum_mm, heart.posterior_wall_mm))
    assert thickness.min() == pytest.approx(low, abs=0.05)
    assert thickness.max() == pytest.approx(high, abs=0.05)


def test_the_septum_is_opposite_to_the_posterolateral_wall() -> None:
    heart = sample_heart(0)
    angle = torch.tensor([heart.rv_angle_rad, heart.rv_angle_rad + math.pi])
    thickness = wall_thickness_ed_mm(torch.cos(angle), torch.sin(angle), heart)
    assert thickness.tolist() == pytest.approx([heart.septum_mm, heart.posterior_wall_mm], rel=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_the_wall_is_incompressible(seed: int) -> None:
    ed, es = states(seed)
    muscle = []
    for state in (ed, es):
        lv = left_ventricle(state, ring(10.0, -0.5 * state.length_mm))
        muscle.append(((lv.outer_radius**2 - lv.radius**2) * state.length_mm).numpy())
    np.testing.assert_allclose(muscle[0], muscle[1], rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_wall_thickens_in_systole(seed: int) -> None:
    ed, es = (left_ventricle(s, ring(10.0, -0.5 * s.length_mm)) for s in states(seed))
    assert torch.all(es.outer_radius - es.radius > ed.outer_radius - ed.radius)


def test_cavity_ends_at_the_annulus_plane_and_at_the_apex() -> None:
    state, _ = states(3)
    z = torch.tensor([-state.length_mm - 0.5, -state.length_mm + 0.5, -0.5, 0.5], dtype=torch.float64)
    axis = Points(torch.zeros(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64), z)
    assert left_ventricle(state, axis).cavity.tolist() == [False, True, True, False]


def test_normals_are_unit_vectors_pointing_outwards() -> None:
    state, _ = states(2)
    points = ring(state.radius_mm, -0.4 * state.length_mm)
    normal = left_ventricle(state, points).normal
    length = torch.sqrt(normal.x**2 + normal.y**2 + normal.z**2)
    assert torch.allclose(length, torch.ones_like(length), atol=1e-3)
    assert torch.all(normal.x * points.x + normal.y * points.y > 0)


@pytest.mark.parametrize("seed", range(12))
def test_the_atria_stay_apart(seed: int) -> None:
    for state in states(seed):
        generator = torch.Generator().manual_seed(seed)
        x, y = (torch.rand(20000, generator=generator) * 160 - 80 for _ in range(2))
        z = -state.length_mm - torch.rand(20000, generator=generator) * 70
        points = Points(x, y, z)
        _, annulus_z = right_ventricle(state, points)
        overlap = (left_atrium(state, points) < 0) & (right_atrium(state, points, annulus_z) < 0)
        assert float(overlap.float().mean()) < 0.002


@pytest.mark.parametrize("seed", range(20))
def test_the_aortic_root_is_clear_of_the_unrotated_four_chamber_plane(seed: int) -> None:
    state, _ = states(seed)
    along = torch.linspace(-60, 60, 121)
    depth = torch.linspace(-state.length_mm - 20, -state.length_mm, 41)
    grid_z, grid_x = torch.meshgrid(depth, along, indexing="ij")
    points = Points(grid_x * math.cos(math.radians(30)), grid_x * math.sin(math.radians(30)), grid_z)
    lumen, position = aorta(state, points)
    assert not bool(((lumen < 0) & (position > 0) & (position < 6)).any())


def test_closed_leaflets_meet_and_open_ones_leave_a_gap() -> None:
    zero = torch.zeros(1, dtype=torch.float64)
    middle = Points(zero, zero, torch.full_like(zero, 4.0))
    assert float(leaflets(middle, (0.0, 0.0), 16.0, 0.0, opening=0.0)) < 2.0
    assert float(leaflets(middle, (0.0, 0.0), 16.0, 0.0, opening=1.0)) > 5.0


def test_capsule_distance() -> None:
    points = Points(*(torch.tensor(v, dtype=torch.float64) for v in ([0.0, 3.0], [2.0, 0.0], [5.0, 14.0])))
    assert capsule(points, (0, 0, 0), (0, 0, 10)).tolist() == pytest.approx([2.0, 5.0], abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_tissue_is_where_it_was_at_end_diastole(seed: int) -> None:
    heart = sample_heart(seed)
    pose, _ = sample_view(heart, View.A4C, np.random.default_rng(seed))
    lateral, axial = torch.meshgrid(torch.linspace(-40, 40, 30), torch.linspace(10, 140, 40), indexing="ij")
    points = plane_points(pose, lateral, axial)
    state = state_at(heart, 0.0)
    lv = left_ventricle(state, points)
    wall = (lv.endocardium > 0) & (lv.epicardium < 0) & (points.z < 0)
    for now, then in zip(points, material_points(state, points, lv), strict=True):
        # The bend shifts the axis of the wall's polar coordinates by at most its own few millimetres.
        assert float((now - then)[wall].abs().max()) < heart.bend_mm + 0.1


@pytest.mark.parametrize("seed", range(4))
def test_contracted_endocardium_comes_from_relaxed_endocardium(seed: int) -> None:
    ed, es = states(seed)
    unbent = ring(1.0, -0.5 * es.length_mm)
    radius = left_ventricle(es, unbent).radius
    surface = Points(unbent.x * radius, unbent.y * radius, unbent.z)
    before = material_points(es, surface, left_ventricle(es, surface))
    assert torch.allclose(before.z / ed.length_mm, surface.z / es.length_mm)
    origin_radius = torch.sqrt(before.x**2 + before.y**2)
    expected = radius * ed.radius_mm / es.radius_mm
    assert float((origin_radius - expected).abs().max()) < es.heart.bend_mm * 2 + 0.1
