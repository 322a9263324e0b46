"""The two algorithms of diastolic function against cases decided by hand from the guidelines' cut-offs."""

import pytest

from models.catalogue import QUANTITIES
from models.derive.study.diastolic_function import diastolic_function
from models.results import Assessment, ClipFindings, Grade, HeartRate, Measurement, NotMeasured, Pressure, RateOrigin, Reason

# A normal heart: E 0.8 m/s, A 0.6, e' 10 and 12, E/e' 7.3.
NORMAL = {
    "ef_bp": 60.0, "mv_e": 0.8, "mv_a": 0.6, "mv_ea": 1.33, "e_septal": 10.0, "e_lateral": 12.0, "ee_avg": 7.3, "tr_vmax": 2.2,
    "la_vol_mod_bp_index": 28.0,
}  # fmt: skip
SLOW = {"e_septal": 5.0, "e_lateral": 7.0}
HIGH_EE, HIGH_TR, LARGE_LA = {"ee_avg": 16.0}, {"tr_vmax": 3.1}, {"la_vol_mod_bp_index": 40.0}
LOW = {"ef_bp": 35.0}


def assessed(values: dict[str, float | None], rates: tuple[HeartRate, ...] = ()) -> tuple[Assessment, ...]:
    found = [
        Measurement(key, QUANTITIES[key].unit, number, method="m", view=None)
        for key, number in values.items()
        if number is not None
    ]
    missing = [NotMeasured(key, (Reason.QUALITY,)) for key, number in values.items() if number is None]
    return diastolic_function(found, missing, [ClipFindings("1", 1, 1, 1, heart_rate=rate) for rate in rates])


def graded(year: int, *changes: dict[str, float | None]) -> tuple[Grade, Pressure]:
    values: dict[str, float | None] = dict(NORMAL)
    for change in changes:
        values |= change
    (one,) = [result for result in assessed(values) if result.key.endswith(str(year))]
    return one.grade, one.left_atrial_pressure


_UNKNOWN = (Grade.INDETERMINATE, Pressure.UNKNOWN)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), (Grade.NORMAL, Pressure.NORMAL)),
        ((LARGE_LA,), (Grade.NORMAL, Pressure.NORMAL)),  # 1 of 4
        ((LARGE_LA, SLOW), _UNKNOWN),  # 2 of 4
        ((LARGE_LA, SLOW, HIGH_EE), (Grade.TWO, Pressure.ELEVATED)),  # 3 of 4; then 2 of 3, E/A 1.33
        ((LARGE_LA, SLOW, HIGH_EE, {"mv_ea": 2.0}), (Grade.THREE, Pressure.ELEVATED)),
        ((LARGE_LA, SLOW, HIGH_EE, {"mv_ea": 0.8, "mv_e": 0.5}), (Grade.ONE, Pressure.NORMAL)),
        ((LARGE_LA, SLOW, {"tr_vmax": None}), (Grade.INDETERMINATE, Pressure.UNKNOWN)),  # 2 of 3; then 1 of 2
        (({"tr_vmax": None, "la_vol_mod_bp_index": None},), _UNKNOWN),  # 2 criteria are too few
        (({"la_vol_mod_bp_index": None, "la_vol_al_bp_index": 28.0},), (Grade.NORMAL, Pressure.NORMAL)),
        (({"ef_bp": None},), _UNKNOWN),
        (({"ef_bp": None, "ef_a4c": 60.0},), (Grade.NORMAL, Pressure.NORMAL)),
        ((LOW,), (Grade.ONE, Pressure.NORMAL)),  # no sign of three, E/A 1.33
        ((LOW, HIGH_EE, HIGH_TR), (Grade.TWO, Pressure.ELEVATED)),
        ((LOW, HIGH_EE, {"tr_vmax": None}), _UNKNOWN),  # 1 of 2
        ((LOW, {"tr_vmax": None, "la_vol_mod_bp_index": None}), _UNKNOWN),  # 1 sign alone
        ((LOW, {"mv_ea": 2.5}), (Grade.THREE, Pressure.ELEVATED)),
        ((LOW, {"mv_ea": 0.7, "mv_e": 0.45}, HIGH_EE, HIGH_TR), (Grade.ONE, Pressure.NORMAL)),
        ((LOW, {"mv_ea": 0.7, "mv_e": 0.6}, HIGH_EE, HIGH_TR), (Grade.TWO, Pressure.ELEVATED)),
        ((LOW, {"mv_ea": None}), _UNKNOWN),
        ((LOW, {"ee_avg": 14.0, "tr_vmax": 2.8, "la_vol_mod_bp_index": 34.0}), (Grade.ONE, Pressure.NORMAL)),  # on the cut-offs
    ],
)
def test_2016(changes: tuple[dict[str, float | None], ...], expected: tuple[Grade, Pressure]) -> None:
    assert graded(2016, *changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), (Grade.NORMAL, Pressure.NORMAL)),
        ((SLOW, {"mv_ea": 0.8}), (Grade.ONE, Pressure.NORMAL)),
        ((SLOW, HIGH_EE, HIGH_TR), (Grade.TWO, Pressure.ELEVATED)),
        ((HIGH_EE, HIGH_TR, {"mv_ea": 2.0}), (Grade.THREE, Pressure.ELEVATED)),
        ((HIGH_EE, HIGH_TR, {"mv_ea": None}), (Grade.INDETERMINATE, Pressure.ELEVATED)),
        ((SLOW, HIGH_EE, LARGE_LA), (Grade.TWO, Pressure.ELEVATED)),  # second step, 1 of 1
        ((SLOW, HIGH_EE), _UNKNOWN),  # second step, none of 1
        ((SLOW, HIGH_EE, {"ivrt": 90.0}), (Grade.ONE, Pressure.NORMAL)),
        ((SLOW, HIGH_EE, {"ivrt": 70.0}), _UNKNOWN),  # the two signs contradict each other
        ((HIGH_TR, {"ivrt": 90.0}), (Grade.INDETERMINATE, Pressure.NORMAL)),
        (({"tr_vmax": 2.8, "ee_avg": 14.0},), (Grade.TWO, Pressure.ELEVATED)),  # on the cut-offs
        (({"e_septal": None, "e_lateral": None},), _UNKNOWN),
        (({"e_lateral": None, "e_septal": 6.0, "mv_ea": 0.7},), (Grade.ONE, Pressure.NORMAL)),
        (({"ee_avg": None, "tr_vmax": None},), _UNKNOWN),
        (({"tr_vmax": None, "pulm_vein_sd": 1.2},), (Grade.INDETERMINATE, Pressure.NORMAL)),
    ],
)
def test_2025(changes: tuple[dict[str, float | None], ...], expected: tuple[Grade, Pressure]) -> None:
    assert graded(2025, *changes) == expected


def test_an_irregular_rhythm_is_graded_by_neither() -> None:
    regular, atrial_fibrillation = (HeartRate(80.0, RateOrigin.R_WAVES, 5, sd) for sd in (3.0, 14.0))
    assert {one.grade for one in assessed(dict(NORMAL), (regular,))} == {Grade.NORMAL}
    for one in assessed(dict(NORMAL), (regular, atrial_fibrillation)):
        assert (one.grade, one.left_atrial_pressure) == _UNKNOWN
        assert one.detail == "the rhythm is irregular, 80 +/- 14/min"


def test_an_assessment_lists_what_it_took_what_it_lacked_and_where_it_holds() -> None:
    of_2016 = assessed({**NORMAL, **HIGH_TR, "la_vol_mod_bp_index": None})[0]
    verdicts = {one.key: one.abnormal for one in of_2016.inputs}
    assert verdicts == {"ef_bp": False, "ee_avg": False, "e_septal": False, "e_lateral": False, "tr_vmax": True}
    assert of_2016.missing == ("la_vol_mod_bp_index",)
    assert of_2016.words.startswith(
        "Diastolic function (ASE/EACVI 2016): normal, left atrial pressure normal; 1 of 3 criteria; not"
    )
    assert "atrial fibrillation" in of_2016.words


def test_a_study_without_its_displays_is_not_assessed() -> None:
    assert assessed({"ef_bp": 60.0}) == ()
    assert {one.grade for one in assessed({"mv_e": None})} == {Grade.INDETERMINATE}
