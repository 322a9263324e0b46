"""SIGKILL at the commit that carries a given audit event: `before` it, or right `after` it.

`event:n` means the event's n-th occurrence.
Every commit boundary of a study's way writes an audit entry in its transaction, so the event names the boundary; the product
itself knows nothing of this.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from node.db import audit
from node.db.audit import AuditEvent
from node.db.tables import AuditEntry


class Orders:
    """Where this process is to end, as long as `file` says so; as in "study_closed before"."""

    def __init__(self, file: Path) -> None:
        self._file, self._seen = file, 0

    @property
    def now(self) -> tuple[str, str] | None:
        """(boundary, when)"""
        try:
            boundary, when = self._file.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return None
        return boundary, when

    def are_met_by(self, audit_event: str) -> bool:
        """To be asked once for each entry."""
        name, _, number = (self.now or ("", ""))[0].partition(":")
        if name != audit_event:
            return False
        self._seen += 1
        return self._seen == int(number or 1)


def kill_at(orders: Orders, kill: Callable[[], None]) -> None:
    """Marks the connection that flushed or inserted the entry; its COMMIT is the boundary (savepoints inside it are not)."""

    def mark(session: Session, context: UOWTransaction) -> None:
        for row in session.new:
            if isinstance(row, AuditEntry) and orders.are_met_by(row.event):
                session.connection().info["fatal"] = orders.now

    record_all = audit.record_all

    def mark_many(session: Session, audit_event: AuditEvent, entries: Sequence[Any]) -> None:
        record_all(session, audit_event, entries)
        if sum(orders.are_met_by(audit_event.value) for _ in entries):
            session.connection().info["fatal"] = orders.now

    def before_commit(connection: Connection) -> None:
        _, when = connection.info.get("fatal", ("", ""))
        if when == "before":
            kill()

    def after_commit(_dbapi_connection: object, record: ConnectionPoolEntry) -> None:
        _, when = record.info.get("fatal", ("", ""))
        if when == "after":
            kill()

    audit.record_all = mark_many
    event.listen(Session, "after_flush", mark)
    event.listen(Engine, "commit", before_commit)
    event.listen(Pool, "checkin", after_commit)  # a connection goes back to the pool right after its COMMIT
