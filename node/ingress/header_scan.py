"""What intake needs of a data set's header, from its first bytes, where it is plain; where not, it is read as a whole file.

Plain is: explicit or implicit VR little endian as negotiated, known lengths up to the pixels, every value we need within the
head, pixels at the end. Nothing is guessed: anything odd is not plain.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from node.ingress.incoming import ReceivedFile
from node.objects.character_sets import DEFAULT_FALLBACK, TEXT_VRS, settle
from node.objects.content_hash import Content
from node.objects.element_head import known_vr
from node.objects.patient import PATIENT_TAGS, StatedPatient, stated_patient

_IMPLICIT_LE = "1.2.840.10008.1.2"
_NOT_SCANNED = ("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")
_LONG_LENGTH_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT_LENGTH_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS", b"ST",
     b"TM", b"UI", b"UL", b"US"}
)  # fmt: skip
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_ELEMENTS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_DEEPEST = 16  # nested sequences; the standard's own templates need a third of it


_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES, _CHARACTER_SET = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00080005
_UIDS = (_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES)
_WANTED = frozenset((*_UIDS, *PATIENT_TAGS))


def scan_content(
    file: ReceivedFile, transfer_syntax_uid: str, fallback_character_set: str = DEFAULT_FALLBACK
) -> Content | None:
    """What `read_content` would say of a plain file with pixels, without its hashes: they matter when a UID comes again."""
    header = scan_header(file.head, transfer_syntax_uid, _WANTED, data_set_bytes=file.data_set_bytes)
    if header is None or not header.has_pixels:
        return None
    uids = [header.values.get(tag, b"").decode("latin-1") for tag in _UIDS]
    if any(len(uid) > 64 or not uid.isascii() or not uid.isprintable() for uid in uids):
        return None
    stated = header.values.get(_CHARACTER_SET, b"").decode("latin-1")
    character_set, note = settle(stated, header.beyond_ascii, fallback_character_set)
    said = header.values | {_CHARACTER_SET: character_set.encode("latin-1", "replace")}
    return Content(
        sop_class_uid=uids[0],
        sop_instance_uid=uids[1],
        study_instance_uid=uids[2],
        series_instance_uid=uids[3],
        patient=_patient(tuple(said.get(tag) for tag in PATIENT_TAGS)),
        observer_uids=frozenset(),
        content_hash=None,
        pixel_hash=None,
        tolerated=(note,) if note else (),
    )


@lru_cache(maxsize=64)  # the objects of a study say the same of their patient, one after the other
def _patient(values: tuple[bytes | None, ...]) -> StatedPatient:
    header = Dataset()
    for tag, value in zip(PATIENT_TAGS, values, strict=True):
        if value is not None:
            header[tag] = RawDataElement(BaseTag(tag), "UN", len(value), value, 0, True, True)
    return stated_patient(header)


@dataclass(frozen=True)
class ScannedHeader:
    """`values` are the bytes of the elements asked for, without padding; elements that are absent are not in it.

    `beyond_ascii` are the texts outside sequences that hold more than ASCII.
    """

    values: dict[int, bytes]
    has_pixels: bool
    beyond_ascii: tuple[bytes, ...] = ()


class _NotPlain(Exception):
    pass


def scan_header(head: bytes, transfer_syntax_uid: str, wanted: frozenset[int], *, data_set_bytes: int) -> ScannedHeader | None:
    """The wanted top-level elements and whether pixels follow; None where the head is not plain, or not the whole header.

    `data_set_bytes` is how long the whole data set is: pixels that are cut off, or not the last element, are not plain.
    """
    if transfer_syntax_uid in _NOT_SCANNED:
        return None
    try:
        return _Scan(head, data_set_bytes, implicit=transfer_syntax_uid == _IMPLICIT_LE).run(wanted)
    except (_NotPlain, struct.error):
        return None


class _Scan:
    def __init__(self, head: bytes, data_set_bytes: int, *, implicit: bool) -> None:
        self._head, self._data_set_bytes, self._implicit = head, data_set_bytes, implicit

    def run(self, wanted: frozenset[int]) -> ScannedHeader:
        values: dict[int, bytes] = {}
        beyond_ascii: list[bytes] = []
        at, last = 0, 0
        while True:
            tag, length, start = self._element(at)
            if tag <= last or tag < 0x00080000:
                raise _NotPlain  # out of order, or twice: which value counts is not for us to say
            last = tag
            if tag in _PIXEL_ELEMENTS:
                return ScannedHeader(values, self._has_pixels(length, start), tuple(beyond_ascii))
            end = self._skip_sequence(start, 0) if length == _UNDEFINED else start + length
            if end > len(self._head):
                raise _NotPlain
            if tag in wanted:
                values[tag] = self._head[start:end].strip(b" \0")
            if not (value := self._head[start:end]).isascii() and self._vr(tag, at) in TEXT_VRS:
                beyond_ascii.append(value)
            at = end

    def _has_pixels(self, length: int, start: int) -> bool:
        if length != _UNDEFINED:
            if start + length != self._data_set_bytes:
                raise _NotPlain
            return length > 0
        offset_table, table_length, table_start = self._element(start)
        fragment, fragment_length, _ = self._element(table_start + table_length)
        if offset_table != _ITEM or fragment != _ITEM or not fragment_length:
            raise _NotPlain
        return True

    def _element(self, at: int) -> tuple[int, int, int]:
        """Tag, length and where the value begins."""
        group, element = struct.unpack_from("<HH", self._head, at)
        tag = group << 16 | element
        if self._implicit or group == 0xFFFE:
            return tag, struct.unpack_from("<L", self._head, at + 4)[0], at + 8
        vr = self._head[at + 4 : at + 6]
        if vr in _SHORT_LENGTH_VRS:
            return tag, struct.unpack_from("<H", self._head, at + 6)[0], at + 8
        if vr in _LONG_LENGTH_VRS and self._head[at + 6 : at + 8] == b"\0\0":
            return tag, struct.unpack_from("<L", self._head, at + 8)[0], at + 12
        raise _NotPlain

    def _vr(self, tag: int, at: int) -> bytes:
        """Of the element at `at`; where the data set does not say, as the standard has it."""
        vr = b"" if self._implicit else self._head[at + 4 : at + 6]
        return known_vr(tag) if vr in (b"", b"UN") else vr

    def _skip_sequence(self, at: int, depth: int) -> int:
        """Where a sequence of undefined length ends."""
        if depth > _DEEPEST:
            raise _NotPlain
        while True:
            tag, length, start = self._element(at)
            if tag == _SEQUENCE_END:
                return start
            if tag != _ITEM:
                raise _NotPlain
            at = self._skip_item(start, depth) if length == _UNDEFINED else start + length

    def _skip_item(self, at: int, depth: int) -> int:
        while True:
            tag, length, start = self._element(at)
            if tag == _ITEM_END:
                return start
            at = self._skip_sequence(start, depth + 1) if length == _UNDEFINED else start + length
