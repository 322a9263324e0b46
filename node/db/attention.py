"""A study that a person has to look at, and why: said where the study is listed, and in the audit trail."""

from datetime import datetime

from sqlalchemy.orm import Session

from node.db import audit
from node.db.audit import AuditEvent
from node.db.tables import Study

WITHHELD = "documents withheld: "
NOT_BUILT = " not built: "
WHOSE = "look whose documents these are: "


def ask_person(session: Session, study: Study, reason: str, *, now: datetime) -> None:
    """`reason` holds no patient data. The newest stands."""
    study.needs_person, study.person_reason = True, reason
    audit.record(session, AuditEvent.STUDY_NEEDS_PERSON, now=now, study=study.pseudonym, reason=reason)


def documents_let_out(study: Study) -> None:
    """What withheld them, kept them from being built or was asked of them is settled; any other reason to look stays."""
    reason = study.person_reason or ""
    if reason.startswith((WITHHELD, WHOSE, "DocumentError: ")) or NOT_BUILT in reason:
        study.needs_person, study.person_reason = False, None
