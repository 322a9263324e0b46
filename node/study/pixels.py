"""The frames of an object as RGB in 8 bits, from any transfer syntax that carries its pixels inside (PS3.5 section 10)."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import av
import imagecodecs
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from rle.utils import decode_pixel_data as decode_rle

from models.wording import counted
from node.errors import UnreadableClip
from node.study.colour import RGB, SampleBits, Samples, expand_422, rgb_converter
from node.study.frame_index import split_frames

CUT_SHORT = "cut short: "  # how the note of an object with fewer frames than it says begins
_NATIVE = frozenset(
    (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian, uid.ExplicitVRBigEndian)
)
_JPEG = frozenset((uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit))
_VIDEO = frozenset(uid.MPEGTransferSyntaxes)


@dataclass(frozen=True)
class _Layout:
    """The Image Pixel Module's attributes that say how samples lie in the pixel data."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits: SampleBits
    planar: bool
    photometric: str
    number_of_frames: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)


class Note(Protocol):
    """Takes down what was tolerated."""

    def __call__(self, text: str, /) -> None: ...


class EncodedFrames:
    """The frames of one object (a `models.clip.FrameSource`), each decoded when it is first asked for."""

    def __init__(self, count: int, layout: _Layout, frame_at: Callable[[int], RGB]) -> None:
        self._rgb = np.empty((count, layout.rows, layout.columns, 3), np.uint8)  # memory comes with what is written into it
        self._decoded = np.zeros(count, np.bool_)
        self._frame_at = frame_at

    @property
    def shape(self) -> tuple[int, int, int, int]:
        count, rows, columns, _ = self._rgb.shape
        return count, rows, columns, 3

    def take(self, indices: Sequence[int]) -> RGB:
        """RGB of these frames. Raises UnreadableClip saying what is wrong and in which frame."""
        for index in indices:
            if not self._decoded[index]:
                frame = self._frame_at(index)
                if frame.shape != self._rgb.shape[1:]:
                    raise UnreadableClip(f"frame {index + 1} has shape {frame.shape}, the header says {self._rgb.shape[1:]}")
                self._rgb[index] = frame
                self._decoded[index] = True
        return self._rgb if indices == range(len(self._rgb)) else self._rgb[list(indices)]


def open_frames(dataset: Dataset, transfer_syntax_uid: str, note: Note) -> EncodedFrames:
    """The frames, none decoded yet (but a video's, which is one stream). Raises UnreadableClip where there cannot be any."""
    if "PixelData" not in dataset or not dataset["PixelData"].value:
        raise UnreadableClip("no pixel data in the object, or cut off before its end")
    layout = _layout_of(dataset)
    present, frame_at = _decoder(dataset, transfer_syntax_uid, layout, note)
    if present == 0:
        raise UnreadableClip("the pixel data do not hold one whole frame")
    if present != layout.number_of_frames:
        cut_short = CUT_SHORT if present < layout.number_of_frames else ""
        note(f"{cut_short}{counted(present, 'frame')} in the object, {layout.number_of_frames} by its Number of Frames")
    return EncodedFrames(min(present, layout.number_of_frames), layout, frame_at)


def _layout_of(dataset: Dataset) -> _Layout:
    try:
        allocated = int(dataset.BitsAllocated)
        stored = int(dataset.get("BitsStored") or allocated)
        high = int(dataset.get("HighBit") or stored - 1)
        layout = _Layout(
            rows=int(dataset.Rows),
            columns=int(dataset.Columns),
            samples=int(dataset.get("SamplesPerPixel") or 1),
            bits_allocated=allocated,
            bits=SampleBits(stored, high, bool(dataset.get("PixelRepresentation"))),
            planar=dataset.get("PlanarConfiguration") == 1,
            photometric=str(dataset.get("PhotometricInterpretation") or "").strip(),
            number_of_frames=int(dataset.get("NumberOfFrames") or 1),
        )
    except (AttributeError, TypeError, ValueError):  # its words may quote a value of the header
        raise UnreadableClip("Rows, Columns or the bits of the pixels are missing or no numbers") from None
    if layout.bits_allocated not in (8, 16) or layout.samples not in (1, 3) or not 0 < stored <= high + 1 <= allocated:
        raise UnreadableClip(f"{layout.samples} samples per pixel of {stored} in {allocated} bits")
    if layout.rows < 1 or layout.columns < 1 or layout.number_of_frames < 1:
        raise UnreadableClip("an image without rows, columns or frames")
    return layout


def _decoder(dataset: Dataset, syntax: str, layout: _Layout, note: Note) -> tuple[int, Callable[[int], RGB]]:
    """How many frames the object really holds, and what decodes one of them by its index."""
    if syntax in _NATIVE:
        return _native(dataset, layout, note)
    if syntax in _VIDEO:
        video = _video(split_frames(dataset.PixelData, 1)[0])
        return len(video), video.__getitem__
    photometric = layout.photometric
    if syntax in _JPEG and layout.samples == 3:
        photometric = "RGB"  # libjpeg has converted already
    elif syntax not in _DECODERS:
        raise UnreadableClip(f"transfer syntax {uid.UID(syntax).name} cannot be decoded")
    encoded = split_frames(dataset.PixelData, layout.number_of_frames)
    to_rgb = rgb_converter(dataset, photometric, layout.bits)

    def frame_at(index: int) -> RGB:
        try:
            return to_rgb(_DECODERS[syntax](encoded[index], layout))
        except (RuntimeError, ValueError, IndexError, TypeError, OverflowError) as error:  # imagecodecs raises RuntimeErrors
            raise UnreadableClip(f"frame {index + 1} of {len(encoded)} cannot be decoded: {error}") from error

    return len(encoded), frame_at


def _native(dataset: Dataset, layout: _Layout, note: Note) -> tuple[int, Callable[[int], RGB]]:
    little_endian = dataset.original_encoding[1] is not False
    stored: NDArray[np.uint8] = np.frombuffer(dataset.PixelData, np.uint8)
    if not little_endian and layout.bits_allocated == 8 and dataset["PixelData"].VR == "OW":
        stored = stored[: stored.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)  # bytes travel as swapped words
    pixels = layout.rows * layout.columns
    frame_bytes = pixels * layout.samples * layout.bits_allocated // 8
    packed = layout.photometric == "YBR_FULL_422"
    if packed and stored.size >= frame_bytes * layout.number_of_frames:
        note("YBR_FULL_422 with the chroma of every pixel: read as YBR_FULL")
        packed = False
    if packed:
        frame_bytes = 2 * pixels
    words = "<u2" if little_endian else ">u2"
    to_rgb = rgb_converter(dataset, layout.photometric, layout.bits)

    def frame_at(index: int) -> RGB:
        frame = stored[index * frame_bytes : (index + 1) * frame_bytes]
        if packed:
            return to_rgb(expand_422(frame, layout.rows, layout.columns))
        return to_rgb(_arranged(frame, layout, layout.planar, words))

    present = min(stored.size // frame_bytes, layout.number_of_frames)  # what lies behind is padding
    return present, frame_at


def _arranged(stored: NDArray[np.uint8], layout: _Layout, planar: bool, words: str) -> Samples:
    """Bytes of one frame in the shape of the image, samples last."""
    samples: Samples = stored if layout.bits_allocated == 8 else stored.view(words).astype(np.uint16)
    if layout.samples == 3 and planar:
        return samples.reshape(3, layout.rows, layout.columns).transpose(1, 2, 0)
    return samples.reshape(layout.shape)


def _rle(encoded: bytes, layout: _Layout) -> Samples:
    """Planes one after another, whatever Planar Configuration says (PS3.5 annex G)."""
    bits = layout.bits_allocated
    planes = decode_rle(encoded, version=2, rows=layout.rows, columns=layout.columns, bits_allocated=bits, byteorder="<")
    stored = np.frombuffer(planes, np.uint8)
    return _arranged(stored, layout, True, "<u2")


def _jpeg(encoded: bytes, layout: _Layout) -> Samples:
    """RGB or grey; libjpeg would guess the stored colours from the markers alone."""
    if layout.samples == 1:
        return imagecodecs.jpeg8_decode(encoded)
    return imagecodecs.jpeg8_decode(encoded, colorspace=_jpeg_colours(encoded, layout.photometric), outcolorspace="RGB")


def _jpeg_lossless(encoded: bytes, layout: _Layout) -> Samples:
    if layout.samples == 1:
        return imagecodecs.jpeg8_decode(encoded)
    return imagecodecs.jpeg8_decode(encoded, colorspace="RGB", outcolorspace="RGB")  # the same on both sides: samples as stored


def _jpeg_colours(encoded: bytes, photometric: str) -> str:
    """What the three components are: Adobe's marker says so, a JFIF marker means YCbCr, else Photometric Interpretation."""
    at = 2
    while at + 4 <= len(encoded) and encoded[at] == 0xFF and encoded[at + 1] != 0xDA:  # up to the start of the scan
        if encoded[at + 1] == 0xFF:  # fill byte
            at += 1
            continue
        content = encoded[at + 4 : at + 2 + int.from_bytes(encoded[at + 2 : at + 4], "big")]
        if encoded[at + 1] == 0xEE and content.startswith(b"Adobe") and len(content) >= 12:
            return "YCBCR" if content[11] == 1 else "RGB"
        if encoded[at + 1] == 0xE0 and content.startswith(b"JFIF"):
            return "YCBCR"
        at += 4 + len(content)
    return "RGB" if photometric == "RGB" else "YCBCR"


def _jpeg_ls(encoded: bytes, _: _Layout) -> Samples:
    return imagecodecs.jpegls_decode(encoded)


def _jpeg_2000(encoded: bytes, _: _Layout) -> Samples:
    return imagecodecs.jpeg2k_decode(encoded)


_DECODERS: dict[str, Callable[[bytes, _Layout], Samples]] = {
    uid.RLELossless: _rle,
    **dict.fromkeys((uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit), _jpeg),
    **dict.fromkeys((uid.JPEGLossless, uid.JPEGLosslessSV1), _jpeg_lossless),
    **dict.fromkeys((uid.JPEGLSLossless, uid.JPEGLSNearLossless), _jpeg_ls),
    **dict.fromkeys((uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K), _jpeg_2000),
}


def _video(stream: bytes) -> list[RGB]:
    """MPEG-2, MPEG-4 and HEVC: one stream over all fragments, in whatever container."""
    try:
        with av.open(io.BytesIO(stream), mode="r") as container:
            container.streams.video[0].thread_count = 1
            return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
    except (FFmpegError, IndexError) as error:
        raise UnreadableClip("the video stream cannot be decoded") from error
