"""Where each frame's bytes lie in encapsulated pixel data (PS3.5 A.4), whatever the offset table says.

Offset tables are often empty and sometimes wrong; the items' own headers are not. One frame is then read without the others.
"""

import struct

from node.errors import UnreadableClip

_ITEM = b"\xfe\xff\x00\xe0"
# What a frame's first fragment starts with: JPEG and JPEG-LS SOI, JPEG 2000 codestream SOC.
_STARTS = (b"\xff\xd8", b"\xff\x4f")


def split_frames(pixel_data: bytes, number_of_frames: int) -> list[bytes]:
    """The encoded bytes of each frame; fewer than `number_of_frames` where the object ends early.

    Raises UnreadableClip where the fragments cannot be assigned to frames.
    """
    offset_table, fragments = _items(pixel_data)
    if not fragments:
        raise UnreadableClip("encapsulated pixel data without a fragment")
    if len(fragments) == number_of_frames:
        return [pixel_data[start:end] for start, end in fragments]
    if number_of_frames == 1:
        return [b"".join(pixel_data[start:end] for start, end in fragments)]
    firsts = _firsts_by_table(offset_table, fragments, number_of_frames) or _firsts_by_marker(pixel_data, fragments)
    if len(firsts) > number_of_frames or not firsts:
        raise UnreadableClip(f"{len(fragments)} fragments for {number_of_frames} frames, and nothing tells them apart")
    ends = [*firsts[1:], len(fragments)]
    return [
        b"".join(pixel_data[start:end] for start, end in fragments[first:last])
        for first, last in zip(firsts, ends, strict=True)
    ]


def _items(pixel_data: bytes) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """The basic offset table, and (start, end) of each fragment's value. Ends quietly at the first thing that is no item."""
    spans: list[tuple[int, int]] = []
    at = 0
    while pixel_data[at : at + 4] == _ITEM and at + 8 <= len(pixel_data):
        (length,) = struct.unpack_from("<L", pixel_data, at + 4)
        spans.append((at + 8, min(at + 8 + length, len(pixel_data))))
        at += 8 + length
    if not spans:
        return (), []
    table_start, table_end = spans[0]
    table = struct.unpack_from(f"<{(table_end - table_start) // 4}L", pixel_data, table_start)
    return table, [span for span in spans[1:] if span[0] < span[1]]


def _firsts_by_table(table: tuple[int, ...], fragments: list[tuple[int, int]], number_of_frames: int) -> list[int]:
    """Index of each frame's first fragment; empty where the table does not fit. Offsets count from the first item's header."""
    if len(table) != number_of_frames:
        return []
    origin = fragments[0][0] - 8
    by_offset = {start - 8 - origin: index for index, (start, _) in enumerate(fragments)}
    firsts = [by_offset.get(offset, -1) for offset in table]
    return firsts if firsts[0] == 0 and firsts == sorted(set(firsts)) else []


def _firsts_by_marker(pixel_data: bytes, fragments: list[tuple[int, int]]) -> list[int]:
    firsts = [index for index, (start, _) in enumerate(fragments) if pixel_data[start : start + 2] in _STARTS]
    return firsts if firsts and firsts[0] == 0 else []
