"""The head of one data element: tag, value representation, where its value lies (PS3.5 7.1), and whether it can be one."""

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from pydicom.datadict import dictionary_VR

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
DELIMITERS = frozenset({ITEM, ITEM_END, SEQUENCE_END})
UNDEFINED = 0xFFFFFFFF
LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS", b"ST",
     b"TM", b"UI", b"UL", b"US"}
)  # fmt: skip
_VRS = LONG_VRS | SHORT_VRS
_ODD_VRS = frozenset({b"  ", b"\0\0", b"??", b"--"})
_MAY_BE_UNDEFINED = frozenset({b"SQ", b"UN", b"OB", b"OW"})
_HEADS = re.compile(b"(?s)(?=(....)(" + b"|".join(sorted(_VRS)) + b"))")
_WINDOW_BYTES = 1 << 16


@dataclass(frozen=True)
class Encoding:
    """How a data set is written, as its bytes say."""

    implicit: bool
    little_endian: bool

    @property
    def order(self) -> str:
        return "<" if self.little_endian else ">"


IMPLICIT_LITTLE, EXPLICIT_LITTLE = Encoding(True, True), Encoding(False, True)
IMPLICIT_BIG, EXPLICIT_BIG = Encoding(True, False), Encoding(False, False)


@dataclass(frozen=True)
class Head:
    """`vr` is empty in implicit VR, and `UN` where what stands there is none. `start` is where the value lies."""

    tag: int
    vr: bytes
    start: int
    length: int
    odd: bool = False  # not written as the encoding demands

    @property
    def end(self) -> int:
        return self.start + self.length


class Bytes:
    """A file at random places, through a small window."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size
        self._start, self._window = 0, b""

    def at(self, start: int, count: int) -> bytes:
        """Fewer than `count` at the end of the file."""
        offset = start - self._start
        if offset < 0 or offset + count > len(self._window):
            self._file.seek(start)
            self._start, offset = start, 0
            self._window = self._file.read(max(count, _WINDOW_BYTES))
        return self._window[offset : offset + count]


@lru_cache(1 << 14)
def known_vr(tag: int) -> bytes:
    """What the standard's dictionary says, empty for private and unknown tags; the first where it leaves a choice."""
    try:
        return dictionary_VR(tag)[:2].encode()
    except KeyError:
        return b""


def read_head(data: Bytes, at: int, end: int, encoding: Encoding) -> Head | None:
    """The element at this place. None where nothing can be one: then the bytes before said a wrong length."""
    raw = data.at(at, 12)
    if len(raw) < 8 or at + 8 > end:
        return None
    order = encoding.order
    group, element = struct.unpack_from(order + "HH", raw)
    tag = group << 16 | element
    if tag in DELIMITERS or encoding.implicit:
        return Head(tag, b"", at + 8, struct.unpack_from(order + "L", raw, 4)[0])
    vr = raw[4:6]
    short: int = struct.unpack_from(order + "H", raw, 6)[0]
    if vr in SHORT_VRS:
        return Head(tag, vr, at + 8, short)
    long = struct.unpack_from(order + "L", raw, 8)[0] if len(raw) == 12 else None
    if vr in LONG_VRS and long is not None and short == 0:
        return Head(tag, vr, at + 12, long)
    return _odd_head(data, at, end, encoding, tag, short, long)


def _odd_head(data: Bytes, at: int, end: int, encoding: Encoding, tag: int, short: int, long: int | None) -> Head | None:
    """A VR that is none (spaces, NULs, `??`, one of the future), or that stands beside a length of the other form.

    The standard promises four bytes to future VRs (PS3.5 7.1.2), DCMTK reads two behind what are no letters, and some writers
    fall into implicit VR. That one is right behind whose value the data set goes on.
    """
    raw = data.at(at, 8)
    vr = raw[4:6] if raw[4:6] in _VRS else b"UN"
    implicit = struct.unpack_from(encoding.order + "L", raw, 4)[0]
    forms = [Head(tag, vr, at + 8, short, odd=True)]
    if long is not None and short == 0:
        forms.insert(0 if raw[4:6].isalpha() else 1, Head(tag, vr, at + 12, long, odd=True))
    forms.append(Head(tag, known_vr(tag) or b"UN", at + 8, implicit, odd=True))
    goes_on = [head for head in forms if head.end <= end and can_follow(data, head.end, end, encoding)]
    return goes_on[0] if goes_on else None


def can_follow(data: Bytes, at: int, end: int, encoding: Encoding) -> bool:
    """Whether a data set or sequence can go on, or end, at this place."""
    raw = data.at(at, 8)
    if len(raw) < 8 or at >= end:
        return at == end
    group, element, length = struct.unpack(encoding.order + "HHL", raw)
    tag = group << 16 | element
    if tag in DELIMITERS:
        return True
    if not 0x0002 <= group <= 0xFFFC:
        return False
    fits: bool = length == UNDEFINED or at + 8 + length <= data.size
    if encoding.implicit:
        return fits
    vr: bytes = raw[4:6]
    if vr in _VRS:
        return True
    if not (known_vr(tag) or group % 2):
        return False
    # An odd VR is believed where it is one of those that writers are known for; else an element in implicit VR, if it is known.
    return vr in _ODD_VRS or (vr.isalpha() and vr.isupper()) or bool(fits and known_vr(tag))


def ends_within_items(data: Bytes, sequence: Head, encoding: Encoding) -> bool:
    """Whether the file ends within a sequence's items, whose lengths fit its own: then it was cut, and they are not wrong."""
    at = sequence.start
    while at + 8 <= data.size:
        group, element, length = struct.unpack(encoding.order + "HHL", data.at(at, 8))
        if group << 16 | element != ITEM or length == UNDEFINED or at + 8 + length > sequence.end:
            return False
        at += 8 + length
    return data.size < at <= sequence.end


def credible_heads(data: Bytes, at: int, encoding: Encoding, most: int = 4) -> int:
    """How many elements from here on are written as the standard demands, in ascending order; what follows a sequence is not
    looked at."""
    previous = 0
    for count in range(most):
        if at >= data.size and count:
            return most  # a whole data set, however short
        head = read_head(data, at, data.size, encoding)
        if head is None or head.odd or head.tag <= previous or head.tag in DELIMITERS or head.tag >> 16 < 0x0004:
            return count
        known = known_vr(head.tag)
        if encoding.implicit and not known and head.tag >> 16 & 1 == 0 and head.tag & 0xFFFF:
            return count
        if head.length == UNDEFINED:
            return max(count + 1, min(most, 2)) if (head.vr or known) in _MAY_BE_UNDEFINED else count
        if head.end > data.size:
            return count
        previous, at = head.tag, head.end
    return most


def next_credible(data: Bytes, start: int, end: int, encoding: Encoding, above: int) -> int | None:
    """The next place where an element stands with the VR that the standard's dictionary gives it, in explicit VR."""
    if encoding.implicit:
        return None
    chunk = data.at(start, end - start)
    for match in _HEADS.finditer(chunk):
        group, element = struct.unpack(encoding.order + "HH", match[1])
        tag = group << 16 | element
        if tag > above and known_vr(tag) == match[2]:
            return start + match.start()
    return None
