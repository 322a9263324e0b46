"""One content item of an SR (PS3.3 C.17.3), read from its data set whatever that lacks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydicom.dataset import Dataset

from sr_templates.decimal_strings import decimal_value
from sr_templates.reading.named_code import NamedCode
from sr_templates.unreadable import UNREADABLE

Position = tuple[int, ...]  # of an item in its document, the root (1,), as (0040,DB73) counts
_TEXT_OF = {
    "TEXT": "TextValue", "UIDREF": "UID", "PNAME": "PersonName", "DATE": "Date", "TIME": "Time", "DATETIME": "DateTime",
}  # fmt: skip
_REFERRING = ("IMAGE", "COMPOSITE", "WAVEFORM")
_VALUE_TYPES = frozenset({"CONTAINER", "NUM", "CODE", "SCOORD", "SCOORD3D", "TCOORD", *_TEXT_OF, *_REFERRING})
_AGREEMENT = Decimal("1e-4")  # Floating Point Value (0040,A161) is Numeric Value in more digits than a DS holds


@dataclass(frozen=True)
class ImageReference:
    """`frames` are 1-based; empty for the whole object."""

    sop_class_uid: str
    sop_instance_uid: str
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class StatedNumber:
    """The content of a NUM. `value` is None where none, or no number, is stated; `qualifier` then may say why (CID 42)."""

    value: Decimal | None
    unit: NamedCode | None
    qualifier: NamedCode | None = None


@dataclass(frozen=True)
class ContentItem:
    """`text` is the value in words; `code` of a CODE item, `number` of a NUM, `references` of an IMAGE or the like.

    `refers_to` is where the item stands that a by-reference relationship names. `template` is the Template Identifier.
    """

    position: Position
    relationship: str
    value_type: str
    concept: NamedCode | None
    text: str = ""
    code: NamedCode | None = None
    number: StatedNumber | None = None
    references: tuple[ImageReference, ...] = ()
    refers_to: Position = ()
    template: str = ""
    children: tuple["ContentItem", ...] = field(default=(), repr=False)

    @property
    def path(self) -> str:
        """
        >>> ContentItem((1, 2, 1), "CONTAINS", "NUM", None).path
        '1.2.1'
        """
        return ".".join(map(str, self.position))

    def walk(self) -> Iterator["ContentItem"]:
        yield self
        for child in self.children:
            yield from child.walk()


def value_of(dataset: Dataset, keyword: str) -> Any:
    """None where the attribute is absent, empty, or no value of its representation."""
    try:
        return dataset.get(keyword)
    except UNREADABLE:
        return None


def text_in(dataset: Dataset, keyword: str) -> str:
    value = value_of(dataset, keyword)
    if value is None or isinstance(value, bytes | Dataset):
        return ""
    try:
        text = "\\".join(map(str, value)) if hasattr(value, "append") else str(value)
    except UNREADABLE:
        return ""
    return text.strip(" \0")


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where there is something else under its tag."""
    value = value_of(dataset, keyword)
    try:
        return [item for item in value or () if isinstance(item, Dataset)]
    except UNREADABLE:
        return []


def code_in(dataset: Dataset, keyword: str) -> NamedCode | None:
    """The first item of a code sequence (PS3.3 8.8), its value long, a URN, or neither; None where it says nothing."""
    for item in items_of(dataset, keyword):
        value = next(filter(None, (text_in(item, name) for name in ("CodeValue", "LongCodeValue", "URNCodeValue"))), "")
        code = NamedCode(value, text_in(item, "CodingSchemeDesignator"), text_in(item, "CodeMeaning"))
        if code.value or code.meaning:
            return code
    return None


def read_item(dataset: Dataset, position: Position, children: tuple[ContentItem, ...], notes: list[str]) -> ContentItem:
    """What could not be read of it is added to `notes`, by its place: its words may name a patient."""
    value_type = text_in(dataset, "ValueType").upper()
    item = ContentItem(
        position,
        text_in(dataset, "RelationshipType").upper(),
        value_type,
        code_in(dataset, "ConceptNameCodeSequence"),
        code=code_in(dataset, "ConceptCodeSequence") if value_type == "CODE" else None,
        number=_number(dataset) if value_type == "NUM" or _is_measured(dataset, value_type) else None,
        references=_references(dataset) if value_type in _REFERRING else (),
        refers_to=_whole_numbers(dataset, "ReferencedContentItemIdentifier"),
        template=next(
            (text_in(template, "TemplateIdentifier") for template in items_of(dataset, "ContentTemplateSequence")), ""
        ),
        children=children,
    )
    text = _text(item, text_in(dataset, _TEXT_OF[value_type]) if value_type in _TEXT_OF else "")
    for fault in _faults(item, dataset):
        notes.append(f"{item.path} {value_type or 'content item'}: {fault}")
    return ContentItem(**{**vars(item), "text": text})


def _faults(item: ContentItem, dataset: Dataset) -> Iterator[str]:
    if not item.value_type and not item.refers_to:
        yield "no value type"
    if item.value_type in ("NUM", "CODE", "TEXT") and item.concept is None:
        yield "no concept name"
    if item.value_type == "CODE" and item.code is None:
        yield "no code"
    if item.number is not None and item.number.value is None and item.number.qualifier is None:
        yield "its value is no number" if items_of(dataset, "MeasuredValueSequence") else "no measured value"
    if not item.children and value_of(dataset, "ContentSequence"):
        yield "a content sequence without items"


def _is_measured(dataset: Dataset, value_type: str) -> bool:
    """A NUM that somebody has called otherwise."""
    return value_type not in _VALUE_TYPES and bool(items_of(dataset, "MeasuredValueSequence"))


def _number(dataset: Dataset) -> StatedNumber:
    qualifier = code_in(dataset, "NumericValueQualifierCodeSequence")
    for measured in items_of(dataset, "MeasuredValueSequence"):
        unit = code_in(measured, "MeasurementUnitsCodeSequence")
        values = [decimal_value(text_in(measured, keyword)) for keyword in ("NumericValue", "FloatingPointValue")]
        stated = [value for value in values if value is not None]
        agree = all(abs(value - stated[0]) <= _AGREEMENT * abs(stated[0]) for value in stated)
        return StatedNumber(stated[0] if stated and agree else None, unit, qualifier)
    return StatedNumber(None, None, qualifier)


def _references(dataset: Dataset) -> tuple[ImageReference, ...]:
    references = []
    for item in items_of(dataset, "ReferencedSOPSequence"):
        frames = _whole_numbers(item, "ReferencedFrameNumber")
        references.append(
            ImageReference(text_in(item, "ReferencedSOPClassUID"), text_in(item, "ReferencedSOPInstanceUID"), frames)
        )
    return tuple(references)


def _whole_numbers(dataset: Dataset, keyword: str) -> tuple[int, ...]:
    value = value_of(dataset, keyword)
    if value is None:
        return ()
    try:
        return tuple(int(number) for number in (value if hasattr(value, "append") else [value]))
    except UNREADABLE:
        return ()


def _text(item: ContentItem, plain: str) -> str:
    if item.code is not None:
        return str(item.code)
    if item.number is not None:
        value, unit, qualifier = item.number.value, item.number.unit, item.number.qualifier
        stated = "" if value is None else f"{value} {unit.value or unit.meaning if unit else ''}".strip()
        return f"{stated} ({qualifier})".strip() if qualifier else stated
    if item.references:
        return ", ".join(_reference_text(reference) for reference in item.references)
    return plain


def _reference_text(reference: ImageReference) -> str:
    frames = f" frame{'s' * (len(reference.frames) > 1)} {', '.join(map(str, reference.frames))}" if reference.frames else ""
    return f"{reference.sop_instance_uid}{frames}"
