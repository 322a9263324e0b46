"""Waves: peaks, integrals and gradients in closed form are those of the velocities drawn."""

import numpy as np
import pytest

from models.phantom.traces.waves import Shape, Wave, envelope_of, peak_for

_SHAPES = (Shape(0.4, 0.8, 0.9), Shape(0.25, 1.2, 0.0), Shape(0.1, 0.7, 0.0, 0.5), Shape(0.5, 1.3, 1.3))
_STEP_S = 1e-4
_TIMES_S = np.arange(0, 1, _STEP_S) + _STEP_S / 2


@pytest.mark.parametrize("shape", _SHAPES)
def test_closed_form_is_what_is_drawn(shape: Shape) -> None:
    """Bug prevented: a true integral or gradient that the envelope in the picture does not have."""
    wave = Wave(0.2, 0.31, -140.0, shape)
    drawn = wave.velocities(_TIMES_S)
    assert np.abs(drawn).sum() * _STEP_S == pytest.approx(wave.vti_cm, rel=2e-3)
    assert 4 * np.mean((drawn[drawn != 0] / 100) ** 2) == pytest.approx(wave.mean_gradient_mmhg, rel=5e-3)
    assert drawn.min() == pytest.approx(-140.0, rel=1e-4)
    assert _TIMES_S[drawn.argmin()] == pytest.approx(wave.peak_s, abs=2 * _STEP_S)


def test_a_peak_that_moves_blood_by_so_much_does() -> None:
    """Bug prevented: stroke volume and integral that disagree by the form of the wave."""
    for shape in _SHAPES:
        assert Wave(0, 0.3, peak_for(21.0, 0.3, shape), shape).vti_cm == pytest.approx(21.0)


def test_of_overlapping_waves_the_faster_counts() -> None:
    """Bug prevented: early and atrial filling of a fast heart that add up to a velocity nobody has."""
    waves = (Wave(0.1, 0.3, 80.0), Wave(0.3, 0.2, 60.0))
    envelope = envelope_of(waves, _TIMES_S)
    assert envelope.max() == pytest.approx(80.0, rel=1e-3)
    assert np.array_equal(envelope, np.maximum(*(wave.velocities(_TIMES_S) for wave in waves)))
