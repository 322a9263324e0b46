"""The three state machines as tables, and the one function that moves a row. Nothing else sets a state column.

Every transition is an audit event and writes its entry; a pair that is not listed raises InvalidTransition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import audit
from node.db.audit import AuditEvent
from node.db.tables import Delivery, DeliveryState, Job, JobState, Study, StudyState
from node.errors import InvalidTransition

_E = AuditEvent
_S, _D, _J = StudyState, DeliveryState, JobState

STUDY: Mapping[tuple[StudyState, AuditEvent], StudyState] = {
    (_S.RECEIVING, _E.STUDY_CLOSED): _S.COMPLETE,
    (_S.COMPLETE, _E.STUDY_ANALYSED): _S.ANALYSED,
    (_S.COMPLETE, _E.STUDY_FAILED): _S.FAILED,
    (_S.COMPLETE, _E.STUDY_REOPENED): _S.RECEIVING,
    (_S.ANALYSED, _E.STUDY_REOPENED): _S.RECEIVING,
    (_S.FAILED, _E.STUDY_REOPENED): _S.RECEIVING,
    (_S.ANALYSED, _E.STUDY_REANALYSE): _S.COMPLETE,
    (_S.FAILED, _E.STUDY_REANALYSE): _S.COMPLETE,
}

DELIVERY: Mapping[tuple[DeliveryState, AuditEvent], DeliveryState] = {
    (_D.PENDING, _E.DELIVERY_STARTED): _D.SENDING,
    (_D.PENDING, _E.DELIVERY_EXPIRED): _D.EXPIRED,
    (_D.PENDING, _E.DELIVERY_SUPERSEDED): _D.SUPERSEDED,
    (_D.SENDING, _E.DELIVERY_ACCEPTED): _D.ACCEPTED,
    (_D.SENDING, _E.DELIVERY_ACCEPTED_WITH_WARNING): _D.ACCEPTED_WITH_WARNING,
    (_D.SENDING, _E.DELIVERY_POSTPONED): _D.PENDING,
    (_D.SENDING, _E.DELIVERY_REFUSED): _D.REFUSED,
    (_D.SENDING, _E.DELIVERY_EXPIRED): _D.EXPIRED,
    (_D.SENDING, _E.DELIVERY_SUPERSEDED): _D.SUPERSEDED,
    (_D.REFUSED, _E.DELIVERY_REOPENED): _D.PENDING,
    (_D.EXPIRED, _E.DELIVERY_REOPENED): _D.PENDING,
}

JOB: Mapping[tuple[JobState, AuditEvent], JobState] = {
    (_J.TODO, _E.JOB_CLAIMED): _J.DOING,
    (_J.TODO, _E.JOB_SUPERSEDED): _J.DONE,
    (_J.DOING, _E.JOB_DONE): _J.DONE,
    (_J.DOING, _E.JOB_RETRIED): _J.TODO,
    (_J.DOING, _E.JOB_LEASE_LOST): _J.TODO,
    (_J.DOING, _E.JOB_SUPERSEDED): _J.DONE,
    (_J.DOING, _E.JOB_FAILED): _J.FAILED,
    (_J.DOING, _E.JOB_DEAD): _J.DEAD,
}


@dataclass(frozen=True)
class Machine:
    name: str
    states: type[StrEnum]
    table: Mapping[Any, StrEnum]


MACHINES: Mapping[type, Machine] = {
    Study: Machine("study", StudyState, STUDY),
    Delivery: Machine("delivery", DeliveryState, DELIVERY),
    Job: Machine("job", JobState, JOB),
}


def move(session: Session, row: Study | Delivery | Job, event: AuditEvent, *, now: datetime, **details: Any) -> None:
    """Move `row` by `event` and record it; `details` go into the audit entry and hold no patient data.

    Raises InvalidTransition when the row's state has no such event.
    """
    machine = MACHINES[type(row)]
    target = machine.table.get((machine.states(row.state), event))
    if target is None:
        raise InvalidTransition(f"{machine.name} {row.id}: no {event.value} in state {row.state}")
    row.state = target.value
    if not isinstance(row, Study):
        details = {machine.name: row.id, **details}
    audit.record(session, event, now=now, study=pseudonym_of(session, row), **details)


def pseudonym_of(session: Session, row: Study | Delivery | Job) -> str | None:
    """The pseudonym of the study that `row` belongs to."""
    if isinstance(row, Study):
        return row.pseudonym
    study_id = row.document.study_id if isinstance(row, Delivery) else row.study_id
    return session.get_one(Study, study_id).pseudonym if study_id is not None else None


def lock_study(session: Session, study_id: int | None) -> None:
    """Intake locks a study and then its jobs: everybody does so in this order, or PostgreSQL would end one of two."""
    if study_id is not None:
        session.execute(select(Study.id).where(Study.id == study_id).with_for_update())
