"""Units of measurement, compared by what they are: UCUM as PS3.16 CID 82 names it, and spellings that carts use instead.

A number is converted only where its unit says so exactly. Its size never decides.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sr_templates.reading.named_code import NamedCode

Dimension = tuple[tuple[str, int], ...]  # base units with their exponents, by name


@dataclass(frozen=True)
class Unit:
    """So many times the product of its base units."""

    factor: Fraction
    dimension: Dimension


# Litres are no cubed metres here: an index in mL/m2 would else be a length. Percent is none of 1: documents write EF 63 with
# the unit "1", and 0.63, too.
_ATOMS: dict[str, tuple[Fraction, str, int]] = {
    "m": (Fraction(1), "m", 1),
    "g": (Fraction(1), "g", 1),
    "s": (Fraction(1), "s", 1),
    "min": (Fraction(60), "s", 1),
    "h": (Fraction(3600), "s", 1),
    "Hz": (Fraction(1), "s", -1),
    "L": (Fraction(1), "L", 1),
    "l": (Fraction(1), "L", 1),
    "m[Hg]": (Fraction(1), "m[Hg]", 1),
    "%": (Fraction(1), "%", 1),
    "deg": (Fraction(1), "deg", 1),
}
_LONGEST = 64  # a Code Value (SH) has 16 characters
_LITRES = 1000  # of a cubic metre
_PREFIXES = {"k": Fraction(1000), "d": Fraction(1, 10), "c": Fraction(1, 100), "m": Fraction(1, 1000), "u": Fraction(1, 10**6)}
# Before a unit, too: PS3.16 CID 85 had {SUVbw}g/ml in earlier editions.
_ANNOTATION_ALONE, _ANNOTATION = re.compile(r"(^|[./])\{[^}]*\}(?=[./]|$)"), re.compile(r"\{[^}]*\}")
_TERM = re.compile(r"([a-zA-Z%]+(?:\[Hg\])?)(-?\d)?$")
# What is no UCUM and means one thing alone.
_SPELLINGS = {
    "mmhg": "mm[Hg]", "mm hg": "mm[Hg]", "bpm": "/min", "beats/min": "/min", "cc": "cm3", "ml": "mL", "msec": "ms",
    "sec": "s", "cm/sec": "cm/s", "m/sec": "m/s", "no units": "1", "percent": "%", "centimeter": "cm", "centimeters": "cm",
    "millimeter": "mm", "millimeters": "mm", "ratio": "1", "[ratio]": "1", "unitless": "1", "no unit": "1",
}  # fmt: skip


def parse_unit(code: str) -> Unit | None:
    """None for what is no unit, or none that an echo is measured in.

    >>> parse_unit("mL") == parse_unit("cm3"), parse_unit("{H.B.}/min") == parse_unit("/min"), parse_unit("kumquat")
    (True, True, None)
    >>> parse_unit("mL/m2").dimension
    (('L', 1), ('m', -2))
    """
    text = _ANNOTATION.sub("", _ANNOTATION_ALONE.sub(r"\g<1>1", code.strip()))
    text = text.replace("²", "2").replace("³", "3").replace("^", "").replace("**", "").replace("\u00b5", "u")
    if text == "" or len(text) > _LONGEST:
        return None
    factor, exponents = Fraction(1), dict[str, int]()
    for number, (sign, term) in enumerate(_terms(text)):
        if term == "1" or (term == "" and number == 0):  # /min
            continue
        found = _parse_term(term)
        if found is None:
            return None
        part, base, exponent = found
        factor *= part**sign
        exponents[base] = exponents.get(base, 0) + sign * exponent
    dimension = tuple(sorted((base, exponent) for base, exponent in exponents.items() if exponent))
    return Unit(factor * _LITRES, (("L", 1),)) if dimension == (("m", 3),) else Unit(factor, dimension)


def _terms(text: str) -> list[tuple[int, str]]:
    """Factors with +1, divisors with -1."""
    signed = re.split(r"([./])", text)
    terms = [(1, signed[0])]
    terms += [(-1 if operator == "/" else 1, term) for operator, term in zip(signed[1::2], signed[2::2], strict=True)]
    return terms


def _parse_term(term: str) -> tuple[Fraction, str, int] | None:
    match = _TERM.match(term)
    if match is None:
        return None
    symbol, power = match[1], int(match[2] or 1)
    if symbol in _ATOMS:
        factor, base, exponent = _ATOMS[symbol]
    elif symbol[0] in _PREFIXES and symbol[1:] in _ATOMS and symbol[1:] not in ("%", "min", "h"):
        factor, base, exponent = _ATOMS[symbol[1:]]
        factor *= _PREFIXES[symbol[0]]
    else:
        return None
    return factor**power, base, exponent * power


def stated_unit(code: NamedCode | None) -> Unit | None:
    """By the code's value, then by its spelling or its meaning where those are known; None where none of them is a unit."""
    if code is None:
        return None
    for text in (code.value, code.meaning):
        if (found := parse_unit(text) or parse_unit(_SPELLINGS.get(text.strip().lower(), ""))) is not None:
            return found
    return None


def converted(value: Decimal, unit: Unit, wanted: str) -> float | None:
    """`value` in the UCUM unit `wanted`; None where the two measure different things.

    >>> converted(Decimal("47"), Unit(Fraction(1, 1000), (("m", 1),)), "cm")
    4.7
    """
    target = parse_unit(wanted)
    if target is None or target.dimension != unit.dimension:
        return None
    return float(Fraction(value) * unit.factor / target.factor)
