"""What becomes of values that models read by themselves: which clip counts, which frames are named, what is refused."""

from dataclasses import replace

import pytest

from models.catalogue import QUANTITIES, READ, Method, Phase, View
from models.derive.calipers.linear import teichholz_ef_percent
from models.derive.study.quantities import derive_study
from models.results import (
    ClipFindings,
    DistributionVerdict,
    FrameReference,
    ModelUse,
    QualityGrade,
    ReadValue,
    Reason,
    ViewPrediction,
)
from tests.unit.models.derive.apical_clips import OF_EVERY_STUDY, PATIENT_WEIGHTS, PHANTOM_WEIGHTS, measured, missing

LVID = "echonet_measurements/lvid"
_DIAMETERS = {"lvidd_2d": 5.0, "lvids_2d": 3.0, "fs_2d": 40.0, "ef_teichholz_2d": 70.4}
_FRAMES = {"lvidd_2d": 4, "lvids_2d": 12, "fs_2d": 4, "ef_teichholz_2d": 4}


def values(model: str = LVID, **numbers: float | None) -> tuple[ReadValue, ...]:
    return tuple(
        ReadValue(
            key,
            READ[key].unit,
            number,
            model=model,
            sources=_sources(key),
            reasons=() if number is not None else (Reason.QUALITY,),
            detail="no peak",
        )
        for key, number in numbers.items()
    )


def _sources(key: str) -> tuple[FrameReference, ...]:
    return (FrameReference("1.2.3", _FRAMES[key]),) if key in _FRAMES else ()


def a_clip(
    *given: ReadValue,
    uid: str = "1.2.3",
    view: View = View.PLAX,
    surely: float = 0.9,
    quality: float = 80,
    gates: tuple[Reason, ...] = (),
    is_phantom: bool = True,
    use: ModelUse = PATIENT_WEIGHTS,
) -> ClipFindings:
    return ClipFindings(
        uid,
        rows=60,
        columns=80,
        number_of_frames=20,
        is_quality_control_subject=is_phantom,
        cm_per_px=(0.05, 0.05),
        view=ViewPrediction(view, surely),
        quality=QualityGrade(quality, adequate=True),
        distribution=DistributionVerdict(1.0, 2.0, inside=True),
        gates=gates,
        models=(use,),
        values=given,
    )


def test_a_set_that_reads_nothing_says_nothing_of_it() -> None:
    """Else every report of the bundled networks would list thirteen quantities that nobody asked for."""
    for clips in ([], [a_clip()], [a_clip(view=View.A4C)]):
        study = derive_study("1", clips)
        assert {*measured(study), *missing(study)} == set(OF_EVERY_STUDY)


def test_what_was_asked_for_and_has_no_view_is_not_measured() -> None:
    study = derive_study("1", [a_clip(view=View.A4C)], asked=("lvidd_2d", "ivc_diam"))
    assert {*measured(study), *missing(study)} == {*OF_EVERY_STUDY, "lvidd_2d", "ivc_diam"}
    assert missing(study)["ivc_diam"].reasons == (Reason.VIEW_MISSING,)


def test_a_stopped_clip_gives_its_gates() -> None:
    stopped = a_clip(*values(**_DIAMETERS), gates=(Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION))
    study = derive_study("1", [stopped], asked=_DIAMETERS)
    assert study.measurements == ()
    assert missing(study)["lvidd_2d"].reasons == (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)


def test_phantom_weights_read_no_patient() -> None:
    patient = a_clip(*values(**_DIAMETERS), use=PHANTOM_WEIGHTS, is_phantom=False)
    study = derive_study("1", [patient], asked=_DIAMETERS)
    assert study.measurements == ()
    assert missing(study)["lvidd_2d"].reasons == (Reason.RESEARCH_WEIGHTS,)
    assert set(measured(derive_study("1", [patient], asked=_DIAMETERS, research_override=True))) == set(_DIAMETERS)


def test_an_ungated_clip_of_which_no_model_says_anything_still_has_a_reason() -> None:
    assert missing(derive_study("1", [a_clip()], asked=("ao_root",)))["ao_root"].reasons == (Reason.OUT_OF_DISTRIBUTION,)


def test_values_name_their_frames_with_their_phase() -> None:
    found = measured(derive_study("1", [a_clip(*values(**_DIAMETERS))]))
    ed, es = FrameReference("1.2.3", 4, Phase.END_DIASTOLE), FrameReference("1.2.3", 12, Phase.END_SYSTOLE)
    assert {key: found[key].sources for key in _DIAMETERS} == {
        "lvidd_2d": (ed,), "lvids_2d": (es,), "fs_2d": (ed, es), "ef_teichholz_2d": (ed, es),
    }  # fmt: skip
    assert (found["lvidd_2d"].value, found["lvidd_2d"].view) == (5.0, View.PLAX)
    assert found["ef_teichholz_2d"].method == Method.TEICHHOLZ


def test_a_mean_over_beats_names_every_frame_its_beats_and_their_spread() -> None:
    frames = (FrameReference("1.2.3", 4), FrameReference("1.2.3", 16))
    mean = replace(values(ao_root=3.1)[0], sources=frames, beats=2, sd=0.2)
    root = measured(derive_study("1", [a_clip(mean)]))["ao_root"]
    assert root.sources == tuple(replace(frame, phase=Phase.END_DIASTOLE) for frame in frames)
    assert (root.beats, root.sd) == (2, 0.2)


def test_a_value_of_several_clips_names_them_and_their_phases() -> None:
    pair = (FrameReference("1.2.3", 4, Phase.END_DIASTOLE), FrameReference("1.2.9", 9, Phase.END_SYSTOLE))
    of_two = replace(values(ef_video_regression=61.0)[0], sources=pair)
    assert measured(derive_study("1", [a_clip(of_two, view=View.A4C)]))["ef_video_regression"].sources == pair


def test_a_regression_from_the_video_names_all_of_it() -> None:
    found = measured(derive_study("1", [a_clip(*values(ef_video_regression=61.0), view=View.A4C)]))
    assert found["ef_video_regression"].sources == tuple(FrameReference("1.2.3", number) for number in range(1, 21))
    assert "ef_a4c" not in found, "never the method of discs"


def test_the_best_image_counts_then_the_surest_view() -> None:
    poor = a_clip(*values(ao_root=3.0), uid="1", quality=60, surely=0.99)
    good = a_clip(*values(ao_root=3.3), uid="2", quality=80, surely=0.6)
    surer = a_clip(*values(ao_root=3.6), uid="3", quality=80, surely=0.7)
    assert measured(derive_study("1", [poor, good]))["ao_root"].value == 3.3
    assert measured(derive_study("1", [poor, good, surer]))["ao_root"].value == 3.6


def test_the_diameters_of_one_ventricle_come_from_one_clip() -> None:
    """A receiver recomputes the shortening from the diameters."""
    better = a_clip(*values(**{**dict.fromkeys(_DIAMETERS), "lvidd_2d": 6.0}), uid="1", quality=95)
    whole = a_clip(*values(**_DIAMETERS), uid="2", quality=60)
    found = measured(derive_study("1", [better, whole]))
    assert {key: found[key].value for key in _DIAMETERS} == _DIAMETERS
    alone = derive_study("1", [better], asked=_DIAMETERS)
    assert set(measured(alone)) == {"lvidd_2d"}
    assert missing(alone)["lvids_2d"].reasons == (Reason.QUALITY,)
    assert missing(alone)["lvids_2d"].detail == f"{LVID}: no peak"


def test_diameters_of_two_models_are_not_mixed() -> None:
    other = values("EchoApex_ViT-S_lvh", lvidd_2d=7.0, ivsd_2d=1.1)
    found = measured(derive_study("1", [a_clip(*values(**_DIAMETERS), *other)]))
    assert (found["lvidd_2d"].value, found["ivsd_2d"].value) == (5.0, 1.1)


@pytest.mark.parametrize("key", READ)
def test_an_impossible_value_is_refused(key: str) -> None:
    low, high = READ[key].limits
    for value, possible in ((low, True), (high, True), (low * 0.99, False), (high * 1.01, False)):
        study = derive_study("1", [a_clip(*values(**{key: value}), view=READ[key].views[0])])
        if key not in ("fs_2d", "ef_teichholz_2d", "mv_ea", "av_pg", "tr_pg"):  # which need what they are made of
            assert (key in measured(study)) is possible, value
        if not possible and key not in ("av_pg", "tr_pg"):
            assert missing(study)[key].reasons == (Reason.OUTSIDE_LIMITS,)


@pytest.mark.parametrize("changed", [{"lvids_2d": 5.1}, {"lvidd_2d": 11.0}, {"lvids_2d": 0.1}])
def test_nothing_is_made_of_impossible_diameters(changed: dict[str, float]) -> None:
    study = derive_study("1", [a_clip(*values(**{**_DIAMETERS, **changed}))])
    assert not {"fs_2d", "ef_teichholz_2d"} & measured(study).keys()
    assert missing(study)["fs_2d"].reasons == (Reason.OUTSIDE_LIMITS,)


def test_the_limits_of_fractional_shortening_are_those_of_the_ejection_fraction() -> None:
    ef_low, ef_high = READ["ef_teichholz_2d"].limits
    low, high = READ["fs_2d"].limits
    for lvidd_cm in READ["lvidd_2d"].limits:
        for fs, ef_limit in ((low, ef_low), (high, ef_high)):
            ef = teichholz_ef_percent(lvidd_cm, lvidd_cm * (1 - fs / 100))
            assert ef is not None
            assert ef <= ef_low if ef_limit == ef_low else ef >= ef_high - 0.1, (lvidd_cm, fs, ef)


FILLING = {"mv_e": 0.8, "mv_a": 0.5, "mv_ea": 1.6}


def inflow_clip(uid: str, quality: float, **numbers: float | None) -> ClipFindings:
    return a_clip(*values(**numbers), uid=uid, view=View.DOPPLER_MV_PW, quality=quality)


def test_e_a_and_their_ratio_come_from_one_clip() -> None:
    """The better image has E alone; E over A of two beats of two clips would be a ratio that nobody measured."""
    better = inflow_clip("1", 95, mv_e=1.2, mv_a=None, mv_ea=None)
    whole = inflow_clip("2", 60, **FILLING)
    found = measured(derive_study("1", [better, whole]))
    assert {key: found[key].value for key in FILLING} == FILLING
    assert {found[key].sources[0].sop_instance_uid for key in FILLING} == {"2"}


def test_e_over_e_prime_uses_the_e_of_that_clip() -> None:
    septal = a_clip(*values(e_septal=8.0), uid="3", view=View.DOPPLER_TISSUE_SEPTAL)
    clips = [inflow_clip("1", 95, mv_e=1.2, mv_a=None, mv_ea=None), inflow_clip("2", 60, **FILLING), septal]
    assert measured(derive_study("1", clips))["ee_septal"].value == pytest.approx(10.0)


def test_e_and_a_of_two_models_are_not_mixed() -> None:
    other = values("another", **{**FILLING, "mv_e": 1.3})
    first = values(mv_e=0.8, mv_a=None, mv_ea=None)
    found = measured(derive_study("1", [a_clip(*first, *other, view=View.DOPPLER_MV_PW)]))
    assert set(found) & set(FILLING) == {"mv_e"}
    assert found["mv_e"].value == 0.8


@pytest.mark.parametrize("changed", [{"mv_e": 0.1}, {"mv_a": 9.0}])
def test_no_ratio_is_better_than_its_velocities(changed: dict[str, float]) -> None:
    study = derive_study("1", [inflow_clip("1", 80, **{**FILLING, **changed})])
    assert missing(study)["mv_ea"].reasons == (Reason.OUTSIDE_LIMITS,)


def test_arrival_decides_between_equals() -> None:
    first = a_clip(*values(ao_root=3.0), uid="1")
    second = replace(first, sop_instance_uid="2", values=values(ao_root=3.3))
    assert measured(derive_study("1", [first, second]))["ao_root"].value == 3.0


@pytest.mark.parametrize(("key", "leader"), [("ivsd_2d", "lvidd_2d"), ("av_vti", "av_vmax"), ("lvot_vmax", "lvot_vti")])
def test_what_is_computed_together_comes_from_one_clip_where_that_can_be(key: str, leader: str) -> None:
    """The better image has the one alone: an area of two integrals of two windows would be that of no valve."""
    view = QUANTITIES[key].views[0]
    low, high = (sum(READ[key].limits) / share for share in (4, 2))
    led = sum(READ[leader].limits) / 2
    better = a_clip(*values(**{key: high}), uid="1", view=view, quality=95)
    both = a_clip(*values(**{key: low, leader: led}), uid="2", view=view, quality=60)
    assert measured(derive_study("1", [better, both]))[key].value == low
    assert measured(derive_study("1", [better, a_clip(*values(**{leader: led}), uid="2", view=view)]))[key].value == high


def test_a_mass_and_a_shortening_follow_from_lines_alone() -> None:
    lines = values(lvidd_2d=5.0, lvids_2d=3.0, ivsd_2d=1.0, lvpwd_2d=1.1)
    found = measured(derive_study("1", [a_clip(*lines)], asked=[value.key for value in lines]))
    assert found["fs_2d"].value == 40.0
    assert found["lv_mass_cube_2d"].value == pytest.approx(194.38, abs=0.01)
    assert found["lv_mass_cube_2d"].view is View.PLAX
