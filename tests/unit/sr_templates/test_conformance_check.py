"""Reports broken on purpose: each break is found, and nothing in reports that are as they should be."""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO

import pytest
from pydicom import config, dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from node.egress.building import TEMPLATES, build_templates
from node.egress.built_files import document_bytes
from sr_templates.conformance.deviations import Deviation
from sr_templates.conformance_check import check_document
from sr_templates.document import BuiltDocument
from sr_templates.profile import DEFAULT_PROFILE, Profile
from sr_templates.srt import srt
from tests.factories import evidence, identity, study_findings
from tests.reports import coded, container, number
from tests.small_reports import dcm, echo_report, loinc, sct, simplified_report

OLDER = Profile(scheme="srt", findings="121070", velocity="cm/s", replicates=True)
Break = Callable[[Dataset], object]


def _ours(template: str) -> Dataset:
    return dcmread(BytesIO(_bytes_of(template)))


@cache
def _bytes_of(template: str) -> bytes:
    return document_bytes(next(d for d in build_templates(study_findings(), evidence(), identity()) if d.template == template))


GOOD: dict[str, Callable[[], Dataset]] = {
    "tid5200": echo_report,
    "tid5300": simplified_report,
    "tid1500": lambda: _ours("tid1500"),
    "kos": lambda: _ours("kos"),
}


# The spread of beats is a property of their mean. TID 310 is extensible, and no group of its has that code.
KNOWN = '(386136009, SCT, "Standard Deviation") is not a code of CID 226'


def found(document: Dataset) -> tuple[Deviation, ...]:
    """After bytes, as a reader has it."""
    written = BytesIO()
    document.save_as(written, enforce_file_format=True)
    written.seek(0)
    return check_document(dcmread(written))


def walk(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        yield child
        yield from walk(child)


def named(document: Dataset, value: str, place: int = 0) -> Dataset:
    """The content item with this concept name."""
    hits = [item for item in walk(document) if item.get("ConceptNameCodeSequence") and _value(item) == value]
    return hits[place]


def _value(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].get("CodeValue", ""))


def drop(document: Dataset, value: str, place: int = 0) -> None:
    victim = named(document, value, place)
    for parent in (document, *walk(document)):
        if any(child is victim for child in parent.get("ContentSequence", [])):
            kept = [child for child in parent.ContentSequence if child is not victim]
            if kept:
                parent.ContentSequence = kept
            else:
                del parent.ContentSequence


def rename(document: Dataset, value: str, other: str, place: int = 0) -> None:
    named(document, value, place).ConceptNameCodeSequence[0].CodeValue = other


def set_value(document: Dataset, name: str, value: str, place: int = 0) -> None:
    named(document, name, place).ConceptCodeSequence[0].CodeValue = value


def relate(document: Dataset, value: str, relationship: str, place: int = 0) -> None:
    named(document, value, place).RelationshipType = relationship


def set_unit(document: Dataset, value: str, unit: str) -> None:
    named(document, value).MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = unit


def lengthen(document: Dataset, value: str) -> None:
    long = DataElement("NumericValue", "DS", "56.40000000000000001", validation_mode=config.IGNORE)
    named(document, value).MeasuredValueSequence[0].add(long)


def retitle(document: Dataset, value: str) -> None:
    document.ConceptNameCodeSequence[0].CodeValue = value


def relabel(document: Dataset, template: str) -> None:
    document.ContentTemplateSequence[0].TemplateIdentifier = template


def repeat(document: Dataset, value: str) -> None:
    victim = named(document, value)
    for parent in (document, *walk(document)):
        if any(child is victim for child in parent.get("ContentSequence", [])):
            parent.ContentSequence = [*parent.ContentSequence, copy.deepcopy(victim)]
            return


def add(document: Dataset, below: str, item: Dataset) -> None:
    parent = named(document, below) if below else document
    parent.ContentSequence = [*parent.get("ContentSequence", []), item]


def by_reference(document: Dataset, value: str) -> None:
    """Its first child becomes a reference to the first item of the report."""
    reference = Dataset()
    reference.RelationshipType = "INFERRED FROM"
    reference.ReferencedContentItemIdentifier = [1, 1]
    add(document, value, reference)


def empty(document: Dataset, value: str) -> None:
    named(document, value).ContentSequence = []


def _delete_unit(document: Dataset, value: str) -> None:
    del named(document, value).MeasuredValueSequence[0].MeasurementUnitsCodeSequence


def _as_text(document: Dataset, value: str) -> None:
    item = named(document, value)
    item.ValueType, item.TextValue = "TEXT", str(item.UID)
    del item.UID


def _mean(item: Dataset, meaning: str) -> None:
    item.ConceptNameCodeSequence[0].CodeMeaning = meaning


def _region() -> Dataset:
    region = Dataset()
    region.RelationshipType, region.ValueType = "CONTAINS", "SCOORD"
    region.GraphicType, region.GraphicData = "POINT", [1.0, 1.0]
    return region


def _move_evidence(document: Dataset) -> None:
    series = document.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    series.ReferencedSOPSequence = series.ReferencedSOPSequence[1:]


def _swap_sections(document: Dataset) -> None:
    places = [n for n, item in enumerate(document.ContentSequence) if _value(item) == "59776-5"]
    order = list(document.ContentSequence)
    order[places[0]], order[places[1]] = order[places[1]], order[places[0]]
    document.ContentSequence = order


def _finding() -> Dataset:
    return coded(dcm("121071", "Finding"), sct("82471001", "Left atrium"), "CONTAINS")


def _section_of_ones_own() -> Dataset:
    return container(dcm("121111", "Summary"), coded(dcm("121071", "Finding"), sct("82471001", "Left atrium"), "CONTAINS"))


def _findings_of_no_site() -> Dataset:
    return container(dcm("121070", "Findings"), coded(dcm("121071", "Finding"), sct("82471001", "Left atrium"), "CONTAINS"))


def _refer(document: Dataset, numbers: list[int]) -> None:
    reference = Dataset()
    reference.RelationshipType, reference.ReferencedContentItemIdentifier = "INFERRED FROM", numbers
    add(document, "18043-0", reference)


def _site() -> Dataset:
    return coded(sct("363698007", "Finding Site"), sct("87878005", "Left ventricle"))


def _regurgitation() -> Dataset:
    return coded(sct("260674002", "Flow Direction"), sct("397417004", "Regurgitant Flow"))


def _prefer_both(document: Dataset) -> None:
    second = named(document, "80007-8", 1)
    second.ContentSequence = [copy.deepcopy(named(document, "121404"))]


def _keep(document: Dataset, wanted: Callable[[Dataset], bool]) -> None:
    document.ContentSequence = [item for item in document.ContentSequence if wanted(item)]


def _purpose(document: Dataset) -> None:
    image = next(item for item in document.ContentSequence if item.ValueType == "IMAGE")
    image.ConceptNameCodeSequence = coded(dcm("121112", "Source of Measurement"), dcm("1", "x")).ConceptNameCodeSequence


MATRIX: dict[tuple[str, str], tuple[Break, str]] = {
    ("tid1500", "wrong measurement code"): (lambda d: rename(d, "18043-0", "99999-9"), "PS3.16 8.1"),
    ("tid1500", "wrong unit"): (lambda d: set_unit(d, "18043-0", "kumquat"), "PS3.16 7.2.2"),
    ("tid1500", "unit of something else"): (lambda d: set_unit(d, "18026-5", "ms"), "TID 300 row 1"),
    ("tid1500", "no unit"): (lambda d: _delete_unit(d, "18043-0"), "PS3.3 C.18.1"),
    ("tid1500", "wrong title"): (lambda d: retitle(d, "125999"), "TID 1500 row 1"),
    ("tid1500", "wrong relationship of measurements"): (lambda d: relate(d, "126010", "HAS PROPERTIES"), "TID 1500 row 6"),
    ("tid1500", "no measurements"): (lambda d: [drop(d, "126010"), drop(d, "C0034375")], "TID 1500 row 6"),
    ("tid1500", "wrong observer type"): (lambda d: set_value(d, "121005", "121008"), "TID 1002 row 1"),
    ("tid1500", "no device observer UID"): (lambda d: drop(d, "121012"), "TID 1004 row 1"),
    ("tid1500", "invalid language"): (lambda d: set_value(d, "121049", "xx-XX"), "TID 1204 row 1"),
    ("tid1500", "no language"): (lambda d: drop(d, "121049"), "TID 1204 row 1"),
    ("tid1500", "no procedure"): (lambda d: drop(d, "121058"), "TID 1500 row 4"),
    ("tid1500", "no tracking UID"): (lambda d: drop(d, "112040"), "TID 1410 row 3"),
    ("tid1500", "tracking UID as text"): (lambda d: _as_text(d, "112040"), "TID 1410 row 3"),
    ("tid1500", "no algorithm version"): (lambda d: drop(d, "111003"), "TID 4019 row 2"),
    ("tid1500", "wrong group code"): (lambda d: rename(d, "125007", "125008"), "TID 1500"),
    ("tid1500", "number of more than 16 characters"): (lambda d: lengthen(d, "18043-0"), "PS3.5 6.2"),
    ("tid1500", "a region without its image"): (lambda d: add(d, "125007", _region()), "PS3.3 C.18.6"),
    ("tid1500", "image outside the evidence"): (_move_evidence, "PS3.3 C.17.2.3"),
    ("tid1500", "no continuity of content"): (lambda d: named(d, "125007").__delattr__("ContinuityOfContent"), "PS3.3 C.18.8"),
    ("tid5200", "wrong code"): (lambda d: rename(d, "29436-3", "29436-9"), "PS3.16 8.1"),
    ("tid5200", "code of another section"): (lambda d: rename(d, "29436-3", "18037-2"), "TID 5202 row 8"),
    ("tid5200", "wrong title"): (lambda d: retitle(d, "125201"), "TID 5200 row 1"),
    ("tid5200", "wrong meaning"): (lambda d: _mean(named(d, "18043-0"), "EF"), "TID 5202 row 8"),
    ("tid5200", "wrong unit"): (lambda d: set_unit(d, "29436-3", "s"), "TID 300 row 1"),
    ("tid5200", "no unit"): (lambda d: _delete_unit(d, "29436-3"), "PS3.3 C.18.1"),
    ("tid5200", "relationship of the image mode"): (lambda d: relate(d, "399264008", "CONTAINS"), "TID 5202 row 4"),
    ("tid5200", "no finding site"): (lambda d: drop(d, "363698007"), "TID 5202 row 2"),
    ("tid5200", "a site of no section"): (lambda d: set_value(d, "363698007", "69105007"), "TID 5202 row 2"),
    ("tid5200", "no device observer UID"): (lambda d: drop(d, "121012"), "TID 1004 row 1"),
    ("tid5200", "no observer"): (lambda d: [drop(d, value) for value in ("121005", "121012")], "TID 1003 row 1"),
    ("tid5200", "no body surface area"): (lambda d: drop(d, "8277-6"), "TID 5201 row 7"),
    ("tid5200", "an empty container"): (lambda d: empty(d, "121118"), "PS3.3 C.17.3.2.4"),
    ("tid5200", "no evidence"): (lambda d: d.__delattr__("CurrentRequestedProcedureEvidenceSequence"), "PS3.3 C.17.2.3"),
    ("tid5200", "labelled 1500"): (lambda d: relabel(d, "1500"), "PS3.3 C.18.8.1.2"),
    ("tid5200", "not labelled"): (lambda d: d.__delattr__("ContentTemplateSequence"), "PS3.3 C.18.8.1.2"),
    ("tid5200", "a section twice"): (lambda d: repeat(d, "59776-5"), "TID 5200 row 9"),
    ("tid5200", "a section out of order"): (_swap_sections, "TID 5200 row 9"),
    ("tid5200", "an empty section"): (lambda d: drop(d, "125007"), "TID 5202 row 3"),
    ("tid5200", "wall motion neither said nor described"): (lambda d: drop(d, "60797005"), "TID 5204 row 11"),
    ("tid5200", "no such wall motion"): (lambda d: set_value(d, "60797005", "87878005"), "TID 5204 row 11"),
    ("tid5200", "a section of one's own"): (lambda d: add(d, "", _section_of_ones_own()), "TID 5200"),
    ("tid5200", "a reference to nothing"): (lambda d: _refer(d, [1, 99]), "PS3.3 C.17.3.2.5"),
    ("tid5200", "findings of no site"): (lambda d: add(d, "", _findings_of_no_site()), "TID 5204 row 2"),
    ("tid5300", "wrong code"): (lambda d: rename(d, "79969-2", "79969-9"), "TID 5301 row 1"),
    ("tid5300", "a code that is not pre-coordinated"): (lambda d: rename(d, "79969-2", "18154-5"), "TID 5301 row 1"),
    ("tid5300", "a modifier of a pre-coordinated value"): (lambda d: add(d, "79969-2", _site()), "TID 5301"),
    ("tid5300", "two preferred values"): (_prefer_both, "TID 5301 row 2"),
    ("tid5300", "no measurement type"): (lambda d: drop(d, "125306"), "TID 5302"),
    ("tid5300", "index of nothing"): (lambda d: drop(d, "125308"), "TID 5302"),
    ("tid5300", "a modifier twice"): (lambda d: repeat(d, "125307"), "TID 5302"),
    ("tid5300", "image mode as acquisition context"): (lambda d: relate(d, "399264008", "HAS ACQ CONTEXT"), "TID 5302"),
    ("tid5300", "adhoc value without a label"): (lambda d: drop(d, "125309", 1), "TID 5303"),
    ("tid5300", "adhoc value with a site"): (lambda d: add(d, "1483009", _site()), "TID 5303"),
    ("tid5300", "a reference"): (lambda d: by_reference(d, "80007-8"), "PS3.3 A.35.17"),
    ("tid5300", "a section of its own"): (lambda d: add(d, "", _section_of_ones_own()), "TID 5300"),
    ("tid5300", "regurgitation for a direction"): (lambda d: add(d, "LVSIMOD", _regurgitation()), "TID 5302"),
    ("tid5300", "no time zone"): (lambda d: d.__delattr__("TimezoneOffsetFromUTC"), "PS3.3 A.35.17"),
    ("tid5300", "no serial number"): (lambda d: d.__delattr__("DeviceSerialNumber"), "PS3.3 A.35.17"),
    ("tid5300", "in a class of its elder"): (
        lambda d: d.__setattr__("SOPClassUID", "1.2.840.10008.5.1.4.1.1.88.11"),
        "PS3.3 A.35",
    ),
    ("kos", "no image"): (lambda d: _keep(d, lambda item: item.ValueType != "IMAGE"), "TID 2010 row 8"),
    ("kos", "a purpose of reference"): (_purpose, "TID 2010 row 8"),
    ("kos", "no such title"): (lambda d: retitle(d, "113999"), "TID 2010 row 1"),
    ("kos", "no such reason"): (lambda d: set_value(d, "113011", "111999"), "TID 2010 row 2"),
    ("kos", "a measurement"): (lambda d: add(d, "", number(loinc("18043-0", "EF"), "5", "%")), "TID 2010"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GOOD)
def test_a_good_report_has_no_deviation(name: str) -> None:
    said = {f"{deviation.message} [{deviation.rule}]" for deviation in found(GOOD[name]())}
    assert [line for line in sorted(said) if not line.startswith(KNOWN)] == []


@pytest.mark.parametrize("profile", [DEFAULT_PROFILE, OLDER], ids=["default", "of older receivers"])
@pytest.mark.parametrize("template", ["tid5200", "tid5300"])
def test_our_reports_for_reporting_systems_have_no_deviation(template: str, profile: Profile) -> None:
    (built,) = TEMPLATES[template].build(study_findings(), evidence(), identity(profile=profile))
    assert isinstance(built, BuiltDocument)
    assert [str(deviation) for deviation in check_document(dcmread(BytesIO(document_bytes(built))))] == []


def test_units_that_the_standard_lists_are_units() -> None:
    """Of computed tomography, in a report that somebody may well hand over."""
    document = echo_report()
    set_unit(document, "8277-6", "[hnsf'U]")
    assert not [deviation for deviation in found(document) if "no unit of UCUM" in deviation.message]


def test_a_report_in_snomed_rt_is_as_good() -> None:
    """What carts write, and what a destination may ask of us."""
    document = echo_report()
    rewritten = 0
    for item in walk(document):
        for keyword in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
            for entry in item.get(keyword, []):
                older = srt(Code(entry.CodeValue, entry.CodingSchemeDesignator, entry.CodeMeaning))
                rewritten += older.scheme_designator == "SRT"
                entry.CodeValue, entry.CodingSchemeDesignator = older.value, older.scheme_designator
    assert rewritten > 15
    assert [str(deviation) for deviation in found(document)] == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "what"), MATRIX)
def test_each_break_is_found_with_its_rule(name: str, what: str) -> None:
    document = GOOD[name]()
    doing, rule = MATRIX[(name, what)]
    doing(document)
    deviations = found(document)
    assert any(rule in deviation.rule for deviation in deviations), sorted({deviation.rule for deviation in deviations})
