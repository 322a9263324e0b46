"""One received instance: decided on, made durable, remembered. Only when this returns may the sender forget its copy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import audit
from node.db.audit import AuditEvent
from node.db.identity import node_identity
from node.db.session import Database
from node.db.tables import Document, Instance, NodeIdentity, Receipt, Study
from node.errors import DatasetMismatch, OutOfResources, Unparseable
from node.ingress.arrival import WITHOUT_BYTES, Arrival, Intake, instance_row, intake_details, source_of
from node.ingress.header_scan import scan_content
from node.objects.content_hash import Content, read_content, same_decoded_pixels
from node.settings import Settings
from node.study import assembly
from node.study.archive import Archive
from node.study.assembly import TRIGGER_SOP_CLASSES
from node.study.rejection import rejection_words, rejections_of
from node.study.rejection_notes import take_note
from node.study.reports import may_be_report, reports_changed

NO_PIXELS = "an image class without pixel data"
HEALED = "the file kept before was lost; the bytes received now took its place"
REJECTED = "named by a rejection note, and so not analysed: "
IN_ANOTHER_STUDY = "the same SOP Instance UID stands in another study, too"

_EVENTS = {
    Receipt.STORED: AuditEvent.INSTANCE_STORED,
    Receipt.DUPLICATE: AuditEvent.INSTANCE_DUPLICATE,
    Receipt.CONFLICT: AuditEvent.INSTANCE_CONFLICT,
    Receipt.HEADER_CHANGED: AuditEvent.INSTANCE_HEADER_CHANGED,
    Receipt.QUARANTINED: AuditEvent.INSTANCE_QUARANTINED,
    Receipt.OWN: AuditEvent.OWN_DOCUMENT_RETURNED,
}


@dataclass(frozen=True)
class _Decision:
    """`seen` are the rows it was made from: when another association adds one meanwhile, it is made again.

    `lost` is the row of the same object whose file has gone: the bytes received now take its place. `hashes` are those of
    earlier rows that nobody had needed before.
    """

    receipt: Receipt
    seen: tuple[int, ...] = ()
    note: str = ""
    lost: int | None = None
    hashes: tuple[tuple[int, str, str | None], ...] = ()

    @property
    def takes_bytes(self) -> bool:
        return self.receipt not in WITHOUT_BYTES or self.lost is not None


def take_instance(database: Database, archive: Archive, arrival: Arrival, settings: Settings, *, now: datetime) -> Receipt:
    """Take one instance; its effects are on disk and committed when this returns. The temporary file is gone either way.

    Raises DatasetMismatch (command and data set disagree, no Study Instance UID) and OutOfResources (the disk).
    """
    try:
        return _take(Intake(database, archive, settings, now, arrival, arrival.file.sha256, arrival.file.size_bytes))
    except OSError as error:
        raise OutOfResources(f"the archive cannot be written: {type(error).__name__}") from error
    finally:
        arrival.path.unlink(missing_ok=True)


def _take(intake: Intake) -> Receipt:
    try:
        content = read_content(intake.arrival.path, intake.settings.study.fallback_character_set)
    except Unparseable as error:
        return _quarantine(intake, str(error))
    _check_against_command(intake.arrival, content)
    intake = replace(intake, content=content)
    with intake.database.reading() as session:
        decision = _decide(session, intake, content)
    if decision.takes_bytes:
        intake = replace(intake, path=intake.archive.place(intake.arrival.path, intake.sha256))
    receipt = intake.database.write(lambda session: _remember(session, intake, content, decision))
    if receipt in WITHOUT_BYTES and intake.path is not None:  # a twin on another association was first
        discard_unless_kept(intake, intake.path)
    return receipt


def _check_against_command(arrival: Arrival, content: Content) -> None:
    if content.sop_class_uid != arrival.sop_class_uid:
        raise DatasetMismatch("SOP Class UID differs between command and data set")
    if content.sop_instance_uid != arrival.sop_instance_uid:
        raise DatasetMismatch("SOP Instance UID differs between command and data set")
    if not content.study_instance_uid:
        raise DatasetMismatch("no Study Instance UID")


def _decide(session: Session, intake: Intake, content: Content) -> _Decision:
    if _is_own(session, content):
        return _Decision(Receipt.OWN)
    query = select(Instance).where(Instance.sop_instance_uid == content.sop_instance_uid, Instance.path.is_not(None))
    found = session.scalars(query.order_by(Instance.id)).all()
    seen = tuple(instance.id for instance in found)
    study_id = session.scalar(select(Study.id).where(Study.study_instance_uid == content.study_instance_uid))
    here = [instance for instance in found if instance.study_id == study_id]
    notes = [content.note, *content.tolerated]
    if content.sop_class_uid in TRIGGER_SOP_CLASSES and content.pixel_hash is None and not content.note:
        notes.append(NO_PIXELS)
    if len(here) < len(found):
        notes.append(IN_ANOTHER_STUDY)
    hashes = tuple(hashed for instance in here if (hashed := _hash_now(intake, content, instance)))
    receipt, lost = _compare(intake, content, here) if here else (Receipt.STORED, None)
    if lost is not None:
        notes.append(HEALED)
    return _Decision(receipt, seen, "; ".join(note for note in notes if note), lost, hashes)


def _is_own(session: Session, content: Content) -> bool:
    """One of our documents: its UID stands in the Document table, or it is an SR that names us as its device observer."""
    if session.scalar(select(Document.id).where(Document.sop_instance_uid == content.sop_instance_uid)) is not None:
        return True
    return bool(content.observer_uids) and session.scalar(select(NodeIdentity.device_observer_uid)) in content.observer_uids


def _compare(intake: Intake, content: Content, earlier: Sequence[Instance]) -> tuple[Receipt, int | None]:
    """Against every kept object of this UID in the study: the same again, another header, or other pixels.

    The second value is the row of the same object when its file is lost.
    """
    alike = [instance for instance in earlier if _same_pixels(intake, content, instance)]
    same = [instance for instance in alike if instance.content_hash == content.content_hash]
    if not same:
        return (Receipt.HEADER_CHANGED if alike else Receipt.CONFLICT), None
    whole = any(intake.archive.holds(str(instance.path), instance.size_bytes) for instance in same)
    return Receipt.DUPLICATE, None if whole else same[0].id


def _hash_now(intake: Intake, content: Content, earlier: Instance) -> tuple[int, str, str | None] | None:
    """The hashes of an object that nobody had to compare before; of a lost file only the same bytes can be told."""
    if earlier.content_hash is not None or earlier.path is None:
        return None
    if earlier.sha256 != intake.sha256:
        if not intake.archive.holds(earlier.path, earlier.size_bytes):
            return None
        content = read_content(intake.archive.path(earlier.path), intake.settings.study.fallback_character_set)
    if content.content_hash is None:
        return None
    earlier.content_hash, earlier.pixel_hash = content.content_hash, content.pixel_hash
    return earlier.id, content.content_hash, content.pixel_hash


def _same_pixels(intake: Intake, content: Content, earlier: Instance) -> bool:
    if content.note:  # not read to the pixels: only the same whole is the same
        return earlier.content_hash == content.content_hash
    if earlier.pixel_hash == content.pixel_hash:
        return True
    same_syntax = earlier.transfer_syntax_uid == intake.arrival.transfer_syntax_uid
    if same_syntax or earlier.path is None or earlier.pixel_hash is None or content.pixel_hash is None:
        return False
    # Kept in another transfer syntax: decoded only now, because a UID that arrives twice is rare.
    received = intake.arrival.path if intake.path is None else intake.archive.path(intake.path)
    return same_decoded_pixels(intake.archive.path(earlier.path), received)


def _remember(session: Session, intake: Intake, content: Content, decision: _Decision) -> Receipt:
    """Instance row, study, audit entry: one transaction."""
    if decision.receipt is Receipt.OWN:
        _add_row(session, intake, Receipt.OWN, study=None, note="")
        return Receipt.OWN
    source, now = source_of(intake), intake.now
    study = assembly.open_study(session, content.study_instance_uid, source, now=now)
    query = select(Instance.id).where(Instance.sop_instance_uid == content.sop_instance_uid, Instance.path.is_not(None))
    if tuple(session.scalars(query.order_by(Instance.id))) != decision.seen:
        decision = _decide(session, intake, content)
    for instance_id, content_hash, pixel_hash in decision.hashes:
        earlier = session.get_one(Instance, instance_id)
        earlier.content_hash, earlier.pixel_hash = content_hash, pixel_hash
    if decision.lost is not None and intake.path is not None:
        _point_at_these_bytes(session.get_one(Instance, decision.lost), intake)
    rejected = rejections_of(session, content.study_instance_uid, [content.sop_instance_uid])
    notes = [decision.note, *(REJECTED + rejection_words(codes) for codes in rejected.values())]
    instance = _add_row(session, intake, decision.receipt, study=study, note="; ".join(filter(None, notes)))
    kept = decision.receipt.value in assembly.KEPT
    max_revisions = intake.settings.study.max_revisions
    counts = instance.analysable and kept and not rejected
    assembly.note_arrival(session, study, source, counts=counts, now=now, max_revisions=max_revisions)
    if content.rejection is not None:  # a second time, too: it may have come before the node knew such notes
        take_note(session, content.rejection, content.sop_instance_uid, study, is_new=kept, now=now)
    if kept and not rejected and may_be_report(content.sop_class_uid):
        reports_changed(session, study, now=now, max_attempts=intake.settings.work.max_attempts)
    return decision.receipt


def _point_at_these_bytes(lost: Instance, intake: Intake) -> None:
    lost.path, lost.size_bytes, lost.sha256 = intake.path, intake.size_bytes, intake.sha256
    lost.transfer_syntax_uid = intake.arrival.transfer_syntax_uid


def _add_row(session: Session, intake: Intake, receipt: Receipt, *, study: Study | None, note: str) -> Instance:
    identity = node_identity(session, now=intake.now)
    instance = Instance(**instance_row(intake, receipt, identity, study_id=study.id if study else None, note=note))
    session.add(instance)
    pseudonymous = study.pseudonym if study else None
    audit.record(session, _EVENTS[receipt], now=intake.now, study=pseudonymous, **intake_details(intake, note))
    return instance


def plain_intake(database: Database, archive: Archive, arrival: Arrival, settings: Settings, *, now: datetime) -> Intake | None:
    """An instance whose header is plain and fits its command; None where `take_instance` must look closer."""
    content = scan_content(arrival.file, arrival.transfer_syntax_uid, settings.study.fallback_character_set)
    if content is None:
        return None
    try:
        _check_against_command(arrival, content)
    except DatasetMismatch:
        return None
    return Intake(database, archive, settings, now, arrival, arrival.file.sha256, arrival.file.size_bytes, content)


def _quarantine(intake: Intake, problem: str) -> Receipt:
    """The bytes are kept for a person to look at; the sender is told that they are not taken."""
    kept = replace(intake, path=intake.archive.quarantine(intake.arrival.path, intake.sha256))
    intake.database.write(lambda session: _add_row(session, kept, Receipt.QUARANTINED, study=None, note=problem))
    return Receipt.QUARANTINED


def discard_unless_kept(intake: Intake, path: str) -> None:
    """A file that was placed for an object that turned out to be there already."""
    with intake.database.reading() as session:
        if session.scalar(select(Instance.id).where(Instance.path == path).limit(1)) is not None:
            return
    intake.archive.discard(path)
