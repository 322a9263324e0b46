"""One association as its acceptor (PS3.8 section 9.2): states Sta2, Sta6 and Sta13, in the order a blocking thread meets them.

What pynetdicom's state machine does with the same PDUs is the oracle of the tests. Fragments of a message may have any size,
and messages of different presentation contexts may be interleaved.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, field

from node.ingress.upper_layer import pdus
from node.ingress.upper_layer.command import (
    LARGEST_COMMAND_BYTES,
    UNRECOGNIZED_OPERATION,
    Command,
    CommandField,
    UnreadableCommand,
    read_command,
    response_to,
)
from node.ingress.upper_layer.pdus import AbortReason, PDUType
from node.ingress.upper_layer.request import (
    LARGEST_REQUEST_BYTES,
    AssociationRequest,
    Malformed,
    NotAcceptable,
    read_request,
)
from node.ingress.upper_layer.services import Answer, DataSet, DroppedDataSet, Services
from node.ingress.upper_layer.wire import BUFFER_BYTES, PeerGone, PeerSilent, Wire

log = logging.getLogger(__name__)

ARTIM_S = 5.0  # PS3.8 9.1.5: how long a peer may take to close the connection after the association has ended


class _Abort(Exception):
    def __init__(self, reason: AbortReason, why: str) -> None:
        super().__init__(why)
        self.reason = reason


class _Released(Exception):
    """The peer has released or aborted the association."""


@dataclass
class _Message:
    """A message on its way in, on one presentation context."""

    command_bytes: bytearray = field(default_factory=bytearray)
    command: Command | None = None
    data_set: DataSet | None = None


@dataclass(frozen=True)
class Limits:
    request_s: float  # for the whole request: a silent connection holds a place
    idle_s: float  # for each piece that follows
    max_pdu_bytes: int  # what we say we take; larger ones are taken, too


class Acceptor:
    """Runs one association to its end: `run` never raises, and always tells `Services.ended`."""

    def __init__(self, wire: Wire, services: Services, limits: Limits) -> None:
        self._wire, self._services, self._limits = wire, services, limits
        self._syntaxes: dict[int, str] = {}
        self._messages: dict[int, _Message] = {}
        self._peer_max_pdu_bytes = 0
        self._has_ended = False

    def run(self) -> None:
        try:
            if self._establish():
                while True:
                    self._next_pdu()
        except _Released:
            self._linger()
        except _Abort as error:
            log.warning("association aborted: %s", error)
            self._send_last(pdus.abort(error.reason))
            self._drain()
        except PeerSilent:
            log.warning("association aborted: the peer is silent")
            self._send_last(pdus.abort(AbortReason.NOT_SPECIFIED))
        except PeerGone:
            pass
        except Exception as error:  # the association's boundary: its thread never ends in a traceback
            log.error("association ended: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
            self._send_last(pdus.abort(AbortReason.NOT_SPECIFIED))
        finally:
            self._end()
            self._wire.close()

    def abort(self) -> None:
        """From another thread: the peer is told, and the reading ends."""
        self._send_last(pdus.abort(AbortReason.USER))
        self._wire.cut()

    def _end(self) -> None:
        """Once, whatever ended it; a half-received data set goes."""
        messages, self._messages = self._messages, {}
        for message in messages.values():
            if message.data_set is not None:
                message.data_set.discard()
        if not self._has_ended:
            self._has_ended = True
            self._services.ended()

    # Sta2: awaiting A-ASSOCIATE-RQ

    def _establish(self) -> bool:
        """Whether an association was established. AE-6: accepted or rejected; AA-1: anything but a request is aborted."""
        self._wire.finish_within(self._limits.request_s)
        kind, length = self._header()
        if kind == PDUType.ABORT:
            return False
        if kind != PDUType.ASSOCIATE_RQ:
            raise _Abort(AbortReason.USER, "not an association request")
        request = self._request(length)
        if request is None:
            return False
        code = self._services.decide(request)
        if code is not None:
            return self._reject(code)
        results = self._services.negotiate(request.contexts)
        self._syntaxes = {context_id: syntax for context_id, result, _, syntax in results if result == 0}
        self._peer_max_pdu_bytes = request.max_pdu_bytes
        self._wire.wait_at_most(self._limits.idle_s)
        answered = [(context_id, result, syntax) for context_id, result, _, syntax in results]
        self._wire.send(pdus.accept(request.ae_titles, answered, self._limits.max_pdu_bytes))
        return True

    def _request(self, length: int) -> AssociationRequest | None:
        if length > LARGEST_REQUEST_BYTES:
            self._services.refused("a request of more than a mebibyte", None)
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, "a request of more than a mebibyte")
        body = b"".join(bytes(piece) for piece in self._wire.pieces(length))
        try:
            return read_request(body)
        except Malformed as error:
            self._services.refused(f"not an association request: {error}", None)
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, f"malformed request: {error}") from None
        except NotAcceptable as error:
            self._services.refused(str(error), error.request)
            self._reject(error.code)
            return None

    def _reject(self, code: tuple[int, int, int]) -> bool:
        self._wire.send(pdus.reject(*code))
        self._linger()
        return False

    # Sta6: established

    def _header(self) -> tuple[int, int]:
        head = self._wire.read(6)
        return head[0], int.from_bytes(head[2:], "big")

    def _next_pdu(self) -> None:
        kind, length = self._header()
        if kind == PDUType.P_DATA_TF:
            self._p_data(length)
        elif kind == PDUType.RELEASE_RQ:
            self._wire.skip(length)
            self._end()
            self._wire.send(pdus.RELEASE_RP)
            raise _Released
        elif kind == PDUType.ABORT:
            raise PeerGone
        elif kind in (PDUType.ASSOCIATE_RQ, PDUType.ASSOCIATE_AC, PDUType.ASSOCIATE_RJ, PDUType.RELEASE_RP):
            raise _Abort(AbortReason.UNEXPECTED_PDU, f"unexpected PDU of type {kind:#04x}")  # AA-8
        else:
            raise _Abort(AbortReason.UNRECOGNIZED_PDU, f"unrecognized PDU of type {kind:#04x}")

    def _p_data(self, length: int) -> None:
        """PS3.8 9.3.5: any number of presentation data values, each a fragment of a command or a data set."""
        while length:
            if length < 6:
                raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, "a presentation data value cut off")
            head = self._wire.read(6)
            value_length = int.from_bytes(head[:4], "big")
            if not 2 <= value_length <= length - 4:
                raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, "a presentation data value longer than its PDU")
            length -= 4 + value_length
            self._fragment(head[4], is_command=bool(head[5] & 1), is_last=bool(head[5] & 2), length=value_length - 2)

    def _fragment(self, context_id: int, *, is_command: bool, is_last: bool, length: int) -> None:
        if context_id not in self._syntaxes:
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, "a presentation context that was not accepted")
        message = self._messages.setdefault(context_id, _Message())
        if is_command:
            self._command_fragment(context_id, message, length, is_last=is_last)
            return
        if message.command is None:
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, "a data set before its command")
        if length:
            if message.data_set is None:
                message.data_set = self._data_set(message.command, context_id)
            write = message.data_set.write
            for piece in self._wire.pieces(length):
                write(piece)
        if is_last:
            self._complete(context_id, message)

    def _command_fragment(self, context_id: int, message: _Message, length: int, *, is_last: bool) -> None:
        if message.command is not None:
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, "a command where the data set of another is due")
        if len(message.command_bytes) + length > LARGEST_COMMAND_BYTES:
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, "a command of more than 64 kB")
        for piece in self._wire.pieces(length):
            message.command_bytes += piece
        if not is_last:
            return
        try:
            message.command = read_command(bytes(message.command_bytes))
        except UnreadableCommand as error:
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, f"an unreadable command: {error}") from None
        if not message.command.has_data_set:
            self._complete(context_id, message)

    def _data_set(self, command: Command, context_id: int) -> DataSet:
        if command.field == CommandField.C_STORE_RQ:
            return self._services.new_data_set(command, self._syntaxes[context_id])
        return DroppedDataSet()

    def _complete(self, context_id: int, message: _Message) -> None:
        """The whole message is here: it is answered, and another may follow."""
        del self._messages[context_id]
        command = message.command
        assert command is not None
        if command.field == CommandField.C_CANCEL_RQ or command.is_response:
            return  # nothing of ours is running that could be cancelled, or was asked that could be answered
        if command.field == CommandField.C_STORE_RQ:
            answer = self._services.store(command, self._syntaxes[context_id], message.data_set)
        elif command.field == CommandField.C_ECHO_RQ:
            answer = Answer(0x0000)
        elif command.field in _KNOWN_FIELDS:
            answer = Answer(UNRECOGNIZED_OPERATION)
        else:
            raise _Abort(AbortReason.INVALID_PARAMETER_VALUE, f"an unknown command field {command.field:#06x}")
        response = response_to(command, answer.status, answer.comment)
        self._wire.send(pdus.p_data(context_id, response, self._peer_max_pdu_bytes))

    # Sta13: awaiting the close of the connection

    def _send_last(self, pdu: bytes) -> None:
        try:
            self._wire.send(pdu)
        except (PeerGone, PeerSilent):
            log.debug("the peer did not hear of the end")

    def _linger(self) -> None:
        """After a release or a rejection whatever still comes is ignored (AA-6), but for what must be aborted (AA-7)."""
        self._end()
        self._wire.finish_within(ARTIM_S)
        with suppress(PeerGone, PeerSilent):
            while True:
                kind, length = self._header()
                if kind == PDUType.ABORT:
                    return
                if kind not in _KNOWN_PDUS or kind == PDUType.ASSOCIATE_RQ:
                    self._wire.send(pdus.abort(AbortReason.UNEXPECTED_PDU))
                    self._drain()
                self._wire.skip(length)

    def _drain(self) -> None:
        """After an abort, perhaps in the middle of a PDU: the peer closes, or is closed."""
        self._end()
        self._wire.finish_within(ARTIM_S)
        with suppress(PeerGone, PeerSilent):
            while True:
                self._wire.skip(BUFFER_BYTES)


_KNOWN_FIELDS = frozenset(int(known) for known in CommandField)
_KNOWN_PDUS = frozenset(int(known) for known in PDUType)
