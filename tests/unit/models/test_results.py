"""The vocabulary's own rules."""

import pytest

from models.catalogue import ECHOVIEW47, QUANTITIES, Mode, View
from models.results import NotMeasured, Reason, in_order


def test_nothing_is_left_unmeasured_without_a_reason() -> None:
    with pytest.raises(ValueError, match="ef_bp"):
        NotMeasured("ef_bp", ())


def test_the_primary_reason_follows_the_order_of_precedence() -> None:
    given = (Reason.RESEARCH_WEIGHTS, Reason.OUT_OF_DISTRIBUTION, Reason.VIEW_MISSING, Reason.CALIBRATION_INCONSISTENT)
    assert in_order(given) == tuple(reversed(given))


_MAY_BE_NONE = {"rap", "ivc_collapse"}


def test_keys_are_unique_and_limits_are_ranges() -> None:
    for key, quantity in QUANTITIES.items():
        assert key == quantity.key
        low, high = quantity.limits
        assert low < high
        assert low > 0 or key in _MAY_BE_NONE or (low < 0 and key.startswith("gls_"))


def test_echoview47_has_its_47_classes_and_only_doppler_leaves_the_mode_open() -> None:
    assert len({row.name for row in ECHOVIEW47}) == 47
    for row in ECHOVIEW47:
        assert (row.mode is None) == (row.name.startswith("doppler-") and "tissue" not in row.name), row
        assert (row.mode is Mode.M_MODE) == row.name.startswith("mmode-")
    assert {row.view for row in ECHOVIEW47} >= {View.A4C, View.A2C, View.PLAX}
