"""Single items broken in ways that no template row speaks of: values, coordinates, references, codes under wrong names."""

from collections.abc import Callable

import pytest
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from sr_templates.conformance.deviations import Deviation, Severity
from sr_templates.conformance_check import check_document
from tests.reports import coded, container, item_of, number
from tests.small_reports import GROUP, SITE, dcm, drawn, echo_report, loinc, sct

Break = Callable[[Dataset], None]


def put(dataset: Dataset, keyword: str, vr: str, value: object) -> None:
    dataset.add(DataElement(keyword, vr, value, validation_mode=config.IGNORE))


def first(document: Dataset, concept: str) -> Dataset:
    """The first item named so, at any depth."""
    pending = [document]
    for one in pending:
        if one is not document and one.get("ConceptNameCodeSequence") and one.ConceptNameCodeSequence[0].CodeValue == concept:
            return one
        pending += one.get("ContentSequence", [])
    raise LookupError(concept)


EF, LVIDD, SOURCE, OBSERVER = "18043-0", "29436-3", "121112", "121012"


def measured(value: str) -> Break:
    return lambda d: put(first(d, EF).MeasuredValueSequence[0], "NumericValue", "DS", value)


def named(scheme: str, value: str = "") -> Break:
    def doing(document: Dataset) -> None:
        name = first(document, EF).ConceptNameCodeSequence[0]
        name.CodingSchemeDesignator = scheme
        name.CodeValue = value or name.CodeValue

    return doing


def sited(scheme: str, value: str) -> Break:
    def doing(document: Dataset) -> None:
        site = first(document, "363698007").ConceptCodeSequence[0]
        site.CodeValue, site.CodingSchemeDesignator = value, scheme

    return doing


def drawing(kind: str, points: list[float]) -> Break:
    def doing(document: Dataset) -> None:
        region = first(document, LVIDD).ContentSequence[0]
        assert region.ValueType == "SCOORD"
        put(region, "GraphicType", "CS", kind)
        put(region, "GraphicData", "FL", points)

    return doing


def referring(*position: int) -> Break:
    def doing(document: Dataset) -> None:
        reference = Dataset()
        reference.RelationshipType, reference.ReferencedContentItemIdentifier = "INFERRED FROM", list(position)
        first(document, EF).ContentSequence.append(reference)

    return doing


def qualified(value: str) -> Break:
    def doing(document: Dataset) -> None:
        qualifier = Dataset()
        qualifier.CodeValue, qualifier.CodingSchemeDesignator, qualifier.CodeMeaning = value, "DCM", "Measurement failure"
        first(document, EF).NumericValueQualifierCodeSequence = [qualifier]

    return doing


def twice_measured(document: Dataset) -> None:
    value = first(document, EF)
    value.MeasuredValueSequence = [*value.MeasuredValueSequence, *value.MeasuredValueSequence]


def frame(document: Dataset) -> None:
    image = first(document, EF).ContentSequence[-1]
    put(image.ReferencedSOPSequence[0], "ReferencedFrameNumber", "IS", 0)


def dated(kind: str, keyword: str, vr: str, value: str) -> Break:
    def doing(document: Dataset) -> None:
        made = item_of(kind, dcm("121106", "Comment"), "HAS PROPERTIES")
        put(made, keyword, vr, value)
        first(document, EF).ContentSequence.append(made)

    return doing


BREAKS: dict[str, tuple[Break, str]] = {
    "Python's figures": (measured("5_6"), "5_6 is no number"),
    "figures of another script": (measured("\u0665\u0666"), "is no number"),
    "two values": (twice_measured, "Measured Value Sequence may have one item"),
    "a qualifier of no group": (qualified("121412"), "CID 42"),
    "a scheme by its own name": (named("LOINC"), "LOINC, which is LN"),
    "a scheme in small letters": (named("ln"), "ln, which is LN"),
    "a scheme with spaces": (sited("SNOMED CT", "87878005"), "SNOMED CT, which is SCT"),
    "CT as RT": (sited("SRT", "87878005"), "no SNOMED RT code"),
    "RT as CT": (sited("SCT", "T-32600"), "no SNOMED CT code"),
    "no such graphic": (drawing("SQUARE", [1, 1, 2, 2]), "SQUARE is no graphic type"),
    "a point of three figures": (drawing("POINT", [1, 1, 2]), "POINT"),
    "a point of two points": (drawing("POINT", [1, 1, 2, 2]), "POINT"),
    "a circle of three points": (drawing("CIRCLE", [1, 1, 2, 2, 3, 3]), "CIRCLE"),
    "a line of one point": (drawing("POLYLINE", [1, 1]), "POLYLINE"),
    "an ellipse of three points": (drawing("ELLIPSE", [1, 1, 2, 2, 3, 3]), "ELLIPSE"),
    "frame 0": (frame, "frame"),
    "an item that refers to itself": (referring(1, 5, 2, 2), "stands in"),
    "an item that refers to what it stands in": (referring(1, 5), "stands in"),
    "a UID of words": (lambda d: put(first(d, OBSERVER), "UID", "UI", "cart 1"), "is no UID"),
    "a UID with leading zeros": (lambda d: put(first(d, OBSERVER), "UID", "UI", "1.02.3"), "is no UID"),
    "a UID of 65 characters": (lambda d: put(first(d, OBSERVER), "UID", "UI", "1." + "2" * 63), "is no UID"),
    "a day in words": (dated("DATE", "Date", "DA", "today"), "is no DATE"),
    "the 13th month": (dated("DATE", "Date", "DA", "20261301"), "is no DATE"),
    "25 o'clock": (dated("TIME", "Time", "TM", "250000"), "is no TIME"),
    "a time with colons": (dated("DATETIME", "DateTime", "DT", "2026-03-04T12:00"), "is no DATETIME"),
}


def of(document: Dataset) -> list[Deviation]:
    return [one for one in check_document(document) if not one.message.startswith("(386136009")]


@pytest.fixture(scope="module")
def before() -> set[str]:
    return {str(one) for one in of(echo_report())}


@pytest.mark.parametrize("what", BREAKS)
def test_each_break_is_found(what: str, before: set[str]) -> None:
    doing, said = BREAKS[what]
    document = echo_report()
    doing(document)
    assert [one for one in of(document) if said in one.message and str(one) not in before]


@pytest.mark.parametrize(
    "doing",
    [
        measured("+56.4"), measured("5.64E1"), measured(" 56.4 "), measured("056.400000000000"), qualified("114009"),
        drawing("POINT", [1, 1]), drawing("MULTIPOINT", [1, 1]), drawing("CIRCLE", [1, 1, 2, 2]),
        drawing("ELLIPSE", [1, 1, 2, 2, 3, 3, 4, 4]), drawing("POLYLINE", [1, 1, 2, 2, 3, 3]),
        dated("DATE", "Date", "DA", "20260304"), dated("TIME", "Time", "TM", "12"), dated("TIME", "Time", "TM", "235959.123"),
        dated("DATETIME", "DateTime", "DT", "2026"), dated("DATETIME", "DateTime", "DT", "20260304121530.12+0100"),
        lambda d: put(first(d, OBSERVER), "UID", "UI", "1." + "2" * 62),
        lambda d: put(first(d, OBSERVER), "UID", "UI", "2.25.0"),
    ],
)  # fmt: skip
def test_what_is_right_is_not_found(doing: Break, before: set[str]) -> None:
    document = echo_report()
    doing(document)
    values = [one for one in of(document) if str(one) not in before and "is in no row" not in one.message]
    assert [str(one) for one in values if one.severity is Severity.ERROR and "CID 42" not in one.message] == []


def test_a_unit_that_earlier_editions_wrote_so_is_a_warning() -> None:
    """CID 85 had the annotation before the unit, {SUVbw}g/ml: bug prevented, eleven errors in a good file of its time."""
    document = echo_report()
    first(document, EF).MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "{SUVbw}g/ml"
    (said,) = (one for one in of(document) if "{SUVbw}" in one.message and "UCUM" in one.message)
    assert said.severity is Severity.WARNING


def test_a_report_of_a_thousand_levels_is_checked_as_deep_as_any_is() -> None:
    """Bug prevented: a recursion without end in a check that never raises."""
    inner = number(loinc(EF, "EF"), "55", "%")
    for _ in range(1000):
        inner = container(GROUP, inner)
    document = echo_report()
    document.ContentSequence.append(inner)
    assert any("deep" in one.message for one in check_document(document))


def test_a_second_site_is_a_site() -> None:
    """TID 300 row 5 has VM 1-n."""
    document = echo_report()
    sites = [
        coded(SITE, sct(*side)) for side in (("399093001", "Medial Mitral Annulus"), ("399086000", "Lateral Mitral Annulus"))
    ]
    velocity = loinc("18037-2", "Mitral Valve E-Wave Peak Velocity")
    first(document, "125007").ContentSequence.append(number(velocity, "0.8", "m/s", *sites, drawn()))
    assert not [one for one in of(document) if "Finding Site" in one.message and "times" in one.message]
