"""Layouts of screens, in the style of carts of several makes and ages. None is any maker's own."""

from dataclasses import dataclass
from enum import StrEnum

from models.phantom.screens.layer import Colour, Typeface

Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the screen's columns and rows

_BLACK, _WHITE = (0, 0, 0), (235, 235, 235)
_GREEN, _YELLOW, _CYAN = (60, 220, 70), (240, 220, 60), (90, 215, 225)


class Ruler(StrEnum):
    """Where depth is marked."""

    RIGHT = "right"  # of the sector
    LEFT = "left"
    RIM = "rim"  # at the right rim of the screen
    EDGES = "edges"  # along both oblique edges of the sector


class Wording(StrEnum):
    """How the settings are worded."""

    TERSE = "terse"
    CAPITALS = "capitals"
    SPELT = "spelt"
    SYMBOLS = "symbols"


@dataclass(frozen=True)
class Block:
    """Lines of words from (x, y), shares of the screen: the left ends there where `anchor` is "l", the right ends where "r"."""

    x: float
    y: float
    anchor: str = "l"


@dataclass(frozen=True)
class Screen:
    """A layout. A sector alone lies in `image`; a display over time in `display`, under a sector in `small`.

    The ECG runs in `ecg`, or, where `ecg_inside`, through the foot of the sector. `text` is the height of letters as a share of
    the rows. `pixel_aspect` is how much taller than wide a pixel is, of screens that were filmed.
    """

    name: str
    columns: int
    rows: int
    image: Box
    display: Box
    small: Box
    ecg: Box
    blocks: tuple[Block, ...]
    wording: Wording = Wording.TERSE
    typeface: Typeface = Typeface.PLAIN
    text: float = 0.022
    ruler: Ruler = Ruler.RIGHT
    ink: Colour = _WHITE
    accent: Colour = _YELLOW
    background: Colour = _BLACK
    frame: Colour | None = None  # around the image, where the screen itself is not black
    banner: float = 0.06
    banner_colour: Colour = (30, 40, 62)
    menu: float = 0.0
    side: Box | None = None  # a panel of the machine's own buttons
    bar: Box = (0.955, 0.12, 0.97, 0.4)
    logo: tuple[float, float] = (0.5, 0.03)
    ecg_colour: Colour = _GREEN
    ecg_inside: bool = False
    pixel_aspect: float = 1.0
    monochrome: bool = False


SCREENS: tuple[Screen, ...] = (
    Screen(
        "harbour", 1024, 768, (0.14, 0.09, 0.93, 0.86), (0.02, 0.45, 0.92, 0.87), (0.3, 0.09, 0.7, 0.43),
        (0.14, 0.87, 0.9, 0.97), (Block(0.015, 0.1), Block(0.985, 0.58, "r")),
    ),
    Screen(
        "meadow", 640, 480, (0.08, 0.08, 0.86, 0.97), (0.0, 0.42, 0.88, 0.86), (0.25, 0.08, 0.68, 0.41),
        (0.05, 0.87, 0.88, 0.98), (Block(0.99, 0.1, "r"), Block(0.01, 0.09)),
        Wording.CAPITALS, Typeface.DOTS, 0.021, Ruler.EDGES,
        banner=0.0, ecg_colour=_CYAN, ecg_inside=True, bar=(0.01, 0.3, 0.03, 0.6), logo=(0.94, 0.05),
    ),
    Screen(
        "summit", 1280, 960, (0.17, 0.06, 0.98, 0.9), (0.17, 0.42, 0.95, 0.86), (0.38, 0.06, 0.76, 0.41),
        (0.17, 0.87, 0.95, 0.95), (Block(0.02, 0.14), Block(0.02, 0.62)), Wording.SPELT, Typeface.NARROW, 0.02, Ruler.RIM,
        accent=(255, 170, 60), banner=0.05, banner_colour=(18, 18, 20), menu=0.04, ecg_colour=_YELLOW, logo=(0.07, 0.09),
        bar=(0.155, 0.1, 0.165, 0.34),
    ),
    Screen(
        "delta", 1016, 708, (0.0, 0.03, 0.9, 0.98), (0.0, 0.4, 0.91, 0.88), (0.02, 0.03, 0.45, 0.39),
        (0.0, 0.88, 0.91, 0.99), (Block(0.99, 0.05, "r"), Block(0.99, 0.5, "r")),
        Wording.TERSE, Typeface.BOLD, 0.021, Ruler.RIM,
        ink=(205, 215, 225), accent=_CYAN, banner=0.0, ecg_inside=True, bar=(0.975, 0.36, 0.99, 0.48), logo=(0.03, 0.06),
    ),
    Screen(
        "quarry", 720, 576, (0.05, 0.12, 0.95, 0.9), (0.06, 0.46, 0.94, 0.86), (0.06, 0.12, 0.52, 0.45),
        (0.06, 0.87, 0.94, 0.97), (Block(0.62, 0.13), Block(0.03, 0.11)), Wording.CAPITALS, Typeface.HARD, 0.026, Ruler.LEFT,
        banner=0.1, banner_colour=_BLACK, ecg_colour=_WHITE, pixel_aspect=1.0667, monochrome=True, bar=(0.94, 0.2, 0.965, 0.5),
        logo=(0.9, 0.05),
    ),
    Screen(
        "lantern", 1280, 720, (0.12, 0.06, 0.8, 0.98), (0.08, 0.44, 0.81, 0.88), (0.25, 0.06, 0.62, 0.43),
        (0.08, 0.89, 0.81, 0.98), (Block(0.015, 0.12), Block(0.7, 0.1)), Wording.SPELT, Typeface.PLAIN, 0.024, Ruler.RIGHT,
        ink=(190, 200, 205), accent=(120, 230, 120), banner=0.06, banner_colour=(52, 54, 58), side=(0.83, 0.06, 1.0, 1.0),
        ecg_colour=_GREEN, logo=(0.91, 0.93), bar=(0.8, 0.1, 0.81, 0.4),
    ),
    Screen(
        "orchard", 576, 456, (0.04, 0.1, 0.76, 0.94), (0.03, 0.43, 0.76, 0.86), (0.03, 0.1, 0.48, 0.42),
        (0.05, 0.86, 0.4, 0.95), (Block(0.77, 0.11), Block(0.77, 0.45)), Wording.SYMBOLS, Typeface.NARROW, 0.032, Ruler.EDGES,
        banner=0.08, banner_colour=(72, 78, 98), menu=0.045, ecg_colour=_CYAN, ecg_inside=True, bar=(0.0, 0.12, 0.015, 0.42),
        logo=(0.72, 0.13),
    ),
    Screen(
        "tablet", 768, 1024, (0.02, 0.12, 0.94, 0.66), (0.02, 0.4, 0.9, 0.66), (0.15, 0.12, 0.8, 0.39),
        (0.02, 0.83, 0.98, 0.9), (Block(0.04, 0.68), Block(0.96, 0.68, "r")),
        Wording.SYMBOLS, Typeface.PLAIN, 0.018, Ruler.RIGHT,
        accent=(90, 160, 255), banner=0.07, banner_colour=(24, 28, 34), menu=0.06, ecg_colour=_GREEN, logo=(0.5, 0.095),
        bar=(0.96, 0.15, 0.975, 0.4),
    ),
    Screen(
        "crop", 636, 434, (0.0, 0.0, 0.95, 1.0), (0.0, 0.36, 0.9, 1.0), (0.2, 0.0, 0.7, 0.35),
        (0.0, 0.86, 0.9, 1.0), (Block(0.99, 0.03, "r"),), Wording.TERSE, Typeface.PLAIN, 0.028, Ruler.RIM,
        banner=0.0, ecg_inside=True, ecg_colour=_YELLOW, bar=(0.97, 0.3, 0.985, 0.6), logo=(0.04, 0.06),
    ),
    Screen(
        "slate", 800, 600, (0.2, 0.1, 0.8, 0.84), (0.18, 0.47, 0.82, 0.84), (0.28, 0.1, 0.7, 0.46),
        (0.12, 0.85, 0.88, 0.94), (Block(0.01, 0.12), Block(0.99, 0.12, "r")), Wording.SPELT, Typeface.HARD, 0.022, Ruler.LEFT,
        ink=(20, 20, 24), accent=(150, 30, 30), background=(172, 176, 182),
        frame=(0, 0, 0), banner=0.07, banner_colour=(120, 128, 140),
        menu=0.05, ecg_colour=_GREEN, logo=(0.95, 0.9), bar=(0.895, 0.3, 0.91, 0.6),
    ),
    Screen(
        "beacon", 960, 720, (0.1, 0.1, 0.9, 0.95), (0.03, 0.4, 0.93, 0.82), (0.55, 0.08, 0.93, 0.39),
        (0.03, 0.83, 0.93, 0.95), (Block(0.01, 0.1), Block(0.99, 0.7, "r")), Wording.SYMBOLS, Typeface.BOLD, 0.019, Ruler.EDGES,
        ink=(240, 200, 90), accent=_WHITE, banner=0.05, banner_colour=(50, 20, 20), ecg_colour=_CYAN, logo=(0.97, 0.1),
        bar=(0.02, 0.6, 0.03, 0.85),
    ),
    Screen(
        "cellar", 640, 480, (0.1, 0.12, 0.98, 0.98), (0.1, 0.5, 0.97, 0.86), (0.4, 0.12, 0.85, 0.49),
        (0.1, 0.87, 0.97, 0.97), (Block(0.01, 0.14), Block(0.01, 0.6)), Wording.TERSE, Typeface.DOTS, 0.023, Ruler.RIGHT,
        ink=(200, 200, 200), banner=0.1, banner_colour=_BLACK, ecg_colour=_WHITE, pixel_aspect=0.9375, monochrome=True,
        bar=(0.03, 0.35, 0.05, 0.55), logo=(0.05, 0.07),
    ),
)  # fmt: skip
