"""The files: received objects and our documents, named by the hash of their bytes, never by a peer's UID.

A file is written under `incoming/`, made durable, then renamed into place: what the database points to is whole. Everything
lies on one file system, so that the rename is atomic.
"""

import ctypes
import hashlib
import itertools
import math
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_FREE_FOR_S = 0.2
_SYNC_ALL_FROM = 3  # files: from there on one syncfs(2) is quicker than fsync(2) of each and of their folders


class Archive:
    """`owner` marks the temporary files of one process among those of others that receive beside it."""

    def __init__(self, root: Path, owner: str = "") -> None:
        self.root = root
        self._mark, self._numbers = f"{owner}{uuid.uuid4().hex}", itertools.count()
        self._free = (0, -math.inf)  # MB, and when that was
        self.incoming = root / "incoming"
        for folder in (self.incoming, root / "objects", root / "documents", root / "quarantine"):
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, relative: str) -> Path:
        """The file behind a path kept in the database. ValueError when it points outside the archive."""
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise ValueError("a path outside the archive")
        return path

    def holds(self, relative: str, size_bytes: int) -> bool:
        """Whether the file is there, and as long as it was."""
        try:
            return self.path(relative).stat().st_size == size_bytes
        except FileNotFoundError:
            return False

    def new_incoming(self) -> Path:
        """A name for a temporary file; `sweep` removes what is left of it after a crash."""
        return self.incoming / f"{self._mark}-{next(self._numbers)}.part"

    def place(self, temporary: Path, sha256: str) -> str:
        """Make a received file durable under its hash; returns its relative path. OSError when the disk does not take it."""
        return self._place(temporary, "objects", sha256)

    def quarantine(self, temporary: Path, sha256: str) -> str:
        """The same for bytes that cannot be parsed."""
        return self._place(temporary, "quarantine", sha256)

    def link(self, temporary: Path, sha256: str) -> str | None:
        """Give a received file its name without making it durable; None where the name is taken, perhaps by other bytes.

        The temporary name stays. A file that stands there already is never replaced by one that is not durable yet.
        """
        relative = object_path(sha256)
        target = f"{self.root}/{relative}"
        try:
            os.link(temporary, target)
        except FileExistsError:
            return None
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _sync(self.root / "objects")
            os.link(temporary, target)
        return relative

    def sync_objects(self, hashes: Sequence[str]) -> None:
        """Make linked files durable, names and bytes, together. OSError when the disk does not take them."""
        if len(hashes) >= _SYNC_ALL_FROM and _syncfs is not None:
            _sync_file_system(self.root)
            return
        for sha256 in hashes:
            target = self.root / object_path(sha256)
            for path in (target, target.parent, target.parent.parent):
                _sync(path)

    def store_bytes(self, content: bytes) -> tuple[str, str]:
        """Make a document durable; returns (relative path, SHA-256)."""
        sha256 = hashlib.sha256(content).hexdigest()
        temporary = self.new_incoming()
        try:
            temporary.write_bytes(content)
            return self._place(temporary, "documents", sha256), sha256
        finally:
            temporary.unlink(missing_ok=True)

    def discard(self, relative: str) -> None:
        self.path(relative).unlink(missing_ok=True)

    def sweep(self, owner: str = "") -> int:
        """Remove temporary files that a crash left behind; returns how many. Before anything (or that owner) receives."""
        left = list(self.incoming.glob(f"{owner}*"))
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def free_mb(self) -> int:
        """As it was at most a fifth of a second ago."""
        free_mb, asked_s = self._free
        if time.monotonic() - asked_s > _FREE_FOR_S:
            free_mb = shutil.disk_usage(self.root).free >> 20
            self._free = free_mb, time.monotonic()
        return free_mb

    def _place(self, temporary: Path, kind: str, sha256: str) -> str:
        relative = _relative(kind, sha256)
        target = self.root / relative
        target.parent.mkdir(exist_ok=True)
        _sync(target.parent.parent)  # also of a folder that is there: another thread may have made it in this moment
        _sync(temporary)
        temporary.replace(target)
        _sync(target.parent)
        return relative.as_posix()


def object_path(sha256: str) -> str:
    """Where a received object with this hash stands, relative to the archive."""
    return f"objects/{sha256[:2]}/{sha256}.dcm"


def _relative(kind: str, sha256: str) -> Path:
    return Path(kind, sha256[:2], f"{sha256}.dcm")


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _libc_function(name: str) -> Any:
    """None where the system has no such call."""
    try:
        return getattr(ctypes.CDLL(None, use_errno=True), name)
    except (OSError, AttributeError):
        return None


_syncfs, _sync_file_range = _libc_function("syncfs"), _libc_function("sync_file_range")
_SYNC_FILE_RANGE_WRITE = 2  # start, do not wait


def _sync_file_system(path: Path) -> None:
    """syncfs(2): one flush for everything written so far."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if _syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(descriptor)


def start_writing_back(descriptor: int, offset: int, length: int) -> None:
    """Let the disk begin with these bytes of a file. A hint alone: what it does not take, the sync at the end does."""
    if _sync_file_range is not None:
        offset_, length_ = ctypes.c_int64(offset), ctypes.c_int64(length)
        _sync_file_range(descriptor, offset_, length_, ctypes.c_uint(_SYNC_FILE_RANGE_WRITE))
