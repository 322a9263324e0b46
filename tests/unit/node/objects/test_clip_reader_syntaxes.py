"""Every transfer syntax and photometric interpretation, against the picture that went in and against pydicom."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import av
import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_color_lut, convert_color_space

from node.errors import UnreadableClip
from node.objects.clip_reader import read_clip
from tests.unit.node.objects.ultrasound_object import as_file, fragments, jpeg_frames, moving_picture, ultrasound_object

PICTURE = moving_picture()
GREY = PICTURE[..., 0]


def read(dataset: Dataset) -> NDArray[np.uint8]:
    return read_clip(as_file(dataset)).frames


def largest_difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def as_rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[..., None], 3, axis=-1)


@pytest.mark.parametrize(
    "syntax",
    [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian],
)
@pytest.mark.parametrize("planar", [0, 1])
def test_native_rgb(syntax: str, planar: int) -> None:
    stored = PICTURE.transpose(0, 3, 1, 2) if planar else PICTURE
    dataset = ultrasound_object(stored.tobytes(), syntax, PlanarConfiguration=planar)
    np.testing.assert_array_equal(read(dataset), PICTURE)


def test_big_endian_words_of_8_bit_samples_are_swapped_back() -> None:
    swapped = PICTURE.reshape(-1, 2)[:, ::-1].tobytes()
    dataset = ultrasound_object(swapped, uid.ExplicitVRBigEndian)
    dataset["PixelData"].VR = "OW"
    np.testing.assert_array_equal(read(dataset), PICTURE)


def test_monochrome() -> None:
    np.testing.assert_array_equal(read(ultrasound_object(GREY)), as_rgb(GREY))
    inverted = ultrasound_object(GREY, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read(inverted), as_rgb(255 - GREY))


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_twelve_bits_in_sixteen_become_eight(syntax: str) -> None:
    values = (GREY.astype(np.uint16) * 16) | 0xF000  # the upper four bits are somebody's overlay
    order = ">u2" if syntax == uid.ExplicitVRBigEndian else "<u2"
    dataset = ultrasound_object(values.astype(order), syntax, BitsStored=12, HighBit=11)
    assert largest_difference(read(dataset), as_rgb(GREY)) <= 1


def test_signed_samples_start_at_their_lowest() -> None:
    dataset = ultrasound_object((GREY.astype(np.int16) - 128).astype(np.int8).view(np.uint8), PixelRepresentation=1)
    np.testing.assert_array_equal(read(dataset), as_rgb(GREY))


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
def test_native_luma_and_chroma(photometric: str) -> None:
    """The 4:2:2 form is the one that pydicom's iter_pixels cannot read over several frames."""
    ybr = convert_color_space(PICTURE, "RGB", "YBR_FULL")
    if photometric == "YBR_FULL_422":
        pairs = ybr.reshape(-1, 2, 3)
        ybr = np.stack([pairs[:, 0, 0], pairs[:, 1, 0], pairs[:, 0, 1], pairs[:, 0, 2]], axis=-1)
    dataset = ultrasound_object(ybr.tobytes(), PhotometricInterpretation=photometric)
    tolerance = 16 if photometric == "YBR_FULL_422" else 2  # two pixels share their chroma
    assert largest_difference(read(dataset), PICTURE) <= tolerance
    reference = pydicom.dcmread(io.BytesIO(as_file(dataset))).pixel_array
    assert largest_difference(read(dataset), reference) <= 2


def test_full_chroma_called_422_is_read_and_noted() -> None:
    ybr = convert_color_space(PICTURE, "RGB", "YBR_FULL")
    clip = read_clip(as_file(ultrasound_object(ybr.tobytes(), PhotometricInterpretation="YBR_FULL_422")))
    assert largest_difference(clip.frames, PICTURE) <= 2
    assert any("YBR_FULL" in note for note in clip.notes)


def with_palette(dataset: Dataset, table: NDArray[np.uint8], bits: int, *, spread: bool = True) -> Dataset:
    """`spread` fills all of 16 bits; without it the low byte alone, as some senders do."""
    words = table.astype("<u2") * (257 if spread else 1)
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for index, colour in enumerate(("Red", "Green", "Blue")):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, bits])
        entries = words[:, index] if bits == 16 else table[:, index]
        setattr(dataset, f"{colour}PaletteColorLookupTableData", np.ascontiguousarray(entries).tobytes())
        dataset[f"{colour}PaletteColorLookupTableData"].VR = "OW"
    return dataset


TABLE = np.random.default_rng(5).integers(0, 256, (256, 3), dtype=np.uint8)


@pytest.mark.parametrize(("bits", "spread"), [(8, True), (16, True), (16, False)])
def test_palette(bits: int, spread: bool) -> None:
    dataset = with_palette(ultrasound_object(GREY), TABLE, bits, spread=spread)
    np.testing.assert_array_equal(read(dataset), TABLE[GREY])


def test_palette_of_a_big_endian_object() -> None:
    dataset = with_palette(ultrasound_object(GREY, uid.ExplicitVRBigEndian), TABLE, 16)
    for colour in ("Red", "Green", "Blue"):
        element = dataset[f"{colour}PaletteColorLookupTableData"]
        element.value = np.frombuffer(element.value, "<u2").astype(">u2").tobytes()
    np.testing.assert_array_equal(read(dataset), TABLE[GREY])


@pytest.mark.parametrize("pixels", [PICTURE, GREY, GREY.astype(np.uint16) * 257], ids=["rgb", "grey", "grey16"])
def test_rle(pixels: NDArray[np.uint8]) -> None:
    dataset = ultrasound_object(pixels)
    dataset.compress(uid.RLELossless, generate_instance_uid=False)
    np.testing.assert_array_equal(read(dataset), PICTURE if pixels.ndim == 4 else as_rgb(GREY))


def test_rle_with_palette_and_with_chroma() -> None:
    palette = with_palette(ultrasound_object(GREY), TABLE, 8)
    palette.compress(uid.RLELossless, generate_instance_uid=False)
    np.testing.assert_array_equal(read(palette), TABLE[GREY])
    ybr = ultrasound_object(convert_color_space(PICTURE, "RGB", "YBR_FULL").tobytes(), PhotometricInterpretation="YBR_FULL")
    ybr.compress(uid.RLELossless, generate_instance_uid=False)
    assert largest_difference(read(ybr), PICTURE) <= 2


JPEG_ODDITIES = {
    "JFIF marker": ("YBR_FULL_422", {}),
    "JFIF marker against the header": ("RGB", {}),
    "Adobe marker says RGB": ("RGB", {"colorspace": "RGB", "outcolorspace": "RGB"}),
    "Adobe marker against the header": ("YBR_FULL_422", {"colorspace": "RGB", "outcolorspace": "RGB"}),
}


@pytest.mark.parametrize(("photometric", "options"), JPEG_ODDITIES.values(), ids=JPEG_ODDITIES)
def test_jpeg_colours_by_marker(photometric: str, options: dict[str, str]) -> None:
    data = encapsulate(jpeg_frames(PICTURE, **options))
    dataset = ultrasound_object(data, uid.JPEGBaseline8Bit, PhotometricInterpretation=photometric)
    assert largest_difference(read(dataset), PICTURE) <= 16


@pytest.mark.parametrize(("photometric", "stored"), [("RGB", "RGB"), ("YBR_FULL_422", "YCBCR")])
def test_jpeg_colours_by_header_where_no_marker_says(photometric: str, stored: str) -> None:
    bare = [without_markers(frame) for frame in jpeg_frames(PICTURE, colorspace="RGB", outcolorspace=stored)]
    dataset = ultrasound_object(encapsulate(bare), uid.JPEGBaseline8Bit, PhotometricInterpretation=photometric)
    assert largest_difference(read(dataset), PICTURE) <= 16


def without_markers(jpeg: bytes) -> bytes:
    """The same image without JFIF and Adobe segments, its component identifiers 1, 2, 3."""
    kept, at = [jpeg[:2]], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] not in (0xE0, 0xEE):
            kept.append(jpeg[at:end])
        at = end
    return b"".join(kept) + jpeg[at:]


def test_grey_jpeg() -> None:
    data = encapsulate(jpeg_frames(GREY))
    dataset = ultrasound_object(data, uid.JPEGBaseline8Bit, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2")
    assert largest_difference(read(dataset), as_rgb(GREY)) <= 8


Encoder = Callable[[NDArray[np.uint8]], bytes]
LOSSLESS: dict[str, tuple[str, Encoder]] = {
    "JPEG lossless": (uid.JPEGLosslessSV1, lambda frame: imagecodecs.jpeg8_encode(frame, lossless=True)),
    "JPEG-LS": (uid.JPEGLSLossless, imagecodecs.jpegls_encode),
    "JPEG 2000": (uid.JPEG2000Lossless, lambda frame: imagecodecs.jpeg2k_encode(frame, level=0, codecformat="J2K")),
    "HTJ2K": (uid.HTJ2KLossless, imagecodecs.htj2k_encode),
}


@pytest.mark.parametrize(("syntax", "encode"), LOSSLESS.values(), ids=LOSSLESS)
@pytest.mark.parametrize("pixels", [PICTURE, GREY], ids=["rgb", "grey"])
def test_lossless_codecs_give_the_picture_back(syntax: str, encode: Encoder, pixels: NDArray[np.uint8]) -> None:
    data = encapsulate([encode(np.ascontiguousarray(frame)) for frame in pixels])
    samples = {} if pixels.ndim == 4 else {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}
    frames = read(ultrasound_object(data, syntax, **samples))
    np.testing.assert_array_equal(frames, PICTURE if pixels.ndim == 4 else as_rgb(GREY))


def test_video_is_one_stream_over_all_fragments() -> None:
    buffer = io.BytesIO()
    picture = moving_picture(8, 64, 96)
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 96, 64, "yuv420p", 4_000_000
        for frame in picture:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    coded = buffer.getvalue()
    data = fragments([coded[:500], coded[500:]])
    dataset = ultrasound_object(data, uid.MPEG4HP41, frames=8, Rows=64, Columns=96, PhotometricInterpretation="YBR_PARTIAL_420")
    frames = read(dataset)
    assert frames.shape == picture.shape
    assert np.abs(frames.astype(int) - picture.astype(int)).mean() < 12


def test_a_syntax_without_pixels_inside_is_named() -> None:
    dataset = ultrasound_object(fragments([b"elsewhere"]), "1.2.840.10008.1.2.4.94")
    with pytest.raises(UnreadableClip, match="JPIP"):
        read_clip(as_file(dataset))


TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
COLOUR_FILES = sorted(TEST_FILES.glob("SC_*.dcm")) + sorted(TEST_FILES.glob("examples_*_color.dcm"))
# Wider samples are scaled to 8 bits here and not there; for JPEG lossless pydicom has no decoder installed.
OTHERWISE = ("16bit", "32bit", "jpeg_gdcm")
SAME_AS_PYDICOM = [path for path in COLOUR_FILES if not any(part in path.name for part in OTHERWISE)]


@pytest.mark.parametrize("path", [*SAME_AS_PYDICOM, TEST_FILES / "examples_palette.dcm"], ids=lambda path: path.stem)
def test_real_objects_against_pydicom(path: Path) -> None:
    frames = read_clip(path).frames
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        reference = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        reference = (apply_color_lut(reference, dataset) >> 8).astype(np.uint8)
    assert largest_difference(frames, reference.reshape(frames.shape)) <= 1
