"""Every receipt, what it leaves on disk and in the database, and what the sender is told where it is not taken."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from sqlalchemy import select

from node.db.identity import node_identity
from node.db.session import Database
from node.db.tables import Analysis, AuditEntry, Document, Instance, Receipt, Study
from node.errors import DatasetMismatch, OutOfResources
from node.ingress import group_intake, intake
from node.ingress.arrival import Arrival
from node.ingress.group_intake import GroupIntake
from node.ingress.intake import take_instance
from node.study.archive import Archive, file_sha256
from tests.arrivals import CLIP_UID, STUDY_UID, RLELossless, arrival, clip, rewritten, rle, settings
from tests.rows import NOW, audited
from tests.waiting import patience


class Intake:
    def __init__(self, database: Database, archive: Archive) -> None:
        self.database, self.archive = database, archive
        self.settings = settings(archive.root.parent)
        self.group: GroupIntake | None = None

    def take(self, dataset: Dataset, **options: Any) -> Receipt:
        return self.take_arrival(arrival(self.archive, dataset, **options))

    def take_arrival(self, arrived: Arrival) -> Receipt:
        if self.group is not None:
            receipt = self.group.take(arrived)
        else:
            receipt = take_instance(self.database, self.archive, arrived, self.settings, now=NOW)
        assert not list(self.archive.incoming.iterdir()), "no temporary file stays"
        return receipt

    def use(self, **study: Any) -> None:
        """Further settings of `[study]`; before the first instance."""
        self.settings = settings(self.archive.root.parent, **study)
        if self.group is not None:
            self.group.close()
            self.group = GroupIntake(self.database, self.archive, self.settings, lambda: NOW)

    @property
    def rows(self) -> list[Instance]:
        with self.database.reading() as session:
            return list(session.scalars(select(Instance).order_by(Instance.id)))

    @property
    def files(self) -> list[Path]:
        return sorted((self.archive.root / "objects").rglob("*.dcm"))


@pytest.fixture(params=["alone", "in a group"])
def intake_(database: Database, archive: Archive, request: pytest.FixtureRequest) -> Iterator[Intake]:
    """The way every instance can go, and the one that most go in the receiver: their outcomes are the same."""
    taking = Intake(database, archive)
    if request.param == "alone":
        yield taking
        return
    taking.group = GroupIntake(database, archive, taking.settings, lambda: NOW)
    yield taking
    taking.group.close()


def test_a_new_instance_is_stored(intake_: Intake) -> None:
    assert intake_.take(clip()) is Receipt.STORED
    (row,) = intake_.rows
    assert (row.sop_instance_uid, row.sop_class_uid) == (f"{CLIP_UID}.0", "1.2.840.10008.5.1.4.1.1.3.1")
    assert (row.analysable, row.kept, row.calling_aet, row.note) == (True, True, "CART", None)
    file = intake_.archive.path(str(row.path))
    assert (row.size_bytes, row.sha256) == (file.stat().st_size, file_sha256(file))
    with intake_.database.reading() as session:
        assert session.scalars(select(Study)).one().study_instance_uid == STUDY_UID
    assert audited(intake_.database) == ["study_opened", "instance_stored"]


def test_the_bytes_are_kept_as_received(intake_: Intake) -> None:
    arrived = arrival(intake_.archive, clip(), transfer_syntax_uid=ImplicitVRLittleEndian)
    received = arrived.path.read_bytes()
    intake_.take_arrival(arrived)
    assert intake_.files[0].read_bytes() == received


def test_an_identical_object_is_a_duplicate(intake_: Intake) -> None:
    intake_.take(clip())
    assert intake_.take(clip()) is Receipt.DUPLICATE
    assert len(intake_.files) == 1
    assert (intake_.rows[1].kept, intake_.rows[1].path) == (False, None)


@pytest.mark.parametrize("first", ["plain", "compressed"])
def test_the_same_object_in_another_transfer_syntax_is_a_duplicate(intake_: Intake, first: str) -> None:
    plain = {"dataset": clip()}
    compressed = {"dataset": rle(clip()), "transfer_syntax_uid": RLELossless}
    order = [plain, compressed] if first == "plain" else [compressed, plain]
    assert [intake_.take(**options) for options in order] == [Receipt.STORED, Receipt.DUPLICATE]
    assert len(intake_.files) == 1, "the first is kept"


def test_another_header_is_kept_beside_the_first(intake_: Intake) -> None:
    intake_.take(clip())
    assert intake_.take(clip(PatientName="Right^Name", PatientID="RIGHT-ID")) is Receipt.HEADER_CHANGED
    assert len(intake_.files) == 2
    old, new = intake_.rows
    assert old.pixel_hash == new.pixel_hash
    assert old.patient_key != new.patient_key
    assert intake_.take(clip(PatientName="Right^Name", PatientID="RIGHT-ID")) is Receipt.DUPLICATE, "of the second"
    assert intake_.take(clip()) is Receipt.DUPLICATE, "of the first"


def test_other_pixels_conflict_and_both_are_kept(intake_: Intake) -> None:
    intake_.take(clip())
    other = clip(pixels=bytes(48))
    assert intake_.take(other) is Receipt.CONFLICT
    assert len(intake_.files) == 2
    assert intake_.take(rle(other), transfer_syntax_uid=RLELossless) is Receipt.DUPLICATE


def test_other_pixels_in_another_transfer_syntax_conflict(intake_: Intake) -> None:
    intake_.take(clip())
    assert intake_.take(rle(clip(pixels=bytes(48))), transfer_syntax_uid=RLELossless) is Receipt.CONFLICT


def test_the_same_instance_in_another_study_is_stored_with_a_note(intake_: Intake) -> None:
    intake_.take(clip())
    assert intake_.take(clip(StudyInstanceUID="2.25.101")) is Receipt.STORED
    assert intake_.rows[1].note == intake.IN_ANOTHER_STUDY


def test_an_image_class_without_pixels_is_stored_with_a_note(intake_: Intake) -> None:
    assert intake_.take(clip(PixelData=None)) is Receipt.STORED
    row = intake_.rows[0]
    assert (row.note, row.pixel_hash, row.analysable) == (intake.NO_PIXELS, None, True)


@pytest.mark.parametrize(
    ("sop_class_uid", "analysable"),
    [
        ("1.2.840.10008.5.1.4.1.1.6.1", True),
        ("1.2.840.10008.5.1.4.1.1.6", True),
        ("1.2.840.10008.5.1.4.1.1.3", True),
        ("1.2.840.10008.5.1.4.1.1.7", False),
        ("1.2.840.10008.5.1.4.1.1.88.33", False),
        ("1.2.826.0.1.3680043.9.7777.1", False),
    ],
)
def test_only_ultrasound_classes_are_analysable(intake_: Intake, sop_class_uid: str, analysable: bool) -> None:
    assert intake_.take(clip(SOPClassUID=sop_class_uid)) is Receipt.STORED
    assert intake_.rows[0].analysable is analysable


def unsaid(arrived: Arrival) -> Arrival:
    """The same object without the name of its character set, Latin-2 as it stays."""
    return rewritten(arrived, arrived.path.read_bytes().replace(b"ISO_IR 101", b"          "))


@pytest.mark.parametrize("transfer_syntax_uid", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("keyword", ["PatientName", "InstitutionName"])
def test_text_of_no_known_character_set_is_read_by_the_configured_one_and_audited(
    intake_: Intake, keyword: str, transfer_syntax_uid: str
) -> None:
    """Bug prevented: one patient's name compared as Latin-1 and as Latin-2, and so two people in one study."""
    intake_.use(fallback_character_set="ISO_IR 101")
    said = clip(0, SpecificCharacterSet="ISO_IR 101", **{keyword: "Łuczak^Żaneta"})
    other = clip(1, SpecificCharacterSet="ISO_IR 101", **{keyword: "Łuczak^Żaneta"})
    intake_.take(said, transfer_syntax_uid=transfer_syntax_uid)
    intake_.take_arrival(unsaid(arrival(intake_.archive, other, transfer_syntax_uid=transfer_syntax_uid)))
    first, second = intake_.rows
    assert first.patient_name_key == second.patient_name_key
    assert (first.note, second.note) == (
        None, "no Specific Character Set: text beyond ASCII is read by the configured fallback",
    )  # fmt: skip
    with intake_.database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.event == "instance_stored").order_by(AuditEntry.id))
        assert [entry.details.get("note") for entry in entries] == [None, second.note]


def test_what_cannot_be_parsed_is_kept_in_quarantine(intake_: Intake) -> None:
    arrived = arrival(intake_.archive, clip())
    cut = arrived.path.read_bytes()[:400]
    arrived = rewritten(arrived, cut.replace(b"\x08\x00\x16\x00UI", b"\xff\xff\xff\xff\xff\xff"))
    received = arrived.path.read_bytes()
    assert intake_.take_arrival(arrived) is Receipt.QUARANTINED
    (row,) = intake_.rows
    assert (row.study_id, row.sop_instance_uid, row.analysable) == (None, None, False)
    assert intake_.archive.path(str(row.path)).read_bytes() == received
    assert str(row.path).startswith("quarantine/")
    assert audited(intake_.database) == ["instance_quarantined"]


@pytest.mark.parametrize(
    ("changes", "command", "message"),
    [
        ({}, {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.6.1"}, "SOP Class UID differs"),
        ({}, {"sop_instance_uid": "2.25.9"}, "SOP Instance UID differs"),
        ({"StudyInstanceUID": None}, {}, "no Study Instance UID"),
        ({"StudyInstanceUID": ""}, {}, "no Study Instance UID"),
    ],
)
def test_a_data_set_that_does_not_fit_its_command_is_not_taken(
    intake_: Intake, changes: dict[str, Any], command: dict[str, str], message: str
) -> None:
    with pytest.raises(DatasetMismatch, match=message):
        intake_.take(clip(**changes), **command)
    assert not intake_.files
    assert not intake_.rows
    assert not list(intake_.archive.incoming.iterdir())


def _own_document(intake_: Intake) -> None:
    def change(session: Any) -> None:
        study = session.scalars(select(Study)).one()
        analysis = Analysis(analysis_uuid="a", study_id=study.id, revision=1, findings={}, started_at=NOW, finished_at=NOW)
        session.add(analysis)
        session.flush()
        session.add(
            Document(
                analysis_id=analysis.id, study_id=study.id, template="seg", sop_class_uid="1", sop_instance_uid="2.25.777",
                series_instance_uid="3", modality="SEG", path="p", sha256="0", created_at=NOW,
            )
        )  # fmt: skip

    intake_.database.write(change)


def test_our_own_document_is_accepted_and_touches_nothing(intake_: Intake) -> None:
    intake_.take(clip())
    _own_document(intake_)
    assert intake_.take(clip(SOPInstanceUID="2.25.777", SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")) is Receipt.OWN
    own = intake_.rows[1]
    assert (own.study_id, own.path, own.kept, own.analysable) == (None, None, False, False)
    assert len(intake_.files) == 1
    assert audited(intake_.database)[-1] == "own_document_returned"


def _report(observer_uid: str) -> Dataset:
    name, observer = Dataset(), Dataset()
    name.CodeValue = "121012"
    observer.UID, observer.ConceptNameCodeSequence = observer_uid, [name]
    report = clip(7, PixelData=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33")
    report.ContentSequence = [observer]
    return report


def test_a_report_that_names_us_as_its_device_is_our_own(intake_: Intake) -> None:
    ours = intake_.database.write(lambda session: node_identity(session, now=NOW)).device_observer_uid
    assert intake_.take(_report(ours)) is Receipt.OWN
    assert intake_.take(_report("2.25.4711")) is Receipt.STORED


def test_a_phantom_with_a_derived_uid_is_an_ordinary_instance(intake_: Intake) -> None:
    """Neither the root 2.25 nor the manufacturer makes an object ours."""
    assert intake_.take(clip(Manufacturer="EchoNode")) is Receipt.STORED


def test_a_late_image_reopens_through_intake(intake_: Intake) -> None:
    intake_.take(clip())
    intake_.database.write(_close)
    intake_.take(clip(1))
    with intake_.database.reading() as session:
        assert session.scalars(select(Study)).one().revision == 2


def _close(session: Any) -> None:
    from node.study import assembly

    assembly.close_study(session, session.scalars(select(Study)).one(), reason=assembly.BY_HAND, now=NOW)


def test_no_patient_data_reaches_the_audit_trail(intake_: Intake) -> None:
    intake_.take(clip())
    intake_.take(clip(PatientName="Other^Secret"))
    with intake_.database.reading() as session:
        trail = [f"{entry.study} {entry.details}" for entry in session.scalars(select(AuditEntry))]
    assert len(trail) == 3
    for secret in ("Secret", "SECRET", STUDY_UID, CLIP_UID):
        assert not any(secret in entry for entry in trail)


def test_patients_are_known_by_key_alone(intake_: Intake) -> None:
    intake_.take(clip(0))
    intake_.take(clip(1))
    intake_.take(clip(2, IssuerOfPatientID="Elsewhere"))
    intake_.take(clip(3, PatientID=""))
    keys = [row.patient_key for row in intake_.rows]
    assert keys[0] == keys[1] != keys[2]
    assert keys[3] is None
    assert "SECRET-ID" not in str(keys)


def test_a_full_disk_takes_nothing(intake_: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise OSError(28, "No space left on device")

    for way in ("place", "link"):
        monkeypatch.setattr(Archive, way, refuse)
    with pytest.raises(OutOfResources):
        intake_.take(clip())
    assert not list(intake_.archive.incoming.iterdir())
    assert (intake_.rows, audited(intake_.database)) == ([], [])


def test_the_file_is_in_place_before_the_row(intake_: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two, the sender got no answer and sends again; the other way round a row would lack its file."""

    def crash(*_: object) -> Receipt:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(intake, "_remember", crash)
        patch.setattr(group_intake, "remember_new", crash)
        with pytest.raises(KeyboardInterrupt):
            intake_.take(clip())
    assert len(intake_.files) == 1
    assert intake_.rows == []
    assert intake_.take(clip()) is Receipt.STORED
    assert len(intake_.files) == 1


def test_the_same_object_on_several_associations_is_stored_once(intake_: Intake) -> None:
    """All are decided before any is remembered."""
    together = threading.Barrier(4)
    decide = intake._decide

    decided: set[str] = set()

    def decide_together(session: Any, taken: Any, content: Any) -> Any:
        decision = decide(session, taken, content)
        if taken.arrival.association_uuid not in decided:
            decided.add(taken.arrival.association_uuid)
            together.wait(patience(10))
        return decision

    arrivals = [arrival(intake_.archive, clip(), association_uuid=str(number)) for number in range(4)]
    different = [replace(each, calling_aet=f"CART{number}") for number, each in enumerate(arrivals)]

    def take(arrived: Arrival) -> Receipt:
        return take_instance(intake_.database, intake_.archive, arrived, intake_.settings, now=NOW)

    intake._decide = decide_together
    try:
        with ThreadPoolExecutor(4) as pool:
            receipts = sorted(pool.map(take, different))
    finally:
        intake._decide = decide
    assert receipts == ["duplicate", "duplicate", "duplicate", "stored"]
    assert len(intake_.files) == 1
    assert [row.kept for row in intake_.rows].count(True) == 1


def test_a_twin_that_came_second_leaves_no_file(intake_: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same content in other bytes, placed already when the first was committed."""
    way = "place" if intake_.group is None else "link"
    place = getattr(Archive, way)

    def place_after_the_other(archive: Archive, temporary: Path, sha256: str) -> str:
        monkeypatch.setattr(Archive, way, place)
        intake_.database.write(lambda _session: None)
        other = arrival(archive, clip())
        take_instance(intake_.database, archive, other, intake_.settings, now=NOW)
        return str(place(archive, temporary, sha256))

    monkeypatch.setattr(Archive, way, place_after_the_other)
    assert intake_.take(clip(), transfer_syntax_uid=ImplicitVRLittleEndian) is Receipt.DUPLICATE
    assert [str(row.receipt) for row in intake_.rows] == ["stored", "duplicate"]
    assert len(intake_.files) == 1
    assert str(intake_.rows[0].path) in str(intake_.files[0])


def test_what_was_passed_over_on_the_way_is_a_note(intake_: Intake) -> None:
    """A data set without its last bytes: the object is kept, and its row says what is missing."""
    arrived = arrival(intake_.archive, clip())
    assert intake_.take_arrival(rewritten(arrived, arrived.path.read_bytes()[:-10])) is Receipt.STORED
    assert intake_.rows[0].note
