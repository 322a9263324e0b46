"""One content item for itself: the attributes that its value type demands, codes that can exist, values that fit their VR."""

import re
from collections.abc import Iterator
from functools import cache

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from sr_templates.conformance.code_constraints import written
from sr_templates.conformance.coded_concepts import RT_SCHEMES, canonical, context_group, impossible, is_listed_unit
from sr_templates.conformance.content_tree import DEEPEST, ContentItem, code_of, first_code, items, text
from sr_templates.conformance.deviations import Deviation, Severity
from sr_templates.conformance.plain_values import check_coordinates, check_plain
from sr_templates.conformance.units import Dimension, dimension
from sr_templates.decimal_strings import decimal_value
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.reading.named_code import standard_designator

Finding = tuple[Severity, str, str]
# Value type -> the attribute that holds the value (PS3.3 C.17.3, C.18).
_VALUES = {
    "TEXT": "TextValue", "DATETIME": "DateTime", "DATE": "Date", "TIME": "Time", "PNAME": "PersonName", "UIDREF": "UID",
    "SCOORD": "GraphicData", "SCOORD3D": "GraphicData", "TCOORD": "TemporalRangeType",
}  # fmt: skip
_REFERENCES = ("IMAGE", "COMPOSITE", "WAVEFORM")
_NAMED = ("TEXT", "NUM", "CODE", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME")  # a concept name is type 1 (PS3.3 C.17.3.2.2)
_CODE_LENGTHS = {"CodeValue": 16, "CodingSchemeDesignator": 16, "CodeMeaning": 64}  # SH, SH, LO (PS3.5 6.2)
_DS_LENGTH = 16
_QUALIFIERS = 42
_ANNOTATION_FIRST = re.compile(r"(\{[^{}]*\})(.+)")


def check_fields(item: ContentItem) -> Iterator[Deviation]:
    """Of this item alone, whatever its template."""
    for severity, message, rule in _findings(item):
        yield Deviation(severity, item.number, item.place, message, rule)


def _findings(item: ContentItem) -> Iterator[Finding]:
    if item.parent is not None and not text(item.dataset, "RelationshipType"):
        yield _error("no relationship to its parent", "PS3.3 C.17.3.2.4")
    if item.by_reference:
        referenced = item.referenced()
        if referenced is None:
            yield _error("refers to a content item that does not exist", "PS3.3 C.17.3.2.5")
        elif item.path[: len(referenced.path)] == referenced.path:
            yield _error("refers to a content item that it stands in", "PS3.3 C.17.3.2.5")
        return
    if not item.value_type:
        yield _error("no value type", "PS3.3 C.17.3.2.1")
    if "ContentSequence" in item.dataset and not item.children:
        what = "an empty Content Sequence" if len(item.path) < DEEPEST else f"more than {DEEPEST} levels deep, not read further"
        yield _error(what, "PS3.3 C.17.3.2.4")
    if item.concept is None and (item.parent is None or item.value_type in _NAMED):
        yield _error("no concept name", "PS3.3 C.17.3.2.2")
    for keyword in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
        yield from _codes(item.dataset, keyword)
    yield from _value(item)


def _value(item: ContentItem) -> Iterator[Finding]:
    kind = item.value_type
    if kind == "CONTAINER" and text(item.dataset, "ContinuityOfContent") not in ("SEPARATE", "CONTINUOUS"):
        yield _error("no Continuity Of Content", "PS3.3 C.18.8")
    if kind == "CODE" and item.code is None:
        yield _error("no code as its value", "PS3.3 C.18.2")
    if kind == "NUM":
        yield from _number(item)
    if kind in _VALUES and not text(item.dataset, _VALUES[kind]):
        yield _error(f"no value: {_VALUES[kind]} is absent or empty", "PS3.3 C.17.3.2.3")
    if kind in _VALUES:
        yield from (_error(message, "PS3.5 6.2") for message in check_plain(item, text(item.dataset, _VALUES[kind])))
    yield from (_error(message, "PS3.3 C.18.6.1.2") for message in check_coordinates(item))
    if kind in _REFERENCES:
        references = items(item.dataset, "ReferencedSOPSequence")
        if len(references) != 1 or not all(text(references[0], f"ReferencedSOP{part}UID") for part in ("Class", "Instance")):
            yield _error("refers to no object: Referenced SOP Sequence needs one item with class and instance", "PS3.3 C.18.3")
        frames = [n for reference in references for n in text(reference, "ReferencedFrameNumber").split("\\") if n]
        if not all(frame.isdecimal() and int(frame[:12]) > 0 for frame in frames):
            yield _error("refers to a frame that no object has: they count from 1", "PS3.3 10.3")
    if kind == "SCOORD" and not any(child.relationship.endswith("SELECTED FROM") for child in item.children):
        yield _error("coordinates that are selected from no image", "PS3.3 C.18.6")


def _number(item: ContentItem) -> Iterator[Finding]:
    """Measured Value Sequence may be empty where a Numeric Value Qualifier says why (PS3.3 C.18.1)."""
    if "MeasuredValueSequence" not in item.dataset:
        yield _error("no Measured Value Sequence", "PS3.3 C.18.1")
        return
    qualifier = first_code(item.dataset, "NumericValueQualifierCodeSequence")
    if qualifier is not None and canonical(qualifier) not in context_group(_QUALIFIERS):
        yield _error(f"qualifier {written(qualifier)} is not a code of CID {_QUALIFIERS}", "PS3.3 C.18.1")
    if len(items(item.dataset, "MeasuredValueSequence")) > 1:
        yield _error("Measured Value Sequence may have one item", "PS3.3 C.18.1")
    for measured in items(item.dataset, "MeasuredValueSequence"):
        number = text(measured, "NumericValue")
        if decimal_value(number) is None:
            yield _error(f"{_shortened(number)} is no number" if number else "no numeric value", "PS3.3 C.18.1")
        if len(number) > _DS_LENGTH:
            message = f"{_shortened(number)} has {len(number)} characters, a decimal string at most {_DS_LENGTH}"
            yield _error(message, "PS3.5 6.2")
        if item.unit is None:
            yield _error("no unit of measurement", "PS3.3 C.18.1")
        else:
            yield from _codes(measured, "MeasurementUnitsCodeSequence")
            yield from _unit(item.concept, item.unit)


def _shortened(number: str) -> str:
    return number if len(number) <= 64 else f"{number[:64]}..."


def _unit(concept: Code | None, unit: Code) -> Iterator[Finding]:
    if unit.scheme_designator != "UCUM":
        yield _error(f"unit {written(unit)} is not of UCUM", "PS3.16 7.2.2")
        return
    found = dimension(unit.value)
    if found is None:
        earlier = _ANNOTATION_FIRST.fullmatch(unit.value) if len(unit.value) <= _CODE_LENGTHS["CodeMeaning"] else None
        if earlier is not None and dimension(earlier[2] + earlier[1]) is not None:
            message = f"{unit.value!r} is {earlier[2] + earlier[1]!r} in UCUM; earlier editions wrote it so"
            yield Severity.WARNING, message, "PS3.16 7.2.2"
        elif not is_listed_unit(unit.value):
            yield _error(f"{unit.value!r} is no unit of UCUM", "PS3.16 7.2.2")
    elif concept is not None:
        possible = _dimensions().get(canonical(concept))
        if possible and found not in possible and not any(found == _of_area(one) for one in possible):
            yield Severity.ERROR, f"{unit.value} does not measure a {concept.meaning}", "PS3.16 TID 300 row 1"


@cache
def _dimensions() -> dict[tuple[str, str], frozenset[Dimension | None]]:
    """Concept -> the dimensions of what it measures, as our quantities have them."""
    found: dict[tuple[str, str], set[Dimension | None]] = {}
    for row in QUANTITY_CODES.values():
        for concept in (row.concept, row.simplified):
            if concept is not None:
                found.setdefault(canonical(concept), set()).add(dimension(row.unit.value))
    return {key: frozenset(dimensions) for key, dimensions in found.items()}


def _of_area(whole: Dimension | None) -> Dimension:
    """Divided by the body surface: an index has the concept of what it indexes."""
    powers = dict(whole or ())
    powers["L"] = powers.get("L", 0) - 2
    return tuple(sorted((base, power) for base, power in powers.items() if power))


def _codes(dataset: Dataset, keyword: str) -> Iterator[Finding]:
    if keyword in dataset and len(items(dataset, keyword)) != 1:
        yield _error(f"{keyword} needs exactly one item", "PS3.3 8.8")
    for entry in items(dataset, keyword):
        code = code_of(entry)
        if not (code.value and code.scheme_designator and code.meaning):
            yield _error(f"an incomplete code {written(code)}", "PS3.3 8.8")
            continue
        scheme = str(code.scheme_designator)
        if (standard := standard_designator(scheme)) and scheme not in (standard, *RT_SCHEMES):
            yield _error(f"scheme designator {scheme}, which is {standard}", "PS3.16 8")
        for part, longest in _CODE_LENGTHS.items():
            value = text(entry, part)
            if len(value) > longest:
                yield _error(f"{part} {value!r} has more than {longest} characters", "PS3.5 6.2")
        if fault := impossible(code):
            yield _error(fault, "PS3.16 8.1")


def _error(message: str, rule: str) -> Finding:
    return Severity.ERROR, message, rule
