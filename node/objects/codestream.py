"""What a compressed frame says of itself, whatever the transfer syntax says: its kind, size, samples and colours.

JPEG: ITU-T T.81 B.2, T.871 (JFIF), T.872 (Adobe's marker); JPEG-LS: T.87; JPEG 2000: T.800 A.5; RLE: PS3.5 annex G.
"""

import struct
from dataclasses import dataclass
from enum import Enum

from pydicom import uid

from node.objects.reading_limits import MOST_SCANS


class Kind(Enum):
    """How a frame is compressed."""

    JPEG = "JPEG"
    JPEG_LOSSLESS = "lossless JPEG"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"
    JPEG_XL = "JPEG XL"
    RLE = "RLE"
    VIDEO = "a video stream"


BY_SYNTAX: dict[str, Kind] = {
    uid.RLELossless: Kind.RLE,
    **dict.fromkeys((uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit), Kind.JPEG),
    **dict.fromkeys((uid.JPEGLossless, uid.JPEGLosslessSV1), Kind.JPEG_LOSSLESS),
    **dict.fromkeys((uid.JPEGLSLossless, uid.JPEGLSNearLossless), Kind.JPEG_LS),
    **dict.fromkeys((uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K), Kind.JPEG_2000),
    **dict.fromkeys(("1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112"), Kind.JPEG_XL),
    **dict.fromkeys(uid.MPEGTransferSyntaxes, Kind.VIDEO),
}

_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_J2K = b"\xff\x4f\xff\x51"  # start of codestream, image and tile size
_JXL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")
_VIDEO_STARTS = (b"\x00\x00\x01\xb3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb0", b"\x00\x00\x00\x01", b"\x00\x00\x01\x67")
_LONGEST_JP2_HEAD = 1 << 16
_FRAME_MARKERS = {0xC0: Kind.JPEG, 0xC1: Kind.JPEG, 0xC2: Kind.JPEG, 0xC3: Kind.JPEG_LOSSLESS, 0xF7: Kind.JPEG_LS}
_OTHER_FRAME_MARKERS = frozenset({0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_WITHOUT_LENGTH = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_PROGRESSIVE, _SCAN, _IMAGE_END = 0xC2, 0xDA, 0xD9


@dataclass(frozen=True)
class Codestream:
    """`colours` are RGB or YCBCR, None where the codestream leaves them to the header."""

    kind: Kind
    rows: int
    columns: int
    components: int
    bits: int
    colours: str | None
    subsampled: bool = False


def kind_of(encoded: bytes) -> Kind | None:
    """What the bytes are, by the first of them; for JPEG's family by the marker of the frame.

    None where they are nothing known.
    """
    if encoded.startswith(b"\xff\xd8\xff"):
        try:
            return _jpeg(encoded).kind
        except ValueError:
            return Kind.JPEG
    if encoded.startswith((_J2K, _JP2)):
        return Kind.JPEG_2000
    if encoded.startswith(_JXL):
        return Kind.JPEG_XL
    if rle_offsets(encoded):
        return Kind.RLE
    if encoded[4:8] == b"ftyp" or encoded.startswith(_VIDEO_STARTS) or _is_transport_stream(encoded):
        return Kind.VIDEO
    return None


def starts_frame(encoded: bytes, kind: Kind) -> bool:
    """Whether a fragment that begins so is the first of a frame."""
    if kind in (Kind.JPEG, Kind.JPEG_LOSSLESS, Kind.JPEG_LS):
        return encoded.startswith(b"\xff\xd8\xff")
    if kind is Kind.RLE:
        return bool(rle_offsets(encoded))
    return kind is Kind.JPEG_2000 and encoded.startswith((_J2K, _JP2))


def describe(encoded: bytes, kind: Kind) -> Codestream:
    """What the codestream's own header says. Raises ValueError where it has none, or one that cannot be."""
    if kind in (Kind.JPEG, Kind.JPEG_LOSSLESS, Kind.JPEG_LS):
        return _jpeg(encoded)
    if kind is Kind.JPEG_2000:
        return _jpeg_2000(encoded)
    raise ValueError("no codestream with a header")


def rle_offsets(encoded: bytes) -> tuple[int, ...]:
    """Where the segments of an RLE frame start; empty where this is no RLE header (PS3.5 G.5)."""
    if len(encoded) < 64:
        return ()
    count, *offsets = struct.unpack_from("<16L", encoded)
    used = offsets[:count]
    if not 1 <= count <= 15 or used[0] != 64 or used != sorted(set(used)):
        return ()
    return tuple(used)


def _is_transport_stream(encoded: bytes) -> bool:
    return len(encoded) > 376 and encoded[0] == encoded[188] == encoded[376] == 0x47


def _jpeg(encoded: bytes) -> Codestream:
    at, adobe, jfif, transformed = 2, None, False, False
    frame: tuple[int, bytes] | None = None
    while at + 4 <= len(encoded) and encoded[at] == 0xFF and encoded[at + 1] not in (_SCAN, _IMAGE_END):
        marker = encoded[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _WITHOUT_LENGTH:
            at += 2
            continue
        content = encoded[at + 4 : at + 2 + int.from_bytes(encoded[at + 2 : at + 4], "big")]
        if marker == 0xEE and content.startswith(b"Adobe") and len(content) >= 12:
            adobe = content[11]
        elif marker == 0xE0 and content.startswith(b"JFIF"):
            jfif = True
        elif marker == 0xE8 and content.startswith(b"mrfx"):  # a colour transform that the decoder undoes
            transformed = content[4:5] != b"\x00"
        elif (marker in _FRAME_MARKERS or marker in _OTHER_FRAME_MARKERS) and frame is None:
            frame = marker, content
        at += 4 + len(content)
    if frame is None or len(frame[1]) < 6:
        raise ValueError("JPEG without a frame header")
    marker, content = frame
    _refuse_kind(marker, encoded)
    bits, rows, columns, components = struct.unpack_from(">BHHB", content)
    parts = [content[6 + 3 * index : 9 + 3 * index] for index in range(components)]
    if not components or len(parts[-1]) < 3:
        raise ValueError("JPEG with a broken frame header")
    subsampled = len({part[1] for part in parts}) > 1
    kind = _FRAME_MARKERS[marker]
    if transformed:
        colours: str | None = "RGB"
    else:
        colours = _jpeg_colours(kind, bytes(part[0] for part in parts), subsampled, jfif, adobe)
    return Codestream(kind, rows, columns, components, bits, colours, subsampled)


def _refuse_kind(marker: int, encoded: bytes) -> None:
    if marker not in _FRAME_MARKERS:
        raise ValueError("JPEG of a kind that DICOM does not use (arithmetic or hierarchical)")
    if marker == _PROGRESSIVE and encoded.count(bytes((0xFF, _SCAN))) > MOST_SCANS:
        raise ValueError(f"JPEG with more than {MOST_SCANS} scans")


def _jpeg_colours(kind: Kind, identifiers: bytes, subsampled: bool, jfif: bool, adobe: int | None) -> str | None:
    """libjpeg's rule, but for two things: JFIF speaks of DCT alone, and where nothing speaks the header does."""
    if len(identifiers) != 3:
        return None
    if jfif and kind is Kind.JPEG:
        return "YCBCR"
    if adobe in (0, 1):
        return "YCBCR" if adobe else "RGB"
    if identifiers.upper() == b"RGB":
        return "RGB"
    return "YCBCR" if subsampled else None  # nobody subsamples green


def _jpeg_2000(encoded: bytes) -> Codestream:
    start = encoded.find(_J2K, 0, _LONGEST_JP2_HEAD)
    if start < 0 or len(encoded) < start + 42:
        raise ValueError("JPEG 2000 without an image size")
    length, _, x1, y1, x0, y0 = struct.unpack_from(">HHLLLL", encoded, start + 4)
    (components,) = struct.unpack_from(">H", encoded, start + 40)
    parts = [encoded[start + 42 + 3 * index : start + 45 + 3 * index] for index in range(min(components, 5))]
    if x1 <= x0 or y1 <= y0 or not components or len(parts[-1]) < 3:
        raise ValueError("JPEG 2000 with a broken image size")
    subsampled = any(part[1:] != b"\x01\x01" for part in parts)
    multiple_component_transform = _has_multiple_component_transform(encoded, start + 4 + length)
    colours = "RGB" if multiple_component_transform and components == 3 else "YCBCR" if subsampled else None
    if b"colr\x01\x00\x00\x00\x00\x00\x12" in encoded[:start]:  # JP2: sYCC (T.800 I.5.3.3), which the decoder undoes
        colours = "RGB"
    return Codestream(Kind.JPEG_2000, y1 - y0, x1 - x0, components, (parts[0][0] & 0x7F) + 1, colours, subsampled)


def _has_multiple_component_transform(encoded: bytes, at: int) -> bool:
    while at + 9 <= len(encoded) and encoded[at] == 0xFF and encoded[at + 1] not in (0x90, 0x93):  # up to the first tile
        if encoded[at + 1] == 0x52:  # coding style default: Scod, progression, layers, transform
            return encoded[at + 8] == 1
        at += 2 + int.from_bytes(encoded[at + 2 : at + 4], "big")
    return False
