"""A storage SCP that misbehaves on command, once per step, and then works: what a PACS does on a bad day.

Each association request and each C-STORE takes the next step of its script; an empty script means all is well.
"""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

from pydicom.uid import UID, AllTransferSyntaxes
from pynetdicom import AE, evt
from pynetdicom.events import Event
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import Verification, register_uid, uid_to_service_class  # type: ignore[attr-defined]

HANG_AT_MOST_S = 20.0


class Fault(Enum):
    """What may happen at an association request instead of an acceptance."""

    REJECT_TRANSIENT = (0x02, 0x03, 0x01)  # temporary congestion
    REJECT_PERMANENT = (0x01, 0x01, 0x07)  # called AE title not recognised
    REJECT_CALLING = (0x01, 0x01, 0x03)  # calling AE title not recognised


class Mid(Enum):
    """What may happen at a C-STORE instead of a status."""

    ABORT = "A-ABORT instead of an answer"
    DROP = "the connection closes without a word"
    HANG = "no answer until `release_hung` or the end of the test"


@dataclass(frozen=True)
class Received:
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_bytes: bytes  # as they came, without file meta information
    calling_aet: str
    status: int


class FakePACS:
    """Context manager; `port` is free and on loopback. `received` holds every C-STORE in order, also those it refused."""

    def __init__(
        self,
        sop_classes: Iterable[str],
        *,
        transfer_syntaxes: Iterable[str] = AllTransferSyntaxes,
        ae_title: str = "FAKEPACS",
        port: int = 0,
        at_association: Iterable[Fault | None] = (),
        at_store: Iterable[int | Mid] = (),
    ) -> None:
        self.ae_title = ae_title
        self.port = port
        self.received: list[Received] = []
        self.associations = 0
        self.at_association: deque[Fault | None] = deque(at_association)
        self.at_store: deque[int | Mid] = deque(at_store)
        self._let_go = threading.Event()
        self._entity = AE(ae_title=ae_title)
        self._entity.maximum_pdu_size = 1 << 20
        syntaxes = [UID(uid) for uid in transfer_syntaxes]
        for uid in dict.fromkeys(sop_classes):
            if uid_to_service_class(uid) is not StorageServiceClass:  # the retired ultrasound classes, private ones
                register_uid(uid, f"Class_{uid.replace('.', '_')}", StorageServiceClass)
            self._entity.add_supported_context(UID(uid), syntaxes)
        self._entity.add_supported_context(Verification)

    def __enter__(self) -> "FakePACS":
        handlers = [(evt.EVT_REQUESTED, self._on_request), (evt.EVT_C_STORE, self._on_store)]
        self._server = self._entity.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        self.port = self._server.server_address[1]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release_hung()
        self._server.shutdown()

    def release_hung(self) -> None:
        self._let_go.set()

    @property
    def stored(self) -> list[Received]:
        return [item for item in self.received if item.status == 0x0000]

    def _on_request(self, event: Event) -> None:
        self.associations += 1
        fault = self.at_association.popleft() if self.at_association else None
        if fault is not None:
            event.assoc.acse.send_reject(*fault.value)
            event.assoc.kill()  # returns when the rejection has gone out; without it the socket closes first

    def _on_store(self, event: Event) -> int:
        step = self.at_store.popleft() if self.at_store else 0x0000
        status = step if isinstance(step, int) else -1
        self.received.append(
            Received(
                sop_class_uid=str(event.request.AffectedSOPClassUID),
                sop_instance_uid=str(event.request.AffectedSOPInstanceUID),
                transfer_syntax_uid=str(event.context.transfer_syntax),
                dataset_bytes=event.encoded_dataset(include_meta=False),
                calling_aet=event.assoc.requestor.ae_title,
                status=status,
            )
        )
        if step is Mid.ABORT:
            event.assoc.abort()
        elif step is Mid.DROP:
            event.assoc.dul.socket.close()
        elif step is Mid.HANG:
            self._let_go.wait(HANG_AT_MOST_S)
        return status if isinstance(step, int) else 0x0110
