"""The analysis of one study between claim and commit, with an executor that only remembers what it was given."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.results import ClipFindings, ModelUse, QualityIssue, Reason
from node.db import queue
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import Analysis, AuditEntry, Instance, Job, JobKind, JobState, Receipt, Rejection, StudyState
from node.errors import LeaseLost
from node.objects.findings_json import load_findings
from node.study.archive import Archive
from node.work.pipeline import AnalysisTools, analyse_study
from tests.migrated_database import migrated_database
from tests.rows import NOW, add_study, audited


class Remembering:
    def __init__(self) -> None:
        self.clips: list[tuple[str, Path]] = []

    def analyse(self, clips: Sequence[tuple[str, Path]], plan: ModelSet) -> list[ClipFindings]:
        self.clips = list(clips)
        return [ClipFindings(uid, 4, 6, 2, gates=(Reason.NO_CALIBRATION,)) for uid, _ in clips]

    def read_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        raise AssertionError("no model of the set reads clips together")

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "p.sqlite") as database:
        yield database


def _claimed(database: Database, *arrivals: tuple[str, Receipt, str]) -> ClaimedJob:
    """A complete study with these (UID, receipt, path) in order, its analysis claimed."""

    def add(session: Session) -> None:
        study = add_study(session, state=StudyState.COMPLETE)
        for uid, receipt, path in arrivals:
            row = Instance(
                study_id=study.id, receipt=receipt.value, sop_instance_uid=uid, path=path, transfer_syntax_uid="1.2",
                size_bytes=1, sha256="0", analysable=True, calling_aet="CART", received_at=NOW,
                series_instance_uid="2.25.3",
            )  # fmt: skip
            session.add(row)
            session.flush()
        queue.enqueue(session, JobKind.ANALYSE_STUDY, study.id, study_id=study.id, revision=1, now=NOW)

    database.write(add)
    job = database.write(lambda session: queue.claim(session, [JobKind.ANALYSE_STUDY], owner="me", now=NOW, lease_s=60))
    assert job is not None
    return job


def _tools(database: Database, tmp_path: Path, executor: Remembering) -> AnalysisTools:
    return AnalysisTools(
        database,
        Archive(tmp_path / "archive"),
        executor,
        ModelSet(),
        lambda: NOW,
        5,
    )


def test_a_corrected_header_is_the_one_measured_by_and_a_conflict_never_is(tmp_path: Path, database: Database) -> None:
    """Age, stage or calibration may be what was corrected."""
    executor = Remembering()
    tools = _tools(database, tmp_path, executor)
    job = _claimed(
        database,
        ("2.25.9", Receipt.STORED, "first"),
        ("2.25.5", Receipt.STORED, "other"),
        ("2.25.9", Receipt.HEADER_CHANGED, "corrected"),
        ("2.25.5", Receipt.CONFLICT, "contradicting"),
    )
    analyse_study(job, tools)
    assert executor.clips == [("2.25.9", tools.archive.path("corrected")), ("2.25.5", tools.archive.path("other"))]
    with database.reading() as session:
        findings = load_findings(session.scalars(select(Analysis.findings)).one())
    assert {(flag.issue, flag.sop_instance_uid) for flag in findings.flags} == {
        (QualityIssue.DEMOGRAPHICS_CHANGED, "2.25.9"),
        (QualityIssue.PIXEL_CONFLICT, "2.25.5"),
    }


def _reject(database: Database, *uids: str) -> None:
    def add(session: Session) -> None:
        for uid in uids:
            note = {"study_instance_uid": "2.25.1", "note_uid": "2.25.7", "code": "113037", "received_at": NOW}
            session.add(Rejection(sop_instance_uid=uid, **note))

    database.write(add)


def test_a_rejected_object_is_not_analysed_and_the_study_says_so(tmp_path: Path, database: Database) -> None:
    executor = Remembering()
    tools = _tools(database, tmp_path, executor)
    job = _claimed(database, ("2.25.9", Receipt.STORED, "first"), ("2.25.5", Receipt.STORED, "other"))
    _reject(database, "2.25.9", "2.25.4444")
    analyse_study(job, tools)
    assert executor.clips == [("2.25.5", tools.archive.path("other"))]
    with database.reading() as session:
        (flag,) = load_findings(session.scalars(select(Analysis.findings)).one()).flags
    assert (flag.issue, flag.sop_instance_uid) == (QualityIssue.REJECTED, None)
    assert flag.message == "1 object of the study left out: Rejected for Patient Safety Reasons"


def test_without_any_object_left_nothing_is_measured(tmp_path: Path, database: Database) -> None:
    job = _claimed(database, ("2.25.9", Receipt.STORED, "first"))
    _reject(database, "2.25.9")
    analyse_study(job, _tools(database, tmp_path, Remembering()))
    with database.reading() as session:
        findings = load_findings(session.scalars(select(Analysis.findings)).one())
    assert (findings.clips, findings.measurements) == ((), ())
    assert findings.not_measured


def test_several_patients_are_flagged_on_the_study(tmp_path: Path, database: Database) -> None:
    job = _claimed(database, ("2.25.9", Receipt.STORED, "first"), ("2.25.5", Receipt.STORED, "other"))
    with database.session() as session:
        for key, instance in zip(("one", "two"), session.scalars(select(Instance)), strict=True):
            instance.patient_key = key
    analyse_study(job, _tools(database, tmp_path, Remembering()))
    with database.reading() as session:
        (flag,) = load_findings(session.scalars(select(Analysis.findings)).one()).flags
    assert (flag.issue, flag.sop_instance_uid) == (QualityIssue.SEVERAL_PATIENT_IDS, None)


def test_an_object_without_a_series_is_not_analysed_and_takes_no_other_along(tmp_path: Path, database: Database) -> None:
    job = _claimed(database, ("2.25.9", Receipt.STORED, "first"), ("2.25.5", Receipt.STORED, "other"))
    with database.session() as session:
        session.scalars(select(Instance).where(Instance.sop_instance_uid == "2.25.9")).one().series_instance_uid = None
    executor = Remembering()
    tools = _tools(database, tmp_path, executor)
    analyse_study(job, tools)
    assert executor.clips == [("2.25.5", tools.archive.path("other"))]
    with database.reading() as session:
        (flag,) = load_findings(session.scalars(select(Analysis.findings)).one()).flags
    assert (flag.issue, flag.sop_instance_uid) == (QualityIssue.TOLERATED, "2.25.9")
    assert "Series Instance UID" in flag.message


def test_findings_state_audit_and_next_job_are_there_together(tmp_path: Path, database: Database) -> None:
    job = _claimed(database, ("2.25.9", Receipt.STORED, "first"))
    analyse_study(job, _tools(database, tmp_path, Remembering()))
    with database.reading() as session:
        jobs = {row.kind: row.state for row in session.scalars(select(Job))}
        documents = session.scalars(select(Job).where(Job.kind == JobKind.BUILD_DOCUMENTS)).one()
    assert documents.max_attempts == 5, "the setting holds for every job"
    assert jobs == {JobKind.ANALYSE_STUDY: JobState.DONE, JobKind.BUILD_DOCUMENTS: JobState.TODO}
    assert {"analysis_recorded", "study_analysed", "job_done"} <= set(audited(database))


def test_the_audit_entry_names_the_exact_weights_of_every_model(tmp_path: Path, database: Database) -> None:
    """Of all clips, each once: name, version, SHA-256, and the engine where it is not the reference."""
    view, quality, reader = (
        ModelUse(name, version, digit * 64, False, engine)
        for name, version, digit, engine in (("v", "1", "a", ""), ("q", "2", "b", ""), ("lvid", "2025", "c", "openvino bf16"))
    )

    class Looking(Remembering):
        def analyse(self, clips: Sequence[tuple[str, Path]], plan: ModelSet) -> list[ClipFindings]:
            used = ((view, quality), (view, quality, reader))
            return [replace(one, models=uses) for one, uses in zip(super().analyse(clips, plan), used, strict=True)]

    job = _claimed(database, ("2.25.9", Receipt.STORED, "first"), ("2.25.5", Receipt.STORED, "other"))
    analyse_study(job, _tools(database, tmp_path, Looking()))
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.event == "analysis_recorded")).one()
    assert entry.details["models"] == [f"v 1 {'a' * 64}", f"q 2 {'b' * 64}", f"lvid 2025 {'c' * 64} openvino bf16"]


def test_a_worker_that_lost_its_lease_leaves_no_trace(tmp_path: Path, database: Database) -> None:
    job = _claimed(database, ("2.25.9", Receipt.STORED, "first"))
    with database.session() as session:
        session.get_one(Job, job.id).fencing_token += 1
    with pytest.raises(LeaseLost):
        analyse_study(job, _tools(database, tmp_path, Remembering()))
    with database.reading() as session:
        assert session.scalars(select(Analysis)).all() == []
    assert "analysis_recorded" not in audited(database)
