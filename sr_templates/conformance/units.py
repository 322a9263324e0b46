"""Units of measurement by the grammar of UCUM, as far as echocardiography needs it: is it a unit, and of what dimension."""

import re

Dimension = tuple[tuple[str, int], ...]

_PREFIXES = ("", "da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f")
_LONGEST = 64  # a code value has at most 16 characters, a long one that nobody writes for a unit more
_FORCE = {"M": 1, "L": 1, "T": -2}
_PRESSURE = {"M": 1, "L": -1, "T": -2}
_ENERGY = {"M": 1, "L": 2, "T": -2}
# Metric units take prefixes. The bases: length L, mass M, time T, charge Q, temperature t, amount n; angles have none.
_METRIC: dict[str, dict[str, int]] = {
    "m": {"L": 1}, "g": {"M": 1}, "s": {"T": 1}, "L": {"L": 3}, "l": {"L": 3}, "Hz": {"T": -1}, "rad": {}, "B": {},
    "N": _FORCE, "dyn": _FORCE, "Pa": _PRESSURE, "bar": _PRESSURE, "m[Hg]": _PRESSURE, "m[H2O]": _PRESSURE, "J": _ENERGY,
    "W": {**_ENERGY, "T": -3}, "V": {**_ENERGY, "Q": -1}, "A": {"Q": 1, "T": -1}, "C": {"Q": 1}, "K": {"t": 1}, "Cel": {"t": 1},
    "Bq": {"T": -1}, "mol": {"n": 1}, "eq": {"n": 1},
}  # fmt: skip
_PLAIN: dict[str, dict[str, int]] = {
    "%": {}, "deg": {}, "[ppth]": {}, "[arb'U]": {}, "10*": {}, "10^": {},
    "min": {"T": 1}, "h": {"T": 1}, "d": {"T": 1}, "wk": {"T": 1}, "mo": {"T": 1}, "a": {"T": 1},
    "[in_i]": {"L": 1}, "[ft_i]": {"L": 1}, "[lb_av]": {"M": 1}, "[PRU]": {"M": 1, "L": -4, "T": -1},
}  # fmt: skip
_ATOMS: dict[str, dict[str, int]] = {
    **{prefix + unit: size for unit, size in _METRIC.items() for prefix in _PREFIXES},
    **_PLAIN,
}
_ANNOTATION = re.compile(r"\{[\x21-\x7a|~]*\}")
_SIMPLE = re.compile(r"(?P<atom>10[*^]|(?:[A-Za-z%']|\[[^\[\]]*\])+)(?P<exponent>[+-]?\d+)?|(?P<number>\d+)")


def dimension(unit: str) -> Dimension | None:
    """None where the text is no unit of UCUM. Percent, ratios, angles, counts and annotations have no dimension."""
    reader = _Reader(unit)
    if not 0 < len(unit) <= _LONGEST or not reader.term(1) or reader.place != len(unit):
        return None
    return tuple(sorted((base, power) for base, power in reader.powers.items() if power))


class _Reader:
    """UCUM's grammar by recursive descent: term = ["/"] component {("." | "/") component}."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.powers: dict[str, int] = {}

    def _takes(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.place):
            return False
        self.place += len(mark)
        return True

    def term(self, sign: int) -> bool:
        """True where a whole term was read; its powers count with `sign`."""
        side = -sign if self._takes("/") else sign
        while self._component(side):
            if self._takes("."):
                side = sign
            elif self._takes("/"):
                side = -sign
            else:
                return True
        return False

    def _component(self, sign: int) -> bool:
        if self._takes("("):
            return self.term(sign) and self._takes(")")
        read = self._simple(sign)
        annotation = _ANNOTATION.match(self.text, self.place)
        if annotation:
            self.place = annotation.end()
        return read or annotation is not None

    def _simple(self, sign: int) -> bool:
        simple = _SIMPLE.match(self.text, self.place)
        if simple is None:
            return False
        powers = {} if simple["number"] else _ATOMS.get(simple["atom"])
        if powers is None:
            return False
        self.place = simple.end()
        for base, power in powers.items():
            self.powers[base] = self.powers.get(base, 0) + sign * power * int(simple["exponent"] or 1)
        return True
