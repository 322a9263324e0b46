"""Lengths of lines, and the two volumes that Teichholz's formula makes of them."""

import math
from itertools import pairwise

from models.catalogue import READ, Method
from models.results import Point

# Impossible outside.
LIMITS_CM = {
    key: quantity.limits for key, quantity in READ.items() if quantity.method is Method.CALIPERS and quantity.unit == "cm"
}
# Across the parasternal long axis, from the transducer on; of a line that shares its end with another either has a say.
PLAX_POINTS = ("ivs_rv", "ivs_lv", "lvpw_lv", "lvpw_epicardium")
PLAX_LINES = dict(zip(("ivs", "lvid", "lvpw"), pairwise(PLAX_POINTS), strict=True))
EF_LIMITS_PERCENT = READ["ef_teichholz_2d"].limits


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
    """The ejection fraction by Teichholz's volumes; None where the systolic diameter is the larger one.

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
