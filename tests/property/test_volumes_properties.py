"""What must hold for any ventricle: scale, calibration, position, orientation, monotony."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.derive.ventricle.volumes import (
    area_cm2,
    biplane_volume_ml,
    disc_diameters_cm,
    length_cm,
    single_plane_volume_ml,
    to_cm,
)

Outline = NDArray[np.float64]


@st.composite
def ventricles(draw: st.DrawFn) -> Outline:
    """Apex up, annulus level; a half ellipse that leans and bulges, always longer than wide."""
    length = draw(st.floats(6, 11))
    left, right = draw(st.floats(1.5, 2.5)), draw(st.floats(1.5, 2.5))
    lean, bulge = draw(st.floats(-0.1, 0.1)), draw(st.floats(0, 0.3))
    angle = np.linspace(0, np.pi, draw(st.integers(31, 121)))
    across = np.where(angle < np.pi / 2, right, left) * np.cos(angle) * (1 + bulge * np.sin(2 * angle) ** 2)
    along = length * np.sin(angle)
    return np.column_stack([across + lean * along, along])


scales = st.floats(0.2, 5)


@given(ventricles(), scales)
def test_calibration_scales_lengths_areas_and_volumes(outline: Outline, scale: float) -> None:
    scaled = scale * outline
    assert length_cm(scaled) == pytest.approx(scale * length_cm(outline))
    assert area_cm2(scaled) == pytest.approx(scale**2 * area_cm2(outline))
    assert single_plane_volume_ml(scaled) == pytest.approx(scale**3 * single_plane_volume_ml(outline))


@given(ventricles(), st.tuples(scales, scales), scales)
def test_resolution_of_the_image_changes_nothing(outline: Outline, cm_per_px: tuple[float, float], zoom: float) -> None:
    """The same heart in pixels `zoom` times as many and as small."""

    def volume(deltas: tuple[float, float]) -> float:
        pixels = [(float(x) / deltas[0], float(y) / deltas[1]) for x, y in outline]
        return single_plane_volume_ml(to_cm(pixels, deltas))

    assert volume((cm_per_px[0] / zoom, cm_per_px[1] / zoom)) == pytest.approx(volume(cm_per_px))


@given(ventricles(), st.floats(0.5, 0.95))
def test_doubled_deltas_leave_ef(outline: Outline, shrink: float) -> None:
    def ef(scale: float) -> float:
        edv, esv = (single_plane_volume_ml(scale * shape) for shape in (outline, shrink * outline))
        return (edv - esv) / edv

    assert ef(2) == pytest.approx(ef(1))
    assert ef(1) == pytest.approx(1 - shrink**3)


@given(ventricles(), st.floats(0, 2 * math.pi), st.tuples(st.floats(-50, 50), st.floats(-50, 50)), st.booleans())
def test_position_rotation_and_mirror_change_nothing(
    outline: Outline, angle: float, shift: tuple[float, float], mirrored: bool
) -> None:
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    moved = (outline * [-1 if mirrored else 1, 1]) @ turn.T + np.array(shift)
    assert length_cm(moved) == pytest.approx(length_cm(outline), rel=1e-6)
    assert area_cm2(moved) == pytest.approx(area_cm2(outline), rel=1e-6)
    assert single_plane_volume_ml(moved) == pytest.approx(single_plane_volume_ml(outline), rel=1e-4)


@given(ventricles())
def test_direction_of_drawing_changes_nothing(outline: Outline) -> None:
    assert single_plane_volume_ml(outline[::-1]) == pytest.approx(single_plane_volume_ml(outline))


@given(ventricles(), ventricles())
def test_planes_are_interchangeable_and_bounded(a4c: Outline, a2c: Outline) -> None:
    """By Cauchy and Schwarz, discs of two planes hold no more than the geometric mean of both planes' own."""
    both = biplane_volume_ml(a4c, a2c)
    assert both == pytest.approx(biplane_volume_ml(a2c, a4c))
    lengths = [length_cm(a4c), length_cm(a2c)]
    alone = [single_plane_volume_ml(a4c), single_plane_volume_ml(a2c)]
    assert 0 < both <= math.sqrt(alone[0] * alone[1]) * math.sqrt(max(lengths) / min(lengths)) * (1 + 1e-9)


@given(ventricles(), st.floats(0.6, 0.95), st.floats(0.6, 0.95))
def test_a_smaller_end_systole_raises_ef(outline: Outline, one: float, other: float) -> None:
    """Narrowing at unchanged length: the volume goes with the square of the width."""

    def narrowed(factor: float) -> float:
        base = (outline[0] + outline[-1]) / 2
        from_base = outline - base
        apex = from_base[np.hypot(*from_base.T).argmax()]
        axis = apex / np.hypot(*apex)
        along = np.outer(from_base @ axis, axis)
        return single_plane_volume_ml(base + along + factor * (from_base - along))

    assert narrowed(one) == pytest.approx(one**2 * narrowed(1.0), rel=1e-6)
    assert (narrowed(one) < narrowed(other)) is (one < other) or one == pytest.approx(other)


@given(ventricles(), st.integers(1, 60))
def test_the_discs_fill_the_outline(outline: Outline, discs: int) -> None:
    """Diameters times thickness is the area by the middle rule: exact in the limit, near for twenty."""
    diameters, length = disc_diameters_cm(outline, 20 * discs)
    assert (diameters >= 0).all()
    assert float(diameters.sum()) * length / (20 * discs) == pytest.approx(area_cm2(outline), rel=0.06)
