"""What a TID 1500 report says in place of values: reasons, coded apart for every quantity."""

from collections import Counter

import highdicom as hd
import pytest
from pydicom.dataset import Dataset

from models.catalogue import QUANTITIES
from models.results import NotMeasured, Reason
from sr_templates import codes
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.content_items import built, code_of, items, missing, number
from tests.factories import (
    measurement,
    study_findings,
)


@pytest.mark.slow
def test_highdicom_reads_a_report_back_in_which_nothing_was_measured() -> None:
    """All of it: see the next test for the other form that the standard has for this."""
    missing = tuple(NotMeasured(key, (Reason.QUALITY,)) for key in QUANTITIES)
    report = hd.sr.ComprehensiveSR.from_dataset(built(study_findings(measurements=(), not_measured=missing)))
    assert report.content.get_image_measurement_groups() == report.content.get_planar_roi_measurement_groups() == []
    evaluations = next(item for item in report.content[0].ContentSequence if item.name == codes.QUALITATIVE_EVALUATIONS)
    concepts = [item.name.value for item in evaluations.ContentSequence if item.value_type.value == "CODE"]
    assert concepts[: len(QUANTITIES)] == [QUANTITY_CODES[key].concept.value for key in QUANTITIES]


def test_one_number_without_a_value_would_keep_highdicom_from_reading_the_whole_report() -> None:
    """Why a value that is missing is written as a code. When this fails, the numeric form may be thought of again."""
    report = built()
    number(report, "EF biplane Simpson").MeasuredValueSequence = []
    with pytest.raises(IndexError):
        hd.sr.ComprehensiveSR.from_dataset(report)


def test_what_was_not_measured_has_no_number_but_all_its_reasons() -> None:
    report = built()
    assert not [n for n in items(report, value_type="NUM") if "EF A2C" in [t.TextValue for t in items(n, name="121050")]]
    ef = missing(report, "EF A2C")
    assert ef in next(items(report, name="C0034375")).ContentSequence, "no group of values holds a code without one"
    assert ef.ConceptCodeSequence[0].CodeValue == "114006", "CID 42 of the primary reason"
    assert [r.ConceptCodeSequence[0].CodeValue for r in items(ef, name="REASON-NM")] == ["NM-NO-CYCLE", "NM-DISAGREE"]
    assert [text.TextValue for text in items(ef, name="121106")] == ["one beat is not whole"]


_MODIFIERS = ("370129005", "363698007", "111031")


def _identity_of(item: Dataset) -> tuple[str, ...]:
    """What an importer tells quantities apart by: concept, method, site and view, never text."""
    modifiers = [code_of(item, name) if list(items(item, name=name, deep=False)) else "" for name in _MODIFIERS]
    return (str(item.ConceptNameCodeSequence[0].CodeValue), *modifiers)


@pytest.mark.slow
def test_no_two_quantities_are_coded_alike_measured_or_not() -> None:
    values = study_findings(measurements=tuple(measurement(key, 55.0) for key in QUANTITIES), not_measured=())
    nothing = study_findings(measurements=(), not_measured=tuple(NotMeasured(key, (Reason.QUALITY,)) for key in QUANTITIES))
    concepts = {quantity.concept.value for quantity in QUANTITY_CODES.values()}
    for value_type, findings in (("NUM", values), ("CODE", nothing)):
        named = [item for item in items(built(findings), value_type=value_type) if "ConceptNameCodeSequence" in item]
        found = [item for item in named if item.ConceptNameCodeSequence[0].CodeValue in concepts]
        assert len(found) == len({_identity_of(item) for item in found}) == len(QUANTITIES)


def test_what_was_not_measured_names_the_view_it_needs() -> None:
    keys = ("ef_bp", "ef_a4c", "ef_a2c")
    report = built(study_findings(measurements=(), not_measured=tuple(NotMeasured(key, (Reason.QUALITY,)) for key in keys)))
    views = [_identity_of(missing(report, QUANTITIES[key].name))[-1] for key in keys]
    assert views == ["", "399214001", "399232001"]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_written(reason: Reason) -> None:
    report = built(study_findings(measurements=(), not_measured=(NotMeasured("ef_bp", (reason,)),)))
    assert code_of(missing(report, "EF biplane Simpson"), "REASON-NM") == codes.REASON_CODES[reason].reason.value


@pytest.mark.slow
def test_every_quantity_can_be_written() -> None:
    """One without a group would be left out of the report without a word."""
    nothing = built(
        study_findings(measurements=(), not_measured=tuple(NotMeasured(key, (Reason.QUALITY,)) for key in QUANTITIES))
    )
    everything = built(study_findings(measurements=tuple(measurement(key, 55.0) for key in QUANTITIES), not_measured=()))
    for report in (nothing, everything):
        named = Counter(text.TextValue for text in items(report, name="121050"))
        assert named == Counter(quantity.name for quantity in QUANTITIES.values())
