"""BUILD_DOCUMENTS: findings and source headers -> documents in the archive -> one delivery per document and destination.

Everything that makes a document (UIDs, times, content) follows from the analysis, so a second run after a crash writes the same
bytes; the transaction that ends the job records documents and deliveries exactly once.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.results import StudyFindings
from node.db import audit, queue
from node.db.attention import WHOSE, WITHHELD, ask_person, documents_let_out
from node.db.audit import AuditEvent
from node.db.identity import node_identity
from node.db.queue import ClaimedJob
from node.db.tables import Analysis, Document, FailedDocument, Instance, NodeIdentity, Receipt, Study
from node.egress.building import (
    Built,
    BuiltDocuments,
    FailedTemplate,
    build_templates,
    read_evidence,
    wanted_by,
)
from node.egress.built_files import object_names, stored_bytes
from node.egress.delivery import create_delivery
from node.egress.earlier_documents import EarlierDocument, earlier_documents, predecessors
from node.egress.routing import routing_of, templates_wanted
from node.egress.supersession import Supersession, record_supersession, supersede
from node.egress.tools import EgressTools
from node.objects.findings_json import load_findings
from node.settings import Destination, Settings
from node.study import assembly
from node.study.archive import Archive
from node.version import (
    MANUFACTURER,
    MANUFACTURER_MODEL_NAME,
    __version__,
)
from sr_templates.document import BuiltDocument
from sr_templates.identity import DocumentIdentity

log = logging.getLogger(__name__)

# The bytes analysed, and the same object come again with a corrected header. A conflict (other pixels) speaks for neither.
_EVIDENCE = (Receipt.STORED.value, Receipt.HEADER_CHANGED.value)

_BUILT = "the documents of this analysis exist already"


@dataclass(frozen=True)
class _Inputs:
    """What the database knows. Where no documents are to be made, `nothing_to_do` says why and `paths` is empty."""

    study: Study
    findings: StudyFindings
    identity: DocumentIdentity
    paths: tuple[Path, ...]
    earlier: tuple[EarlierDocument, ...] = ()
    nothing_to_do: str = ""
    withheld: bool = False  # and a person has to know


def build_documents(job: ClaimedJob, tools: EgressTools) -> None:
    """Documents, deliveries, audit entries and the end of the job become true together.

    Built is what a destination of this study takes. A template that cannot be built is a failed document; the others go out.
    Raises DocumentError, which is final, when none can be built; LeaseLost when the job is another worker's now.
    """
    with tools.database.session() as session:
        inputs = _inputs(session, job, tools)
    if inputs.nothing_to_do:
        tools.database.write(lambda session: _finish(session, job, inputs, tools.clock()))
        return
    evidence = read_evidence(inputs.paths, tools.settings)
    routing = routing_of(tools.settings, inputs.study, evidence.newest, now=tools.clock())
    wanted = templates_wanted(routing.destinations)
    before = predecessors(inputs.earlier, wanted, inputs.study.study_instance_uid, tools)
    built = build_templates(inputs.findings, evidence, inputs.identity, wanted, before)
    objects = [document for document in built.documents if isinstance(document, BuiltDocument)]
    replaced = supersede(inputs.earlier, objects, built.failed, inputs.findings, evidence, inputs.identity, tools)
    documents = [*built.documents, *(note.document for note in replaced.notes)]  # notes go out last
    stored = [(document, *tools.archive.store_bytes(stored_bytes(document))) for document in documents]

    def record(session: Session) -> None:
        if built.documents or not built.failed:
            _record(session, job, inputs, stored, _goes_to(routing.destinations, replaced), tools.clock())
            record_supersession(session, inputs.study, inputs.identity.revision, replaced, tools.clock())
            _tell(session, inputs.study.id, built, tools.clock())
            if routing.kept_by:
                details = {"revision": inputs.identity.revision, "reason": routing.kept_by}
                audit.record(session, AuditEvent.DOCUMENTS_KEPT, now=tools.clock(), study=inputs.study.pseudonym, **details)
        else:
            queue.heartbeat(session, job, now=tools.clock(), lease_s=tools.settings.work.lease_s)  # still ours
        _record_failed(session, job, inputs, built.failed, tools.clock())

    tools.database.write(record)
    if routing.kept_by:
        log.info("%s: documents stay in the archive: %s", job.log_context(), routing.kept_by)
    built.require_some()


def document_identity(
    node: NodeIdentity,
    settings: Settings,
    *,
    analysis_uuid: str,
    revision: int,
    created_at: datetime,
) -> DocumentIdentity:
    return DocumentIdentity(
        node_uuid=node.node_uuid,
        device_observer_uid=node.device_observer_uid,
        institution_name=settings.node.institution_name,
        software_version=__version__,
        manufacturer=MANUFACTURER,
        model_name=MANUFACTURER_MODEL_NAME,
        analysis_uuid=analysis_uuid,
        revision=revision,
        created_at=created_at.astimezone(),
    )


def _inputs(session: Session, job: ClaimedJob, tools: EgressTools) -> _Inputs:
    analysis = session.get_one(Analysis, job.subject_id)
    study = session.get_one(Study, analysis.study_id)
    identity = document_identity(
        node_identity(session, now=tools.clock()),
        tools.settings,
        analysis_uuid=analysis.analysis_uuid,
        revision=analysis.revision,
        created_at=analysis.finished_at,
    )
    findings = load_findings(analysis.findings)
    if session.scalar(select(Document.id).where(Document.analysis_id == analysis.id).limit(1)) is not None:
        return _Inputs(study, findings, identity, (), nothing_to_do=_BUILT)
    if withhold := assembly.patient_verdict(session, study.id).withhold:
        return _Inputs(study, findings, identity, (), nothing_to_do=withhold, withheld=True)
    paths = evidence_paths(session, tools.archive, study.id)
    return _Inputs(study, findings, identity, paths, earlier_documents(session, analysis))


def evidence_paths(session: Session, archive: Archive, study_id: int) -> tuple[Path, ...]:
    """The stored objects that documents of a study refer to, in the order in which they came."""
    instances = session.scalars(
        select(Instance)
        .where(Instance.study_id == study_id, Instance.receipt.in_(_EVIDENCE), Instance.path.is_not(None))
        .where(assembly.in_use(session, study_id))
        .order_by(Instance.id)
    )
    return tuple(archive.path(str(instance.path)) for instance in instances)


def _finish(session: Session, job: ClaimedJob, inputs: _Inputs, now: datetime) -> None:
    queue.finish(session, job, now=now)
    if inputs.withheld:
        ask_person(session, session.get_one(Study, inputs.study.id), WITHHELD + inputs.nothing_to_do, now=now)


def _tell(session: Session, study_id: int, built: BuiltDocuments, now: datetime) -> None:
    """What a person has to know, or may ask, of documents that were built, or partly so."""
    study = session.get_one(Study, study_id)
    documents_let_out(study)
    if built.remarks:
        details = {"remarks": list(built.remarks), "revision": study.revision}
        audit.record(session, AuditEvent.SOURCE_IRREGULAR, now=now, study=study.pseudonym, **details)
    for one in built.left_out:
        details = {
            "template": one.template,
            "keys_by_reason": one.keys_by_reason,
            "revision": study.revision,
            **_stated(one.profile),
        }
        audit.record(session, AuditEvent.VALUES_LEFT_OUT, now=now, study=study.pseudonym, **details)
    asked = (WHOSE + "; ".join(built.questions),) if built.questions else ()
    if reasons := (*asked, *built.problems):
        ask_person(session, study, "; ".join(reasons), now=now)


def _record(
    session: Session,
    job: ClaimedJob,
    inputs: _Inputs,
    stored: Sequence[tuple[Built, str, str]],
    goes_to: Callable[[Document], Iterable[str]],
    now: datetime,
) -> None:
    queue.finish(session, job, now=now)
    for document, path, sha256 in stored:
        row = _document_row(document, job, inputs, path, sha256, now)
        session.add(row)
        session.flush()
        audit.record(
            session,
            AuditEvent.DOCUMENT_BUILT,
            now=now,
            study=inputs.study.pseudonym,
            document=row.id,
            template=row.template,
            sop_instance_uid=row.sop_instance_uid,
            sha256=sha256,
            **_stated(row.profile),
        )
        for destination in goes_to(row):
            create_delivery(session, row, destination, now=now)


def _goes_to(destinations: Sequence[Destination], replaced: Supersession) -> Callable[[Document], Iterable[str]]:
    """The destinations of a document: those that take its template in its profile, of a rejection note the one it is for."""
    notes = {str(note.document.dataset.SOPInstanceUID): note.destination for note in replaced.notes}

    def names(row: Document) -> Iterable[str]:
        if row.sop_instance_uid in notes:
            return (notes[row.sop_instance_uid],)
        asked = {one.name: {(each.template, each.profile.key()) for each in wanted_by(one)} for one in destinations}
        return tuple(name for name, wanted in asked.items() if (row.template, row.profile) in wanted)

    return names


def _record_failed(session: Session, job: ClaimedJob, inputs: _Inputs, failed: Sequence[FailedTemplate], now: datetime) -> None:
    for one in failed:
        key = {"analysis_id": job.subject_id, "template": one.template, "profile": one.profile}
        row = session.scalar(select(FailedDocument).filter_by(**key))
        if row is None:
            row = FailedDocument(study_id=inputs.study.id, **key)
            session.add(row)
        row.reason, row.created_at = one.reason, now
        details = {"template": one.template, "reason": one.reason, **_stated(one.profile)}
        audit.record(session, AuditEvent.DOCUMENT_FAILED, now=now, study=inputs.study.pseudonym, **details)


def _stated(profile: str) -> dict[str, str]:
    """For the audit trail, where the profile is not the default."""
    return {"profile": profile} if profile else {}


def _document_row(document: Built, job: ClaimedJob, inputs: _Inputs, path: str, sha256: str, now: datetime) -> Document:
    return Document(
        analysis_id=job.subject_id,
        study_id=inputs.study.id,
        template=document.template,
        part=document.part,
        profile=document.profile,
        **object_names(document),
        path=path,
        sha256=sha256,
        created_at=now,
    )
