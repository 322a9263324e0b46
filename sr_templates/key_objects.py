"""TID 2010 Key Object Selection: objects, or frames of them, under a title, with words that say why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from highdicom import sr
from highdicom.ko import KeyObjectSelection
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from models.results import ModelUse, StudyFindings
from sr_templates import codes
from sr_templates.document import BuiltDocument, DocumentKind, observer_context, start_document
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import research_mark


@dataclass(frozen=True, eq=False)
class Selection:
    """`objects` are headers, `study_references` what the evidence says of them. `frames` are numbers, by SOP Instance UID; an
    object without any is meant as a whole. `part` and `number` tell selections of one kind apart.
    """

    title: Code
    modifier: Code | None
    objects: Sequence[Dataset]
    study_references: Sequence[Dataset]
    words: Sequence[str]
    frames: Mapping[str, Sequence[int]]
    part: str = ""
    number: int = 0
    subject: str = ""
    models: Sequence[ModelUse] = ()


def build_selection(
    kind: DocumentKind, selection: Selection, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> BuiltDocument:
    """The description says the research mark first, and identifiers that were left out last."""
    mark = research_mark(findings)
    in_full = evidence.full_values(strict=identity.profile.strict)
    root = KeyObjectSelection(
        document_title=selection.title,
        referenced_objects=list(selection.objects),
        observer_device_context=observer_context(identity),
        description="\n".join(dict.fromkeys([*([mark] if mark else []), *selection.words, *in_full])) or None,
    )[0]
    document = start_document(
        kind,
        evidence,
        identity,
        part=selection.part,
        part_number=selection.number,
        mark=mark,
        subject=selection.subject,
        models=selection.models,
    )
    document.update(root)
    document.ContentSequence = _by_the_template(root.ContentSequence, selection.modifier)
    _name_frames(document.ContentSequence, selection.frames)
    document.ReferencedPerformedProcedureStepSequence = []
    document.CurrentRequestedProcedureEvidenceSequence = list(selection.study_references)
    return BuiltDocument(kind.template, selection.part, document)


def _by_the_template(content: Iterable[Dataset], modifier: Code | None) -> list[Dataset]:
    """Row 2, which highdicom has no argument for; no purpose of reference on objects, which rows 8-10 forbid."""
    items: list[Dataset] = list(content)
    if modifier is not None:
        items.insert(0, sr.CodeContentItem(codes.DOCUMENT_TITLE_MODIFIER, modifier, sr.RelationshipTypeValues.HAS_CONCEPT_MOD))
    for item in items:
        if item.RelationshipType == "CONTAINS" and item.ValueType != "TEXT":
            del item.ConceptNameCodeSequence
    return items


def _name_frames(content: Iterable[Dataset], frames: Mapping[str, Sequence[int]]) -> None:
    """Referenced Frame Number (PS3.3 10.3) of what is not meant as a whole."""
    for item in content:
        if item.ValueType == "IMAGE":
            reference = item.ReferencedSOPSequence[0]
            if numbers := frames.get(reference.ReferencedSOPInstanceUID):
                reference.ReferencedFrameNumber = list(numbers)
