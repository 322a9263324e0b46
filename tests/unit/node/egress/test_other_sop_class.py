"""Comprehensive 3D SR for those who take it; for the others the same report as Comprehensive SR, built along."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage

from node.db import queue
from node.db.audit import AuditEvent
from node.db.tables import Delivery, Document, JobKind
from node.egress import dicom_store
from node.egress.association import Peer
from node.egress.delivery import deliver
from node.egress.documents import build_documents
from node.egress.outcomes import Happening, StoreAnswer
from node.settings import Destination
from tests.factories import A2C_UID, A4C_UID, POOR_UID, source_header, study_findings
from tests.unit.node.egress.test_documents import NOW, Bench, document_bench

REFUSED = StoreAnswer(Happening.NO_CONTEXT, "AIR does not accept this SOP class")


@dataclass
class Receiver:
    """Takes these classes alone, and keeps what it took."""

    classes: tuple[str, ...]
    taken: list[str] = field(default_factory=list)

    def __call__(self, path: Path, peer: Peer, *, deflated: bool) -> StoreAnswer:
        sop_class_uid = str(dcmread(path).SOPClassUID)
        if sop_class_uid not in self.classes:
            return REFUSED
        self.taken.append(sop_class_uid)
        return StoreAnswer(Happening.ANSWERED, "stored", 0x0000)


def air(*documents: str) -> Destination:
    return Destination(name="air", ae_title="AIR", host="127.0.0.1", port=104, documents=documents)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = document_bench(tmp_path, destination=(air("tid1500_3d"),))
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        bench.receive(source_header(uid))
    yield bench
    bench.database.close()


def deliver_all(bench: Bench) -> None:
    while job := bench.database.write(lambda s: queue.claim(s, [JobKind.DELIVER], owner="me", now=NOW, lease_s=60)):
        deliver(job, bench.tools)


def states(bench: Bench) -> dict[str, str]:
    templates = {row.id: row.template for row in bench.rows(Document)}
    return {templates[row.document_id]: row.state for row in bench.rows(Delivery)}


@pytest.mark.slow
def test_who_takes_the_class_gets_it_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver((Comprehensive3DSRStorage, ComprehensiveSRStorage))
    monkeypatch.setattr(dicom_store, "store", receiver)
    build_documents(bench.analyse(study_findings()), bench.tools)
    deliver_all(bench)
    assert receiver.taken == [Comprehensive3DSRStorage]
    assert states(bench) == {"tid1500_3d": "accepted"}


@pytest.mark.slow
def test_who_does_not_gets_the_same_content_in_the_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver((ComprehensiveSRStorage,))
    monkeypatch.setattr(dicom_store, "store", receiver)
    build_documents(bench.analyse(study_findings()), bench.tools)
    deliver_all(bench)
    assert receiver.taken == [ComprehensiveSRStorage]
    assert states(bench) == {"tid1500_3d": "superseded", "tid1500": "accepted"}
    three_d, plain = sorted(bench.rows(Document), key=lambda row: row.template, reverse=True)
    one, other = bench.file(three_d), bench.file(plain)
    assert (one.SOPClassUID, other.SOPClassUID) == (Comprehensive3DSRStorage, ComprehensiveSRStorage)
    assert one.ContentSequence == other.ContentSequence
    assert one.SOPInstanceUID != other.SOPInstanceUID
    assert one.SeriesInstanceUID != other.SeriesInstanceUID
    (entry,) = bench.events(AuditEvent.DELIVERY_SUPERSEDED)
    assert entry.details["detail"] == "AIR does not accept this SOP class; tid1500 goes there instead"
    assert bench.events(AuditEvent.DELIVERY_REFUSED) == []


@pytest.mark.slow
def test_who_asked_for_both_gets_the_other_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = document_bench(tmp_path, destination=(air("tid1500_3d", "tid1500"),))
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        bench.receive(source_header(uid))
    receiver = Receiver((ComprehensiveSRStorage,))
    monkeypatch.setattr(dicom_store, "store", receiver)
    build_documents(bench.analyse(study_findings()), bench.tools)
    deliver_all(bench)
    assert receiver.taken == [ComprehensiveSRStorage]
    bench.database.close()


@pytest.mark.slow
def test_who_takes_neither_refuses(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_store, "store", Receiver(()))
    build_documents(bench.analyse(study_findings()), bench.tools)
    deliver_all(bench)
    assert states(bench) == {"tid1500_3d": "superseded", "tid1500": "refused"}


@pytest.mark.slow
def test_from_the_3d_report_one_gets_to_all_other_results(tmp_path: Path) -> None:
    bench = document_bench(tmp_path, destination=(air("tid1500_3d", "seg", "kos"),))
    for uid in (A4C_UID, A2C_UID, POOR_UID):
        bench.receive(source_header(uid))
    build_documents(bench.analyse(study_findings()), bench.tools)
    documents = {row.template: row for row in bench.rows(Document)}
    root = bench.file(documents["tid1500_3d"])
    evidence = [*root.CurrentRequestedProcedureEvidenceSequence, *root.get("PertinentOtherEvidenceSequence", [])]
    named = [
        reference.ReferencedSOPInstanceUID
        for study in evidence
        for series in study.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    ]
    results = {row.sop_instance_uid for row in bench.rows(Document) if row.template in ("seg", "kos")}
    assert len(results) == 3
    assert results <= set(named)
    assert len(named) == len(set(named))
    assert "PertinentOtherEvidenceSequence" not in bench.file(documents["tid1500"])
    bench.database.close()
