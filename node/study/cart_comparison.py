"""What the cart's report states beside what was measured: the bias of each key."""

from collections.abc import Iterable, Mapping
from typing import Any


def beside_cart(findings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cart's values of stored findings, those with a key first: each with ours, and ours minus the cart's.

    Both are None where we measured none; units are the catalogue's on both sides.
    """
    ours = {measured["key"]: measured for measured in findings.get("measurements", [])}
    return [{**stated, **_compared(stated, ours.get(stated["key"]))} for stated in findings.get("cart", [])]


def _compared(stated: Mapping[str, Any], measured: Mapping[str, Any] | None) -> dict[str, float | None]:
    if measured is None or measured["unit"] != stated["unit"]:
        return {"ours": None, "difference": None}
    return {"ours": measured["value"], "difference": measured["value"] - stated["value"]}


def cart_words(compared: Mapping[str, Any]) -> str:
    """
    >>> cart_words({"value": 58.0, "unit": "%", "difference": -1.62})
    'cart 58 %, difference -1.6'
    >>> cart_words({"value": 2.05, "unit": "cm", "difference": None})
    'cart 2.05 cm'
    """
    difference = compared["difference"]
    return f"cart {compared['value']:.4g} {compared['unit']}" + (
        f", difference {difference:+.2g}" if difference is not None else ""
    )


def without_key(compared: Iterable[Mapping[str, Any]]) -> str:
    """How many numbers of the cart's report have no key, and which keys some of them may have; empty where all have one."""
    others = [stated for stated in compared if not stated["key"]]
    if not others:
        return ""
    may_be = ", ".join(sorted({key for stated in others for key in stated["candidates"]}))
    count = "1 number of the cart's report has" if len(others) == 1 else f"{len(others)} numbers of the cart's report have"
    return f"{count} no key" + (f"; may be among them: {may_be}" if may_be else "")
