"""The polar grid of a sector with a curved top, and its way to pixels."""

import math

import pytest
import torch

from models.phantom.image import box_mm, polar_grid, scan_convert, square_picture, square_places_mm, sweep
from models.phantom.rendered import SectorShape

SECTOR = SectorShape(math.radians(40), 12.0, 150.0)


def test_the_top_is_an_arc_about_the_origin_of_the_beams() -> None:
    """Every first sample lies `near_mm` from the origin, every last one `far_mm`; the outer lines lie at the half angle."""
    lateral, axial = polar_grid(SECTOR, 90, 41).places_mm()
    depth = torch.hypot(lateral, axial)
    assert torch.allclose(depth[0], torch.tensor(12.0), atol=1e-4)
    assert torch.allclose(depth[-1], torch.tensor(150.0), atol=1e-3)
    assert torch.allclose(torch.atan2(lateral[:, 0], axial[:, 0]), torch.tensor(-math.radians(40)), atol=1e-5)
    assert axial[0, 20] == pytest.approx(12.0, abs=1e-4)
    assert lateral[0, 20] == pytest.approx(0.0, abs=1e-4)


def test_pixels_are_the_samples_at_their_places() -> None:
    """A picture whose grey is its own depth and angle comes back with the depth and angle of each pixel."""
    grid = polar_grid(SECTOR, 200, 101)
    polar = torch.stack((grid.depth_mm.reshape(-1, 1).expand(grid.shape), grid.angle_rad.expand(grid.shape)))
    lateral, axial = torch.tensor([[0.0, 30.0, -50.0]]), torch.tensor([[20.0, 60.0, 100.0]])
    pixels = scan_convert(polar, SECTOR, lateral, axial)
    assert torch.allclose(pixels[0], torch.hypot(lateral, axial), atol=1e-3)
    assert torch.allclose(pixels[1], torch.atan2(lateral, axial), atol=1e-5)


def test_outside_the_sector_is_black() -> None:
    """Above the arc of the top, beyond the sides and below the bottom."""
    polar = torch.ones(1, 60, 31)
    lateral = torch.tensor([[0.0, 0.0, 60.0, 0.0, 0.0]])
    axial = torch.tensor([[11.9, 12.1, 60.0, 149.9, 150.1]])
    assert scan_convert(polar, SECTOR, lateral, axial)[0, 0].tolist() == [0, 1, 0, 1, 0]


def test_the_box_holds_the_sector_and_touches_it() -> None:
    lateral, axial = polar_grid(SECTOR, 60, 31).places_mm()
    left, top, right, bottom = box_mm(SECTOR)
    assert (left, right) == pytest.approx((float(lateral.min()), float(lateral.max())), abs=1e-3)
    assert (top, bottom) == pytest.approx((float(axial.min()), float(axial.max())), abs=1e-3)


def test_a_square_picture_holds_the_whole_sector() -> None:
    """The share of bright pixels is the sector's area over the square's."""
    size = 64
    picture = square_picture(torch.ones(1, 60, 31), SECTOR, size)[0]
    lateral, _ = square_places_mm(SECTOR, size)
    side_mm = float(lateral[0, 1] - lateral[0, 0]) * size
    area = SECTOR.half_angle_rad * (150.0**2 - 12.0**2)
    assert float(picture.mean()) == pytest.approx(area / side_mm**2, rel=0.01)


def test_a_sweep_holds_the_probe_where_it_stands() -> None:
    """Places in the heart are as far from the origin as the samples are deep, along unit vectors, with right to the right."""
    grid = polar_grid(SECTOR, 20, 11)
    origin, forward, right = torch.tensor([5.0, -3.0, 40.0]), torch.tensor([0.0, 0.0, -1.0]), torch.tensor([0.0, 1.0, 0.0])
    places, beams = (torch.stack(one) for one in sweep(grid, origin, forward, right))
    lateral, axial = grid.places_mm()
    assert torch.allclose(places[1] + 3.0, lateral, atol=1e-4)
    assert torch.allclose(40.0 - places[2], axial, atol=1e-4)
    assert torch.allclose(beams.square().sum(dim=0), torch.ones(grid.shape), atol=1e-5)
