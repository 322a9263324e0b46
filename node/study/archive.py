"""The files: received objects and our documents, named by the hash of their bytes, never by a peer's UID.

A file is written under `incoming/`, made durable, then renamed into place: what the database points to is whole. Everything
lies on one file system, so that the rename is atomic.
"""

import hashlib
import os
import shutil
import uuid
from pathlib import Path


class Archive:
    def __init__(self, root: Path) -> None:
        self.root = root
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
        return self.incoming / f"{uuid.uuid4()}.part"

    def place(self, temporary: Path, sha256: str) -> str:
        """Make a received file durable under its hash; returns its relative path. OSError when the disk does not take it."""
        return self._place(temporary, "objects", sha256)

    def quarantine(self, temporary: Path, sha256: str) -> str:
        """The same for bytes that cannot be parsed."""
        return self._place(temporary, "quarantine", sha256)

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

    def sweep(self) -> int:
        """Remove temporary files that a crash left behind; returns how many. Before anything receives."""
        left = list(self.incoming.iterdir())
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def free_mb(self) -> int:
        return shutil.disk_usage(self.root).free >> 20

    def _place(self, temporary: Path, kind: str, sha256: str) -> str:
        relative = Path(kind, sha256[:2], f"{sha256}.dcm")
        target = self.root / relative
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync(target.parent.parent)
        _sync(temporary)
        temporary.replace(target)
        _sync(target.parent)
        return relative.as_posix()


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
