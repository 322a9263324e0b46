"""Every view that an image may be said to show, the modes, and EchoView47's classes in terms of both."""

from enum import StrEnum
from typing import NamedTuple


class View(StrEnum):
    """The plane an image shows, in the clinician's words; of a Doppler or M-mode display (`DISPLAYS`) what it is a trace of.

    A `DOPPLER_` of blood flow without `_PW` or `_CW` is one that does not say how it was taken. OTHER is a cardiac or
    non-cardiac image of no view we measure in.
    """

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
    DOPPLER_AO_DESCENDING = "doppler_ao_descending"
    DOPPLER_AV = "doppler_av"
    DOPPLER_AV_PW = "doppler_av_pw"
    DOPPLER_AV_CW = "doppler_av_cw"
    DOPPLER_MV = "doppler_mv"
    DOPPLER_MV_PW = "doppler_mv_pw"
    DOPPLER_MV_CW = "doppler_mv_cw"
    DOPPLER_PULMONARY_VEIN_PW = "doppler_pulmonary_vein_pw"
    DOPPLER_PV = "doppler_pv"
    DOPPLER_PV_PW = "doppler_pv_pw"
    DOPPLER_PV_CW = "doppler_pv_cw"
    DOPPLER_TV = "doppler_tv"
    DOPPLER_TV_PW = "doppler_tv_pw"
    DOPPLER_TV_CW = "doppler_tv_cw"
    DOPPLER_TISSUE_LATERAL = "doppler_tissue_lateral"
    DOPPLER_TISSUE_RV = "doppler_tissue_rv"
    DOPPLER_TISSUE_SEPTAL = "doppler_tissue_septal"
    MMODE_A4CH_RV = "mmode_a4ch_rv"
    MMODE_IVC = "mmode_ivc"
    MMODE_PLAX_AV = "mmode_plax_av"
    MMODE_PLAX_LV = "mmode_plax_lv"
    MMODE_PLAX_MITRAL = "mmode_plax_mitral"
    OTHER = "other"


M_MODES = frozenset(view for view in View if view.startswith("mmode_"))
TISSUE_DOPPLER = frozenset(view for view in View if view.startswith("doppler_tissue_"))
DISPLAYS = M_MODES | frozenset(view for view in View if view.startswith("doppler_"))
# What the phantom draws, and a manifest's [probe] may be: hearts, then displays.
PROBE_VIEWS = (
    View.A4C, View.A2C, View.A3C, View.PLAX, View.PSAX_MV, View.PSAX_PM, View.PSAX_APEX, View.SUBCOSTAL_4C,
    View.DOPPLER_AV_PW, View.DOPPLER_AV_CW, View.DOPPLER_MV_PW, View.DOPPLER_MV_CW, View.DOPPLER_PV_PW, View.DOPPLER_PV_CW,
    View.DOPPLER_TV_CW, View.DOPPLER_TISSUE_LATERAL, View.DOPPLER_TISSUE_SEPTAL, View.MMODE_A4CH_RV,
)  # fmt: skip


class Mode(StrEnum):
    B_MODE = "b_mode"
    M_MODE = "m_mode"
    PW = "pw"
    CW = "cw"
    COLOUR = "colour"
    TDI = "tdi"


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
