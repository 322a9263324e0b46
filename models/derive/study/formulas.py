"""How each derived value is computed of its parts, with the words that a reader checks it by.

The parts come in the order of `Quantity.parts`. Velocities arrive in cm/s whatever their own unit is: E is stored in m/s and
e' in cm/s, so that a ratio of the stored figures would be wrong by a factor of 100.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from models.catalogue import DERIVED
from models.derive.calipers.linear import fractional_shortening_percent, teichholz_ef_percent
from models.derive.displays.doppler import pressure_gradient_mmhg

_CM_S_OF = {"m/s": 100.0}


def internal(value: float, unit: str) -> float:
    """As the formulas take it: velocities in cm/s, all else as it is.

    >>> internal(0.8, "m/s"), internal(8.0, "cm/s"), internal(5.0, "cm")
    (80.0, 8.0, 5.0)
    """
    return value * _CM_S_OF.get(unit, 1.0)


@dataclass(frozen=True)
class Formula:
    """`of` the parts gives the value in the quantity's unit; None where the parts contradict each other."""

    of: Callable[..., float | None]
    words: str


def lv_mass_g(ivsd_cm: float, lvidd_cm: float, lvpwd_cm: float) -> float:
    """The cube formula (Devereux et al., Am J Cardiol 1986;57:450-458; ASE/EACVI 2015).

    >>> round(lv_mass_g(0.9, 4.8, 0.9), 1)
    147.8
    """
    return 0.8 * 1.04 * ((ivsd_cm + lvidd_cm + lvpwd_cm) ** 3 - lvidd_cm**3) + 0.6


def stroke_volume_ml(diameter_cm: float, vti_cm: float) -> float:
    """A circle of this diameter times the way that the blood goes in a beat.

    >>> round(stroke_volume_ml(2.0, 20.0), 1)
    62.8
    """
    return math.pi / 4 * diameter_cm**2 * vti_cm


def valve_area_cm2(diameter_cm: float, below: float, across: float) -> float:
    """Continuity equation; `below` and `across` the valve both as integrals, or both as peak velocities.

    >>> round(valve_area_cm2(2.0, 20.0, 80.0), 2)
    0.79
    """
    return math.pi / 4 * diameter_cm**2 * below / across


def e_over_e_prime(e_cm_s: float, *annulus_cm_s: float) -> float:
    """E over the mean of the annular velocities there are, never a mean of ratios.

    >>> e_over_e_prime(80.0, 6.0, 10.0)
    10.0
    """
    return e_cm_s * len(annulus_cm_s) / sum(annulus_cm_s)


def _over(part: float, whole: float) -> float:
    return part / whole


def _difference(end_diastole: float, end_systole: float) -> float | None:
    return end_diastole - end_systole if end_systole < end_diastole else None


def _gradient(velocity_cm_s: float) -> float:
    return pressure_gradient_mmhg(velocity_cm_s / 100)


_MASS = Formula(lv_mass_g, "0.8 * 1.04 * ((IVSd + LVIDd + LVPWd)^3 - LVIDd^3) + 0.6 g")
_SHORTENING = Formula(fractional_shortening_percent, "(LVIDd - LVIDs) / LVIDd")
_TEICHHOLZ = Formula(teichholz_ef_percent, "volumes 7 / (2.4 + D) * D^3")
_BERNOULLI = Formula(_gradient, "4 v^2")
_CONTINUITY = "area of the LVOT * its {0} / {0} of the aortic valve"
_OVER_BSA = Formula(_over, "over the body surface area")

# Parts before what is made of them.
FORMULAS: dict[str, Formula] = {
    "fs_2d": _SHORTENING,
    "ef_teichholz_2d": _TEICHHOLZ,
    "fs_mm": _SHORTENING,
    "ef_teichholz_mm": _TEICHHOLZ,
    "lv_mass_cube_2d": _MASS,
    "lv_mass_cube_mm": _MASS,
    "rwt": Formula(lambda wall, diameter: 2 * wall / diameter, "2 * LVPWd / LVIDd"),
    "sv_bp": Formula(_difference, "LVEDV - LVESV"),
    "av_pg": _BERNOULLI,
    "tr_pg": _BERNOULLI,
    "mv_ea": Formula(_over, "E / A"),
    "ee_septal": Formula(e_over_e_prime, "E / e'"),
    "ee_lateral": Formula(e_over_e_prime, "E / e'"),
    "ee_avg": Formula(e_over_e_prime, "E / mean of both e'"),
    "pulm_vein_sd": Formula(_over, "S / D"),
    "sv_lvot": Formula(stroke_volume_ml, "pi / 4 * (LVOT diameter)^2 * LVOT VTI"),
    "co_lvot": Formula(lambda volume, rate: volume * rate / 1000, "stroke volume * heart rate"),
    "ava_vti": Formula(valve_area_cm2, _CONTINUITY.format("VTI")),
    "ava_vmax": Formula(valve_area_cm2, _CONTINUITY.format("Vmax")),
    "dvi": Formula(_over, "VTI of the LVOT / VTI of the aortic valve"),
    "rvsp": Formula(lambda jet, pressure: _gradient(jet) + pressure, "4 v^2 of the tricuspid jet + RA pressure"),
} | {key: _OVER_BSA for key, quantity in DERIVED.items() if quantity.parts[1:] == ("bsa",)}
