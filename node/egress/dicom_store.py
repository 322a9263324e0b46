"""C-STORE and C-ECHO as SCU. Objects go out as the bytes of their file: nothing is parsed beyond the file meta information,
so an object that other tools cannot read is sent as it is. Only for a receiver that takes no such encoding a copy in another
one is made.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom.errors import InvalidDicomError
from pynetdicom import _config, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import split_dataset
from pynetdicom.events import Event
from pynetdicom.presentation import VerificationPresentationContexts, build_context
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS

from node.egress import transfer_syntaxes
from node.egress.association import Peer, associate
from node.egress.encodings import NotConvertible
from node.egress.outcomes import Happening, StoreAnswer
from node.egress.syntax_conversion import write_copy

_config.STORE_SEND_CHUNKED_DATASET = True  # `send_c_store(path)` then sends the file's bytes instead of a re-encoded data set

_MESSAGE_IDS = cycle(range(1, 1 << 16))
MAX_CONTEXTS = 128  # PS3.8 9.3.2.2: context IDs are the odd numbers up to 255
SLOWEST_LINK_BYTES_S = 1 << 20  # the wait for an answer starts when the last PDU is queued, not when it is sent


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
    """`offered` are the transfer syntaxes it may be sent in, the best first."""

    path: Path
    sop_class_uid: str
    transfer_syntax_uid: str
    size_bytes: int
    offered: tuple[str, ...]


def store(path: Path, peer: Peer, *, deflated: bool) -> StoreAnswer:
    """Store one document, on an association of its own."""
    return _store_all([path], peer, deflated=deflated)[0].answer


def send_files(
    paths: Sequence[Path], host: str, port: int, called_aet: str, calling_aet: str, *, timeout_s: float = 30
) -> list[FileAnswer]:
    """Send DICOM files as they are, in order; one answer per file. A file without file meta information is not sent."""
    return _store_all(paths, Peer(host, port, called_aet, calling_aet, timeout_s), deflated=True)


def echo(host: str, port: int, called_aet: str, calling_aet: str, *, timeout_s: float = 10) -> EchoAnswer:
    """C-ECHO, answered in words a person can act on."""
    peer = Peer(host, port, called_aet, calling_aet, timeout_s)
    association = associate(peer, VerificationPresentationContexts)
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


def _store_all(paths: Sequence[Path], peer: Peer, *, deflated: bool) -> list[FileAnswer]:
    answers: dict[Path, StoreAnswer] = {}
    files: list[_File] = []
    for path in dict.fromkeys(paths):
        file = _read_file_meta(path, deflated=deflated)
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
        contexts.update((file.sop_class_uid, syntax) for syntax in file.offered)
        if len(contexts) > MAX_CONTEXTS:
            return files[:index]
    return files


def _store_batch(files: list[_File], peer: Peer) -> dict[Path, StoreAnswer]:
    """Store on one association, on a new one after an abort; when none can be had, the rest gets that answer."""
    # One context for each pair: with several syntaxes in one, the receiver would choose, and many choose the oldest.
    pairs = dict.fromkeys((file.sop_class_uid, syntax) for file in files for syntax in file.offered)
    contexts = [build_context(sop_class, syntax) for sop_class, syntax in pairs]
    answers: dict[Path, StoreAnswer] = {}
    association: Association | None = None
    for index, file in enumerate(files):
        if association is None:
            opened = associate(peer, contexts)
            if isinstance(opened, StoreAnswer):
                return answers | {rest.path: opened for rest in files[index:]}
            association = opened
        answers[file.path] = _store(association, file, peer)
        if answers[file.path].happened not in (Happening.ANSWERED, Happening.NO_CONTEXT):
            association.abort()  # its state may still say "established" although the peer is gone
            association = None
    if association is not None:
        association.release()
    return answers


def _store(association: Association, file: _File, peer: Peer) -> StoreAnswer:
    accepted = {
        context.transfer_syntax[0] for context in association.accepted_contexts if context.abstract_syntax == file.sop_class_uid
    }
    syntax = next((offer for offer in file.offered if offer in accepted), None)
    if syntax is None:
        why = "in a transfer syntax that the object has" if accepted else "in this transfer syntax"
        return StoreAnswer(Happening.NO_CONTEXT, f"{peer} does not accept this SOP class {why}")
    if syntax == file.transfer_syntax_uid:
        return _store_as_it_is(association, file, peer)
    words = transfer_syntaxes.name(syntax)
    with TemporaryDirectory(prefix="echonode-") as folder:
        try:
            copy = write_copy(file.path, syntax, Path(folder))
        except (NotConvertible, OSError) as error:
            why = str(error) if isinstance(error, NotConvertible) else "the file or the temporary folder cannot be used"
            return StoreAnswer(Happening.NO_CONTEXT, f"{peer} takes only {words}, and no such copy can be made: {why}")
        size_bytes = copy.stat().st_size
        return _store_as_it_is(association, replace(file, path=copy, transfer_syntax_uid=syntax, size_bytes=size_bytes), peer)


def _store_as_it_is(association: Association, file: _File, peer: Peer) -> StoreAnswer:
    def answer(happened: Happening, detail: str, status: int | None = None) -> StoreAnswer:
        return StoreAnswer(happened, detail, status, file.transfer_syntax_uid)

    timeout_s = peer.timeout_s + file.size_bytes / SLOWEST_LINK_BYTES_S
    association.dimse_timeout = timeout_s
    message_id = next(_MESSAGE_IDS)
    answered: list[int | None] = []
    association.bind(evt.EVT_DIMSE_RECV, _note_answer, [answered])
    started_s = time.monotonic()
    try:
        reply = association.send_c_store(file.path, msg_id=message_id)
    except RuntimeError:
        return answer(Happening.ABORTED, f"{peer} ended the association before the C-STORE")
    except (OSError, ValueError):
        association.abort()
        return answer(Happening.NOT_SENT, "the file cannot be sent: it cannot be read, or a UID in its file meta is malformed")
    finally:
        association.unbind(evt.EVT_DIMSE_RECV, _note_answer)
    if "Status" in reply and answered[:1] != [message_id]:  # whatever it says is not of this object
        association.abort()
        return answer(Happening.ABORTED, f"{peer} answered another C-STORE than the one that was sent")
    if "Status" in reply:
        meaning = STORAGE_SERVICE_CLASS_STATUS.get(reply.Status, ("", "a status the standard does not define"))[1] or "success"
        sent = f"sent as {transfer_syntaxes.name(file.transfer_syntax_uid)}"
        return answer(Happening.ANSWERED, f"{peer} answered 0x{reply.Status:04X}: {meaning}; {sent}", int(reply.Status))
    if time.monotonic() - started_s >= timeout_s:
        return answer(Happening.TIMED_OUT, f"{peer} did not answer the C-STORE within {timeout_s:.0f} s")
    return answer(Happening.ABORTED, f"{peer} aborted the association during the C-STORE")


def _note_answer(event: Event, answered: list[int | None]) -> None:
    """Which message was answered: pynetdicom takes the first answer that comes for the one it waits for."""
    answered.append(event.message.command_set.get("MessageIDBeingRespondedTo"))


def _read_file_meta(path: Path, *, deflated: bool) -> _File | StoreAnswer:
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
    syntax = str(file_meta.TransferSyntaxUID)
    sop_class_uid = str(file_meta.MediaStorageSOPClassUID)
    offered = transfer_syntaxes.offered(syntax, sop_class_uid, deflated=deflated)
    return _File(path, sop_class_uid, syntax, size_bytes, offered)
