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
from typing import Any

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage

from node.errors import DatasetMismatch, IntakeError
from node.ingress.incoming import IncomingFile, ReceivedFile, file_meta
from node.study.archive import Archive

log = logging.getLogger(__name__)

_NO_UID = "0.0"


class StreamedDataSet(BytesIO):
    """Looks like the buffer a data set is collected in, and is a file."""

    def __init__(
        self,
        archive: Archive,
        min_free_disk_mb: int,
        meta: Callable[[], bytes],
        opened: Callable[["StreamedDataSet"], None],
    ) -> None:
        super().__init__()
        self._archive, self._min_free_disk_mb, self._meta, self._opened = archive, min_free_disk_mb, meta, opened
        self._file: IncomingFile | None = None

    def write(self, data: Any) -> int:
        if self._file is None:
            self._file = self._begin()
            self._opened(self)
        self._file.write(data)
        return len(data)

    def _begin(self) -> IncomingFile:
        try:
            return IncomingFile(self._archive, self._min_free_disk_mb, self._meta())
        except IntakeError as error:
            file = IncomingFile(self._archive, self._min_free_disk_mb, b"")
            file.fail(error)
            return file

    def complete(self) -> ReceivedFile | None:
        return None if self._file is None else self._file.complete()

    def discard(self) -> None:
        if self._file is not None:
            self._file.discard()


class StreamingProvider(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider, with the buffer of each message replaced by a file."""

    def __init__(self, association: Any, new_data_set: Callable[[Callable[[], bytes]], StreamedDataSet]) -> None:
        super().__init__(association)
        self._new_data_set = new_data_set

    def receive_primitive(self, primitive: Any) -> None:
        if self.message is None:
            message = DIMSEMessage()
            message.data_set = self._new_data_set(lambda: _file_meta(message, self.assoc))
            self.message = message
        try:
            super().receive_primitive(primitive)
        except Exception as error:  # an exception here would end the reactor's thread, and nobody would hear of it
            log.error("a message cannot be decoded: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
            self.message = None
            self.dul.event_queue.put("Evt19")  # PS3.8 table 9-10: an invalid PDU; the association is aborted
        acknowledge_quickly(self.assoc)


def _file_meta(message: Any, association: Any) -> bytes:
    """Called at the first fragment of the data set: the command is complete then. Raises DatasetMismatch when malformed."""
    command, context = message.command_set, association._accepted_cx.get(message.context_id)
    if context is None:
        raise DatasetMismatch("a presentation context that was not accepted")
    for keyword, stand_in in (("AffectedSOPClassUID", context.abstract_syntax), ("AffectedSOPInstanceUID", _NO_UID)):
        if not command.get(keyword):
            setattr(command, keyword, stand_in)  # pynetdicom passes a request without it over, and nobody would answer
            raise DatasetMismatch(f"a C-STORE command without {keyword}")
    return file_meta(str(command.AffectedSOPClassUID), str(command.AffectedSOPInstanceUID), str(context.transfer_syntax[0]))


def acknowledge_quickly(association: Any) -> None:
    """Delayed ACKs and a sender without TCP_NODELAY together cost 40 ms an object; the option wears off, so it is set again."""
    transport = association.dul.socket.socket if association.dul.socket else None
    if transport is not None and hasattr(socket, "TCP_QUICKACK"):
        with suppress(OSError):  # the peer has gone; the reactor notices
            transport.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
