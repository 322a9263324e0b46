"""The frames of an object as RGB in 8 bits, from any transfer syntax that carries its pixels inside (PS3.5 section 10).

The bytes outrank the header. The codestream is asked first how a frame is compressed, how many samples of how many bits it has
and what its colours are; then the samples, then the header. Where they differ a note says so.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset

from models.wording import counted
from node.errors import UnreadableClip
from node.objects.codestream import BY_SYNTAX, Codestream, Kind, describe, kind_of, rle_offsets
from node.objects.colour import RGB, Converter, SampleBits, Samples, rgb_converter
from node.objects.colour_evidence import stored_colours
from node.objects.frame_decoders import DECODING_ERRORS, decode_planes, decode_samples, decode_video
from node.objects.frame_index import Fragments, fragments, is_encapsulated, split_frames
from node.objects.image_layout import ImageLayout, read_layout
from node.objects.native_frames import arranged_planes, decided_converter, frame_in_fragment, native_frames
from node.objects.reading_limits import LARGEST_CLIP_BYTES
from node.objects.stored_pixels import Note, StoredPixels

CUT_SHORT = "cut short: "  # how the note of an object with fewer frames than it says begins
_UNCOMPRESSED = frozenset(
    (
        uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian, uid.ExplicitVRBigEndian,
        "1.2.840.10008.1.2.1.98",  # uncompressed, in fragments
    )
)  # fmt: skip
_Frames = tuple[int, Callable[[int], RGB]]
Decoded = TypeVar("Decoded", bound=Samples)


class EncodedFrames:
    """The frames of one object (a `models.clip.FrameSource`), each decoded when it is first asked for.

    `frame_at` decodes one by its 0-based index: RGB (rows, columns, 3), 0 to 255.
    """

    def __init__(self, count: int, layout: ImageLayout, frame_at: Callable[[int], RGB]) -> None:
        shape = (count, layout.rows, layout.columns, 3)
        if count * layout.pixels * 3 > LARGEST_CLIP_BYTES:
            raise UnreadableClip(f"{count} frames of {layout.rows} x {layout.columns} are more than any clip that is decoded")
        self._rgb = np.empty(shape, np.uint8)  # memory comes with what is written into it
        self._decoded = np.zeros(count, np.bool_)
        self._frame_at = frame_at

    @property
    def shape(self) -> tuple[int, int, int, int]:
        count, rows, columns, _ = self._rgb.shape
        return count, rows, columns, 3

    def take(self, indices: Sequence[int]) -> RGB:
        """RGB of these frames, (n, rows, columns, 3), 0 to 255.

        Raises UnreadableClip saying what is wrong and in which frame.
        """
        for index in indices:
            if not self._decoded[index]:
                frame = self._frame_at(index)
                if frame.shape != self._rgb.shape[1:]:
                    raise UnreadableClip(f"frame {index + 1} has shape {frame.shape}, the header says {self._rgb.shape[1:]}")
                self._rgb[index] = frame
                self._decoded[index] = True
        return self._rgb if indices == range(len(self._rgb)) else self._rgb[list(indices)]


def open_frames(dataset: Dataset, pixels: StoredPixels | None, transfer_syntax_uid: str, note: Note) -> EncodedFrames:
    """The frames, none decoded yet (but a video's, which is one stream). Raises UnreadableClip where there cannot be any.

    `transfer_syntax_uid` is what the object says, empty where it says nothing.
    """
    if pixels is None or not pixels.data:
        raise UnreadableClip("no pixel data in the object, or cut off before its end")
    layout = read_layout(dataset)
    if layout.number_of_frames is not None and layout.number_of_frames < 1:
        note(f"a Number of Frames of {layout.number_of_frames}")
        layout = replace(layout, number_of_frames=None)
    present, frame_at = _frames(dataset, pixels, transfer_syntax_uid, layout, note)
    if present == 0:
        raise UnreadableClip("the pixel data do not hold one whole frame")
    stated = layout.number_of_frames
    if stated is None and present > 1:
        note(f"{counted(present, 'frame')} in the object, and no Number of Frames")
    elif stated is not None and present != stated:
        cut_short = CUT_SHORT if present < stated else ""
        note(f"{cut_short}{counted(present, 'frame')} in the object, {stated} by its Number of Frames")
    return EncodedFrames(present, layout, frame_at)


def _frames(dataset: Dataset, pixels: StoredPixels, syntax: str, layout: ImageLayout, note: Note) -> _Frames:
    """How many frames the object really holds, and what decodes one of them by its index."""
    stated = BY_SYNTAX.get(syntax)
    uncompressed = not syntax or syntax in _UNCOMPRESSED
    if pixels.encapsulated or is_encapsulated(pixels.data):
        if not pixels.data.startswith(b"\xfe\xff\x00\xe0"):
            bare = kind_of(pixels.data)
            if bare is None:
                raise UnreadableClip("encapsulated pixel data without a fragment")
            return _bare(dataset, pixels, bare, stated, layout, note)
        found = fragments(pixels.data, note)
        kind = kind_of(found.join(0, 1))
        if kind is None and uncompressed and frame_in_fragment(found.join(0, 1), layout):
            return _native_fragments(dataset, found, pixels, layout, note)
        if kind is None and stated is None:
            raise UnreadableClip(_undecodable(syntax))
        return _compressed(dataset, found, kind or stated, stated, uncompressed, layout, note)  # type: ignore[arg-type]
    bare = kind_of(pixels.data)
    size = layout.pixels * layout.samples * layout.bits_allocated // 8
    if bare is not None and (len(pixels.data) < size or (stated is not None and bare is not Kind.RLE)):
        return _bare(dataset, pixels, bare, stated, layout, note)
    if stated is not None:
        note(f"uncompressed pixels, although the transfer syntax says {stated.value}")
    elif not uncompressed:
        raise UnreadableClip(_undecodable(syntax))
    return native_frames(dataset, pixels, layout, note)


def _undecodable(syntax: str) -> str:
    return f"transfer syntax {uid.UID(syntax).name} cannot be decoded" if syntax else "pixel data of an unknown encoding"


def _bare(dataset: Dataset, pixels: StoredPixels, kind: Kind, stated: Kind | None, layout: ImageLayout, note: Note) -> _Frames:
    """A codestream as the value itself, without items around it."""
    note(f"{kind.value} without fragments around it")
    found = Fragments(pixels.data, (), [(0, len(pixels.data))], cut=not pixels.is_whole, delimited=pixels.is_whole)
    return _compressed(dataset, found, kind, kind if stated is None else stated, False, layout, note)


def _native_fragments(dataset: Dataset, found: Fragments, pixels: StoredPixels, layout: ImageLayout, note: Note) -> _Frames:
    whole = [span for span in found.spans if frame_in_fragment(found.data[slice(*span)], layout)]
    size = layout.pixels * layout.samples * layout.bits_allocated // 8
    data = b"".join(found.data[start : start + size] for start, _ in whole)
    return native_frames(dataset, replace(pixels, data=data, encapsulated=False, is_whole=not found.cut), layout, note)


def _compressed(
    dataset: Dataset, found: Fragments, kind: Kind, stated: Kind | None, uncompressed: bool, layout: ImageLayout, note: Note
) -> _Frames:
    if uncompressed:
        note(f"the pixels are {kind.value}, although the transfer syntax says uncompressed")
    elif stated is not kind and stated is not None:
        note(f"the pixels are {kind.value}, although the transfer syntax says {stated.value}")
    if kind is Kind.VIDEO:
        video = decode_video(found.join(0, len(found.spans)))
        return len(video), video.__getitem__
    if kind is Kind.JPEG_XL:
        raise UnreadableClip("JPEG XL cannot be decoded")
    encoded = split_frames(found, kind, layout.number_of_frames, _extended_offsets(dataset))
    return len(encoded), (_rle if kind is Kind.RLE else _coded)(dataset, encoded, kind, layout, note)


def _extended_offsets(dataset: Dataset) -> tuple[int, ...]:
    table = dataset.get("ExtendedOffsetTable")
    return struct.unpack(f"<{len(table) // 8}Q", table[: len(table) // 8 * 8]) if isinstance(table, bytes) else ()


def _rle(dataset: Dataset, encoded: list[bytes], _: Kind, layout: ImageLayout, note: Note) -> Callable[[int], RGB]:
    segments = len(rle_offsets(encoded[0]))
    if segments in (1, 2, 3, 6) and segments != layout.samples * layout.bits_allocated // 8:
        layout = _with_samples(layout, 1 if segments < 3 else 3, 16 if segments in (2, 6) else 8, note)
    if layout.samples == 3 and layout.bits_allocated == 8:
        first = _named(len(encoded), 0, lambda: arranged_planes(decode_planes(encoded[0], layout), layout))
        to_rgb = decided_converter(dataset, first, layout, note)
    else:
        to_rgb = rgb_converter(dataset, layout.photometric, layout.bits)

    def frame_at(index: int) -> RGB:
        return _named(len(encoded), index, lambda: to_rgb(arranged_planes(decode_planes(encoded[index], layout), layout)))

    return frame_at


def _coded(dataset: Dataset, encoded: list[bytes], kind: Kind, layout: ImageLayout, note: Note) -> Callable[[int], RGB]:
    """JPEG and its relatives: the first frame's own header is compared with the object's, and each is decoded by its own."""
    try:
        first = describe(encoded[0], kind)
    except ValueError as error:
        raise UnreadableClip(f"frame 1 of {len(encoded)} cannot be decoded: {error}") from error
    if first.rows and (first.rows, first.columns) != (layout.rows, layout.columns):
        raise UnreadableClip(
            f"frames of {first.rows} x {first.columns} in the {kind.value} data, {layout.rows} x {layout.columns} by the header"
        )
    if first.components not in (1, 3) or first.bits > 16:
        raise UnreadableClip(f"{kind.value} data with {first.components} components of {first.bits} bits")
    if first.components != layout.samples or first.bits < layout.bits.stored or first.bits > layout.bits_allocated:
        bits = layout.bits.stored if layout.bits.stored <= first.bits <= layout.bits_allocated else first.bits
        layout = _with_samples(layout, first.components, bits, note)
    colours, decoded_first = _stored_colours(first, layout), list[Samples]()
    if first.colours is None and first.components == 3:  # nothing tells but the samples
        raw = _named(len(encoded), 0, lambda: decode_samples(encoded[0], first, "RGB"))
        to_rgb = decided_converter(dataset, raw, layout, note)
        if first.kind is Kind.JPEG:
            colours, to_rgb = stored_colours(raw) or colours, layout.bits.to_8_bits
        else:
            decoded_first.append(raw)
    else:
        to_rgb = _converter(dataset, first, layout, note)

    def decoded(index: int) -> RGB:
        if index == 0 and decoded_first:
            return to_rgb(decoded_first.pop())
        stream = first if index == 0 else describe(encoded[index], kind)
        if (stream.rows, stream.columns, stream.components) != (first.rows, first.columns, first.components):
            shape = (stream.rows, stream.columns, stream.components)
            raise UnreadableClip(f"frame {index + 1} has shape {shape}, the header says {(layout.rows, layout.columns, 3)}")
        return to_rgb(decode_samples(encoded[index], stream, stream.colours or colours))

    return lambda index: _named(len(encoded), index, lambda: decoded(index))


def _named(count: int, index: int, decode: Callable[[], Decoded]) -> Decoded:
    try:
        return decode()
    except DECODING_ERRORS as error:
        raise UnreadableClip(f"frame {index + 1} of {count} cannot be decoded: {error}") from error


def _with_samples(layout: ImageLayout, samples: int, bits: int, note: Note) -> ImageLayout:
    said = f"{counted(layout.samples, 'sample')} of {layout.bits.stored} bits"
    note(f"the pixels are {counted(samples, 'sample')} of {bits} bits, not {said} as the header says")
    photometric = layout.photometric
    if samples != layout.samples:
        photometric = "MONOCHROME2" if samples == 1 else "RGB"
    allocated = 8 if bits <= 8 else 16
    return replace(
        layout,
        samples=samples,
        photometric=photometric,
        bits_allocated=allocated,
        bits=SampleBits(bits, bits - 1, layout.bits.signed),
    )


def _stored_colours(stream: Codestream, layout: ImageLayout) -> str:
    return stream.colours or ("RGB" if layout.is_rgb else "YCBCR")


def _converter(dataset: Dataset, first: Codestream, layout: ImageLayout, note: Note) -> Converter:
    """The converter to RGB from what the decoder gives: JPEG's frames come as RGB already, the others' as stored."""
    if first.components == 1 or first.colours is None:
        return rgb_converter(dataset, layout.photometric, layout.bits)
    if (first.colours == "RGB") != layout.is_rgb:
        theirs = f"not {layout.photometric} as the header says"
        note(f"the colours of the {first.kind.value} data are {_name(first.colours)}, {theirs}")
    if first.kind is Kind.JPEG:
        return layout.bits.to_8_bits
    return rgb_converter(dataset, _name(first.colours), layout.bits)


def _name(colours: str) -> str:
    return "RGB" if colours == "RGB" else "YBR_FULL"
