"""What is made of other quantities, of one clip or of several: no network gives it, so a study has it where it has the parts.

`models/derive/study/formulas.py` says how each is computed.
"""

from models.catalogue.quantity import Method, Phase, Quantity
from models.catalogue.views import View

_ES = Phase.END_SYSTOLE
_PLAX, _BOTH, _MM_LV, _TV_CW = (View.PLAX,), (View.A4C, View.A2C), (View.MMODE_PLAX_LV,), (View.DOPPLER_TV_CW,)
_AV_PW, _AV_CW, _MV_PW, _VEIN = (
    (View.DOPPLER_AV_PW,), (View.DOPPLER_AV_CW,), (View.DOPPLER_MV_PW,), (View.DOPPLER_PULMONARY_VEIN_PW,),
)  # fmt: skip
_LATERAL, _SEPTAL = (View.DOPPLER_TISSUE_LATERAL,), (View.DOPPLER_TISSUE_SEPTAL,)

_CALIPERS, _MM, _RATIO, _BERNOULLI = Method.CALIPERS, Method.M_MODE_CALIPERS, Method.RATIO, Method.BERNOULLI
_BIPLANE, _AREA_LENGTH = Method.DISCS_BIPLANE, Method.AREA_LENGTH_BIPLANE
_VTI, _VMAX = Method.CONTINUITY_VTI, Method.CONTINUITY_VMAX

_EF, _MASS, _MASS_INDEX, _LA_INDEX, _VALVE_AREA = (5.0, 85.0), (20.0, 1200.0), (10.0, 600.0), (4.0, 250.0), (0.1, 8.0)
_EE, _AREA_INDEX, _STROKE_INDEX = (0.6, 175.0), (0.05, 6.0), (1.0, 330.0)
_MM_DIAMETERS, _MM_WALLS = ("lvidd_mm", "lvids_mm"), ("ivsd_mm", "lvidd_mm", "lvpwd_mm")

# Limits: a mass, a ratio, a flow, a gradient or an index as its parts leave it; heart rate as echo labs refuse it; a body
# surface is that of an adult of 1.2 to 2.3 m. E/e' is E over the mean of the e' there are, never a mean of ratios (ASE/EACVI,
# J Am Soc Echocardiogr 2016;29:277-314).
DERIVED: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity("ee_septal", "E/e' septal", "1", _RATIO, _MV_PW + _SEPTAL, _EE, "septal annulus", parts=("mv_e", "e_septal")),
        Quantity(
            "ee_lateral", "E/e' lateral", "1", _RATIO, _MV_PW + _LATERAL, _EE, "lateral annulus", parts=("mv_e", "e_lateral")
        ),
        Quantity(
            "ee_avg",
            "E/e' average",
            "1",
            _RATIO,
            _MV_PW + _SEPTAL + _LATERAL,
            _EE,
            "mitral annulus",
            parts=("mv_e", "e_septal", "e_lateral"),
        ),
        Quantity("fs_mm", "Fractional shortening", "%", _MM, _MM_LV, (1.5, 57.0), parts=_MM_DIAMETERS),
        Quantity("ef_teichholz_mm", "EF Teichholz", "%", Method.TEICHHOLZ, _MM_LV, _EF, parts=_MM_DIAMETERS),
        Quantity(
            "lv_mass_cube_2d",
            "LV mass (linear/cube)",
            "g",
            Method.MASS_2D,
            _PLAX,
            _MASS,
            parts=("ivsd_2d", "lvidd_2d", "lvpwd_2d"),
        ),
        Quantity(
            "lv_mass_index_2d", "LV mass index", "g/m2", Method.MASS_2D, _PLAX, _MASS_INDEX, parts=("lv_mass_cube_2d", "bsa")
        ),
        Quantity("lv_mass_cube_mm", "LV mass (linear/cube)", "g", Method.MASS_M_MODE, _MM_LV, _MASS, parts=_MM_WALLS),
        Quantity(
            "lv_mass_index_mm",
            "LV mass index",
            "g/m2",
            Method.MASS_M_MODE,
            _MM_LV,
            _MASS_INDEX,
            parts=("lv_mass_cube_mm", "bsa"),
        ),
        Quantity("rwt", "Relative wall thickness", "1", _CALIPERS, _PLAX, (0.1, 2.5), parts=("lvpwd_2d", "lvidd_2d")),
        Quantity("lvedv_bp_index", "LVEDV biplane / BSA", "mL/m2", _BIPLANE, _BOTH, (8.0, 400.0), parts=("lvedv_bp", "bsa")),
        Quantity("lvesv_bp_index", "LVESV biplane / BSA", "mL/m2", _BIPLANE, _BOTH, (1.0, 380.0), parts=("lvesv_bp", "bsa")),
        Quantity("sv_bp", "Stroke volume biplane", "mL", _BIPLANE, _BOTH, (3.0, 400.0), parts=("lvedv_bp", "lvesv_bp")),
        Quantity("svi_bp", "Stroke volume index biplane", "mL/m2", _BIPLANE, _BOTH, _STROKE_INDEX, parts=("sv_bp", "bsa")),
        Quantity(
            "la_vol_al_bp_index",
            "LA volume index A-L",
            "mL/m2",
            _AREA_LENGTH,
            _BOTH,
            _LA_INDEX,
            "la",
            _ES,
            parts=("la_vol_al_bp", "bsa"),
        ),
        Quantity(
            "la_vol_mod_bp_index",
            "LA volume index MOD",
            "mL/m2",
            _BIPLANE,
            _BOTH,
            _LA_INDEX,
            "la",
            _ES,
            parts=("la_vol_mod_bp", "bsa"),
        ),
        Quantity(
            "sv_lvot",
            "Stroke volume LVOT",
            "mL",
            Method.VOLUME_FLOW,
            _PLAX + _AV_PW,
            (5.0, 300.0),
            "lvot",
            parts=("lvot_diam", "lvot_vti"),
        ),
        Quantity(
            "svi_lvot",
            "Stroke volume index LVOT",
            "mL/m2",
            Method.VOLUME_FLOW,
            _PLAX + _AV_PW,
            (2.0, 200.0),
            "lvot",
            parts=("sv_lvot", "bsa"),
        ),
        Quantity(
            "co_lvot",
            "Cardiac output LVOT",
            "L/min",
            Method.VOLUME_FLOW,
            _PLAX + _AV_PW,
            (0.5, 40.0),
            "lvot",
            parts=("sv_lvot", "hr"),
        ),
        Quantity(
            "ci_lvot",
            "Cardiac index LVOT",
            "L/min/m2",
            Method.VOLUME_FLOW,
            _PLAX + _AV_PW,
            (0.3, 20.0),
            "lvot",
            parts=("co_lvot", "bsa"),
        ),
        Quantity(
            "ava_vti",
            "AVA continuity VTI",
            "cm2",
            _VTI,
            _PLAX + _AV_PW + _AV_CW,
            _VALVE_AREA,
            "av",
            parts=("lvot_diam", "lvot_vti", "av_vti"),
        ),
        Quantity(
            "ava_vmax",
            "AVA continuity Vmax",
            "cm2",
            _VMAX,
            _PLAX + _AV_PW + _AV_CW,
            _VALVE_AREA,
            "av",
            parts=("lvot_diam", "lvot_vmax", "av_vmax"),
        ),
        Quantity(
            "ava_vti_index",
            "AVA index VTI",
            "cm2/m2",
            _VTI,
            _PLAX + _AV_PW + _AV_CW,
            _AREA_INDEX,
            "av",
            parts=("ava_vti", "bsa"),
        ),
        Quantity(
            "ava_vmax_index",
            "AVA index Vmax",
            "cm2/m2",
            _VMAX,
            _PLAX + _AV_PW + _AV_CW,
            _AREA_INDEX,
            "av",
            parts=("ava_vmax", "bsa"),
        ),
        Quantity(
            "dvi",
            "Doppler velocity index",
            "1",
            Method.VTI_RATIO,
            _AV_PW + _AV_CW,
            (0.05, 2.0),
            "av",
            parts=("lvot_vti", "av_vti"),
        ),
        Quantity(
            "pulm_vein_sd",
            "Pulmonary vein S/D",
            "1",
            Method.RATIO,
            _VEIN,
            (0.05, 10.0),
            "pulmonary vein",
            parts=("pulm_vein_s", "pulm_vein_d"),
        ),
        Quantity("rap", "RA pressure (assumed)", "mm[Hg]", Method.ASSUMPTION, (), (0.0, 30.0), "ra"),
        Quantity("rvsp", "RVSP", "mm[Hg]", _BERNOULLI, _TV_CW, (4.0, 175.0), "rv", parts=("tr_vmax", "rap")),
        Quantity("hr", "Heart rate", "{H.B.}/min", Method.RATE, (), (25.0, 220.0), "heart"),
        Quantity("bsa", "BSA", "m2", Method.BODY_SIZE, (), (0.8, 4.5), "body"),
    )
}
