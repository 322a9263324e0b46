"""A whole SR document: who wrote it and when, whether a person stands for it, and its content as a tree."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    ExtensibleSRStorage,
    SimplifiedAdultEchoSRStorage,
)

from sr_templates.reading.content_item import ContentItem, Position, items_of, read_item, text_in

# The classes of PS3.4 Table B.5-1 whose content may be measurements of an echo, and what came before them.
SR_CLASSES = frozenset(
    {
        BasicTextSRStorage, EnhancedSRStorage, ComprehensiveSRStorage, Comprehensive3DSRStorage, ExtensibleSRStorage,
        SimplifiedAdultEchoSRStorage,
        "1.2.840.10008.5.1.4.1.1.88.1",  # Text, Detail and Comprehensive SR of the trial standard, retired
        "1.2.840.10008.5.1.4.1.1.88.3",
        "1.2.840.10008.5.1.4.1.1.88.4",
    }
)  # fmt: skip
_DEVICE_OBSERVER_UID = ("DCM", "121012")
_DEEPEST = 64  # content trees of an SR are a dozen deep


@dataclass(frozen=True)
class Report:
    """`written_at` is the content's date and time as text that sorts. `notes` say what of the document was passed over."""

    sop_class_uid: str
    sop_instance_uid: str
    root: ContentItem
    series_description: str = ""
    manufacturer: str = ""
    written_at: str = ""
    verified: bool = False
    complete: bool = False
    predecessors: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    _items: dict[Position, ContentItem] = field(default_factory=dict, repr=False, compare=False)

    @property
    def template(self) -> str:
        """The Template Identifier of the root, empty where it states none."""
        return self.root.template

    @property
    def device_observer_uids(self) -> frozenset[str]:
        """TID 1004: the devices that this document says observed, anywhere in it."""
        items = self.root.walk()
        return frozenset(item.text for item in items if item.concept and item.concept.identity == _DEVICE_OBSERVER_UID)

    def at(self, position: Position) -> ContentItem | None:
        """The item that a by-reference relationship names."""
        return self._items.get(position)


class NotAReport(ValueError):
    """The object is no structured report. The message holds no patient data."""


def read_report(dataset: Dataset) -> Report:
    """Raises NotAReport for an object without SR content; nothing else, whatever is missing or wrong in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom quotes values that are none
        if not text_in(dataset, "ValueType") and not items_of(dataset, "ContentSequence"):
            raise NotAReport("not a structured report: it has no content items")
        notes: list[str] = []
        root = _tree(dataset, (1,), notes)
        return Report(
            text_in(dataset, "SOPClassUID"),
            text_in(dataset, "SOPInstanceUID"),
            root,
            text_in(dataset, "SeriesDescription"),
            text_in(dataset, "Manufacturer"),
            text_in(dataset, "ContentDate") + text_in(dataset, "ContentTime"),
            verified=text_in(dataset, "VerificationFlag").upper() == "VERIFIED",
            complete=text_in(dataset, "CompletionFlag").upper() == "COMPLETE",
            predecessors=frozenset(_predecessors(dataset)),
            notes=tuple(notes),
            _items={item.position: item for item in root.walk()},
        )


def _tree(dataset: Dataset, position: Position, notes: list[str]) -> ContentItem:
    children = items_of(dataset, "ContentSequence")
    if len(position) >= _DEEPEST and children:
        notes.append(f"{len(children)} content items nested more than {_DEEPEST} deep")
        children = []
    read = tuple(_tree(child, (*position, number), notes) for number, child in enumerate(children, start=1))
    return read_item(dataset, position, read, notes)


def _predecessors(dataset: Dataset) -> Iterator[str]:
    """(0040,A360): the documents that this one replaces."""
    for study in items_of(dataset, "PredecessorDocumentsSequence"):
        for series in items_of(study, "ReferencedSeriesSequence"):
            for reference in items_of(series, "ReferencedSOPSequence"):
                yield text_in(reference, "ReferencedSOPInstanceUID")
