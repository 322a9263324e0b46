"""A heat map over its frame."""

import numpy as np

from models.drawing import heated


def test_an_overlay_keeps_what_is_cold_and_reddens_what_is_hot() -> None:
    frame = np.full((4, 6, 3), 100, np.uint8)
    heat = np.zeros((4, 6), np.float32)
    heat[1, 2] = 1.0
    drawn = heated(frame, heat)
    assert drawn.dtype == np.uint8
    assert drawn.shape == frame.shape
    assert drawn[0, 0].tolist() == [100, 100, 100]
    red, green, blue = drawn[1, 2].tolist()
    assert red > 100 > max(green, blue)
    assert frame.max() == 100
