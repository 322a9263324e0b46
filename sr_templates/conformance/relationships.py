"""Which value types may stand in which relationship below which, by the object's class (PS3.3 A.35)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.uid import (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    KeyObjectSelectionDocumentStorage,
    SimplifiedAdultEchoSRStorage,
)

from sr_templates.conformance.content_tree import ContentItem
from sr_templates.conformance.deviations import Deviation, Severity

_TEXTS = frozenset({"TEXT", "CODE", "NUM", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME"})
_COORDINATES = frozenset({"SCOORD", "TCOORD", "SCOORD3D"})
_OBJECTS = frozenset({"IMAGE", "WAVEFORM", "COMPOSITE"})
_CONTEXT = {"HAS OBS CONTEXT": _TEXTS | {"COMPOSITE"}}
_ACQUISITION = {"HAS ACQ CONTEXT": _TEXTS | {"CONTAINER"}}
_MODIFIERS = {"HAS CONCEPT MOD": frozenset({"TEXT", "CODE"})}
_EVALUATION = dict.fromkeys(("HAS PROPERTIES", "INFERRED FROM"), _TEXTS | _COORDINATES | _OBJECTS | {"CONTAINER"})

# Source value type -> relationship -> target value types.
_COMPREHENSIVE: dict[str, dict[str, frozenset[str]]] = {
    "CONTAINER": {"CONTAINS": _TEXTS | _COORDINATES | _OBJECTS | {"CONTAINER"}, **_CONTEXT, **_ACQUISITION, **_MODIFIERS},
    "TEXT": {**_CONTEXT, **_MODIFIERS, **_EVALUATION},
    "CODE": {**_CONTEXT, **_MODIFIERS, **_EVALUATION},
    "NUM": {**_CONTEXT, **_ACQUISITION, **_MODIFIERS, **_EVALUATION},
    **{target: {**_ACQUISITION, **_MODIFIERS} for target in sorted(_OBJECTS)},
    **dict.fromkeys(("DATETIME", "DATE", "TIME", "UIDREF", "SCOORD3D"), _MODIFIERS),
    "PNAME": {**_MODIFIERS, "HAS PROPERTIES": _TEXTS - {"NUM"}},
    "SCOORD": {**_MODIFIERS, "SELECTED FROM": frozenset({"IMAGE"})},
    "TCOORD": {**_MODIFIERS, "SELECTED FROM": frozenset({"SCOORD", "SCOORD3D", "IMAGE", "WAVEFORM"})},
}  # fmt: skip
_KEY_OBJECTS: dict[str, dict[str, frozenset[str]]] = {
    "CONTAINER": {
        "CONTAINS": frozenset({"TEXT"}) | _OBJECTS,
        "HAS OBS CONTEXT": frozenset({"TEXT", "CODE", "UIDREF", "PNAME"}),
        "HAS CONCEPT MOD": frozenset({"CODE"}),
    }
}
_PLANAR = frozenset().union(_TEXTS, _OBJECTS, {"CONTAINER", "SCOORD", "TCOORD"})


@dataclass(frozen=True)
class ObjectClass:
    """What a class allows: value types, relationships between them, references to items elsewhere in the tree."""

    name: str
    rule: str
    value_types: frozenset[str]
    relationships: dict[str, dict[str, frozenset[str]]]
    by_reference: bool


OBJECT_CLASSES: dict[str, ObjectClass] = {
    EnhancedSRStorage: ObjectClass("Enhanced SR", "PS3.3 A.35.2", _PLANAR, _COMPREHENSIVE, by_reference=False),
    ComprehensiveSRStorage: ObjectClass("Comprehensive SR", "PS3.3 A.35.3", _PLANAR, _COMPREHENSIVE, by_reference=True),
    Comprehensive3DSRStorage: ObjectClass(
        "Comprehensive 3D SR", "PS3.3 A.35.13", _PLANAR | {"SCOORD3D"}, _COMPREHENSIVE, by_reference=True
    ),
    SimplifiedAdultEchoSRStorage: ObjectClass(
        "Simplified Adult Echo SR", "PS3.3 A.35.17", _PLANAR - {"DATE", "TIME", "COMPOSITE"}, _COMPREHENSIVE,
        by_reference=False,
    ),
    KeyObjectSelectionDocumentStorage: ObjectClass(
        "Key Object Selection", "PS3.3 A.35.4", _OBJECTS | {"TEXT", "CODE", "UIDREF", "PNAME", "CONTAINER"}, _KEY_OBJECTS,
        by_reference=False,
    ),
}  # fmt: skip


def check_relationship(item: ContentItem, of_class: ObjectClass) -> Iterator[Deviation]:
    """Of the item to its parent, and of its value type to the class."""
    if item.value_type and item.value_type not in of_class.value_types:
        yield _deviation(item, of_class, f"{item.value_type} does not exist in {of_class.name}")
    if item.parent is None:
        return
    if item.by_reference and not of_class.by_reference:
        yield _deviation(item, of_class, f"is by reference, and {of_class.name} allows items by value alone")
    relationship = item.relationship.removeprefix("R-")
    allowed = of_class.relationships.get(item.parent.value_type, {})
    if relationship and item.value_type and item.value_type not in allowed.get(relationship, frozenset()):
        yield _deviation(item, of_class, f"{item.parent.value_type} {relationship} {item.value_type} is not allowed")


def _deviation(item: ContentItem, of_class: ObjectClass, message: str) -> Deviation:
    return Deviation(Severity.ERROR, item.number, item.place, message, of_class.rule)
