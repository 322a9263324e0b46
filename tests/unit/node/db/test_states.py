"""The transition tables: every listed move happens and is audited, every other one is refused and changes nothing."""

import itertools
from enum import StrEnum

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import states
from node.db.audit import AuditEvent
from node.db.session import Database
from node.db.states import DELIVERY, JOB, MACHINES, STUDY, move
from node.db.tables import (
    Analysis,
    AuditEntry,
    Delivery,
    DeliveryState,
    Document,
    Job,
    JobKind,
    JobState,
    Study,
    StudyState,
)
from node.errors import InvalidTransition
from tests.rows import NOW, add_study, audited

LISTED = [(row, state, event) for row, machine in MACHINES.items() for state, event in machine.table]
EVENTS = {row: sorted({event for _, event in machine.table}) for row, machine in MACHINES.items()}
UNLISTED = [
    (row, state, event)
    for row, machine in MACHINES.items()
    for state, event in itertools.product(machine.states, EVENTS[row])
    if (state, event) not in machine.table
]


def _add(session: Session, kind: type, state: StrEnum) -> Study | Delivery | Job:
    study = add_study(session, state=state if kind is Study else StudyState.COMPLETE)  # type: ignore[arg-type]
    if kind is Study:
        return study
    if kind is Job:
        row: Job | Delivery = Job(
            kind=JobKind.ANALYSE_STUDY.value, subject="study 1", subject_id=study.id, study_id=study.id, state=state.value,
            run_at=NOW, created_at=NOW,
        )  # fmt: skip
    else:
        row = Delivery(document=_document(session, study), destination="pacs", state=state.value, created_at=NOW)
    session.add(row)
    session.flush()
    return row


def _document(session: Session, study: Study) -> Document:
    analysis = Analysis(
        analysis_uuid="a", study_id=study.id, revision=1, findings={}, started_at=NOW, finished_at=NOW
    )  # fmt: skip
    session.add(analysis)
    session.flush()
    return Document(
        analysis_id=analysis.id, study_id=study.id, template="seg", sop_class_uid="1", sop_instance_uid="2",
        series_instance_uid="3", modality="SEG", path="documents/x.dcm", sha256="0", created_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "state", "event"), LISTED)
def test_a_listed_move_happens_and_is_audited(database: Database, kind: type, state: StrEnum, event: AuditEvent) -> None:
    def change(session: Session) -> str:
        row = _add(session, kind, state)
        move(session, row, event, now=NOW, reason="because")
        return row.state

    machine = MACHINES[kind]
    assert database.write(change) == machine.table[state, event]
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.event, entry.study) == (event.value, "study-1")
    assert entry.details == {"reason": "because"} | ({} if kind is Study else {machine.name: 1})


@pytest.mark.parametrize(("kind", "state", "event"), UNLISTED)
def test_any_other_move_is_refused(database: Database, kind: type, state: StrEnum, event: AuditEvent) -> None:
    def change(session: Session) -> str:
        row = _add(session, kind, state)
        with pytest.raises(InvalidTransition):
            move(session, row, event, now=NOW)
        return row.state

    assert database.write(change) == state.value
    assert audited(database) == []


def test_the_tables_are_those_of_the_design() -> None:
    """Each state can be left and reached as the design says; a lost row would otherwise only shrink the tests above."""
    assert {(str(a), str(b)) for (a, _), b in STUDY.items()} == {
        ("receiving", "complete"), ("complete", "analysed"), ("complete", "failed"), ("complete", "receiving"),
        ("analysed", "receiving"), ("failed", "receiving"), ("analysed", "complete"), ("failed", "complete"),
    }  # fmt: skip
    assert {(str(a), str(b)) for (a, _), b in DELIVERY.items()} == {
        ("pending", "sending"), ("pending", "expired"), ("sending", "accepted"), ("sending", "accepted_with_warning"),
        ("sending", "refused"), ("sending", "expired"), ("sending", "pending"), ("refused", "pending"),
        ("expired", "pending"), ("pending", "superseded"), ("sending", "superseded"),
    }  # fmt: skip
    assert {(str(a), str(b)) for (a, _), b in JOB.items()} == {
        ("todo", "doing"), ("todo", "done"), ("doing", "done"), ("doing", "todo"), ("doing", "failed"), ("doing", "dead"),
    }  # fmt: skip


@pytest.mark.parametrize("final", [*(state for state in JobState if state not in (JobState.TODO, JobState.DOING))])
def test_a_job_that_has_ended_stays_ended(final: JobState) -> None:
    assert not [event for state, event in JOB if state == final]


@pytest.mark.parametrize("final", [DeliveryState.ACCEPTED, DeliveryState.ACCEPTED_WITH_WARNING, DeliveryState.SUPERSEDED])
def test_a_delivery_that_has_ended_stays_ended(final: DeliveryState) -> None:
    assert not [event for state, event in DELIVERY if state == final]


def test_no_pseudonym_without_a_study(database: Database) -> None:
    job = Job(kind="deliver", subject="delivery 1", subject_id=1, study_id=None)
    with database.reading() as session:
        assert states.pseudonym_of(session, job) is None
