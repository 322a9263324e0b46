"""Plain new instances of parallel associations, made durable and remembered together: one sync, one transaction for all.

Whatever is not plain (a UID seen before, an odd header, a file that is there already) goes the way of `intake.take_instance`,
as does everything of a group that failed: one instance never takes others along. Success is told after the commit alone.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from node.db.identity import node_identity
from node.db.session import Database
from node.db.tables import NodeIdentity, Receipt
from node.errors import OutOfResources
from node.ingress.arrival import WITHOUT_BYTES, Arrival, Intake
from node.ingress.group_rows import remember_new
from node.ingress.intake import discard_unless_kept, plain_intake, take_instance
from node.settings import Settings
from node.study.archive import Archive, object_path

_Synced = queue.SimpleQueue[BaseException | None]  # the word of the thread that syncs to the one that writes rows

_LARGEST_GROUP = 64
# One commit for eight costs little more than one for one, so a group waits a moment for half of those who are sending now: the
# other half is received meanwhile.
_LINGER_S = 0.005
_SENDING_S = 0.5  # since its last instance an association counts as sending


class _Waiting:
    """One instance of a group, and the word that its sender's thread waits for: STORED, or None: it is not plain after all."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self._is_told = intake, False
        self._word: queue.SimpleQueue[Receipt | BaseException | None] = queue.SimpleQueue()  # lighter than a Future

    def tell(self, word: Receipt | BaseException | None) -> None:
        """The first word counts."""
        if not self._is_told:
            self._is_told = True
            self._word.put(word)

    def wait(self) -> Receipt | None:
        word = self._word.get()
        if isinstance(word, BaseException):
            raise word
        return word


class GroupIntake:
    """`take` may be called by any number of threads; each waits for its own instance alone.

    Two threads work side by side: while the files of a group are synced its rows are written, and committed when the files are
    durable.
    """

    def __init__(self, database: Database, archive: Archive, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._database, self._archive, self._settings, self._clock = database, archive, settings, clock
        self._identity: NodeIdentity | None = None  # never changes
        self._received: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._linked: queue.SimpleQueue[tuple[list[_Waiting], _Synced] | None] = queue.SimpleQueue()
        self._last_sent_s: dict[str, float] = {}  # by association
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("files", self._sync_files), ("rows", self._write_rows))
        ]
        for thread in self._threads:
            thread.start()

    def take(self, arrival: Arrival) -> Receipt:
        """Its effects are on disk and committed when this returns; the temporary file is gone either way. IntakeError."""
        now = self._clock()
        self._last_sent_s[arrival.association_uuid] = time.monotonic()
        intake = plain_intake(self._database, self._archive, arrival, self._settings, now=now)
        try:
            if intake is not None:
                waiting = _Waiting(intake)
                self._received.put(waiting)
                stored = waiting.wait()
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
        self._received.put(None)
        for thread in self._threads:
            thread.join()

    def _sync_files(self) -> None:
        while (first := self._received.get()) is not None:
            group, is_last = self._group(first)
            with _told(group):
                self._sync(self._link(group))
            if is_last:
                break
        self._linked.put(None)

    def _group(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What is there already; a moment is waited for more where others are sending."""
        group, target = [first], self._senders() // 2
        until = time.monotonic() + _LINGER_S
        while len(group) < _LARGEST_GROUP:
            left_s = until - time.monotonic() if len(group) < target else 0.0
            try:
                waiting = self._received.get(timeout=left_s) if left_s > 0 else self._received.get_nowait()
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

    def _link(self, group: list[_Waiting]) -> list[_Waiting]:
        """Those whose files have their names; of the others it is told that they are not plain."""
        linked: dict[str, _Waiting] = {}
        for waiting in group:
            arrival = waiting.intake.arrival
            uid = arrival.sop_instance_uid
            path = None if uid in linked else self._archive.link(arrival.path, waiting.intake.sha256)
            if path is None:
                waiting.tell(None)
            else:
                waiting.intake = replace(waiting.intake, path=path)
                linked[uid] = waiting
        return list(linked.values())

    def _sync(self, linked: list[_Waiting]) -> None:
        """Make their files durable, and say so to those who write their rows meanwhile."""
        if not linked:
            return
        synced = _Synced()
        self._linked.put((linked, synced))
        try:
            self._archive.sync_objects([waiting.intake.sha256 for waiting in linked])
        except OSError as error:  # told once of a lost write: these bytes must not be tried again, the sender's copy may
            synced.put(OutOfResources(f"the archive cannot be synced: {type(error).__name__}"))
        except BaseException as error:  # noqa: BLE001  raised where the rows are written
            synced.put(error)
        else:
            synced.put(None)

    def _write_rows(self) -> None:
        is_last = False
        while not is_last and (first := self._linked.get()) is not None:
            groups = [first]
            while not self._linked.empty():
                more = self._linked.get()
                if more is None:
                    is_last = True
                    break
                groups.append(more)
            waiting = [waiting for group, _ in groups for waiting in group]
            with _told(waiting):
                self._remember(waiting, [synced for _, synced in groups])

    def _remember(self, group: list[_Waiting], syncing: list[_Synced]) -> None:
        by_uid = {
            waiting.intake.arrival.sop_instance_uid: waiting for waiting in group
        }  # of twins the last: the others go alone
        if self._identity is None:
            self._identity = self._database.write(lambda session: node_identity(session, now=self._clock()))
        identity, intakes = self._identity, [waiting.intake for waiting in by_uid.values()]

        def remember_durable(session: Session) -> list[Intake]:
            new = remember_new(session, intakes, identity)
            for synced in syncing:
                error = synced.get()
                if error is not None:
                    raise error
            return new

        new = {id(intake) for intake in self._database.write(remember_durable)}
        for waiting in group:
            waiting.tell(Receipt.STORED if id(waiting.intake) in new else None)


@contextmanager
def _told(group: list[_Waiting]) -> Iterator[None]:
    """Whatever goes wrong reaches everybody who waits: by itself each is told its own error, or stored after all."""
    try:
        yield
    except (OSError, SQLAlchemyError):
        for waiting in group:
            waiting.tell(None)
    except BaseException as error:  # noqa: BLE001  handed to those who wait in other threads
        for waiting in group:
            waiting.tell(error)
