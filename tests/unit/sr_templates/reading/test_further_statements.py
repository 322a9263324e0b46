"""What reports say in ways of their own: indices, phases, units in other words, by reference, of others, as properties."""

import pytest
from pydicom.dataset import Dataset

from tests import reports
from tests.reports import coded, container, number, section
from tests.unit.sr_templates.reading.test_misleading_reports import (
    END_SYSTOLE,
    at_ventricle,
    keyed,
    lvidd,
    measured_values_of,
    values,
)

BIPLANE = coded(reports.METHOD, reports.BIPLANE)
ESV = ("18148-7", "LN", "Left Ventricular End Systolic Volume")
LENGTH = ("18077-8", "LN", "Left Ventricle diastolic major axis")
END_DIASTOLE = ("R-FAB5C", "SRT", "End diastole")


@pytest.mark.parametrize(
    "item",
    [
        coded(("125306", "DCM", "Measurement Type"), ("125313", "DCM", "Indexed")),
        coded(("125306", "DCM", "Measurement Type"), ("125314", "DCM", "Fractional Change")),
        coded(("125308", "DCM", "Measurement Divisor"), ("8277-6", "LN", "Body Surface Area")),
    ],
)
def test_an_index_is_not_what_it_indexes(item: Dataset) -> None:
    """Bug prevented: 60 mL/m2 that states mL, and "Indexed" beside it, as a volume of 60 mL."""
    (found,) = values(at_ventricle(number(reports.EDV, "60", "mL", BIPLANE, item)))
    assert (found.key, "measurement" in found.why) == (None, True)


def test_a_ratio_that_says_so_is_read() -> None:
    relation = coded(("125306", "DCM", "Measurement Type"), ("118586006", "SCT", "Ratio"))
    ratio = number(("18038-0", "LN", "Mitral Valve E to A Ratio"), "1.2", "1", relation)
    assert keyed(section(reports.MITRAL_VALVE, reports.PULSED, ratio)) == {"mv_ea": 1.2}


@pytest.mark.parametrize(
    ("concept", "unit", "phase", "key"),
    [
        (reports.EDV, "mL", END_SYSTOLE, None),
        (reports.EDV, "mL", END_DIASTOLE, "lvedv_bp"),
        (ESV, "mL", END_DIASTOLE, None),
        (ESV, "mL", END_SYSTOLE, "lvesv_bp"),
        (LENGTH, "cm", END_SYSTOLE, None),
        (("79996-5", "LN", "LVEDV biplane"), "mL", END_SYSTOLE, None),
        (("79997-3", "LN", "LVEDV biplane / BSA"), "mL/m2", END_SYSTOLE, None),
    ],
)
def test_a_volume_of_the_other_end_of_the_beat_is_another(
    concept: reports.Coded, unit: str, phase: reports.Coded, key: str | None
) -> None:
    """Bug prevented: the systolic volume in the field of the diastolic one."""
    view = coded(reports.VIEW, reports.A4C)
    extra = [view] if concept is LENGTH else [BIPLANE]
    (found,) = values(at_ventricle(number(concept, "60", unit, coded(reports.PHASE, phase), *extra)))
    assert found.key == key


@pytest.mark.parametrize("unit", ["{ratio}/1", "{ratio}", "ratio", "unitless", "[ratio]", "no units"])
def test_a_ratio_has_no_unit_in_many_words(unit: str) -> None:
    ratio = number(("18038-0", "LN", "Mitral Valve E to A Ratio"), "1.2", unit)
    assert keyed(section(reports.MITRAL_VALVE, reports.PULSED, ratio)) == {"mv_ea": 1.2}


@pytest.mark.parametrize(
    ("unit", "value"), [("{LVIDd}cm", 4.7), ("cm{LVIDd}", 4.7), ("mm{inner}", 0.47), ("\u00b5m", 0.00047), ("centimeters", 4.7)]
)
def test_a_unit_is_read_with_its_annotation_on_either_side(unit: str, value: float) -> None:
    assert keyed(at_ventricle(lvidd("4.7", unit=unit))) == {"lvidd_2d": pytest.approx(value)}


def by_reference(*position: int, relationship: str = "HAS ACQ CONTEXT") -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ReferencedContentItemIdentifier = relationship, list(position)
    return item


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (coded(reports.IMAGE_MODE, reports.M_MODE), "lvidd_mm"),
        (coded(reports.STAGE, ("434161005", "SCT", "Peak cardiac stress state")), None),
    ],
)
def test_what_is_said_by_reference_is_said(said: Dataset, key: str | None) -> None:
    """Bug prevented: the stage of a stress test, which stands once for all its values, read as none."""
    preset = container(("1", "99CART", "Preset"), said)
    (found,) = values(preset, container(reports.FINDINGS, lvidd("4.7", by_reference(1, 1, 1))))
    assert found.key == key
    assert "ambiguous" not in found.why or key is None


def test_a_number_that_refers_to_itself_is_read() -> None:
    (found,) = values(at_ventricle(lvidd("4.7", by_reference(1, 1, 2, 2), by_reference(1), by_reference(1, 9, 9))))
    assert found.key == "lvidd_2d"


def test_two_numbers_of_one_value_are_none() -> None:
    """(0040,A161) is the same number in more digits: bug prevented, one of two that differ, taken for it."""
    item = lvidd("4.7")
    item.MeasuredValueSequence[0].FloatingPointValue = 9.1
    (found,) = values(at_ventricle(item))
    assert (found.key, found.value) == (None, None)
    item.MeasuredValueSequence[0].FloatingPointValue = 4.7000001
    assert keyed(at_ventricle(item)) == {"lvidd_2d": 4.7}


@pytest.mark.parametrize("value_type", ["", "NUMERIC", "NUMBER"])
def test_a_measured_value_is_a_number_whatever_its_item_is_called(value_type: str) -> None:
    """Bug prevented: a value of which nothing was listed but a missing type."""
    item = lvidd("4.7")
    item.ValueType = value_type
    (found,) = measured_values_of(item)
    assert (found.key, found.value) == ("lvidd_2d", 4.7)


def test_the_heart_of_a_fetus_is_not_the_patients() -> None:
    subject = coded(("121024", "DCM", "Subject Class"), ("121026", "DCM", "Fetus"), "HAS OBS CONTEXT")
    patient = coded(("121024", "DCM", "Subject Class"), ("121025", "DCM", "Patient"), "HAS OBS CONTEXT")
    of_both = [at_ventricle(lvidd("1.7")), at_ventricle(lvidd("4.7"))]
    for whose, one in zip((subject, patient), of_both, strict=True):
        one.ContentSequence.append(whose)
    assert keyed(*of_both) == {"lvidd_2d": 4.7}


def test_two_properties_or_divisors_are_the_axes_of_nothing() -> None:
    """TID 5302 forbids a modifier twice: bug prevented, the first of two divisors as the only one."""
    said = [
        coded(("125307", "DCM", "Measured Property"), ("90096001", "SCT", "Stroke Volume")),
        coded(reports.FINDING_SITE, reports.OUTFLOW_TRACT),
        coded(("125306", "DCM", "Measurement Type"), ("125313", "DCM", "Indexed")),
        coded(("125308", "DCM", "Measurement Divisor"), ("8277-6", "LN", "Body Surface Area")),
    ]
    other = coded(("125308", "DCM", "Measurement Divisor"), ("8302-2", "LN", "Body Height"))
    assert keyed(container(reports.GROUP, number(("SVI", "99CART", "SVI"), "39", "mL/m2", *said))) == {"svi_lvot": 39.0}
    assert keyed(container(reports.GROUP, number(("SVI", "99CART", "SVI"), "39", "mL/m2", *said, other))) == {}


def test_a_property_that_is_a_quantity_of_its_own_is_listed() -> None:
    """Bug prevented: the diameter that an area was made with, dropped as if it were a statistic of it."""
    diameter = number(
        ("399027007", "SCT", "Cardiovascular Orifice Diameter"),
        "2.1",
        "cm",
        coded(reports.FINDING_SITE, reports.OUTFLOW_TRACT),
        relationship="HAS PROPERTIES",
    )
    limit = number(("371933005", "SCT", "Upper limit of normal range"), "3.0", "cm2", relationship="HAS PROPERTIES")
    former = number(("399367004", "SCT", "Cardiovascular Orifice Area"), "1.9", "cm2", relationship="HAS PROPERTIES")
    method = coded(reports.METHOD, ("125215", "DCM", "Continuity Equation by Velocity Time Integral"))
    area = number(("399367004", "SCT", "Cardiovascular Orifice Area"), "1.1", "cm2", method, diameter, limit, former)
    assert keyed(section(reports.AORTIC_VALVE, None, area)) == {"ava_vti": 1.1, "lvot_diam": 2.1}
