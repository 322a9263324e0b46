"""Plain new instances of parallel associations, made durable and remembered together: one sync, one transaction for all.

Whatever is not plain (a UID seen before, an odd header, a file that is there already) goes the way of `intake.take_instance`,
as does everything of a group that failed: one instance never takes others along. Success is told after the commit alone.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from node.db.identity import node_identity
from node.db.session import Database
from node.db.tables import NodeIdentity, Receipt
from node.ingress.arrival import WITHOUT_BYTES, Arrival, Intake
from node.ingress.group_rows import remember_new
from node.ingress.intake import discard_unless_kept, plain_intake, take_instance
from node.settings import Settings
from node.study.archive import Archive, object_path

_LARGEST_GROUP = 64
# One commit for eight costs little more than one for one, so a group waits a moment for half of those who are sending now: the
# other half is received meanwhile.
_LINGER_S = 0.005
_SENDING_S = 0.5  # since its last instance an association counts as sending


@dataclass
class _Waiting:
    """`outcome` is STORED, or None: it is not plain after all."""

    intake: Intake
    outcome: Future[Receipt | None] = field(default_factory=Future)


class GroupIntake:
    """`take` may be called by any number of threads; each waits for its own instance alone."""

    def __init__(self, database: Database, archive: Archive, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._database, self._archive, self._settings, self._clock = database, archive, settings, clock
        self._identity: NodeIdentity | None = None  # never changes
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._last_sent_s: dict[str, float] = {}  # by association
        self._thread = threading.Thread(target=self._run, name="group-intake", daemon=True)
        self._thread.start()

    def take(self, arrival: Arrival) -> Receipt:
        """Its effects are on disk and committed when this returns; the temporary file is gone either way. IntakeError."""
        now = self._clock()
        self._last_sent_s[arrival.association_uuid] = time.monotonic()
        intake = plain_intake(self._database, self._archive, arrival, self._settings, now=now)
        try:
            if intake is not None:
                waiting = _Waiting(intake)
                self._queue.put(waiting)
                stored = waiting.outcome.result()
                if stored is not None:
                    return stored
            receipt = take_instance(self._database, self._archive, arrival, self._settings, now=now)
        finally:
            arrival.path.unlink(missing_ok=True)
        if intake is not None and receipt in WITHOUT_BYTES:
            discard_unless_kept(intake, object_path(intake.sha256))
        return receipt

    def close(self) -> None:
        """What was handed in is finished first."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, is_last = self._group(first)
            self._take_together(group)
            if is_last:
                return

    def _group(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What is there already; a moment is waited for more where others are sending."""
        group, target = [first], self._senders() // 2
        until = time.monotonic() + _LINGER_S
        while len(group) < _LARGEST_GROUP:
            left_s = until - time.monotonic() if len(group) < target else 0.0
            try:
                waiting = self._queue.get(timeout=left_s) if left_s > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return group, True
            group.append(waiting)
        return group, False

    def _senders(self) -> int:
        """How many associations are sending; those that are not any more are forgotten."""
        long_ago = time.monotonic() - _SENDING_S
        for association, last_s in list(self._last_sent_s.items()):
            if last_s < long_ago:
                self._last_sent_s.pop(association, None)
        return len(self._last_sent_s)

    def _take_together(self, group: Sequence[_Waiting]) -> None:
        stored: set[str] = set()
        try:
            stored = self._store([waiting.intake for waiting in group])
        except (OSError, SQLAlchemyError):
            pass  # each again by itself, where its own error is told
        except BaseException as error:  # noqa: BLE001  handed to those who wait in other threads
            for waiting in group:
                waiting.outcome.set_exception(error)
            return
        for waiting in group:
            is_stored = waiting.intake.arrival.path.name in stored
            waiting.outcome.set_result(Receipt.STORED if is_stored else None)

    def _store(self, group: list[Intake]) -> set[str]:
        """The names of the temporary files whose instances were stored."""
        linked: dict[str, Intake] = {}
        for intake in group:
            uid = intake.arrival.sop_instance_uid
            if uid not in linked and (path := self._archive.link(intake.arrival.path, intake.sha256)) is not None:
                linked[uid] = replace(intake, path=path)
        if not linked:
            return set()
        self._archive.sync_objects([intake.sha256 for intake in linked.values()])
        if self._identity is None:
            self._identity = self._database.write(lambda session: node_identity(session, now=self._clock()))
        identity = self._identity
        new = self._database.write(lambda session: remember_new(session, list(linked.values()), identity))
        return {intake.arrival.path.name for intake in new}
