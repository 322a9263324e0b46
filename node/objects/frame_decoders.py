"""One compressed frame to its samples, by what its codestream is."""

import io

import av
import imagecodecs
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray
from rle.utils import decode_pixel_data as decode_rle

from node.errors import UnreadableClip
from node.objects.codestream import Codestream, Kind, rle_offsets
from node.objects.colour import RGB, Samples
from node.objects.image_layout import ImageLayout
from node.objects.reading_limits import LARGEST_CLIP_BYTES

# What decoders raise of broken bytes; imagecodecs' own errors are RuntimeErrors.
DECODING_ERRORS = (RuntimeError, ValueError, IndexError, TypeError, OverflowError, MemoryError)
_JPEG_END = b"\xff\xd9"  # CharLS 2.4 computes for 10 s on a frame of 16 x 16 that breaks off without it


def decode_samples(encoded: bytes, stream: Codestream, stored_colours: str) -> Samples:
    """Samples (rows, columns[, 3]), 0 to the largest of their bits, as stored.

    But a JPEG whose `stored_colours` are YCBCR comes as RGB.
    """
    if stream.kind is Kind.JPEG and stream.components == 3:
        return imagecodecs.jpeg8_decode(encoded, colorspace=stored_colours, outcolorspace="RGB")
    if stream.kind is Kind.JPEG_LOSSLESS and stream.components == 3:
        return imagecodecs.jpeg8_decode(encoded, colorspace="RGB", outcolorspace="RGB")  # the same on both sides: as stored
    if stream.kind is Kind.JPEG_LS:
        return imagecodecs.jpegls_decode(encoded if encoded.rstrip(b"\0").endswith(_JPEG_END) else encoded + _JPEG_END)
    if stream.kind is Kind.JPEG_2000:
        return imagecodecs.jpeg2k_decode(encoded)
    return imagecodecs.jpeg8_decode(encoded)


def decode_planes(encoded: bytes, layout: ImageLayout) -> NDArray[np.uint8]:
    """RLE: the bytes of all planes, (samples * rows * columns * width,), 0 to 255, where `width` is bytes per sample.

    The least significant byte comes first, whatever Planar Configuration says (PS3.5 annex G).
    """
    bits = layout.bits_allocated
    try:
        planes = decode_rle(encoded, version=2, rows=layout.rows, columns=layout.columns, bits_allocated=bits, byteorder="<")
    except ValueError:
        return _padded_planes(encoded, layout)
    return np.frombuffer(planes, np.uint8)


def _padded_planes(encoded: bytes, layout: ImageLayout) -> NDArray[np.uint8]:
    """Segments that hold more than their plane: what is behind it is padding. Raises ValueError where one holds less."""
    offsets = rle_offsets(encoded)
    spans = zip(offsets, [*offsets[1:], len(encoded)], strict=True)
    segments = [_unpacked(encoded[start:end], layout.pixels) for start, end in spans]
    width = layout.bits_allocated // 8
    if len(segments) != width * layout.samples:
        raise ValueError(f"{len(segments)} RLE segments for {layout.samples} samples of {layout.bits_allocated} bits")
    # Within a sample the most significant byte comes first.
    planes = [
        np.stack([segments[sample * width + width - 1 - byte] for byte in range(width)], -1) for sample in range(layout.samples)
    ]
    return np.stack(planes).reshape(-1)


def _unpacked(segment: bytes, wanted: int) -> NDArray[np.uint8]:
    """PackBits (PS3.5 G.3.2) up to the number of bytes wanted."""
    plane = bytearray()
    at = 0
    while len(plane) < wanted:
        if at >= len(segment):
            raise ValueError(f"an RLE segment of {len(plane)} bytes for {wanted}")
        run = segment[at]
        if run < 128:
            plane += segment[at + 1 : at + 2 + run]
            at += 2 + run
        elif run > 128:
            plane += segment[at + 1 : at + 2] * (257 - run)
            at += 2
        else:
            at += 1
    return np.frombuffer(bytes(plane[:wanted]), np.uint8)


def decode_video(stream: bytes) -> list[RGB]:
    """RGB frames (rows, columns, 3), 0 to 255, of MPEG-2, MPEG-4 and HEVC.

    They are one stream over all fragments, in whatever container.
    """
    frames: list[RGB] = []
    try:
        with av.open(io.BytesIO(stream), mode="r") as container:
            container.streams.video[0].thread_count = 1
            for frame in container.decode(video=0):
                if (len(frames) + 1) * frame.width * frame.height * 3 > LARGEST_CLIP_BYTES:
                    raise UnreadableClip("the video stream decodes to more than any clip has")
                frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
    except (FFmpegError, IndexError) as error:
        if not frames:
            raise UnreadableClip("the video stream cannot be decoded") from error
    return frames
