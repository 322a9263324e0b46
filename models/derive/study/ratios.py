"""E/e': early mitral inflow over the early velocity of the annulus, from displays that were measured one by one."""

from collections.abc import Iterable

from models.catalogue import RATIOS, Quantity
from models.results import Measurement, NotMeasured, Reason, in_order

_CM_S = {"m/s": 100.0, "cm/s": 1.0}


def filling_ratios(
    measurements: Iterable[Measurement], not_measured: Iterable[NotMeasured]
) -> tuple[list[Measurement], list[NotMeasured]]:
    """Every ratio of which each part was asked for: its value, or what its parts lack."""
    found, missing = {m.key: m for m in measurements}, {n.key: n for n in not_measured}
    ratios: list[Measurement] = []
    absent: list[NotMeasured] = []
    for key, quantity in RATIOS.items():
        parts = quantity.parts
        if not all(part in found or part in missing for part in parts):
            continue
        lacking = [missing[part] for part in parts if part not in found]
        if lacking:
            reasons = in_order([reason for one in lacking for reason in one.reasons])
            absent.append(NotMeasured(key, reasons, f"without {' and '.join(one.key for one in lacking)}"))
            continue
        ratio = _ratio(quantity, [found[part] for part in parts])
        low, high = quantity.limits
        if low <= ratio.value <= high:
            ratios.append(ratio)
        else:
            absent.append(NotMeasured(key, (Reason.OUTSIDE_LIMITS,), f"{ratio.value:.3g} is outside {low:g} to {high:g}"))
    return ratios, absent


def _ratio(quantity: Quantity, parts: list[Measurement]) -> Measurement:
    """E over the mean of the annular velocities, never the mean of ratios; E is in m/s and they are in cm/s."""
    e_cm_s, *annulus_cm_s = (part.value * _CM_S[part.unit] for part in parts)
    return Measurement(
        key=quantity.key,
        value=e_over_e_prime(e_cm_s, annulus_cm_s),
        unit=quantity.unit,
        method=quantity.method,
        view=None,
        sources=tuple(source for part in parts for source in part.sources),
    )


def e_over_e_prime(e_cm_s: float, annulus_cm_s: list[float]) -> float:
    """
    >>> e_over_e_prime(80.0, [6.0, 10.0])
    10.0
    """
    return e_cm_s * len(annulus_cm_s) / sum(annulus_cm_s)
