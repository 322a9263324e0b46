"""A receiver of HL7 version 2 over MLLP (HL7 Transport Specification MLLP, Release 1): one message, one acknowledgement."""

import socket
import ssl
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from node.db.tables import DeliveryState
from node.egress.acknowledgement import Acknowledgement, acknowledgements
from node.egress.destinations.kind import DestinationKind, ProbeAnswer, SendOutcome, StoredDocument
from node.settings import Host, Settings

_START, _END = b"\x0b", b"\x1c\r"
_MAX_ERRORS = 5  # AE may be a passing fault or a lasting one: a few attempts tell

# MSA-1 (table 0008): of the original mode, then of the enhanced one.
_ACCEPTED, _REJECTED, _ERRORS = ("AA", "CA"), ("AR", "CR"), ("AE", "CE")


class HL7Destination(DestinationKind):
    kind: Literal["hl7"] = "hl7"
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)]
    receiving_application: Annotated[str, Field(max_length=180, pattern=r"^[^|^~\\&\r\n]*$")] = ""
    receiving_facility: Annotated[str, Field(max_length=180, pattern=r"^[^|^~\\&\r\n]*$")] = ""
    tls: bool = False
    ca_file: Path | None = None
    takes: ClassVar[frozenset[str]] = frozenset({".hl7"})

    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        try:
            message = self._addressed(document.path.read_bytes())
        except OSError:
            return SendOutcome(DeliveryState.REFUSED, "the stored document cannot be read")
        try:
            connection = self._connection(settings.delivery.timeout_s)
        except ssl.SSLError as error:
            return SendOutcome(DeliveryState.PENDING, f"{self}: TLS failed: {error.reason or 'no reason given'}")
        except OSError as error:
            return SendOutcome(DeliveryState.PENDING, f"{self} cannot be reached: {_words(error)}")
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
            ended = f"ended the connection without an acknowledgement: {_words(error)}"
        also = "; it acknowledged another message" if others else ""
        return SendOutcome(DeliveryState.PENDING, f"{self} {ended}{also}")

    def probe(self, settings: Settings) -> ProbeAnswer:
        """A connection and no message: a receiver files whatever comes."""
        try:
            self._connection(settings.delivery.timeout_s).close()
        except OSError as error:
            return ProbeAnswer(False, f"{self} cannot be reached: {_words(error)}")
        return ProbeAnswer(True, f"{self} takes connections")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def _connection(self, timeout_s: float) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout=timeout_s)
        if not self.tls:
            return plain
        try:
            context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
            return context.wrap_socket(plain, server_hostname=self.host)
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


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
