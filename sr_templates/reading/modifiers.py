"""What is said about a value beside its concept: on the value itself, and on the containers that it stands in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sr_templates.reading import leniency
from sr_templates.reading.content_item import ContentItem
from sr_templates.reading.content_tree import Report
from sr_templates.reading.named_code import CodeIdentity, NamedCode


class Facet(StrEnum):
    """One side of a value. TID 300, 5203 and 5302 name them; the words are those of messages."""

    SITE = "finding site"
    PART = "part of the site"
    METHOD = "method"
    VIEW = "view"
    MODE = "image mode"
    FLOW = "flow direction"
    PHASE = "cardiac cycle point"
    RESPIRATION = "respiratory cycle point"
    STAGE = "stage"
    PROTOCOL = "acquisition protocol"
    SUBJECT = "subject"
    DERIVATION = "derivation"
    SELECTION = "selection status"
    PROPERTY = "measured property"
    TYPE = "measurement type"
    OBSERVATION = "finding observation type"
    DIVISOR = "measurement divisor"
    EQUIVALENT = "equivalent meaning"


_FACETS: dict[CodeIdentity, Facet] = {
    ("SCT", "363698007"): Facet.SITE,
    ("DCM", "111704"): Facet.SITE,  # Anatomic structure, of older documents
    ("SCT", "272741003"): Facet.PART,  # Laterality and Topographical modifier, TID 300 rows 6 and 7
    ("SCT", "106233006"): Facet.PART,
    ("SCT", "370129005"): Facet.METHOD,
    ("DCM", "111031"): Facet.VIEW,
    ("SCT", "399264008"): Facet.MODE,
    ("SCT", "260674002"): Facet.FLOW,
    ("SCT", "272518008"): Facet.PHASE,
    ("SCT", "272517003"): Facet.RESPIRATION,
    ("LN", "18139-6"): Facet.STAGE,
    ("DCM", "109055"): Facet.STAGE,  # Protocol Stage, of stress tests
    ("DCM", "125203"): Facet.PROTOCOL,  # TID 5202 row 5
    ("DCM", "109056"): Facet.PROTOCOL,  # Stress Protocol
    ("DCM", "121024"): Facet.SUBJECT,  # Subject Class, TID 1006
    ("DCM", "121401"): Facet.DERIVATION,
    ("DCM", "121404"): Facet.SELECTION,
    ("DCM", "125307"): Facet.PROPERTY,
    ("DCM", "125306"): Facet.TYPE,
    ("DCM", "125305"): Facet.OBSERVATION,
    ("DCM", "125308"): Facet.DIVISOR,
    ("DCM", "121050"): Facet.EQUIVALENT,
}
_STAGED = ("DCM", "125310")  # Staged Measurements, TID 5310
# What is of one value alone: a container that states it says nothing of the values in it.
_NEVER_INHERITED = frozenset({Facet.SELECTION, Facet.DERIVATION, Facet.EQUIVALENT, Facet.PROPERTY})
# What makes a number another one even where it is said in words, as TID 5202 row 6 has the protocol.
_IN_WORDS = frozenset({Facet.STAGE, Facet.PROTOCOL, Facet.DERIVATION, Facet.RESPIRATION})


@dataclass(frozen=True)
class Modifiers:
    """Per facet every code that is stated: the value's own first, then those of its containers, the nearest first.

    `nearest` is how many of them stand at the nearest place; 1 of a facet that it does not name.
    """

    stated: Mapping[Facet, tuple[NamedCode, ...]] = field(default_factory=dict)
    nearest: Mapping[Facet, int] = field(default_factory=dict)

    def get(self, facet: Facet) -> NamedCode | None:
        """The first of those that hold."""
        return next(iter(self.holding(facet)), None)

    def identity(self, facet: Facet) -> CodeIdentity | None:
        code = self.get(facet)
        return code.identity if code is not None else None

    def holding(self, facet: Facet) -> tuple[NamedCode, ...]:
        """All that stand nearest: a value of two sites is not that of the first."""
        return self.stated.get(facet, ())[: self.nearest.get(facet, 1)]


def modifiers_of(item: ContentItem, containers: Sequence[ContentItem], report: Report) -> Modifiers:
    """Of `item`, which stands in `containers`, the innermost first, by value or by reference to elsewhere in the report.

    Relationships are not looked at: documents have Image Mode as a concept modifier and as acquisition context, and some write
    CONTAINS for both. That an item names the facet is enough.
    """
    stated: dict[Facet, tuple[NamedCode, ...]] = {}
    nearest: dict[Facet, int] = {}
    for holder in (item, *containers):
        kept_out = frozenset() if holder is item else _NEVER_INHERITED
        if Facet.SITE in nearest:  # a part is of the site that it stands with
            kept_out |= {Facet.PART}
        for facet, said in _said_by(holder, report).items():
            if facet not in kept_out:
                nearest.setdefault(facet, len(said))
                stated[facet] = (*stated.get(facet, ()), *said)
    return _with_its_part(Modifiers(stated, nearest))


def _said_by(item: ContentItem, report: Report) -> dict[Facet, list[NamedCode]]:
    said: dict[Facet, list[NamedCode]] = {}
    for facet, code in _codes(item, report):
        said.setdefault(facet, []).append(code)
    if item.value_type == "CONTAINER" and item.concept is not None and item.concept.identity == _STAGED:
        said.setdefault(Facet.STAGE, [item.concept])
    return said


def _codes(item: ContentItem, report: Report) -> Iterator[tuple[Facet, NamedCode]]:
    for stands_here in item.children:
        child = (report.at(stands_here.refers_to) if stands_here.refers_to else None) or stands_here
        facet = _FACETS.get(child.concept.identity) if child.concept is not None else None
        if facet is None:
            continue
        if facet is Facet.SITE and child.code is not None:
            parts = (part for part in child.children if part.concept and _FACETS.get(part.concept.identity) is Facet.PART)
            yield from _site(child.code, [part.code for part in parts if part.code is not None])
        elif child.code is not None:
            yield facet, child.code
        elif facet in _IN_WORDS and child.text:
            scheme, value = leniency.IN_WORDS.get(child.text.strip().lower(), ("", ""))
            yield facet, NamedCode(value, scheme, child.text)


def _site(site: NamedCode, parts: Sequence[NamedCode]) -> Iterator[tuple[Facet, NamedCode]]:
    """A site and its part, as the site that they are together where there is a code for it."""
    if len(parts) == 1 and (whole := leniency.SITE_WITH_PART.get((site.identity, parts[0].identity))):
        yield Facet.SITE, site if whole == site.identity else NamedCode(whole[1], whole[0], f"{site}, {parts[0]}")
        return
    yield Facet.SITE, site
    yield from ((Facet.PART, part) for part in parts)


def _with_its_part(modifiers: Modifiers) -> Modifiers:
    """A part that stands beside the site, and not below it as TID 300 has it, is its part all the same."""
    sites, parts = modifiers.holding(Facet.SITE), modifiers.holding(Facet.PART)
    together = list(_site(sites[0], parts)) if len(sites) == len(parts) == 1 else []
    if len(together) != 1:
        return modifiers
    stated = {**modifiers.stated, Facet.SITE: (together[0][1], *modifiers.stated[Facet.SITE][1:])}
    del stated[Facet.PART]
    return Modifiers(stated, modifiers.nearest)
