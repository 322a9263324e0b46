"""Palette Color Lookup Tables, plain and segmented (PS3.3 C.7.6.3.1.5, C.7.9.2), within their largest size."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from node.errors import UnreadableClip
from node.objects.reading_limits import MOST_PALETTE_ENTRIES

_COLOURS = ("Red", "Green", "Blue")
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


def read_palette(dataset: Dataset, stored_bits: int, *, signed: bool) -> NDArray[np.uint8]:
    """RGB, 0 to 255, for every value a sample can have, from the lowest on: (2 ** stored_bits, 3).

    Raises UnreadableClip where the object has no usable tables.
    """
    tables = [_table(dataset, colour) for colour in _COLOURS]
    # Some senders declare 16 bits and fill 8 of them.
    wide = any(table.dtype == np.uint16 and table.max() > 255 for table, _ in tables)
    values = np.arange(1 << stored_bits) - (1 << stored_bits - 1 if signed else 0)
    columns = []
    for table, first in tables:
        first_value = first - (1 << 16) if signed and first >= 1 << 15 else first
        column = table[np.clip(values - first_value, 0, len(table) - 1)]
        columns.append((column >> 8 if wide else column).astype(np.uint8))
    return np.stack(columns, axis=-1)


def _table(dataset: Dataset, colour: str) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int]:
    """Entries, and the sample value of the first one; what lies beyond the ends is as the nearest end."""
    descriptor = dataset.get(f"{colour}PaletteColorLookupTableDescriptor") or ()
    if len(descriptor) != 3:
        raise UnreadableClip("PALETTE COLOR without usable lookup tables")
    count, first, depth = (int(number) for number in descriptor)
    count = count % MOST_PALETTE_ENTRIES or MOST_PALETTE_ENTRIES
    little_endian = dataset.original_encoding[1] is not False
    if segmented := _bytes(dataset, f"Segmented{colour}PaletteColorLookupTableData"):
        return _expanded(_words(segmented, depth == 16, little_endian).tolist(), depth == 16), first
    data = _bytes(dataset, f"{colour}PaletteColorLookupTableData")
    table = _words(data, len(data) >= 2 * count, little_endian)[:count]
    if not len(table):
        raise UnreadableClip("PALETTE COLOR without usable lookup tables")
    return table, first


def _bytes(dataset: Dataset, keyword: str) -> bytes:
    value = dataset.get(keyword)
    if isinstance(value, bytes):
        return value
    if value is None or value == "":
        return b""
    order = "<u2" if dataset.original_encoding[1] is not False else ">u2"
    return np.atleast_1d(np.asarray(value, np.int64)).astype(order).tobytes()  # read as numbers, where the VR was US


def _words(data: bytes, wide: bool, little_endian: bool) -> NDArray[np.uint8] | NDArray[np.uint16]:
    data = data[: len(data) // 2 * 2]
    if wide:
        return np.frombuffer(data, "<u2" if little_endian else ">u2").astype(np.uint16)
    entries: NDArray[np.uint8] = np.frombuffer(data, np.uint8)
    return entries if little_endian else entries.reshape(-1, 2)[:, ::-1].reshape(-1)  # two entries travel as a word


def _expanded(data: Sequence[int], wide: bool) -> NDArray[np.uint8] | NDArray[np.uint16]:
    entries: list[int] = []
    try:
        at = 0
        while at + 1 < len(data):
            at = _segment(data, at, entries, wide)
    except IndexError:
        raise UnreadableClip("a segmented palette whose segments end early") from None
    if not entries:
        raise UnreadableClip("PALETTE COLOR without usable lookup tables")
    return np.array(entries, np.uint16) if wide else np.array(entries, np.uint8)


def _segment(data: Sequence[int], at: int, entries: list[int], wide: bool, *, pointed: bool = False) -> int:
    """Adds one segment's entries; returns where the next one starts."""
    kind, length, at = data[at], data[at + 1], at + 2
    if len(entries) + (0 if kind == _INDIRECT else length) > MOST_PALETTE_ENTRIES:
        raise UnreadableClip(f"a palette of more than {MOST_PALETTE_ENTRIES} entries")
    if kind == _DISCRETE:
        entries += data[at : at + length]
        return at + length
    if kind == _LINEAR and entries:
        first, last = entries[-1], data[at]
        entries += [round(first + (last - first) * step / length) for step in range(1, length + 1)]
        return at + 1
    if kind == _INDIRECT and entries and not pointed:
        return _copied_segments(data, at, length, entries, wide)
    raise UnreadableClip("a segmented palette of unknown segments")


def _copied_segments(data: Sequence[int], at: int, count: int, entries: list[int], wide: bool) -> int:
    """Segments at a byte offset, used once more: its low word comes first."""
    parts = data[at : at + (2 if wide else 4)]
    offset = parts[0] | parts[1] << 16 if wide else parts[0] | parts[1] << 8 | parts[2] << 16 | parts[3] << 24
    where = offset // 2 if wide else offset
    for _ in range(count):
        where = _segment(data, where, entries, wide, pointed=True)
    return at + len(parts)
