"""What becomes of a delivery after each attempt: one table, no I/O.

Transient answers go back to PENDING and are tried again until the delivery expires; final ones wait for a person.
PS3.7 annex C gives the classes of statuses, PS3.4 B.2.3 those of C-STORE, PS3.8 9.3.4 the results of a rejection.
"""

from dataclasses import dataclass
from enum import StrEnum

from node.db.tables import DeliveryState

PROCESSING_FAILURE = 0x0110
MAX_PROCESSING_FAILURES = 5  # it may be a passing fault or a lasting one: a few attempts tell


class Happening(StrEnum):
    """How an attempt to store ended."""

    ANSWERED = "answered"  # a DIMSE status came back
    NOT_CONNECTED = "not connected"  # refused, unreachable, name unknown
    REJECTED_TRANSIENT = "rejected transient"  # A-ASSOCIATE-RJ result 2
    REJECTED_PERMANENT = "rejected permanent"  # A-ASSOCIATE-RJ result 1
    ABORTED = "aborted"  # A-ABORT, or the connection closed in the middle
    TIMED_OUT = "timed out"
    NO_CONTEXT = "no accepted context"  # the SOP class in none of the transfer syntaxes we can send it in
    NOT_SENT = "not sent"  # our side cannot: the file is missing, changed or no DICOM file, or the destination is unknown


@dataclass(frozen=True)
class StoreAnswer:
    """What one attempt brought; `detail` is plain words without patient data."""

    happened: Happening
    detail: str
    status: int | None = None
    transfer_syntax_uid: str = ""  # in which it was sent

    @property
    def stored(self) -> bool:
        return decide(self) in STORED


STORED = frozenset({DeliveryState.ACCEPTED, DeliveryState.ACCEPTED_WITH_WARNING})

STATE_OF_HAPPENING: dict[Happening, DeliveryState] = {
    Happening.NOT_CONNECTED: DeliveryState.PENDING,
    Happening.REJECTED_TRANSIENT: DeliveryState.PENDING,
    Happening.REJECTED_PERMANENT: DeliveryState.REFUSED,
    Happening.ABORTED: DeliveryState.PENDING,
    Happening.TIMED_OUT: DeliveryState.PENDING,
    Happening.NO_CONTEXT: DeliveryState.REFUSED,
    Happening.NOT_SENT: DeliveryState.REFUSED,
}

# (first, last, state): statuses not listed are failures by PS3.7 annex C, and final.
STATE_OF_STATUS: tuple[tuple[int, int, DeliveryState], ...] = (
    (0x0000, 0x0000, DeliveryState.ACCEPTED),
    (0x0001, 0x0001, DeliveryState.ACCEPTED_WITH_WARNING),  # PS3.7 C.3: the warning class is 0001, 0107, 0116, Bxxx
    (0x0107, 0x0107, DeliveryState.ACCEPTED_WITH_WARNING),
    (PROCESSING_FAILURE, PROCESSING_FAILURE, DeliveryState.PENDING),  # until MAX_PROCESSING_FAILURES
    (0x0111, 0x0111, DeliveryState.ACCEPTED),  # duplicate SOP instance: it is there already
    (0x0116, 0x0116, DeliveryState.ACCEPTED_WITH_WARNING),
    (0x0213, 0x0213, DeliveryState.PENDING),  # resource limitation
    (0xA700, 0xA7FF, DeliveryState.PENDING),  # out of resources
    (0xB000, 0xBFFF, DeliveryState.ACCEPTED_WITH_WARNING),  # B000 coerced, B006 elements discarded, B007 class mismatch
)


def decide(answer: StoreAnswer, earlier_processing_failures: int = 0) -> DeliveryState:
    """The state that the delivery goes to, when so many attempts before this ended in 0x0110; PENDING is another attempt later.

    >>> decide(StoreAnswer(Happening.ANSWERED, "", status=0xA700)).name
    'PENDING'
    """
    if answer.happened is Happening.ANSWERED:
        return _state_for_status(answer.status, earlier_processing_failures)
    return STATE_OF_HAPPENING[answer.happened]


def _state_for_status(status: int | None, earlier_processing_failures: int) -> DeliveryState:
    if status == PROCESSING_FAILURE and earlier_processing_failures + 1 >= MAX_PROCESSING_FAILURES:
        return DeliveryState.REFUSED
    for first, last, state in STATE_OF_STATUS:
        if status is not None and first <= status <= last:
            return state
    return DeliveryState.REFUSED
