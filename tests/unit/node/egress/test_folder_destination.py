"""A folder as destination: whole files under their own names, and a folder that is away may come back."""

import os
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from node.db.tables import DeliveryState
from node.egress.destinations.folder import FolderDestination
from node.egress.destinations.kind import StoredDocument
from node.settings import Settings
from tests.outbox import document_bytes


def share(folder: Path) -> FolderDestination:
    return FolderDestination(name="share", kind="folder", path=folder, documents=("csv",))


@pytest.fixture
def document(tmp_path: Path) -> StoredDocument:
    stored = tmp_path / "stored"
    stored.write_bytes(b"key,value\r\n")
    return StoredDocument(stored, "csv", "2.25.7")


def test_a_document_is_there_under_its_name_and_twice_is_once(tmp_path: Path, document: StoredDocument) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    for _ in range(2):
        assert share(folder).send(document, Settings(), 0).state is DeliveryState.ACCEPTED
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"csv-2.25.7.csv": b"key,value\r\n"}


def test_a_folder_that_is_away_is_tried_again(tmp_path: Path, document: StoredDocument) -> None:
    away = tmp_path / "share"
    outcome = share(away).send(document, Settings(), 3)
    assert (outcome.state, outcome.retry) == (DeliveryState.PENDING, True)
    assert outcome.detail == f"{away} cannot be written: No such file or directory"
    assert not share(away).probe(Settings()).ok
    away.mkdir()
    assert share(away).probe(Settings()).ok
    assert list(away.iterdir()) == [], "a probe leaves nothing there"


def test_what_cannot_be_completed_is_not_seen(
    tmp_path: Path, document: StoredDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that reads the folder once could have taken half a file."""
    folder = tmp_path / "share"
    folder.mkdir()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert share(folder).send(document, Settings(), 0).retry
    assert list(folder.iterdir()) == []


def test_what_the_archive_keeps_deflated_every_program_reads(tmp_path: Path) -> None:
    stored = tmp_path / "stored.dcm"
    stored.write_bytes(document_bytes("2.25.8", transfer_syntax_uid=DeflatedExplicitVRLittleEndian))
    folder = tmp_path / "share"
    folder.mkdir()
    assert share(folder).send(StoredDocument(stored, "seg", "2.25.8"), Settings(), 0).state is DeliveryState.ACCEPTED
    written = dcmread(folder / "seg-2.25.8.dcm")
    assert written.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert written == dcmread(stored)


def test_what_was_accepted_is_on_the_disk(tmp_path: Path, document: StoredDocument, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut after the rename, and the name would be gone with its file."""
    synced: list[str] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    folder = tmp_path / "share"
    folder.mkdir()
    share(folder).send(document, Settings(), 0)
    assert synced == [str(folder / ".csv-2.25.7.csv.arriving"), str(folder)]
