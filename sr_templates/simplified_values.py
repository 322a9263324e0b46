"""One value of a simplified echo report, a NUM of TID 5301, 5302 or 5303, and the sections that hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from highdicom import sr
from pydicom.dataelem import DataElement
from pydicom.sr.coding import Code

from sr_templates import codes
from sr_templates.echo_values import number
from sr_templates.errors import DocumentError

_DERIVATION = Code("121401", "DCM", "Derivation")
_SHORT_LABEL = Code("125309", "DCM", "Short Label")
_CONTAINS, _MOD = sr.RelationshipTypeValues.CONTAINS, sr.RelationshipTypeValues.HAS_CONCEPT_MOD
_PROPERTIES = sr.RelationshipTypeValues.HAS_PROPERTIES


class Section(Enum):
    """The containers of TID 5300. Staged Measurements (125310) are of stress studies, which are not measured."""

    PRE_COORDINATED = Code("125301", "DCM", "Pre-coordinated Measurements")
    POST_COORDINATED = Code("125302", "DCM", "Post-coordinated Measurements")
    ADHOC = Code("125303", "DCM", "Adhoc Measurements")


@dataclass(frozen=True)
class SimplifiedValue:
    """`modifiers` are concept modifiers, `selection` why this sample is preferred (CID 12301), `sources` the
    images where it was measured and the marks on them.
    A `derivation` (CID 3627) says that it was made of several samples.

    Raises DocumentError for a modifier given twice, which TID 5302 forbids.
    """

    concept: Code
    value: float
    unit: Code
    label: str
    modifiers: tuple[tuple[Code, Code], ...] = ()
    selection: Code | None = None
    derivation: Code | None = None
    sources: tuple[sr.ContentItem, ...] = ()
    observation_uid: str = ""

    def __post_init__(self) -> None:
        names = [name for name, _ in self.modifiers]
        if len(set(names)) != len(names):
            raise DocumentError(f"{self.label}: a modifier twice")

    def item(self) -> sr.NumContentItem:
        num = number(self.concept, self.value, self.unit)
        if self.observation_uid:
            num.add(DataElement("ObservationUID", "UI", self.observation_uid))
        children: list[sr.ContentItem] = [sr.CodeContentItem(name, value, _MOD) for name, value in self.modifiers]
        if self.selection is not None:
            children.append(sr.CodeContentItem(codes.SELECTION_STATUS, self.selection, _PROPERTIES))
        if self.derivation is not None:
            children.append(sr.CodeContentItem(_DERIVATION, self.derivation, _MOD))
        children += self.sources
        children.append(sr.TextContentItem(_SHORT_LABEL, self.label, _PROPERTIES))
        num.ContentSequence = sr.ContentSequence(children)
        return num


def section(name: Section, values: Sequence[SimplifiedValue]) -> sr.ContainerContentItem:
    """Raises DocumentError where two values of one concept are preferred, and for a modifier that the section does not know."""
    preferred = [value.concept for value in values if value.selection is not None]
    if len(set(preferred)) != len(preferred):
        raise DocumentError("two values of one concept are said to be the preferred one")
    for value in values:
        if name is not Section.POST_COORDINATED and value.modifiers:
            raise DocumentError(f"{value.label}: {name.value.meaning} have no concept modifiers")
        if name is Section.ADHOC and (value.selection is not None or value.derivation is not None):
            raise DocumentError(f"{value.label}: {name.value.meaning} have their label alone")
    container = sr.ContainerContentItem(name.value, is_content_continuous=False, relationship_type=_CONTAINS)
    container.ContentSequence = sr.ContentSequence([value.item() for value in values])
    return container
