"""A number is converted by its unit, never by its size."""

from decimal import Decimal

import pytest

from sr_templates.codes import UNIT_CODES
from sr_templates.reading.named_code import NamedCode
from sr_templates.reading.units import converted, parse_unit, stated_unit


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [
        ("47", "mm", "cm", 4.7),
        ("0.047", "m", "cm", 4.7),
        ("123", "cm/s", "m/s", 1.23),
        ("1.23", "m/s", "cm/s", 123.0),
        ("1230", "mm/s", "m/s", 1.23),
        ("72700", "mm3", "mL", 72.7),
        ("72.7", "cm3", "mL", 72.7),
        ("0.0727", "l", "mL", 72.7),
        ("72.7", "ml", "mL", 72.7),
        ("1850", "mm2", "cm2", 18.5),
        ("0.2", "s", "ms", 200.0),
        ("62", "/min", "{H.B.}/min", 62.0),
        ("4800", "mL/min", "L/min", 4.8),
        ("0.1", "kg", "g", 100.0),
        ("-18.1", "%", "%", -18.1),
        ("1.2", "{ratio}", "1", 1.2),
    ],
)
def test_units_of_one_kind_are_converted_exactly(value: str, unit: str, wanted: str, expected: float) -> None:
    parsed = parse_unit(unit)
    assert parsed is not None
    assert converted(Decimal(value), parsed, wanted) == expected


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [("cm", "mL"), ("mL/m2", "cm"), ("1", "%"), ("%", "1"), ("mL", "mL/m2"), ("g", "g/m2"), ("deg", "1"), ("cm", "cm/s")],
)
def test_units_of_two_kinds_are_not(unit: str, wanted: str) -> None:
    """Bug prevented: an index read as a length, or an ejection fraction of 0.63 per cent."""
    parsed = parse_unit(unit)
    assert parsed is not None
    assert converted(Decimal(30), parsed, wanted) is None


@pytest.mark.parametrize(
    "unit",
    ["kumquat", "", " ", "cm//", "dyn", "Cel", "m[Hg", "km%", "cm10", "cm99999999", pytest.param("km." * 99_999, id="long")],
)
def test_what_is_no_unit_of_an_echo_is_none(unit: str) -> None:
    assert parse_unit(unit) is None


@pytest.mark.parametrize(
    ("code", "same"),
    [
        (NamedCode("mmHg", "99X", "mmHg"), "mm[Hg]"),
        (NamedCode("bpm", "UCUM", "beats"), "/min"),
        (NamedCode("cc", "99X", "cc"), "mL"),
        (NamedCode("X1", "99X", "mm[Hg]"), "mm[Hg]"),  # the meaning, where the value is a maker's own
        (NamedCode("cm", "UCUM", "centimeters, of the long axis"), "cm"),
    ],
)
def test_spellings_of_carts_are_known(code: NamedCode, same: str) -> None:
    assert stated_unit(code) == parse_unit(same)


def test_every_unit_that_is_written_is_read() -> None:
    for unit in UNIT_CODES:
        parsed = parse_unit(unit)
        assert parsed is not None, unit
        assert converted(Decimal("1.5"), parsed, unit) == 1.5
