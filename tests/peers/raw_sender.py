"""A sender that sends any bytes as a data set, and stops wherever a test wants it to."""

import threading
import weakref
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from queue import SimpleQueue
from typing import Any

from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage
from pynetdicom import AE, build_context, evt
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode

from tests.waiting import patience, wait_for


class RawSender:
    """One association to our node, offering one SOP class in one transfer syntax."""

    def __init__(
        self,
        port: int,
        *,
        sop_class_uid: str = UltrasoundMultiFrameImageStorage,
        transfer_syntax_uid: str = ExplicitVRLittleEndian,
        max_pdu_bytes: int = 4096,
    ) -> None:
        self.sop_class_uid, self._max_pdu_bytes = sop_class_uid, max_pdu_bytes
        self._closed = threading.Event()
        self._answers: SimpleQueue[Any] = SimpleQueue()
        entity = AE(ae_title="RAW")
        self.association: Any = entity.associate(
            "127.0.0.1",
            port,
            contexts=[build_context(sop_class_uid, transfer_syntax_uid)],
            ae_title="ECHONODE",
            evt_handlers=[
                (evt.EVT_CONN_CLOSE, self._note_end),
                # Here, not from the association's queue: its own thread may be first to take the answer.
                (evt.EVT_DIMSE_RECV, lambda event: self._answers.put(event.message.message_to_primitive())),
            ],
        )
        assert self.association.is_established
        # pynetdicom forgets the socket of an aborted association without closing it.
        weakref.finalize(self, self.association.dul.socket.socket.close)

    def __enter__(self) -> "RawSender":
        return self

    def __exit__(self, *_: object) -> None:
        if self.association.is_established:
            self.association.release()

    def store(
        self,
        sop_instance_uid: str,
        data_set: bytes,
        *,
        change: Callable[[Any], None] = lambda _: None,
        context_id: int | None = None,
    ) -> Any:
        """The whole C-STORE, its command set changed first; returns the response primitive."""
        for part in self._parts(sop_instance_uid, data_set, change, context_id):
            self.association.dul.send_pdu(part)
        answer = self._answers.get(timeout=patience(30))
        assert answer is not None, "no answer"
        return answer

    def begin(self, sop_instance_uid: str, data_set: bytes, *, parts: int) -> None:
        """The command and the first fragments of the data set."""
        for part in islice(self._parts(sop_instance_uid, data_set), parts):
            self.association.dul.send_pdu(part)
        wait_for(self.association.dul.to_provider_queue.empty)

    def drop(self) -> None:
        """The connection goes without a word, as with a pulled cable or a killed process."""
        self.association.dul.socket.close()
        assert self._closed.wait(patience(10))

    def abort(self) -> None:
        self.association.abort()

    def _note_end(self, _event: object) -> None:
        self._closed.set()
        self._answers.put(None)

    def _parts(
        self,
        sop_instance_uid: str,
        data_set: bytes,
        change: Callable[[Any], None] = lambda _: None,
        context_id: int | None = None,
    ) -> Any:
        request = C_STORE()
        request.MessageID, request.Priority = 1, 2
        request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = self.sop_class_uid, sop_instance_uid
        request.DataSet = BytesIO(data_set)
        message = C_STORE_RQ()
        message.primitive_to_message(request)
        change(message.command_set)
        message.command_set.CommandGroupLength = len(encode(message.command_set, True, True)) - 12  # itself not counted
        return message.encode_msg(context_id or self.association.accepted_contexts[0].context_id, self._max_pdu_bytes)
