"""RVSP: never by default, by the site's choice with the source stated, and the table of the guideline by hand."""

import pytest

from models.catalogue import QUANTITIES
from models.derive.study.conventions import BY_DEFAULT, Breathing, Conventions, RightAtrialPressure
from models.derive.study.derivations import derived_values
from models.derive.study.right_atrial_pressure import with_right_atrial_pressure
from models.results import FrameReference, Measurement, NotMeasured, Reason

VENA_CAVA = RightAtrialPressure.VENA_CAVA


def results(
    conventions: Conventions, missing: tuple[NotMeasured, ...] = (), **values: float
) -> dict[str, Measurement | NotMeasured]:
    found = [
        Measurement(key, QUANTITIES[key].unit, number, (FrameReference(key, 1),), method="m", view=None)
        for key, number in values.items()
    ]
    all_found, all_missing = derived_values(*with_right_atrial_pressure(found, missing, conventions), [])
    return {one.key: one for one in (*all_found, *all_missing)}


def test_by_default_there_is_a_gradient_and_no_pressure() -> None:
    assert results(BY_DEFAULT, tr_vmax=2.5, ivc_diam=1.5).keys() == {"tr_vmax", "ivc_diam", "tr_pg"}


def test_a_fixed_pressure_is_named_as_the_sites() -> None:
    fixed = Conventions(right_atrial_pressure=RightAtrialPressure.FIXED, right_atrial_pressure_mmhg=5.0)
    rvsp = results(fixed, tr_vmax=2.5)["rvsp"]
    assert isinstance(rvsp, Measurement)
    assert rvsp.value == 30.0
    assert rvsp.derivation.endswith("RA pressure assumed by the site for every patient: 5 mmHg")
    assert [source.sop_instance_uid for source in rvsp.sources] == ["tr_vmax"]


@pytest.mark.parametrize(
    ("breathing", "diameter_cm", "collapse_percent", "pressure_mmhg"),
    [
        (Breathing.SNIFF, 1.8, 60.0, 3.0), (Breathing.SNIFF, 1.8, 40.0, 8.0), (Breathing.SNIFF, 2.4, 60.0, 8.0),
        (Breathing.SNIFF, 2.4, 40.0, 15.0), (Breathing.QUIET, 2.1, 25.0, 3.0), (Breathing.QUIET, 2.4, 10.0, 15.0),
    ],
)  # fmt: skip
def test_by_the_vena_cava(breathing: Breathing, diameter_cm: float, collapse_percent: float, pressure_mmhg: float) -> None:
    chosen = Conventions(right_atrial_pressure=VENA_CAVA, vena_cava_breathing=breathing)
    found = results(chosen, tr_vmax=2.5, ivc_diam=diameter_cm, ivc_collapse=collapse_percent)
    rap, rvsp = found["rap"], found["rvsp"]
    assert isinstance(rap, Measurement)
    assert isinstance(rvsp, Measurement)
    assert (rap.value, rvsp.value) == (pressure_mmhg, 25.0 + pressure_mmhg)
    assert f"ASE 2010, by the vena cava: {diameter_cm} cm" in rvsp.derivation


def test_a_collapse_of_unknown_breathing_is_taken_back() -> None:
    found = results(Conventions(right_atrial_pressure=VENA_CAVA), tr_vmax=2.5, ivc_diam=1.5, ivc_collapse=60.0)
    for key in ("ivc_collapse", "rap", "rvsp"):
        result = found[key]
        assert isinstance(result, NotMeasured)
        assert result.reasons == (Reason.SITE_CHOICE,)


def test_without_a_jet_the_choice_hands_on_why() -> None:
    fixed = Conventions(right_atrial_pressure=RightAtrialPressure.FIXED)
    rvsp = results(fixed, (NotMeasured("tr_vmax", (Reason.QUALITY,)),))["rvsp"]
    assert isinstance(rvsp, NotMeasured)
    assert rvsp.reasons == (Reason.QUALITY,)
    assert results(fixed) == {}
