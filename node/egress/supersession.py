"""Earlier documents that a revision replaces: told in the audit trail, and rejected where a destination wants that."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from sqlalchemy.orm import Session

from models.results import StudyFindings
from node.db import audit
from node.db.audit import AuditEvent
from node.db.session import insert_unless_there
from node.db.tables import Document, Rejection, Study
from node.egress.building import TEMPLATES, FailedTemplate, state_implementation
from node.egress.earlier_documents import EarlierDocument
from node.egress.tools import EgressTools
from node.errors import Unparseable
from node.objects.header import read_header
from node.objects.patient import stated_patient
from node.settings import Destination
from sr_templates.document import BuiltDocument
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity, PredecessorReference
from sr_templates.rejection_note import FOR_PATIENT_SAFETY, FOR_QUALITY, build_note

_LONGEST_PART = 64  # characters, of the column


@dataclass(frozen=True, eq=False)
class AddressedNote:
    """A rejection note for one destination."""

    document: BuiltDocument
    destination: str
    rejects: tuple[Document, ...]
    code: str


@dataclass(frozen=True)
class Supersession:
    """`documents` are those of the revision before this one that has any; `corrected` those of them of another patient."""

    documents: tuple[Document, ...] = ()
    corrected: frozenset[int] = frozenset()
    notes: tuple[AddressedNote, ...] = ()


def supersede(
    earlier: Sequence[EarlierDocument],
    documents: Sequence[BuiltDocument],
    failed: Sequence[FailedTemplate],
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
    tools: EgressTools,
) -> Supersession:
    """What the new `documents` replace. One whose successor could not be built stays, unless it is of another patient."""
    if not earlier or not documents:
        return Supersession()
    corrected = frozenset(one.row.id for one in earlier if _is_of_another(one.row, documents[0].dataset, tools))
    kept = {one.template for one in failed}
    notes: list[AddressedNote] = []
    for destination in tools.settings.destination:
        if destination.reject_superseded == "never":
            continue
        profile = TEMPLATES["kos"].relevant(destination.profile)
        of_note = replace(identity, profile=profile, predecessor=None)
        for title, rows in _rejectable(destination, earlier, corrected, kept):
            document = _note(title, rows, destination.name, findings, evidence, of_note)
            notes.append(AddressedNote(document, destination.name, tuple(rows), title.value))
    newest = max(one.analysis.revision for one in earlier)
    return Supersession(tuple(one.row for one in earlier if one.analysis.revision == newest), corrected, tuple(notes))


def _rejectable(
    destination: Destination, earlier: Sequence[EarlierDocument], corrected: frozenset[int], kept: set[str]
) -> Iterator[tuple[Code, list[Document]]]:
    """By title what the destination has and was not told to hide yet; what is no object cannot be rejected."""
    there = (one.row for one in earlier if destination.name in one.taken_by - one.rejected_at)
    sent = [row for row in there if row.series_instance_uid]
    if wrong := [row for row in sent if row.id in corrected]:
        yield FOR_PATIENT_SAFETY, wrong
    others = [row for row in sent if row.id not in corrected and row.template not in kept]
    if others and destination.reject_superseded == "all":
        yield FOR_QUALITY, others


def _note(
    title: Code,
    rows: Sequence[Document],
    destination: str,
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
) -> BuiltDocument:
    study_uid = evidence.study_instance_uid
    replaced = [
        PredecessorReference(study_uid, row.series_instance_uid, row.sop_class_uid, row.sop_instance_uid) for row in rows
    ]
    part = f"{title.value} {destination}"
    if len(part) > _LONGEST_PART:
        part = f"{title.value} {hashlib.sha256(destination.encode()).hexdigest()[:32]}"
    document = build_note(title, replaced, part, findings, evidence, identity)
    state_implementation(document)
    return replace(document, profile=identity.profile.key())


def _is_of_another(row: Document, now: Dataset, tools: EgressTools) -> bool:
    """Whether the document names another patient than the new ones do; a file that is no object names none."""
    if row.series_instance_uid:
        with suppress(OSError, Unparseable):
            return stated_patient(read_header(tools.archive.path(row.path))) != stated_patient(now)
    return False


def record_supersession(session: Session, study: Study, revision: int, found: Supersession, now: datetime) -> None:
    """With the documents that take their place; the notes' own rows have been flushed."""
    if found.documents:
        ids = [row.id for row in found.documents]
        corrected = sorted(found.corrected.intersection(ids))
        details = {"revision": revision, "documents": ids} | ({"of_another_patient": corrected} if corrected else {})
        audit.record(session, AuditEvent.DOCUMENTS_SUPERSEDED, now=now, study=study.pseudonym, **details)
    for note in found.notes:
        for row in note.rejects:
            rejection = {
                "sop_instance_uid": row.sop_instance_uid,
                "study_instance_uid": study.study_instance_uid,
                "note_uid": str(note.document.dataset.SOPInstanceUID),
                "code": note.code,
                "received_at": now,
            }
            insert_unless_there(session, Rejection, rejection)
            details = {"document": row.id, "title": note.code, "destination": note.destination}
            audit.record(session, AuditEvent.DOCUMENT_REJECTED, now=now, study=study.pseudonym, **details)
