"""From stored samples to RGB in 8 bits, by Photometric Interpretation (PS3.3 C.7.6.3.1.2)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from node.errors import UnreadableClip
from node.objects.palette import read_palette

RGB = NDArray[np.uint8]
Samples = NDArray[np.uint8] | NDArray[np.uint16]

Converter = Callable[[Samples], RGB]

_AS_DECODED = ("RGB", "YBR_ICT", "YBR_RCT")  # the JPEG 2000 decoder undoes the last two itself


@dataclass(frozen=True)
class SampleBits:
    """How a sample lies in its word (PS3.5 8.1.1); bits outside it may hold old-style overlays."""

    stored: int
    high: int
    signed: bool

    def to_unsigned(self, samples: Samples) -> Samples:
        """`samples` of any shape, words as stored -> the same shape, 0 to 2**stored - 1.

        Signed ones are moved up so that the lowest becomes 0.
        """
        samples = samples.view(f"u{samples.dtype.itemsize}")
        if self.stored == samples.dtype.itemsize * 8 and not self.signed:
            return samples
        shift = samples.dtype.type(self.high + 1 - self.stored)
        mask = samples.dtype.type((1 << self.stored) - 1)
        lowest = samples.dtype.type(1 << (self.stored - 1) if self.signed else 0)
        return ((samples >> shift) & mask) ^ lowest

    def to_8_bits(self, samples: Samples) -> RGB:
        """`samples` of any shape, words as stored -> the same shape, 0 to 255: full range to full range."""
        unsigned = self.to_unsigned(samples)
        if self.stored == 8:
            return unsigned.astype(np.uint8, copy=False)
        scaled: RGB = (unsigned.astype(np.uint32) * 255 // ((1 << self.stored) - 1)).astype(np.uint8)
        return scaled


def rgb_converter(dataset: Dataset, photometric: str, bits: SampleBits) -> Converter:
    """What turns the stored samples of one frame, (rows, columns) or (rows, columns, 3), into RGB (rows, columns, 3), 0 to 255.

    Raises UnreadableClip for unknown colours.
    """
    if photometric == "PALETTE COLOR":
        table = read_palette(dataset, bits.stored, signed=bits.signed)
        return lambda samples: table[bits.to_unsigned(samples)]
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        inverted = photometric == "MONOCHROME1"
        return lambda samples: _grey(bits.to_8_bits(samples), inverted)
    if photometric in _AS_DECODED:
        return bits.to_8_bits
    if photometric in ("YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_PARTIAL_422"):
        return lambda samples: _from_ybr_full(bits.to_8_bits(samples))
    raise UnreadableClip("Photometric Interpretation is missing or not one that echo uses")


def expand_422(samples: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """`samples` (2 * rows * columns,), four bytes Y1 Y2 Cb Cr for two pixels, as YBR_FULL (rows, columns, 3), 0 to 255."""
    pairs = samples.reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns, 3), np.uint8)
    full[..., 0] = pairs[..., :2].reshape(rows, columns)
    full[..., 1:] = np.repeat(pairs[..., 2:], 2, axis=1)
    return full


def _grey(samples: RGB, inverted: bool) -> RGB:
    return np.repeat((255 - samples if inverted else samples)[..., None], 3, axis=-1)


def _from_ybr_full(samples: RGB) -> RGB:
    """Pillow's YCbCr is the full-range ITU-R BT.601 of YBR_FULL, and quick."""
    rows, columns, _ = samples.shape
    return np.asarray(Image.frombytes("YCbCr", (columns, rows), samples.tobytes()).convert("RGB"))
