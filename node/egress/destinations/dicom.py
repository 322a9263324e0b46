"""A storage SCP: documents go out by C-STORE, and it is probed by C-ECHO."""

from typing import Annotated, Literal

from pydantic import Field

from node.egress import dicom_store
from node.egress.association import Peer
from node.egress.destinations.kind import DestinationKind, ProbeAnswer, SendOutcome, StoredDocument
from node.egress.outcomes import PROCESSING_FAILURE, Happening, decide
from node.settings import AETitle, Host, Settings


class DicomDestination(DestinationKind):
    kind: Literal["dicom"] = "dicom"
    ae_title: AETitle
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)]
    calling_aet: AETitle | None = None
    deflated: bool = False

    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        answer = dicom_store.store(document.path, self._peer(settings), deflated=self.deflated)
        return SendOutcome(
            decide(answer, earlier_failures),
            answer.detail,
            status=None if answer.status is None else f"0x{answer.status:04X}",
            transfer_syntax_uid=answer.transfer_syntax_uid,
            counts=answer.status == PROCESSING_FAILURE,
            class_refused=answer.happened is Happening.NO_CONTEXT,
        )

    def probe(self, settings: Settings) -> ProbeAnswer:
        peer = self._peer(settings)
        answer = dicom_store.echo(peer.host, peer.port, peer.called_aet, peer.calling_aet, timeout_s=peer.timeout_s)
        return ProbeAnswer(answer.ok, answer.message)

    def _peer(self, settings: Settings) -> Peer:
        return Peer(
            host=self.host,
            port=self.port,
            called_aet=self.ae_title,
            calling_aet=self.calling_aet or settings.node.ae_title,
            timeout_s=settings.delivery.timeout_s,
            max_pdu_bytes=settings.node.max_pdu_bytes,
        )
