"""What becomes of earlier documents when a revision takes their place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import highdicom as hd
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db.audit import AuditEvent
from node.db.tables import AuditEntry, Delivery, DeliveryState, Document, Receipt, Rejection
from node.egress import building
from node.egress.building import Template
from node.egress.documents import build_documents
from node.settings import Destination
from node.study.overview import study_overview
from tests.factories import A2C_UID, A4C_UID, POOR_UID, STUDY_UID, source_header, study_findings
from tests.rows import NOW
from tests.unit.node.egress.test_documents import Bench, document_bench

pytestmark = pytest.mark.slow
CLIPS = (A4C_UID, A2C_UID, POOR_UID)


def bench_for(folder: Path, **destination: Any) -> Bench:
    address = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "documents": ("tid1500", "csv")[:1]}
    bench = document_bench(folder, destination=(Destination(name="pacs", **{**address, **destination}),))
    for uid in CLIPS:
        bench.receive(source_header(uid))
    return bench


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = bench_for(tmp_path, reject_superseded=getattr(request, "param", "never"))
    yield bench
    bench.database.close()


def issue(bench: Bench, revision: int, *, taken: bool = True) -> None:
    """The documents of a revision, and the archive's answer."""
    build_documents(bench.analyse(study_findings(), revision), bench.tools)

    def answer(session: Session) -> None:
        for delivery in session.scalars(select(Delivery)):
            if delivery.state == DeliveryState.PENDING:
                delivery.state = (DeliveryState.ACCEPTED if taken else DeliveryState.REFUSED).value

    bench.database.write(answer)


def correct(bench: Bench, name: str = "Right^Patient") -> None:
    for uid in CLIPS:
        bench.receive(source_header(uid, PatientName=name, PatientID="RIGHT"), Receipt.HEADER_CHANGED)


def notes(bench: Bench) -> list[tuple[str, list[str]]]:
    """Title, and what each note names, as highdicom reads it."""
    found = []
    for row in bench.rows(Document):
        if row.template == "rejection_note":
            note = hd.ko.KeyObjectSelectionDocument.from_dataset(bench.file(row))
            references = [item.referenced_sop_instance_uid for item in note.content.get_references()]
            found.append((str(bench.file(row).ConceptNameCodeSequence[0].CodeValue), references))
    return found


def reports(bench: Bench) -> list[Document]:
    return [row for row in bench.rows(Document) if row.template == "tid1500"]


def test_what_a_revision_replaces_is_listed_and_audited(bench: Bench) -> None:
    issue(bench, 1)
    issue(bench, 2)
    (entry,) = bench.events(AuditEvent.DOCUMENTS_SUPERSEDED)
    assert entry.details == {"revision": 2, "documents": [reports(bench)[0].id]}
    with bench.database.reading() as session:
        overview = study_overview(session, STUDY_UID)
    assert overview is not None
    assert [(row["revision"], row["superseded"]) for row in overview["documents"]] == [(1, True), (2, False)]
    assert notes(bench) == [], "nobody is told to hide anything unless the destination asks for it"


def test_results_of_a_corrected_patient_are_issued_anew_and_the_old_ones_told_apart(bench: Bench) -> None:
    issue(bench, 1)
    correct(bench)
    issue(bench, 2)
    first, second = reports(bench)
    assert (str(bench.file(first).PatientName), str(bench.file(second).PatientName)) == ("Synthetic^Heart", "Right^Patient")
    assert second.predecessor_uid == first.sop_instance_uid
    (entry,) = bench.events(AuditEvent.DOCUMENTS_SUPERSEDED)
    assert entry.details["of_another_patient"] == [first.id]
    assert "Right" not in str([row.details for row in bench.rows(AuditEntry)])


@pytest.mark.parametrize("bench", ["wrong_patient", "all"], indirect=True)
def test_documents_of_a_wrong_patient_are_rejected_for_patient_safety(bench: Bench) -> None:
    issue(bench, 1)
    correct(bench)
    issue(bench, 2)
    first = reports(bench)[0]
    assert notes(bench) == [("113037", [first.sop_instance_uid])]
    note = bench.rows(Document)[-1]
    assert [d.destination for d in bench.rows(Delivery) if d.document_id == note.id] == ["pacs"]
    assert str(bench.file(note).PatientName) == "Right^Patient"
    assert [row.sop_instance_uid for row in bench.rows(Rejection)] == [first.sop_instance_uid]
    assert len(bench.events(AuditEvent.DOCUMENT_REJECTED)) == 1


@pytest.mark.parametrize("bench", ["wrong_patient"], indirect=True)
def test_other_revisions_reject_nothing_there(bench: Bench) -> None:
    issue(bench, 1)
    issue(bench, 2)
    assert notes(bench) == []


@pytest.mark.parametrize("bench", ["all"], indirect=True)
def test_each_document_is_rejected_once(bench: Bench) -> None:
    for revision in (1, 2, 3):
        issue(bench, revision)
    first, second, _ = (row.sop_instance_uid for row in reports(bench))
    assert notes(bench) == [("113001", [first]), ("113001", [second])]


@pytest.mark.parametrize("bench", ["all"], indirect=True)
def test_what_never_arrived_is_not_rejected(bench: Bench) -> None:
    issue(bench, 1, taken=False)
    issue(bench, 2)
    assert notes(bench) == []


@pytest.mark.parametrize("bench", ["all"], indirect=True)
def test_what_the_archive_rejected_itself_needs_no_note(bench: Bench) -> None:
    issue(bench, 1)
    values = {"study_instance_uid": STUDY_UID, "note_uid": "2.25.1", "code": "113001", "received_at": NOW}
    of_archive = Rejection(sop_instance_uid=reports(bench)[0].sop_instance_uid, **values)
    bench.database.write(lambda session: session.add(of_archive))
    issue(bench, 2)
    assert notes(bench) == []


@pytest.mark.parametrize("bench", ["all"], indirect=True)
def test_a_document_whose_successor_cannot_be_built_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    issue(bench, 1)

    def broken(*_: object) -> tuple[()]:
        raise RuntimeError

    monkeypatch.setitem(building.TEMPLATES, "tid1500", Template(broken))
    with pytest.raises(Exception, match="tid1500"):
        issue(bench, 2)
    assert notes(bench) == []


def test_two_destinations_with_long_names_have_their_own_notes(tmp_path: Path) -> None:
    address = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "documents": ("tid1500",), "reject_superseded": "all"}
    names = ("a" * 63 + "1", "a" * 63 + "2")
    bench = document_bench(tmp_path, destination=tuple(Destination(name=name, **address) for name in names))
    for uid in CLIPS:
        bench.receive(source_header(uid))
    for revision in (1, 2, 3):
        issue(bench, revision)
    assert [len(named) for _, named in notes(bench)] == [1, 1, 1, 1]
    assert len({row.part for row in bench.rows(Document) if row.template == "rejection_note"}) == 2
    bench.database.close()
