"""Pixels are decoded by what stands in them, and a note says where the header or the transfer syntax says otherwise."""

import io
import struct
from collections.abc import Callable
from typing import Any

import av
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import convert_color_space

from models.clip import Clip
from node.errors import UnreadableClip
from node.objects import pixels as pixels_module
from node.objects.clip_reader import open_clip, read_clip
from tests.unit.node.objects.ultrasound_object import as_file, fragments, jpeg_frames, moving_picture, ultrasound_object

PICTURE = moving_picture()
GREY = PICTURE[..., 0]
ALL = slice(None)


def echo(frames: int = 3, rows: int = 48, columns: int = 64) -> NDArray[np.uint8]:
    """As echo is: black outside a sector of speckle, one coloured line."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[:rows, :columns]
    grey = np.clip(random.rayleigh(60, (frames, rows, columns)), 20, 255).astype(np.uint8)
    grey[:, np.abs(x - columns / 2) > y * 0.6] = 0
    picture = np.repeat(grey[..., None], 3, axis=-1)
    picture[:, -3:, :, :] = (30, 200, 90)
    return picture


ECHO = echo()
RGB_JPEG = {"colorspace": "RGB", "outcolorspace": "RGB"}


def bare(jpeg: bytes, identifiers: bytes | None = None) -> bytes:
    """Without application markers; with other component identifiers where given."""
    kept, at = bytearray(jpeg[:2]), 2
    renamed: dict[int, int] = {}
    while True:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        segment = bytearray(jpeg[at:end])
        if identifiers and 0xC0 <= jpeg[at + 1] <= 0xC3:
            for index, identifier in enumerate(identifiers):
                renamed[segment[10 + 3 * index]] = identifier
                segment[10 + 3 * index] = identifier
        if identifiers and jpeg[at + 1] == 0xDA:
            for index in range(len(identifiers)):
                segment[5 + 2 * index] = renamed[segment[5 + 2 * index]]
        if not 0xE0 <= jpeg[at + 1] <= 0xEF:
            kept += segment
        at = end
        if kept[-len(segment) + 1 :][:1] == b"\xda" or segment[1] == 0xDA:
            return bytes(kept + jpeg[at:])


def lossless(picture: NDArray[np.uint8], **options: Any) -> list[bytes]:
    return [imagecodecs.jpeg8_encode(np.ascontiguousarray(frame), lossless=True, **options) for frame in picture]


def j2k(picture: NDArray[np.uint8], **options: Any) -> list[bytes]:
    return [imagecodecs.jpeg2k_encode(frame, level=0, codecformat="J2K", **options) for frame in picture]


def jpeg_ls(picture: NDArray[np.uint8]) -> list[bytes]:
    return [imagecodecs.jpegls_encode(np.ascontiguousarray(frame)) for frame in picture]


def packbits(frame: NDArray[np.uint8], pad: bytes = b"") -> bytes:
    """Literal runs alone (PS3.5 G.3.1), a segment for each plane, `pad` behind each."""
    segments = []
    for plane in frame.reshape(-1, frame.shape[-1]).T if frame.ndim == 3 else [frame.reshape(-1)]:
        data = np.ascontiguousarray(plane).tobytes()
        runs = (data[at : at + 128] for at in range(0, len(data), 128))
        segment = b"".join(bytes([len(run) - 1]) + run for run in runs) + pad
        segments.append(segment + b"\0" * (len(segment) % 2))
    offsets = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    return struct.pack("<16L", len(segments), *offsets, *[0] * (15 - len(offsets))) + b"".join(segments)


def ycbcr(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return convert_color_space(picture, "RGB", "YBR_FULL")


def clip_of(parts: list[bytes] | bytes, syntax: str, photometric: str, picture: NDArray[np.uint8] = ECHO, **given: Any) -> Clip:
    data = encapsulate(parts, has_bot=False) if isinstance(parts, list) else parts
    given = {"Rows": picture.shape[1], "Columns": picture.shape[2], "PhotometricInterpretation": photometric, **given}
    return read_clip(as_file(ultrasound_object(data, syntax, frames=given.pop("frames", len(picture)), **given)))


def far(clip: Clip, picture: NDArray[np.uint8] = ECHO) -> int:
    assert clip.frames.shape == picture.shape
    return int(np.abs(clip.frames.astype(int) - picture).max())


COLOURS: dict[str, tuple[Callable[[], list[bytes] | bytes], str, str, int]] = {
    "RGB by identifiers": (
        lambda: [bare(frame, b"RGB") for frame in jpeg_frames(ECHO, **RGB_JPEG, subsampling="444")],
        uid.JPEGBaseline8Bit, "YBR_FULL_422", 30,
    ),
    "YCbCr by subsampling": (
        lambda: [bare(frame) for frame in jpeg_frames(ECHO, subsampling="422")], uid.JPEGBaseline8Bit, "RGB", 90,
    ),
    "YCbCr by the picture": (
        lambda: [bare(frame) for frame in jpeg_frames(ECHO, subsampling="444")], uid.JPEGBaseline8Bit, "RGB", 30,
    ),
    "RGB by the picture": (
        lambda: [bare(frame) for frame in jpeg_frames(ECHO, **RGB_JPEG, subsampling="444")],
        uid.JPEGBaseline8Bit, "YBR_FULL_422", 30,
    ),
    "lossless RGB by Adobe's marker": (lambda: lossless(ECHO), uid.JPEGLosslessSV1, "YBR_FULL_422", 0),
    "lossless RGB by the picture": (
        lambda: [bare(frame, b"\1\2\3") for frame in lossless(ECHO)], uid.JPEGLosslessSV1, "YBR_FULL", 0,
    ),
    "lossless YCbCr by the picture": (
        lambda: [bare(frame, b"\1\2\3") for frame in lossless(ycbcr(ECHO), **RGB_JPEG)], uid.JPEGLosslessSV1, "RGB", 2,
    ),
    "JPEG 2000 with its transform": (lambda: j2k(ECHO), uid.JPEG2000Lossless, "YBR_FULL", 0),
    "JPEG 2000 without, RGB": (lambda: j2k(ECHO, mct=False), uid.JPEG2000Lossless, "YBR_FULL", 0),
    "JPEG 2000 without, YCbCr": (lambda: j2k(ycbcr(ECHO), mct=False), uid.JPEG2000Lossless, "YBR_RCT", 2),
    "JPEG-LS, RGB": (lambda: jpeg_ls(ECHO), uid.JPEGLSLossless, "YBR_FULL", 0),
    "JPEG-LS, YCbCr": (lambda: jpeg_ls(ycbcr(ECHO)), uid.JPEGLSLossless, "RGB", 2),
    "RLE, RGB": (lambda: [packbits(frame) for frame in ECHO], uid.RLELossless, "YBR_FULL", 0),
    "native RGB": (ECHO.tobytes, uid.ExplicitVRLittleEndian, "YBR_FULL", 0),
    "native RGB called 422": (ECHO.tobytes, uid.ExplicitVRLittleEndian, "YBR_FULL_422", 0),
    "native YCbCr": (lambda: ycbcr(ECHO).tobytes(), uid.ExplicitVRLittleEndian, "RGB", 2),
}  # fmt: skip


@pytest.mark.parametrize(("make", "syntax", "photometric", "tolerance"), COLOURS.values(), ids=COLOURS)
def test_the_colours_are_those_of_the_bytes(
    make: Callable[[], list[bytes] | bytes], syntax: str, photometric: str, tolerance: int
) -> None:
    clip = clip_of(make(), syntax, photometric)
    assert far(clip) <= tolerance
    assert any(photometric in note for note in clip.notes)


RIGHT: dict[str, tuple[Callable[[], list[bytes] | bytes], str, str]] = {
    "JPEG": (lambda: jpeg_frames(ECHO), uid.JPEGBaseline8Bit, "YBR_FULL_422"),
    "lossless JPEG": (lambda: lossless(ECHO), uid.JPEGLosslessSV1, "RGB"),
    "JPEG 2000": (lambda: j2k(ECHO), uid.JPEG2000Lossless, "YBR_RCT"),
    "JPEG 2000 called RGB": (lambda: j2k(ECHO), uid.JPEG2000Lossless, "RGB"),
    "JPEG-LS": (lambda: jpeg_ls(ECHO), uid.JPEGLSLossless, "RGB"),
    "RLE": (lambda: [packbits(frame) for frame in ECHO], uid.RLELossless, "RGB"),
    "RLE, YCbCr": (lambda: [packbits(frame) for frame in ycbcr(ECHO)], uid.RLELossless, "YBR_FULL"),
    "native": (ECHO.tobytes, uid.ExplicitVRLittleEndian, "RGB"),
}


@pytest.mark.parametrize(("make", "syntax", "photometric"), RIGHT.values(), ids=RIGHT)
def test_nothing_is_noted_where_header_and_bytes_agree(
    make: Callable[[], list[bytes] | bytes], syntax: str, photometric: str
) -> None:
    clip = clip_of(make(), syntax, photometric)
    assert clip.notes == ()
    assert far(clip) <= (90 if syntax == uid.JPEGBaseline8Bit else 2)


@pytest.mark.parametrize("planar", [0, 1])
def test_samples_that_lie_the_other_way_than_said(planar: int) -> None:
    data = ECHO.tobytes() if planar else ECHO.transpose(0, 3, 1, 2).tobytes()
    clip = clip_of(data, uid.ExplicitVRLittleEndian, "RGB", PlanarConfiguration=planar)
    assert far(clip) <= 2
    assert clip.notes == ("the samples lie the other way than Planar Configuration says",)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("colour", [(255, 255, 0), (0, 0, 0), (200, 30, 30)])
def test_flat_colours_prove_nothing_against_the_header(planar: int, colour: tuple[int, int, int]) -> None:
    """A region of colour flow is flat, and its planes alike byte by byte, whichever way it lies."""
    picture = np.copy(ECHO)
    picture[:, 4:] = colour
    stored = picture.transpose(0, 3, 1, 2) if planar else picture
    clip = clip_of(stored.tobytes(), uid.ExplicitVRLittleEndian, "RGB", PlanarConfiguration=planar)
    np.testing.assert_array_equal(clip.frames, picture)
    assert clip.notes == ()


def mpeg_4(picture: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = picture.shape[2], picture.shape[1], "yuv420p", 4_000_000
        for frame in picture:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


ENCODED: dict[str, Callable[[], list[bytes]]] = {
    uid.JPEGBaseline8Bit: lambda: jpeg_frames(ECHO),
    uid.JPEGLosslessSV1: lambda: lossless(ECHO),
    uid.JPEG2000Lossless: lambda: j2k(ECHO),
    uid.JPEGLSLossless: lambda: jpeg_ls(ECHO),
    uid.RLELossless: lambda: [packbits(frame) for frame in ECHO],
    uid.MPEG4HP41: lambda: [mpeg_4(ECHO)],
}
CALLED = (uid.ExplicitVRLittleEndian, *ENCODED)


def call(dataset: Dataset, syntax: str) -> bytes:
    """The same bytes under another transfer syntax, which pydicom would not write."""
    data = as_file(dataset)
    old = dataset.file_meta.TransferSyntaxUID
    said = old.encode() + b"\0" * (len(old) % 2)
    new = syntax.encode() + b"\0" * (len(syntax) % 2)
    head = b"\x02\x00\x10\x00UI"
    changed = data.replace(head + struct.pack("<H", len(said)) + said, head + struct.pack("<H", len(new)) + new, 1)
    length = struct.unpack_from("<L", data, 140)[0] + len(new) - len(said)
    return changed[:140] + struct.pack("<L", length) + changed[144:]


@pytest.mark.parametrize("said", CALLED)
@pytest.mark.parametrize("syntax", ENCODED)
def test_a_frame_is_decoded_by_what_it_is(syntax: str, said: str) -> None:
    photometric = "YBR_FULL_422" if syntax in (uid.JPEGBaseline8Bit, uid.MPEG4HP41) else "RGB"
    dataset = ultrasound_object(
        fragments(ENCODED[syntax]()), syntax, frames=3, Rows=48, Columns=64, PhotometricInterpretation=photometric
    )
    clip = read_clip(call(dataset, said))
    assert np.abs(clip.frames.astype(int) - ECHO).mean() < (15 if photometric != "RGB" else 0.01)
    assert (syntax == said) == (not any("transfer syntax" in note for note in clip.notes))


@pytest.mark.parametrize("said", list(ENCODED))
def test_uncompressed_pixels_under_a_compressed_syntax(said: str) -> None:
    clip = read_clip(call(ultrasound_object(ECHO), said))
    np.testing.assert_array_equal(clip.frames, ECHO)
    assert any("uncompressed" in note for note in clip.notes)


def test_a_codestream_without_fragments_around_it() -> None:
    frame = j2k(ECHO[:1])[0]
    dataset = ultrasound_object(frame, frames=1, Rows=48, Columns=64)
    clip = read_clip(call(dataset, uid.JPEG2000Lossless))
    np.testing.assert_array_equal(clip.frames, ECHO[:1])
    assert clip.notes


@pytest.mark.parametrize("header", ["RGB", "YBR_FULL_422"])
@pytest.mark.parametrize("syntax", [uid.JPEGBaseline8Bit, uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.RLELossless])
def test_one_sample_where_the_header_says_three(syntax: str, header: str) -> None:
    grey = np.ascontiguousarray(ECHO[..., 0])
    encode: dict[str, Callable[[NDArray[np.uint8]], bytes]] = {
        uid.JPEGBaseline8Bit: lambda frame: imagecodecs.jpeg8_encode(frame, level=100),
        uid.JPEG2000Lossless: lambda frame: imagecodecs.jpeg2k_encode(frame, level=0, codecformat="J2K"),
        uid.JPEGLSLossless: imagecodecs.jpegls_encode,
        uid.RLELossless: packbits,
    }
    clip = clip_of([encode[syntax](frame) for frame in grey], syntax, header)
    assert far(clip, np.repeat(grey[..., None], 3, -1)) <= (6 if syntax == uid.JPEGBaseline8Bit else 0)
    assert any("1 sample" in note for note in clip.notes)


@pytest.mark.parametrize("syntax", [s for s in ENCODED if s != uid.MPEG4HP41])
def test_three_samples_where_the_header_says_one(syntax: str) -> None:
    given = {"SamplesPerPixel": 1, "PlanarConfiguration": None}
    clip = clip_of(ENCODED[syntax](), syntax, "MONOCHROME2", **given)
    assert np.abs(clip.frames.astype(int) - ECHO).mean() < (15 if syntax == uid.JPEGBaseline8Bit else 0.01)
    assert any("3 samples" in note for note in clip.notes)


def test_8_bits_where_the_header_says_12_in_16() -> None:
    grey = np.ascontiguousarray(ECHO[..., 0])
    given = {"SamplesPerPixel": 1, "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PlanarConfiguration": None}
    clip = clip_of([imagecodecs.jpegls_encode(frame) for frame in grey], uid.JPEGLSLossless, "MONOCHROME2", **given)
    assert far(clip, np.repeat(grey[..., None], 3, -1)) == 0
    assert clip.notes


def test_16_bits_where_the_header_says_8() -> None:
    grey = np.ascontiguousarray(ECHO[..., 0])
    given = {"SamplesPerPixel": 1, "PlanarConfiguration": None}
    coded = [imagecodecs.jpegls_encode(frame.astype(np.uint16) * 257) for frame in grey]
    clip = clip_of(coded, uid.JPEGLSLossless, "MONOCHROME2", **given)
    assert far(clip, np.repeat(grey[..., None], 3, -1)) == 0
    assert clip.notes


def test_native_8_bits_where_the_header_says_16() -> None:
    dataset = ultrasound_object(np.ascontiguousarray(ECHO[..., 0]))
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    clip = read_clip(as_file(dataset))
    assert far(clip, np.repeat(ECHO[..., :1], 3, -1)) == 0
    assert clip.notes


def test_native_grey_where_the_header_says_three_samples() -> None:
    clip = clip_of(ECHO[..., 0].tobytes(), uid.ExplicitVRLittleEndian, "RGB")
    np.testing.assert_array_equal(clip.frames[:, :-3], ECHO[:, :-3])
    assert clip.notes


def test_a_codestream_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(UnreadableClip, match="48 x 64 in the JPEG data, 24 x 32 by the header"):
        clip_of(jpeg_frames(ECHO), uid.JPEGBaseline8Bit, "YBR_FULL_422", Rows=24, Columns=32)


class TestRLE:
    @pytest.mark.parametrize("pad", [b"\0\0", b"\0" * 7, b"\x80\x80", b"\xff\0\xff\0"])
    def test_padded_segments(self, pad: bytes) -> None:
        assert far(clip_of([packbits(frame, pad) for frame in ECHO], uid.RLELossless, "RGB")) == 0

    def test_a_segment_that_ends_early_is_named(self) -> None:
        short = [packbits(ECHO[0]), packbits(ECHO[1])[:-200], packbits(ECHO[2])]
        with pytest.raises(UnreadableClip, match="frame 2 of 3 cannot be decoded"):
            clip_of(short, uid.RLELossless, "RGB")

    def test_16_bits(self) -> None:
        grey = np.ascontiguousarray(ECHO[..., 0])
        planes = [np.stack([frame, frame], -1) for frame in grey]  # v * 257
        given = {"SamplesPerPixel": 1, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "PlanarConfiguration": None}
        for pad in (b"", b"\0\0"):
            clip = clip_of([packbits(frame, pad) for frame in planes], uid.RLELossless, "MONOCHROME2", **given)
            assert far(clip, np.repeat(grey[..., None], 3, -1)) == 0


class TestFrames:
    coded = jpeg_frames(ECHO)

    def clip(self, data: bytes, **given: Any) -> Clip:
        clip = clip_of(data, uid.JPEGBaseline8Bit, "YBR_FULL_422", **given)
        assert np.abs(clip.frames.astype(int) - ECHO[: len(clip.frames)]).mean() < 15
        return clip

    @pytest.mark.parametrize("stated", [None, 0, 1, 2, 4, 30])
    @pytest.mark.parametrize("per_frame", [1, 2])
    def test_a_number_of_frames_that_is_wrong(self, stated: int | None, per_frame: int) -> None:
        parts = [part for frame in self.coded for part in ([frame] if per_frame == 1 else [frame[:300], frame[300:]])]
        clip = self.clip(fragments(parts) + b"\xfe\xff\xdd\xe0" + bytes(4), NumberOfFrames=stated)
        assert len(clip.frames) == 3
        assert any("3 frames" in note for note in clip.notes)

    def test_all_frames_in_one_fragment(self) -> None:
        assert len(self.clip(fragments([b"".join(frame + b"\0" * (len(frame) % 2) for frame in self.coded)])).frames) == 3

    def test_an_extended_offset_table(self) -> None:
        parts = [part for frame in self.coded for part in (frame[:300], frame[300:])]
        padded = [len(part) + len(part) % 2 + 8 for part in parts]
        offsets = [sum(padded[: 2 * index]) for index in range(3)]
        dataset = ultrasound_object(
            fragments(parts), uid.JPEGBaseline8Bit, frames=3, Rows=48, Columns=64, PhotometricInterpretation="YBR_FULL_422"
        )
        dataset.ExtendedOffsetTable = struct.pack("<3Q", *offsets)
        dataset.ExtendedOffsetTableLengths = struct.pack("<3Q", *[len(frame) for frame in self.coded])
        assert read_clip(as_file(dataset)).number_of_frames == 3

    def test_offset_tables_that_are_wrong(self) -> None:
        parts = [part for frame in self.coded for part in (frame[:300], frame[300:])]
        for table in (b"\0" * 12, struct.pack("<3L", 0, 1, 2), struct.pack("<2L", 0, 308), b"\xff" * 400):
            assert len(self.clip(fragments(parts, table)).frames) == 3

    def cut(self, missing: int, **given: Any) -> Clip:
        dataset = ultrasound_object(
            fragments(self.coded), uid.JPEGBaseline8Bit, frames=3, Rows=48, Columns=64, PhotometricInterpretation="YBR_FULL_422"
        )
        return read_clip(as_file(dataset)[:-missing])

    @pytest.mark.parametrize("missing", [1, 8, 9, 20, 200])
    def test_a_cut_file_gives_its_whole_frames(self, missing: int) -> None:
        clip = self.cut(missing)
        assert len(clip.frames) == (3 if missing <= 8 else 2)
        assert clip.notes or missing < 8  # a part of the delimiter is enough
        assert np.abs(clip.frames.astype(int) - ECHO[: len(clip.frames)]).mean() < 15

    def test_a_file_cut_in_its_first_frame_says_so(self) -> None:
        with pytest.raises(UnreadableClip, match="before the end of the first frame"):
            self.cut(len(b"".join(self.coded)) - 100)

    @pytest.mark.parametrize("wrong", [-2, 2, 40, -40])
    def test_a_fragment_of_another_length_than_it_says(self, wrong: int) -> None:
        data = bytearray(fragments(self.coded))
        length = struct.unpack_from("<L", data, 12)[0]
        struct.pack_into("<L", data, 12, length + wrong)
        clip = self.clip(bytes(data))
        assert len(clip.frames) == 3
        assert any("fragment" in note for note in clip.notes)

    def test_a_fragment_of_odd_length(self) -> None:
        data = b"".join(
            b"\xfe\xff\x00\xe0" + struct.pack("<L", len(part) | 1) + part + bytes(2 - len(part) % 2)
            for part in (b"", *self.coded)
        )
        data = b"\xfe\xff\x00\xe0" + bytes(4) + data[10:]
        assert len(self.clip(data).frames) == 3

    def test_garbage_behind_the_fragments(self) -> None:
        clip = self.clip(fragments(self.coded) + b"\x13garbage" * 5)
        assert len(clip.frames) == 3
        assert clip.notes

    def test_native_frames_beyond_those_stated(self) -> None:
        clip = read_clip(as_file(ultrasound_object(ECHO, NumberOfFrames=2)))
        np.testing.assert_array_equal(clip.frames, ECHO)
        assert clip.notes == ("3 frames in the object, 2 by its Number of Frames",)

    def test_bytes_behind_native_frames_are_no_frame(self) -> None:
        dataset = ultrasound_object(ECHO.tobytes() + bytes(500), frames=3, Rows=48, Columns=64)
        clip = read_clip(as_file(dataset))
        assert len(clip.frames) == 3
        assert clip.notes == ("500 bytes behind the last frame passed over",)

    def test_native_frames_without_their_number(self) -> None:
        clip = read_clip(as_file(ultrasound_object(ECHO, NumberOfFrames=None)))
        np.testing.assert_array_equal(clip.frames, ECHO)
        assert clip.notes == ("3 frames in the object, and no Number of Frames",)


def huge_jpeg() -> bytes:
    frame = bytearray(jpeg_frames(ECHO)[0])
    at = frame.index(b"\xff\xc0")
    frame[at + 5 : at + 9] = struct.pack(">HH", 65000, 65000)
    return bytes(frame)


def huge_j2k(tiles: int | None = None) -> bytes:
    frame = bytearray(j2k(ECHO)[0])
    struct.pack_into(">LL", frame, 8, 0xFFFFFFF0, 0xFFFFFFF0)
    return bytes(frame)


def many_scans() -> bytes:
    """A progressive JPEG whose last scan is there again and again."""
    buffer = io.BytesIO()
    Image.fromarray(ECHO[0]).save(buffer, "JPEG", progressive=True)
    frame = buffer.getvalue()
    last = frame.rindex(b"\xff\xda")
    return frame[:-2] + frame[last:-2] * 200 + frame[-2:]


BOMBS: dict[str, tuple[list[bytes], str, dict[str, Any]]] = {
    "JPEG far beyond the header": ([huge_jpeg()], uid.JPEGBaseline8Bit, {}),
    "JPEG with the header's consent": ([huge_jpeg()], uid.JPEGBaseline8Bit, {"Rows": 65000, "Columns": 65000}),
    "JPEG of many scans": ([many_scans()], uid.JPEGBaseline8Bit, {}),
    "JPEG 2000 far beyond the header": ([huge_j2k()], uid.JPEG2000Lossless, {}),
    "RLE far beyond its bytes": ([packbits(ECHO[0])], uid.RLELossless, {"Rows": 65535, "Columns": 65535}),
    "many large frames": (jpeg_frames(ECHO) * 40, uid.JPEGBaseline8Bit, {"Rows": 8000, "Columns": 8000}),
    "more frames than any memory": ([b"\0" * 64] * 30, uid.RLELossless, {"Rows": 8000, "Columns": 8000}),
}


@pytest.mark.parametrize(("parts", "syntax", "given"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_ends_with_a_plain_reason(
    parts: list[bytes], syntax: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decodes(*_: object) -> None:
        raise AssertionError("decoded before it was checked")

    if syntax != uid.RLELossless:
        monkeypatch.setattr(pixels_module, "decode_samples", decodes)
    with pytest.raises(UnreadableClip) as caught:
        clip_of(parts, syntax, "RGB", frames=len(parts), **given)
    assert "Memory" not in str(caught.value)


def test_a_clip_that_decodes_to_more_than_is_decoded_says_how_much() -> None:
    sized = {"frames": 100, "Rows": 4000, "Columns": 4000, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}
    dataset = ultrasound_object(fragments([packbits(ECHO[0, ..., 0])] * 100), uid.RLELossless, **sized)
    with pytest.raises(UnreadableClip, match="100 frames of 4000 x 4000 are more"):
        open_clip(as_file(dataset))


def test_fragments_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.objects.frame_index.MOST_FRAGMENTS", 1000)
    with pytest.raises(UnreadableClip, match="more than 1000 fragments"):
        clip_of(fragments([b"\1\1"] * 1001), uid.JPEGBaseline8Bit, "YBR_FULL")


def test_a_progressive_jpeg_is_read() -> None:
    buffer = io.BytesIO()
    Image.fromarray(ECHO[0]).save(buffer, "JPEG", progressive=True, quality=95, subsampling=0)
    assert far(clip_of([buffer.getvalue()], uid.JPEGBaseline8Bit, "YBR_FULL", ECHO[:1]), ECHO[:1]) <= 40
