"""C-STORE and C-ECHO as SCU. Objects go out as the bytes of their file: nothing is parsed beyond the file meta information,
so an object that other tools cannot read is sent as it is.
"""

import socket
import threading
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydicom.dataset import FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import split_dataset
from pynetdicom.events import Event
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.presentation import PresentationContext, VerificationPresentationContexts, build_context
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS
from pynetdicom.transport import AssociationSocket

from node.egress.outcomes import Fallback, Happening, StoreAnswer
from node.settings import Destination, Settings
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_config.STORE_SEND_CHUNKED_DATASET = True  # `send_c_store(path)` then sends the file's bytes instead of a re-encoded data set

MAX_CONTEXTS = 128  # PS3.8 9.3.2.2: context IDs are the odd numbers up to 255
SLOWEST_LINK_BYTES_S = 1 << 20  # the wait for an answer starts when the last PDU is queued, not when it is sent

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


@dataclass(frozen=True)
class EchoAnswer:
    ok: bool
    message: str  # plain words for a person


@dataclass(frozen=True)
class FileAnswer:
    path: Path
    answer: StoreAnswer

    @property
    def ok(self) -> bool:
        return self.answer.stored

    @property
    def message(self) -> str:
        return self.answer.detail


@dataclass(frozen=True)
class _File:
    path: Path
    sop_class_uid: str
    transfer_syntax_uid: str
    size_bytes: int


class _Requestor(AE):
    """Keeps its socket in reach: pynetdicom forgets it unclosed when the connection is refused."""

    transport: socket.socket | None = None

    def _create_socket(self, *arguments: Any) -> AssociationSocket:
        made = super()._create_socket(*arguments)
        self.transport = made.socket
        return made


def send(path: Path, destination: Destination, settings: Settings, fallback: Fallback | None = None) -> StoreAnswer:
    """Store one document at a destination, on an association of its own."""
    peer = Peer(
        host=destination.host,
        port=destination.port,
        called_aet=destination.ae_title,
        calling_aet=destination.calling_aet or settings.node.ae_title,
        timeout_s=settings.delivery.timeout_s,
        max_pdu_bytes=settings.node.max_pdu_bytes,
    )
    if fallback is Fallback.INFLATED:
        with TemporaryDirectory(prefix="echonode-") as folder:
            try:
                return _store_all([_inflate(path, Path(folder))], peer)[0].answer
            except (OSError, zlib.error):
                return StoreAnswer(Happening.NOT_SENT, "the deflated file cannot be inflated")
    return _store_all([path], peer)[0].answer


def send_files(
    paths: Sequence[Path], host: str, port: int, called_aet: str, calling_aet: str, *, timeout_s: float = 30
) -> list[FileAnswer]:
    """Send DICOM files as they are, in order; one answer per file. A file without file meta information is not sent."""
    return _store_all(paths, Peer(host, port, called_aet, calling_aet, timeout_s))


def echo(host: str, port: int, called_aet: str, calling_aet: str, *, timeout_s: float = 10) -> EchoAnswer:
    """C-ECHO, answered in words a person can act on."""
    peer = Peer(host, port, called_aet, calling_aet, timeout_s)
    association = _associate(peer, VerificationPresentationContexts)
    if isinstance(association, StoreAnswer):
        return EchoAnswer(False, association.detail)
    try:
        status = association.send_c_echo()
    except (RuntimeError, ValueError):
        return EchoAnswer(False, f"{peer} ended the association before the C-ECHO")
    finally:
        association.release()
    if "Status" not in status:
        return EchoAnswer(False, f"{peer} accepted the association but did not answer the C-ECHO")
    if status.Status != 0x0000:
        return EchoAnswer(False, f"{peer} answered the C-ECHO with status 0x{status.Status:04X}")
    return EchoAnswer(True, f"{peer} answers")


def _store_all(paths: Sequence[Path], peer: Peer) -> list[FileAnswer]:
    answers: dict[Path, StoreAnswer] = {}
    files: list[_File] = []
    for path in dict.fromkeys(paths):
        file = _read_file_meta(path)
        if isinstance(file, StoreAnswer):
            answers[path] = file
        else:
            files.append(file)
    while files:
        batch = _fitting_one_association(files)
        files = files[len(batch) :]
        answers.update(_store_batch(batch, peer))
    return [FileAnswer(path, answers[path]) for path in paths]


def _fitting_one_association(files: list[_File]) -> list[_File]:
    contexts: set[tuple[str, str]] = set()
    for index, file in enumerate(files):
        contexts.add((file.sop_class_uid, file.transfer_syntax_uid))
        if len(contexts) > MAX_CONTEXTS:
            return files[:index]
    return files


def _store_batch(files: list[_File], peer: Peer) -> dict[Path, StoreAnswer]:
    """Store on one association, on a new one after an abort; when none can be had, the rest gets that answer."""
    contexts = [
        build_context(sop_class, transfer_syntax)
        for sop_class, transfer_syntax in dict.fromkeys((file.sop_class_uid, file.transfer_syntax_uid) for file in files)
    ]
    answers: dict[Path, StoreAnswer] = {}
    association: Association | None = None
    for index, file in enumerate(files):
        if association is None:
            opened = _associate(peer, contexts)
            if isinstance(opened, StoreAnswer):
                return answers | {
                    rest.path: replace(opened, transfer_syntax_uid=rest.transfer_syntax_uid) for rest in files[index:]
                }
            association = opened
        answers[file.path] = _store(association, file, peer)
        if answers[file.path].happened not in (Happening.ANSWERED, Happening.NO_CONTEXT):
            association.abort()  # its state may still say "established" although the peer is gone
            association = None
    if association is not None:
        association.release()
    return answers


def _associate(peer: Peer, contexts: list[PresentationContext]) -> Association | StoreAnswer:
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

    def tune(_event: Event) -> None:
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
    except OSError:
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
        return StoreAnswer(Happening.NO_CONTEXT, f"{peer} accepts none of the SOP classes in this transfer syntax")
    if waited_s >= peer.timeout_s:
        return StoreAnswer(Happening.TIMED_OUT, f"{peer} did not answer the association request within {peer.timeout_s:g} s")
    return StoreAnswer(Happening.ABORTED, f"{peer} closed the connection during the association request; is it a DICOM port?")


def _store(association: Association, file: _File, peer: Peer) -> StoreAnswer:
    def answer(happened: Happening, detail: str, status: int | None = None) -> StoreAnswer:
        return StoreAnswer(happened, detail, status, file.transfer_syntax_uid)

    wanted = (file.sop_class_uid, file.transfer_syntax_uid)
    if wanted not in {(context.abstract_syntax, context.transfer_syntax[0]) for context in association.accepted_contexts}:
        return answer(Happening.NO_CONTEXT, f"{peer} does not accept this SOP class in this transfer syntax")
    timeout_s = peer.timeout_s + file.size_bytes / SLOWEST_LINK_BYTES_S
    association.dimse_timeout = timeout_s
    started_s = time.monotonic()
    try:
        reply = association.send_c_store(file.path)
    except RuntimeError:
        return answer(Happening.ABORTED, f"{peer} ended the association before the C-STORE")
    except (OSError, ValueError):
        association.abort()
        return answer(Happening.NOT_SENT, "the file cannot be sent: it cannot be read, or a UID in its file meta is malformed")
    if "Status" in reply:
        meaning = STORAGE_SERVICE_CLASS_STATUS.get(reply.Status, ("", "a status the standard does not define"))[1] or "success"
        return answer(Happening.ANSWERED, f"{peer} answered 0x{reply.Status:04X}: {meaning}", int(reply.Status))
    if time.monotonic() - started_s >= timeout_s:
        return answer(Happening.TIMED_OUT, f"{peer} did not answer the C-STORE within {timeout_s:.0f} s")
    return answer(Happening.ABORTED, f"{peer} aborted the association during the C-STORE")


def _read_file_meta(path: Path) -> _File | StoreAnswer:
    try:
        file_meta, _ = split_dataset(path)
        size_bytes = path.stat().st_size
    except OSError:
        return StoreAnswer(Happening.NOT_SENT, "the file cannot be read")
    except (InvalidDicomError, ValueError, EOFError):
        return StoreAnswer(Happening.NOT_SENT, "not a DICOM file: the preamble and DICM are missing")
    needed = ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
    missing = [keyword for keyword in needed if not file_meta.get(keyword)]
    if missing:
        return StoreAnswer(Happening.NOT_SENT, f"the file meta information lacks {', '.join(missing)}")
    return _File(path, str(file_meta.MediaStorageSOPClassUID), str(file_meta.TransferSyntaxUID), size_bytes)


def _inflate(path: Path, folder: Path) -> Path:
    """The same object in explicit VR little endian: PS3.5 A.5 deflates just that encoding, so nothing is parsed."""
    file_meta, offset = split_dataset(path)
    file_meta = FileMetaDataset(file_meta)
    file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with (folder / "inflated.dcm").open("wb") as out:
        out.write(bytes(128) + b"DICM")
        write_file_meta_info(DicomFileLike(out), file_meta)
        out.write(zlib.decompressobj(-zlib.MAX_WBITS).decompress(path.read_bytes()[offset:]))
    return Path(out.name)
