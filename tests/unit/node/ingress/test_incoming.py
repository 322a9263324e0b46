"""A data set becomes a file as it comes, or nothing at all."""

import hashlib
import os

import pytest
from pydicom import dcmread

from node.errors import OutOfResources
from node.ingress.incoming import HEAD_BYTES, IncomingFile, file_meta
from node.study.archive import Archive
from node.version import IMPLEMENTATION_CLASS_UID


@pytest.fixture(params=[0, 1 << 18], ids=["as it comes", "in one go"], autouse=True)
def at_once_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """A data set longer than this is written as it comes."""
    monkeypatch.setattr("node.ingress.incoming._AT_ONCE_BYTES", request.param)
    return int(request.param)


def _file(archive: Archive, *, min_free_disk_mb: int = 0) -> IncomingFile:
    return IncomingFile(archive, min_free_disk_mb, file_meta("1.2.3", "4.5.6", "1.2.840.10008.1.2.1"))


PATIENT = b"\x10\x00\x20\x00LO\x04\x00ID 1"


def test_our_file_meta_then_the_bytes_as_received(archive: Archive) -> None:
    file = _file(archive)
    for start in range(0, len(PATIENT), 5):
        file.write(PATIENT[start : start + 5])
    received = file.complete()
    assert received is not None
    content = received.path.read_bytes()
    assert received.path.parent == archive.incoming
    assert content.endswith(PATIENT)
    assert (received.sha256, received.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (received.head, received.data_set_bytes) == (PATIENT, len(PATIENT))
    dataset = dcmread(received.path)
    assert dataset.file_meta.MediaStorageSOPInstanceUID == "4.5.6"
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert dataset.PatientID == "ID 1"
    assert dataset.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID


def test_no_data_set_no_file(archive: Archive) -> None:
    file = _file(archive)
    assert file.complete() is None
    assert not list(archive.incoming.iterdir())


def test_only_the_head_is_kept_in_memory(archive: Archive) -> None:
    file = _file(archive)
    for number in range(4):
        file.write(bytes([number]) * (HEAD_BYTES // 2 + 1))
    received = file.complete()
    assert received is not None
    assert received.head == received.path.read_bytes()[-received.data_set_bytes :][:HEAD_BYTES]


def test_too_little_disk_refuses_at_once_and_drains(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Archive, "free_mb", lambda _: 99)
    file = _file(archive, min_free_disk_mb=100)
    file.write(bytes(1000))
    file.write(bytes(1000))
    with pytest.raises(OutOfResources, match="100 MB"):
        file.complete()
    assert not list(archive.incoming.iterdir())


@pytest.mark.parametrize("at_once_bytes", [0], indirect=True)
def test_a_disk_that_fills_while_receiving_is_noticed(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([500, 50])
    monkeypatch.setattr(Archive, "free_mb", lambda _: next(free))
    monkeypatch.setattr("node.ingress.incoming._CHECK_EVERY_BYTES", 1000)
    file = _file(archive, min_free_disk_mb=100)
    file.write(bytes(600))
    file.write(bytes(600))
    file.write(bytes(600))
    with pytest.raises(OutOfResources):
        file.complete()
    assert not list(archive.incoming.iterdir())


def _no_space(*_: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("fails_at", ["open", "write", "close"])
def test_a_disk_error_is_kept_for_the_answer(archive: Archive, monkeypatch: pytest.MonkeyPatch, fails_at: str) -> None:
    file = _file(archive)
    if fails_at != "open":
        file.write(b"some")
    with monkeypatch.context() as patch:
        patch.setattr(os, fails_at, _no_space)
        file.write(b"more")
        with pytest.raises(OutOfResources, match="OSError"):
            file.complete()
    assert not list(archive.incoming.iterdir())


def test_a_disk_that_takes_a_part_gets_the_rest(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, piece: write(descriptor, bytes(piece[:3])))
    file = _file(archive)
    file.write(memoryview(PATIENT))
    received = file.complete()
    assert received is not None
    assert received.path.read_bytes().endswith(PATIENT)


def test_discarding_leaves_nothing_and_may_be_repeated(archive: Archive) -> None:
    file = _file(archive)
    file.write(b"half")
    file.discard()
    file.discard()
    assert not list(archive.incoming.iterdir())


def test_a_small_data_set_is_a_file_only_when_all_of_it_is_here(archive: Archive, at_once_bytes: int) -> None:
    file = _file(archive)
    file.write(bytes(1000))
    assert len(list(archive.incoming.iterdir())) == (0 if at_once_bytes else 1)
    file.write(bytes(at_once_bytes))
    assert len(list(archive.incoming.iterdir())) == 1
    received = file.complete()
    assert received is not None
    assert received.data_set_bytes == 1000 + at_once_bytes
    assert received.sha256 == hashlib.sha256(received.path.read_bytes()).hexdigest()
