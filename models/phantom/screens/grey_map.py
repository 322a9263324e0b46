"""From the strength of an echo to a colour of the screen, and from the speed of flow to one."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Tint(StrEnum):
    """The colour that a grey map has."""

    GREY = "grey"
    SEPIA = "sepia"
    AMBER = "amber"
    ICE = "ice"
    VIOLET = "violet"


# Red, green and blue of the brightest, and the exponents by which they rise: 1 is as grey does.
_RISES = {
    Tint.GREY: (1.0, 1.0, 1.0),
    Tint.SEPIA: (0.86, 1.0, 1.2),
    Tint.AMBER: (0.75, 0.98, 1.55),
    Tint.ICE: (1.2, 1.03, 0.86),
    Tint.VIOLET: (0.95, 1.12, 0.84),
}


def grey_map(tint: Tint, gamma: float) -> NDArray[np.uint8]:
    """Colours of 256 levels of brightness: uint8 RGB (levels, 3), 0 to 255."""
    levels = np.linspace(0, 1, 256)[:, None] ** gamma
    return np.asarray(np.rint(255 * levels ** np.array(_RISES[tint])), np.uint8)


def flow_map(style: int) -> NDArray[np.uint8]:
    """Colours of 256 speeds, from the fastest away from the transducer to the fastest towards it: uint8 RGB (speeds, 3), 0 to
    255.
    """
    speed = np.linspace(-1, 1, 256)
    fast = np.abs(speed)
    towards = np.stack([0.35 + 0.65 * fast, np.clip(1.6 * fast - 0.5, 0, 1), np.zeros(256)], axis=1)
    away = np.stack([np.zeros(256), np.clip(1.5 * fast - 0.5, 0, 1), 0.35 + 0.65 * fast], axis=1)
    if style == 1:  # ends in white
        towards[:, 2] = away[:, 0] = np.clip(3 * fast - 2, 0, 1)
    if style == 2:  # ends in green, as turbulence is drawn
        towards[:, 1] = np.clip(1.8 * fast - 0.3, 0, 1)
        away[:, 1] = np.clip(1.9 * fast - 0.3, 0, 1)
    return np.asarray(np.rint(255 * np.where(speed[:, None] > 0, towards, away)), np.uint8)
