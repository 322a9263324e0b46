"""Files: named by their hash, whole or absent, nothing left behind."""

import hashlib
import os
from pathlib import Path

import pytest

from node.study.archive import Archive, file_sha256


def _received(archive: Archive, content: bytes = b"received") -> tuple[Path, str]:
    path = archive.new_incoming()
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def test_a_received_file_is_moved_to_its_hash(archive: Archive) -> None:
    temporary, sha256 = _received(archive)
    relative = archive.place(temporary, sha256)
    assert relative == f"objects/{sha256[:2]}/{sha256}.dcm"
    assert archive.path(relative).read_bytes() == b"received"
    assert not temporary.exists()


def test_placing_the_same_bytes_twice_keeps_one_file(archive: Archive) -> None:
    first, second = (archive.place(*_received(archive)) for _ in range(2))
    assert first == second
    assert len(list((archive.root / "objects").rglob("*.dcm"))) == 1


def test_quarantine_is_apart(archive: Archive) -> None:
    assert archive.quarantine(*_received(archive)).startswith("quarantine/")


def test_a_document_comes_back_as_stored(archive: Archive) -> None:
    relative, sha256 = archive.store_bytes(b"document")
    assert archive.path(relative).read_bytes() == b"document"
    assert sha256 == hashlib.sha256(b"document").hexdigest() == file_sha256(archive.path(relative))
    assert archive.store_bytes(b"document") == (relative, sha256)
    assert not list(archive.incoming.iterdir())


def test_temporary_files_lie_on_the_archives_file_system(archive: Archive) -> None:
    assert archive.new_incoming().parent.stat().st_dev == archive.root.stat().st_dev


def test_file_and_folder_are_synced_before_the_path_is_given_out(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    temporary, sha256 = _received(archive)

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", fsync)
    target = archive.path(archive.place(temporary, sha256))
    assert synced == [str(archive.root / "objects"), str(temporary), str(target.parent)]


def test_a_full_disk_leaves_no_temporary_document(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        archive.store_bytes(b"document")
    assert not list(archive.incoming.iterdir())


def test_sweeping_removes_what_a_crash_left(archive: Archive) -> None:
    kept = archive.place(*_received(archive, b"kept"))
    _received(archive, b"half an object")
    assert archive.sweep() == 1
    assert not list(archive.incoming.iterdir())
    assert archive.path(kept).exists()


def test_discarding_is_no_error_where_nothing_is(archive: Archive) -> None:
    relative = archive.place(*_received(archive))
    archive.discard(relative)
    archive.discard(relative)
    assert not archive.path(relative).exists()


@pytest.mark.parametrize("relative", ["../outside.dcm", "/etc/passwd", "objects/../../outside.dcm"])
def test_a_path_outside_the_archive_is_refused(archive: Archive, relative: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        archive.path(relative)


def test_free_space_is_told_in_mb(archive: Archive) -> None:
    status = os.statvfs(archive.root)
    assert archive.free_mb() == pytest.approx(status.f_bavail * status.f_frsize / (1 << 20), rel=0.05)
