"""The documents of earlier revisions of a study: who has them, and which of them a new one names as its predecessor."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.results import StudyFindings
from node.db.tables import Analysis, Delivery, Document, Rejection
from node.egress.building import WantedDocument
from node.egress.outcomes import STORED
from node.egress.tools import EgressTools
from node.objects.findings_json import load_findings
from sr_templates.identity import PredecessorReference
from sr_templates.rejection_note import KIND


@dataclass(frozen=True)
class EarlierDocument:
    """`taken_by` are the destinations that have it, `rejected_at` those of them that were told to hide it already."""

    row: Document
    analysis: Analysis
    taken_by: frozenset[str]
    rejected_at: frozenset[str]


def earlier_documents(session: Session, analysis: Analysis) -> tuple[EarlierDocument, ...]:
    """Those of revisions before this analysis, the newest first; without rejection notes of ours."""
    query = select(Document, Analysis).join(Analysis, Document.analysis_id == Analysis.id)
    query = query.where(Document.study_id == analysis.study_id, Analysis.revision < analysis.revision)
    rows = session.execute(query.where(Document.template != KIND.template).order_by(Analysis.revision.desc(), Document.id))
    return tuple(_earlier(session, row, of) for row, of in rows.all())


def _earlier(session: Session, row: Document, analysis: Analysis) -> EarlierDocument:
    took = select(Delivery.destination).where(Delivery.document_id == row.id, Delivery.state.in_(STORED))
    taken_by = frozenset(session.scalars(took))
    notes = select(Rejection.note_uid).where(Rejection.sop_instance_uid == row.sop_instance_uid, Rejection.lifted_at.is_(None))
    rejected_at: frozenset[str] = frozenset()
    for note_uid in session.scalars(notes):
        note = session.scalar(select(Document).where(Document.sop_instance_uid == note_uid))
        told = select(Delivery.destination).where(Delivery.document_id == note.id) if note is not None else None
        rejected_at |= taken_by if told is None else frozenset(session.scalars(told))
    return EarlierDocument(row, analysis, taken_by, rejected_at)


def predecessors(
    earlier: Sequence[EarlierDocument], wanted: Sequence[WantedDocument], study_instance_uid: str, tools: EgressTools
) -> dict[WantedDocument, PredecessorReference]:
    """The newest earlier document of the same template and profile; where that profile is new, of the same template. Of a
    template with several documents a study none: which of them is replaced by which, nothing says.
    """
    found: dict[WantedDocument, PredecessorReference] = {}
    for one in wanted:
        same_template = [before for before in earlier if before.row.template == one.template and not before.row.part]
        same_profile = [before for before in same_template if before.row.profile == one.profile.key()]
        for before in (*same_profile, *same_template)[:1]:
            found[one] = _reference(before, study_instance_uid, tools)
    return found


def _reference(before: EarlierDocument, study_instance_uid: str, tools: EgressTools) -> PredecessorReference:
    row = before.row
    return PredecessorReference(
        study_instance_uid,
        row.series_instance_uid,
        row.sop_class_uid,
        row.sop_instance_uid,
        before.analysis.revision,
        _findings_of(before.analysis),
        b"" if row.series_instance_uid else _file_of(row, tools),
    )


def _file_of(row: Document, tools: EgressTools) -> bytes:
    """Nothing of one that the archive has lost."""
    try:
        return tools.archive.path(row.path).read_bytes()
    except OSError:
        return b""


def _findings_of(analysis: Analysis) -> StudyFindings | None:
    """None of findings that a node of another version recorded, and this one cannot read."""
    try:
        return load_findings(analysis.findings)
    except ValidationError:
        return None
