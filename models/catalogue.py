"""Every quantity this node may issue, every view it may name, and EchoView47's classes in terms of both.

Keys and units (UCUM) are the `key` and `ucum_unit` of the project's dictionary of echo measurements. Limits are those of the
*impossible*, not of the abnormal: a value outside them is refused (`Reason.OUTSIDE_LIMITS`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class View(StrEnum):
    """The plane an image shows, in the clinician's words. OTHER is a cardiac or non-cardiac image of no view we measure in."""

    A4C = "a4c"
    A2C = "a2c"
    A3C = "a3c"
    A5C = "a5c"
    APICAL_ZOOM = "apical_zoom"
    PLAX = "plax"
    PLAX_HIGH = "plax_high"
    PLAX_ZOOM = "plax_zoom"
    RV_INFLOW = "rv_inflow"
    PSAX = "psax"
    PSAX_AV = "psax_av"
    PSAX_MV = "psax_mv"
    PSAX_PM = "psax_pm"
    PSAX_APEX = "psax_apex"
    SUBCOSTAL_4C = "subcostal_4c"
    SUBCOSTAL_IVC = "subcostal_ivc"
    SUPRASTERNAL = "suprasternal"
    OTHER = "other"


class Mode(StrEnum):
    B_MODE = "b_mode"
    M_MODE = "m_mode"
    PW = "pw"
    CW = "cw"
    COLOUR = "colour"
    TDI = "tdi"


class Method(StrEnum):
    """How a value was computed; part of its identity."""

    DISCS_SINGLE_PLANE = "method of discs, single plane"
    DISCS_BIPLANE = "method of discs, biplane"
    LENGTH = "length"
    OBSERVED = "observed"
    CALIPERS = "calipers, ends placed by a network"
    TEICHHOLZ = "Teichholz, from calipers"
    VIDEO_REGRESSION = "video regression"
    VIDEO_REGRESSION_BIPLANE = "video regression, biplane"


@dataclass(frozen=True)
class Quantity:
    """One thing that may be issued. `views` are all needed; `limits` are inclusive, in `unit`."""

    key: str
    name: str
    unit: str
    method: Method
    views: tuple[View, ...]
    limits: tuple[float, float]


# Limits: EF 5-85 %, EDV 20-500 mL (impossible outside; ASE/EACVI 2015 chamber quantification gives the normal ranges well
# inside). ESV limits follow: 85 % of 20 mL leaves 3 mL.
_EF, _EDV, _ESV, _LENGTH = (5.0, 85.0), (20.0, 500.0), (3.0, 475.0), (3.0, 16.0)
_A4C, _A2C, _BOTH = (View.A4C,), (View.A2C,), (View.A4C, View.A2C)
_SINGLE, _BIPLANE = Method.DISCS_SINGLE_PLANE, Method.DISCS_BIPLANE

# What the outlines of the left ventricle give: every study has each of them, as a value or with the reasons for its absence.
OUTLINED: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity("ef_bp", "EF biplane Simpson", "%", _BIPLANE, _BOTH, _EF),
        Quantity("lvedv_bp", "LVEDV biplane MOD", "mL", _BIPLANE, _BOTH, _EDV),
        Quantity("lvesv_bp", "LVESV biplane MOD", "mL", _BIPLANE, _BOTH, _ESV),
        Quantity("ef_a4c", "EF A4C", "%", _SINGLE, _A4C, _EF),
        Quantity("lvedv_a4c", "LVEDV A4C MOD", "mL", _SINGLE, _A4C, _EDV),
        Quantity("lvesv_a4c", "LVESV A4C MOD", "mL", _SINGLE, _A4C, _ESV),
        Quantity("ef_a2c", "EF A2C", "%", _SINGLE, _A2C, _EF),
        Quantity("lvedv_a2c", "LVEDV A2C MOD", "mL", _SINGLE, _A2C, _EDV),
        Quantity("lvesv_a2c", "LVESV A2C MOD", "mL", _SINGLE, _A2C, _ESV),
        Quantity("lv_len_d_a4c", "LV length ED A4C", "cm", Method.LENGTH, _A4C, _LENGTH),
    )
}

_PLAX, _CALIPERS = (View.PLAX,), Method.CALIPERS

# What only models that measure by themselves give: a study has those that a model of its set can read. Limits: LVIDd, IVS and
# aortic root: of the impossible in adults; the other lengths with the same reserve over the extremes of the ASE/EACVI
# recommendations (J Am Soc Echocardiogr 2015;28:1-39); fractional shortening: what EF 5-85 % by Teichholz leaves to diameters
# of 2 to 9.5 cm.
READ: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity("lvidd_2d", "LVIDd", "cm", _CALIPERS, _PLAX, (2.0, 9.5)),
        Quantity("lvids_2d", "LVIDs", "cm", _CALIPERS, _PLAX, (0.8, 9.0)),
        Quantity("ivsd_2d", "IVSd", "cm", _CALIPERS, _PLAX, (0.4, 3.5)),
        Quantity("lvpwd_2d", "LVPWd", "cm", _CALIPERS, _PLAX, (0.4, 3.5)),
        Quantity("fs_2d", "Fractional shortening", "%", _CALIPERS, _PLAX, (1.5, 57.0)),
        Quantity("ef_teichholz_2d", "EF Teichholz", "%", Method.TEICHHOLZ, _PLAX, _EF),
        Quantity("ao_root", "Aortic root (sinus of Valsalva)", "cm", _CALIPERS, _PLAX, (1.5, 7.5)),
        Quantity("ao_asc", "Ascending aorta", "cm", _CALIPERS, _PLAX, (1.5, 9.0)),
        Quantity("la_diam_ap_2d", "LA AP diameter", "cm", _CALIPERS, _PLAX, (1.5, 9.0)),
        Quantity("rv_basal", "RV basal diameter", "cm", _CALIPERS, _A4C, (1.0, 8.0)),
        Quantity("pa_diam", "Main PA diameter", "cm", _CALIPERS, (View.PSAX_AV,), (0.8, 6.0)),
        Quantity("ivc_diam", "IVC diameter", "cm", _CALIPERS, (View.SUBCOSTAL_IVC,), (0.2, 4.5)),
        Quantity("ef_video_regression", "EF by video regression", "%", Method.VIDEO_REGRESSION, _A4C, _EF),
        Quantity(
            "ef_video_regression_biplane", "EF by video regression, biplane", "%", Method.VIDEO_REGRESSION_BIPLANE, _BOTH, _EF
        ),
    )
}

QUANTITIES = OUTLINED | READ


class EchoViewClass(NamedTuple):
    """One class of EchoView47: our view, what is centred, the mode (None: the class does not say PW or CW)."""

    name: str
    view: View
    focus: str
    mode: Mode | None


def _b(name: str, view: View, focus: str = "whole") -> EchoViewClass:
    return EchoViewClass(name, view, focus, Mode.B_MODE)


def _m(name: str, view: View, focus: str) -> EchoViewClass:
    return EchoViewClass(name, view, focus, Mode.M_MODE)


def _doppler(name: str, view: View, focus: str, mode: Mode | None = None) -> EchoViewClass:
    return EchoViewClass(name, view, focus, mode)


# In the network's class order. The meaning of the class names is our reading; the data set's gallery was not available.
ECHOVIEW47: tuple[EchoViewClass, ...] = (
    _b("a2ch-full", View.A2C), _b("a2ch-la", View.A2C, "la"), _b("a2ch-lv", View.A2C, "lv"),
    _b("a3ch-full", View.A3C), _b("a3ch-la", View.A3C, "la"), _b("a3ch-lv", View.A3C, "lv"),
    _b("a3ch-outflow", View.A3C, "lvot"),
    _b("a4ch-full", View.A4C), _b("a4ch-ias", View.A4C, "interatrial septum"), _b("a4ch-la", View.A4C, "la"),
    _b("a4ch-lv", View.A4C, "lv"), _b("a4ch-ra", View.A4C, "ra"), _b("a4ch-rv", View.A4C, "rv"),
    _b("a5ch-full", View.A5C), _b("a5ch-outflow", View.A5C, "lvot"), _b("apex", View.APICAL_ZOOM, "lv apex"),
    _doppler("doppler-ao-descending", View.SUPRASTERNAL, "descending aorta"),
    _doppler("doppler-av", View.A5C, "aortic valve"), _doppler("doppler-mv", View.A4C, "mitral valve"),
    _doppler("doppler-pv", View.PSAX_AV, "pulmonary valve"),
    _doppler("doppler-tissue-lateral", View.A4C, "lateral annulus", Mode.TDI),
    _doppler("doppler-tissue-rv", View.A4C, "tricuspid annulus", Mode.TDI),
    _doppler("doppler-tissue-septal", View.A4C, "septal annulus", Mode.TDI),
    _doppler("doppler-tv", View.A4C, "tricuspid valve"),
    _m("mmode-a4ch-rv", View.A4C, "lateral tricuspid annulus"), _m("mmode-ivc", View.SUBCOSTAL_IVC, "ivc"),
    _m("mmode-plax-av", View.PLAX, "aortic valve"), _m("mmode-plax-lv", View.PLAX, "lv"),
    _m("mmode-plax-mitral", View.PLAX, "mitral valve"),
    _b("plax-full-la", View.PLAX, "la"), _b("plax-full-lv", View.PLAX, "lv"),
    _b("plax-full-mv", View.PLAX, "mitral valve"), _b("plax-full-out", View.PLAX, "lvot"),
    _b("plax-full-rv-ao", View.PLAX_HIGH, "ascending aorta"), _b("plax-tv", View.RV_INFLOW, "tricuspid valve"),
    _b("plax-valves-av", View.PLAX_ZOOM, "aortic valve"), _b("plax-valves-mv", View.PLAX_ZOOM, "mitral valve"),
    _b("psax-all", View.PSAX), _b("psax-av", View.PSAX_AV, "aortic valve"), _b("psax-lv-apex", View.PSAX_APEX),
    _b("psax-lv-base", View.PSAX_MV), _b("psax-lv-mid", View.PSAX_PM),
    _b("psax-pv", View.PSAX_AV, "pulmonary valve"), _b("psax-tv", View.PSAX_AV, "tricuspid valve"),
    _b("subcostal-heart", View.SUBCOSTAL_4C), _b("subcostal-ivc", View.SUBCOSTAL_IVC, "ivc"),
    _b("suprasternal", View.SUPRASTERNAL),
)  # fmt: skip
