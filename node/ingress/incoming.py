"""A data set on its way from the network into the archive: undecoded, hashed as it comes, its head kept in memory.

A data set that cannot be written is drained, and its C-STORE answered.
"""

import hashlib
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from node.errors import IntakeError, OutOfResources
from node.study.archive import Archive, start_writing_back
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

HEAD_BYTES = 1 << 15  # of the data set: every header met so far but those with large private blocks ends within
_AT_ONCE_BYTES = 1 << 18  # a small data set is kept until all of it is here, then hashed and written in one go
_CHECK_EVERY_BYTES = 32 << 20
_WRITE_BACK_BYTES = 1 << 20  # the disk begins while the rest still comes, so that the sync at the end has little left to do


@dataclass(frozen=True)
class ReceivedFile:
    """The temporary file: our file meta, then the bytes as received. `head` is how the data set begins, or all of it."""

    path: Path
    sha256: str
    size_bytes: int
    head: bytes
    data_set_bytes: int


class IncomingFile:
    """One data set being written. `error` is set when it cannot be; what follows is then dropped."""

    def __init__(self, archive: Archive, min_free_disk_mb: int, file_meta: bytes) -> None:
        self._archive, self._min_free_disk_mb, self._file_meta = archive, min_free_disk_mb, file_meta
        self._descriptor: int | None = None
        self._kept = bytearray()  # what came before the file was opened
        self._unchecked_bytes = 0
        self._size_bytes = self._on_its_way_bytes = 0
        self._digest = hashlib.sha256()
        self._head = bytearray()
        self.path: Path | None = None
        self.error: IntakeError | None = None

    def write(self, piece: memoryview | bytes) -> None:
        if self.error is not None:
            return
        if len(self._head) < HEAD_BYTES:
            self._head += piece[: HEAD_BYTES - len(self._head)]
        if self._descriptor is None and len(self._kept) + len(piece) <= _AT_ONCE_BYTES:
            self._kept += piece
        else:
            self._put_down(piece)

    def _put_down(self, piece: memoryview | bytes) -> None:
        """In the file: what was kept, and this."""
        try:
            self._check_disk(len(piece))
            if self._descriptor is None:
                self._open()
            self._append(piece)
        except OSError as error:
            self.fail(OutOfResources(f"the data set cannot be written: {type(error).__name__}"))
        except IntakeError as error:
            self.fail(error)

    def fail(self, error: IntakeError) -> None:
        """Keep nothing, and answer with `error`."""
        self.error = self.error or error
        self.discard()

    def _check_disk(self, coming_bytes: int) -> None:
        self._unchecked_bytes += coming_bytes
        if self._unchecked_bytes >= _CHECK_EVERY_BYTES or self._descriptor is None:
            self._unchecked_bytes = 0
            if self._archive.free_mb() < self._min_free_disk_mb:
                raise OutOfResources(f"less than {self._min_free_disk_mb} MB of disk are free")

    def _open(self) -> None:
        self.path = self._archive.new_incoming()
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._append(self._file_meta + self._kept)
        self._kept.clear()

    def _append(self, piece: memoryview | bytes) -> None:
        assert self._descriptor is not None
        self._digest.update(piece)
        written = os.write(self._descriptor, piece)
        while written < len(piece):  # a disk that is almost full takes a part
            written += os.write(self._descriptor, piece[written:])
        self._size_bytes += len(piece)
        if self._size_bytes - self._on_its_way_bytes >= _WRITE_BACK_BYTES:
            start_writing_back(self._descriptor, self._on_its_way_bytes, self._size_bytes - self._on_its_way_bytes)
            self._on_its_way_bytes = self._size_bytes

    def complete(self) -> ReceivedFile | None:
        """The file with everything in it; None when no data set came. Raises IntakeError when it could not be written."""
        if self._kept:
            self._put_down(b"")
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                os.close(descriptor)
            except OSError as error:
                self.fail(OutOfResources(f"the data set cannot be written: {type(error).__name__}"))
        if self.error is not None:
            raise self.error
        if self.path is None:
            return None
        data_set_bytes = self._size_bytes - len(self._file_meta)
        return ReceivedFile(self.path, self._digest.hexdigest(), self._size_bytes, bytes(self._head), data_set_bytes)

    def discard(self) -> None:
        """Leave nothing behind. Safe to call at any time, also when the file was taken over."""
        self._kept.clear()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def file_meta(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Preamble and File Meta Information (PS3.10 section 7.1) around the bytes that follow."""
    elements = [
        (0x0001, b"OB", b"\0\1"),
        (0x0002, b"UI", sop_class_uid.encode("latin-1")),
        (0x0003, b"UI", sop_instance_uid.encode("latin-1")),
        (0x0010, b"UI", transfer_syntax_uid.encode("latin-1")),
        (0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode()),
        (0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode()),
    ]
    body = b"".join(_element(number, vr, value) for number, vr, value in elements)
    return bytes(128) + b"DICM" + _element(0x0000, b"UL", struct.pack("<L", len(body))) + body


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    length = struct.pack("<2xL", len(value)) if vr == b"OB" else struct.pack("<H", len(value))
    return struct.pack("<HH", 0x0002, number) + vr + length + value
