"""A report of any origin becomes a tree, whatever is missing or wrong in it."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from pydicom.dataset import Dataset

from sr_templates.reading.content_item import ImageReference
from sr_templates.reading.content_tree import NotAReport, read_report
from sr_templates.reading.named_code import NamedCode, identity_of
from tests.reports import (
    EF,
    GROUP,
    LEFT_VENTRICLE,
    MEAN,
    TWO_D,
    as_read,
    code_item,
    container,
    document,
    image,
    number,
    section,
    text,
)


def full() -> Dataset:
    return document(
        section(LEFT_VENTRICLE, TWO_D, number(EF, "56.4", "%", image("1.2.3", 7)), text(("121106", "DCM", "Comment"), "good")),
        VerificationFlag="VERIFIED",
        CompletionFlag="COMPLETE",
    )


def test_items_have_their_place_their_words_and_their_parts() -> None:
    report = as_read(full())
    value = report.at((1, 1, 2, 2))
    assert value is not None
    assert (value.path, value.value_type, value.relationship, value.text) == ("1.1.2.2", "NUM", "CONTAINS", "56.4 %")
    assert value.concept == NamedCode("18043-0", "LN", "Left Ventricular Ejection Fraction")
    assert value.children[0].references == (ImageReference("1.2.840.10008.5.1.4.1.1.3.1", "1.2.3", (7,)),)
    assert (report.template, report.verified, report.complete, report.written_at) == ("5200", True, True, "20260304101112")
    assert report.notes == ()


def test_the_same_code_in_both_editions_of_snomed_keeps_its_writing() -> None:
    """Bug prevented: pydicom's codes, equal in both editions, of which nobody could say which a document has."""
    old, new = NamedCode("T-32600", "SRT"), NamedCode("87878005", "SCT")
    assert old != new
    assert old.identity == new.identity == identity_of("T-32600", "SNM3")


@pytest.mark.parametrize(
    ("value", "scheme", "identity"),
    [
        ("T-32600", "SNOMED RT", ("SCT", "87878005")),
        ("T-32600", "SCT", ("SCT", "87878005")),  # an editor that renamed the scheme alone
        ("87878005", "SRT", ("SCT", "87878005")),
        ("87878005", "snomed_ct ", ("SCT", "87878005")),
        ("87878005", "2.16.840.1.113883.6.96", ("SCT", "87878005")),
        ("http://snomed.info/id/87878005", "", ("SCT", "87878005")),
        ("18043-0", "LNC", ("LN", "18043-0")),
        ("http://loinc.org/18043-0", "", ("LN", "18043-0")),
        ("121070", "dcm", ("DCM", "121070")),
        ("18043-0", "99LN", ("99LN", "18043-0")),
        ("18043-0", "", ("", "18043-0")),
        ("T-99999", "SRT", ("SRT", "T-99999")),
    ],
)
def test_a_scheme_is_known_by_all_its_names_and_by_no_other(value: str, scheme: str, identity: tuple[str, str]) -> None:
    assert identity_of(value, scheme) == identity
    assert NamedCode("T-99999", "SRT").identity == ("SRT", "T-99999"), "one that nobody has translated stays what it is"
    assert NamedCode("29436-3", "LN").identity != NamedCode("29436-3", "99X").identity


def test_a_reference_to_another_item_leads_there() -> None:
    library = container(("111028", "DCM", "Image Library"), image("1.2.3", 4))
    reference = Dataset()
    reference.RelationshipType, reference.ReferencedContentItemIdentifier = "INFERRED FROM", [1, 1, 1]
    report = as_read(document(library, number(EF, "50", "%", reference)))
    there = report.at(report.root.children[1].children[0].refers_to)
    assert there is not None
    assert there.references[0].sop_instance_uid == "1.2.3"


@pytest.mark.parametrize("keyword", ["CodeValue", "LongCodeValue", "URNCodeValue"])
def test_a_code_may_be_long_or_a_urn(keyword: str) -> None:
    item = full()
    name = item.ContentSequence[0].ConceptNameCodeSequence[0]
    del name.CodeValue
    setattr(name, keyword, "11")
    assert as_read(item).root.children[0].concept == NamedCode("11", "DCM", "Findings")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda num: delattr(num, "ConceptNameCodeSequence"), "no concept name"),
        (lambda num: num.MeasuredValueSequence[0].clear(), "its value is no number"),
        (lambda num: setattr(num, "MeasuredValueSequence", []), "no measured value"),
        (lambda num: delattr(num, "ValueType"), "no value type"),
    ],
)
def test_what_is_passed_over_is_said_by_its_place_and_without_its_words(change: object, note: str) -> None:
    dataset = full()
    change(dataset.ContentSequence[0].ContentSequence[1].ContentSequence[1])  # type: ignore[operator]
    (said,) = as_read(dataset).notes
    assert said.startswith("1.1.2.2 ")
    assert said.endswith(note)


def test_a_missing_value_that_says_why_is_no_fault() -> None:
    item = number(EF, "0", "%")
    item.MeasuredValueSequence = []
    item.NumericValueQualifierCodeSequence = [code_item(("114006", "DCM", "Measurement failure"))]
    report = as_read(document(container(GROUP, item)))
    assert report.notes == ()
    assert report.root.children[0].children[0].text == "(Measurement failure)"


def test_an_object_without_content_is_no_report() -> None:
    with pytest.raises(NotAReport, match="no content items"):
        read_report(Dataset())


def everywhere(dataset: Dataset, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where each element of a data set stands, those of its items, too."""
    for element in dataset:
        yield (*path, element.tag)
        if element.VR == "SQ":
            for number_, item in enumerate(element.value):
                yield (*path, element.tag, number_)
                yield from everywhere(item, (*path, element.tag, number_))


def without(dataset: Dataset, path: tuple[object, ...]) -> Dataset:
    changed = deepcopy(dataset)
    place: object = changed
    for step in path[:-1]:
        place = place[step].value if not isinstance(step, int) or isinstance(place, Dataset) else place[step]  # type: ignore[index]
    del place[path[-1]]  # type: ignore[attr-defined]
    return changed


@pytest.mark.slow
def test_a_tree_may_lack_any_of_its_parts() -> None:
    """Bug prevented: a cart that leaves out what the standard demands, and a study without findings for it."""
    whole, read = full(), 0
    whole.ContentSequence[0].ContentSequence[1].ContentSequence[1].ContentSequence.append(text(MEAN, "x"))
    for path in everywhere(whole):
        changed = without(whole, path)
        if "ValueType" in changed or changed.get("ContentSequence"):
            read_report(changed)
            read += 1
    assert read > 80
