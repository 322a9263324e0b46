"""Prevents a network from being taught two orders of one line's ends: then both of its maps peak at both ends."""

import numpy as np

from models.catalogue import LINE_OF, LINE_POINTS, LINES, QUANTITIES, in_order
from models.phantom.planes.lines import LINES as DRAWN


def test_every_drawn_line_is_a_quantity_with_a_name() -> None:
    assert {line.key for line in DRAWN} == set(LINE_OF)
    assert set(LINE_OF) <= set(QUANTITIES)
    assert LINE_POINTS[:4] == ("lvid_1", "lvid_2", "ivs_1", "ivs_2")
    assert len(LINE_POINTS) == 2 * len(LINES) == 34


def test_the_ends_have_one_order_whoever_drew_them() -> None:
    ends = np.full((2, len(LINES), 2, 2), np.nan)
    ends[:, LINES.index("lvid")] = [[40.0, 20.0], [50.0, 70.0]], [[50.0, 70.0], [40.0, 20.0]]
    ends[:, LINES.index("rv_basal")] = [[60.0, 90.0], [20.0, 80.0]], [[20.0, 80.0], [60.0, 90.0]]
    ends[:, LINES.index("rv_length")] = [[40.0, 90.0], [60.0, 20.0]], [[60.0, 20.0], [40.0, 90.0]]
    ordered = in_order(ends)
    np.testing.assert_array_equal(ordered[0], ends[0])
    np.testing.assert_array_equal(ordered[1], ends[0])
