"""The same data set in another uncompressed encoding: tags and values stay, only how they are laid out changes.

Values are never decoded, so one that breaks its own rules arrives as it was, and so does text in any character set. Elements
whose value would become untrue (group lengths, PS3.5 7.2, and Length to End) are left out, as every toolkit does.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from node.egress.transfer_syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT

# PS3.5 table 7.1-1: two reserved bytes and a length of four.
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # a length of two bytes, PS3.5 table 7.1-2
_UNIT_BYTES = {
    b"AT": 2, b"OW": 2, b"SS": 2, b"US": 2, b"FL": 4, b"OF": 4, b"OL": 4, b"SL": 4, b"UL": 4,
    b"FD": 8, b"OD": 8, b"OV": 8, b"SV": 8, b"UV": 8,
}  # fmt: skip
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA, _PIXEL_REPRESENTATION, _BITS_ALLOCATED, _LENGTH_TO_END = 0x7FE00010, 0x00280103, 0x00280100, 0x00080001
_DEEPEST = 100  # nested sequences; a file that claims more is broken, or made to break us


class NotConvertible(ValueError):
    """The data set cannot be laid out anew."""


@dataclass(frozen=True)
class Encoding:
    explicit: bool
    order: str = "<"  # as `struct` writes it


ENCODINGS = {
    IMPLICIT: Encoding(explicit=False),
    EXPLICIT: Encoding(explicit=True),
    DEFLATED: Encoding(explicit=True),  # once it is inflated
    BIG_ENDIAN: Encoding(explicit=True, order=">"),
}
_IMPLICIT = ENCODINGS[IMPLICIT]


@dataclass
class _Item:
    elements: list["_Element"]
    open_ended: bool


@dataclass
class _Element:
    """`vr` is empty where the data set does not say it; a sequence has items instead of a value."""

    tag: int
    vr: bytes
    value: memoryview = field(default_factory=lambda: memoryview(b""))
    items: list[_Item] | None = None
    open_ended: bool = False


def converted(data: bytes, source: Encoding, target: Encoding) -> Iterator[bytes | memoryview]:
    """The pieces of the data set `data` in the encoding `target`, which is little endian. Raises NotConvertible."""
    try:
        elements, end = _Reader(memoryview(data), source).data_set(0, len(data), 0)
    except (struct.error, IndexError) as error:
        raise NotConvertible("the data set is cut off, or its lengths do not fit") from error
    if end != len(data):
        raise NotConvertible("the data set is cut off, or its lengths do not fit")
    yield from _Writer(target, source).data_set(elements, {})


class _Reader:
    def __init__(self, data: memoryview, encoding: Encoding) -> None:
        self._data, self._encoding = data, encoding

    def data_set(self, at: int, end: int, depth: int) -> tuple[list[_Element], int]:
        """The elements up to `end` or to an item delimiter, and where they stop."""
        elements: list[_Element] = []
        while at < end:
            tag, vr, length, value_at = self._header(at)
            if tag == _ITEM_END:
                return elements, value_at
            if tag >> 16 == 0xFFFE:
                raise NotConvertible("an item stands outside a sequence")
            element, at = self._element(tag, vr, length, value_at, end, depth)
            elements.append(element)
        return elements, at

    def _header(self, at: int) -> tuple[int, bytes, int, int]:
        """Tag, VR, length, and where the value begins."""
        order = self._encoding.order
        group, number = struct.unpack_from(f"{order}HH", self._data, at)
        tag = group << 16 | number
        if group == 0xFFFE or not self._encoding.explicit:
            (length,) = struct.unpack_from(f"{order}I", self._data, at + 4)
            return tag, b"", length, at + 8
        vr = bytes(self._data[at + 4 : at + 6])
        if vr in _LONG_VRS:
            (length,) = struct.unpack_from(f"{order}I", self._data, at + 8)
            return tag, vr, length, at + 12
        if vr not in _SHORT_VRS:
            raise NotConvertible(f"({group:04X},{number:04X}) has no value representation of the standard")
        (length,) = struct.unpack_from(f"{order}H", self._data, at + 6)
        return tag, vr, length, at + 8

    def _element(self, tag: int, vr: bytes, length: int, at: int, end: int, depth: int) -> tuple[_Element, int]:
        open_ended = length == _UNDEFINED
        if not open_ended and at + length > end:
            raise NotConvertible("the data set is cut off, or its lengths do not fit")
        if open_ended and (tag == _PIXEL_DATA or vr not in (b"", b"SQ", b"UN")):
            raise NotConvertible("its pixels are compressed, whatever the file meta information says")
        if open_ended or vr == b"SQ" or (not vr and _vr_of(tag) == "SQ"):
            # PS3.5 6.2.2 note 4: what stands below UN of undefined length is implicit VR little endian
            reader = _Reader(self._data, _IMPLICIT) if vr == b"UN" else self
            items, after = reader.items(at, end if open_ended else at + length, open_ended, depth + 1)
            return _Element(tag, vr, items=items, open_ended=open_ended), after
        return _Element(tag, vr, self._data[at : at + length]), at + length

    def items(self, at: int, end: int, open_ended: bool, depth: int) -> tuple[list[_Item], int]:
        if depth > _DEEPEST:
            raise NotConvertible(f"sequences are nested more than {_DEEPEST} deep")
        items: list[_Item] = []
        while at < end:
            tag, _, length, value_at = self._header(at)
            if tag == _SEQUENCE_END and open_ended:
                return items, value_at
            if tag != _ITEM:
                raise NotConvertible("a sequence holds something that is no item")
            if length == _UNDEFINED:
                elements, at = self.data_set(value_at, end, depth)
            else:
                elements, at = self.data_set(value_at, min(end, value_at + length), depth)
            items.append(_Item(elements, length == _UNDEFINED))
        if open_ended:
            raise NotConvertible("a sequence does not end")
        return items, at


class _Writer:
    def __init__(self, target: Encoding, source: Encoding) -> None:
        self._target, self._source = target, source

    def data_set(self, elements: list[_Element], outer: dict[int, int]) -> Iterator[bytes | memoryview]:
        """`outer` are the pixel attributes of the data set around, which decide VRs inside it, too."""
        about = outer | {
            element.tag: int.from_bytes(element.value[:2], "little" if self._source.order == "<" else "big")
            for element in elements
            if element.tag in (_PIXEL_REPRESENTATION, _BITS_ALLOCATED) and len(element.value) >= 2
        }
        for element in elements:
            if element.tag & 0xFFFF and element.tag != _LENGTH_TO_END:
                yield from self._element(element, about)

    def _element(self, element: _Element, about: dict[int, int]) -> Iterator[bytes | memoryview]:
        vr = element.vr or _explicit_vr(element, about)
        if element.items is None:
            value = _little_endian(element.value, vr) if self._source.order == ">" else element.value
            yield self._header(element.tag, vr, len(value))
            yield value
            return
        writer = _Writer(_IMPLICIT, _IMPLICIT) if element.vr == b"UN" else self
        pieces = [piece for item in element.items for piece in writer._item(item, about)]
        yield self._header(element.tag, vr, _UNDEFINED if element.open_ended else sum(map(len, pieces)))
        yield from pieces
        if element.open_ended:
            yield _delimiter(_SEQUENCE_END, 0)

    def _item(self, item: _Item, about: dict[int, int]) -> Iterator[bytes | memoryview]:
        pieces = list(self.data_set(item.elements, about))
        yield _delimiter(_ITEM, _UNDEFINED if item.open_ended else sum(map(len, pieces)))
        yield from pieces
        if item.open_ended:
            yield _delimiter(_ITEM_END, 0)

    def _header(self, tag: int, vr: bytes, length: int) -> bytes:
        start = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
        if not self._target.explicit:
            return start + struct.pack("<I", length)
        if vr not in _LONG_VRS and length > 0xFFFF:  # PS3.5 6.2.2: too long for its VR, so UN
            vr = b"UN"
        return start + (vr + struct.pack("<HI", 0, length) if vr in _LONG_VRS else vr + struct.pack("<H", length))


def _delimiter(tag: int, length: int) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length)


def _little_endian(value: memoryview, vr: bytes) -> bytes | memoryview:
    """Words turned round; bytes and text have no order, and of UN nobody knows it (PS3.5 6.2.2)."""
    unit_bytes = _UNIT_BYTES.get(vr)
    if unit_bytes is None:
        return value
    if len(value) % unit_bytes:
        raise NotConvertible("a binary value ends in the middle of a number")
    turned = bytearray(len(value))
    for position in range(unit_bytes):
        turned[position::unit_bytes] = value[unit_bytes - 1 - position :: unit_bytes]
    return bytes(turned)


def _vr_of(tag: int) -> str:
    """As the dictionary has it, "US or SS" included; UN for private and unknown elements."""
    try:
        return dictionary_VR(Tag(tag))
    except KeyError:
        return "LO" if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF else "UN"


def _explicit_vr(element: _Element, about: dict[int, int]) -> bytes:
    """The VR of an element that came without. Of those the dictionary leaves open, PS3.5 A.1 and A.2 say which it is."""
    if element.items is not None:
        return b"SQ"
    vr = _vr_of(element.tag)
    if vr == "US or SS":
        vr = "SS" if about.get(_PIXEL_REPRESENTATION) == 1 else "US"
    elif vr == "OB or OW" and element.tag == _PIXEL_DATA:
        vr = "OB" if about.get(_BITS_ALLOCATED, 16) <= 8 else "OW"
    elif " or " in vr:
        vr = "OW"
    return vr.encode()
