"""Sequences that a document takes over from its source: whole items, of each what its macro has and what is valid."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sr_templates.copied_values import OF_THE_SOURCE, CopiedValue, IdentifierRules, copied_value
from sr_templates.unreadable import UNREADABLE


@dataclass(frozen=True)
class ItemKind:
    """An item of a sequence: `values` and `sequences` are what is taken over of it.

    `needed` names groups of attributes; an item that has none of a group says nothing and is left out. `single`: of several
    items no one can say which is meant.
    """

    values: tuple[str, ...]
    sequences: Mapping[str, "ItemKind"] = field(default_factory=dict)
    needed: tuple[tuple[str, ...], ...] = ()
    single: bool = False


@dataclass(frozen=True, eq=False)
class CopiedItems:
    """`irregular` are the values that were remarkable, in any of the items."""

    items: list[Dataset]
    irregular: tuple[CopiedValue, ...] = ()


_CODES = ("CodeValue", "LongCodeValue", "URNCodeValue")
# Code Sequence Macro, PS3.3 8.8, without the context group that a code was chosen from.
CODE = ItemKind(
    (*_CODES, "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning"),
    needed=(_CODES, ("CodeMeaning",), ("CodingSchemeDesignator", "URNCodeValue")),
)
# HL7v2 Hierarchic Designator Macro, PS3.3 10.14.
ENTITY = ItemKind(
    ("LocalNamespaceEntityID", "UniversalEntityID", "UniversalEntityIDType"),
    needed=(("LocalNamespaceEntityID", "UniversalEntityID"),),
    single=True,
)
# Issuer of Patient ID Macro, PS3.3 10.14.1.
ISSUER_QUALIFIERS = ItemKind(
    ("UniversalEntityID", "UniversalEntityIDType", "IdentifierTypeCode"),
    {
        "AssigningFacilitySequence": ENTITY,
        "AssigningJurisdictionCodeSequence": CODE,
        "AssigningAgencyOrDepartmentCodeSequence": CODE,
    },
    single=True,
)
# Of Other Patient IDs Sequence (0010,1002), PS3.3 C.7.1.1.
OTHER_PATIENT_ID = ItemKind(
    ("PatientID", "IssuerOfPatientID", "TypeOfPatientID"),
    {"IssuerOfPatientIDQualifiersSequence": ISSUER_QUALIFIERS},
    needed=(("PatientID",), ("TypeOfPatientID",)),
)
_REQUEST_VALUES = (
    "AccessionNumber", "StudyInstanceUID", "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
    "RequestedProcedureID", "RequestedProcedureDescription", "ReasonForTheRequestedProcedure",
)  # fmt: skip
# Request Attributes Macro, PS3.3 10.6, and what carts write into it of the order (PS3.3 C.4.12).
REQUEST = ItemKind(
    (*_REQUEST_VALUES, "ScheduledProcedureStepID", "ScheduledProcedureStepDescription"),
    {
        "IssuerOfAccessionNumberSequence": ENTITY, "OrderPlacerIdentifierSequence": ENTITY,
        "OrderFillerIdentifierSequence": ENTITY, "RequestedProcedureCodeSequence": CODE,
        "ReasonForRequestedProcedureCodeSequence": CODE, "ScheduledProtocolCodeSequence": CODE,
    },
    needed=((*_REQUEST_VALUES[:1], *_REQUEST_VALUES[2:], "RequestedProcedureCodeSequence"),),
)  # fmt: skip


def copied_items(
    header: Dataset, keyword: str, kind: ItemKind, rules: IdentifierRules, place: str = OF_THE_SOURCE
) -> CopiedItems:
    """The items of a sequence, each with what is valid of it; an item without what it needs is left out.

    Nothing is filed under an item: several values in it ask nobody, and refuse nothing.
    """
    if rules.several == "refuse":
        rules = replace(rules, several="omit")
    try:
        found = header[keyword].value or [] if keyword in header else []
    except UNREADABLE:
        found = None
    if not isinstance(found, Sequence | list):
        return CopiedItems([], (CopiedValue(None, f"{keyword} {place} is not readable: left out"),))
    if kind.single and len(found) > 1:
        return CopiedItems([], (CopiedValue(None, f"{keyword} {place} has {len(found)} items where one is allowed: left out"),))
    items, irregular = [], []
    for original in found:
        item, remarkable = _copied_item(original, kind, rules, f"of {keyword} {place}")
        irregular += remarkable
        if all(any(name in item for name in group) for group in kind.needed):
            items.append(item)
        elif len(original) and not remarkable:
            irregular.append(CopiedValue(None, f"an item of {keyword} {place} lacks what it needs: left out"))
    return CopiedItems(items, tuple(irregular))


def _copied_item(original: Dataset, kind: ItemKind, rules: IdentifierRules, where: str) -> tuple[Dataset, list[CopiedValue]]:
    item, irregular = Dataset(), []
    for copied in (copied_value(original, keyword, rules, where) for keyword in kind.values):
        if copied.element is not None:
            item.add(copied.element)
        if copied.remark:
            irregular.append(replace(copied, asks=False))
    for keyword, nested in kind.sequences.items():
        sequence = copied_items(original, keyword, nested, rules, where)
        if sequence.items:
            setattr(item, keyword, sequence.items)
        irregular += sequence.irregular
    return item, irregular
