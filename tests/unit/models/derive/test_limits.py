"""What cannot be true is refused with words; what is merely abnormal passes."""

import math

import pytest

from models.catalogue import QUANTITIES
from models.derive.limits import refusals


def test_abnormal_is_not_impossible() -> None:
    assert refusals({"ef_bp": 12.0, "lvedv_bp": 380.0, "lvesv_bp": 334.0}) == {}


@pytest.mark.parametrize("key", list(QUANTITIES))
@pytest.mark.parametrize("side", [0, 1])
def test_limits_of_the_catalogue_are_inclusive(key: str, side: int) -> None:
    limit = QUANTITIES[key].limits[side]
    beyond = limit + (0.1 if side else -0.1)
    assert refusals({key: limit}) == {}
    assert list(refusals({key: beyond})) == [key]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_outside_every_limit(value: float) -> None:
    assert "ef_a4c" in refusals({"ef_a4c": value})


def test_words_name_quantity_value_and_limits() -> None:
    assert refusals({"ef_a2c": 92.34})["ef_a2c"] == "EF A2C 92.3 % is outside 5 to 85 %"


@pytest.mark.parametrize("esv", [120.0, 121.0])
def test_systole_must_be_the_smaller_one(esv: float) -> None:
    refused = refusals({"ef_a4c": 50.0, "lvedv_a4c": 120.0, "lvesv_a4c": esv})
    assert set(refused) == {"ef_a4c", "lvedv_a4c", "lvesv_a4c"}


@pytest.mark.parametrize("impossible", [{"lvedv_a4c": 600.0}, {"ef_a4c": 90.0}, {"lv_len_d_a4c": 17.0}])
def test_a_plane_falls_as_one(impossible: dict[str, float]) -> None:
    values = {"ef_a4c": 50.0, "lvedv_a4c": 300.0, "lvesv_a4c": 150.0, "lv_len_d_a4c": 9.0} | impossible
    refused = refusals(values)
    assert set(refused) == set(values)
    assert len(set(refused.values())) == 1


@pytest.mark.parametrize(("length_cm", "refused"), [(2.9, True), (3.0, False), (16.0, False), (16.1, True), (math.nan, True)])
def test_a_length_that_is_no_quantity_of_its_own_counts_too(length_cm: float, refused: bool) -> None:
    assert ("ef_a2c" in refusals({"ef_a2c": 50.0, "lvedv_a2c": 100.0, "lvesv_a2c": 50.0}, length_cm)) is refused
