"""Whatever bytes come, reading ends in a clip or in a plain reason; whatever is whole comes out as it was put in."""

import struct
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid

from node.errors import Unparseable, UnreadableClip
from node.objects.character_sets import settle
from node.objects.clip_reader import read_clip
from node.objects.codestream import Kind
from node.objects.colour import SampleBits
from node.objects.content_hash import Content, read_content
from node.objects.frame_decoders import decode_planes
from node.objects.frame_index import fragments, split_frames
from node.objects.header import read_header
from node.objects.image_layout import ImageLayout
from tests.unit.node.objects.test_lenient_reading import READ_ON, WHOLE
from tests.unit.node.objects.test_pixels_by_bytes import ECHO, ENCODED, packbits
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object
from tests.unit.node.objects.ultrasound_object import fragments as encapsulated
from tests.unit.node.objects.written_by_hand import PIXELS, data_set, element, part_10

EXAMPLES = settings(max_examples=120)
SEEDS = [
    *(part_10(content) for content in READ_ON.values()),
    *WHOLE.values(),
    part_10(data_set(vr=False), uid.ImplicitVRLittleEndian),
    part_10(data_set(order=">"), uid.ExplicitVRBigEndian),
    part_10(zlib.compress(data_set())[2:-4], uid.DeflatedExplicitVRLittleEndian),
    *(
        as_file(ultrasound_object(encapsulated(make()), syntax, frames=3, Rows=48, Columns=64))
        for syntax, make in ENCODED.items()
    ),
]
TELLING = (
    b"\xff\xff\xff\xff",
    b"\xfe\xff\xff\xff",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\x0d\xe0",
    b"\xfe\xff\xdd\xe0",
    b"\xff\xd8\xff\xe0",
)


def content_of(data: bytes) -> Content:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "object")
        path.write_bytes(data)
        return read_content(path)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An object with some bytes changed, lost, doubled or put between."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(data) - 1)) | st.integers(128, 900)) % max(1, len(data))
        kind = draw(st.sampled_from(("change", "put", "lose", "double", "cut")))
        if kind == "change":
            data[at : at + 4] = draw(st.sampled_from(TELLING) | st.binary(min_size=1, max_size=4))
        elif kind == "put":
            data[at:at] = draw(st.binary(max_size=30))
        elif kind == "lose":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 200))]
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.filterwarnings("ignore")
@given(damaged() | st.binary(max_size=600))
@EXAMPLES
def test_any_bytes_end_in_a_clip_or_a_plain_reason(data: bytes) -> None:
    said = ""
    try:
        clip = read_clip(data)
        assert clip.frames.shape[0] >= 1
        said += "".join(clip.notes)
    except UnreadableClip as error:
        said += str(error)
    try:
        said += "".join(content_of(data).tolerated)
    except Unparseable as error:
        said += str(error)
    assert "SECRET" not in said


PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), min_size=1, max_size=40)
VALUES = st.dictionaries(
    st.sampled_from([(0x00080060, b"CS"), (0x00081030, b"LO"), (0x00181030, b"LO"), (0x00204000, b"LT"), (0x00104000, b"LT")]),
    PRINTABLE.map(str.encode),
    min_size=1,
)


@given(VALUES)
@EXAMPLES
def test_one_content_whatever_the_encoding(values: dict[tuple[int, bytes], bytes]) -> None:
    def written(*, vr: bool, order: str = "<") -> bytes:
        between = b"".join(
            element(tag, kind if vr else b"", value + b" " * (len(value) % 2), order=order)
            for (tag, kind), value in sorted(values.items())
            if tag > 0x00100010
        )
        return data_set(between, sequence=b"", vr=vr, order=order)

    explicit = content_of(part_10(written(vr=True)))
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(written(vr=True)) + deflater.flush()
    assert explicit.tolerated == ()
    for data in (
        part_10(written(vr=False), uid.ImplicitVRLittleEndian),
        part_10(deflated, uid.DeflatedExplicitVRLittleEndian),
        part_10(written(vr=False)),
        written(vr=True),
    ):
        other = content_of(data)
        assert (other.content_hash, other.pixel_hash) == (explicit.content_hash, explicit.pixel_hash)


@given(st.integers(1, 6), st.lists(st.integers(1, 5), min_size=6, max_size=6), st.booleans(), st.none() | st.integers(1, 9))
@EXAMPLES
def test_frames_come_out_however_they_are_fragmented(
    count: int, pieces: list[int], with_table: bool, stated: int | None
) -> None:
    frames = [b"\xff\xd8\xff\xc0" + bytes([index]) * (40 + 2 * index) + b"\xff\xd9" for index in range(count)]
    parts: list[bytes] = []
    offsets, at = [], 0
    for frame, wanted in zip(frames, pieces, strict=False):
        offsets.append(at)
        size = -(-len(frame) // wanted // 2) * 2 or 2
        split = [frame[start : start + size] for start in range(0, len(frame), size)]
        parts += split
        at += sum(len(part) + len(part) % 2 + 8 for part in split)
    table = struct.pack(f"<{count}L", *offsets) if with_table else b""
    data = encapsulated(parts, table) + b"\xfe\xff\xdd\xe0" + bytes(4)
    if stated is not None and stated != count and len(parts) == stated:
        stated = None  # as many fragments as frames: then each is taken for one
    assert split_frames(fragments(data, lambda _: None), Kind.JPEG, stated) == frames


@given(st.binary(max_size=300), st.integers(0, 1 << 32), st.integers(-1, 20))
@EXAMPLES
def test_any_rle_gives_whole_planes_or_an_error(tail: bytes, seed: int, at: int) -> None:
    frame = ECHO[0][:8, :8]
    layout = ImageLayout(8, 8, 3, 8, SampleBits(8, 7, False), False, "RGB", 1)
    encoded = bytearray(packbits(frame) + tail)
    assert decode_planes(bytes(encoded), layout).tolist() == frame.reshape(-1, 3).T.reshape(-1).tolist()
    if at >= 0:
        encoded[at * 4 % 64 : at * 4 % 64 + 4] = struct.pack("<L", seed & 0xFFFFFFFF)
    with suppress(ValueError):
        assert decode_planes(bytes(encoded), layout).size == 192


@given(st.text(max_size=40), st.lists(st.binary(min_size=1, max_size=30), max_size=4))
@EXAMPLES
def test_any_character_set_is_settled(stated: str, texts: list[bytes]) -> None:
    settle(stated, texts, "ISO_IR 100")


@given(st.text(st.characters(categories=("L",)), max_size=20))
@EXAMPLES
def test_any_name_in_utf_8_is_read(name: str) -> None:
    if not name or name.isascii():
        return
    content = data_set().replace(element(0x00100010, b"PN", b"SECRET^NAME"), element(0x00100010, b"PN", name.encode()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "object")
        path.write_bytes(part_10(content))
        assert str(read_header(path).PatientName) == name
    np.testing.assert_array_equal(read_clip(part_10(content)).frames[..., 0].reshape(-1), np.frombuffer(PIXELS, np.uint8))
