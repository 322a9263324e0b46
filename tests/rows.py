"""Rows that tests of the database start from."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db.session import Database
from node.db.tables import Analysis, AuditEntry, Delivery, DeliveryState, Document, Study, StudyState

NOW = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


def add_study(session: Session, number: int = 1, state: StudyState = StudyState.RECEIVING) -> Study:
    study = Study(
        study_instance_uid=f"2.25.{number}",
        pseudonym=f"study-{number}",
        state=state.value,
        opened_at=NOW,
        last_arrival_at=NOW,
        quiet_s=60,
        source_rule="test",
        calling_aet="CART",
    )
    session.add(study)
    session.flush()
    return study


def add_deliveries(session: Session, study_id: int, *states: DeliveryState) -> list[Delivery]:
    """One analysis with one document and its delivery to as many destinations, in these states."""
    analysis = Analysis(
        analysis_uuid=f"analysis-{study_id}", study_id=study_id, revision=1, findings={}, started_at=NOW, finished_at=NOW
    )
    session.add(analysis)
    session.flush()
    document = Document(
        analysis_id=analysis.id, study_id=study_id, template="seg", sop_class_uid="1", sop_instance_uid=f"2.{study_id}",
        series_instance_uid="3", modality="SEG", path="p", sha256="0", created_at=NOW,
    )  # fmt: skip
    deliveries = [
        Delivery(document=document, destination=f"pacs-{number}", state=state.value, created_at=NOW)
        for number, state in enumerate(states)
    ]
    session.add_all(deliveries)
    session.flush()
    return deliveries


def audited(database: Database) -> list[str]:
    """The events so far, in order."""
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.event).order_by(AuditEntry.id)))
