"""Lookup tables in every form, against pydicom where it reads them, and within bounds."""

import struct
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from node.errors import UnreadableClip
from node.objects.clip_reader import read_clip
from tests.unit.node.objects.ultrasound_object import as_file, moving_picture, ultrasound_object

GREY = moving_picture()[..., 0]
COLOURS = ("Red", "Green", "Blue")


def with_tables(descriptor: list[int], data: bytes, kind: str = "", **given: Any) -> Dataset:
    dataset = ultrasound_object(GREY, PhotometricInterpretation="PALETTE COLOR", **given)
    for colour in COLOURS:
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", descriptor)
        dataset[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
        keyword = f"{kind}{colour}PaletteColorLookupTableData"
        setattr(dataset, keyword, data)
        dataset[keyword].VR = "OW"
    return dataset


# A discrete and three linear segments of 16 bits: 4 + 60 + 64 + 128 entries, and a pad.
SEGMENTS = struct.pack("<16H", 0, 4, 0, 1000, 2000, 3000, 1, 60, 40000, 1, 64, 100, 1, 128, 65535, 0)


def test_a_segmented_palette_is_that_of_pydicom() -> None:
    dataset = with_tables([256, 0, 16], SEGMENTS, "Segmented")
    wanted = apply_color_lut(np.arange(256, dtype=np.uint8), dataset) >> 8
    frames = read_clip(as_file(dataset)).frames
    assert int(np.abs(frames.astype(int) - wanted[GREY]).max()) <= 1


def test_an_indirect_segment_repeats_those_at_its_byte_offset() -> None:
    """PS3.3 C.7.9.2.3: an offset in bytes, also of 16-bit data (pydicom 3.0 takes it for words)."""
    segments = struct.pack("<13H", 0, 4, 0, 256, 512, 768, 1, 124, 32768, 2, 1, 12, 0)
    frames = read_clip(as_file(with_tables([252, 0, 16], segments, "Segmented"))).frames
    rising = [round(768 + (32768 - 768) * step / 124) for step in range(1, 125)]
    table = np.array([0, 256, 512, 768, *rising, *[32768] * 124]) >> 8
    np.testing.assert_array_equal(frames[..., 0], table[np.minimum(GREY, 251)])


def test_entries_start_at_the_first_value_mapped() -> None:
    table = np.arange(100, dtype=np.uint8)
    frames = read_clip(as_file(with_tables([100, 50, 8], table.tobytes()))).frames
    np.testing.assert_array_equal(frames[..., 0], np.clip(GREY.astype(int) - 50, 0, 99))


def test_more_entries_than_8_bits_count() -> None:
    """12 bits of samples, 8 bits of colour: an index kept in 8 bits would wrap."""
    table = (np.arange(4096) // 16).astype(np.uint8)
    dataset = with_tables([4096, 0, 8], table.tobytes())
    values = (GREY.astype(np.uint16) * 16).astype("<u2")
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"
    np.testing.assert_array_equal(read_clip(as_file(dataset)).frames[..., 0], GREY)


def test_a_table_shorter_than_it_says_ends_with_its_last_entry() -> None:
    frames = read_clip(as_file(with_tables([256, 0, 8], bytes(range(100))))).frames
    np.testing.assert_array_equal(frames[..., 0], np.clip(GREY, 0, 99))


REFUSED: dict[str, tuple[list[int], bytes, str]] = {
    "no entries": ([256, 0, 8], b"", ""),
    "no segments": ([256, 0, 16], b"\0\0", "Segmented"),
    "a linear segment first": ([256, 0, 16], struct.pack("<3H", 1, 60, 5), "Segmented"),
    "an unknown segment": ([256, 0, 16], struct.pack("<3H", 9, 60, 5), "Segmented"),
    "a segment that ends early": ([256, 0, 16], struct.pack("<5H", 0, 1, 5, 1, 60), "Segmented"),
    "linear without end": ([256, 0, 16], struct.pack("<3H", 0, 1, 5) + struct.pack("<3H", 1, 65535, 9) * 5000, "Segmented"),
    "a segment that points to itself": ([256, 0, 16], struct.pack("<7H", 0, 1, 5, 2, 65535, 6, 0), "Segmented"),
    "a segment copied without end": ([256, 0, 16], struct.pack("<10H", 0, 1, 5, 1, 60000, 9, 2, 65535, 6, 0), "Segmented"),
}  # fmt: skip


@pytest.mark.parametrize(("descriptor", "data", "kind"), REFUSED.values(), ids=REFUSED)
def test_tables_that_cannot_be_are_refused(descriptor: list[int], data: bytes, kind: str) -> None:
    with pytest.raises(UnreadableClip, match=r"palette|PALETTE"):
        read_clip(as_file(with_tables(descriptor, data, kind)))


def test_no_tables_at_all() -> None:
    with pytest.raises(UnreadableClip, match="PALETTE COLOR without"):
        read_clip(as_file(ultrasound_object(GREY, uid.ExplicitVRLittleEndian, PhotometricInterpretation="PALETTE COLOR")))
