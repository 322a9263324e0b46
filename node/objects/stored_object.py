"""One DICOM object as its bytes stand: with or without preamble and file meta information, in whatever encoding it is.

Where the transfer syntax says one thing and the bytes another, the bytes are believed and a note is made (PS3.10 7.1).
"""

import io
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pydicom import uid

from node.errors import Unparseable
from node.objects.element_head import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_BIG,
    IMPLICIT_LITTLE,
    Bytes,
    Encoding,
    can_follow,
    credible_heads,
    read_head,
)
from node.objects.element_walk import Element, Walk
from node.objects.reading_limits import EVER_INFLATED_BYTES, LARGEST_INFLATED_BYTES, MOST_INFLATION

_TRANSFER_SYNTAX, _ROWS = 0x00020010, 0x00280010
_CREDIBLE = 3  # so many elements in a row fit the stated transfer syntax: then nothing else is tried
_IN_MEMORY_BYTES = 32 << 20  # so much of an inflated data set; the rest goes to disk
_CHUNK_BYTES = 1 << 20


@dataclass
class StoredObject:
    """Indices into `file`, which is what was inflated where the data set was deflated.

    `elements` are those before the pixels, `pixels` the first pixel element. `stated` is the transfer syntax UID of the file
    meta information, empty without; `encoding` is that of the bytes.
    """

    file: BinaryIO
    size: int
    stated: str
    encoding: Encoding
    meta: list[Element]
    elements: list[Element] = field(default_factory=list)
    pixels: Element | None = None
    notes: list[str] = field(default_factory=list)
    breaks_off: bool = False  # a sequence or value did not end, or nothing that follows is an element

    def value(self, element: Element) -> bytes:
        self.file.seek(element.start)
        return self.file.read(element.length)

    def text(self, tag: int) -> str:
        """A top-level value without validation, which would quote it in a warning; empty where absent."""
        found = next((element for element in reversed(self.elements) if element.tag == tag and element.items is None), None)
        return "" if found is None or found.length > _CHUNK_BYTES else self.value(found).decode("latin-1").strip(" \0")


@contextmanager
def opened(source: Path | bytes) -> Iterator[StoredObject]:
    """Raises Unparseable, without a value, where no data set can be found, and TooMuch; OSError where the disk fails."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        found = _located(file, file.seek(0, io.SEEK_END))
        try:
            _index(found)
            yield found
        finally:
            if found.file is not file:
                found.file.close()


def _located(file: BinaryIO, size: int) -> StoredObject:
    """Where the data set starts and how it is written."""
    data, notes = Bytes(file, size), list[str]()
    at = _behind_preamble(data)
    meta, at = _meta(data, at)
    syntax = next((element for element in meta if element.tag == _TRANSFER_SYNTAX), None)
    stated = data.at(syntax.start, min(syntax.length, 64)).decode("latin-1").strip(" \0") if syntax else ""
    if not meta:
        notes.append("no file meta information: the transfer syntax is taken from the bytes")
    elif not stated:
        notes.append("no transfer syntax in the file meta information: it is taken from the bytes")
    found = StoredObject(file, size, stated, EXPLICIT_LITTLE, meta, notes=notes)
    by_syntax = _encoding_of(stated)
    deflated = stated == uid.DeflatedExplicitVRLittleEndian
    if not deflated:
        encoding = _encoding_at(data, at, by_syntax)
        if encoding is None and _inflate(found, at):
            notes.append("deflated, although the transfer syntax does not say so")
            return found
    elif _inflate(found, at):
        return found
    else:
        encoding = _encoding_at(data, at, by_syntax)
        notes.append("not deflated, although the transfer syntax says so")
    if encoding is None:
        raise Unparseable("not a DICOM object: no data element stands where the first one should")
    if stated and encoding != by_syntax:
        notes.append("the data set is not encoded as its transfer syntax says: read by its bytes")
    found.encoding = encoding
    file.seek(at)
    return found


def _behind_preamble(data: Bytes) -> int:
    if data.at(128, 4) == b"DICM":
        return 132
    return 4 if data.at(0, 4) == b"DICM" else 0


def _meta(data: Bytes, at: int) -> tuple[list[Element], int]:
    """Group 0002 by its elements: its group length is wrong too often to go by."""
    elements = []
    while data.at(at, 2) == b"\x02\x00":
        head = read_head(data, at, data.size, EXPLICIT_LITTLE)
        if head is None or head.end > data.size:
            break
        elements.append(Element(head.tag, head.vr, head.start, head.length, EXPLICIT_LITTLE))
        at = head.end
    return elements, at


def _encoding_of(syntax: str) -> Encoding:
    if syntax == uid.ImplicitVRLittleEndian:
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if syntax == uid.ExplicitVRBigEndian else EXPLICIT_LITTLE


def _encoding_at(data: Bytes, at: int, stated: Encoding) -> Encoding | None:
    """The stated encoding where the first elements are written in it, else the one that more of them are."""
    if (best := credible_heads(data, at, stated)) >= _CREDIBLE:
        return stated
    encoding = stated
    for other in (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_BIG):
        if (credible := credible_heads(data, at, other)) > best:
            best, encoding = credible, other
    return encoding if best else None


def _inflate(found: StoredObject, at: int) -> bool:
    """Whether there is a deflated data set (PS3.5 A.5); `found` then has as much of it as could be inflated."""
    found.file.seek(at)
    start = found.file.read(1 << 12)
    for window_bits in (-zlib.MAX_WBITS, zlib.MAX_WBITS):
        try:
            first = zlib.decompressobj(window_bits).decompress(start, 1 << 14)
        except zlib.error:
            continue
        if credible_heads(Bytes(io.BytesIO(first), 1 << 40), 0, EXPLICIT_LITTLE, most=1):
            found.file.seek(at)
            inflated = _inflated(found.file, window_bits, found.size - at, found.notes)
            found.file, found.size, found.encoding = inflated, inflated.tell(), EXPLICIT_LITTLE
            inflated.seek(0)
            return True
    return False


def _inflated(file: BinaryIO, window_bits: int, size: int, notes: list[str]) -> BinaryIO:
    most = min(LARGEST_INFLATED_BYTES, max(EVER_INFLATED_BYTES, MOST_INFLATION * size))
    inflated, inflater = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES), zlib.decompressobj(window_bits)  # noqa: SIM115
    written = 0
    try:
        while not inflater.eof and (deflated := inflater.unconsumed_tail or file.read(_CHUNK_BYTES)):
            written += inflated.write(inflater.decompress(deflated, _CHUNK_BYTES))
            if written > most:
                inflated.close()
                raise Unparseable(f"inflates to more than {most >> 20} MiB")
    except zlib.error:
        notes.append("the deflated data set is damaged: read up to there")
    else:
        if not inflater.eof:
            notes.append("the deflated data set is cut short")
    return inflated  # type: ignore[return-value]  # typeshed calls it no BinaryIO


def _index(found: StoredObject) -> None:
    at, data = found.file.tell(), Bytes(found.file, found.size)
    walk = Walk(data)
    found.elements, found.pixels, _ = walk.data_set(at, found.encoding)
    if found.pixels is None and walk.unclosed and walk.image_inside:
        walk = Walk(data, leaving=True)
        found.elements, found.pixels, _ = walk.data_set(at, found.encoding)
    if found.pixels is not None:
        _look_behind(found, walk, data)
    if not found.elements:
        raise Unparseable("not a DICOM object: no data element stands where the first one should")
    found.notes += walk.notes
    found.breaks_off = walk.unclosed


def _look_behind(found: StoredObject, walk: Walk, data: Bytes) -> None:
    """The image's attributes where they do not stand before its pixels, and whatever is no element."""
    if found.pixels is None:
        return
    if not any(element.tag == _ROWS for element in found.elements) and (behind := walk.behind_pixels(found.pixels)):
        walk.note("elements behind the pixels that belong before them")
        found.elements += behind
    end = found.pixels.start + found.pixels.length
    if not found.pixels.encapsulated and not can_follow(data, end, found.size, found.encoding):
        walk.note(f"{found.size - end} bytes behind the data set passed over")
