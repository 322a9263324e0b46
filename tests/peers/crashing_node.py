"""A node that ends by SIGKILL at the commit that carries a given audit event: `before` it, or right `after` it. `event:n` means
its n-th occurrence. Its receivers kill it at the same event, where the commit is theirs.

Every commit boundary of a study's way writes an audit entry in its transaction, so the event names the boundary; the product
itself knows nothing of this.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from node import app
from node.db import audit
from node.db.audit import AuditEvent
from node.db.tables import AuditEntry
from node.ingress import receivers
from node.settings import load_settings


def kill_at(audit_event: str, when: str, kill: Callable[[], None]) -> None:
    """Marks the connection that flushed or inserted the entry; its COMMIT is the boundary (savepoints inside it are not)."""
    name, _, number = audit_event.partition(":")
    countdown = iter(range(int(number or 1) - 1, -1, -1))

    def mark(session: Session, context: UOWTransaction) -> None:
        for row in session.new:
            if isinstance(row, AuditEntry) and row.event == name and next(countdown, None) == 0:
                session.connection().info["fatal"] = True

    record_all = audit.record_all

    def mark_many(session: Session, audit_event: AuditEvent, entries: Sequence[Any]) -> None:
        record_all(session, audit_event, entries)
        if audit_event.value == name and any(next(countdown, None) == 0 for _ in entries):
            session.connection().info["fatal"] = True

    def before_commit(connection: Connection) -> None:
        if connection.info.get("fatal"):
            kill()

    def after_commit(_dbapi_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.get("fatal"):
            kill()

    audit.record_all = mark_many
    event.listen(Session, "after_flush", mark)
    if when == "before":
        event.listen(Engine, "commit", before_commit)
    else:
        event.listen(Pool, "checkin", after_commit)  # a connection goes back to the pool right after its COMMIT


if __name__ == "__main__":
    kill_at(sys.argv[1], sys.argv[2], lambda: os.kill(os.getpid(), signal.SIGKILL))
    receivers.COMMAND = (sys.executable, "-m", "tests.peers.crashing_receiver", sys.argv[1], sys.argv[2])
    app.serve(load_settings(Path(sys.argv[3])), lambda port: typer.echo(f"ready 127.0.0.1:{port}"))
