"""What a screen says in words: settings, patient, and now and then the view, rightly or wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.catalogue import Mode
from models.phantom.screens.screen import Wording


@dataclass(frozen=True)
class Banner:
    """Whom and when the head of the screen names."""

    patient: str = "PHANTOM, HEART"
    patient_id: str = "PHANTOM"
    institution: str = "Synthetic Echo Laboratory"
    moment: str = "01/01/2026 09:30:00"


class Annotation(StrEnum):
    """What the word on the screen that names a view has to do with the view."""

    ANY = "any"  # drawn by the seed alone, so right by chance: nothing can be learnt from it
    RIGHT = "right"
    WRONG = "wrong"
    ABSENT = "absent"


@dataclass(frozen=True)
class Facts:
    """What a screen states and does not choose."""

    depth_cm: float
    frame_rate_hz: float | None
    heart_rate_bpm: float
    seconds: float | None = None  # of a display over time


# By the part of the class's name before the first hyphen and, where it matters, after it.
_NAMES: dict[str, tuple[str, ...]] = {
    "a2ch": ("A2C", "AP2", "Apical 2Ch"), "a3ch": ("A3C", "APLAX", "AP3"), "a4ch": ("A4C", "AP4", "Apical 4Ch"),
    "a5ch": ("A5C", "AP5"), "apex": ("LV APEX",), "doppler-ao": ("DESC AO",), "doppler-av": ("AV DOP", "LVOT/AV"),
    "doppler-mv": ("MV DOP", "MV INFLOW"), "doppler-pv": ("PV DOP", "RVOT"), "doppler-tissue": ("TDI ANN", "E'"),
    "doppler-tv": ("TV DOP", "TR"), "mmode-a4ch": ("TAPSE",), "mmode-ivc": ("IVC M-MODE",),
    "mmode-plax": ("PLAX MM", "LV M-MODE"), "plax-tv": ("RV INFLOW", "RVIT"), "plax": ("PLAX", "PLA", "LAX"),
    "psax-lv": ("PSAX LV", "SAX"), "psax": ("PSAX", "SAX AV", "PSA"), "subcostal": ("SUBCOSTAL", "SC", "SUBX"),
    "suprasternal": ("SSN", "ARCH"),
}  # fmt: skip
_ALL_NAMES = tuple(dict.fromkeys(name for names in _NAMES.values() for name in names))
_MODE_NAMES = {Mode.B_MODE: "2D", Mode.M_MODE: "M", Mode.PW: "PW", Mode.CW: "CW", Mode.COLOUR: "COLOR", Mode.TDI: "TDI"}


def names_of(echoview47: str) -> tuple[str, ...]:
    """How sonographers write a class: the names of the longest beginning of it that has some."""
    fitting = [start for start in _NAMES if echoview47.startswith(start)]
    return _NAMES[max(fitting, key=len)] if fitting else (echoview47.upper(),)


def annotation_of(echoview47: str, kind: Annotation, random: np.random.Generator) -> str:
    """The word, empty where there is none. `random` is drawn from the same number of times whatever the view."""
    first, second, share = random.uniform(size=3)
    if kind is Annotation.ABSENT or (kind is Annotation.ANY and share < 0.5):
        return ""
    own = names_of(echoview47)
    choice: Sequence[str] = {
        Annotation.ANY: _ALL_NAMES,
        Annotation.RIGHT: own,
        Annotation.WRONG: [name for name in _ALL_NAMES if name not in own],
    }[kind]
    return choice[int(first * len(choice))] + ("", "", " *", " 1")[int(second * 4)]


def mode_name(mode: Mode, kind: Annotation, random: np.random.Generator) -> str:
    """The mode as carts state it, under the same rule as the view's name."""
    first, share = random.uniform(size=2)
    if kind is Annotation.ABSENT or (kind is Annotation.ANY and share < 0.5):
        return ""
    fitting = {Annotation.ANY: tuple(_MODE_NAMES), Annotation.RIGHT: (mode,)}
    choice = fitting.get(kind, tuple(other for other in _MODE_NAMES if other is not mode))
    return _MODE_NAMES[choice[int(first * len(choice))]]


def settings(wording: Wording, facts: Facts, random: np.random.Generator) -> list[str]:
    """Lines of settings, as many as a screen may show. What they say beside `facts` is drawn."""
    gain, range_db, persist = int(random.integers(30, 90)), int(random.integers(45, 80)), int(random.integers(0, 5))
    frequency, mi, tis = random.uniform(1.6, 4.0), random.uniform(0.4, 1.6), random.uniform(0.1, 1.9)
    probe, preset, power = (int(random.integers(3)) for _ in range(3))
    rate = "" if facts.frame_rate_hz is None else f"{facts.frame_rate_hz:.0f}"
    depth, preset_name = facts.depth_cm, ("Adult", "TTE", "Cardiac")[preset]
    sweep = "" if facts.seconds is None else f"{200 / facts.seconds:.0f}"  # of a display 200 mm wide
    power_name, probe_name = ("P Low", "P Med", "P Off")[power], ("HPen", "HGen", "HRes")[probe]
    mhz, tempo = f"{frequency:.1f}", f"{rate} fps" if rate else f"{sweep} mm/s"
    match wording:
        case Wording.TERSE:
            lines = [f"FR {rate}Hz" if rate else f"{sweep}mm/s", f"{depth:.0f}cm", "", f"{gain}%", f"C {range_db}"]
            lines += [power_name, probe_name, "", f"MI {mi:.1f}", f"TIS {tis:.1f}"]
        case Wording.CAPITALS:
            lines = [f"DEPTH {depth:.1f}CM", f"{mhz}MHZ", f"GAIN {gain}", f"DR {range_db}"]
            lines += [f"{rate}HZ" if rate else f"SWP {sweep}", f"PRST {persist}", preset_name.upper(), f"MI={mi:.2f}"]
        case Wording.SPELT:
            lines = [
                f"{preset_name} echo",
                f"Probe S{probe + 3}p",
                f"Freq.: {mhz} MHz",
                f"FPS: {rate}" if rate else f"Sweep {tempo}",
            ]
            lines += [
                f"Depth: {depth:.1f} cm",
                f"Gain: {gain / 5:.1f} dB",
                f"Dyn. range {range_db}",
                f"MI {mi:.2f} TIs {tis:.2f}",
            ]
        case Wording.SYMBOLS:
            lines = [
                f"S{probe + 3}-1 {preset_name}",
                f"H{mhz}MHz",
                f"{10 * depth:.0f}mm",
                f"{range_db}dB T{power + 1}/ 0/{persist}/4",
            ]
            lines += [f"G={gain / 4:.0f}dB", tempo, f"MI:{mi:.1f} TI:{tis:.1f}"]
    first = int(random.integers(0, 3))  # some screens show less
    return lines[first:] if random.uniform() < 0.3 else lines[: len(lines) - first]
