"""What is refused as impossible - not as abnormal - before a number leaves the node."""

from collections.abc import Mapping

from models.catalogue import QUANTITIES

_LENGTH = QUANTITIES["lv_len_d_a4c"]


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


def _outside(key: str, value: float) -> str | None:
    quantity = QUANTITIES[key]
    if _within(value, quantity.limits):
        return None
    return _words(quantity.name, value, quantity.unit, quantity.limits)


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]  # false for NaN, too


def _words(name: str, value: float, unit: str, limits: tuple[float, float]) -> str:
    return f"{name} {value:.1f} {unit} is outside {limits[0]:g} to {limits[1]:g} {unit}"
