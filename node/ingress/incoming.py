"""Data sets go straight from the network into the archive, undecoded.

pynetdicom's own chunked receiving writes to the system's temporary folder, where a rename would cross file systems, and ends
its reactor thread when the disk is full. Here a data set that cannot be written is drained, and its C-STORE answered; a message
that cannot be decoded ends its association.
"""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dsutils import create_file_meta, encode_file_meta

from node.errors import DatasetMismatch, IntakeError, OutOfResources
from node.study.archive import Archive
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

log = logging.getLogger(__name__)

_NO_UID = UID("0.0")
_BUFFER_BYTES = 1 << 20
_CHECK_EVERY_BYTES = 32 << 20


class IncomingFile(BytesIO):
    """Looks like the buffer a data set is collected in, and is a file: our file meta, then the bytes as they come.

    `error` is set when they cannot be written, or the command they belong to is malformed; what follows is then dropped.
    """

    def __init__(
        self,
        archive: Archive,
        min_free_disk_mb: int,
        file_meta: Callable[[], FileMetaDataset],
        opened: Callable[["IncomingFile"], None],
    ) -> None:
        super().__init__()
        self._archive, self._min_free_disk_mb, self._file_meta, self._opened = archive, min_free_disk_mb, file_meta, opened
        self._file: BinaryIO | None = None
        self._unchecked_bytes = 0
        self.path: Path | None = None
        self.error: IntakeError | None = None

    def write(self, data: Any) -> int:
        if self.error is None:
            try:
                self._check_disk(len(data))
                self._open_file().write(data)
            except OSError as error:
                self.error = OutOfResources(f"the data set cannot be written: {type(error).__name__}")
                self.discard()
            except IntakeError as error:
                self.error = error
                self.discard()
        return len(data)

    def _check_disk(self, coming_bytes: int) -> None:
        self._unchecked_bytes += coming_bytes
        if self._unchecked_bytes >= _CHECK_EVERY_BYTES or self._file is None:
            self._unchecked_bytes = 0
            if self._archive.free_mb() < self._min_free_disk_mb:
                raise OutOfResources(f"less than {self._min_free_disk_mb} MB of disk are free")

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            self.path = self._archive.new_incoming()
            self._opened(self)
            self._file = self.path.open("wb", buffering=_BUFFER_BYTES)
            self._file.write(bytes(128) + b"DICM" + encode_file_meta(self._file_meta()))
        return self._file

    def complete(self) -> Path | None:
        """The file with everything in it; None when no data set came. Raises IntakeError when it could not be written."""
        if self._file is not None and self.error is None:
            try:
                self._file.close()
            except OSError as error:
                self.error = OutOfResources(f"the data set cannot be written: {type(error).__name__}")
        if self.error is not None:
            self.discard()
            raise self.error
        return self.path

    def discard(self) -> None:
        """Leave nothing behind. Safe to call at any time, also when the file was taken over."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # the last flush to a full disk; the file goes anyway
                file.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


class StreamingProvider(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider, with the buffer of each message replaced by a file."""

    def __init__(self, association: Any, new_file: Callable[[Callable[[], FileMetaDataset]], IncomingFile]) -> None:
        super().__init__(association)
        self._new_file = new_file

    def receive_primitive(self, primitive: Any) -> None:
        if self.message is None:
            message = DIMSEMessage()
            message.data_set = self._new_file(lambda: _file_meta(message, self.assoc))
            self.message = message
        try:
            super().receive_primitive(primitive)
        except Exception as error:  # an exception here would end the reactor's thread, and nobody would hear of it
            log.error("a message cannot be decoded: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
            self.message = None
            self.dul.event_queue.put("Evt19")  # PS3.8 table 9-10: an invalid PDU; the association is aborted
        acknowledge_quickly(self.assoc)


def _file_meta(message: Any, association: Any) -> FileMetaDataset:
    """Called at the first fragment of the data set: the command is complete then. Raises DatasetMismatch when malformed."""
    command, context = message.command_set, association._accepted_cx.get(message.context_id)
    if context is None:
        raise DatasetMismatch("a presentation context that was not accepted")
    for keyword, stand_in in (("AffectedSOPClassUID", context.abstract_syntax), ("AffectedSOPInstanceUID", _NO_UID)):
        if not command.get(keyword):
            setattr(command, keyword, stand_in)  # pynetdicom passes a request without it over, and nobody would answer
            raise DatasetMismatch(f"a C-STORE command without {keyword}")
    return create_file_meta(
        sop_class_uid=command.AffectedSOPClassUID,
        sop_instance_uid=command.AffectedSOPInstanceUID,
        transfer_syntax=context.transfer_syntax[0],
        implementation_uid=UID(IMPLEMENTATION_CLASS_UID),
        implementation_version=IMPLEMENTATION_VERSION_NAME,
    )


def acknowledge_quickly(association: Any) -> None:
    """Delayed ACKs and a sender without TCP_NODELAY together cost 40 ms an object; the option wears off, so it is set again."""
    transport = association.dul.socket.socket if association.dul.socket else None
    if transport is not None and hasattr(socket, "TCP_QUICKACK"):
        with suppress(OSError):  # the peer has gone; the reactor notices
            transport.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
