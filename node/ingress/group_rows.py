"""The rows of a group of plain new instances, in a handful of statements built once: the receiver's hot path in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Row, bindparam, case, insert, select, union_all, update
from sqlalchemy.orm import Session

from node.db import audit
from node.db.audit import AuditEvent
from node.db.session import insert_all_unless_there
from node.db.tables import Document, Instance, NodeIdentity, Receipt, ReceivingAssociation, Rejection, Study, StudyState
from node.ingress.arrival import Intake, instance_row, intake_details, source_of
from node.study import assembly

_STUDIES = (
    select(Study.id, Study.study_instance_uid, Study.pseudonym, Study.state)
    .where(Study.study_instance_uid.in_(bindparam("uids", expanding=True)))
    .order_by(Study.id)  # several receivers lock in one order
    .with_for_update()
)
_KNOWN: CompoundSelect[Any] = union_all(
    select(Instance.sop_instance_uid).where(
        Instance.sop_instance_uid.in_(bindparam("uids", expanding=True)), Instance.path.is_not(None)
    ),
    select(Document.sop_instance_uid).where(Document.sop_instance_uid.in_(bindparam("uids", expanding=True))),
    select(Rejection.sop_instance_uid).where(Rejection.sop_instance_uid.in_(bindparam("uids", expanding=True))),
)
_ARRIVED = (
    update(Study)
    .where(Study.id == bindparam("study"))
    .values(
        last_arrival_at=bindparam("now"),
        quiet_s=case((Study.quiet_s < bindparam("quiet_s"), bindparam("quiet_s")), else_=Study.quiet_s),
    )
)
_INSTANCES = insert(Instance)


def remember_new(session: Session, intakes: Sequence[Intake], identity: NodeIdentity) -> list[Intake]:
    """Rows, studies and audit entries of plain instances that are linked and durable; returns those that are new indeed.

    A study that is not receiving is left to `intake.take_instance`: its instances are not among those returned.
    """
    studies = _receiving_studies(session, intakes)
    uids = [intake.arrival.sop_instance_uid for intake in intakes]
    known = set(session.connection().execute(_KNOWN, {"uids": uids}).scalars())
    new = [
        intake for intake in intakes if intake.study_instance_uid in studies and intake.arrival.sop_instance_uid not in known
    ]
    if new:
        _insert(session, new, studies, identity)
    return new


def _receiving_studies(session: Session, intakes: Sequence[Intake]) -> dict[str, Row[int, str, str, str]]:
    """Study Instance UID -> id, pseudonym, state; made where they are new."""
    first = {intake.study_instance_uid: intake for intake in reversed(intakes)}
    rows = {row.study_instance_uid: row for row in session.connection().execute(_STUDIES, {"uids": list(first)})}
    missing = sorted(set(first) - set(rows))
    for uid in missing:
        assembly.open_study(session, uid, source_of(first[uid]), now=first[uid].now)
    if missing:
        session.flush()
        rows |= {row.study_instance_uid: row for row in session.connection().execute(_STUDIES, {"uids": missing})}
    return {uid: row for uid, row in rows.items() if row.state == StudyState.RECEIVING}


def _insert(
    session: Session, new: Sequence[Intake], studies: dict[str, Row[int, str, str, str]], identity: NodeIdentity
) -> None:
    connection = session.connection()
    rows, entries = [], []
    arrivals: dict[int, dict[str, Any]] = {}
    senders: set[tuple[str, int]] = set()
    for intake in new:
        study = studies[intake.study_instance_uid]
        note = "; ".join(intake.content.tolerated) if intake.content else ""
        row = instance_row(intake, Receipt.STORED, identity, study_id=study.id, note=note)
        rows.append(row)
        entries.append((intake.now, study.pseudonym, intake_details(intake, note)))
        senders.add((intake.arrival.association_uuid, study.id))
        if row["analysable"]:
            quiet_s = max(source_of(intake).quiet_s, arrivals.get(study.id, {}).get("quiet_s", 0.0))
            arrivals[study.id] = {"study": study.id, "now": intake.now, "quiet_s": quiet_s}
    connection.execute(_INSTANCES, rows)
    audit.record_all(session, AuditEvent.INSTANCE_STORED, entries)
    if arrivals:
        connection.execute(_ARRIVED, list(arrivals.values()))
    values = [{"association_uuid": uuid, "study_id": study_id} for uuid, study_id in sorted(senders)]
    insert_all_unless_there(session, ReceivingAssociation, values)
