"""The quantities that the node's models give, a row each.

Limits are those of the *impossible*, not of the abnormal: a value outside them is refused (`Reason.OUTSIDE_LIMITS`).
"""

from models.catalogue.display_quantities import OF_DISPLAYS
from models.catalogue.quantity import Direction, Method, Phase, Quantity
from models.catalogue.views import View

_ED, _ES = Phase.END_DIASTOLE, Phase.END_SYSTOLE
_TOWARDS, _AWAY = Direction.TOWARDS, Direction.AWAY

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
_PLAX_HIGH, _PLAX_ZOOM, _PSAX_AV, _ROOT = (View.PLAX_HIGH,), (View.PLAX_ZOOM,), (View.PSAX_AV,), (1.2, 7.5)
_PEAK, _ENVELOPE, _AREA = Method.SPECTRAL_PEAK, Method.SPECTRAL_ENVELOPE, (3.0, 90.0)
_AV_PW, _AV_CW, _MV_PW, _MV_CW = (View.DOPPLER_AV_PW,), (View.DOPPLER_AV_CW,), (View.DOPPLER_MV_PW,), (View.DOPPLER_MV_CW,)
_LA_VOLUME = (10.0, 400.0)
_BERNOULLI, _RATIO, _DIAMETERS = Method.BERNOULLI, Method.RATIO, ("lvidd_2d", "lvids_2d")
_TV_CW, _LATERAL, _SEPTAL = (View.DOPPLER_TV_CW,), (View.DOPPLER_TISSUE_LATERAL,), (View.DOPPLER_TISSUE_SEPTAL,)

# What only models that measure by themselves give: a study has those that a model of its set can read. Limits: LVIDd, IVS and
# aortic root: of the impossible in adults; the other lengths with the same reserve over the extremes of the ASE/EACVI
# recommendations (J Am Soc Echocardiogr 2015;28:1-39); fractional shortening: what EF 5-85 % by Teichholz leaves to diameters
# of 2 to 9.5 cm. Areas: a sphere of the volume 10 to 400 mL has a section of 5.6 to 66 cm2, an ellipsoid somewhat more.
# Aortic and tricuspid jets, e' and TAPSE as echo labs refuse them; all other velocities and integrals with the same reserve,
# our choice; a gradient or a ratio as its parts leave it. Directions are those seen from the apex, for the right ventricle's
# outflow from the parasternal short axis. Early relaxation moves the mitral annulus away from the apex, systole (s') towards
# it. Flow of the aortic valve runs towards a suprasternal or right parasternal transducer. A jet is fastest where the beam lies
# along it, so of all windows the highest value counts.
READ: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity("lvidd_2d", "LVIDd", "cm", _CALIPERS, _PLAX, (2.0, 9.5), phase=_ED),
        Quantity("lvids_2d", "LVIDs", "cm", _CALIPERS, _PLAX, (0.8, 9.0), phase=_ES),
        Quantity("ivsd_2d", "IVSd", "cm", _CALIPERS, _PLAX, (0.4, 3.5), phase=_ED),
        Quantity("lvpwd_2d", "LVPWd", "cm", _CALIPERS, _PLAX, (0.4, 3.5), phase=_ED),
        Quantity("fs_2d", "Fractional shortening", "%", _CALIPERS, _PLAX, (1.5, 57.0), parts=_DIAMETERS),
        Quantity("ef_teichholz_2d", "EF Teichholz", "%", Method.TEICHHOLZ, _PLAX, _EF, parts=_DIAMETERS),
        Quantity("la_diam_ap_2d", "LA AP diameter", "cm", _CALIPERS, _PLAX, (1.5, 9.0), "la", _ES),
        Quantity(
            "ao_root",
            "Aortic root (sinus of Valsalva)",
            "cm",
            _CALIPERS,
            _PLAX,
            (1.5, 7.5),
            "aorta",
            _ED,
            also_in=(View.PLAX_HIGH, View.PLAX_ZOOM),
        ),
        Quantity(
            "ao_stj", "Sinotubular junction", "cm", _CALIPERS, _PLAX, _ROOT, "sinotubular junction", _ED, also_in=_PLAX_HIGH
        ),
        Quantity("ao_asc", "Ascending aorta", "cm", _CALIPERS, _PLAX, (1.5, 9.0), "aorta", _ED, also_in=_PLAX_HIGH),
        Quantity("ao_annulus", "Aortic annulus", "cm", _CALIPERS, _PLAX, (1.2, 4.0), "aortic annulus", also_in=_PLAX_ZOOM),
        Quantity("lvot_diam", "LVOT diameter", "cm", _CALIPERS, _PLAX, (1.3, 3.0), "lvot", also_in=_PLAX_ZOOM),
        Quantity("rv_basal", "RV basal diameter", "cm", _CALIPERS, _A4C, (1.0, 8.0), "rv", _ED),
        Quantity("rv_mid", "RV mid-cavity diameter", "cm", _CALIPERS, _A4C, (0.8, 8.0), "rv", _ED),
        Quantity("rv_length", "RV length", "cm", _CALIPERS, _A4C, (3.0, 13.0), "rv", _ED),
        Quantity("pa_diam", "Main PA diameter", "cm", _CALIPERS, _PSAX_AV, (0.8, 6.0), "pa", _ED),
        Quantity("rvot_prox", "RVOT proximal diameter", "cm", _CALIPERS, _PSAX_AV, (1.0, 7.0), "rvot", _ED),
        Quantity("rvot_dist", "RVOT distal diameter", "cm", _CALIPERS, _PSAX_AV, (0.8, 6.0), "rvot", _ED),
        Quantity("ivc_diam", "IVC diameter", "cm", _CALIPERS, (View.SUBCOSTAL_IVC,), (0.2, 4.5), "ivc"),
        Quantity("ef_video_regression", "EF by video regression", "%", Method.VIDEO_REGRESSION, _A4C, _EF),
        Quantity(
            "ef_video_regression_biplane", "EF by video regression, biplane", "%", Method.VIDEO_REGRESSION_BIPLANE, _BOTH, _EF
        ),
        Quantity("la_area_a4c", "LA area A4C", "cm2", Method.OUTLINE, _A4C, _AREA, "la", _ES),
        Quantity("la_area_a2c", "LA area A2C", "cm2", Method.OUTLINE, _A2C, _AREA, "la", _ES),
        Quantity("ra_area", "RA area A4C", "cm2", Method.OUTLINE, _A4C, _AREA, "ra", _ES),
        Quantity("la_vol_mod_a4c", "LA volume A4C MOD", "mL", _SINGLE, _A4C, _LA_VOLUME, "la", _ES),
        Quantity("la_vol_mod_a2c", "LA volume A2C MOD", "mL", _SINGLE, _A2C, _LA_VOLUME, "la", _ES),
        Quantity("ra_vol", "RA volume A4C MOD", "mL", _SINGLE, _A4C, (5.0, 500.0), "ra", _ES),
        Quantity("rv_fac", "RV FAC", "%", Method.OUTLINE, _A4C, (3.0, 85.0), "rv"),
        Quantity("lvot_vmax", "LVOT Vmax", "m/s", _PEAK, _AV_PW, (0.2, 3.5), "lvot", direction=_AWAY),
        Quantity("lvot_vti", "LVOT VTI", "cm", _ENVELOPE, _AV_PW, (3.0, 60.0), "lvot", direction=_AWAY),
        Quantity("av_vmax", "AV Vmax", "m/s", _PEAK, _AV_CW, (0.5, 7.0), "av", direction=_AWAY, either_way=True, highest=True),
        Quantity(
            "av_pg", "AV peak gradient", "mm[Hg]", _BERNOULLI, _AV_CW, (1.0, 196.0), "av", None, _AWAY, parts=("av_vmax",)
        ),
        Quantity("av_vti", "AV VTI", "cm", _ENVELOPE, _AV_CW, (5.0, 250.0), "av", direction=_AWAY, either_way=True),
        Quantity("mv_e", "MV E", "m/s", _PEAK, _MV_PW, (0.15, 3.5), "mv", direction=_TOWARDS),
        Quantity("mv_a", "MV A", "m/s", _PEAK, _MV_PW, (0.1, 3.0), "mv", direction=_TOWARDS),
        Quantity("mv_ea", "E/A", "1", Method.RATIO, _MV_PW, (0.1, 10.0), "mv", parts=("mv_e", "mv_a")),
        Quantity("mv_vti", "MV VTI", "cm", _ENVELOPE, _MV_PW, (3.0, 120.0), "mv", direction=_TOWARDS),
        Quantity("mr_vmax", "MR Vmax", "m/s", _PEAK, _MV_CW, (1.0, 8.0), "mv", direction=_AWAY, highest=True),
        Quantity("e_septal", "e' septal", "cm/s", _PEAK, _SEPTAL, (2.0, 25.0), "septal annulus", direction=_AWAY),
        Quantity("e_lateral", "e' lateral", "cm/s", _PEAK, _LATERAL, (2.0, 25.0), "lateral annulus", direction=_AWAY),
        Quantity("tr_vmax", "TR Vmax", "m/s", _PEAK, _TV_CW, (1.0, 6.0), "tv", direction=_AWAY, highest=True),
        Quantity(
            "tr_pg", "TR peak gradient", "mm[Hg]", _BERNOULLI, _TV_CW, (4.0, 144.0), "tv", None, _AWAY, parts=("tr_vmax",)
        ),
        Quantity("tapse", "TAPSE", "cm", Method.M_MODE_EXCURSION, (View.MMODE_A4CH_RV,), (0.3, 4.0), "rv"),
        Quantity("rvot_vti", "RVOT VTI", "cm", _ENVELOPE, (View.DOPPLER_PV_PW,), (3.0, 50.0), "rvot", direction=_AWAY),
        Quantity("pv_vti", "PV VTI", "cm", _ENVELOPE, (View.DOPPLER_PV_CW,), (3.0, 150.0), "pv", direction=_AWAY),
    )
} | OF_DISPLAYS

# Made of the outlines of two planes, so of no model: a study has them where its set reads both planes.
_PLANES = ("la_vol_mod_a4c", "la_vol_mod_a2c")
ATRIAL: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity(
            "la_vol_al_bp", "LA volume A-L biplane", "mL", Method.AREA_LENGTH_BIPLANE, _BOTH, _LA_VOLUME, "la", _ES,
            parts=_PLANES,
        ),
        Quantity("la_vol_mod_bp", "LA volume biplane MOD", "mL", _BIPLANE, _BOTH, _LA_VOLUME, "la", _ES, parts=_PLANES),
    )
}  # fmt: skip

GRADIENT_OF = {  # of peak velocities
    quantity.parts[0]: quantity.key
    for quantity in READ.values()
    if quantity.method is Method.BERNOULLI and READ[quantity.parts[0]].method is Method.SPECTRAL_PEAK
}
