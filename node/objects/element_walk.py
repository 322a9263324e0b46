"""The elements of a data set in the order of their bytes, as indices: no value is read. Tolerant as DCMTK is, and says so.

Lengths are believed where the data set goes on behind them, delimiters where they stand. What is missing, cut or passed over is
a note; what would cost too much raises TooMuch.
"""

import struct
from dataclasses import dataclass, field
from enum import Enum, auto

from node.objects.element_head import (
    DELIMITERS,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Bytes,
    Encoding,
    Head,
    can_follow,
    ends_within_items,
    known_vr,
    next_credible,
    read_head,
)
from node.objects.reading_limits import DEEPEST_SEQUENCE, MOST_ELEMENTS, MOST_FRAGMENTS, MOST_REPAIRS, SEARCHED_BYTES

PIXEL_ELEMENTS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # float, double float, integer
_ICON = 0x00880200  # the one standard sequence whose items hold an image
# The image pixel module's own: inside an item that never ended, they say that the data set went on.
_OF_THE_IMAGE = frozenset({0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280100}) | PIXEL_ELEMENTS


class TooMuch(ValueError):
    """Reading on would cost more than `reading_limits` allow."""


@dataclass(slots=True)
class Element:
    """Where a value lies: `length` bytes from `start` on, as many as there are. A sequence has `items` instead."""

    tag: int
    vr: bytes
    start: int
    length: int
    encoding: Encoding
    items: list[list["Element"]] | None = None
    encapsulated: bool = False


class _End(Enum):
    """What stands where a data set ended."""

    DATA = auto()
    ITEM = auto()
    ITEM_END = auto()
    SEQUENCE_END = auto()
    PIXELS = auto()


_ENDS = {ITEM: _End.ITEM, ITEM_END: _End.ITEM_END, SEQUENCE_END: _End.SEQUENCE_END}


@dataclass
class Walk:
    """One pass over a data set. With `leaving`, items that never ended are left where the data set clearly goes on."""

    data: Bytes
    leaving: bool = False
    notes: list[str] = field(default_factory=list)
    unclosed: bool = False
    image_inside: bool = False
    _elements: int = 0
    _repairs: int = 0
    _parents: list[int] = field(default_factory=list)

    def data_set(self, at: int, encoding: Encoding) -> tuple[list[Element], Element | None, int]:
        """The elements before the pixels, the pixels' own (None without), and where the walk ended."""
        elements, at, end = self._elements_from(at, self.data.size, encoding)
        while end in (_End.ITEM, _End.ITEM_END, _End.SEQUENCE_END):  # a delimiter that delimits nothing
            self.note("a delimiter without its sequence was passed over")
            self._count()
            more, at, end = self._elements_from(at + 8, self.data.size, encoding)
            elements += more
        pixels = elements.pop() if end is _End.PIXELS else None
        return elements, pixels, at

    def behind_pixels(self, pixels: Element) -> list[Element]:
        """Elements that stand behind the pixels although their tags belong before them."""
        at = pixels.start + pixels.length
        if pixels.encapsulated:
            at = self._behind_fragments(pixels.start, pixels.encoding) + 8
        elements, _, _ = self._elements_from(at, self.data.size, pixels.encoding)
        return [element for element in elements if element.tag < min(PIXEL_ELEMENTS)]

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _elements_from(self, at: int, end: int, encoding: Encoding) -> tuple[list[Element], int, _End]:
        """The elements up to `end`, a delimiter, or (at the top) the pixels. One may go beyond an `end` that is too near."""
        found: list[Element] = []
        while at < end:
            head = read_head(self.data, at, self.data.size, encoding)
            if head is None or (found and not self._credible(head, at, encoding)):
                at = self._repaired(found, at, end, encoding)
                continue
            if head.tag in _ENDS:
                return found, at, _ENDS[head.tag]
            if self._parents and self._left_by(head.tag, found):
                return found, at, _End.DATA
            self._count()
            if head.odd:
                self.note("an element whose value representation is none was read by its length")
            element, at = self._element(head, end, encoding)
            found.append(element)
            if not self._parents and head.tag in PIXEL_ELEMENTS:
                return found, at, _End.PIXELS
        return found, at, _End.DATA

    def _credible(self, head: Head, at: int, encoding: Encoding) -> bool:
        if head.vr and not head.odd:
            return 0x0002 <= head.tag >> 16 <= 0xFFFC
        return head.tag in DELIMITERS or can_follow(self.data, at, self.data.size, encoding)

    def _count(self) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise TooMuch(f"more than {MOST_ELEMENTS} elements")

    def _left_by(self, tag: int, found: list[Element]) -> bool:
        """Whether this element stands behind a sequence whose end is missing, not in its item."""
        if tag in _OF_THE_IMAGE and _ICON not in self._parents:
            self.image_inside = True
            return self.leaving
        groups = {element.tag >> 16 for element in found}
        return self.leaving and bool(groups) and tag >> 16 > max(*groups, self._parents[-1] >> 16)

    def _repaired(self, found: list[Element], at: int, end: int, encoding: Encoding) -> int:
        """Where a broken data set goes on: an odd length's pad byte further, or behind the last element's head."""
        self._repairs += 1
        if self._repairs > MOST_REPAIRS:
            raise TooMuch("broken in too many places")
        if found and found[-1].length % 2 and can_follow(self.data, at + 1, end, encoding):
            self.note("a value of odd length")
            return at + 1
        start, above = (found[-1].start if found[-1].items is None else at, found[-1].tag) if found else (at, 0)
        searched = min(max(at, start) + SEARCHED_BYTES, end, self.data.size)
        if self.data.size - at < 8 and not self._parents:
            self.note(f"{self.data.size - at} bytes at the end are no element")
            self.unclosed = True
            return self.data.size
        place = next_credible(self.data, start, searched, encoding, above)
        if place in (None, at):  # at the same place: a head that the end of the file cuts
            self.note("the data set breaks off: what follows is no element")
            self.unclosed = True
            return self.data.size
        self.note("an element's length was wrong: reading went on at the next that could be one")
        if found and place < at:
            found[-1].length = place - found[-1].start
        return place

    def _element(self, head: Head, end: int, encoding: Encoding) -> tuple[Element, int]:
        vr = head.vr
        if not vr or vr == b"UN":
            vr = known_vr(head.tag) if known_vr(head.tag) == b"SQ" else vr
        if head.length == UNDEFINED:
            return self._undefined(head, vr, encoding)
        inner = IMPLICIT_LITTLE if head.vr == b"UN" else encoding
        value_end = self._value_end(head, end, encoding)
        if vr == b"SQ" and (not head.length or self._starts_items(head.start, inner)):
            items, at = self._sequence(head.tag, head.start, value_end, inner, defined=True)
            if value_end != at and (at > value_end or can_follow(self.data, at, end, encoding)):
                self.note("a sequence of another length than it says")
                value_end = at
            return Element(head.tag, b"SQ", head.start, value_end - head.start, encoding, items), value_end
        return Element(head.tag, head.vr, head.start, value_end - head.start, encoding), value_end

    def _value_end(self, head: Head, end: int, encoding: Encoding) -> int:
        if head.end <= end:
            return head.end
        if head.end > self.data.size:
            self.unclosed |= (cut := ends_within_items(self.data, head, encoding))
            if not cut and (head.tag not in PIXEL_ELEMENTS or self._parents):
                self._repairs += 1
                place = next_credible(self.data, head.start, min(end, head.start + SEARCHED_BYTES), encoding, head.tag)
                if place is not None and self._repairs <= MOST_REPAIRS:
                    self.note("an element's length was wrong: reading went on at the next that could be one")
                    return place
                self.unclosed = True
            self.note("the file ends within a value")
            return self.data.size
        if can_follow(self.data, head.end, self.data.size, encoding):
            self.note("an item longer than its length says")
            return head.end
        self.note("a value longer than the item it stands in was cut")
        return end

    def _undefined(self, head: Head, vr: bytes, encoding: Encoding) -> tuple[Element, int]:
        if head.tag in PIXEL_ELEMENTS and not self._parents:
            # Fragments are read by those who decode or hash them.
            return Element(head.tag, head.vr, head.start, self.data.size - head.start, encoding, encapsulated=True), head.start
        kind = known_vr(head.tag) if vr in (b"", b"UN") else vr
        if kind not in (b"OB", b"OW") or not self._starts_items(head.start, encoding):
            inner = self._inside_unknown(head.start) if head.vr == b"UN" else encoding
            items, at = self._sequence(head.tag, head.start, self.data.size, inner, defined=False)
            return Element(head.tag, b"SQ", head.start, at - head.start, encoding, items), at
        value_end = self._behind_fragments(head.start, encoding)
        at = value_end + 8 if self._delimiter(value_end, encoding)[0] == SEQUENCE_END else value_end
        return Element(head.tag, head.vr, head.start, value_end - head.start, encoding, encapsulated=True), at

    def _inside_unknown(self, at: int) -> Encoding:
        """Sequences of unknown VR are in implicit VR little endian (PS3.5 6.2.2), and in explicit VR on some writers' files."""
        first = read_head(self.data, at + 8, self.data.size, EXPLICIT_LITTLE)
        explicit = first is not None and bool(first.vr) and not first.odd
        return EXPLICIT_LITTLE if explicit else IMPLICIT_LITTLE

    def _starts_items(self, at: int, encoding: Encoding) -> bool:
        return self._delimiter(at, encoding)[0] in (ITEM, SEQUENCE_END)

    def _delimiter(self, at: int, encoding: Encoding) -> tuple[int, int]:
        raw = self.data.at(at, 8)
        if len(raw) < 8:
            return 0, 0
        group, element, length = struct.unpack(encoding.order + "HHL", raw)
        return group << 16 | element, length

    def _behind_fragments(self, at: int, encoding: Encoding) -> int:
        for _ in range(MOST_FRAGMENTS):
            tag, length = self._delimiter(at, encoding)
            if tag != ITEM:
                return at
            at += 8 + length
            self._count()
        raise TooMuch(f"more than {MOST_FRAGMENTS} fragments")

    def _sequence(self, tag: int, at: int, end: int, encoding: Encoding, *, defined: bool) -> tuple[list[list[Element]], int]:
        if len(self._parents) >= DEEPEST_SEQUENCE:
            raise TooMuch(f"sequences nested deeper than {DEEPEST_SEQUENCE}")
        self._parents.append(tag)
        try:
            return self._items(at, end, encoding, defined)
        finally:
            self._parents.pop()

    def _items(self, at: int, end: int, encoding: Encoding, defined: bool) -> tuple[list[list[Element]], int]:
        items: list[list[Element]] = []
        while at < end:
            delimiter, length = self._delimiter(at, encoding)
            if delimiter == SEQUENCE_END:
                return items, at + 8
            self._count()
            if delimiter == ITEM:
                elements, at = self._item(at + 8, length, end, encoding)
                items.append(elements)
            elif delimiter == ITEM_END:
                self.note("a delimiter without its item was passed over")
                at += 8
            else:
                more = self._rest_of_item(at, end, encoding, defined) if items and not self.leaving else None
                if more is None:
                    if not defined:
                        self.note("a sequence without its delimiter")
                    return items, at
                self.note("an item longer than its length says")
                items[-1] += more[0]
                at = more[1]
        if not defined:
            self.note("a sequence without its delimiter")
            self.unclosed = True
        return items, at

    def _item(self, at: int, length: int, end: int, encoding: Encoding) -> tuple[list[Element], int]:
        until = end if length == UNDEFINED else at + length
        if until > end:
            self.note("an item longer than the sequence it stands in")
            until = end if until > self.data.size or not can_follow(self.data, until, self.data.size, encoding) else until
        elements, at, stopped = self._elements_from(at, until, encoding)
        if stopped is _End.ITEM_END:
            return elements, at + 8
        if length == UNDEFINED:
            self.note("an item without its delimiter")
            self.unclosed = self.unclosed or stopped is _End.DATA
        elif stopped is not _End.DATA:
            self.note("an item shorter than its length says")
        return elements, at

    def _rest_of_item(self, at: int, end: int, encoding: Encoding, defined: bool) -> tuple[list[Element], int] | None:
        """What an item whose length is too small left over; None where the sequence had ended instead."""
        if defined and not can_follow(self.data, end, self.data.size, encoding):
            return None
        was, said = (self.unclosed, self._repairs), len(self.notes)
        elements, at, stopped = self._elements_from(at, end, encoding)
        if not elements or (not defined and stopped is _End.DATA):
            self.unclosed, self._repairs = was
            del self.notes[said:]
            return None
        return elements, at + 8 if stopped is _End.ITEM_END else at
