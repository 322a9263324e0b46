"""A-ASSOCIATE-RQ (PS3.8 9.3.2) as it comes: what the standard lets us pass over is passed over, the rest is refused by name."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from node.ingress.upper_layer.pdus import APPLICATION_CONTEXT

LARGEST_REQUEST_BYTES = 1 << 20  # 128 contexts with every transfer syntax there is need a tenth of it
_FIXED_BYTES = 68  # protocol version, AE titles and reserved bytes before the items
_NO_REASON, _BY_USER, _BY_ACSE = 1, 1, 2


class Malformed(Exception):
    """The bytes are no A-ASSOCIATE-RQ: the association is aborted."""


class NotAcceptable(Exception):
    """A request the standard forbids: rejected, permanently. `code` is (result, source, reason) of PS3.8 table 9-21."""

    def __init__(self, message: str, request: "AssociationRequest", code: tuple[int, int, int]) -> None:
        super().__init__(message)
        self.request, self.code = request, code


@dataclass(frozen=True)
class ProposedContext:
    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class AssociationRequest:
    """`ae_titles` are the called and calling AE title as their 32 bytes came, to go back unchanged."""

    calling_aet: str
    called_aet: str
    ae_titles: bytes
    contexts: tuple[ProposedContext, ...]
    max_pdu_bytes: int = 0
    implementation: str = ""


@dataclass
class _Items:
    """What the variable items said. Items of an unknown type are passed over (PS3.8 9.3.1)."""

    application_context: str = ""
    contexts: list[ProposedContext] = field(default_factory=list)
    max_pdu_bytes: int = 0
    implementation: str = ""


def read_request(body: bytes) -> AssociationRequest:
    """The request in the bytes after the PDU header. Malformed, NotAcceptable.

    AE titles lose padding of spaces and NULs and are read as Latin-1; UIDs lose padding; names of any length and unknown items
    are no reason to refuse.
    """
    if len(body) < _FIXED_BYTES:
        raise Malformed("shorter than its fixed fields")
    ae_titles = body[4:36]
    items = _read_items(body[_FIXED_BYTES:])
    request = AssociationRequest(
        calling_aet=ae_title(ae_titles[16:]),
        called_aet=ae_title(ae_titles[:16]),
        ae_titles=ae_titles,
        contexts=tuple(items.contexts),
        max_pdu_bytes=items.max_pdu_bytes,
        implementation=items.implementation,
    )
    _check(request, protocol_version=struct.unpack(">H", body[:2])[0], application_context=items.application_context)
    return request


def ae_title(field_bytes: bytes) -> str:
    """A title of at most 16 characters, without the padding of old senders; what follows a NUL is padding."""
    return field_bytes.decode("latin-1").strip(" \0").split("\0", 1)[0].rstrip(" ")


def _check(request: AssociationRequest, *, protocol_version: int, application_context: str) -> None:
    if not protocol_version & 1:
        raise NotAcceptable("another protocol version", request, (1, _BY_ACSE, 2))
    if application_context != APPLICATION_CONTEXT:
        raise NotAcceptable("another application context", request, (1, _BY_USER, 2))
    ids = [context.context_id for context in request.contexts]
    if any(context_id % 2 == 0 for context_id in ids):
        raise NotAcceptable("an even presentation context id", request, (1, _BY_ACSE, _NO_REASON))
    if len(ids) != len(set(ids)):
        raise NotAcceptable("a presentation context id twice", request, (1, _BY_ACSE, _NO_REASON))


def _read_items(data: bytes) -> _Items:
    items = _Items()
    for kind, value in _each(data):
        if kind == 0x10:
            items.application_context = _uid(value)
        elif kind == 0x20:
            items.contexts.append(_context(value))
        elif kind == 0x50:
            _read_user_information(value, items)
    return items


def _context(value: bytes) -> ProposedContext:
    if len(value) < 4:
        raise Malformed("a presentation context without its id")
    abstract, syntaxes = "", []
    for kind, item in _each(value[4:]):
        if kind == 0x30:
            abstract = _uid(item)
        elif kind == 0x40:
            syntaxes.append(_uid(item))
    return ProposedContext(value[0], abstract, tuple(syntaxes))


def _read_user_information(value: bytes, items: _Items) -> None:
    for kind, item in _each(value):
        if kind == 0x51 and len(item) >= 4:
            items.max_pdu_bytes = struct.unpack(">L", item[:4])[0]
        elif kind == 0x55:
            items.implementation = item.decode("latin-1").strip(" \0")


def _each(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise Malformed("an item cut off")
        kind, length = data[at], struct.unpack_from(">H", data, at + 2)[0]
        if at + 4 + length > len(data):
            raise Malformed("an item longer than what holds it")
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _uid(value: bytes) -> str:
    return value.decode("latin-1").strip(" \0")
