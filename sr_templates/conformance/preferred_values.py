"""Of the values of one concept at most one is the preferred one (PS3.16 TID 5301 row 2)."""

from collections.abc import Iterator

from sr_templates.conformance.coded_concepts import canonical
from sr_templates.conformance.content_tree import ContentItem
from sr_templates.conformance.deviations import Deviation, Severity

_PRE_COORDINATED = ("125301", "DCM")
_SELECTION_STATUS = ("121404", "DCM")


def check_preferred(root: ContentItem) -> Iterator[Deviation]:
    for section in root.walk():
        if section.concept is None or canonical(section.concept) != _PRE_COORDINATED:
            continue
        preferred: set[tuple[str, str]] = set()
        for value in section.children:
            if value.concept is None or not any(
                child.concept is not None and canonical(child.concept) == _SELECTION_STATUS for child in value.children
            ):
                continue
            concept = canonical(value.concept)
            if concept in preferred:
                message = "a second preferred value of this concept"
                yield Deviation(Severity.ERROR, value.number, value.place, message, "PS3.16 TID 5301 row 2")
            preferred.add(concept)
