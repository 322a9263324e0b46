import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.derive.ventricle.outline import cavity_outline, closed_lines, polygon_area


@given(st.integers(0, 2**31), st.floats(0.1, 0.9))
def test_lines_enclose_what_is_above_the_level(seed: int, level: float) -> None:
    """Outer lines and holes alternate, so the signed areas add up to the marked area, up to half a pixel along the line."""
    field = np.random.default_rng(seed).random((12, 14), dtype=np.float32)
    lines = closed_lines(field, level)
    points = sum(len(line) for line in lines)
    signed = sum(float((line[:, 0] * (np.roll(line[:, 1], -1) - np.roll(line[:, 1], 1))).sum() / 2) for line in lines)
    assert abs(abs(signed) - float((field >= level).sum())) <= 0.5 * points
    assert all(line.min() >= -1 for line in lines)


@given(
    st.floats(18, 30), st.floats(1.3, 2.4), st.floats(-180, 180), st.floats(60, 100), st.floats(60, 100), st.floats(0.25, 0.45)
)  # fmt: skip
def test_area_and_ends_of_a_cut_ellipse(
    half_width: float, ratio: float, angle_degrees: float, x0: float, y0: float, cut: float
) -> None:
    rows, columns = np.mgrid[:160, :160].astype(np.float64)
    angle = np.radians(angle_degrees)
    across = (columns - x0) * np.cos(angle) - (rows - y0) * np.sin(angle)
    down = (columns - x0) * np.sin(angle) + (rows - y0) * np.cos(angle)
    radial = 1 - np.hypot(across / half_width, down / (half_width * ratio))
    field = 1 / (1 + np.exp(-np.clip(np.minimum(radial * half_width, cut * half_width * ratio - down), -20, 20)))
    outline = cavity_outline(field.astype(np.float32), 0.5)
    assert outline is not None
    assert polygon_area(outline) <= 1.02 * float((field >= 0.5).sum()) + 20
    assert polygon_area(outline) >= 0.93 * float((field >= 0.5).sum())
    direction = np.array([np.cos(angle), -np.sin(angle)]), np.array([np.sin(angle), np.cos(angle)])
    inside = (outline > 4).all() and (outline < 155).all()
    if inside:
        base = (outline[[0, -1]] - [x0, y0]) @ direction[1]
        assert np.allclose(base, cut * half_width * ratio, atol=0.12 * half_width * ratio)
