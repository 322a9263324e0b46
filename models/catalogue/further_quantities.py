"""What no model of the node gives yet: read from the reports of other makers, and ready for models to come.

No study is asked for any of these. Whoever adds a model that gives one moves its row to `quantities.READ`.
"""

from models.catalogue.quantity import Direction, Method, Phase, Quantity
from models.catalogue.views import View

_ED, _ES = Phase.END_DIASTOLE, Phase.END_SYSTOLE
_TOWARDS, _AWAY = Direction.TOWARDS, Direction.AWAY

_PLAX, _A4C, _A2C, _A3C, _PSAX_AV = (View.PLAX,), (View.A4C,), (View.A2C,), (View.A3C,), (View.PSAX_AV,)
_BOTH, _THREE, _IVC = (View.A4C, View.A2C), (View.A4C, View.A2C, View.A3C), (View.SUBCOSTAL_IVC,)
_MM_LV, _MM_AV = (View.MMODE_PLAX_LV,), (View.MMODE_PLAX_AV,)
_AV_PW, _AV_CW, _MV_PW, _MV_CW = (View.DOPPLER_AV_PW,), (View.DOPPLER_AV_CW,), (View.DOPPLER_MV_PW,), (View.DOPPLER_MV_CW,)
_PV_PW, _PV_CW, _TV_CW, _VEIN = (
    (View.DOPPLER_PV_PW,), (View.DOPPLER_PV_CW,), (View.DOPPLER_TV_CW,), (View.DOPPLER_PULMONARY_VEIN_PW,),
)  # fmt: skip
_SEPTAL, _LATERAL, _TISSUE_RV = (View.DOPPLER_TISSUE_SEPTAL,), (View.DOPPLER_TISSUE_LATERAL,), (View.DOPPLER_TISSUE_RV,)

_CALIPERS, _MM, _PEAK, _INTERVAL = Method.CALIPERS, Method.M_MODE_CALIPERS, Method.SPECTRAL_PEAK, Method.INTERVAL
_SINGLE, _BIPLANE, _AREA_LENGTH = Method.DISCS_SINGLE_PLANE, Method.DISCS_BIPLANE, Method.AREA_LENGTH_BIPLANE
_BERNOULLI, _OUTLINE, _STRAIN = Method.BERNOULLI, Method.OUTLINE, Method.SPECKLE_TRACKING
_VTI, _VMAX = Method.CONTINUITY_VTI, Method.CONTINUITY_VMAX

_EF, _WALL, _MASS, _MASS_INDEX = (5.0, 85.0), (0.4, 3.5), (20.0, 1200.0), (10.0, 600.0)
_LA_VOLUME, _LA_INDEX, _GLS, _TISSUE = (10.0, 400.0), (4.0, 250.0), (-40.0, 10.0), (1.0, 30.0)
_MM_DIAMETERS, _MM_WALLS = ("lvidd_mm", "lvids_mm"), ("ivsd_mm", "lvidd_mm", "lvpwd_mm")
_ROOT, _VALVE_AREA = (1.2, 7.5), (0.1, 8.0)

# Limits: diameters, walls, EF, volumes, deceleration time and heart rate as echo labs refuse them; a body surface is that of an
# adult of 1.2 to 2.3 m; an index, a mass, a ratio, a flow or a gradient as its parts leave it. All others are our choice, with
# the same reserve over the extremes of the ASE/EACVI recommendations (J Am Soc Echocardiogr 2015;28:1-39). Strain is negative
# in the ventricle, which shortens, and positive in the atrium, which is stretched.
FURTHER: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity("la_strain", "LA reservoir strain", "%", _STRAIN, _A4C, (1.0, 100.0), "la"),
        Quantity("ar_pht", "AR pressure half-time", "ms", _INTERVAL, _AV_CW, (50.0, 1500.0), "av", direction=_TOWARDS),
        Quantity(
            "mv_mg", "MV mean gradient", "mm[Hg]", _BERNOULLI, _MV_CW, (0.2, 50.0), "mv", direction=_TOWARDS, parts=("mv_vti",)
        ),
        Quantity("ivrt", "IVRT", "ms", _INTERVAL, _MV_PW, (20.0, 250.0)),
        Quantity("rvot_at", "RVOT acceleration time", "ms", _INTERVAL, _PV_PW, (20.0, 300.0), "rvot", direction=_AWAY),
        Quantity("ivc_collapse", "IVC collapse", "%", _CALIPERS, _IVC, (0.0, 100.0), "ivc"),
        Quantity("gls_avg", "GLS average", "%", _STRAIN, _THREE, _GLS, parts=("gls_a4c", "gls_a2c", "gls_a3c")),
        Quantity("gls_a4c", "GLS A4C", "%", _STRAIN, _A4C, _GLS),
        Quantity("gls_a2c", "GLS A2C", "%", _STRAIN, _A2C, _GLS),
        Quantity("gls_a3c", "GLS A3C", "%", _STRAIN, _A3C, _GLS),
    )
}
