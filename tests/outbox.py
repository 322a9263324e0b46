"""Documents waiting to be delivered, with a database and an archive of their own and a clock that tests move by hand."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian
from sqlalchemy import select

from node.db import queue
from node.db.queue import ClaimedJob
from node.db.tables import Analysis, AuditEntry, Delivery, DeliveryState, Document, Job, JobKind, Study
from node.egress import delivery
from node.egress.tools import EgressTools
from node.settings import DeliverySettings, Destination, NodeSettings, Settings
from node.study.archive import Archive
from tests.migrated_database import database_of

STUDY_UID = "2.25.1001"
LEASE_S = 60


def document_bytes(sop_instance_uid: str, *, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """A small SR as a DICOM file."""
    document = Dataset()
    document.SOPClassUID = Comprehensive3DSRStorage
    document.SOPInstanceUID = sop_instance_uid
    document.StudyInstanceUID = STUDY_UID
    document.SeriesInstanceUID = "2.25.1002"
    document.PatientID = "PHANTOM1"
    document.PatientName = "Phantom^One"
    document.Modality = "SR"
    document.SeriesDescription = "EchoNode measurements"
    document.file_meta = FileMetaDataset()
    document.file_meta.TransferSyntaxUID = transfer_syntax_uid
    buffer = BytesIO()
    dcmwrite(buffer, document, enforce_file_format=True)
    return buffer.getvalue()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Outbox:
    """Context manager. `add` puts a document in, `run` makes the attempts that are due now."""

    def __init__(self, folder: Path, destinations: Iterable[Destination], delivery_settings: DeliverySettings) -> None:
        self.clock = Clock()
        self.settings = Settings(
            node=NodeSettings(data_dir=folder), delivery=delivery_settings, destination=tuple(destinations)
        )
        self.archive = Archive(self.settings.archive_dir)
        self.database = database_of(self.settings)
        self.tools = EgressTools(self.database, self.archive, self.settings, self.clock)

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def add(
        self,
        destination: str,
        number: int = 1,
        *,
        transfer_syntax_uid: str = ExplicitVRLittleEndian,
        content: bytes | None = None,
        template: str = "tid1500",
    ) -> int:
        """The delivery of a new document of SOP Instance UID 2.25.<number>, or of the file `content`."""
        uid = f"2.25.{number}"
        content = content or document_bytes(uid, transfer_syntax_uid=transfer_syntax_uid)
        path, sha256 = self.archive.store_bytes(content)
        now = self.clock()
        with self.database.session() as session:
            analysis = session.scalar(select(Analysis))
            if analysis is None:
                study = Study(
                    study_instance_uid=STUDY_UID,
                    pseudonym="study-1",
                    opened_at=now,
                    last_arrival_at=now,
                    quiet_s=1,
                    source_rule="test",
                    calling_aet="TEST",
                )
                session.add(study)
                session.flush()
                analysis = Analysis(
                    analysis_uuid="1", study_id=study.id, revision=1, findings={}, started_at=now, finished_at=now
                )
                session.add(analysis)
                session.flush()
            document = Document(
                analysis_id=analysis.id,
                study_id=analysis.study_id,
                template=template,
                part=str(number),
                sop_class_uid=Comprehensive3DSRStorage,
                sop_instance_uid=uid,
                series_instance_uid="2.25.1002",
                modality="SR",
                path=path,
                sha256=sha256,
                created_at=now,
            )
            row = Delivery(document=document, destination=destination, state=DeliveryState.PENDING.value, created_at=now)
            session.add(row)
            session.flush()
            delivery.enqueue_delivery(session, row, now=now)
            return row.id

    def claim(self, owner: str = "test") -> ClaimedJob | None:
        return self.database.write(
            lambda session: queue.claim(session, (JobKind.DELIVER,), owner=owner, now=self.clock(), lease_s=LEASE_S)
        )

    def run(self) -> int:
        """Every attempt that is due; returns how many."""
        attempts = 0
        while job := self.claim():
            delivery.deliver(job, self.tools)
            attempts += 1
        return attempts

    def run_until_settled(self, limit: int = 100) -> None:
        """Move the clock from attempt to attempt until no job is left."""
        for _ in range(limit):
            self.run()
            due = self.next_attempt_at()
            if due is None:
                return
            self.clock.now = due
        raise AssertionError(f"still trying after {limit} attempts")

    def next_attempt_at(self) -> datetime | None:
        with self.database.reading() as session:
            return session.scalar(select(Job.run_at).where(Job.state == "todo").order_by(Job.run_at).limit(1))

    def delivery(self, delivery_id: int) -> Delivery:
        with self.database.reading() as session:
            row = session.get_one(Delivery, delivery_id)
            assert row.document is not None  # loaded before the session ends
            return row

    def jobs(self) -> list[Job]:
        with self.database.reading() as session:
            return list(session.scalars(select(Job).order_by(Job.id)))

    def audited(self, delivery_id: int) -> list[AuditEntry]:
        """The delivery's own audit entries, in order."""
        with self.database.reading() as session:
            entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        return [entry for entry in entries if entry.details.get("delivery") == delivery_id]

    def events(self, delivery_id: int) -> list[str]:
        return [entry.event.removeprefix("delivery_") for entry in self.audited(delivery_id)]
