import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.inputs.letterbox import Letterbox

letterboxes = st.builds(
    Letterbox,
    x0_px=st.integers(0, 300),
    y0_px=st.integers(0, 300),
    width_px=st.integers(2, 1200),
    height_px=st.integers(2, 1200),
    size_px=st.integers(8, 256),
)


@given(letterboxes, st.lists(st.tuples(st.floats(-50, 1500), st.floats(-50, 1500)), min_size=1, max_size=5))
def test_points_return_to_where_they_were(letterbox: Letterbox, points: list[tuple[float, float]]) -> None:
    there = letterbox.to_square(np.array(points))
    np.testing.assert_allclose(letterbox.to_image(there), points, atol=1e-6)


@given(letterboxes)
def test_the_region_fills_the_longer_side_and_stays_inside(letterbox: Letterbox) -> None:
    first = (letterbox.x0_px - 0.5, letterbox.y0_px - 0.5)
    last = (first[0] + letterbox.width_px, first[1] + letterbox.height_px)
    corners = letterbox.to_square(np.array([first, last]))
    extent = corners[1] - corners[0]
    assert np.isclose(extent.max(), letterbox.size_px)
    assert corners.min() >= -0.5 - 1e-6
    assert corners.max() <= letterbox.size_px - 0.5 + 1e-6
    assert np.allclose(corners[0] + corners[1], letterbox.size_px - 1)


@given(st.integers(4, 90), st.integers(4, 90), st.integers(4, 64), st.integers(0, 2**31))
def test_brightness_is_neither_made_nor_lost_when_shrinking(width: int, height: int, size: int, seed: int) -> None:
    letterbox = Letterbox(0, 0, width, height, min(size, width, height))
    frames = np.random.default_rng(seed).integers(0, 256, (1, height, width), dtype=np.uint8)
    expected = frames.sum() / 255 * letterbox.scale**2
    assert np.isclose(letterbox.apply(frames).sum(), expected, rtol=1e-4, atol=1e-3)
