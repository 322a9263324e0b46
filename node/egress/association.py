"""Associations as requestor: established, or why not in words that a person can act on."""

import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from pynetdicom import AE, evt, timer
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket

from node.egress.acceptance import read_leniently
from node.egress.outcomes import Happening, StoreAnswer
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME


class _SteadyTime:
    """What pynetdicom's timers ask for the time, instead of the wall clock.

    Set back an hour while an aborted association waits for its peer to close, that one held the sending thread for an hour; set
    ahead, it made every idle association give up.
    """

    time = staticmethod(time.monotonic)


vars(timer)["time"] = _SteadyTime

# (source, diagnostic) of an A-ASSOCIATE-RJ, PS3.8 table 9-21.
REJECTIONS: dict[tuple[int | None, int | None], str] = {
    (1, 3): "it does not know our AE title {calling_aet}",
    (1, 7): "its AE title is not {called_aet}",
    (3, 1): "temporary congestion",
    (3, 2): "it has no association free",
}


@dataclass(frozen=True)
class Peer:
    """A storage or verification SCP, who we are to it, and how long it may take for each answer."""

    host: str
    port: int
    called_aet: str
    calling_aet: str
    timeout_s: float = 30
    max_pdu_bytes: int = 1 << 20

    def __str__(self) -> str:
        return f"{self.called_aet} at {self.host}:{self.port}"


class _Requestor(AE):
    """Keeps its socket in reach: pynetdicom forgets it unclosed when the connection is refused."""

    transport: socket.socket | None = None

    def _create_socket(self, *arguments: Any) -> AssociationSocket:
        made = super()._create_socket(*arguments)
        self.transport = made.socket
        return made


def associate(peer: Peer, contexts: list[PresentationContext]) -> Association | StoreAnswer:
    """The established association, or why there is none."""
    entity = _Requestor(ae_title=peer.calling_aet)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = peer.timeout_s
    connected = threading.Event()
    rejections: list[A_ASSOCIATE_RJ] = []  # kept here too: pynetdicom loses it when the connection ends faster than it looks

    def keep_rejection(event: Event) -> None:
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            rejections.append(event.pdu)

    def tune(event: Event) -> None:
        dul = event.assoc.dul
        vars(dul)["_decode_pdu"] = read_leniently(dul._decode_pdu)
        if entity.transport is not None:
            entity.transport.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            entity.transport.settimeout(peer.timeout_s)  # else a peer that stops reading blocks the sending thread for ever
        connected.set()

    started_s = time.monotonic()
    try:
        association = entity.associate(
            peer.host,
            peer.port,
            contexts=contexts,
            ae_title=peer.called_aet,
            max_pdu=peer.max_pdu_bytes,
            evt_handlers=[(evt.EVT_CONN_OPEN, tune), (evt.EVT_PDU_RECV, keep_rejection)],
        )
    except (OSError, UnicodeError):
        return StoreAnswer(Happening.NOT_CONNECTED, f"{peer}: the host name is not known")
    if association.is_established:
        return association
    if not connected.is_set():
        if entity.transport is not None:
            entity.transport.close()
        words = f"{peer} cannot be reached: nothing listens there, or a firewall is between"
        return StoreAnswer(Happening.NOT_CONNECTED, words)
    return _why_not_established(association, rejections, peer, time.monotonic() - started_s)


def _why_not_established(association: Association, rejected: list[A_ASSOCIATE_RJ], peer: Peer, waited_s: float) -> StoreAnswer:
    for rejection in rejected:
        reason = REJECTIONS.get((rejection.source, rejection.reason_diagnostic), "no reason given")
        reason = reason.format(calling_aet=peer.calling_aet, called_aet=peer.called_aet)
        if rejection.result == 2:
            return StoreAnswer(Happening.REJECTED_TRANSIENT, f"{peer} rejected the association for now: {reason}")
        return StoreAnswer(Happening.REJECTED_PERMANENT, f"{peer} rejected the association: {reason}")
    if association.rejected_contexts:
        return StoreAnswer(Happening.NO_CONTEXT, f"{peer} accepts none of the SOP classes in a transfer syntax offered")
    if waited_s >= peer.timeout_s:
        return StoreAnswer(Happening.TIMED_OUT, f"{peer} did not answer the association request within {peer.timeout_s:g} s")
    return StoreAnswer(Happening.ABORTED, f"{peer} closed the connection during the association request; is it a DICOM port?")
