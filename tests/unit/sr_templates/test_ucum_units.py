"""Units of UCUM: which texts are one, and what they measure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_templates.conformance.units import dimension
from sr_templates.quantity_codes import QUANTITY_CODES


@pytest.mark.parametrize(
    ("unit", "measures"),
    [
        ("cm", {"L": 1}), ("mL", {"L": 3}), ("ml", {"L": 3}), ("mL/m2", {"L": 1}), ("cm/s", {"L": 1, "T": -1}),
        ("/min", {"T": -1}), ("{H.B.}/min", {"T": -1}), ("%", {}), ("1", {}), ("{0:100}", {}), ("deg", {}),
        ("mm[Hg]", {"M": 1, "L": -1, "T": -2}), ("kPa", {"M": 1, "L": -1, "T": -2}), ("g.m-2", {"M": 1, "L": -2}),
        ("L/(min.m2)", {"L": 1, "T": -1}), ("10*3/uL", {"L": -3}),
    ],
)  # fmt: skip
def test_units_have_their_dimension(unit: str, measures: dict[str, int]) -> None:
    assert dimension(unit) == tuple(sorted(measures.items()))


@pytest.mark.parametrize(
    "text", ["", "kumquat", "mm Hg", "mmHg", "cm//s", "cm/", "/", "(cm", "cm)", "m/s/", "{beats", "bpm", "2.", "c"]
)
def test_other_texts_are_no_units(text: str) -> None:
    assert dimension(text) is None


def test_every_unit_that_we_write_is_one() -> None:
    assert QUANTITY_CODES
    assert all(dimension(row.unit.value) is not None for row in QUANTITY_CODES.values())


@given(st.text(alphabet="cmsgL/.()%[]{}Hg12-+ ", max_size=12))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = dimension(text)
    assert found is None or all(power for _, power in found)
    if found is not None:
        assert dimension(f"({text})") == found


def test_a_unit_of_a_million_brackets_is_none() -> None:
    assert dimension("(" * 1_000_000) is None
    assert dimension("m." * 1_000_000 + "m") is None
