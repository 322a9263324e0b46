"""What is in quarantine: objects that nobody could parse, and so without a study; said where studies are listed."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from node.db.tables import Instance, Receipt

STATE = Receipt.QUARANTINED.value
_REASONS = 3  # of one sender; the audit trail has them all


def quarantine_rows(session: Session) -> list[dict[str, Any]]:
    """One row a sender, in the form of a study's, the last to send first. No patient data: reasons speak of the encoding."""
    newest = func.max(Instance.received_at).label("newest")
    query = select(Instance.calling_aet, Instance.note, func.count(), newest)
    query = query.where(Instance.study_id.is_(None), Instance.receipt == STATE)
    found = session.execute(query.group_by(Instance.calling_aet, Instance.note).order_by(newest.desc())).all()
    rows = []
    for sender in dict.fromkeys(aet for aet, *_ in found):
        of_sender = [(note or "no reason stated", count, at) for aet, note, count, at in found if aet == sender]
        objects = sum(count for _, count, _ in of_sender)
        words = [note for note, *_ in of_sender[:_REASONS]]
        if len(of_sender) > _REASONS:
            words.append(f"{len(of_sender) - _REASONS} further reasons")
        rows.append(
            {
                "study": None,
                "state": STATE,
                "from": sender,
                "last arrival": max(at for *_, at in of_sender),
                "needs a person": True,
                "objects": objects,
                "reason": f"{_counted(objects)} in quarantine: {'; '.join(words)}",
            }
        )
    return rows


def quarantine_note(session: Session) -> str:
    """For a person who looks for a study that is not there; "" where nothing is in quarantine."""
    objects = sum(row["objects"] for row in quarantine_rows(session))
    return f"; {_counted(objects)} in quarantine, see `studies list`" if objects else ""


def _counted(objects: int) -> str:
    return "1 object is" if objects == 1 else f"{objects} objects are"
