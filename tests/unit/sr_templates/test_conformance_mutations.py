"""Every item of good reports changed in every way that matters, one at a time: no change goes unseen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from sr_templates.codes import PRIVATE_SCHEME
from sr_templates.conformance_check import check_document
from tests.factories import study_findings
from tests.small_reports import echo_report, simplified_report
from tests.unit.sr_templates.test_conformance_check import GOOD, walk

pytestmark = pytest.mark.slow

RELATIONSHIPS = (
    "CONTAINS", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES", "INFERRED FROM", "SELECTED FROM",
)  # fmt: skip
# What a report may lack: rows of user option, and conditional ones whose condition does not hold.
OPTIONAL = {
    "tid5200": {
        "121049", "121118", "59776-5", "399264008", "370129005", "121401", "121404", "121112", "272518008", "111031",
        "260674002", "8278-4",
    },
    "tid5300": {"125301", "125302", "125303", "121404", "399264008", "370129005", "272518008", "121112"},
    "tid1500": {
        "121013", "121014", "121015", "111000", "111002", "122405", "121050", "111031", "370129005", "363698007", "111029",
        "111012", "18043-0", "272518008", "121106", "126010", "C0034375", "399264008", "121071", "121401",
        "18026-5", "18148-7", "18077-8", "121112",
        "111030",  # a group without a region is one of TID 1501
    },
    "kos": {"121013", "121014", "121015", "113012", "113011"},
}  # fmt: skip


def _trimmed() -> Dataset:
    """Our own measurement report, of each kind of group the first, without what no row speaks of: the spread of beats as a
    property, and what is said of a qualitative evaluation.
    """
    document = GOOD["tid1500"]()
    measurements = next(item for item in document.ContentSequence if _name(item) == "126010")
    first, last = measurements.ContentSequence[0], measurements.ContentSequence[-1]
    number = next(item for item in first.ContentSequence if item.ValueType == "NUM")
    first.ContentSequence = [*(item for item in first.ContentSequence if item.ValueType != "NUM"), number]
    images = [item for item in number.ContentSequence if item.ValueType == "IMAGE"]
    number.ContentSequence = [i for i in number.ContentSequence if i not in images[1:] and _name(i) != "386136009"]
    measurements.ContentSequence = [first, last]
    for evaluation in next(item for item in document.ContentSequence if _name(item) == "C0034375").ContentSequence:
        evaluation.pop("ContentSequence", None)
    return document


REPORTS: dict[str, Callable[[], Dataset]] = {
    "tid5200": echo_report,
    "tid5300": simplified_report,
    "tid1500": _trimmed,
    "kos": GOOD["kos"],
}


def _name(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue) if item.get("ConceptNameCodeSequence") else ""


def _is_extension(item: Dataset, parent: Dataset) -> bool:
    """What no template speaks of: private concepts, and what is said of an image or of a code."""
    private = (
        bool(item.get("ConceptNameCodeSequence")) and item.ConceptNameCodeSequence[0].CodingSchemeDesignator == PRIVATE_SCHEME
    )
    return private or (parent.ValueType in ("IMAGE", "CODE") and _name(item) in ("272518008", "111031", "111012"))


def _parents(document: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    for parent in (document, *walk(document)):
        for child in parent.get("ContentSequence", []):
            yield parent, child


def _codes(document: Dataset) -> Iterator[tuple[str, Dataset]]:
    for item in walk(document):
        for keyword in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
            for code in item.get(keyword, []):
                yield f"{_name(item)} {keyword}", code


@contextmanager
def changed(dataset: Dataset, keyword: str, value: Any) -> Iterator[None]:
    """With the attribute set so, or without it where the value is None; afterwards as it was."""
    before = dataset[keyword]
    del dataset[keyword]
    if value is not None:  # an element of its own, for a new value would be written into the old one
        dataset.add(DataElement(keyword, before.VR, value, validation_mode=config.IGNORE))
    yield
    dataset[keyword] = before


def _seen(document: Dataset, before: set[str]) -> bool:
    return bool({f"{d.path} {d.message}" for d in check_document(document)} - before)


def _before(document: Dataset) -> set[str]:
    return {f"{d.path} {d.message}" for d in check_document(document)}


@pytest.mark.parametrize("name", REPORTS)
def test_no_relationship_can_be_another(name: str) -> None:
    document = REPORTS[name]()
    before, unseen, tried = _before(document), [], 0
    for parent, item in _parents(document):
        for other in RELATIONSHIPS:
            if other == item.RelationshipType or _is_extension(item, parent):
                continue
            with changed(item, "RelationshipType", other):
                tried += 1
                if not _seen(document, before):
                    unseen.append(f"{item.ValueType} {_name(item)} {item.RelationshipType}")
    assert unseen == []
    assert tried >= 40


@pytest.mark.parametrize("name", REPORTS)
def test_no_code_can_be_mistyped(name: str) -> None:
    """One digit more or less, in names and in values; of UCUM, languages and private schemes there is no list to know it by."""
    document = REPORTS[name]()
    before, unseen, tried = _before(document), [], 0
    for place, code in _codes(document):
        if code.CodingSchemeDesignator not in ("DCM", "SCT", "LN"):
            continue
        tried += 1
        value = str(code.CodeValue)
        mistyped = value[:-2] + str((int(value[-2]) + 1) % 10) + value[-1] if "-" not in value else f"1{value}"
        with changed(code, "CodeValue", mistyped):
            if not _seen(document, before):
                unseen.append(f"{place} {value} as {mistyped}")
    assert unseen == []
    assert tried >= 5


@pytest.mark.parametrize("name", REPORTS)
def test_no_meaning_can_be_another(name: str) -> None:
    document = REPORTS[name]()
    before, unseen = _before(document), []
    for place, code in _codes(document):
        if code.CodingSchemeDesignator in ("DCM", "SCT", "LN"):
            with changed(code, "CodeMeaning", f"{code.CodeMeaning} so to say"):
                if not _seen(document, before):
                    unseen.append(f"{place} {code.CodeValue}")
    assert unseen == []


@pytest.mark.parametrize("name", ["tid5200", "tid5300", "tid1500"])
def test_no_unit_can_be_another(name: str) -> None:
    document = REPORTS[name]()
    before, unseen = _before(document), []
    units = [
        (item, item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0])
        for item in walk(document)
        if item.ValueType == "NUM"
    ]
    assert len(units) >= 3
    for item, unit in units:
        for other in ("kumquat", "", "mm Hg", "cm//s"):
            with changed(unit, "CodeValue", other):
                if not _seen(document, before):
                    unseen.append(f"{_name(item)} in {other!r}")
        with changed(unit, "CodingSchemeDesignator", "99UNITS"):
            if not _seen(document, before):
                unseen.append(f"{_name(item)} in units of somebody")
    assert unseen == []


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_mandatory_can_be_left_out(name: str) -> None:
    document = REPORTS[name]()
    before, unseen, tried = _before(document), [], 0
    for parent, child in list(_parents(document)):
        siblings = [other for other in parent.ContentSequence if _name(other) == _name(child)]
        values = [other for other in parent.ContentSequence if other.ValueType == child.ValueType == "NUM"]
        free = _name(child) in OPTIONAL[name] or _is_extension(child, parent) or child.ValueType == "IMAGE"
        if free or len(siblings) > 1 or len(values) > 1 or (_name(child) == "125309" and _name(parent) == "80007-8"):
            continue
        rest = [other for other in parent.ContentSequence if other is not child]
        with changed(parent, "ContentSequence", rest or None):
            tried += 1
            if not _seen(document, before):
                unseen.append(f"{child.ValueType} {_name(child)}")
    assert unseen == []
    assert tried >= 2


@pytest.mark.parametrize("name", REPORTS)
def test_no_attribute_of_an_item_can_be_left_out(name: str) -> None:
    document = REPORTS[name]()
    before, unseen = _before(document), []
    for item in [document, *walk(document)]:
        for keyword in (
            "ValueType", "ContinuityOfContent", "ConceptCodeSequence", "MeasuredValueSequence", "TextValue", "UID",
            "ReferencedSOPSequence", "GraphicData", "RelationshipType",
        ):  # fmt: skip
            if keyword in item:
                with changed(item, keyword, None):
                    if not _seen(document, before):
                        unseen.append(f"{item.get('ValueType')} {_name(item)} without {keyword}")
        if "ConceptNameCodeSequence" in item and item.ValueType not in ("IMAGE", "SCOORD"):
            with changed(item, "ConceptNameCodeSequence", None):
                if not _seen(document, before):
                    unseen.append(f"{item.ValueType} {_name(item)} without its name")
    assert unseen == []


@pytest.mark.parametrize("name", REPORTS)
def test_no_value_type_can_be_another(name: str) -> None:
    document = REPORTS[name]()
    before, unseen = _before(document), []
    for item in walk(document):
        for other in ("TEXT", "CODE", "NUM", "UIDREF", "CONTAINER", "IMAGE", "PNAME"):
            if other != item.ValueType:
                with changed(item, "ValueType", other):
                    if not _seen(document, before):
                        unseen.append(f"{item.ValueType} {_name(item)} as {other}")
    assert unseen == []


def test_the_report_to_be_broken_has_values_and_reasons() -> None:
    assert study_findings().not_measured
    assert {item.ValueType for item in walk(_trimmed())} >= {"NUM", "CODE", "TEXT", "IMAGE", "CONTAINER", "UIDREF"}
