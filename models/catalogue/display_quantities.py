"""What a network of our own reads of spectra and M-modes beside `quantities.READ`, a row each.

Limits: as in `quantities`, of the impossible. Tissue moves towards the apex in systole (s') and away from it in early and
atrial filling (e', a').
"""

from models.catalogue.quantity import Direction, Method, Phase, Quantity
from models.catalogue.views import View

_ED, _ES = Phase.END_DIASTOLE, Phase.END_SYSTOLE
_TOWARDS, _AWAY = Direction.TOWARDS, Direction.AWAY
_MM_LV, _MM_AV = (View.MMODE_PLAX_LV,), (View.MMODE_PLAX_AV,)
_AV_CW, _MV_PW, _PV_CW = (View.DOPPLER_AV_CW,), (View.DOPPLER_MV_PW,), (View.DOPPLER_PV_CW,)
_VEIN, _TISSUE_RV = (View.DOPPLER_PULMONARY_VEIN_PW,), (View.DOPPLER_TISSUE_RV,)
_SEPTAL, _LATERAL = (View.DOPPLER_TISSUE_SEPTAL,), (View.DOPPLER_TISSUE_LATERAL,)
_MM, _PEAK, _INTERVAL, _BERNOULLI = Method.M_MODE_CALIPERS, Method.SPECTRAL_PEAK, Method.INTERVAL, Method.BERNOULLI
_WALL, _TISSUE = (0.4, 3.5), (1.0, 30.0)

OF_DISPLAYS: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity("lvidd_mm", "LVIDd", "cm", _MM, _MM_LV, (2.0, 9.5), phase=_ED),
        Quantity("lvids_mm", "LVIDs", "cm", _MM, _MM_LV, (0.8, 9.0), phase=_ES),
        Quantity("ivsd_mm", "IVSd", "cm", _MM, _MM_LV, _WALL, phase=_ED),
        Quantity("lvpwd_mm", "LVPWd", "cm", _MM, _MM_LV, _WALL, phase=_ED),
        Quantity("la_diam_ap_mm", "LA AP diameter", "cm", _MM, _MM_AV, (1.5, 9.0), "la", _ES),
        Quantity(
            "av_mg", "AV mean gradient", "mm[Hg]", _BERNOULLI, _AV_CW, (0.5, 130.0), "av", direction=_AWAY, parts=("av_vti",)
        ),
        Quantity("mv_dt", "MV deceleration time", "ms", _INTERVAL, _MV_PW, (60.0, 500.0), "mv", direction=_TOWARDS),
        Quantity("mv_pht", "MV pressure half-time", "ms", _INTERVAL, _MV_PW, (15.0, 600.0), "mv", direction=_TOWARDS),
        Quantity("s_septal", "s' septal", "cm/s", _PEAK, _SEPTAL, _TISSUE, "septal annulus", direction=_TOWARDS),
        Quantity("s_lateral", "s' lateral", "cm/s", _PEAK, _LATERAL, _TISSUE, "lateral annulus", direction=_TOWARDS),
        Quantity("a_septal", "a' septal", "cm/s", _PEAK, _SEPTAL, _TISSUE, "septal annulus", direction=_AWAY),
        Quantity("a_lateral", "a' lateral", "cm/s", _PEAK, _LATERAL, _TISSUE, "lateral annulus", direction=_AWAY),
        Quantity("pulm_vein_s", "Pulmonary vein S", "m/s", _PEAK, _VEIN, (0.05, 2.0), "pulmonary vein", direction=_TOWARDS),
        Quantity("pulm_vein_d", "Pulmonary vein D", "m/s", _PEAK, _VEIN, (0.05, 2.0), "pulmonary vein", direction=_TOWARDS),
        Quantity("tv_s", "RV s'", "cm/s", _PEAK, _TISSUE_RV, _TISSUE, "tricuspid annulus", direction=_TOWARDS),
        Quantity("pv_vmax", "PV Vmax", "m/s", _PEAK, _PV_CW, (0.2, 6.0), "pv", direction=_AWAY, highest=True),
    )
}
