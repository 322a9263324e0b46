"""The tables. State columns are set by the transition tables of `node.db.states` alone.

All times are aware UTC. No column of the audit table holds patient data: studies appear there by pseudonym.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out on every database; SQLite alone would hand back naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime: every stored time is aware UTC")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UTCDateTime(), dict[str, Any]: JSON, list[str]: JSON, str: String(255)}  # noqa: RUF012


class StudyState(StrEnum):
    RECEIVING = "receiving"  # instances may still arrive; the quiet period runs
    COMPLETE = "complete"  # closed; an analysis job exists
    ANALYSED = "analysed"  # findings are recorded; documents follow
    FAILED = "failed"  # the analysis cannot be done; `failed_reason` says why


class Receipt(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"  # same SOP Instance UID, same canonical content: the first is kept
    CONFLICT = "conflict"  # same SOP Instance UID, other pixels: both are kept, the study is flagged
    HEADER_CHANGED = "header_changed"  # same pixels, other header: the newest demographics win for documents
    QUARANTINED = "quarantined"  # cannot be parsed; the bytes are kept
    OWN = "own"  # one of our documents coming back: accepted, audited, never touches study state


class JobKind(StrEnum):
    """What is to be done, and to which row: `subject` names its table."""

    subject: str

    def __new__(cls, value: str, subject: str = "") -> "JobKind":
        member = str.__new__(cls, value)
        member._value_, member.subject = value, subject
        return member

    ANALYSE_STUDY = "analyse_study", "study"
    READ_REPORTS = "read_reports", "study"
    BUILD_DOCUMENTS = "build_documents", "analysis"
    DELIVER = "deliver", "delivery"


class JobState(StrEnum):
    TODO = "todo"
    DOING = "doing"
    DONE = "done"
    FAILED = "failed"  # a final error
    DEAD = "dead"  # attempts used up


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNING = "accepted_with_warning"
    REFUSED = "refused"  # final until a person reopens it
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # another document took its place: a newer revision's, or one of a class that is taken


class NodeIdentity(Base):
    """One row, made once: what makes derived UIDs unique over sites and documents recognisable as ours."""

    __tablename__ = "node_identity"
    id: Mapped[int] = mapped_column(primary_key=True)
    node_uuid: Mapped[str]
    device_observer_uid: Mapped[str]
    created_at: Mapped[datetime]


class Study(Base):
    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)  # for logs and audit: HMAC of the UID with the node's key
    state: Mapped[str] = mapped_column(String(16), default=StudyState.RECEIVING, index=True)
    revision: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime]  # first arrival of this revision
    last_arrival_at: Mapped[datetime]
    quiet_s: Mapped[float]
    source_rule: Mapped[str]
    calling_aet: Mapped[str]
    completed_at: Mapped[datetime | None]
    completed_reason: Mapped[str | None]  # quiet | forced | by hand
    failed_reason: Mapped[str | None]
    needs_person: Mapped[bool] = mapped_column(default=False)  # revisions used up, or documents quarantined
    person_reason: Mapped[str | None] = mapped_column(Text)  # why, in plain words without patient data
    instances: Mapped[list["Instance"]] = relationship(back_populates="study")


class Instance(Base):
    """One received object. `kept` is False for the row of a duplicate: its bytes were dropped, its arrival was not."""

    __tablename__ = "instance"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int | None] = mapped_column(ForeignKey("study.id"), index=True)
    receipt: Mapped[str] = mapped_column(String(16))
    sop_instance_uid: Mapped[str | None] = mapped_column(String(64), index=True)
    sop_class_uid: Mapped[str | None] = mapped_column(String(64))
    series_instance_uid: Mapped[str | None] = mapped_column(String(64))
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    path: Mapped[str | None] = mapped_column(Text)  # relative to the archive; None where the bytes were not kept
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_hash: Mapped[str | None] = mapped_column(String(64))  # canonical data set, transfer syntax apart
    pixel_hash: Mapped[str | None] = mapped_column(String(64))
    patient_key: Mapped[str | None] = mapped_column(String(64))  # HMAC of PatientID and issuer, to compare, never to show
    patient_name_key: Mapped[str | None] = mapped_column(String(128))  # of each component group, joined by "="
    patient_birth_date_key: Mapped[str | None] = mapped_column(String(64))
    patient_sex_key: Mapped[str | None] = mapped_column(String(64))
    analysable: Mapped[bool] = mapped_column(default=False)
    kept: Mapped[bool] = mapped_column(default=True)
    calling_aet: Mapped[str]
    received_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(Text)
    study: Mapped[Study | None] = relationship(back_populates="instances")


class Rejection(Base):
    """An object that a received rejection note names, whether it is here or not; in force until it is lifted."""

    __tablename__ = "rejection"
    __table_args__ = (UniqueConstraint("sop_instance_uid", "study_instance_uid", "note_uid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    study_instance_uid: Mapped[str] = mapped_column(String(64))  # under which the note names it
    note_uid: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(16))  # the title of the note, PS3.16 CID 7010
    received_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class ReceivingAssociation(Base):
    """An open association that sent to a study: the quiet period does not elapse while a row exists. Cleared at start."""

    __tablename__ = "receiving_association"
    __table_args__ = (UniqueConstraint("association_uuid", "study_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    association_uuid: Mapped[str] = mapped_column(String(36), index=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)


class Job(Base):
    """A durable unit of work. `fencing_token` grows with every claim; only its holder may finish the job."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_active_per_subject",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("state IN ('todo', 'doing')"),
            postgresql_where=text("state IN ('todo', 'doing')"),
        ),
        Index("ix_job_state_run_at", "state", "run_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))  # "study 7", "analysis 3", "delivery 12"
    study_id: Mapped[int | None] = mapped_column(ForeignKey("study.id"), index=True)
    subject_id: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(8), default=JobState.TODO)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    run_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    fencing_token: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    concurrency_key: Mapped[str | None]  # what only few jobs of a kind may keep busy at a time: the destination of a delivery
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Analysis(Base):
    """One finished analysis of one revision of a study; `findings` is `models.results.StudyFindings` as JSON."""

    __tablename__ = "analysis"
    __table_args__ = (UniqueConstraint("study_id", "revision"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_uuid: Mapped[str] = mapped_column(String(36), unique=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    revision: Mapped[int]
    findings: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]


class Document(Base):
    """One built DICOM object: stored bytes, always sent as stored. `profile` is the key of the one it was built for."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("analysis_id", "template", "part", "profile"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analysis.id"))
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    template: Mapped[str] = mapped_column(String(16))  # a name of the table of templates
    part: Mapped[str] = mapped_column(String(64), default="")  # the clip a SEG belongs to, the reason of a KOS
    profile: Mapped[str] = mapped_column(default="", server_default="")  # "": the default; names and values of the others
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    sop_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    series_instance_uid: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    predecessor_uid: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class FailedDocument(Base):
    """A template that a destination of the study asked for, and that could not be built of this analysis."""

    __tablename__ = "failed_document"
    __table_args__ = (UniqueConstraint("analysis_id", "template", "profile"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analysis.id"))
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    template: Mapped[str] = mapped_column(String(16))
    profile: Mapped[str] = mapped_column(default="", server_default="")
    reason: Mapped[str] = mapped_column(Text)  # plain words, no patient data
    created_at: Mapped[datetime]


class Delivery(Base):
    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("document_id", "destination"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    destination: Mapped[str]
    state: Mapped[str] = mapped_column(String(24), default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    processing_failures: Mapped[int] = mapped_column(default=0, server_default="0")  # counted by its sender
    late_attempts: Mapped[int] = mapped_column(default=0, server_default="0")  # begun after its time, since made or reopened
    status: Mapped[str | None] = mapped_column(String(64))  # the last answer as its protocol writes it, e.g. 0xA700
    detail: Mapped[str | None] = mapped_column(Text)  # plain words, no patient data
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    document: Mapped[Document] = relationship()


class AuditEntry(Base):
    """Written unsealed inside the business transaction; `sequence` and hashes are set by the sealer alone."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int | None] = mapped_column(unique=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(48))
    study: Mapped[str | None] = mapped_column(String(32), index=True)  # pseudonym
    details: Mapped[dict[str, Any]]
    prev_hash: Mapped[str | None] = mapped_column(String(64))
    entry_hash: Mapped[str | None] = mapped_column(String(64))
