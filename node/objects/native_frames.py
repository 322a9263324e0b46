"""Frames of uncompressed pixel data: where each one lies, and how its samples lie in it (PS3.5 8)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from models.wording import counted
from node.objects.colour import RGB, Converter, SampleBits, Samples, expand_422, rgb_converter
from node.objects.colour_evidence import is_planar, stored_colours
from node.objects.image_layout import ImageLayout
from node.objects.stored_pixels import Note, StoredPixels

_PADDING_BYTES = 1  # to an even length


def native_frames(dataset: Dataset, pixels: StoredPixels, layout: ImageLayout, note: Note) -> tuple[int, Callable[[int], RGB]]:
    """How many whole frames there are, and what decodes one of them by its 0-based index: RGB (rows, columns, 3), 0 to 255."""
    stored: NDArray[np.uint8] = np.frombuffer(pixels.data, np.uint8)
    if not pixels.little_endian and layout.bits_allocated == 8 and pixels.vr == "OW":
        stored = stored[: stored.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)  # bytes travel as swapped words
    layout = _as_long_as_stored(stored.size, layout, note, is_whole=pixels.is_whole)
    frame_bytes = _frame_bytes(layout)
    packed = layout.photometric == "YBR_FULL_422"
    if packed and stored.size >= frame_bytes * (layout.number_of_frames or 1):
        note("YBR_FULL_422 with the chroma of every pixel: read as YBR_FULL")
        packed = False
    if packed:
        frame_bytes = 2 * layout.pixels
    present = _present(stored.size, frame_bytes, layout.number_of_frames, note)
    words = "<u2" if pixels.little_endian else ">u2"
    planar = layout.planar
    to_rgb: Converter | None = None
    if present and not packed and layout.samples == 3 and layout.bits_allocated == 8:
        middle = _frame(stored, present // 2, frame_bytes)
        planar = _decided_planar(middle, layout, note)
        to_rgb = decided_converter(dataset, _arranged(middle, layout, planar, words), layout, note)
    converter = to_rgb or rgb_converter(dataset, layout.photometric, layout.bits)

    def frame_at(index: int) -> RGB:
        frame = _frame(stored, index, frame_bytes)
        if packed:
            return converter(expand_422(frame, layout.rows, layout.columns))
        return converter(_arranged(frame, layout, planar, words))

    return present, frame_at


def arranged_planes(planes: NDArray[np.uint8], layout: ImageLayout) -> Samples:
    """`planes` (samples * rows * columns * width,), the bytes of all planes, 0 to 255, in the shape of the image.

    That is (rows, columns), or (rows, columns, 3) with the samples last; `width` is bytes per sample.
    """
    return _arranged(planes, layout, True, "<u2")


def decided_converter(dataset: Dataset, samples: Samples, layout: ImageLayout, note: Note) -> Converter:
    """The converter by Photometric Interpretation, unless the `samples` of a frame contradict it.

    Nothing else tells their colours. Samples are (rows, columns, 3), 0 to 255, as stored; the converter gives RGB
    (rows, columns, 3), 0 to 255.
    """
    found = stored_colours(samples)
    said = "RGB" if layout.is_rgb else "YCBCR" if layout.photometric.startswith("YBR") else None
    if found is None or said is None or found == said:
        return rgb_converter(dataset, layout.photometric, layout.bits)
    note(f"the pixels are {'RGB' if found == 'RGB' else 'YBR_FULL'}, not {layout.photometric} as the header says")
    return rgb_converter(dataset, "RGB" if found == "RGB" else "YBR_FULL", layout.bits)


def _frame_bytes(layout: ImageLayout) -> int:
    return layout.pixels * layout.samples * layout.bits_allocated // 8


def _frame(stored: NDArray[np.uint8], index: int, frame_bytes: int) -> NDArray[np.uint8]:
    return stored[index * frame_bytes : (index + 1) * frame_bytes]


def _as_long_as_stored(size: int, layout: ImageLayout, note: Note, *, is_whole: bool) -> ImageLayout:
    """Samples per Pixel and Bits Allocated as the length of whole pixel data has them, where it fits no other way."""
    frames = layout.number_of_frames
    if not is_whole or frames is None:
        return layout
    even = size // 2 * 2
    said = _frame_bytes(layout) * frames
    if even == -(-said // 3) // 2 * 2 and layout.samples == 3 and layout.photometric != "YBR_FULL_422":
        note("one sample for each pixel, not three as the header says: read as grey")
        return replace(layout, samples=1, photometric="MONOCHROME2")
    if even == said // 4 * 2 and layout.bits_allocated == 16:
        note("8 bits for each sample, not 16 as the header says")
        bits = SampleBits(8, 7, layout.bits.signed)
        return replace(layout, bits_allocated=8, bits=bits)
    return layout


def _present(size: int, frame_bytes: int, stated: int | None, note: Note) -> int:
    """Whole frames; what lies behind the frames that were stated is another frame where it is whole ones, else padding."""
    whole, behind = divmod(size, frame_bytes)
    if stated is None:
        return whole
    if whole >= stated and behind > _PADDING_BYTES:
        note(f"{counted(size - stated * frame_bytes, 'byte')} behind the last frame passed over")
        return stated
    return whole


def _decided_planar(frame: NDArray[np.uint8], layout: ImageLayout, note: Note) -> bool:
    planar = is_planar(frame, said=layout.planar) if layout.photometric == "RGB" else layout.planar
    if planar != layout.planar:
        note("the samples lie the other way than Planar Configuration says")
    return planar


def _arranged(stored: NDArray[np.uint8], layout: ImageLayout, planar: bool, words: str) -> Samples:
    """Bytes of one frame in the shape of the image, samples last."""
    samples: Samples = stored if layout.bits_allocated == 8 else stored.view(words).astype(np.uint16)
    if layout.samples == 3 and planar:
        return samples.reshape(3, layout.rows, layout.columns).transpose(1, 2, 0)
    return samples.reshape(layout.shape)


def frame_in_fragment(fragment: bytes, layout: ImageLayout) -> bool:
    """Whether a fragment is one uncompressed frame (PS3.5 A.4.11)."""
    return len(fragment) // 2 * 2 == -(-_frame_bytes(layout) // 2) * 2
