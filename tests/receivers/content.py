"""The little that every importer does alike: names, values and children of content items."""

from collections.abc import Iterator

from pydicom.dataset import Dataset


def name_of(item: Dataset) -> Dataset:
    return item.ConceptNameCodeSequence[0]


def children(item: Dataset) -> Iterator[Dataset]:
    yield from item.get("ContentSequence") or []


def value_of(number: Dataset) -> tuple[float, str]:
    """Value and unit of a NUM."""
    measured = number.MeasuredValueSequence[0]
    return float(measured.NumericValue), str(measured.MeasurementUnitsCodeSequence[0].CodeValue)


def numbers(item: Dataset) -> Iterator[Dataset]:
    """Every NUM at any depth, in the order of the document."""
    for child in children(item):
        if child.ValueType == "NUM":
            yield child
        yield from numbers(child)
