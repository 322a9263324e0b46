"""What the reports of one study state, one value a key: whose counts, and what is told of the others."""

from typing import Any

from pydicom.dataset import Dataset

from models.catalogue import View
from models.results import CartValue
from sr_templates.reading.cart import CartReading, cart_values
from sr_templates.reading.measured_values import measured_values
from tests import reports
from tests.reports import CART_UID, as_read, coded, container, document, number, section


def report(*numbers: Dataset, uid: str = CART_UID, **attributes: Any) -> Dataset:
    return document(section(reports.LEFT_VENTRICLE, reports.TWO_D, *numbers), SOPInstanceUID=uid, **attributes)


def ejection(value: str) -> Dataset:
    return number(reports.EF, value, "%", coded(reports.METHOD, reports.BIPLANE))


def read(*documents: Dataset) -> CartReading:
    return cart_values(map(as_read, documents))


def by_key(*documents: Dataset) -> dict[str, float]:
    return {value.key: value.value for value in read(*documents).values if value.key}


def test_a_value_says_where_it_comes_from() -> None:
    single = number(
        reports.EF, "55", "%", coded(reports.METHOD, reports.SINGLE_PLANE), coded(reports.VIEW, reports.A4C, "HAS ACQ CONTEXT")
    )
    (value,) = read(report(single)).values
    name = "Left Ventricular Ejection Fraction"
    assert value == CartValue("ef_a4c", 55.0, "%", "Method of Disks, Single Plane", View.A4C, CART_UID, name)


def test_one_value_a_key_however_often_it_is_written() -> None:
    assert by_key(report(ejection("55"), ejection("57"))) == {"ef_bp": 57.0}


def test_the_newest_report_counts_key_by_key() -> None:
    older = report(ejection("55"), number(reports.LVIDD, "4.7", "cm"), uid="1.2.1", ContentTime="101010")
    newer = report(ejection("57"), uid="1.2.2", ContentTime="111111")
    assert by_key(newer, older) == by_key(older, newer) == {"ef_bp": 57.0, "lvidd_2d": 4.7}


def test_a_report_that_a_person_signed_counts_before_a_newer_one() -> None:
    """Bug prevented: a cart that sends again after the physician's correction, and the correction is lost."""
    signed = report(ejection("55"), uid="1.2.1", ContentDate="20260101", VerificationFlag="VERIFIED", CompletionFlag="COMPLETE")
    complete = report(ejection("56"), uid="1.2.2", ContentDate="20260102", CompletionFlag="COMPLETE")
    newer = report(ejection("57"), uid="1.2.3", ContentDate="20260103")
    assert by_key(newer, signed, complete) == {"ef_bp": 55.0}
    assert by_key(newer, complete) == {"ef_bp": 56.0}


def test_of_one_time_the_last_that_came_counts() -> None:
    assert by_key(report(ejection("55"), uid="1.2.1"), report(ejection("57"), uid="1.2.2")) == {"ef_bp": 57.0}


def replacing(uid: str) -> list[Dataset]:
    study, series, instance = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPInstanceUID = uid
    series.ReferencedSOPSequence, study.ReferencedSeriesSequence = [instance], [series]
    return [study]


def first_and_correction(**attributes: Any) -> tuple[Dataset, Dataset]:
    first = report(ejection("55"), number(reports.LVIDD, "4.7", "cm"), uid="1.2.1", **attributes)
    return first, report(ejection("57"), uid="1.2.2", PredecessorDocumentsSequence=replacing("1.2.1"))


def test_what_a_correction_dropped_is_gone() -> None:
    assert by_key(*first_and_correction()) == {"ef_bp": 57.0}


def test_a_machine_does_not_replace_what_a_person_signed() -> None:
    assert by_key(*first_and_correction(VerificationFlag="VERIFIED")) == {"ef_bp": 55.0, "lvidd_2d": 4.7}


def test_two_reports_that_name_each_other_replace_neither() -> None:
    assert by_key(*first_and_correction(PredecessorDocumentsSequence=replacing("1.2.2"))) == {"ef_bp": 57.0, "lvidd_2d": 4.7}


def test_what_has_no_key_stands_behind_with_the_keys_it_may_have() -> None:
    found = read(report(number(reports.LVIDD, "4.7", "in"), number(reports.EF, "56", "%"), ejection("57"))).values
    assert [(value.key, value.candidates, value.unit) for value in found] == [
        ("ef_bp", (), "%"),
        ("", ("lvidd_2d",), "in"),
        ("", ("ef_bp", "ef_a4c", "ef_a2c", "ef_teichholz_2d"), "%"),
    ]


def test_the_same_number_without_a_key_in_two_reports_is_one() -> None:
    again = number(("X-1", "99CART", "Theirs"), "3", "cm")
    assert len(read(report(again, uid="1.2.1"), report(again, uid="1.2.2")).values) == 1


def test_what_is_malformed_is_remarked_once_a_report() -> None:
    nameless = number(None, "4.7", "cm"), number(None, "4.8", "cm"), ejection("57")
    found = read(report(*nameless))
    (remark,) = found.remarks
    assert remark.sop_instance_uid == CART_UID
    assert remark.message == "a structured report of the study is malformed: 1.1.2.2 NUM: no concept name, and 1 more"
    assert by_key(report(*nameless)) == {"ef_bp": 57.0}


def test_what_stands_under_previous_findings_is_no_value_of_the_study() -> None:
    """Bug prevented: last year's diameter among the cart's, or in place of today's that says no mode."""
    today = document(
        section(reports.LEFT_VENTRICLE, None, number(reports.LVIDD, "4.7", "cm")),
        container(
            ("121068", "DCM", "Previous Findings"), section(reports.LEFT_VENTRICLE, None, number(reports.LVIDD, "6.6", "cm"))
        ),
    )
    found = read(today).values
    assert [(value.value, value.candidates) for value in found] == [(4.7, ("lvidd_2d", "lvidd_mm"))]
    assert [value.value for value in measured_values(as_read(today)) if value.preferred] == [4.7, 6.6]
