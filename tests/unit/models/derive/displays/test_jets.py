"""Of several readings of one jet which counts: direction first, then model, then height; none below what was missed."""

from dataclasses import replace

from models.catalogue import Direction, View
from models.derive.study.quantities import derive_study
from models.results import ClipFindings, ReadValue, Reason
from tests.unit.models.derive.apical_clips import measured, missing
from tests.unit.models.derive.study.test_readings import LVID, a_clip, values


def jet_clip(uid: str, *jets: ReadValue, quality: float = 80) -> ClipFindings:
    return a_clip(*jets, uid=uid, view=View.DOPPLER_AV_CW, quality=quality)


def jet(
    m_s: float | None, direction: Direction = Direction.AWAY, model: str = "avvmax", **changes: float
) -> tuple[ReadValue, ...]:
    velocity, gradient = values(model, av_vmax=m_s, av_pg=None if m_s is None else 4 * m_s**2)
    return replace(velocity, direction=direction, **changes), replace(gradient, direction=direction)  # type: ignore[arg-type]


def test_a_leak_towards_the_transducer_is_no_stenosis() -> None:
    """An aortic leak of 4.5 m/s beside the outflow of 2.5 m/s."""
    clips = [jet_clip("1", *jet(4.5, Direction.TOWARDS), quality=99), jet_clip("2", *jet(2.5)), jet_clip("3", *jet(2.2))]
    found = measured(derive_study("1", clips))
    assert (found["av_vmax"].value, found["av_vmax"].direction) == (2.5, Direction.AWAY)
    assert (found["av_pg"].value, found["av_pg"].direction) == (25.0, Direction.AWAY)


def test_a_jet_towards_the_transducer_counts_where_none_away_from_it_was_found() -> None:
    clips = [jet_clip("1", *jet(3.0, Direction.TOWARDS)), jet_clip("2", *jet(4.5, Direction.TOWARDS))]
    found = measured(derive_study("1", clips))["av_vmax"]
    assert (found.value, found.direction) == (4.5, Direction.TOWARDS)


def test_of_integrals_too_those_away_from_the_transducer_come_first() -> None:
    towards, away = (
        replace(values(av_vti=number)[0], direction=way) for number, way in ((90.0, Direction.TOWARDS), (60.0, Direction.AWAY))
    )
    clips = [jet_clip("1", towards, quality=99), jet_clip("2", away)]
    assert measured(derive_study("1", clips))["av_vti"].value == 60.0


def test_no_lower_value_stands_for_a_jet_that_exceeds_its_display() -> None:
    """2.6 m/s by one window, more than 4 m/s by another: a severe stenosis would be called a mild one."""
    study = derive_study("1", [jet_clip("1", *jet(2.6)), jet_clip("2", *jet(None, at_least=4.0))])
    assert not {"av_vmax", "av_pg"} & measured(study).keys()
    for key in ("av_vmax", "av_pg"):
        assert missing(study)[key].reasons == (Reason.QUALITY,)
        assert "2.6 m/s, but a jet exceeds a display that shows up to 4 m/s" in missing(study)[key].detail


def test_a_value_higher_than_that_display_stands() -> None:
    study = derive_study("1", [jet_clip("1", *jet(4.3)), jet_clip("2", *jet(None, at_least=4.0))])
    assert measured(study)["av_vmax"].value == 4.3


def test_a_jet_away_that_exceeds_its_display_leaves_no_room_for_a_leak() -> None:
    study = derive_study("1", [jet_clip("1", *jet(4.5, Direction.TOWARDS)), jet_clip("2", *jet(None, at_least=4.0))])
    assert "av_vmax" in missing(study)


def test_a_stopped_clip_s_jet_hides_nothing() -> None:
    stopped = replace(jet_clip("2", *jet(None, at_least=4.0)), gates=(Reason.STRESS_STAGE,))
    assert measured(derive_study("1", [jet_clip("1", *jet(2.6)), stopped]))["av_vmax"].value == 2.6


def test_of_a_jet_the_first_model_with_a_possible_value_counts_then_its_highest() -> None:
    """However much higher another's is, and whichever model the best image speaks for."""
    silent, low = jet(None), jet(2.0)
    one = jet_clip("1", *silent, *jet(3.9, model="another"), quality=99)
    two = jet_clip("2", *low, *jet(3.5, model="another"))
    three = jet_clip("3", *jet(2.4), *jet(3.0, model="another"))
    found = measured(derive_study("1", [one, two, three]))["av_vmax"]
    assert (found.value, found.model) == (2.4, "avvmax")
    impossible = jet_clip("4", *jet(9.0), *jet(3.0, model="another"))
    assert measured(derive_study("1", [impossible]))["av_vmax"].model == "another"


def test_all_clips_say_why_a_quantity_is_missing() -> None:
    first = jet_clip("1", replace(values(av_vmax=None)[0], detail="no peak"))
    wrong = replace(values(av_vmax=None)[0], reasons=(Reason.VIEW_MISSING,), detail="flow the other way")
    again = jet_clip("3", replace(values(av_vmax=None)[0], detail="no peak"))
    stopped = replace(jet_clip("4"), gates=(Reason.STRESS_STAGE,))
    elsewhere = a_clip(uid="5", view=View.DOPPLER_MV_CW, gates=(Reason.PAEDIATRIC,))
    lacking = missing(derive_study("1", [first, jet_clip("2", wrong), again, stopped, elsewhere]))["av_vmax"]
    assert lacking.reasons == (Reason.VIEW_MISSING, Reason.QUALITY, Reason.STRESS_STAGE)
    assert lacking.detail == f"{LVID}: no peak; {LVID}: flow the other way"
