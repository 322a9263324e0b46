"""Where each frame's bytes lie in encapsulated pixel data (PS3.5 A.4), whatever the offset tables and Number of Frames say.

Offset tables are often empty and sometimes wrong; the items' own headers and the frames' first bytes are not. One frame is then
read without the others.
"""

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from node.errors import UnreadableClip
from node.objects.codestream import Kind, kind_of, starts_frame
from node.objects.reading_limits import MOST_FRAGMENTS, MOST_REPAIRS

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_LAST_GROUPS = 0x7FE0  # from this group on: padding, signatures and private elements behind the pixels
_IMAGE_END = b"\xff\xd9"  # the same for JPEG, JPEG-LS and JPEG 2000
# One frame ends and the next begins within a fragment; entropy-coded data hold no such bytes (T.81 B.1.1.5, T.800 A.2).
_NEXT_JPEG = re.compile(b"\xff\xd9\x00?(?=\xff\xd8\xff)")
_NEXT_JPEG_2000 = re.compile(b"\xff\xd9\x00?(?=\xff\x4f\xff\x51)")
_Span = tuple[int, int]


@dataclass(frozen=True)
class Fragments:
    """`spans` are (start, end) of each fragment's value; `table` is the basic offset table's."""

    data: bytes
    table: tuple[int, ...]
    spans: list[_Span]
    cut: bool  # the last fragment is not whole
    delimited: bool  # the sequence's delimiter stands where it should

    def first_bytes(self, index: int) -> bytes:
        start, end = self.spans[index]
        return self.data[start : min(end, start + 64)]

    def join(self, first: int, last: int) -> bytes:
        if last == first + 1:
            return self.data[slice(*self.spans[first])]
        return b"".join(self.data[start:end] for start, end in self.spans[first:last])


def is_encapsulated(data: bytes) -> bool:
    """Whether the pixel data begin with an item that another or the end follows (PS3.5 A.4), whatever the syntax says."""
    if data[:4] != _ITEM or len(data) < 8:
        return False
    at = 8 + int.from_bytes(data[4:8], "little")
    return data[at : at + 4] in (_ITEM, _END)


def fragments(data: bytes, note: Callable[[str], None]) -> Fragments:
    """The items in order. Raises UnreadableClip where there is no fragment with a value."""
    spans: list[_Span] = []
    at, cut = 0, False
    repairs = 0
    while data[at : at + 4] == _ITEM and at + 8 <= len(data):
        if len(spans) > MOST_FRAGMENTS:
            raise UnreadableClip(f"more than {MOST_FRAGMENTS} fragments")
        (length,) = struct.unpack_from("<L", data, at + 4)
        start, end = at + 8, at + 8 + length
        if end % 2 and data[end + 1 : end + 5] in (_ITEM, _END):
            end += 1  # an odd length, and a pad byte that it does not count
        elif spans and end + 8 <= len(data) and data[end : end + 4] not in (_ITEM, _END) and repairs < MOST_REPAIRS:
            repairs += 1
            if (end := _next_item(data, start)) != at + 8 + length:
                note("a fragment of another length than it says")
        cut = end > len(data)
        spans.append((start, min(end, len(data))))
        at = end
    delimited = data[at : at + 4] == _END
    if not delimited:
        note("the pixel data end without their delimiter")
    elif data[at + 8 : at + 10] and int.from_bytes(data[at + 8 : at + 10], "little") < _LAST_GROUPS:
        note(f"{len(data) - at - 8} bytes behind the pixel data passed over")
    if not spans:
        raise UnreadableClip("encapsulated pixel data without a fragment")
    table_start, table_end = spans[0]
    table = struct.unpack_from(f"<{(table_end - table_start) // 4}L", data, table_start)
    values = [span for span in spans[1:] if span[0] < span[1]]
    if not values:
        raise UnreadableClip("encapsulated pixel data without a fragment")
    return Fragments(data, table, values, cut, delimited)


def _next_item(data: bytes, start: int) -> int:
    """Where the fragment ends in truth: at the next item that begins a frame, at the delimiter, or at the end of all."""
    at = start
    while (at := data.find(b"\xfe\xff", at)) >= 0:
        if data[at : at + 4] == _END and not any(data[at + 4 : at + 8]):
            return at
        if data[at : at + 4] == _ITEM and kind_of(data[at + 8 : at + 72]) is not None:
            return at
        at += 2
    return len(data)


def split_frames(found: Fragments, kind: Kind | None, stated: int | None, offsets: Sequence[int] = ()) -> list[bytes]:
    """The encoded bytes of each whole frame. `stated` is Number of Frames or None, `offsets` an extended offset table.

    Raises UnreadableClip where the fragments cannot be assigned to frames, or no frame is whole.
    """
    firsts = _firsts(found, kind, stated, offsets)
    if not firsts:
        raise UnreadableClip(f"{len(found.spans)} fragments for {stated} frames, and nothing tells them apart")
    ends = [*firsts[1:], len(found.spans)]
    frames = [found.join(first, last) for first, last in zip(firsts, ends, strict=True)]
    if stated is None or len(frames) < stated:
        frames = [frame for joined in frames for frame in _apart(joined, kind)]
    if _is_incomplete(found, frames[-1], kind):
        frames.pop()
    if not frames:
        raise UnreadableClip("the pixel data are cut off before the end of the first frame")
    return frames


def _firsts(found: Fragments, kind: Kind | None, stated: int | None, offsets: Sequence[int]) -> list[int]:
    """Index of each frame's first fragment."""
    count = len(found.spans)
    begins = [index for index in range(count) if kind is not None and starts_frame(found.first_bytes(index), kind)]
    if count == stated and (found.delimited or len(begins) in (0, count)):
        return list(range(count))
    for table in (offsets, found.table):
        firsts = _firsts_by_table(table, found.spans)
        if firsts and (not begins or set(firsts) <= set(begins)) and len(firsts) >= len(begins):
            return firsts
    if begins and begins[0] == 0:
        return begins
    return [0] if stated in (None, 1) else []


def _firsts_by_table(table: Sequence[int], spans: list[_Span]) -> list[int]:
    """The first fragment of each frame by the offset table; empty where the table does not fit.

    Offsets count from the first fragment's header.
    """
    origin = spans[0][0] - 8
    by_offset = {start - 8 - origin: index for index, (start, _) in enumerate(spans)}
    firsts = [by_offset.get(offset, -1) for offset in table]
    return firsts if firsts and firsts[0] == 0 and firsts == sorted(set(firsts)) else []


def _apart(joined: bytes, kind: Kind | None) -> list[bytes]:
    """Several frames in one fragment."""
    if kind in (Kind.JPEG, Kind.JPEG_LOSSLESS, Kind.JPEG_LS):
        pattern = _NEXT_JPEG
    elif kind is Kind.JPEG_2000:
        pattern = _NEXT_JPEG_2000
    else:
        return [joined]
    ends = [match.end() for match in pattern.finditer(joined)]
    return [joined[start:end] for start, end in zip([0, *ends], [*ends, len(joined)], strict=True)]


def _is_incomplete(found: Fragments, last: bytes, kind: Kind | None) -> bool:
    if found.cut:
        return True
    marked = kind in (Kind.JPEG, Kind.JPEG_LOSSLESS, Kind.JPEG_LS, Kind.JPEG_2000)
    return marked and not found.delimited and _IMAGE_END not in last[-16:]
