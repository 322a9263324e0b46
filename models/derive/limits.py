"""What is refused as impossible - not as abnormal - before a number leaves the node."""

import math
from collections.abc import Mapping

from models.catalogue import QUANTITIES

Limits = tuple[float, float]  # inclusive

_LENGTH = QUANTITIES["lv_len_d_a4c"]
_EF_LIMITS = QUANTITIES["ef_a4c"].limits
# What the unit alone says. Of all other units the key has to say more.
_OF_UNIT: dict[str, Limits] = {"%": (0.0, 100.0), "{0:100}": (0.0, 100.0), "px": (0.0, math.inf), "ms": (0.0, math.inf)}


def refusals(values: Mapping[str, float], length_d_cm: float | None = None) -> dict[str, str]:
    """Key to plain words for every value of one method and plane where any of them cannot be true, empty where all can.

    `values` holds LVEDV, LVESV and EF of one method together, `length_d_cm` the long axis they were made from. They fall
    together: a receiver would recompute what was left out from what was sent. No end-systolic volume reaches its
    end-diastolic one.

    >>> refusals({"ef_a4c": 60.0, "lvedv_a4c": 120.0, "lvesv_a4c": 48.0})
    {}
    >>> refusals({"ef_a4c": 50.0, "lvedv_a4c": 10.0, "lvesv_a4c": 5.0})["ef_a4c"]
    'LVEDV A4C MOD 10.0 mL is outside 20 to 500 mL'
    """
    outside = {key: text for key, value in values.items() if (text := _outside(key, value))}
    edv, esv = (next((value for key, value in values.items() if key.startswith(part)), None) for part in ("lvedv_", "lvesv_"))
    texts = list(outside.values())
    if length_d_cm is not None and not _within(length_d_cm, _LENGTH.limits):
        texts.append(_words("LV length at end-diastole", length_d_cm, _LENGTH.unit, _LENGTH.limits))
    if edv is not None and esv is not None and not esv < edv:
        texts.append("the end-systolic volume is not the smaller one")
    return {key: outside.get(key, texts[0]) for key in values} if texts else {}


def impossible(key: str, unit: str, value: float, own_limits: Mapping[str, Limits]) -> str:
    """Why what a model read cannot be true, in words; "" where it can. `own_limits` are of keys that are no quantity.

    A value of which nobody has stated limits is refused as well.

    >>> impossible("ef_video_regression", "%", -12.0, {}), impossible("ef_video_regression", "%", 12.0, {})
    ('EF by video regression -12.0 % is outside 5 to 85 %', '')
    >>> impossible("tapse", "furlong", 2.0, {})
    'nobody has stated limits of tapse in furlong'
    """
    quantity, limits = QUANTITIES.get(key), _OF_UNIT.get(unit)
    name = key
    if quantity is not None and quantity.unit == unit:
        name, limits = quantity.name, quantity.limits
    elif key.startswith("ef_") and unit == "%":
        limits = _EF_LIMITS
    elif unit != "px":
        limits = own_limits.get(key, limits)
    if limits is None:
        return f"nobody has stated limits of {key} in {unit}"
    return "" if _within(value, limits) and math.isfinite(value) else _words(name, value, unit, limits)


def _outside(key: str, value: float) -> str | None:
    quantity = QUANTITIES[key]
    if _within(value, quantity.limits):
        return None
    return _words(quantity.name, value, quantity.unit, quantity.limits)


def _within(value: float, limits: Limits) -> bool:
    return limits[0] <= value <= limits[1]  # false for NaN, too


def _words(name: str, value: float, unit: str, limits: Limits) -> str:
    if not math.isfinite(value):
        return f"{name} is no number"
    shown = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"
    return f"{name} {shown} {unit} is outside {limits[0]:g} to {limits[1]:g} {unit}"
