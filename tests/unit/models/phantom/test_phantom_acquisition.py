"""Planes, sectors, image quality and scan conversion."""

import itertools
import math

import numpy as np
import pytest
import torch

from models.catalogue import View
from models.phantom.acquisition import (
    RENDERED_VIEWS,
    Sector,
    box_positions,
    plane_points,
    polar_points,
    sample_quality,
    sample_view,
    scan_convert,
    square_positions,
)
from models.phantom.anatomy import sample_heart, state_at
from models.phantom.overlays import place_sector
from models.phantom.structures import left_ventricle


@pytest.mark.parametrize("view", RENDERED_VIEWS)
@pytest.mark.parametrize("seed", range(3))
def test_every_plane_is_orthonormal_and_meets_the_ventricle(view: View, seed: int) -> None:
    heart = sample_heart(seed)
    pose, sector = sample_view(heart, view, np.random.default_rng(seed))
    forward, right = np.array(pose.forward), np.array(pose.right)
    assert [forward @ forward, right @ right, forward @ right] == pytest.approx([1, 1, 0], abs=1e-9)
    points, _ = polar_points(pose, sector.grid(120, 80))
    assert float(left_ventricle(state_at(heart, 0.0), points).cavity.float().mean()) > 0.02


@pytest.mark.parametrize("view", [View.OTHER, View.SUPRASTERNAL])
def test_a_plane_it_cannot_show_is_refused(view: View) -> None:
    with pytest.raises(LookupError, match="does not render"):
        sample_view(sample_heart(0), view, np.random.default_rng(0))


@pytest.mark.parametrize("view", [View.A4C, View.A2C, View.A3C])
@pytest.mark.parametrize("seed", range(15))
def test_apical_images_show_the_apex_at_the_top_and_little_foreshortening(view: View, seed: int) -> None:
    heart = sample_heart(seed)
    pose, sector = sample_view(heart, view, np.random.default_rng(seed))
    offsets = {"apex": 0.0, "annulus": -heart.length_ed_mm}
    depth = {
        name: float((np.array([0.0, 0.0, z]) - np.array(pose.origin)) @ np.array(pose.forward)) for name, z in offsets.items()
    }
    assert 0 < depth["apex"] < depth["annulus"] < sector.depth_mm
    out_of_plane = math.degrees(math.asin(abs(np.cross(pose.forward, pose.right) @ np.array([0.0, 0.0, 1.0]))))
    assert out_of_plane < 5


def test_beam_directions_are_those_of_the_samples() -> None:
    pose, sector = sample_view(sample_heart(1), View.PLAX, np.random.default_rng(1))
    grid = sector.grid(50, 40)
    points, beam = polar_points(pose, grid)
    for component, origin, direction in zip(points, pose.origin, beam, strict=True):
        expected = origin + grid.depth_mm.reshape(-1, 1) * direction
        assert torch.allclose(component, expected, atol=1e-3)


def test_scan_conversion_fills_the_sector_and_nothing_else() -> None:
    sector = Sector(math.radians(40), 150.0)
    lateral, axial = box_positions(sector, 300, 386)
    image = scan_convert(torch.ones(1, 64, 48), sector, lateral, axial)[0]
    radius, angle = torch.sqrt(lateral**2 + axial**2), torch.atan2(lateral, axial).abs()
    inside = (radius > 2.5) & (radius < 149.5) & (angle < math.radians(39.8))
    outside = (radius > 150.5) | (angle > math.radians(40.2))
    assert torch.allclose(image[inside], torch.ones(()), atol=1e-4)
    assert float(image[outside].abs().max()) == 0


def test_scan_conversion_keeps_depth_and_angle() -> None:
    sector = Sector(math.radians(40), 150.0)
    grid = sector.grid(300, 200)
    by_depth, by_angle = torch.broadcast_tensors(grid.depth_mm.reshape(-1, 1) / 150, 0.5 + grid.angle_rad.reshape(1, -1) / 2)
    lateral, axial = box_positions(sector, 200, 260)
    depth, angle = scan_convert(torch.stack((by_depth, by_angle)), sector, lateral, axial)
    there = depth > 0.05
    assert torch.allclose(depth[there] * 150, torch.sqrt(lateral**2 + axial**2)[there], atol=0.01)
    assert torch.allclose((angle[there] - 0.5) * 2, torch.atan2(lateral, axial)[there], atol=1e-3)


@pytest.mark.parametrize("half_deg", [30, 45])
def test_the_square_holds_the_box_in_its_middle(half_deg: int) -> None:
    sector = Sector(math.radians(half_deg), 140.0)
    lateral, axial = square_positions(sector, 100)
    pitch = max(sector.width_mm, 140.0) / 100
    assert float(lateral[0, 1] - lateral[0, 0]) == pytest.approx(pitch, rel=1e-4)
    assert float(axial[1, 0] - axial[0, 0]) == pytest.approx(pitch, rel=1e-4)
    assert float(lateral.mean()) == pytest.approx(0, abs=1e-3)
    assert float(axial.mean()) == pytest.approx(70, abs=1e-3)


def test_better_quality_means_less_noise_and_finer_speckle() -> None:
    by_level = [[sample_quality(level, np.random.default_rng(seed)) for seed in range(40)] for level in range(4)]
    for worse, better in itertools.pairwise(by_level):
        assert min(q.noise_db for q in worse) > max(q.noise_db for q in better)
        assert np.mean([q.spread.lateral_deg for q in worse]) > np.mean([q.spread.lateral_deg for q in better])
        assert np.mean([len(q.shadows) for q in worse]) >= np.mean([len(q.shadows) for q in better])


@pytest.mark.parametrize("level", [-1, 4])
def test_there_are_four_quality_levels(level: int) -> None:
    with pytest.raises(ValueError, match="quality is"):
        sample_quality(level, np.random.default_rng(0))


@pytest.mark.parametrize(("rows", "columns"), [(600, 800), (240, 320), (768, 1024), (480, 480)])
@pytest.mark.parametrize("seed", range(5))
def test_the_sector_fits_into_the_image_with_square_pixels(rows: int, columns: int, seed: int) -> None:
    sector = Sector(math.radians(36 + 2 * seed), 120 + 15 * seed)
    layout = place_sector(sector, rows, columns, seed)
    assert layout.x0_px >= 0
    assert layout.y0_px >= 0
    assert layout.x0_px + layout.width_px <= columns
    assert layout.y0_px + layout.height_px <= rows
    assert layout.mm_per_px_x == pytest.approx(layout.mm_per_px_y, rel=0.01)
    assert layout.height_px * layout.mm_per_px_y == pytest.approx(sector.depth_mm)
    top_middle = layout.to_px(0.0, 0.0)
    assert top_middle == pytest.approx((layout.x0_px + (layout.width_px - 1) / 2, layout.y0_px - 0.5))


def test_plane_points_start_at_the_probe() -> None:
    pose, _ = sample_view(sample_heart(0), View.A4C, np.random.default_rng(0))
    zero = torch.zeros(1)
    assert [float(c) for c in plane_points(pose, zero, zero)] == pytest.approx(pose.origin, abs=1e-4)
