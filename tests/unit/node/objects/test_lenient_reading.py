"""What real senders get wrong is read on, as DCMTK does, and noted; the pixels are those that stand in the object."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from models.clip import Clip
from node.errors import Unparseable, UnreadableClip
from node.objects.clip_reader import read_clip
from node.objects.content_hash import Content, read_content
from node.objects.header import read_header
from node.objects.reading_limits import DEEPEST_SEQUENCE
from tests.unit.node.objects.written_by_hand import (
    ITEM_END,
    PIXELS,
    SEQUENCE_END,
    UNDEFINED,
    data_set,
    element,
    header,
    item,
    part_10,
    region,
    sequence,
)

WANTED = np.frombuffer(PIXELS, np.uint8).reshape(2, 4, 6)
CREATOR = element(0x00190010, b"LO", b"TEST")


def frames_of(clip: Clip) -> np.ndarray:
    return clip.frames[..., 0]


def private(vr: bytes, *, long: bool = False) -> bytes:
    """A private element of this VR, its length in two bytes or, behind two reserved ones, in four."""
    length = b"\0\0\4\0\0\0" if long else b"\4\0"
    return CREATOR + struct.pack("<HH", 0x0019, 0x1011) + vr + length + b"abcd"


IMPLICIT_PRIVATE = CREATOR + struct.pack("<HHL", 0x0019, 0x1011, 4) + b"abcd"
NESTED = element(0x00081140, b"SQ", item(element(0x00081155, b"UI", b"1.2")))

READ_ON: dict[str, bytes] = {
    "VR of spaces": data_set(private(b"  ")),
    "VR of NULs": data_set(private(b"\0\0")),
    "VR of question marks": data_set(private(b"??")),
    "a VR of the future": data_set(private(b"QQ", long=True)),
    "a VR of letters with a short length": data_set(private(b"ZZ")),
    "one element in implicit VR": data_set(IMPLICIT_PRIVATE),
    "a sequence without its delimiter": data_set(sequence=sequence([item(region())], length=UNDEFINED, ended=False)),
    "an item without its delimiter": data_set(sequence=sequence([item(region(), length=UNDEFINED)], length=UNDEFINED)),
    "neither item nor sequence delimited": data_set(
        sequence=sequence([item(region(), length=UNDEFINED)], length=UNDEFINED, ended=False)
    ),
    "an item too short": data_set(sequence=sequence([item(region(), length=len(region()) - 16)])),
    "an item too short by half a value": data_set(sequence=sequence([item(region(), length=len(region()) - 4)])),
    "an item too short, sequence undefined": data_set(
        sequence=sequence([item(region(), length=len(region()) - 16)], length=UNDEFINED)
    ),
    "an item too long": data_set(sequence=sequence([item(region(), length=len(region()) + 20)])),
    "the first of two items too long": data_set(
        sequence=sequence([item(region(), length=len(region()) + 200), item(region())])
    ),
    "a sequence too short": data_set(sequence=sequence([item(region())], length=len(region()) - 8)),
    "a sequence too long": data_set(sequence=sequence([item(region())], length=len(region()) + 30)),
    "a stray item delimiter": data_set(sequence=sequence([item(region()), ITEM_END], length=UNDEFINED)),
    "a stray sequence delimiter": data_set(SEQUENCE_END),
    "a value longer than its length": data_set(CREATOR + element(0x00191011, b"LO", b"four and more", length=4)),
    "a length beyond the next element": data_set(element(0x00181030, b"LO", b"protocol", length=30)),
    "a length beyond the file": data_set(element(0x00181030, b"LO", b"protocol", length=65534)),
    "an odd length with its pad byte": data_set(CREATOR + element(0x00191011, b"LO", b"five5", length=5)),
}  # fmt: skip


@pytest.mark.parametrize("content", READ_ON.values(), ids=READ_ON)
def test_read_on_and_noted(content: bytes, tmp_path: Path) -> None:
    clip = read_clip(part_10(content))
    np.testing.assert_array_equal(frames_of(clip), WANTED)
    assert clip.notes
    assert "SECRET" not in "".join(clip.notes)
    path = tmp_path / "object"
    path.write_bytes(part_10(content))
    read = read_content(path)
    assert (read.note, read.pixel_hash is None) == ("", False)
    assert read.tolerated


@pytest.mark.parametrize(
    "content",
    [content for name, content in READ_ON.items() if "sequence" in name or "item" in name],
    ids=[name for name in READ_ON if "sequence" in name or "item" in name],
)
def test_the_region_is_read_whatever_the_lengths_say(content: bytes) -> None:
    assert read_clip(part_10(content)).regions[0].physical_delta_x == 0.05


WHOLE: dict[str, bytes] = {
    "as the standard says": part_10(data_set()),
    "undefined lengths": part_10(data_set(sequence=sequence([item(region() + ITEM_END, length=UNDEFINED)], length=UNDEFINED))),
    "a private sequence of unknown VR": part_10(
        data_set(CREATOR + element(0x00191011, b"UN", item(element(0x00080060, b"", b"US")), length=UNDEFINED) + SEQUENCE_END)
    ),
    "a sequence in the data set": part_10(NESTED + data_set()[:0] + data_set()),
    "padding behind the pixels": part_10(data_set() + element(0xFFFCFFFC, b"OB", bytes(20))),
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_nothing_is_noted_where_nothing_is_wrong(content: bytes) -> None:
    clip = read_clip(content)
    np.testing.assert_array_equal(frames_of(clip), WANTED)
    assert clip.notes == ()


BARE: dict[str, bytes] = {
    "no preamble, no meta": data_set(),
    "no preamble, no meta, implicit": data_set(vr=False),
    "no preamble, no meta, big endian": data_set(order=">"),
    "no preamble": part_10(data_set())[132:],
    "prefix without preamble": part_10(data_set())[128:],
    "prefix without meta": bytes(128) + b"DICM" + data_set(),
}


@pytest.mark.parametrize("content", BARE.values(), ids=BARE)
def test_preamble_and_meta_may_be_missing(content: bytes, tmp_path: Path) -> None:
    np.testing.assert_array_equal(frames_of(read_clip(content)), WANTED)
    (tmp_path / "object").write_bytes(content)
    assert read_header(tmp_path / "object").Rows == 4


@pytest.mark.parametrize("group_length", [0, 12, 4000, 0xFFFFFFF0])
def test_a_wrong_group_length_does_not_matter(group_length: int) -> None:
    np.testing.assert_array_equal(frames_of(read_clip(part_10(data_set(), group_length=group_length))), WANTED)


def deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


OTHERWISE: dict[str, tuple[str, bytes]] = {
    "implicit called explicit": (uid.ExplicitVRLittleEndian, data_set(vr=False)),
    "explicit called implicit": (uid.ImplicitVRLittleEndian, data_set()),
    "big endian called little": (uid.ExplicitVRLittleEndian, data_set(order=">")),
    "little endian called big": (uid.ExplicitVRBigEndian, data_set()),
    "implicit called big": (uid.ExplicitVRBigEndian, data_set(vr=False)),
    "deflated, not said": (uid.ExplicitVRLittleEndian, deflated(data_set())),
    "not deflated, said": (uid.DeflatedExplicitVRLittleEndian, data_set()),
    "deflated with zlib's head": (uid.DeflatedExplicitVRLittleEndian, zlib.compress(data_set())),
    "implicit called JPEG, uncompressed": (uid.JPEGBaseline8Bit, data_set(vr=False)),
}


@pytest.mark.parametrize(("syntax", "content"), OTHERWISE.values(), ids=OTHERWISE)
def test_the_encoding_is_that_of_the_bytes(syntax: str, content: bytes) -> None:
    clip = read_clip(part_10(content, syntax))
    np.testing.assert_array_equal(frames_of(clip), WANTED)
    assert clip.notes or "zlib" in syntax or syntax == uid.DeflatedExplicitVRLittleEndian


def content_of(path: Path, data: bytes) -> Content:
    path.write_bytes(data)
    return read_content(path)


@pytest.mark.parametrize(("syntax", "content"), OTHERWISE.values(), ids=OTHERWISE)
def test_other_pixels_are_told_apart_whatever_the_syntax_says(syntax: str, content: bytes, tmp_path: Path) -> None:
    """Where not read, they would pass for a duplicate, and be lost."""
    plain, other = data_set(), data_set(pixels=PIXELS[::-1])
    if content.startswith(plain[:8]):
        changed = other
    elif content[:4] == plain[:4]:
        changed = data_set(pixels=PIXELS[::-1], vr=False)
    elif content[:2] == b"\0\x08":
        changed = data_set(pixels=PIXELS[::-1], order=">")
    else:
        changed = zlib.compress(other) if content[:1] == b"\x78" else deflated(other)
    ours, theirs = (content_of(tmp_path / "object", part_10(data, syntax)) for data in (content, changed))
    assert ours.content_hash == theirs.content_hash
    assert None is not ours.pixel_hash != theirs.pixel_hash


def test_a_cut_file_gives_its_whole_frames() -> None:
    clip = read_clip(part_10(data_set()[:-10]))
    np.testing.assert_array_equal(frames_of(clip), WANTED[:1])
    assert "cut short: 1 frame in the object, 2 by its Number of Frames" in clip.notes


def test_a_cut_deflated_file_gives_its_whole_frames() -> None:
    random = np.random.default_rng(1).integers(0, 256, 48, np.uint8).tobytes()
    clip = read_clip(part_10(deflated(data_set(pixels=random))[:-12], uid.DeflatedExplicitVRLittleEndian))
    assert len(clip.frames) == 1
    assert any("cut short" in note for note in clip.notes)


@pytest.mark.parametrize(("missing", "reason"), [(50, "no pixel data"), (51, "breaks off before the pixels")])
def test_a_file_cut_in_the_header_says_so(tmp_path: Path, missing: int, reason: str) -> None:
    """Behind an element, and within one."""
    cut = part_10(data_set()[: len(header()) - missing])
    with pytest.raises(UnreadableClip, match=reason):
        read_clip(cut)
    assert content_of(tmp_path / "object", cut).study_instance_uid == "1.2.3"


def test_a_deflated_data_set_is_not_inflated_beyond_what_its_size_makes_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.objects.stored_object.EVER_INFLATED_BYTES", 1 << 20)
    bomb = part_10(deflated(data_set(element(0x00189999, b"UN", bytes(1 << 23)))), uid.DeflatedExplicitVRLittleEndian)
    with pytest.raises(UnreadableClip, match="inflates to more than 1 MiB"):
        read_clip(bomb)


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = element(0x00409092, b"SQ", item(inner, length=UNDEFINED) + ITEM_END, length=UNDEFINED) + SEQUENCE_END
    return inner


@pytest.mark.parametrize("behind", [b"garbage behind the pixels", bytes(3), b"\xff" * 40])
def test_what_stands_behind_the_data_set_is_noted(behind: bytes) -> None:
    clip = read_clip(part_10(data_set() + behind))
    np.testing.assert_array_equal(frames_of(clip), WANTED)
    assert clip.notes == (f"{len(behind)} bytes behind the data set passed over",)


def test_attributes_behind_the_pixels_are_read() -> None:
    whole = data_set()
    at = len(header()) - 10 * 6
    clip = read_clip(part_10(whole[:at] + whole[len(header()) :] + whole[at : len(header())]))
    np.testing.assert_array_equal(frames_of(clip), WANTED)
    assert clip.notes == ("elements behind the pixels that belong before them",)


NOT_THERE = element(0x7FE00010, b"OB", b"", length=0xFFFFFFFE)
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "sequences in sequences": (uid.ExplicitVRLittleEndian, lambda: data_set(nested(10_000))),
    "elements without end": (uid.ExplicitVRLittleEndian, lambda: header(element(0x00181030, b"LO", b"") * 6_000)),
    "items without end": (uid.ExplicitVRLittleEndian, lambda: data_set(sequence=sequence([item(b"")] * 6_000))),
    "four gigabytes that are not there": (uid.ExplicitVRLittleEndian, lambda: header() + NOT_THERE),
    "deflated to nothing but zeros": (
        uid.DeflatedExplicitVRLittleEndian,
        lambda: deflated(data_set(element(0x00189999, b"UN", bytes(1 << 22)))),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("syntax", "make"), BOMBS.values(), ids=BOMBS)
def test_what_would_cost_too_much_ends_with_a_plain_reason(
    syntax: str, make: Callable[[], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.objects.stored_object.LARGEST_INFLATED_BYTES", 1 << 20)
    monkeypatch.setattr("node.objects.element_walk.MOST_ELEMENTS", 5_000)
    data = part_10(make(), syntax)
    with pytest.raises(UnreadableClip) as caught:
        read_clip(data)
    assert "MemoryError" not in str(caught.value)
    assert "RecursionError" not in str(caught.value)
    path = tmp_path / "object"
    path.write_bytes(data)
    try:
        assert read_content(path).pixel_hash is None
    except Unparseable as error:
        assert "Error" not in str(error)  # noqa: PT017


def test_as_many_sequences_as_are_allowed_are_read() -> None:
    np.testing.assert_array_equal(frames_of(read_clip(part_10(data_set(nested(DEEPEST_SEQUENCE))))), WANTED)
