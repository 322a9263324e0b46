"""One row per B-mode class of EchoView47: how its plane runs, what stands in its middle, how deep it looks.

The meaning of the class names is our reading; the data set's gallery was not available.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.phantom.planes import cuts
from models.phantom.planes.cuts import CutOf

Span = tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """A class of EchoView47. Structures are those of `section`, places those of the heart's landmarks.

    `centre` stands near the central beam: structures or places, whose mean counts. `whole` are held within the sector's sides.
    `end` names a structure and the share of its depth at which the picture ends: 0 is its near border and 1 its far one.
    `half_deg` is half the sector's angle, widened where `whole` needs it. `shows` is the least share of a structure's area in
    the plane that the sector holds, `least_cm2` the least area that it shows and `most_cm2` the greatest. `standoff_mm` lies
    between skin and heart. `fill` is the share of the picture's height that the left ventricle takes. `zoom` is how often the
    picture begins below the probe, close above `centre`. `turn_deg` and `tilt_deg` are the standard deviations of the rotation
    about the central beam and of the tilt out of the plane.
    """

    name: str
    cut: CutOf
    centre: tuple[str, ...]
    end: tuple[str, float, float]
    whole: tuple[str, ...] = ()
    half_deg: Span = (34.0, 48.0)
    standoff_mm: Span = (10.0, 24.0)
    shows: Mapping[str, float] = field(default_factory=dict)
    least_cm2: Mapping[str, float] = field(default_factory=dict)
    most_cm2: Mapping[str, float] = field(default_factory=dict)
    fill: Span | None = None
    zoom: float = 0.0
    turn_deg: float = 5.0
    tilt_deg: float = 3.0


_ZOOM = 0.65
# Between skin and heart where the hand seeks the ventricle's apex.
_CLOSE = (6.0, 14.0)
_NARROW, _WIDE = (30.0, 40.0), (36.0, 50.0)
_FULL_FILL, _FOCUS_FILL = (0.40, 0.70), (0.70, 0.90)
_TWO = {"aorta": 1.5, "rv": 2.5}

_ROWS = (
    Plane(
        "a4ch-full", cuts.a4c, ("lv", "rv"), ("la", 0.6, 1.6), ("lv_wall",), _WIDE, fill=_FULL_FILL,
        shows={"lv": 0.97, "rv": 0.75, "la": 0.55, "ra": 0.45}, most_cm2={"aorta": 1.5},
    ),
    Plane(
        "a4ch-lv", cuts.a4c, ("lv",), ("la", 0.02, 0.3), ("lv_wall",), _NARROW, _CLOSE, fill=_FOCUS_FILL,
        shows={"lv": 0.97}, most_cm2={"aorta": 1.5},
    ),
    Plane(
        "a4ch-rv", cuts.a4c, ("rv",), ("ra", 0.3, 1.1), ("rv",), _NARROW,
        shows={"rv": 0.93, "ra": 0.15}, most_cm2={"aorta": 1.5},
    ),
    Plane("a4ch-la", cuts.a4c, ("la",), ("la", 1.05, 1.3), ("la",), (26.0, 36.0), shows={"la": 0.96}, zoom=_ZOOM),
    Plane("a4ch-ra", cuts.a4c, ("ra",), ("ra", 1.05, 1.3), ("ra",), (26.0, 36.0), shows={"ra": 0.96}, zoom=_ZOOM),
    Plane(
        "a4ch-ias", cuts.a4c, ("la", "ra"), ("la", 1.0, 1.3), (), (24.0, 34.0),
        shows={"la": 0.6, "ra": 0.6}, zoom=_ZOOM,
    ),
    Plane(
        "a2ch-full", cuts.a2c, ("lv", "la"), ("la", 0.6, 1.6), ("lv_wall",), _WIDE, fill=_FULL_FILL,
        shows={"lv": 0.97, "la": 0.55}, most_cm2=_TWO,
    ),
    Plane(
        "a2ch-lv", cuts.a2c, ("lv",), ("la", 0.02, 0.3), ("lv_wall",), _NARROW, _CLOSE, fill=_FOCUS_FILL,
        shows={"lv": 0.97}, most_cm2=_TWO,
    ),
    Plane(
        "a2ch-la", cuts.a2c, ("la",), ("la", 1.05, 1.3), ("la",), (26.0, 36.0), shows={"la": 0.96}, most_cm2=_TWO,
        zoom=_ZOOM,
    ),
    Plane(
        "a3ch-full", cuts.a3c, ("lv", "la"), ("la", 0.6, 1.6), ("lv_wall",), _WIDE, fill=_FULL_FILL,
        shows={"lv": 0.97, "la": 0.55}, least_cm2={"aorta": 2.0},
    ),
    Plane(
        "a3ch-lv", cuts.a3c, ("lv",), ("la", 0.02, 0.3), ("lv_wall",), _NARROW, _CLOSE, fill=_FOCUS_FILL, shows={"lv": 0.97},
    ),
    Plane("a3ch-la", cuts.a3c, ("la",), ("la", 1.05, 1.3), ("la",), (26.0, 36.0), shows={"la": 0.96}, zoom=_ZOOM),
    Plane(
        "a3ch-outflow", cuts.a3c, ("aortic_annulus",), ("aorta", 0.6, 1.1), (), (22.0, 32.0), least_cm2={"aorta": 1.5},
        zoom=_ZOOM,
    ),
    Plane(
        "a5ch-full", cuts.a5c, ("lv", "rv"), ("la", 0.5, 1.5), ("lv_wall",), _WIDE, fill=_FULL_FILL,
        shows={"lv": 0.96}, least_cm2={"aorta": 2.0, "rv": 3.0}, turn_deg=4.0, tilt_deg=2.0,
    ),
    Plane(
        "a5ch-outflow", cuts.a5c, ("aortic_annulus",), ("aorta", 0.6, 1.1), (), (22.0, 32.0), least_cm2={"aorta": 1.5},
        zoom=_ZOOM, turn_deg=4.0, tilt_deg=2.0,
    ),
    Plane("apex", cuts.apex, ("apex",), ("lv", 0.40, 0.60), (), (26.0, 42.0), least_cm2={"lv": 4.0}, turn_deg=60.0),
    Plane(
        "plax-full-lv", cuts.plax_lv, ("mitral_inferior", "apex", "lv"), ("lv_wall", 1.1, 1.4), (), _WIDE,
        shows={"lv": 0.55, "la": 0.35}, least_cm2={"aorta": 1.5, "la": 2.0},
    ),
    Plane(
        "plax-full-la", cuts.plax_la, ("la",), ("la", 1.5, 2.2), ("la",), _WIDE, shows={"la": 0.96}, least_cm2={"aorta": 2.0},
    ),
    Plane(
        "plax-full-mv", cuts.plax_mv, ("mitral_anterior", "mitral_inferior"), ("la", 1.0, 1.4), (), (28.0, 38.0),
        least_cm2={"lv": 6.0, "la": 2.0},
    ),
    Plane(
        "plax-full-out", cuts.plax_outflow, ("aortic_annulus", "aortic_sinus"), ("la", 1.0, 1.4), (), (28.0, 38.0),
        least_cm2={"aorta": 4.0},
    ),
    Plane(
        "plax-full-rv-ao", cuts.plax_ascending, ("stj", "ascending"), ("aorta", 1.2, 2.0), (), (30.0, 44.0),
        least_cm2={"aorta": 7.0},
    ),
    Plane(
        "plax-tv", cuts.rv_inflow, ("tricuspid_lateral", "tricuspid_septal"), ("ra", 0.9, 1.4), (), _WIDE,
        least_cm2={"rv": 5.0, "ra": 4.0}, most_cm2={"lv": 12.0},
    ),
    Plane(
        "plax-valves-av", cuts.plax_outflow, ("aortic_annulus",), ("la", 0.1, 0.6), (), (16.0, 26.0),
        least_cm2={"aorta": 2.0}, zoom=0.75,
    ),
    Plane(
        "plax-valves-mv", cuts.plax_mv, ("mitral_anterior", "mitral_inferior"), ("la", 0.8, 1.1), (), (16.0, 26.0),
        least_cm2={"lv": 2.0, "la": 1.0}, zoom=0.75,
    ),
    Plane(
        "psax-av", cuts.psax_aortic, ("aortic_annulus",), ("la", 0.9, 1.4), (), _WIDE,
        least_cm2={"aorta": 3.0, "la": 2.0}, turn_deg=4.0, tilt_deg=4.0,
    ),
    Plane(
        "psax-pv", cuts.psax_pulmonary, ("pulmonary_valve", "pulmonary_artery"), ("pa", 1.1, 1.5), (), (30.0, 42.0),
        least_cm2={"pa": 3.0}, turn_deg=4.0, tilt_deg=4.0,
    ),
    Plane(
        "psax-tv", cuts.psax_tricuspid, ("tricuspid_lateral", "tricuspid_septal"), ("ra", 1.0, 1.4), (),
        (30.0, 42.0), least_cm2={"ra": 3.0, "rv": 2.0}, turn_deg=4.0, tilt_deg=4.0,
    ),
    Plane("psax-lv-base", cuts.short_axis(0.12), ("lv",), ("lv_wall", 1.1, 1.5), ("lv_wall",), _WIDE, shows={"lv": 0.97}),
    Plane("psax-lv-mid", cuts.short_axis(0.42), ("lv",), ("lv_wall", 1.1, 1.5), ("lv_wall",), _WIDE, shows={"lv": 0.97}),
    Plane("psax-lv-apex", cuts.short_axis(0.80), ("lv",), ("lv_wall", 1.2, 2.0), ("lv_wall",), _WIDE, shows={"lv": 0.97}),
    Plane(
        "psax-all", cuts.short_axis(0.30), ("lv", "rv"), ("lv_wall", 1.8, 2.6), ("lv_wall", "rv"), (40.0, 55.0),
        shows={"lv": 0.97, "rv": 0.9},
    ),
    Plane(
        "subcostal-heart", cuts.subcostal_4c, ("lv", "rv", "la", "ra"), ("lv_wall", 1.0, 1.3), ("lv", "rv"), _WIDE,
        (28.0, 60.0), shows={"lv": 0.9, "rv": 0.85, "la": 0.5, "ra": 0.5}, turn_deg=5.0, tilt_deg=4.0,
    ),
    Plane(
        "subcostal-ivc", cuts.subcostal_ivc, ("ivc",), ("ivc", 1.3, 2.2), (), _WIDE, (20.0, 45.0),
        least_cm2={"ivc": 4.0}, turn_deg=4.0, tilt_deg=2.0,
    ),
    Plane(
        "suprasternal", cuts.aortic_arch, ("arch",), ("aorta", 0.7, 1.1), (), _WIDE, (12.0, 24.0),
        least_cm2={"aorta": 8.0}, turn_deg=5.0, tilt_deg=3.0,
    ),
)  # fmt: skip

PLANES: Mapping[str, Plane] = {plane.name: plane for plane in _ROWS}
