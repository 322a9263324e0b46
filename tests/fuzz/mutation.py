"""Wrong inputs from right ones: the same number and seeds give the same bytes, on every machine."""

import random
import struct
from collections.abc import Callable, Sequence

_MOST_STEPS = 4
_EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFE, 0xFF, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
# What readers look for: item tags, undefined length, JPEG and JPEG 2000 markers, a path, a format string, markup, quotes.
_WORDS = (
    b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0", b"\xff\xff\xff\xff", b"SQ\0\0", b"UN\0\0", b"OB\0\0",
    b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\x4f\xff\x51", b"\\", b"../", b"%s%n", b"<b>", b'"', b"'", b"\0", b"nan",
    b"1e999", b"-1", b"[[", b"]", b"=", b"\n",
)  # fmt: skip
_LITERALS = (
    b'""', b'"x"', b"0", b"-1", b"1", b"9223372036854775807", b"-9223372036854775808", b"99999999999999999999", b"1e999",
    b"nan", b"-inf", b"0.5", b"true", b"false", b"[]", b"[1]", b"[1, 2]", b"[2, 1]", b'["a"]', b'["a", 1]', b"[[1], [2]]",
    b"[1.5, true]", b"{}", b"{ a = 1 }", b"[{}]", b"1979-05-27T07:32:00Z", b"07:32:00", b'"../../x"', b'"{0.__class__}"',
    b'"\\u0000"', b'"%s%n"',
)  # fmt: skip


def mutated(seeds: Sequence[bytes], target: str, number: int) -> bytes:
    """Input `number` of the target: one of the seeds, changed in one to four places."""
    rng = random.Random(f"{target}/{number}")
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, _MOST_STEPS)):
        rng.choice(_STEPS)(rng, data, seeds)
    return bytes(data)


def _place(rng: random.Random, data: bytearray) -> int:
    """Heads decide more than bodies: every second place lies within the first 512 bytes."""
    return rng.randrange(min(len(data), 512) if rng.random() < 0.5 else len(data)) if data else 0


def _flip(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[_place(rng, data)] = rng.choice((rng.randrange(256), 0, 0xFF, 0x20, 0x5C))


def _edge(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """A number at the edge of what its width holds, in either byte order."""
    size, form = rng.choice(((2, "H"), (4, "L")))
    place = _place(rng, data)
    data[place : place + size] = struct.pack(rng.choice("<>") + form, rng.choice(_EDGES) & (2 ** (8 * size) - 1))


def _word(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    place, word = _place(rng, data), rng.choice(_WORDS)
    data[place : place + rng.choice((0, len(word)))] = word


def _remove(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    place = _place(rng, data)
    del data[place : place + rng.choice((1, 2, 4, 8, 64, len(data)))]


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    place = _place(rng, data)
    data[place:place] = data[place : place + rng.randrange(1, 64)] * rng.choice((1, 2, 16))


def _splice(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    if other:
        start = rng.randrange(len(other))
        place = _place(rng, data)
        data[place : place + rng.choice((0, 32))] = other[start : start + rng.randrange(1, 128)]


def _literal(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """Another TOML value for a key, for texts; elsewhere a word."""
    lines = bytes(data).split(b"\n")
    if places := [number for number, line in enumerate(lines) if b" = " in line]:
        number = rng.choice(places)
        lines[number] = lines[number].split(b" = ")[0] + b" = " + rng.choice(_LITERALS)
        data[:] = b"\n".join(lines)
    else:
        _word(rng, data, seeds)


_STEPS: tuple[Callable[[random.Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip, _set, _edge, _word, _remove, _repeat, _splice, _literal,
)  # fmt: skip
