"""Which pixels an outline encloses, as a mask or as the bits of a BINARY segmentation."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from models.results import Point

_FROM_BIT = np.array([0xFF << bit & 0xFF for bit in range(8)], dtype=np.uint8)  # that bit and all above it are set


def rasterise(points_px: Sequence[Point], rows: int, columns: int) -> NDArray[np.uint8]:
    """Mask (rows, columns) of 0 and 1: a pixel is inside when its centre is, by the even-odd rule.

    `points_px` are (x, y) with (0, 0) the centre of the top left pixel; the outline closes itself. A centre exactly on an edge
    counts as inside on left and top edges only, so that two areas sharing an edge never share a pixel.
    """
    return np.unpackbits(_rows_of_bits(points_px, rows, columns), axis=1, count=columns, bitorder="little")


def packed(points_px: Sequence[Point], rows: int, columns: int, first_bit: int = 0) -> NDArray[np.uint8]:
    """The same mask as (bytes,) of 0 and 1 bits, row after row without a gap, each byte from its low bit on (PS3.5 8.1.1).

    `first_bit`, 0 to 7, is where the stream begins in its first byte; the bits below it are 0, and so are those after its end.
    """
    if columns % 8 == 0 and first_bit == 0:
        return _rows_of_bits(points_px, rows, columns).ravel()
    pixels = rasterise(points_px, rows, columns).ravel()
    return np.packbits(np.pad(pixels, (first_bit, 0)), bitorder="little")


def _rows_of_bits(points_px: Sequence[Point], rows: int, columns: int) -> NDArray[np.uint8]:
    """(rows, bytes), one bit a pixel from the low bit on, every row beginning with a byte of its own."""
    row, column = _crossings(points_px, rows, columns)
    bits = np.zeros((rows, columns // 8 + 1), dtype=np.uint8)
    if row.size:
        top, bottom, left, right = row.min(), row.max() + 1, column.min() // 8, column.max() // 8 + 1
        box = np.zeros((right - left, bottom - top), dtype=np.uint8)  # each column of bytes in one piece
        # A crossing turns over every pixel from its column on: those of its own byte, then all of the bytes to the right.
        np.bitwise_xor.at(box.reshape(-1), (column // 8 - left) * (bottom - top) + row - top, _FROM_BIT[column % 8])
        turned, step = (box >> 7) * np.uint8(0xFF), 1
        while step < len(turned):  # all to the left of a byte, of twice as many bytes each time
            turned[step:] ^= turned[:-step].copy()
            step *= 2
        box[1:] ^= turned[:-1]
        bits[top:bottom, left:right] = box.T
    return bits[:, : (columns + 7) // 8]


def _crossings(points_px: Sequence[Point], rows: int, columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where edges cross rows of pixel centres: the row, and the first column not left of the crossing, `columns` for none."""
    points = np.fromiter(chain.from_iterable(points_px), np.float64, 2 * len(points_px)).reshape(-1, 2)
    following = np.concatenate([points[1:], points[:1]])
    # Every edge downwards, so that it crosses at the same place for the areas on both its sides.
    downwards = points[:, 1] <= following[:, 1]
    x0, y0 = np.where(downwards, points.T, following.T)
    x1, y1 = np.where(downwards, following.T, points.T)
    first_row = np.clip(np.ceil(y0), 0, rows).astype(np.intp)
    count = np.clip(np.ceil(y1), 0, rows).astype(np.intp) - first_row
    edge = np.repeat(np.arange(len(points)), count)
    row = np.arange(edge.size) + np.repeat(first_row - (np.cumsum(count) - count), count)
    crossing = x0[edge] + (row - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]  # multiplied first: exact where it is whole
    return row, np.clip(np.ceil(crossing), 0, columns).astype(np.intp)
