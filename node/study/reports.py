"""Structured reports of others that a study has, and what follows when they are others than its analysis read."""

from collections.abc import Sequence
from datetime import datetime

from pydicom.uid import KeyObjectSelectionDocumentStorage
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import queue
from node.db.tables import Instance, JobKind, Receipt, Study, StudyState
from node.study.rejection import is_rejected

_SR_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
_READ = (Receipt.STORED.value, Receipt.HEADER_CHANGED.value)


def may_be_report(sop_class_uid: str | None) -> bool:
    """By its class: an SR that is no selection of objects. Whether it states anything, its reader says."""
    return (sop_class_uid or "").startswith(_SR_CLASSES) and sop_class_uid != KeyObjectSelectionDocumentStorage


def report_rows(session: Session, study_id: int) -> Sequence[Instance]:
    """Those that nobody rejected, in order of arrival."""
    reports = Instance.study_id == study_id, Instance.sop_class_uid.startswith(_SR_CLASSES), Instance.path.is_not(None)
    query = select(Instance).where(*reports, Instance.receipt.in_(_READ), ~is_rejected()).order_by(Instance.id)
    return [row for row in session.scalars(query) if may_be_report(row.sop_class_uid)]


def reports_changed(session: Session, study: Study, *, now: datetime, max_attempts: int = 3) -> None:
    """One came or was rejected. Before its analysis a study needs no word of it; after, they are read again by themselves,
    when the study is quiet: a cart sends several.
    """
    if study.state == StudyState.ANALYSED:
        queue.enqueue(
            session,
            JobKind.READ_REPORTS,
            study.id,
            study_id=study.id,
            revision=study.revision,
            now=now,
            max_attempts=max_attempts,
            delay_s=study.quiet_s,
        )
