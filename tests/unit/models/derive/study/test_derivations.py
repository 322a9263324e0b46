"""What is made of other values, against values worked out by hand; whose frames it names; and when there is none."""

import pytest

from models.catalogue import DERIVED, QUANTITIES, Direction
from models.derive.study.derivations import derived_values
from models.derive.study.formulas import FORMULAS
from models.results import ClipFindings, FrameReference, HeartRate, Measurement, NotMeasured, RateOrigin, Reason


def value(key: str, number: float, uid: str = "1.2.3", *, beats: int = 1, sd: float | None = None) -> Measurement:
    quantity = QUANTITIES[key]
    source, model = (FrameReference(uid, 1),), "" if key in ("bsa", "hr", "rap") else "reader"
    return Measurement(
        key, quantity.unit, number, source, beats, sd, model=model, method=quantity.method, view=None, derivation=f"{key}!"
    )


def made(*parts: Measurement, missing: tuple[NotMeasured, ...] = (), clips: tuple[ClipFindings, ...] = ()) -> dict[str, object]:
    found, absent = derived_values(parts, missing, clips)
    return {one.key: one for one in (*found, *absent)}


# By hand. LV mass: (1.0 + 5.0 + 1.1)^3 = 357.911, less 125 is 232.911; 0.832 times that and 0.6 is 194.38 g. Teichholz: 125 *
# 7 / 7.4 = 118.24 mL, 27 * 7 / 5.4 = 35 mL, so 70.4 %. LVOT of 2.0 cm: 3.1416 cm2; times 20 cm 62.83 mL; at 75/min 4.712 L/min.
@pytest.mark.parametrize(
    ("key", "parts", "expected"),
    [
        ("fs_2d", {"lvidd_2d": 5.0, "lvids_2d": 3.0}, 40.0),
        ("fs_mm", {"lvidd_mm": 5.0, "lvids_mm": 3.5}, 30.0),
        ("ef_teichholz_2d", {"lvidd_2d": 5.0, "lvids_2d": 3.0}, 70.40),
        ("ef_teichholz_mm", {"lvidd_mm": 5.0, "lvids_mm": 3.0}, 70.40),
        ("lv_mass_cube_2d", {"ivsd_2d": 1.0, "lvidd_2d": 5.0, "lvpwd_2d": 1.1}, 194.38),
        ("lv_mass_cube_mm", {"ivsd_mm": 1.0, "lvidd_mm": 5.0, "lvpwd_mm": 1.1}, 194.38),
        ("lv_mass_index_2d", {"lv_mass_cube_2d": 190.0, "bsa": 2.0}, 95.0),
        ("lv_mass_index_mm", {"lv_mass_cube_mm": 190.0, "bsa": 1.9}, 100.0),
        ("rwt", {"lvpwd_2d": 1.1, "lvidd_2d": 5.0}, 0.44),
        ("sv_bp", {"lvedv_bp": 120.0, "lvesv_bp": 48.0}, 72.0),
        ("svi_bp", {"sv_bp": 72.0, "bsa": 1.8}, 40.0),
        ("lvedv_bp_index", {"lvedv_bp": 120.0, "bsa": 2.0}, 60.0),
        ("lvesv_bp_index", {"lvesv_bp": 48.0, "bsa": 2.0}, 24.0),
        ("la_vol_al_bp_index", {"la_vol_al_bp": 68.0, "bsa": 2.0}, 34.0),
        ("la_vol_mod_bp_index", {"la_vol_mod_bp": 57.6, "bsa": 1.8}, 32.0),
        ("sv_lvot", {"lvot_diam": 2.0, "lvot_vti": 20.0}, 62.83),
        ("svi_lvot", {"sv_lvot": 63.0, "bsa": 1.8}, 35.0),
        ("co_lvot", {"sv_lvot": 62.83, "hr": 75.0}, 4.712),
        ("ci_lvot", {"co_lvot": 4.5, "bsa": 1.8}, 2.5),
        ("ava_vti", {"lvot_diam": 2.0, "lvot_vti": 20.0, "av_vti": 80.0}, 0.7854),
        ("ava_vmax", {"lvot_diam": 2.0, "lvot_vmax": 1.0, "av_vmax": 4.0}, 0.7854),
        ("ava_vti_index", {"ava_vti": 0.9, "bsa": 1.8}, 0.5),
        ("ava_vmax_index", {"ava_vmax": 1.0, "bsa": 2.0}, 0.5),
        ("dvi", {"lvot_vti": 20.0, "av_vti": 80.0}, 0.25),
        ("mv_ea", {"mv_e": 0.8, "mv_a": 0.5}, 1.6),
        ("ee_septal", {"mv_e": 0.8, "e_septal": 8.0}, 10.0),
        ("ee_lateral", {"mv_e": 0.8, "e_lateral": 10.0}, 8.0),
        ("ee_avg", {"mv_e": 0.9, "e_septal": 6.0, "e_lateral": 12.0}, 10.0),  # the mean of 15 and 7.5 would be 11.25
        ("pulm_vein_sd", {"pulm_vein_s": 0.6, "pulm_vein_d": 0.4}, 1.5),
        ("av_pg", {"av_vmax": 4.0}, 64.0),
        ("tr_pg", {"tr_vmax": 2.5}, 25.0),
        ("rvsp", {"tr_vmax": 2.5, "rap": 8.0}, 33.0),
    ],
)
def test_each_formula_gives_what_was_worked_out_by_hand(key: str, parts: dict[str, float], expected: float) -> None:
    result = made(*(value(part, number) for part, number in parts.items()))[key]
    assert isinstance(result, Measurement)
    assert result.value == pytest.approx(expected, rel=2e-4)
    assert (result.unit, result.method, result.model) == (QUANTITIES[key].unit, QUANTITIES[key].method, "")
    assert set(parts) == set(QUANTITIES[key].parts)


def test_every_derived_quantity_has_its_formula_or_is_the_patients() -> None:
    assert DERIVED.keys() - FORMULAS.keys() == {"bsa", "hr", "rap"}
    place = {key: number for number, key in enumerate(FORMULAS)}
    late = [key for key in FORMULAS if any(place.get(part, -1) > place[key] for part in QUANTITIES[key].parts)]
    assert late == [], "a part stands before what is made of it"


def test_what_is_made_has_the_frames_of_its_parts_and_the_fewest_beats() -> None:
    wall, diameter = value("lvpwd_2d", 1.0, "1.2.1", beats=3, sd=0.1), value("lvidd_2d", 5.0, "1.2.2", beats=2, sd=0.2)
    rwt = made(wall, diameter)["rwt"]
    assert isinstance(rwt, Measurement)
    assert [source.sop_instance_uid for source in rwt.sources] == ["1.2.1", "1.2.2"]
    assert (rwt.beats, rwt.sd) == (2, None), "how the two vary together nobody knows"


def test_an_index_has_the_spread_and_the_frames_of_its_one_part() -> None:
    index = made(value("lvedv_bp", 120.0, beats=3, sd=6.0), value("bsa", 2.0, "1.2.9"))["lvedv_bp_index"]
    assert isinstance(index, Measurement)
    assert (index.value, index.sd, index.beats) == (60.0, 3.0, 3)
    assert [source.sop_instance_uid for source in index.sources] == ["1.2.3"]
    assert index.derivation == "over the body surface area; bsa!"


def test_a_gradient_runs_as_its_jet() -> None:
    jet = Measurement("tr_vmax", "m/s", 2.5, direction=Direction.AWAY, method="m", view=None)
    assert made(jet)["tr_pg"].direction is Direction.AWAY  # type: ignore[attr-defined]


def test_what_a_network_gave_stands() -> None:
    given = value("mv_ea", 1.7)
    assert made(value("mv_e", 0.8), value("mv_a", 0.5), given)["mv_ea"] is given


def test_a_missing_part_hands_on_its_reasons_and_one_that_nobody_asked_for_says_nothing() -> None:
    lacking = NotMeasured("lvpwd_2d", (Reason.QUALITY,)), NotMeasured("bsa", (Reason.PATIENT_SIZE,))
    results = made(value("lvidd_2d", 5.0), value("ivsd_2d", 1.0), missing=lacking)
    assert results["lv_mass_cube_2d"] == NotMeasured("lv_mass_cube_2d", (Reason.QUALITY,), "without lvpwd_2d")
    index = NotMeasured("lv_mass_index_2d", (Reason.QUALITY, Reason.PATIENT_SIZE), "without lv_mass_cube_2d and bsa")
    assert results["lv_mass_index_2d"] == index
    assert "fs_2d" not in results


def test_known_parts_make_what_the_networks_were_asked_for_and_did_not_give() -> None:
    asked = NotMeasured("fs_2d", (Reason.OUT_OF_DISTRIBUTION,))
    results = made(value("lvidd_2d", 5.0), value("lvids_2d", 3.0), missing=(asked,))
    assert isinstance(results["fs_2d"], Measurement)


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("ava_vti", {"lvot_diam": 3.0, "lvot_vti": 60.0, "av_vti": 5.0}),  # 85 cm2
        ("mv_ea", {"mv_e": 3.0, "mv_a": 0.1}),
        ("sv_bp", {"lvedv_bp": 80.0, "lvesv_bp": 90.0}),
        ("fs_mm", {"lvidd_mm": 4.0, "lvids_mm": 5.0}),
    ],
)
def test_the_impossible_is_refused(key: str, parts: dict[str, float]) -> None:
    result = made(*(value(part, number) for part, number in parts.items()))[key]
    assert isinstance(result, NotMeasured)
    assert result.reasons == (Reason.OUTSIDE_LIMITS,)


@pytest.mark.parametrize(("av_rate", "agree"), [(66.0, True), (67.0, False), (None, True)])
def test_the_continuity_equation_takes_displays_of_one_heart_rate(av_rate: float | None, agree: bool) -> None:
    """Within ten percent of the faster: 60 and 66, not 60 and 67. A rate that is not known contradicts nothing."""
    clips = tuple(
        ClipFindings(uid, 1, 1, 1, heart_rate=HeartRate(rate, RateOrigin.HEADER) if rate else None)
        for uid, rate in (("1.2.1", 60.0), ("1.2.2", av_rate), ("1.2.3", 90.0))
    )
    of_lvot = value("lvot_vti", 20.0, "1.2.1"), value("lvot_vmax", 1.0, "1.2.1")
    of_valve = value("av_vti", 80.0, "1.2.2"), value("av_vmax", 4.0, "1.2.2")
    results = made(value("lvot_diam", 2.0, "1.2.3"), *of_lvot, *of_valve, clips=clips)
    assert isinstance(results["sv_lvot"], Measurement), "the diameter's own heart rate does not matter"
    for key in ("ava_vti", "ava_vmax", "dvi"):
        assert isinstance(results[key], Measurement) is agree
        assert agree or results[key].reasons == (Reason.DISAGREEMENT,)  # type: ignore[attr-defined]
