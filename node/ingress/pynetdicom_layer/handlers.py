"""What happens on an association, event by event: decided on, received, answered, ended."""

import logging
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import evt
from sqlalchemy.exc import SQLAlchemyError

from node.db.audit import AuditEvent
from node.db.tables import Receipt
from node.errors import SUCCESS, IntakeError, Unparseable, status_for
from node.ingress.ae_rules import Refusal, decide_association
from node.ingress.arrival import Arrival
from node.ingress.contexts import contexts_for, make_known
from node.ingress.pynetdicom_layer.streaming import StreamedDataSet, StreamingProvider, acknowledge_quickly
from node.ingress.storage import REJECTION, Ingress
from node.ingress.upper_layer.association import Limits
from node.settings import AERule
from node.study import assembly

log = logging.getLogger(__name__)


class OpenAssociation:
    """What we know of one association, and its end: once, and never while a C-STORE is being answered."""

    def __init__(self, on_end: Callable[[], None], mark: str = "") -> None:
        self.association_uuid = f"{mark}{uuid.uuid4()}"[:36]
        self.rule: AERule | None = None
        self.files: set[StreamedDataSet] = set()
        self.has_stored = False
        self._on_end = on_end
        self._lock = threading.Lock()
        self._storing = self._ended = self._told = False

    @contextmanager
    def storing(self) -> Iterator[None]:
        with self._lock:
            self._storing = True
        try:
            yield
        finally:
            with self._lock:
                self._storing = False
            self._tell_end()

    def end(self) -> None:
        with self._lock:
            self._ended = True
        self._tell_end()

    def _tell_end(self) -> None:
        with self._lock:
            if self._told or self._storing or not self._ended:
                return
            self._told = True
        self._on_end()


class Handlers:
    """pynetdicom's events, bound to intake and audit."""

    def __init__(self, ingress: Ingress, limits: Limits) -> None:
        self._ingress, self._limits, self._settings = ingress, limits, ingress.settings
        self._open: dict[Any, OpenAssociation] = {}

    def bindings(self) -> list[Any]:
        return [
            (evt.EVT_CONN_OPEN, self.on_connected),
            (evt.EVT_REQUESTED, self.on_requested),
            (evt.EVT_REJECTED, self.on_rejected),
            (evt.EVT_C_ECHO, self.on_c_echo),
            (evt.EVT_C_STORE, self.on_c_store),
            (evt.EVT_RELEASED, self.on_ended),
            (evt.EVT_ABORTED, self.on_ended),
            (evt.EVT_CONN_CLOSE, self.on_ended),
        ]

    def on_connected(self, event: Any) -> None:
        association = event.assoc
        self._end_dead()
        state = self._open[association] = OpenAssociation(lambda: self._end(association), self._ingress.mark)
        transport = association.dul.socket.socket
        transport.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.settimeout(self._limits.request_s)  # else a peer that stops in the middle of a PDU blocks its thread for ever
        acknowledge_quickly(association)

        def new_data_set(meta: Callable[[], bytes]) -> StreamedDataSet:
            return StreamedDataSet(self._ingress.archive, self._settings.node.min_free_disk_mb, meta, state.files.add)

        association.dimse = StreamingProvider(association, new_data_set)

    def on_requested(self, event: Any) -> None:
        """Decide on the caller; answer its proposal with what we take. Runs before the negotiation."""
        association, request = event.assoc, event.assoc.requestor.primitive
        calling_aet, called_aet, address = _names(association)
        verdict = decide_association(calling_aet, called_aet, address, self._settings.ae_rule)
        if verdict.accepted:
            self._open[association].rule = verdict.rule
            with suppress(OSError, AttributeError):  # closed in this moment
                association.dul.socket.socket.settimeout(self._limits.idle_s)
            proposed = request.presentation_context_definition_list
            supported = contexts_for(proposed, self._settings.study.private_sop_classes)
            make_known(supported)
            association.acceptor.supported_contexts = supported
            return
        reason = verdict.reason or Refusal.UNKNOWN_SENDER
        self._audit_refused(association, reason)
        association.acse.send_reject(*REJECTION[reason])
        association.kill()

    def on_rejected(self, event: Any) -> None:
        """pynetdicom itself rejects for one reason alone."""
        self._audit_refused(event.assoc, Refusal.TOO_MANY)

    def _audit_refused(self, association: Any, reason: Refusal) -> None:
        calling_aet, called_aet, address = _names(association)
        self._ingress.record(
            AuditEvent.ASSOCIATION_REFUSED, calling_aet=calling_aet, called_aet=called_aet, address=address, reason=reason.value
        )

    def on_c_echo(self, _event: Any) -> int:
        return SUCCESS

    def on_c_store(self, event: Any) -> int | Dataset:
        file: StreamedDataSet = event.request.DataSet
        state = self._open.get(event.assoc)
        if state is None:  # the connection closed while the request waited; nobody hears the answer
            file.discard()
            return _failure(Unparseable("the association has ended"))
        with state.storing():
            try:
                return self._store(event, state, file)
            except IntakeError as error:
                self._ingress.record(AuditEvent.INSTANCE_REFUSED, calling_aet=_calling_aet(event), reason=str(error))
                return _failure(error)
            except Exception as error:  # the association's boundary: the sender keeps its copy and is told so
                log.error("C-STORE failed: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
                return _failure(error)
            finally:
                file.discard()
                state.files.discard(file)

    def _store(self, event: Any, state: OpenAssociation, file: StreamedDataSet) -> int | Dataset:
        received = file.complete()
        if received is None or state.rule is None:
            return _failure(Unparseable("a C-STORE without a data set"))
        arrival = Arrival(
            file=received,
            sop_class_uid=str(event.request.AffectedSOPClassUID),
            sop_instance_uid=str(event.request.AffectedSOPInstanceUID),
            transfer_syntax_uid=str(event.context.transfer_syntax),
            calling_aet=_calling_aet(event),
            rule_name=state.rule.name,
            association_uuid=state.association_uuid,
        )
        state.has_stored = True
        receipt = self._ingress.intake.take(arrival)
        log.info("%s from %r", receipt.value, arrival.calling_aet)
        return _failure(Unparseable()) if receipt is Receipt.QUARANTINED else SUCCESS

    def on_ended(self, event: Any) -> None:
        state = self._open.get(event.assoc)
        if state is not None:
            state.end()

    def _end_dead(self) -> None:
        """Associations whose thread ended without an event: their studies would be held open for ever."""
        for association, state in tuple(self._open.items()):
            if association.ident is not None and not association.is_alive():
                state.end()

    def _end(self, association: Any) -> None:
        """Nothing half received stays, and the studies it sent to may fall quiet."""
        state = self._open.pop(association)
        for file in tuple(state.files):
            file.discard()
        if state.has_stored:
            try:
                ingress = self._ingress
                ingress.database.write(
                    lambda session: assembly.association_ended(session, state.association_uuid, now=ingress.clock())
                )
            except SQLAlchemyError as error:  # the study is then closed by force
                log.error("end of an association not recorded: %s", type(error).__name__)


def _names(association: Any) -> tuple[str, str, str]:
    """Calling AE title, called AE title and address, as the peer says and comes."""
    request = association.requestor.primitive
    return str(request.calling_ae_title).strip(), str(request.called_ae_title).strip(), association.requestor.address


def _calling_aet(event: Any) -> str:
    return str(event.assoc.requestor.ae_title).strip()


def _failure(error: BaseException) -> Dataset:
    status = Dataset()
    status.Status = status_for(error)
    status.ErrorComment = (str(error) if isinstance(error, IntakeError) else "try again later")[:64]  # VR LO
    return status
