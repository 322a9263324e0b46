"""Lengths of lines, and the two volumes that Teichholz's formula makes of them."""

import math

from models.results import Point

# Impossible outside, in cm. LVIDd, IVS and aortic root: limits of the impossible in adults; the others with the same reserve
# over the extremes of the ASE/EACVI recommendations (J Am Soc Echocardiogr 2015;28:1-39).
LIMITS_CM: dict[str, tuple[float, float]] = {
    "lvidd_2d": (2.0, 9.5),
    "lvids_2d": (0.8, 9.0),
    "ivsd_2d": (0.4, 3.5),
    "lvpwd_2d": (0.4, 3.5),
    "ao_asc": (1.5, 9.0),
    "ao_root": (1.5, 7.5),
    "la_diam_ap_2d": (1.5, 9.0),
    "rv_basal": (1.0, 8.0),
    "pa_diam": (0.8, 6.0),
    "ivc_diam": (0.2, 4.5),
}
EF_LIMITS_PERCENT = (5.0, 85.0)


def length_cm(first: Point, last: Point, cm_per_px: Point) -> float:
    """Each axis by its own size of a pixel.

    >>> length_cm((10, 10), (40, 50), (0.1, 0.1))
    5.0
    """
    return math.hypot((last[0] - first[0]) * cm_per_px[0], (last[1] - first[1]) * cm_per_px[1])


def teichholz_volume_ml(diameter_cm: float) -> float:
    """7 / (2.4 + D) * D^3. Teichholz et al., Am J Cardiol 1976;37:7-11.

    >>> round(teichholz_volume_ml(5.0), 1)
    118.2
    """
    return 7 / (2.4 + diameter_cm) * diameter_cm**3


def teichholz_ef_percent(lvidd_cm: float, lvids_cm: float) -> float | None:
    """None where the systolic diameter is the larger one.

    >>> round(teichholz_ef_percent(5.0, 3.0), 1), teichholz_ef_percent(3.0, 5.0)
    (70.4, None)
    """
    if lvids_cm > lvidd_cm:
        return None
    edv_ml, esv_ml = teichholz_volume_ml(lvidd_cm), teichholz_volume_ml(lvids_cm)
    return (edv_ml - esv_ml) / edv_ml * 100


def fractional_shortening_percent(lvidd: float, lvids: float) -> float | None:
    """A ratio, so of pixels as of centimetres. None where the systolic diameter is the larger one.

    >>> fractional_shortening_percent(5.0, 3.0)
    40.0
    """
    return None if lvids > lvidd else (lvidd - lvids) / lvidd * 100
