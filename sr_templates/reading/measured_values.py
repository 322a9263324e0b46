"""The numbers of a report: each with everything that is said of it, its key where it has one, and which of several counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models.catalogue import QUANTITIES, View
from sr_templates import codes
from sr_templates.reading import leniency
from sr_templates.reading.content_item import ContentItem, ImageReference, StatedNumber
from sr_templates.reading.content_tree import Report
from sr_templates.reading.key_matching import Match, match
from sr_templates.reading.key_rows import PLANE_OF, KeyRow
from sr_templates.reading.modifiers import Facet, Modifiers, modifiers_of
from sr_templates.reading.named_code import CodeIdentity, NamedCode, identity_of_code
from sr_templates.reading.units import converted, stated_unit

_SHORT_LABEL = ("DCM", "125309")
_BEATS, _SD = identity_of_code(codes.BEATS_AVERAGED), identity_of_code(codes.STANDARD_DEVIATION)
# What stands beside a number to describe it: statistics and ranges of TID 310 and 311, never a measurement of its own.
_OF_THE_VALUE = "HAS PROPERTIES"


@dataclass(frozen=True)
class SRValue:
    """One number of a report. `value` and `unit` are the catalogue's where `key` is one, else as they are written.

    `why` says why it has no key, `candidates` which it may have. `preferred` is the one that counts of several that mean the
    same. `sections` are the containers that it stands in, outermost first, `path` its place in the document.
    `sd` is known of a value with a key, in its unit.
    """

    key: str | None
    value: float | None
    unit: str
    name: str
    concept: NamedCode | None
    modifiers: Modifiers
    path: str
    sections: tuple[str, ...] = ()
    label: str = ""
    images: tuple[ImageReference, ...] = ()
    beats: int | None = None
    sd: float | None = None
    preferred: bool = True
    why: str = ""
    candidates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def view(self) -> View | None:
        stated = self.modifiers.identity(Facet.VIEW)
        return PLANE_OF.get(stated) if stated else None

    def stated(self, facet: Facet) -> str:
        """In the document's own words; empty where it states none."""
        code = self.modifiers.get(facet)
        return str(code) if code else ""


def measured_values(report: Report) -> tuple[SRValue, ...]:
    """Every number of the report in its order: also those without a key, and those that another one outranks."""
    return _with_preferences([_value(item, containers, report) for item, containers in _numbers(report.root, ())])


def _numbers(item: ContentItem, containers: tuple[ContentItem, ...]) -> Iterator[tuple[ContentItem, tuple[ContentItem, ...]]]:
    """Each NUM with its containers, innermost first. A number that another was inferred from has the containers of that."""
    if item.number is not None:
        yield item, containers
    inner = containers if item.number is not None else (item, *containers)
    for child in item.children:
        describes = item.number is not None and (child.relationship == _OF_THE_VALUE or _is_statistic(child))
        if not describes:
            yield from _numbers(child, inner)


def _is_statistic(item: ContentItem) -> bool:
    return item.concept is not None and item.concept.identity in (_BEATS, _SD)


def _value(item: ContentItem, containers: tuple[ContentItem, ...], report: Report) -> SRValue:
    modifiers = modifiers_of(item, containers)
    label = next((c.text for c in item.children if c.concept is not None and c.concept.identity == _SHORT_LABEL), "")
    earlier = any(c.concept is not None and c.concept.identity in leniency.EARLIER for c in containers)
    found = Match(why="of an earlier study") if earlier else match(item.concept, modifiers, label)
    sd, beats = _of(item, _SD), _of(item, _BEATS)
    read = SRValue(
        None,
        float(item.number.value) if item.number and item.number.value is not None else None,
        _unit_text(item),
        str(item.concept or ""),
        item.concept,
        modifiers,
        item.path,
        tuple(str(container.concept) for container in reversed(containers) if container.concept is not None),
        label,
        _images(item, containers, report),
        int(beats.value) if beats and beats.value is not None else None,
        why=found.why,
        candidates=found.candidates,
        notes=found.notes,
    )
    return read if found.row is None else _in_unit(read, item, sd, found.row)


def _in_unit(read: SRValue, item: ContentItem, sd: StatedNumber | None, row: KeyRow) -> SRValue:
    """With its key, in the unit of that; without where it has no value, or one of something else."""
    number = item.number
    if number is None or number.value is None:
        qualifier = f": {number.qualifier}" if number and number.qualifier else ""
        return replace(read, why=f"no value stated{qualifier}", candidates=(row.key,))
    if number.unit is None and row.unit == "1":
        return replace(read, key=row.key, unit=row.unit, notes=(*read.notes, "no unit stated, and none needed"))
    unit = stated_unit(number.unit)
    value = converted(number.value, unit, row.unit) if unit else None
    if value is None or unit is None:
        return replace(read, why=f"unit {read.unit or 'missing'}, where {row.unit} is measured", candidates=(row.key,))
    spread = converted(sd.value, stated_unit(sd.unit) or unit, row.unit) if sd and sd.value is not None else None
    if value < 0 and QUANTITIES[row.key].direction is not None:
        read, value = replace(read, notes=(*read.notes, "the sign is the direction on the display")), -value
    return replace(read, key=row.key, value=value, unit=row.unit, sd=spread)


def _unit_text(item: ContentItem) -> str:
    unit = item.number.unit if item.number else None
    return (unit.value or unit.meaning) if unit else ""


def _of(item: ContentItem, concept: CodeIdentity) -> StatedNumber | None:
    """A statistic of the value."""
    for child in item.children:
        if child.number is not None and child.concept is not None and child.concept.identity == concept:
            return child.number
    return None


def _images(item: ContentItem, containers: Sequence[ContentItem], report: Report) -> tuple[ImageReference, ...]:
    """By value or by reference, of the number itself or of the coordinates that it was inferred from; else of its group."""
    found = tuple(_references(item, report))
    if not found and containers:
        found = tuple(reference for child in containers[0].children for reference in child.references)
    return tuple(dict.fromkeys(found))


def _references(item: ContentItem, report: Report) -> Iterator[ImageReference]:
    for child in item.children:
        there = report.at(child.refers_to) if child.refers_to else None
        yield from (there or child).references
        if child.value_type in ("SCOORD", "TCOORD"):
            yield from _references(child, report)


def _with_preferences(values: Sequence[SRValue]) -> tuple[SRValue, ...]:
    """Of values that mean the same one counts: one that was chosen, else the mean, else the last."""
    best: dict[object, int] = {}
    for number, value in enumerate(values):
        meaning = _meaning(value)
        if meaning not in best or _rank(value) <= _rank(values[best[meaning]]):
            best[meaning] = number
    counting = set(best.values())
    return tuple(value if number in counting else replace(value, preferred=False) for number, value in enumerate(values))


def _meaning(value: SRValue) -> object:
    if value.key is not None:
        return value.key
    told_apart = (Facet.SITE, Facet.METHOD, Facet.VIEW, Facet.MODE, Facet.FLOW, Facet.PHASE, Facet.RESPIRATION, Facet.STAGE)
    concept, derivation = value.concept.identity if value.concept else None, value.modifiers.identity(Facet.DERIVATION)
    if derivation == leniency.MEAN:
        derivation = None  # of the same samples; a maximum or a minimum says another thing
    return concept, value.label, value.unit, derivation, tuple(value.modifiers.identity(facet) for facet in told_apart)


def _rank(value: SRValue) -> int:
    """The lower the surer. Selection Status (121404) of CID 224, of CID 12301 any other; then Derivation (121401)."""
    selection = value.modifiers.identity(Facet.SELECTION)
    if selection in leniency.CHOSEN:
        return leniency.CHOSEN.index(selection)
    if selection is not None:
        return len(leniency.CHOSEN)
    return len(leniency.CHOSEN) + (1 if value.modifiers.identity(Facet.DERIVATION) == leniency.MEAN else 2)
