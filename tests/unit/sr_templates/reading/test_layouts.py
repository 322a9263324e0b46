"""The same values in the layouts that makers choose between: where modifiers stand, how they are related, in which codes."""

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest
from pydicom.dataset import Dataset

from sr_templates.reading.measured_values import measured_values
from sr_templates.reading.named_code import NamedCode
from tests import reports
from tests.reports import as_read, coded, container, document, number

# Concept, value, unit, and what is said of it: name of the modifier, its value.
Stated = tuple[reports.Coded, str, str, tuple[tuple[reports.Coded, reports.Coded], ...]]
SITE, MODE = reports.FINDING_SITE, reports.IMAGE_MODE
STATED: dict[str, Stated] = {
    "ef_bp": (
        reports.EF,
        "61.2",
        "%",
        ((SITE, reports.LEFT_VENTRICLE), (MODE, reports.TWO_D), (reports.METHOD, reports.BIPLANE)),
    ),
    "lvedv_a4c": (
        reports.EDV,
        "118",
        "mL",
        (
            (SITE, reports.LEFT_VENTRICLE),
            (MODE, reports.TWO_D),
            (reports.METHOD, reports.SINGLE_PLANE),
            (reports.VIEW, reports.A4C),
        ),
    ),
    "lvidd_mm": (reports.LVIDD, "4.9", "cm", ((SITE, reports.LEFT_VENTRICLE), (MODE, reports.M_MODE))),
    "lvot_vti": (
        ("20354-7", "LN", "Velocity Time Integral"),
        "21.5",
        "cm",
        ((SITE, reports.OUTFLOW_TRACT), (MODE, reports.PULSED), (reports.FLOW, reports.ANTEGRADE)),
    ),
    "av_vmax": (
        reports.PEAK_VELOCITY,
        "1.34",
        "m/s",
        ((SITE, reports.AORTIC_VALVE), (MODE, reports.CONTINUOUS), (reports.FLOW, reports.ANTEGRADE)),
    ),
    "tr_vmax": (
        reports.PEAK_VELOCITY,
        "2.61",
        "m/s",
        ((SITE, reports.TRICUSPID_VALVE), (MODE, reports.CONTINUOUS), (reports.FLOW, reports.REGURGITANT)),
    ),
}


def values() -> Iterator[tuple[Dataset, dict[reports.Coded, Dataset]]]:
    """Each number, bare, and its modifiers by name."""
    for concept, value, unit, said in STATED.values():
        yield number(concept, value, unit), {name: coded(name, what) for name, what in said}


def put(item: Dataset, *children: Dataset) -> Dataset:
    item.ContentSequence = [*(item.get("ContentSequence") or []), *children]
    return item


def at_the_value() -> Dataset:
    """Flat: everything at the number, no section."""
    return document(container(reports.FINDINGS, *(put(value, *said.values()) for value, said in values())))


def at_section_and_group() -> Dataset:
    """TID 5202: site at the section, mode at the group, the rest at the number."""
    sections = []
    for value, said in values():
        group = container(reports.GROUP, said.pop(MODE), put(value, *(said[name] for name in said if name != SITE)))
        sections.append(container(reports.FINDINGS, said[SITE], group))
    return document(*sections)


def at_the_group() -> Dataset:
    """TID 1501: one group a value, all that is said of it at the group."""
    groups = (container(reports.GROUP, *said.values(), value) for value, said in values())
    return document(container(("126010", "DCM", "Imaging Measurements"), *groups), template="1500")


def within_a_section_of_another_site() -> Dataset:
    """The tract in the section of the ventricle: what stands nearer holds."""
    ventricle = coded(SITE, reports.LEFT_VENTRICLE)
    return document(container(reports.FINDINGS, ventricle, *(put(value, *said.values()) for value, said in values())))


def deep() -> Dataset:
    """Below containers that no template has."""
    content = at_section_and_group()
    inner = content.ContentSequence
    content.ContentSequence = [container(("1", "99CART", "Page"), container(("2", "99CART", "Column"), *inner))]
    return content


LAYOUTS = [at_the_value, at_section_and_group, at_the_group, within_a_section_of_another_site, deep]


def as_written(content: Dataset) -> Dataset:
    return content


def in_snomed_ct(content: Dataset) -> Dataset:
    for item in codes_of(content):
        if item.CodingSchemeDesignator == "SRT":
            item.CodingSchemeDesignator, item.CodeValue = NamedCode(item.CodeValue, "SRT").identity
    return content


def codes_of(content: Dataset) -> Iterator[Dataset]:
    for element in content:
        if element.VR == "SQ":
            for item in element.value:
                if "CodeValue" in item:
                    yield item
                yield from codes_of(item)


def related_as(relationship: str) -> Callable[[Dataset], Dataset]:
    def related(content: Dataset) -> Dataset:
        for item in items_of(content):
            if item.ValueType == "CODE":
                item.RelationshipType = relationship
        return content

    return related


def items_of(content: Dataset) -> Iterator[Dataset]:
    for item in content.get("ContentSequence") or []:
        yield item
        yield from items_of(item)


def without_relationships(content: Dataset) -> Dataset:
    for item in items_of(content):
        del item.RelationshipType
    return content


def without_meanings(content: Dataset) -> Dataset:
    for item in codes_of(content):
        item.CodeMeaning = "?"
    return content


def older_designator(content: Dataset) -> Dataset:
    for item in codes_of(content):
        if item.CodingSchemeDesignator == "SRT":
            item.CodingSchemeDesignator = "SNM3"
    return content


WAYS = [
    as_written,
    in_snomed_ct,
    older_designator,
    related_as("CONTAINS"),
    related_as("HAS ACQ CONTEXT"),
    without_relationships,
    without_meanings,
]


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ + str(number_) for number_, way in enumerate(WAYS)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_keys_do_not_depend_on_the_layout(layout: Callable[[], Dataset], way: Callable[[Dataset], Dataset]) -> None:
    found = measured_values(as_read(way(deepcopy(layout()))))
    assert {value.key: value.value for value in found} == {key: float(value) for key, (_, value, _, _) in STATED.items()}
