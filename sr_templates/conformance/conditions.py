"""The Condition column: whether a row must stand, and whether it may, by what else stands beside it."""

import re
from collections import Counter
from dataclasses import dataclass, field

from sr_templates.conformance.coded_concepts import canonical
from sr_templates.conformance.template_tables import codes_in

_ROWS = re.compile(r"rows? (?P<rows>\w+(?:, \w+)*)")
_VALUE = re.compile(r"row (?P<row>\w+) is \(")


@dataclass
class Siblings:
    """What stands below one parent: how many items of each row (template, number), and the codes they have as values."""

    header_names_observer: bool
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    values: dict[tuple[str, str], set[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    must: bool
    may: bool


def standing(requirement: str, condition: str, tid: str, number: str, siblings: Siblings) -> Standing:
    """By Requirement Type and Condition. What only the sender can know ("this is the preferred value") is left to the sender.

    Where rows exclude one another, only the first of them is said to be missing, and only the later ones to be one too many.
    """
    if requirement == "M":
        return Standing(must=True, may=True)
    if not condition:
        return Standing(must=False, may=True)
    must, may = _condition(condition, tid, number, siblings)
    return Standing(must and requirement == "MC", may)


def _condition(condition: str, tid: str, number: str, siblings: Siblings) -> tuple[bool, bool]:
    named = _ROWS.search(condition)
    others = named["rows"].split(", ") if named else []
    present = [siblings.counts[(tid, other)] > 0 for other in others]
    if condition.startswith("XOR"):
        first = number == min([number, *others], key=_ordinal)
        return first and not any(present), first or not any(present)
    if condition.startswith("at least one of"):
        return number == others[0] and not any(present), True
    if condition == "IF the header names no observer":
        return not siblings.header_names_observer, True
    if _VALUE.search(condition):
        holds = _has_value(condition, tid, others[0], siblings)
    elif others and ("is absent" in condition or "are absent" in condition):
        first = number == min([number, *others], key=_ordinal)
        return first and not any(present), True
    elif others:
        holds = any(present)
    else:
        return False, True
    return holds, holds or not condition.startswith("IFF")


def _has_value(condition: str, tid: str, other: str, siblings: Siblings) -> bool:
    found = siblings.values.get((tid, other), set())
    if not found:
        return condition.endswith("or absent")
    return bool(found & {canonical(code) for code in codes_in(condition)})


def _ordinal(number: str) -> tuple[int, str]:
    digits = re.match(r"\d*", number)
    figure = digits.group() if digits else ""
    return int(figure or 0), number
