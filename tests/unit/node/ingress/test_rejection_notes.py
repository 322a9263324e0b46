"""Received rejection notes, from their bytes to what becomes of the study they name."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from node.db import queue
from node.db.audit import AuditEvent
from node.db.session import Database
from node.db.tables import (
    Analysis,
    AuditEntry,
    Delivery,
    DeliveryState,
    Document,
    Instance,
    Job,
    JobKind,
    JobState,
    Receipt,
    Rejection,
    Study,
    StudyState,
)
from node.egress.delivery import create_delivery, retry_delivery
from node.errors import DeliveryError
from node.ingress.intake import REJECTED, take_instance
from node.study import assembly
from node.study.archive import Archive
from node.study.overview import study_overview
from node.study.rejection import NOT_SENT, is_rejected
from node.study.rejection_notes import UNDER_ANOTHER_STUDY
from tests.arrivals import CLIP_UID, STUDY_UID, arrival, clip, settings
from tests.rejections import ALL_TITLES, PATIENT_SAFETY, QUALITY, RETENTION, WRONG_WORKLIST, evidence, rejection_of
from tests.rows import NOW

FIRST, SECOND = f"{CLIP_UID}.0", f"{CLIP_UID}.1"
OTHER_STUDY = "2.25.101"
DOCUMENT_UID = "2.25.777"


class Archived:
    """A node that objects are sent to, and whose study is closed, analysed and documented by hand."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.archive = database, Archive(folder / "archive")
        self.settings, self.now = settings(folder), NOW

    def take(self, *datasets: Dataset) -> list[Receipt]:
        receipts = [
            take_instance(self.database, self.archive, arrival(self.archive, one), self.settings, now=self.now)
            for one in datasets
        ]
        self.database.write(lambda session: assembly.association_ended(session, "association-1", now=self.now))
        return receipts

    def fall_quiet(self) -> None:
        self.now += timedelta(seconds=61)
        self.database.write(lambda session: assembly.close_quiet_studies(session, now=self.now, settings=self.settings))

    def analyse(self) -> None:
        """With one document that is to be sent to the archive."""

        def change(session: Session) -> None:
            job = queue.claim(session, (JobKind.ANALYSE_STUDY,), owner="me", now=self.now, lease_s=60)
            assert job is not None
            queue.finish(session, job, now=self.now)
            study = session.scalars(select(Study).where(Study.study_instance_uid == STUDY_UID)).one()
            assembly.mark_analysed(session, study, now=self.now)
            analysis = Analysis(
                analysis_uuid=f"analysis-{study.revision}", study_id=study.id, revision=study.revision, findings={},
                started_at=NOW, finished_at=NOW,
            )  # fmt: skip
            session.add(analysis)
            session.flush()
            document = Document(
                analysis_id=analysis.id, study_id=study.id, template="tid1500", sop_class_uid="1",
                sop_instance_uid=f"{DOCUMENT_UID}.{study.revision}", series_instance_uid="3", modality="SR", path="p",
                sha256="0", created_at=NOW,
            )  # fmt: skip
            session.add(document)
            session.flush()
            create_delivery(session, document, "pacs", now=self.now)

        self.database.write(change)

    def analysed(self, *datasets: Dataset) -> "Archived":
        self.take(*(datasets or (clip(0), clip(1))))
        self.fall_quiet()
        self.analyse()
        return self

    def rows(self, table: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))

    def study(self, uid: str = STUDY_UID) -> Study:
        return next(row for row in self.rows(Study) if row.study_instance_uid == uid)

    @property
    def state(self) -> tuple[str, int]:
        return self.study().state, self.study().revision

    @property
    def in_use(self) -> list[str]:
        with self.database.reading() as session:
            query = select(Instance.sop_instance_uid).where(Instance.analysable, ~is_rejected()).order_by(Instance.id)
            return [str(uid) for uid in session.scalars(query)]

    def audited(self, event: AuditEvent) -> list[dict[str, Any]]:
        return [row.details for row in self.rows(AuditEntry) if row.event == event.value]


@pytest.fixture
def node(database: Database, tmp_path: Path) -> Archived:
    return Archived(database, tmp_path)


@pytest.mark.parametrize("title", ALL_TITLES)
def test_a_named_object_leaves_the_analysis_and_the_study_is_amended(node: Archived, title: str) -> None:
    node.analysed()
    node.take(rejection_of(FIRST, title=title))
    assert node.state == (StudyState.RECEIVING, 2)
    assert node.in_use == [SECOND]
    node.fall_quiet()
    assert node.state == (StudyState.COMPLETE, 2)
    (entry,) = node.audited(AuditEvent.REJECTION_RECEIVED)
    assert (entry["title"][:6], entry["named"], entry["new"], entry["known"]) == (title, 1, 1, 1)


def test_results_on_their_way_are_held_back_at_once(node: Archived) -> None:
    node.analysed()
    node.take(rejection_of(FIRST))
    assert [row.state for row in node.rows(Delivery)] == [DeliveryState.SUPERSEDED]
    assert [row.state for row in node.rows(Job) if row.kind == JobKind.DELIVER] == [JobState.DONE]


def test_a_study_keeps_its_sender_when_the_archive_rejects(node: Archived) -> None:
    """Its documents are routed by who sent the images, not by who rejected one."""
    node.analysed()
    note = arrival(node.archive, rejection_of(FIRST), calling_aet="ARCHIVE")
    take_instance(node.database, node.archive, note, node.settings, now=node.now)
    assert node.study().calling_aet == "CART"


def test_a_running_analysis_ends_without_effect(node: Archived) -> None:
    node.take(clip(0), clip(1))
    node.fall_quiet()
    node.take(rejection_of(FIRST))
    assert [(row.kind, row.state) for row in node.rows(Job)] == [(JobKind.ANALYSE_STUDY, JobState.DONE)]
    assert node.state == (StudyState.RECEIVING, 2)


def test_while_receiving_nothing_is_amended(node: Archived) -> None:
    node.take(clip(0), clip(1), rejection_of(FIRST))
    assert node.state == (StudyState.RECEIVING, 1)
    assert node.in_use == [SECOND]


@pytest.mark.parametrize("title", ALL_TITLES)
def test_a_note_may_come_before_its_objects(node: Archived, title: str) -> None:
    node.take(rejection_of(FIRST, title=title), clip(0), clip(1))
    assert node.in_use == [SECOND]
    stored = next(row for row in node.rows(Instance) if row.sop_instance_uid == FIRST)
    assert (stored.receipt, stored.analysable) == (Receipt.STORED, True)
    assert stored.note.startswith(REJECTED)


@pytest.mark.parametrize(
    ("title", "again"),
    [
        *((title, clip(0)) for title in ALL_TITLES),
        (PATIENT_SAFETY, clip(0, PatientID="CORRECTED")),
        (WRONG_WORKLIST, clip(0, pixels=bytes(48))),
    ],
)
def test_sending_a_rejected_object_again_does_not_bring_it_back(node: Archived, title: str, again: Dataset) -> None:
    node.analysed()
    node.take(rejection_of(FIRST, title=title))
    node.fall_quiet()
    node.analyse()
    node.take(again)
    assert node.state == (StudyState.ANALYSED, 2)
    assert node.in_use == [SECOND]


def test_the_same_note_again_changes_nothing(node: Archived) -> None:
    node.analysed()
    note = rejection_of(FIRST)
    assert node.take(note) == [Receipt.STORED]
    node.fall_quiet()
    node.analyse()
    assert node.take(note) == [Receipt.DUPLICATE]
    assert node.state == (StudyState.ANALYSED, 2)
    assert len(node.audited(AuditEvent.REJECTION_RECEIVED)) == 1


def test_a_note_that_came_before_the_node_knew_such_notes_takes_effect_when_it_comes_again(node: Archived) -> None:
    node.analysed()
    note = rejection_of(FIRST)
    node.take(note)
    with node.database.session() as session:
        session.execute(delete(Rejection))
        session.scalars(select(Study)).one().state = StudyState.ANALYSED.value
    assert node.take(note) == [Receipt.DUPLICATE]
    assert node.in_use == [SECOND]
    assert node.state == (StudyState.RECEIVING, 3)


def test_another_note_of_the_same_object_amends_nothing_more(node: Archived) -> None:
    node.analysed()
    node.take(rejection_of(FIRST))
    node.fall_quiet()
    node.analyse()
    node.take(rejection_of(FIRST, title=PATIENT_SAFETY, number=1))
    assert node.state == (StudyState.ANALYSED, 2)
    with node.database.reading() as session:
        overview = study_overview(session, STUDY_UID)
    assert overview is not None
    first = next(row for row in overview["instances"] if row["sop_instance_uid"] == FIRST)
    assert first["rejected"] == "Rejected for Quality Reasons, Rejected for Patient Safety Reasons"


def test_revisions_by_rejection_have_no_limit(node: Archived) -> None:
    """A rejected image must never stay in results because a study was amended often."""
    node.settings = settings(node.archive.root.parent, max_revisions=1)
    node.analysed()
    node.take(rejection_of(FIRST))
    assert node.state == (StudyState.RECEIVING, 2)


@pytest.mark.parametrize("title", [QUALITY, PATIENT_SAFETY, WRONG_WORKLIST])
def test_where_every_image_is_rejected_a_revision_takes_the_results_back(node: Archived, title: str) -> None:
    node.analysed()
    node.take(rejection_of(FIRST, SECOND, title=title))
    node.fall_quiet()
    assert node.state == (StudyState.COMPLETE, 2)
    assert [row.state for row in node.rows(Job) if row.kind == JobKind.ANALYSE_STUDY][-1] == JobState.TODO


def test_of_a_study_removed_after_its_time_nothing_more_goes_out(node: Archived) -> None:
    node.analysed()
    node.take(rejection_of(FIRST, SECOND, title=RETENTION))
    node.fall_quiet()
    assert node.state == (StudyState.FAILED, 2)
    assert node.study().failed_reason == f"{assembly.ALL_REJECTED}Data Retention Policy Expired"


def test_a_study_of_rejected_images_alone_has_failed_once_it_is_quiet(node: Archived) -> None:
    """No document was ever made of it, so there is nothing to take back."""
    node.take(clip(0), rejection_of(FIRST))
    node.fall_quiet()
    assert node.state == (StudyState.FAILED, 1)
    assert node.study().failed_reason == f"{assembly.ALL_REJECTED}Rejected for Quality Reasons"


def test_the_patients_are_those_of_the_objects_that_stay(node: Archived) -> None:
    """A clip filed under a wrong patient withholds all documents, until it is rejected."""
    node.take(clip(0), clip(1, PatientID="ANOTHER"))
    node.fall_quiet()
    with node.database.reading() as session:
        assert assembly.patient_verdict(session, node.study().id).withhold
    node.take(rejection_of(SECOND, title=WRONG_WORKLIST))
    with node.database.reading() as session:
        assert not assembly.patient_verdict(session, node.study().id).withhold


def test_a_note_of_one_study_rejects_in_the_study_that_its_evidence_states(node: Archived) -> None:
    node.analysed()
    node.take(rejection_of(FIRST, study_instance_uid=OTHER_STUDY, of_study=STUDY_UID))
    assert node.in_use == [SECOND]
    assert node.state == (StudyState.RECEIVING, 2)
    assert node.study(OTHER_STUDY).revision == 1


def test_an_object_named_under_another_study_is_a_question_to_a_person(node: Archived) -> None:
    """The same UID may stand in two studies, and one of them be rejected."""
    node.analysed()
    node.take(rejection_of(FIRST, study_instance_uid=OTHER_STUDY))
    assert node.in_use == [FIRST, SECOND]
    assert node.state == (StudyState.ANALYSED, 1)
    assert (node.study().needs_person, node.study().person_reason) == (True, UNDER_ANOTHER_STUDY)


def test_the_twin_of_an_object_in_another_study_stays(node: Archived) -> None:
    node.take(clip(0), clip(0, StudyInstanceUID=OTHER_STUDY))
    node.take(rejection_of(FIRST))
    assert node.in_use == [FIRST]
    assert not node.study(OTHER_STUDY).needs_person


def test_a_note_of_unknown_objects_waits_for_them(node: Archived) -> None:
    node.analysed()
    assert node.take(rejection_of("2.25.55555")) == [Receipt.STORED]
    assert node.state == (StudyState.ANALYSED, 1)
    assert node.audited(AuditEvent.REJECTION_RECEIVED)[0]["known"] == 0
    assert [row.sop_instance_uid for row in node.rows(Rejection)] == ["2.25.55555"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"CurrentRequestedProcedureEvidenceSequence": None},
        {"ContentSequence": None},
        {"CurrentRequestedProcedureEvidenceSequence": evidence({"": [FIRST]})},
        {"CurrentRequestedProcedureEvidenceSequence": [Dataset()]},
    ],
    ids=["no evidence", "no content", "evidence of no study", "empty evidence"],
)
def test_half_a_note_says_enough(node: Archived, attributes: dict[str, Any]) -> None:
    node.analysed()
    node.take(rejection_of(FIRST, **attributes))
    assert node.in_use == [SECOND]


@pytest.mark.parametrize(
    "attributes",
    [
        {"CurrentRequestedProcedureEvidenceSequence": None, "ContentSequence": None},
        {"CurrentRequestedProcedureEvidenceSequence": evidence({STUDY_UID: ["1" * 80, ""]}), "ContentSequence": None},
    ],
    ids=["nothing", "no valid UID"],
)
def test_a_note_that_names_nothing_is_audited(node: Archived, attributes: dict[str, Any]) -> None:
    node.analysed()
    node.take(rejection_of(**attributes))
    assert node.state == (StudyState.ANALYSED, 1)
    (entry,) = node.audited(AuditEvent.REJECTION_RECEIVED)
    assert "names no object" in entry["note"]


@pytest.mark.parametrize(
    "note",
    [
        rejection_of(FIRST, title="113010"),
        rejection_of(FIRST, scheme="99LOCAL"),
        rejection_of(FIRST, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33"),
        rejection_of(FIRST, ConceptNameCodeSequence=None),
    ],
    ids=["quality issue", "another scheme", "no key object selection", "no title"],
)
def test_other_selections_reject_nothing(node: Archived, note: Dataset) -> None:
    node.analysed()
    node.take(note)
    assert node.in_use == [FIRST, SECOND]
    assert node.audited(AuditEvent.REJECTION_RECEIVED) == []


def test_one_of_our_documents_that_is_rejected_is_not_sent(node: Archived) -> None:
    node.analysed()
    node.take(rejection_of(f"{DOCUMENT_UID}.1"))
    assert node.state == (StudyState.ANALYSED, 1)
    (delivery,) = node.rows(Delivery)
    assert (delivery.state, delivery.detail) == (DeliveryState.SUPERSEDED, NOT_SENT)
    assert len(node.audited(AuditEvent.DOCUMENT_REJECTED)) == 1
    with node.database.reading() as session:
        overview = study_overview(session, STUDY_UID)
    assert overview is not None
    assert overview["documents"][0]["rejected"] == f"{NOT_SENT}: Rejected for Quality Reasons"


def test_nobody_sends_a_rejected_document_by_hand(node: Archived) -> None:
    node.analysed()
    with node.database.session() as session:
        session.scalars(select(Delivery)).one().state = DeliveryState.REFUSED.value
    node.take(rejection_of(f"{DOCUMENT_UID}.1"))
    with node.database.session() as session, pytest.raises(DeliveryError, match="a rejection note names this document"):
        retry_delivery(session, 1, now=NOW)


def test_what_is_taken_back_is_analysed_again(node: Archived) -> None:
    node.analysed()
    node.take(rejection_of(FIRST))
    node.fall_quiet()
    node.analyse()
    node.take(rejection_of(FIRST, title="REVOKE_REJECTION", scheme="99DCM4CHEE", number=1))
    assert node.state == (StudyState.RECEIVING, 3)
    assert node.in_use == [FIRST, SECOND]
    assert len(node.audited(AuditEvent.REJECTION_LIFTED)) == 1


def test_nothing_of_the_patient_is_in_the_audit_trail(node: Archived) -> None:
    node.analysed()
    node.take(rejection_of(FIRST, f"{DOCUMENT_UID}.1"))
    text = str([row.details for row in node.rows(AuditEntry)])
    assert "SECRET" not in text.upper()
