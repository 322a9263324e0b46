"""The numbers of a report: each with everything that is said of it, its key where it has one, and which of several counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models.catalogue import QUANTITIES, Method, View
from sr_templates import codes
from sr_templates.reading import leniency
from sr_templates.reading.content_item import ContentItem, ImageReference, Position, StatedNumber
from sr_templates.reading.content_tree import Report
from sr_templates.reading.key_matching import Match, match
from sr_templates.reading.key_rows import PLANE_OF, ROWS, KeyRow
from sr_templates.reading.modifiers import Facet, Modifiers, modifiers_of
from sr_templates.reading.named_code import CodeIdentity, NamedCode, identity_of_code
from sr_templates.reading.units import converted, stated_unit

_SHORT_LABEL = ("DCM", "125309")
_BEATS, _SD = identity_of_code(codes.BEATS_AVERAGED), identity_of_code(codes.STANDARD_DEVIATION)
# What stands beside a number to describe it: statistics and ranges of TID 310 and 311, never a measurement of its own.
_OF_THE_VALUE = "HAS PROPERTIES"
_MADE_OF = "INFERRED FROM"  # TID 300 row 9
_OF_ONE_SAMPLE = frozenset({Facet.SELECTION, Facet.DERIVATION})  # of two that else say the same
# What runs towards the transducer or away from it; of the others a negative number is none.
_SIGNED = frozenset({Method.SPECTRAL_PEAK, Method.SPECTRAL_ENVELOPE, Method.BERNOULLI})


@dataclass(frozen=True)
class SRValue:
    """One number of a report. `value` and `unit` are the catalogue's where `key` is one, else as they are written.

    `why` says why it has no key, `candidates` which it may have. `preferred` is the one that counts of several that mean the
    same, the one of the lowest `precedence`. `sections` are the containers that it stands in, outermost first, `path` its
    place in the document. `sd` is known of a value with a key, in its unit. `of_study` is not what stands under previous
    findings and the like.
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
    precedence: tuple[bool, int] = (False, 0)
    of_study: bool = True

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
    premises = frozenset(_premises(report.root))
    values = (_value(item, containers, report, premises) for item, containers in _numbers(report.root, ()))
    return _with_preferences(tuple(values))


def _numbers(item: ContentItem, containers: tuple[ContentItem, ...]) -> Iterator[tuple[ContentItem, tuple[ContentItem, ...]]]:
    """Each NUM, and each quantity in words, with its containers, innermost first.

    A number that another was inferred from has the containers of that.
    """
    if item.number is not None or _in_words(item):
        yield item, containers
    inner = containers if item.number is not None else (item, *containers)
    for child in item.children:
        if item.number is None or not _describes(child, item):
            yield from _numbers(child, inner)


def _premises(root: ContentItem) -> Iterator[Position]:
    """Where the numbers stand that another one was made of: samples of a mean, below it or by reference."""
    for item in root.walk():
        if item.number is not None:
            yield from (child.refers_to or child.position for child in item.children if child.relationship == _MADE_OF)


def _in_words(item: ContentItem) -> bool:
    return item.value_type == "TEXT" and item.concept is not None and item.concept.identity in ROWS


def _describes(item: ContentItem, value: ContentItem) -> bool:
    """Whether it is a property of the value: a statistic, a range, the same quantity of others."""
    if item.concept is None or value.concept is None:
        return item.relationship == _OF_THE_VALUE
    concept = item.concept.identity
    of_its_own = concept in ROWS and concept != value.concept.identity
    return concept in (_BEATS, _SD) or (item.relationship == _OF_THE_VALUE and not of_its_own)


def _value(item: ContentItem, containers: tuple[ContentItem, ...], report: Report, premises: frozenset[Position]) -> SRValue:
    modifiers = modifiers_of(item, containers, report)
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
        precedence=(found.row is not None and found.row.further, _rank(modifiers, is_premise=item.position in premises)),
        of_study=not earlier,
    )
    return read if found.row is None else _in_unit(read, item, sd, found.row)


def _in_unit(read: SRValue, item: ContentItem, sd: StatedNumber | None, row: KeyRow) -> SRValue:
    """With its key, in the unit of that; without where it has no value, or one of something else.

    A qualifier of CID 42 says why there is no value, or that the one which stands there is none.
    """
    number = item.number
    if number is None:
        return replace(read, why="stated in words, not as a number", candidates=(row.key,))
    if number.value is None or number.qualifier is not None:
        qualifier = f": {number.qualifier}" if number.qualifier else ""
        what = "no value stated" if number.value is None else "not the value"
        return replace(read, why=f"{what}{qualifier}", candidates=(row.key,))
    if number.unit is None and row.unit == "1":
        return replace(read, key=row.key, unit=row.unit, notes=(*read.notes, "no unit stated, and none needed"))
    unit = stated_unit(number.unit)
    value = converted(number.value, unit, row.unit) if unit else None
    if value is None or unit is None:
        return replace(read, why=f"unit {read.unit or 'missing'}, where {row.unit} is measured", candidates=(row.key,))
    spread = converted(sd.value, stated_unit(sd.unit) or unit, row.unit) if sd and sd.value is not None else None
    quantity = QUANTITIES[row.key]
    if value < 0 and quantity.direction is not None and quantity.method in _SIGNED:
        read, value = replace(read, notes=(*read.notes, "the sign is the direction on the display")), -value
    if value <= 0 < quantity.limits[0]:  # makers write 0 for what was not measured
        return replace(read, why=f"{read.value:g} is none of {quantity.name}", candidates=(row.key,) if value else ())
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
        if meaning not in best or value.precedence <= values[best[meaning]].precedence:
            best[meaning] = number
    counting = set(best.values())
    return tuple(value if number in counting else replace(value, preferred=False) for number, value in enumerate(values))


def _meaning(value: SRValue) -> object:
    if value.key is not None:
        return value.key
    told_apart = (facet for facet in Facet if facet not in _OF_ONE_SAMPLE)
    concept, derivation = value.concept.identity if value.concept else None, value.modifiers.identity(Facet.DERIVATION)
    if derivation == leniency.MEAN:
        derivation = None  # of the same samples; a maximum or a minimum says another thing
    said = tuple(value.modifiers.identity(facet) for facet in told_apart)
    return concept, value.label, value.unit, derivation, value.why, value.candidates, said


def _rank(modifiers: Modifiers, *, is_premise: bool) -> int:
    """The lower the surer: Selection Status (121404), of CID 224 before any other of CID 12301; then the mean (121401), then
    what nothing else is said of.
    """
    selection = modifiers.identity(Facet.SELECTION)
    if selection in leniency.CHOSEN:
        return leniency.CHOSEN.index(selection)
    derivation = modifiers.identity(Facet.DERIVATION)
    plain = not is_premise and derivation != leniency.MAXIMUM
    surest_first = (selection is not None, derivation == leniency.MEAN, plain, not is_premise, True)
    return len(leniency.CHOSEN) + surest_first.index(True)
