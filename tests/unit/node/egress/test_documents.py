"""From an analysis in the database to documents, deliveries and audit entries: all of it once, or nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import config, dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.derive.study.quantities import derive_study
from models.results import QualityFlag, QualityIssue, StudyFindings
from node.db import queue
from node.db.audit import AuditEvent
from node.db.identity import node_identity
from node.db.queue import ClaimedJob
from node.db.session import Database
from node.db.tables import (
    Analysis,
    AuditEntry,
    Delivery,
    DeliveryState,
    Document,
    FailedDocument,
    Instance,
    Job,
    JobKind,
    JobState,
    Receipt,
    Rejection,
    Study,
    StudyState,
)
from node.egress import building, documents
from node.egress.building import Template
from node.egress.documents import build_documents
from node.egress.tools import EgressTools
from node.errors import LeaseLost
from node.objects.findings_json import dump_findings
from node.settings import Destination, NodeSettings, Route, Settings
from node.study.archive import Archive
from node.version import IMPLEMENTATION_CLASS_UID
from sr_templates.document import BuiltDocument
from sr_templates.errors import DocumentError
from tests.factories import (
    A2C_UID,
    A4C_UID,
    POOR_UID,
    STUDY_UID,
    clip_findings,
    source_file,
    source_header,
    study_findings,
)
from tests.migrated_database import migrated_database

NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)
DESTINATIONS = (
    Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=104, documents=("tid1500", "seg", "kos")),
    Destination(name="reporting", ae_title="REPORT", host="127.0.0.1", port=105, documents=("tid1500",)),
)


@dataclass
class Bench:
    """A node's database and archive with one analysed study, and the tools that build its documents."""

    tools: EgressTools
    study_id: int

    @property
    def database(self) -> Database:
        return self.tools.database

    def receive(self, header: Dataset, receipt: Receipt = Receipt.STORED, patient_key: str = "p1") -> None:
        path = self.tools.archive.new_incoming()
        source_file(header).save_as(path, enforce_file_format=True)
        relative, sha256 = self.tools.archive.store_bytes(path.read_bytes())
        row = Instance(
            study_id=self.study_id, receipt=receipt.value, sop_instance_uid=header.SOPInstanceUID, path=relative,
            transfer_syntax_uid="1.2.840.10008.1.2.1", size_bytes=1, sha256=sha256, patient_key=patient_key,
            analysable=True, kept=True, calling_aet="CART", received_at=NOW,
        )  # fmt: skip
        self.database.write(lambda session: session.add(row))

    def analyse(self, findings: StudyFindings, revision: int = 1) -> ClaimedJob:
        """Records the findings and claims the job that follows from them."""

        def record(session: Session) -> ClaimedJob | None:
            analysis = Analysis(
                analysis_uuid=f"8a9d7f57-7a53-4a52-8a52-cc9d1c1d6a{revision:02}", study_id=self.study_id,
                revision=revision, findings=dump_findings(findings), started_at=NOW, finished_at=NOW,
            )  # fmt: skip
            session.add(analysis)
            session.flush()
            kind = JobKind.BUILD_DOCUMENTS
            queue.enqueue(session, kind, analysis.id, study_id=self.study_id, revision=revision, now=NOW)
            return queue.claim(session, [kind], owner="me", now=NOW, lease_s=60)

        job = self.database.write(record)
        assert job is not None
        return job

    def rows(self, table: type[Any]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))

    def events(self, event: AuditEvent) -> list[AuditEntry]:
        return [entry for entry in self.rows(AuditEntry) if entry.event == event]

    def file(self, document: Document) -> Dataset:
        return dcmread(self.tools.archive.path(document.path))


def document_bench(folder: Path, **settings: Any) -> Bench:
    node = NodeSettings(data_dir=folder, institution_name="Echo Lab")
    tools = EgressTools(
        migrated_database(folder / "n.sqlite"),
        Archive(folder / "archive"),
        Settings(node=node, **{"destination": DESTINATIONS, **settings}),
        lambda: NOW,
    )

    def begin(session: Session) -> int:
        node_identity(session, now=NOW)
        study = Study(
            study_instance_uid=STUDY_UID, pseudonym="pseudo", state=StudyState.ANALYSED, opened_at=NOW, last_arrival_at=NOW,
            quiet_s=1, source_rule="carts", calling_aet="CART",
        )  # fmt: skip
        session.add(study)
        session.flush()
        return study.id

    return Bench(tools, tools.database.write(begin))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Three clips received, nothing analysed yet."""
    bench = document_bench(tmp_path)
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        bench.receive(source_header(uid))
    yield bench
    bench.database.close()


@pytest.mark.slow
def test_documents_are_stored_as_recorded(bench: Bench) -> None:
    build_documents(bench.analyse(study_findings()), bench.tools)
    rows = bench.rows(Document)
    assert [(row.template, row.part, row.modality) for row in rows] == [
        ("tid1500", "", "SR"), ("seg", A4C_UID, "SEG"), ("seg", A2C_UID, "SEG"), ("kos", "111207", "KO"),
    ]  # fmt: skip
    for row in rows:
        stored = bench.file(row)
        assert stored.SOPInstanceUID == row.sop_instance_uid == stored.file_meta.MediaStorageSOPInstanceUID
        assert stored.SeriesInstanceUID == row.series_instance_uid
        assert stored.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
        assert stored.InstitutionName == "Echo Lab"
        assert stored.TimezoneOffsetFromUTC
    assert [entry.details["document"] for entry in bench.events(AuditEvent.DOCUMENT_BUILT)] == [row.id for row in rows]


@pytest.mark.slow
def test_each_destination_gets_the_templates_it_takes(bench: Bench) -> None:
    build_documents(bench.analyse(study_findings()), bench.tools)
    template = {row.id: row.template for row in bench.rows(Document)}
    deliveries = bench.rows(Delivery)
    assert [(template[d.document_id], d.destination) for d in deliveries] == [
        ("tid1500", "pacs"), ("tid1500", "reporting"), ("seg", "pacs"), ("seg", "pacs"), ("kos", "pacs"),
    ]  # fmt: skip
    assert {d.state for d in deliveries} == {DeliveryState.PENDING}
    jobs = [job for job in bench.rows(Job) if job.kind == JobKind.DELIVER]
    assert [job.subject_id for job in jobs] == [d.id for d in deliveries]
    assert len(bench.events(AuditEvent.DELIVERY_CREATED)) == len(deliveries)


@pytest.mark.slow
def test_the_job_ends_with_its_effects(bench: Bench) -> None:
    build_documents(bench.analyse(study_findings()), bench.tools)
    (job,) = (job for job in bench.rows(Job) if job.kind == JobKind.BUILD_DOCUMENTS)
    assert job.state == JobState.DONE


@pytest.mark.slow
def test_a_crash_before_the_commit_leaves_the_same_documents_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job = bench.analyse(study_findings())
    stored: list[str] = []
    store = bench.tools.archive.store_bytes

    def recording(content: bytes) -> tuple[str, str]:
        stored.append(store(content)[0])
        return store(content)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bench.tools.archive, "store_bytes", recording)
        patch.setattr(documents, "_record", crash)
        with pytest.raises(KeyboardInterrupt):
            build_documents(job, bench.tools)
    assert bench.rows(Document) == []
    build_documents(job, replace(bench.tools, clock=lambda: NOW + timedelta(hours=3)))
    assert [row.path for row in bench.rows(Document)] == stored, "the same bytes, hours later"


@pytest.mark.slow
def test_a_second_job_for_the_same_analysis_adds_nothing(bench: Bench) -> None:
    first = bench.analyse(study_findings())
    build_documents(first, bench.tools)
    before = bench.rows(Document), bench.rows(Delivery)

    def again(session: Session) -> ClaimedJob | None:
        kind = JobKind.BUILD_DOCUMENTS
        queue.enqueue(session, kind, first.subject_id, study_id=bench.study_id, revision=1, now=NOW)
        return queue.claim(session, [kind], owner="me", now=NOW, lease_s=60)

    second = bench.database.write(again)
    assert second is not None
    build_documents(second, bench.tools)
    assert [len(bench.rows(Document)), len(bench.rows(Delivery))] == [len(rows) for rows in before]


@pytest.mark.slow
def test_a_job_of_another_worker_has_no_effect(bench: Bench) -> None:
    job = bench.analyse(study_findings())
    with pytest.raises(LeaseLost):
        build_documents(replace(job, fencing_token=job.fencing_token + 1), bench.tools)
    assert bench.rows(Document) == []
    assert bench.rows(Delivery) == []


@pytest.mark.slow
def test_the_next_revision_names_the_report_it_replaces(bench: Bench) -> None:
    build_documents(bench.analyse(study_findings()), bench.tools)
    first = bench.rows(Document)[0]
    build_documents(bench.analyse(study_findings(), revision=2), bench.tools)
    second = next(row for row in bench.rows(Document) if row.template == "tid1500" and row.id != first.id)
    assert second.predecessor_uid == first.sop_instance_uid
    assert second.sop_instance_uid != first.sop_instance_uid
    (study,) = bench.file(second).PredecessorDocumentsSequence
    (reference,) = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert reference.ReferencedSOPInstanceUID == first.sop_instance_uid
    assert all(row.predecessor_uid is None for row in bench.rows(Document) if row.template != "tid1500")


def _reject(bench: Bench, *uids: str) -> None:
    def add(session: Session) -> None:
        for uid in uids:
            row = Rejection(sop_instance_uid=uid, study_instance_uid=STUDY_UID, note_uid="1.2", code="113001", received_at=NOW)
            session.add(row)

    bench.database.write(add)


@pytest.mark.slow
def test_a_rejected_object_is_no_evidence(bench: Bench) -> None:
    _reject(bench, POOR_UID)
    findings = study_findings()
    build_documents(bench.analyse(replace(findings, clips=findings.clips[:2], flags=())), bench.tools)
    report = bench.file(bench.rows(Document)[0])
    assert POOR_UID not in report.to_json()


@pytest.mark.slow
def test_where_every_object_is_rejected_a_report_takes_the_results_back(bench: Bench) -> None:
    build_documents(bench.analyse(study_findings()), bench.tools)
    first = bench.rows(Document)[0]
    _reject(bench, A4C_UID, A2C_UID, POOR_UID)
    flag = QualityFlag(QualityIssue.REJECTED, None, "3 objects of the study left out: Rejected for Quality Reasons")
    nothing = derive_study(STUDY_UID, ())
    build_documents(bench.analyse(replace(nothing, flags=(flag,)), revision=2), bench.tools)
    report = bench.file(bench.rows(Document)[-1])
    assert bench.rows(Document)[-1].predecessor_uid == first.sop_instance_uid
    assert report.PatientName == "Synthetic^Heart"
    assert "CurrentRequestedProcedureEvidenceSequence" not in report
    assert flag.message in report.to_json()
    assert [row.template for row in bench.rows(Document)].count("tid1500") == 2
    assert "MeasuredValueSequence" not in str(report)


@pytest.mark.slow
def test_a_corrected_header_gives_the_demographics(bench: Bench) -> None:
    bench.receive(source_header(A4C_UID, PatientName="Right^Name"), Receipt.HEADER_CHANGED)
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert {str(bench.file(row).PatientName) for row in bench.rows(Document)} == {"Right^Name"}


@pytest.mark.slow
def test_a_conflicting_object_speaks_for_no_patient(bench: Bench) -> None:
    bench.receive(source_header(A4C_UID, PatientName="Other^Pixels"), Receipt.CONFLICT)
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert {str(bench.file(row).PatientName) for row in bench.rows(Document)} == {"Synthetic^Heart"}


def test_documents_that_no_route_takes_stay_here_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = document_bench(tmp_path, destination=DESTINATIONS, route=(Route(name="research", ignore=True),))
    bench.receive(source_header(A4C_UID))
    with caplog.at_level("INFO"):
        build_documents(bench.analyse(derive_study(STUDY_UID, ())), bench.tools)
    assert bench.rows(Document)
    assert bench.rows(Delivery) == []
    (entry,) = bench.events(AuditEvent.DOCUMENTS_KEPT)
    assert entry.details == {"revision": 1, "reason": "route 'research' ignores the study"}
    assert "documents stay in the archive: route 'research' ignores the study" in caplog.text
    bench.database.close()


def test_two_patients_in_one_study_have_no_documents(bench: Bench) -> None:
    bench.receive(source_header("1.2.3.4.5", PatientID="OTHER"), patient_key="p2")
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert bench.rows(Document) == []
    assert [job.state for job in bench.rows(Job)] == [JobState.DONE]
    (entry,) = bench.events(AuditEvent.STUDY_NEEDS_PERSON)
    assert "several patient identifiers" in entry.details["reason"]
    assert [study.needs_person for study in bench.rows(Study)] == [True]


def test_a_number_on_a_patient_is_a_final_error_and_leaves_nothing(bench: Bench) -> None:
    bench.receive(source_header(A4C_UID, QualityControlSubject=None), Receipt.HEADER_CHANGED)
    with pytest.raises(DocumentError, match="phantoms"):
        build_documents(bench.analyse(study_findings()), bench.tools)
    assert bench.rows(Document) == []
    assert bench.rows(Delivery) == []


def test_findings_on_an_object_that_is_gone_are_a_final_error(bench: Bench) -> None:
    findings = study_findings(clips=(clip_findings("1.2.3.9", contours=()),), measurements=())
    with pytest.raises(DocumentError):
        build_documents(bench.analyse(findings), bench.tools)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "destinations", "templates"),
    [
        ({"route": (Route(name="nowhere", ignore=True),)}, set(), ["tid1500", "seg", "seg", "kos"]),
        ({"route": (Route(name="one", destinations=("reporting",)),)}, {"reporting"}, ["tid1500"]),
        ({"destination": ()}, set(), ["tid1500", "seg", "seg", "kos"]),
    ],
    ids=["ignored", "one", "none configured"],
)
def test_what_a_destination_takes_is_built_and_what_goes_nowhere_is_kept(
    tmp_path: Path, settings: dict[str, Any], destinations: set[str], templates: list[str]
) -> None:
    bench = document_bench(tmp_path, **settings)
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        bench.receive(source_header(uid))
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert [row.template for row in bench.rows(Document)] == templates
    assert {delivery.destination for delivery in bench.rows(Delivery)} == destinations
    bench.database.close()


def _broken(*_: object) -> tuple[BuiltDocument, ...]:
    raise RuntimeError("Synthetic^Heart")


@pytest.mark.slow
def test_a_template_that_one_destination_takes_and_that_raises_stops_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(building.TEMPLATES, "seg", Template(_broken))
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert [row.template for row in bench.rows(Document)] == ["tid1500", "kos"]
    assert {delivery.destination for delivery in bench.rows(Delivery)} == {"pacs", "reporting"}
    (failed,) = bench.rows(FailedDocument)
    assert failed.template == "seg"
    assert re.fullmatch(r"RuntimeError \(node\.egress\.building, line \d+\)", failed.reason)  # where, and no word of the source
    (entry,) = bench.events(AuditEvent.DOCUMENT_FAILED)
    assert entry.details == {"template": "seg", "reason": failed.reason}
    assert [study.person_reason for study in bench.rows(Study)] == [f"seg not built: {failed.reason}"]


@pytest.mark.slow
def test_a_template_that_no_destination_takes_is_not_built(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def build(*_: object) -> tuple[BuiltDocument, ...]:
        asked.append(1)
        return _broken()

    monkeypatch.setitem(building.TEMPLATES, "tid5300", Template(build))
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert asked == []
    assert len(bench.rows(Document)) == 4
    assert bench.rows(FailedDocument) == []
    assert [study.needs_person for study in bench.rows(Study)] == [False]


def test_when_all_that_is_wanted_fails_each_is_recorded_and_the_job_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(building.TEMPLATES, "tid1500", Template(_broken))
    bench = document_bench(tmp_path, destination=DESTINATIONS[1:])
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        bench.receive(source_header(uid))
    job = bench.analyse(study_findings())
    for _ in range(2):  # again after a crash before the job's end was recorded
        with pytest.raises(DocumentError, match="tid1500 not built: RuntimeError"):
            build_documents(job, bench.tools)
    assert [row.template for row in bench.rows(FailedDocument)] == ["tid1500"]
    assert bench.rows(Document) == []
    with pytest.raises(LeaseLost):
        build_documents(replace(job, fencing_token=job.fencing_token + 1), bench.tools)
    bench.database.close()


@pytest.mark.slow
def test_two_patients_in_one_identifier_are_asked_of_a_person_until_the_header_is_corrected(bench: Bench) -> None:
    two = source_header(A4C_UID, PatientID=["PHANTOM-1", "PHANTOM-2"])
    bench.receive(two, Receipt.HEADER_CHANGED)
    build_documents(bench.analyse(study_findings()), bench.tools)
    (study,) = bench.rows(Study)
    remark = "PatientID of the source object is 2 values where one is allowed: echoed as it is"
    assert study.person_reason == f"look whose documents these are: {remark}"
    (entry,) = bench.events(AuditEvent.SOURCE_IRREGULAR)
    assert entry.details == {"remarks": [remark], "revision": 1}
    assert len(bench.rows(Delivery)) == 5
    bench.receive(source_header(A4C_UID), Receipt.HEADER_CHANGED)
    build_documents(bench.analyse(study_findings(), revision=2), bench.tools)
    assert [(row.needs_person, row.person_reason) for row in bench.rows(Study)] == [(False, None)]


@pytest.mark.slow
def test_no_patient_data_in_the_audit_trail(tmp_path: Path) -> None:
    """Not even of what a strict destination reads in the text instead of in its field."""
    strict = Destination(name="strict", documents=("tid1500", "seg", "kos"), strict=True)
    bench = document_bench(tmp_path, destination=(*DESTINATIONS, strict))
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        header = source_header(uid)
        header["AccessionNumber"] = DataElement("AccessionNumber", "SH", "A1234" * 4, validation_mode=config.IGNORE)
        bench.receive(header)
    build_documents(bench.analyse(study_findings()), bench.tools)
    audited = " ".join(str(entry.details) for entry in bench.rows(AuditEntry))
    text = audited + str([study.person_reason for study in bench.rows(Study)])
    assert "AccessionNumber of the source object is longer than the 16 characters that SH allows" in text
    for secret in ("Synthetic", "PHANTOM-1", "A1234", STUDY_UID):
        assert secret not in text
    bench.database.close()
