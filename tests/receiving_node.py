"""The receiving half of a node: SCP, archive and database, without worker or timers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from node.db.tables import AuditEntry, Instance, ReceivingAssociation
from node.ingress.receiver import Receiver, listen
from node.settings import Settings
from node.study.archive import Archive
from tests.arrivals import settings as default_settings
from tests.migrated_database import database_of
from tests.waiting import wait_for


def utc_now() -> datetime:
    return datetime.now(UTC)


class ReceivingNode:
    def __init__(self, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.archive = Archive(settings.archive_dir)
        self.database = database_of(settings)
        listening = listen(settings.node)
        self.port = int(listening.getsockname()[1])
        self.receiver = Receiver(listening, self.database, self.archive, settings, clock)
        self.receiver.start()

    def stop(self) -> None:
        self.receiver.stop()
        self.database.close()

    @property
    def instances(self) -> list[Instance]:
        with self.database.reading() as session:
            return list(session.scalars(select(Instance).order_by(Instance.id)))

    @property
    def receipts(self) -> list[str]:
        return [instance.receipt for instance in self.instances]

    def file_of(self, instance: Instance) -> Path:
        return self.archive.path(str(instance.path))

    def audited(self, event: str) -> list[dict[str, Any]]:
        with self.database.reading() as session:
            query = select(AuditEntry).where(AuditEntry.event == event).order_by(AuditEntry.id)
            return [entry.details for entry in session.scalars(query)]

    def somebody_sends(self) -> bool:
        with self.database.reading() as session:
            return session.scalars(select(ReceivingAssociation)).first() is not None

    def wait_until_nobody_sends(self) -> None:
        """Every association is over and has left nothing behind."""
        wait_for(lambda: not self.somebody_sends(), message="the end of every association to be recorded")
        wait_for(lambda: not list(self.archive.incoming.iterdir()), message="the temporary files to go")


@contextmanager
def receiving_node(data_dir: Path, settings: Settings | None = None) -> Iterator[ReceivingNode]:
    node = ReceivingNode(settings or default_settings(data_dir))
    try:
        yield node
    finally:
        node.stop()
