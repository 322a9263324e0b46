"""A data set becomes a file as it comes, or nothing at all."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pynetdicom.dsutils import create_file_meta

from node.errors import OutOfResources
from node.ingress.incoming import IncomingFile
from node.study.archive import Archive
from node.version import IMPLEMENTATION_CLASS_UID


def _file(
    archive: Archive, *, min_free_disk_mb: int = 0, opened: Callable[[IncomingFile], None] = lambda _: None
) -> IncomingFile:
    def file_meta() -> Any:
        return create_file_meta(
            sop_class_uid="1.2.3", sop_instance_uid="4.5.6", transfer_syntax="1.2.840.10008.1.2.1",
            implementation_uid=IMPLEMENTATION_CLASS_UID, implementation_version="X",
        )  # fmt: skip

    return IncomingFile(archive, min_free_disk_mb, file_meta, opened)


PATIENT = b"\x10\x00\x20\x00LO\x04\x00ID 1"


def test_our_file_meta_then_the_bytes_as_received(archive: Archive) -> None:
    file = _file(archive)
    for start in range(0, len(PATIENT), 5):
        assert file.write(PATIENT[start : start + 5]) == len(PATIENT[start : start + 5])
    path = file.complete()
    assert path is not None
    assert path.parent == archive.incoming
    assert path.read_bytes().endswith(PATIENT)
    dataset = dcmread(path)
    assert dataset.PatientID == "ID 1"
    assert dataset.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID


def test_no_data_set_no_file(archive: Archive) -> None:
    file = _file(archive)
    assert file.complete() is None
    assert not list(archive.incoming.iterdir())


def test_an_opened_file_is_told_of_once(archive: Archive) -> None:
    opened: list[IncomingFile] = []
    file = _file(archive, opened=opened.append)
    assert opened == []
    file.write(b"a")
    file.write(b"b")
    assert opened == [file]
    file.discard()


def test_too_little_disk_refuses_at_once_and_drains(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Archive, "free_mb", lambda _: 99)
    file = _file(archive, min_free_disk_mb=100)
    assert file.write(bytes(1000)) == 1000
    assert file.write(bytes(1000)) == 1000
    with pytest.raises(OutOfResources, match="100 MB"):
        file.complete()
    assert not list(archive.incoming.iterdir())


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


class FullDisk(BytesIO):
    """Takes the file meta, then no more: at a write, or when its buffer is flushed at the end."""

    def __init__(self, fails_at: str) -> None:
        super().__init__()
        self._fails_at = fails_at

    def write(self, data: Any) -> int:
        if self._fails_at == "write" and self.tell():
            raise OSError(28, "No space left on device")
        return super().write(data)

    def close(self) -> None:
        if self._fails_at == "close" and not self.closed:
            super().close()
            raise OSError(28, "No space left on device")
        super().close()


@pytest.mark.parametrize("fails_at", ["write", "close"])
def test_a_write_error_is_kept_for_the_answer(archive: Archive, monkeypatch: pytest.MonkeyPatch, fails_at: str) -> None:
    monkeypatch.setattr(Path, "open", lambda *_args, **_kwargs: FullDisk(fails_at))
    file = _file(archive)
    assert file.write(b"some") == 4
    assert file.write(b"more") == 4
    with pytest.raises(OutOfResources, match="OSError"):
        file.complete()


def test_discarding_leaves_nothing_and_may_be_repeated(archive: Archive) -> None:
    file = _file(archive)
    file.write(b"half")
    file.discard()
    file.discard()
    assert not list(archive.incoming.iterdir())
    assert not file.getvalue(), "the buffer it stands for stays empty"
