"""One study's arrivals, endings and analyses, on a clock that tests move."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db import queue
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import Instance, Job, JobKind, Receipt, Study
from node.settings import Settings, StudySettings
from node.study import assembly, job_ends
from node.study.assembly import Source
from tests.rows import NOW

CART = Source("CART", "lab", "association-1", quiet_s=60)
SETTINGS = Settings(study=StudySettings(max_open_s=1000, max_revisions=3))


class ReceivingStudy:
    def __init__(self, database: Database) -> None:
        self.database, self.now, self._number = database, NOW, 0

    def arrive(
        self, receipt: Receipt = Receipt.STORED, *, source: Source = CART, study_instance_uid: str = "2.25.1", **values: Any
    ) -> None:
        self._number += 1
        row = {"analysable": True, "sop_instance_uid": f"2.25.2.{self._number}", "patient_key": "one", **values}

        def change(session: Session) -> None:
            study = assembly.open_study(session, study_instance_uid, source, now=self.now)
            instance = Instance(
                study_id=study.id, receipt=receipt.value, transfer_syntax_uid="1", size_bytes=1, sha256="0",
                calling_aet="CART", received_at=self.now, **row,
            )  # fmt: skip
            session.add(instance)
            counts = instance.analysable and instance.receipt in assembly.KEPT
            max_revisions = SETTINGS.study.max_revisions
            assembly.note_arrival(session, study, source, counts=counts, now=self.now, max_revisions=max_revisions)

        self.database.write(change)

    def end(self, association_uuid: str = "association-1") -> None:
        self.database.write(lambda session: assembly.association_ended(session, association_uuid, now=self.now))

    def restart(self) -> None:
        self.database.write(lambda session: assembly.forget_associations(session, now=self.now))

    def after(self, seconds: float) -> list[int]:
        """Close what is quiet `seconds` later."""
        self.now += timedelta(seconds=seconds)
        return self.database.write(lambda session: assembly.close_quiet_studies(session, now=self.now, settings=SETTINGS))

    def close(self) -> None:
        """Arrive, end, fall quiet."""
        self.arrive()
        self.end()
        assert self.after(60) == [1]

    def claim(self, session: Session) -> ClaimedJob:
        job = queue.claim(session, (JobKind.ANALYSE_STUDY,), owner="me", now=self.now, lease_s=60)
        assert job is not None
        return job

    def close_and_analyse(self) -> None:
        self.close()
        self.analyse()

    def analyse(self) -> None:
        def change(session: Session) -> None:
            queue.finish(session, self.claim(session), now=self.now)
            assembly.mark_analysed(session, session.get_one(Study, 1), now=self.now)

        self.database.write(change)

    def close_and_fail(self) -> None:
        self.close()
        given_up = job_ends.analysis_given_up
        self.database.write(
            lambda session: queue.fail(session, self.claim(session), error="no", now=self.now, final=True, on_given_up=given_up)
        )

    @property
    def study(self) -> Study:
        with self.database.reading() as session:
            return session.scalars(select(Study)).one()

    @property
    def jobs(self) -> list[tuple[str, str, int]]:
        with self.database.reading() as session:
            return [(job.kind, job.state, job.revision) for job in session.scalars(select(Job).order_by(Job.id))]
