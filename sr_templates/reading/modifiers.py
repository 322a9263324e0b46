"""What is said about a value beside its concept: on the value itself, and on the containers that it stands in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sr_templates.reading.content_item import ContentItem
from sr_templates.reading.named_code import CodeIdentity, NamedCode


class Facet(StrEnum):
    """One side of a value. TID 300, 5203 and 5302 name them; the words are those of messages."""

    SITE = "finding site"
    METHOD = "method"
    VIEW = "view"
    MODE = "image mode"
    FLOW = "flow direction"
    PHASE = "cardiac cycle point"
    RESPIRATION = "respiratory cycle point"
    STAGE = "stage"
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
    ("SCT", "370129005"): Facet.METHOD,
    ("DCM", "111031"): Facet.VIEW,
    ("SCT", "399264008"): Facet.MODE,
    ("SCT", "260674002"): Facet.FLOW,
    ("SCT", "272518008"): Facet.PHASE,
    ("SCT", "272517003"): Facet.RESPIRATION,
    ("LN", "18139-6"): Facet.STAGE,
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


@dataclass(frozen=True)
class Modifiers:
    """Per facet every code that is stated: the value's own first, then those of its containers, the nearest first."""

    stated: Mapping[Facet, tuple[NamedCode, ...]] = field(default_factory=dict)

    def get(self, facet: Facet) -> NamedCode | None:
        """The one that holds: the nearest."""
        return next(iter(self.stated.get(facet, ())), None)

    def identity(self, facet: Facet) -> CodeIdentity | None:
        code = self.get(facet)
        return code.identity if code is not None else None


def modifiers_of(item: ContentItem, containers: Sequence[ContentItem]) -> Modifiers:
    """Of `item`, which stands in `containers`, the innermost first.

    Relationships are not looked at: documents have Image Mode as a concept modifier and as acquisition context, and some write
    CONTAINS for both. That an item names the facet is enough.
    """
    stated: dict[Facet, tuple[NamedCode, ...]] = {}
    for facet, code in _codes(item):
        stated[facet] = (*stated.get(facet, ()), code)
    for container in containers:
        for facet, code in _codes(container):
            if facet not in _NEVER_INHERITED:
                stated[facet] = (*stated.get(facet, ()), code)
        if container.concept is not None and container.concept.identity == _STAGED:
            stated[Facet.STAGE] = (*stated.get(Facet.STAGE, ()), container.concept)
    return Modifiers(stated)


def _codes(item: ContentItem) -> Iterator[tuple[Facet, NamedCode]]:
    for child in item.children:
        if child.code is not None and child.concept is not None and (facet := _FACETS.get(child.concept.identity)):
            yield facet, child.code
