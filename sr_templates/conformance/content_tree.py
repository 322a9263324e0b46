"""The content tree of a report, read without trust: whatever is missing or malformed is absent, and nothing is raised."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.sr.coding import Code
from pydicom.tag import Tag

from sr_templates.unreadable import UNREADABLE

DEEPEST = 64  # content trees of an SR are a dozen deep
_ASCII = (None, "DS", "IS", "UI", "CS", "DA", "TM", "DT")  # value representations that are read as they are written


_tag = cache(Tag)  # a check asks for a few keywords a hundred thousand times


def text(dataset: Dataset, keyword: str) -> str:
    """The value as the file has it, without padding; several values with their backslashes."""
    tag = _tag(keyword)
    if tag not in dataset:
        return ""
    try:
        element = dataset.get_item(tag)
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes) and element.VR in _ASCII:
            return element.value.decode("ascii", "replace").strip(" \0")
        value = dataset[tag].value
        if value is None:
            return ""
        return "\\".join(str(getattr(part, "original_string", part)) for part in _parts(value)).strip(" \0")
    except UNREADABLE:
        return ""


def _parts(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple | MultiValue) else [value]


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is absent or no sequence."""
    tag = _tag(keyword)
    try:
        found = dataset[tag].value if tag in dataset else None
    except UNREADABLE:
        return []
    return [item for item in found if isinstance(item, Dataset)] if isinstance(found, Sequence) else []


def code_of(item: Dataset) -> Code:
    """A code sequence item (PS3.3 8.8); what is absent is "". Long values and URNs stand in attributes of their own."""
    value = text(item, "CodeValue") or text(item, "LongCodeValue") or text(item, "URNCodeValue")
    return Code(value, text(item, "CodingSchemeDesignator"), text(item, "CodeMeaning"))


def first_code(dataset: Dataset, keyword: str) -> Code | None:
    found = items(dataset, keyword)
    return code_of(found[0]) if found else None


@dataclass(eq=False)
class ContentItem:
    """One item; `path` counts from 1 at each level, the root is (1,)."""

    dataset: Dataset
    path: tuple[int, ...]
    parent: "ContentItem | None" = None

    @cached_property
    def children(self) -> tuple["ContentItem", ...]:
        found = items(self.dataset, "ContentSequence") if len(self.path) < DEEPEST else []
        return tuple(ContentItem(item, (*self.path, number), self) for number, item in enumerate(found, start=1))

    @cached_property
    def by_reference(self) -> bool:
        return "ReferencedContentItemIdentifier" in self.dataset

    @cached_property
    def target(self) -> "ContentItem":
        """Itself, or the item that it refers to; itself where that does not exist."""
        return (self.referenced() or self) if self.by_reference else self

    def referenced(self) -> "ContentItem | None":
        try:
            wanted = tuple(int(str(number)) for number in _parts(self.dataset.get("ReferencedContentItemIdentifier")))
        except UNREADABLE:
            return None
        item: ContentItem = self.root
        for number in wanted[1:]:
            if not 1 <= number <= len(item.children):
                return None
            item = item.children[number - 1]
        return item if wanted[:1] == (1,) else None

    @property
    def root(self) -> "ContentItem":
        item = self
        while item.parent is not None:
            item = item.parent
        return item

    @cached_property
    def value_type(self) -> str:
        return text(self.target.dataset, "ValueType")

    @cached_property
    def relationship(self) -> str:
        """With "R-" before it where it is by reference, as template rows write it."""
        return ("R-" if self.by_reference else "") + text(self.dataset, "RelationshipType")

    @cached_property
    def concept(self) -> Code | None:
        return first_code(self.target.dataset, "ConceptNameCodeSequence")

    @cached_property
    def code(self) -> Code | None:
        return first_code(self.target.dataset, "ConceptCodeSequence")

    @cached_property
    def unit(self) -> Code | None:
        measured = items(self.target.dataset, "MeasuredValueSequence")
        return first_code(measured[0], "MeasurementUnitsCodeSequence") if measured else None

    @property
    def number(self) -> str:
        return ".".join(map(str, self.path))

    @property
    def name(self) -> str:
        if self.concept is not None and self.concept.meaning:
            return str(self.concept.meaning)
        return self.value_type or "content item"

    @property
    def place(self) -> str:
        names = []
        item: ContentItem | None = self
        while item is not None:
            names.append(item.name)
            item = item.parent
        return " > ".join(reversed(names))

    def walk(self) -> Iterator["ContentItem"]:
        yield self
        for child in self.children:
            yield from child.walk()
