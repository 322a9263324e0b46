"""Data sets byte by byte, as libraries refuse to write them."""

import struct
from collections.abc import Sequence

from pydicom import uid

LONG = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT", b"OD", b"OF", b"OL", b"UC", b"UR"})
UNDEFINED = 0xFFFFFFFF
PIXELS = bytes(range(48))  # 2 frames of 4 x 6, one sample of 8 bits
UID = "1.2.826.0.1.3680043.8.498.77"
ITEM_END = b"\xfe\xff\x0d\xe0" + bytes(4)
SEQUENCE_END = b"\xfe\xff\xdd\xe0" + bytes(4)


def element(tag: int, vr: bytes, value: bytes, *, length: int | None = None, order: str = "<") -> bytes:
    """Explicit VR; `length` is what the head says, whatever there is. An empty `vr` gives implicit VR."""
    value += b"\0" * (len(value) % 2) if vr in (b"UI", b"OB", b"UN", b"") else b" " * (len(value) % 2)
    said = len(value) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if not vr:
        return head + struct.pack(order + "L", said) + value
    return head + vr + (bytes(2) + struct.pack(order + "L", said) if vr in LONG else struct.pack(order + "H", said)) + value


def item(content: bytes, *, length: int | None = None) -> bytes:
    return b"\xfe\xff\x00\xe0" + struct.pack("<L", len(content) if length is None else length) + content


def region(*, vr: bool = True) -> bytes:
    """One ultrasound region's physical units and deltas."""
    return b"".join(
        element(tag, kind if vr else b"", value)
        for tag, kind, value in (
            (0x00186012, b"US", struct.pack("<H", 1)),
            (0x00186014, b"US", struct.pack("<H", 1)),
            (0x00186018, b"UL", struct.pack("<L", 0)),
            (0x0018601A, b"UL", struct.pack("<L", 0)),
            (0x0018601C, b"UL", struct.pack("<L", 5)),
            (0x0018601E, b"UL", struct.pack("<L", 3)),
            (0x00186024, b"US", struct.pack("<H", 3)),
            (0x00186026, b"US", struct.pack("<H", 3)),
            (0x0018602C, b"FD", struct.pack("<d", 0.05)),
            (0x0018602E, b"FD", struct.pack("<d", 0.05)),
        )
    )


def header(between: bytes = b"", *, sequence: bytes | None = None, vr: bool = True, order: str = "<") -> bytes:
    """An ultrasound clip's elements before the pixels; `between` stands behind group 0018, `sequence` in its place in it."""

    def one(tag: int, kind: bytes, value: bytes) -> bytes:
        return element(tag, kind if vr else b"", value, order=order)

    def number(value: int) -> bytes:
        return struct.pack(order + "H", value)

    regions = element(0x00186011, b"SQ" if vr else b"", item(region(vr=vr)), order=order) if sequence is None else sequence
    return b"".join(
        (
            one(0x00080016, b"UI", uid.UltrasoundMultiFrameImageStorage.encode()),
            one(0x00080018, b"UI", UID.encode()),
            one(0x00100010, b"PN", b"SECRET^NAME"),
            one(0x00181063, b"DS", b"40"),
            regions if order == "<" else b"",
            between,
            one(0x0020000D, b"UI", b"1.2.3"),
            one(0x00280002, b"US", number(1)),
            one(0x00280004, b"CS", b"MONOCHROME2"),
            one(0x00280008, b"IS", b"2"),
            one(0x00280009, b"AT", struct.pack(order + "HH", 0x0018, 0x1063)),
            one(0x00280010, b"US", number(4)),
            one(0x00280011, b"US", number(6)),
            one(0x00280100, b"US", number(8)),
            one(0x00280101, b"US", number(8)),
            one(0x00280102, b"US", number(7)),
            one(0x00280103, b"US", number(0)),
        )
    )


def data_set(
    between: bytes = b"", *, sequence: bytes | None = None, pixels: bytes = PIXELS, vr: bool = True, order: str = "<"
) -> bytes:
    before = header(between, sequence=sequence, vr=vr, order=order)
    return before + element(0x7FE00010, b"OB" if vr else b"", pixels, order=order)


def part_10(content: bytes, syntax: str = uid.ExplicitVRLittleEndian, *, group_length: int | None = None) -> bytes:
    meta = b"".join(
        (
            element(0x00020001, b"OB", b"\0\1"),
            element(0x00020002, b"UI", uid.UltrasoundMultiFrameImageStorage.encode()),
            element(0x00020003, b"UI", UID.encode()),
            element(0x00020010, b"UI", syntax.encode()),
        )
    )
    said = len(meta) if group_length is None else group_length
    return bytes(128) + b"DICM" + element(0x00020000, b"UL", struct.pack("<L", said)) + meta + content


def sequence(items: Sequence[bytes], *, length: int | None = None, ended: bool = True) -> bytes:
    """The sequence of ultrasound regions of these encoded items."""
    content = b"".join(items)
    end = SEQUENCE_END if length == UNDEFINED and ended else b""
    return element(0x00186011, b"SQ", content, length=length) + end
