"""The cart's report of a study is read beside its clips, and nothing in it stops the analysis."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.derive.study.groups import ClipGroup
from models.library.model_set import ModelSet
from models.results import ClipFindings, QualityIssue, Reason, StudyFindings
from node.app import job_definitions
from node.db import queue
from node.db.identity import node_identity
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import Analysis, AuditEntry, Instance, JobKind, Receipt, Study, StudyState
from node.egress.tools import EgressTools
from node.ingress.intake import take_instance
from node.objects.findings_json import load_findings
from node.study import assembly
from node.study.archive import Archive
from node.study.overview import study_overview
from node.work.pipeline import AnalysisTools, analyse_study
from node.work.worker import Worker
from sr_templates.reading import cart
from sr_templates.reading.content_tree import Report
from sr_templates.reading.measured_values import SRValue, measured_values
from tests import arrivals, reports
from tests.migrated_database import migrated_database
from tests.reports import as_bytes, coded, document, number, section
from tests.rows import NOW, add_study

IMAGE_CLASS, SR_CLASS = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.88.33"


class Blind:
    """An executor that sees nothing in any clip."""

    def analyse(self, clips: Sequence[tuple[str, Path]], plan: ModelSet) -> list[ClipFindings]:
        return [ClipFindings(uid, 4, 6, 2, gates=(Reason.NO_CALIBRATION,)) for uid, _ in clips]

    def read_group(self, group: ClipGroup, files: Sequence[Path], models: ModelSet) -> ClipFindings:
        raise AssertionError("no model of the set reads clips together")

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "p.sqlite") as database:
        yield database


def cart_report(value: str = "56.4") -> bytes:
    biplane = coded(reports.METHOD, reports.BIPLANE)
    return as_bytes(document(section(reports.LEFT_VENTRICLE, reports.TWO_D, number(reports.EF, value, "%", biplane))))


def findings_with(database: Database, tmp_path: Path, *reports_sent: tuple[str, Receipt, bytes | None]) -> StudyFindings:
    """Of a study with one clip and these (UID, receipt, file; None for one that is gone)."""
    archive = Archive(tmp_path / "archive")

    def add(session: Session) -> None:
        node_identity(session, now=NOW)
        study = add_study(session, state=StudyState.COMPLETE)
        rows = [("2.25.9", Receipt.STORED, "clip", IMAGE_CLASS)]
        for number_, (uid, receipt, content) in enumerate(reports_sent):
            rows.append((uid, receipt, f"sr{number_}", SR_CLASS))
            if content is not None:
                path = archive.path(f"sr{number_}")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        for uid, receipt, path_, sop_class in rows:
            row = Instance(
                study_id=study.id, receipt=receipt.value, sop_instance_uid=uid, path=path_, transfer_syntax_uid="1.2",
                size_bytes=1, sha256="0", analysable=sop_class == IMAGE_CLASS, calling_aet="CART", received_at=NOW,
                series_instance_uid="2.25.3", sop_class_uid=sop_class,
            )  # fmt: skip
            session.add(row)
            session.flush()
        queue.enqueue(session, JobKind.ANALYSE_STUDY, study.id, study_id=study.id, revision=1, now=NOW)

    database.write(add)
    job = database.write(lambda session: queue.claim(session, [JobKind.ANALYSE_STUDY], owner="me", now=NOW, lease_s=60))
    assert isinstance(job, ClaimedJob)
    analyse_study(job, AnalysisTools(database, archive, Blind(), ModelSet(), lambda: NOW, 5))
    with database.reading() as session:
        return load_findings(session.scalars(select(Analysis.findings)).one())


def test_the_carts_values_stand_in_the_findings(database: Database, tmp_path: Path) -> None:
    findings = findings_with(database, tmp_path, (reports.CART_UID, Receipt.STORED, cart_report()))
    assert [(value.key, value.value, value.sop_instance_uid) for value in findings.cart] == [("ef_bp", 56.4, reports.CART_UID)]
    assert findings.flags == ()
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.event == "analysis_recorded")).one()
    assert entry.details["cart"] == 1


def test_of_a_report_that_came_again_with_another_header_the_newest_counts(database: Database, tmp_path: Path) -> None:
    findings = findings_with(
        database,
        tmp_path,
        (reports.CART_UID, Receipt.STORED, cart_report("50")),
        (reports.CART_UID, Receipt.HEADER_CHANGED, cart_report("60")),
        (reports.CART_UID, Receipt.CONFLICT, cart_report("70")),
    )
    assert [value.value for value in findings.cart] == [60.0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no DICOM at all", "was not read: not a DICOM object"),
        (None, "was not read: No such file or directory"),
        (cart_report()[:700], "is malformed: "),
        (cart_report()[:-30], "is malformed: "),
    ],
    ids=["text", "gone", "cut early", "cut late"],
)
def test_a_report_that_cannot_be_read_is_flagged_and_stops_nothing(
    database: Database, tmp_path: Path, content: bytes | None, said: str
) -> None:
    findings = findings_with(
        database, tmp_path, ("2.25.66", Receipt.STORED, content), (reports.CART_UID, Receipt.STORED, cart_report())
    )
    assert "ef_bp" in {value.key for value in findings.cart}
    assert len(findings.clips) == 1
    (flag,) = findings.flags
    assert flag.issue is QualityIssue.TOLERATED
    assert said in flag.message


def test_documents_of_ours_that_came_back_are_not_read(database: Database, tmp_path: Path) -> None:
    """By their receipt, and by their observer where the database has forgotten them."""
    with database.session() as session:
        ours = node_identity(session, now=NOW).device_observer_uid
    observer = reports.text(("121012", "DCM", "Device Observer UID"), "", "HAS OBS CONTEXT")
    observer.ValueType, observer.UID = "UIDREF", ours
    del observer.TextValue
    returned = document(observer, section(reports.LEFT_VENTRICLE, reports.M_MODE, number(reports.LVIDD, "4.7", "cm")))
    findings = findings_with(
        database,
        tmp_path,
        ("2.25.1", Receipt.OWN, None),
        (reports.CART_UID, Receipt.STORED, as_bytes(returned)),
        ("2.25.3", Receipt.STORED, cart_report()),
    )
    assert [value.key for value in findings.cart] == ["ef_bp"]
    assert findings.flags == ()


def test_a_report_that_the_node_receives_is_read_with_its_study(database: Database, tmp_path: Path) -> None:
    """From intake to the page of the study; the report alone neither opens an analysis nor keeps the study open."""
    configured, archive = arrivals.settings(tmp_path), Archive(tmp_path / "archive")
    biplane = coded(reports.METHOD, reports.BIPLANE)
    sent = document(section(reports.LEFT_VENTRICLE, reports.TWO_D, number(reports.EF, "56.4", "%", biplane)))
    sent.StudyInstanceUID = arrivals.STUDY_UID
    for dataset in (arrivals.clip(), sent):
        assert take_instance(database, archive, arrivals.arrival(archive, dataset), configured, now=NOW) is Receipt.STORED
    tools = AnalysisTools(database, archive, Blind(), ModelSet(), lambda: NOW, 5)
    worker = Worker(
        database,
        job_definitions(tools, EgressTools(database, archive, configured, lambda: NOW)),
        owner="me",
        lease_s=60,
        poll_s=1,
        clock=lambda: NOW,
    )
    with database.session() as session:
        assembly.close_by_hand(session, session.scalars(select(Study)).one(), now=NOW, max_attempts=1)
    while worker.run_one((JobKind.ANALYSE_STUDY,)):
        """Until it is analysed."""
    with database.reading() as session:
        page = study_overview(session, arrivals.STUDY_UID)
    assert page is not None
    assert page["state"] == "analysed"
    assert [(stated["key"], stated["value"], stated["ours"]) for stated in page["cart"]] == [("ef_bp", 56.4, None)]


def test_a_report_that_breaks_the_reading_takes_no_other_along(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever nobody foresaw: the study is analysed, with the other report's values."""
    broken, read = as_bytes(document(SOPInstanceUID="2.25.66")), measured_values

    def measured(report: Report) -> Sequence[SRValue]:
        if report.sop_instance_uid == "2.25.66":
            raise RecursionError("DOE^JANE")
        return read(report)

    monkeypatch.setattr(cart, "measured_values", measured)
    findings = findings_with(
        database, tmp_path, ("2.25.66", Receipt.STORED, broken), (reports.CART_UID, Receipt.STORED, cart_report())
    )
    assert "ef_bp" in {value.key for value in findings.cart}
    (flag,) = findings.flags
    assert flag.message.startswith(
        "a structured report of the study was not read: RecursionError (sr_templates.reading.cart, line "
    )
