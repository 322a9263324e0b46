"""A report of others that comes after the analysis: what is left to fill in is written anew, and no network runs for it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import select

from models.library.model_set import ModelSet
from node.app import job_definitions
from node.db import queue
from node.db.session import Database
from node.db.tables import Analysis, Job, JobKind, JobState, Receipt, Study, StudyState
from node.egress.building import fills_around_reports
from node.egress.tools import EgressTools
from node.errors import LeaseLost
from node.ingress.intake import take_instance
from node.objects.findings_json import load_findings
from node.settings import Destination
from node.study import assembly
from node.study.archive import Archive
from node.work import report_reading
from node.work.cart_reports import read_cart_reports
from node.work.pipeline import AnalysisTools, analyse_study
from node.work.report_reading import TOO_LATE, read_late_reports
from node.work.worker import Worker
from tests import arrivals, reports
from tests.migrated_database import migrated_database
from tests.rejections import rejection_of
from tests.reports import coded, document, number, section
from tests.rows import NOW, audited
from tests.unit.node.work.test_cart_reports import Blind


def cart_report(value: str = "56.4", uid: str = reports.CART_UID, **attributes: Any) -> Dataset:
    biplane = coded(reports.METHOD, reports.BIPLANE)
    report = document(section(reports.LEFT_VENTRICLE, reports.TWO_D, number(reports.EF, value, "%", biplane)))
    report.StudyInstanceUID, report.SOPInstanceUID = arrivals.STUDY_UID, uid
    for keyword, stated in attributes.items():
        setattr(report, keyword, stated)
    return report


class AnalysedStudy:
    """One clip, analysed; the worker's jobs run when a test lets them."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database, self.archive, self.now = database, Archive(folder / "archive"), NOW
        self.settings = arrivals.settings(folder)
        self.tools = AnalysisTools(database, self.archive, Blind(), ModelSet(), lambda: self.now, 5, fills_around_reports=True)

    def take(self, *datasets: Dataset) -> None:
        for dataset in datasets:
            arrived = arrivals.arrival(self.archive, dataset)
            receipt = take_instance(self.database, self.archive, arrived, self.settings, now=self.now)
            assert receipt in (Receipt.STORED, Receipt.HEADER_CHANGED)

    def close(self) -> None:
        with self.database.session() as session:
            assembly.close_by_hand(session, session.scalars(select(Study)).one(), now=self.now, max_attempts=1)

    def run(self, *kinds: JobKind, after_s: float = 0) -> None:
        self.now += timedelta(seconds=after_s)
        egress = EgressTools(self.database, self.archive, self.settings, lambda: self.now)
        worker = Worker(
            self.database, job_definitions(self.tools, egress), owner="me", lease_s=60, poll_s=1, clock=lambda: self.now
        )
        while worker.run_one(kinds):
            """Until none is due."""

    @property
    def study(self) -> Study:
        with self.database.reading() as session:
            return session.scalars(select(Study)).one()

    @property
    def jobs(self) -> list[tuple[str, str, int]]:
        with self.database.reading() as session:
            return [(job.kind, job.state, job.revision) for job in session.scalars(select(Job).order_by(Job.id))]

    @property
    def cart(self) -> list[list[float]]:
        """Of each revision."""
        with self.database.reading() as session:
            rows = session.scalars(select(Analysis.findings).order_by(Analysis.revision))
            return [[value.value for value in load_findings(row).cart] for row in rows]


@pytest.fixture
def study(tmp_path: Path) -> Iterator[AnalysedStudy]:
    with migrated_database(tmp_path / "p.sqlite") as database:
        found = AnalysedStudy(tmp_path, database)
        found.take(arrivals.clip())
        found.close()
        found.run(JobKind.ANALYSE_STUDY)
        yield found


READ = JobKind.READ_REPORTS


def test_a_late_report_makes_the_next_revision(study: AnalysedStudy) -> None:
    study.take(cart_report())
    study.run(READ)
    assert study.study.revision == 1, "a cart sends several: not before it is quiet"
    study.run(READ, after_s=61)
    assert (study.study.state, study.study.revision) == (StudyState.ANALYSED, 2)
    assert study.cart == [[], [56.4]]
    assert (JobKind.BUILD_DOCUMENTS, JobState.DONE, 1) in study.jobs, "what was to be built before is superseded"
    assert study.jobs[-1] == (JobKind.BUILD_DOCUMENTS, JobState.TODO, 2)
    assert "reports_read" in audited(study.database)


def test_several_reports_make_one_revision(study: AnalysedStudy) -> None:
    study.take(cart_report(), cart_report("60", "2.25.71"))
    study.run(READ, after_s=61)
    assert study.study.revision == 2
    assert [state for kind, state, _ in study.jobs if kind == READ] == [JobState.DONE]


def test_a_report_that_says_the_same_makes_none(study: AnalysedStudy) -> None:
    study.take(cart_report())
    study.run(READ, after_s=61)
    study.take(cart_report(SeriesDescription="again"))
    study.run(READ, after_s=61)
    assert study.study.revision == 2


def test_a_signed_report_leaves_nothing_to_fill_in(study: AnalysedStudy) -> None:
    study.take(cart_report(VerificationFlag="VERIFIED", CompletionFlag="COMPLETE"))
    study.run(READ, after_s=61)
    assert study.study.revision == 1


def test_where_nobody_fills_in_around_it_the_next_analysis_reads_it(study: AnalysedStudy) -> None:
    study.tools = replace(study.tools, fills_around_reports=False)
    study.take(cart_report())
    study.run(READ, after_s=61)
    assert (study.study.revision, study.cart) == (1, [[]])


def test_after_the_last_revision_a_person_is_asked(study: AnalysedStudy) -> None:
    study.tools = replace(study.tools, max_revisions=1)
    study.take(cart_report())
    study.run(READ, after_s=61)
    assert (study.study.revision, study.study.person_reason) == (1, TOO_LATE)


def test_a_report_that_comes_while_the_study_is_analysed_is_not_forgotten(tmp_path: Path) -> None:
    with migrated_database(tmp_path / "p.sqlite") as database:
        study = AnalysedStudy(tmp_path, database)
        study.take(arrivals.clip())
        study.close()
        job = database.write(lambda session: queue.claim(session, [JobKind.ANALYSE_STUDY], owner="me", now=NOW, lease_s=60))
        assert job is not None

        class Slow(Blind):
            def analyse(self, clips: Any, plan: ModelSet) -> Any:
                study.take(cart_report())
                return super().analyse(clips, plan)

        analyse_study(job, replace(study.tools, executor=Slow()))
        assert study.cart == [[]]
        study.run(READ, after_s=61)
        assert study.cart == [[], [56.4]]


def test_a_report_that_comes_while_reports_are_read_is_read_next(study: AnalysedStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    study.take(cart_report())
    sent: list[Dataset] = []

    def reading(*arguments: Any) -> Any:
        if not sent:
            sent.append(cart_report("61", "2.25.72"))
            study.take(*sent)
        return read_cart_reports(*arguments)

    monkeypatch.setattr(report_reading, "read_cart_reports", reading)
    study.run(READ, after_s=61)
    assert study.study.revision == 1
    study.run(READ, after_s=61)
    assert study.study.revision == 2


def test_a_study_that_is_reopened_needs_no_reading_of_its_own(study: AnalysedStudy) -> None:
    study.take(cart_report(), arrivals.clip(1))
    assert (READ, JobState.DONE, 1) in study.jobs
    study.run(READ, after_s=61)
    assert study.study.revision == 2
    study.close()
    study.run(JobKind.ANALYSE_STUDY)
    assert study.cart[-1] == [56.4]


def test_a_rejected_report_is_taken_out_again(study: AnalysedStudy) -> None:
    study.take(cart_report())
    study.run(READ, after_s=61)
    study.take(rejection_of(reports.CART_UID))
    study.run(READ, after_s=61)
    assert study.cart == [[], [56.4], []]


def test_a_reading_of_another_worker_has_no_effect(study: AnalysedStudy) -> None:
    study.take(cart_report())
    study.now += timedelta(seconds=61)
    job = study.database.write(lambda session: queue.claim(session, [READ], owner="me", now=study.now, lease_s=60))
    assert job is not None
    with pytest.raises(LeaseLost):
        read_late_reports(replace(job, fencing_token=job.fencing_token + 1), study.tools)
    assert study.cart == [[]]


@pytest.mark.parametrize(
    ("settings", "fills"),
    [
        ({"documents": ("tid1500", "seg")}, False),
        ({"documents": ("tid5200",)}, True),
        ({"documents": ("tid5300",), "fill": "all"}, False),
        ({"documents": ("oru",), "fill": "none_if_cart_sr"}, True),
    ],
)
def test_who_fills_in_around_reports(settings: dict[str, Any], fills: bool) -> None:
    assert fills_around_reports(Destination(name="reporting", **settings)) is fills
