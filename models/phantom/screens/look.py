"""What differs between two pictures on one screen: drawn by the seed alone, so it cannot betray what is shown."""

from dataclasses import dataclass

import numpy as np

from models.phantom.screens.grey_map import Tint
from models.phantom.screens.screen import SCREENS, Screen

_TINTS = (Tint.GREY, Tint.GREY, Tint.GREY, Tint.GREY, Tint.GREY, Tint.SEPIA, Tint.AMBER, Tint.ICE, Tint.VIOLET)


@dataclass(frozen=True)
class Look:
    """Shares of 0 to 1 where no unit is named; `shift` is -1 to 1."""

    fill: float
    shift: tuple[float, float]
    tint: Tint
    gamma: float
    text_scale: float
    ruler: bool
    numbers: bool  # at the ruler
    focus: float
    bar: bool
    logo: int  # which of the marks; 0 is none
    probe_mark_left: bool
    ecg: bool
    ecg_height: float
    ecg_wobble: float
    ecg_lead_s: float  # before the loop
    ecg_more_s: float  # after it
    r_marks: bool
    word: tuple[float, float]  # where in the image the view's name stands
    cursor: float  # -1 to 1 of the sector's half angle
    gate: float  # of the depth
    padding_px: int  # of the region around the sector
    anchored: bool  # the region states its reference pixel
    backwards: bool  # x runs against the columns
    nyquist_cm_s: float
    flow_style: int
    baseline: int  # grey level
    framed: bool  # a thin line around the display


def draw_look(screen: Screen, seed: int) -> Look:
    random = np.random.default_rng([seed, 0x5C4EE])
    chance = random.uniform(size=10)
    return Look(
        fill=random.uniform(0.86, 1.0),
        shift=(random.uniform(-1, 1), random.uniform(-1, 1)),
        tint=Tint.GREY if screen.monochrome else _TINTS[int(random.integers(len(_TINTS)))],
        gamma=random.uniform(0.88, 1.14),
        text_scale=random.uniform(0.9, 1.12),
        ruler=bool(chance[0] < 0.85),
        numbers=bool(chance[1] < 0.6),
        focus=random.uniform(0.3, 0.8),
        bar=bool(chance[2] < 0.75),
        logo=int(random.integers(5)),
        probe_mark_left=bool(chance[3] < 0.5),
        ecg=bool(chance[4] < 0.8),
        ecg_height=random.uniform(0.45, 1.0),
        ecg_wobble=random.uniform(0, 0.06),
        ecg_lead_s=random.uniform(0, 0.7),
        ecg_more_s=random.uniform(0, 0.8),
        r_marks=bool(chance[5] < 0.4),
        word=(random.uniform(0.02, 0.75), random.uniform(0.02, 0.9)),
        cursor=random.uniform(-0.6, 0.6),
        gate=random.uniform(0.35, 0.75),
        padding_px=int(random.integers(0, 20)) if chance[6] < 0.6 else 0,
        anchored=bool(chance[7] < 0.5),
        backwards=bool(chance[8] < 0.1),
        nyquist_cm_s=float(random.uniform(46, 74)),
        flow_style=int(random.integers(3)),
        baseline=int(random.integers(110, 230)),
        framed=bool(chance[9] < 0.3),
    )


def screen_of(seed: int) -> Screen:
    """One of the screens, each as often as any other."""
    return SCREENS[int(np.random.default_rng([seed, 0x5C5E1]).integers(len(SCREENS)))]
