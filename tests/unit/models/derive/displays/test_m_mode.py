"""TAPSE: along the beam, not along the line on the screen."""

from dataclasses import replace

import pytest

from models.derive.displays.m_mode import published_tapse_cm, tapse_cm
from models.phantom.displays import M_MODE, AnnulusTrace


@pytest.mark.parametrize("excursion_cm", [0.6, 1.7, 2.4])
def test_seconds_are_no_centimetres(excursion_cm: float) -> None:
    """0.35 s of systole enlarge a small excursion most: 0.6 cm read as 0.69 cm."""
    low, high = AnnulusTrace(excursion_cm).ends_px(1)
    assert tapse_cm(low, high, M_MODE) == pytest.approx(excursion_cm)
    assert published_tapse_cm(low, high, M_MODE) == pytest.approx((excursion_cm**2 + 0.35**2) ** 0.5, abs=0.006)


def test_the_sweep_speed_changes_the_published_value_only() -> None:
    """The same heart drawn at half the sweep: half as many columns of twice the seconds, but a slanted line is not the beam."""
    low, high = (100.0, 500.0), (200.0, 480.0)
    slow = replace(M_MODE, physical_delta_x=0.02)
    assert tapse_cm(low, high, M_MODE) == tapse_cm(low, high, slow) == pytest.approx(0.8)
    assert published_tapse_cm(low, high, M_MODE) == 0.89
    assert published_tapse_cm(low, high, slow) == 2.15
