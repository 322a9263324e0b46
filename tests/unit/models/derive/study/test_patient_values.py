"""Body surface and heart rate: of which clip, by which formula, and when they are not known."""

import pytest

from models.catalogue import Method
from models.derive.study.conventions import BY_DEFAULT, BodySurfaceFormula, Conventions
from models.derive.study.patient_values import patient_values
from models.results import ClipFindings, HeartRate, Measurement, NotMeasured, RateOrigin, ReadValue, Reason, of_frames


def clip(uid: str, height_m: float | None = 1.7, weight_kg: float | None = 70.0, bpm: float | None = None) -> ClipFindings:
    rate = HeartRate(bpm, RateOrigin.R_WAVES, 3, 1.5) if bpm else None
    return ClipFindings(uid, 1, 1, 1, height_m=height_m, weight_kg=weight_kg, heart_rate=rate)


def result(key: str, *clips: ClipFindings, conventions: Conventions = BY_DEFAULT) -> Measurement | NotMeasured:
    found, missing = patient_values(clips, (), conventions)
    return next(one for one in (*found, *missing) if one.key == key)


# By hand: 0.007184 * 70^0.425 (6.0838) * 170^0.725 (41.407) = 1.8097 m2; the root of 170 * 70 / 3600 is 1.8181 m2.
@pytest.mark.parametrize(
    ("formula", "area_m2", "method"),
    [(BodySurfaceFormula.DU_BOIS, 1.8097, Method.DU_BOIS), (BodySurfaceFormula.MOSTELLER, 1.8181, Method.MOSTELLER)],
)
def test_the_body_surface_names_its_formula(formula: BodySurfaceFormula, area_m2: float, method: Method) -> None:
    bsa = result("bsa", clip("1.2.1"), conventions=Conventions(body_surface=formula))
    assert isinstance(bsa, Measurement)
    assert bsa.value == pytest.approx(area_m2, abs=1e-4)
    assert (bsa.method, bsa.derivation, bsa.sources[0].sop_instance_uid) == (method, method.value, "1.2.1")


@pytest.mark.parametrize(
    ("height_m", "weight_kg"), [(0.0, 0.0), (1.7, 0.0), (None, 70.0), (170.0, 70.0), (1.19, 70.0), (2.31, 70.0), (1.7, 7.0)]
)
def test_without_a_height_and_a_weight_there_is_no_body_surface(height_m: float | None, weight_kg: float | None) -> None:
    bsa = result("bsa", clip("1.2.1", height_m, weight_kg))
    assert isinstance(bsa, NotMeasured)
    assert bsa.reasons == (Reason.PATIENT_SIZE,)


def test_objects_that_contradict_each_other_give_no_body_surface_and_rounding_does_not() -> None:
    assert isinstance(result("bsa", clip("1.2.1", 1.7, 70.0), clip("1.2.2", 1.7, 80.0)), NotMeasured)
    rounded = result("bsa", clip("1.2.1", 1.7, 70.0), clip("1.2.2", 0.0, 0.0), clip("1.2.3", 1.704, 70.4))
    assert isinstance(rounded, Measurement)
    assert rounded.sources[0].sop_instance_uid == "1.2.3"


def test_the_heart_rate_is_that_of_the_display_that_makes_the_output_else_the_middle_one() -> None:
    slow, middle, fast = (clip(f"1.2.{number}", bpm=bpm) for number, bpm in enumerate((52.0, 60.0, 75.0)))
    of_middle = result("hr", fast, slow, clip("1.2.9"), middle)
    assert isinstance(of_middle, Measurement)
    assert (of_middle.value, of_middle.sources[0].sop_instance_uid, of_middle.beats, of_middle.sd) == (60.0, "1.2.1", 3, 1.5)
    value = ReadValue("lvot_vti", "cm", 20.0, of_frames(0))
    with_output = ClipFindings("1.2.7", 1, 1, 1, values=(value,), heart_rate=HeartRate(80.0, RateOrigin.HEADER))
    of_display = result("hr", fast, slow, with_output, middle)
    assert isinstance(of_display, Measurement)
    assert (of_display.value, of_display.derivation) == (80.0, "as the images state it")


def test_a_stopped_clip_gives_nothing_of_the_patient() -> None:
    """The heart rate of a stress stage is another; and where every clip is stopped no number is given at all."""
    stressed = ClipFindings("1.2.1", 1, 1, 1, gates=(Reason.STRESS_STAGE,), heart_rate=HeartRate(150.0, RateOrigin.HEADER))
    hr = result("hr", stressed, clip("1.2.2", bpm=60.0))
    assert isinstance(hr, Measurement)
    assert hr.value == 60.0
    assert {result(key, stressed) for key in ("hr", "bsa")} == {NotMeasured(k, (Reason.STRESS_STAGE,)) for k in ("hr", "bsa")}


def test_weights_that_may_give_no_number_of_a_patient_give_none_of_these() -> None:
    found, missing = patient_values([clip("1.2.1", bpm=60.0)], {Reason.RESEARCH_WEIGHTS}, BY_DEFAULT)
    assert found == []
    assert [one.reasons for one in missing] == [(Reason.RESEARCH_WEIGHTS,)] * 2
