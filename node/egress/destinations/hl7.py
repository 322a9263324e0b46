"""A receiver of HL7 version 2 over MLLP (HL7 Transport Specification MLLP, Release 1): one message, one acknowledgement."""

import socket
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from node.db.tables import DeliveryState
from node.egress.acknowledgement import Acknowledgement, acknowledgements
from node.egress.destinations.kind import ProbeAnswer, SendOutcome, StoredDocument
from node.egress.destinations.tls import TLSDestination
from node.settings import Host, Settings
from node.tls import words_of

_START, _END = b"\x0b", b"\x1c\r"
_HEARD_OUT_S = 1.0
_MAX_ERRORS = 5  # AE may be a passing fault or a lasting one: a few attempts tell

# MSA-1 (table 0008): of the original mode, then of the enhanced one.
_ACCEPTED, _REJECTED, _ERRORS = ("AA", "CA"), ("AR", "CR"), ("AE", "CE")

# One component: a delimiter would make more of it, and a control character another segment or block.
HeaderField = Annotated[str, Field(max_length=180, pattern=r"^[^|^~\\&\x00-\x1f\x7f]*$")]


class HL7Destination(TLSDestination):
    kind: Literal["hl7"] = "hl7"
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)]
    receiving_application: HeaderField = ""
    receiving_facility: HeaderField = ""
    tls: bool = False
    takes: ClassVar[frozenset[str]] = frozenset({".hl7"})

    @model_validator(mode="after")
    def _files_are_of_tls(self) -> Self:
        if not self.tls and (self.ca_file or self.certificate_file):
            raise ValueError("ca_file and certificate_file need tls = true")
        return self

    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        try:
            message = self._addressed(document.path.read_bytes())
        except OSError:
            return SendOutcome(DeliveryState.REFUSED, "the stored document cannot be read")
        try:
            connection = self._connection(settings.delivery.timeout_s)
        except OSError as error:
            return SendOutcome(DeliveryState.PENDING, f"{self} cannot be reached: {words_of(error)}")
        with connection:
            return self._exchange(connection, message, settings.delivery.timeout_s, earlier_failures)

    def _exchange(self, connection: socket.socket, message: bytes, timeout_s: float, earlier_failures: int) -> SendOutcome:
        """An answer that is none of this message says nothing of it: it is sent again, as the same message."""
        control_id = _control_id(message)
        others = 0
        try:
            connection.sendall(_START + message + _END)
            for answer in acknowledgements(connection, timeout_s):
                if answer.is_of(control_id):
                    return self._outcome(answer, earlier_failures)
                others += 1
            ended = "closed the connection without an acknowledgement"
        except TimeoutError:
            ended = f"did not acknowledge the message within {timeout_s:g} s"
        except OSError as error:
            ended = f"ended the connection without an acknowledgement: {words_of(error)}"
        also = "; it acknowledged another message" if others else ""
        return SendOutcome(DeliveryState.PENDING, f"{self} {ended}{also}")

    def probe(self, settings: Settings) -> ProbeAnswer:
        """A connection and no message: a receiver files whatever comes.

        In TLS 1.3 one that does not take our certificate says so after the handshake (RFC 8446 4.4.2.4): it is heard out.
        """
        try:
            with self._connection(settings.delivery.timeout_s) as connection:
                if self.tls and _hangs_up(connection, min(_HEARD_OUT_S, settings.delivery.timeout_s)):
                    return ProbeAnswer(False, f"{self} ends the connection at once")
        except OSError as error:
            return ProbeAnswer(False, f"{self} cannot be reached: {words_of(error)}")
        return ProbeAnswer(True, f"{self} takes connections")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def _connection(self, timeout_s: float) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout=timeout_s)
        if not self.tls:
            return plain
        try:
            return self.context().wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise

    def _addressed(self, message: bytes) -> bytes:
        """With MSH-5 and MSH-6, as an association has its called AE title; everything else goes out as it was stored."""
        header, _, rest = message.partition(b"\r")
        fields = header.split(b"|")
        fields[4:6] = [self.receiving_application.encode(), self.receiving_facility.encode()]
        return b"|".join(fields) + b"\r" + rest

    def _outcome(self, answer: Acknowledgement, earlier_failures: int) -> SendOutcome:
        code, why = answer.code, f": {answer.error}" if answer.error else ""
        if code in _ACCEPTED:
            return SendOutcome(DeliveryState.ACCEPTED, f"{self} acknowledged the message", status=code)
        if code in _REJECTED:
            return SendOutcome(DeliveryState.REFUSED, f"{self} rejected the message{why}", status=code)
        if code in _ERRORS:
            lasting = earlier_failures + 1 >= _MAX_ERRORS
            state = DeliveryState.REFUSED if lasting else DeliveryState.PENDING
            return SendOutcome(state, f"{self} could not process the message{why}", status=code, counts=True)
        return SendOutcome(DeliveryState.REFUSED, f"{self} answered with a code that HL7 does not know")


def _control_id(message: bytes) -> str:
    """MSH-10."""
    return message.split(b"|", 10)[9].decode("utf-8")


def _hangs_up(connection: socket.socket, after_s: float) -> bool:
    """Raises OSError with the reason, where the peer gives one."""
    connection.settimeout(after_s)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return False
