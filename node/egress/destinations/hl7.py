"""A receiver of HL7 version 2 over MLLP (HL7 Transport Specification MLLP, Release 1): one message, one acknowledgement."""

import socket
import ssl
import time
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message
from pydantic import Field

from node.db.tables import DeliveryState
from node.egress.destinations.kind import DestinationKind, ProbeAnswer, SendOutcome, StoredDocument
from node.settings import Settings

_START, _END = b"\x0b", b"\x1c\r"
_LONGEST_ANSWER_BYTES = 1 << 20
_MAX_ERRORS = 5  # AE may be a passing fault or a lasting one: a few attempts tell

# MSA-1 (table 0008): of the original mode, then of the enhanced one.
_ACCEPTED, _REJECTED, _ERRORS = ("AA", "CA"), ("AR", "CR"), ("AE", "CE")


class HL7Destination(DestinationKind):
    kind: Literal["hl7"] = "hl7"
    host: str
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
            with self._connection(settings.delivery.timeout_s) as connection:
                connection.sendall(_START + message + _END)
                answer = _answer(connection, settings.delivery.timeout_s)
        except TimeoutError:
            return SendOutcome(DeliveryState.PENDING, f"{self} did not answer within {settings.delivery.timeout_s:.0f} s")
        except ssl.SSLError as error:
            return SendOutcome(DeliveryState.PENDING, f"{self}: TLS failed: {error.reason or 'no reason given'}")
        except OSError as error:
            return SendOutcome(DeliveryState.PENDING, f"{self} cannot be reached: {error.strerror or type(error).__name__}")
        return self._outcome(answer, _control_id(message), earlier_failures)

    def probe(self, settings: Settings) -> ProbeAnswer:
        """A connection and no message: a receiver files whatever comes."""
        try:
            self._connection(settings.delivery.timeout_s).close()
        except OSError as error:
            return ProbeAnswer(False, f"{self} cannot be reached: {error.strerror or type(error).__name__}")
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

    def _outcome(self, answer: bytes, control_id: str, earlier_failures: int) -> SendOutcome:
        """An answer that is none of this message says nothing of it: it is sent again, as the same message."""
        try:
            acknowledgement = parse_message(answer.decode("utf-8", "replace")).msa
            code, answered = acknowledgement.msa_1.to_er7(), acknowledgement.msa_2.to_er7()
        except (HL7apyException, AttributeError, IndexError, ValueError):
            return SendOutcome(DeliveryState.PENDING, f"{self} answered nothing that is an HL7 acknowledgement")
        if answered != control_id:
            return SendOutcome(DeliveryState.PENDING, f"{self} acknowledged another message than the one that was sent")
        if code in _ACCEPTED:
            return SendOutcome(DeliveryState.ACCEPTED, f"{self} acknowledged the message", status=code)
        if code in _REJECTED:
            return SendOutcome(DeliveryState.REFUSED, f"{self} rejected the message", status=code)
        if code in _ERRORS:
            lasting = earlier_failures + 1 >= _MAX_ERRORS
            state = DeliveryState.REFUSED if lasting else DeliveryState.PENDING
            return SendOutcome(state, f"{self} could not process the message", status=code, counts=True)
        return SendOutcome(DeliveryState.REFUSED, f"{self} answered with a code that HL7 does not know")


def _control_id(message: bytes) -> str:
    """MSH-10."""
    return message.split(b"|", 10)[9].decode("utf-8")


def _answer(connection: socket.socket, timeout_s: float) -> bytes:
    """What stands in the first block. Raises OSError where the peer ends, exceeds it, or takes longer in all."""
    received, deadline_s = b"", time.monotonic() + timeout_s
    while _END not in received:
        connection.settimeout(max(0.001, deadline_s - time.monotonic()))
        part = connection.recv(1 << 16)
        if not part or len(received) > _LONGEST_ANSWER_BYTES:
            raise ConnectionResetError(None, "no acknowledgement came")
        received += part
    return received.partition(_START)[2].partition(_END)[0]
