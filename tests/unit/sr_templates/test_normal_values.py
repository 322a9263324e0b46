"""Normal values: what the tables print, for whom, and nothing beyond."""

import pytest

from models.catalogue import QUANTITIES
from sr_templates.normal_values import NORMAL_VALUES, NormalValue, normal_value
from tests.factories import evidence, source_header


def of(key: str, **attributes: object) -> NormalValue | None:
    return normal_value(key, evidence(source_header(**attributes)))


def test_each_row_is_of_a_quantity_and_cites_its_source() -> None:
    for (key, sex), row in NORMAL_VALUES.items():
        assert (row.key, row.sex) == (key, sex)
        assert key in QUANTITIES
        assert sex in ("M", "F")
        assert "J Am Soc Echocardiogr 2015;28:1-39" in row.source
        assert (row.mean is None) == (row.sd is None)
        assert (row.low, row.high, row.mean) != (None, None, None)


def test_every_quantity_has_a_row_for_both_sexes() -> None:
    assert {key for key, sex in NORMAL_VALUES if sex == "M"} == {key for key, sex in NORMAL_VALUES if sex == "F"}


@pytest.mark.parametrize("row", NORMAL_VALUES.values(), ids=lambda row: f"{row.key}-{row.sex}")
def test_limits_are_two_deviations_from_the_mean_and_possible(row: NormalValue) -> None:
    """A mistyped digit shows here: the source states its ranges so."""
    lowest, highest = QUANTITIES[row.key].limits
    for value in (row.low, row.high, row.mean):
        assert value is None or lowest <= value <= highest
    if row.mean is not None and row.sd is not None:
        if row.low is not None:
            assert row.mean - 2 * row.sd == pytest.approx(row.low, abs=0.01)
        if row.high is not None:
            assert row.mean + 2 * row.sd == pytest.approx(row.high, abs=0.01)
    if row.low is not None and row.high is not None:
        assert row.low < row.high


def test_men_and_women_have_their_own() -> None:
    man, woman = of("lvidd_2d", PatientSex="M"), of("lvidd_2d", PatientSex="F")
    assert man is not None
    assert woman is not None
    assert (man.population, woman.population) == ("adult men", "adult women")
    assert man.position(5.5) == ""
    assert woman.position(5.5) == "above"


@pytest.mark.parametrize(
    "attributes",
    [
        {"PatientSex": "O"},
        {"PatientSex": ""},
        {"PatientSex": "M", "PatientAge": "017Y"},
        {"PatientSex": "M", "PatientAge": "011M", "PatientBirthDate": ""},
        {"PatientSex": "M", "PatientBirthDate": ""},
        {"PatientSex": "M", "StudyDate": ""},
    ],
)
def test_none_without_an_adults_age_and_a_sex(attributes: dict[str, object]) -> None:
    assert of("lvidd_2d", **attributes) is None


def test_none_of_another_method() -> None:
    """The ranges of the biplane method say nothing of one plane, nor of Teichholz."""
    assert [of(key, PatientSex="M") for key in ("ef_a4c", "ef_teichholz_2d", "ef_video_regression")] == [None] * 3


def test_a_limit_on_one_side_judges_that_side_alone() -> None:
    tapse = of("tapse", PatientSex="F")
    assert tapse is not None
    assert [tapse.position(value) for value in (1.6, 1.7, 3.9)] == ["below", "", ""]
