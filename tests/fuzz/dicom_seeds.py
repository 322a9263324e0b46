"""Small valid objects of every encoding, and what stands inside their pixel data."""

import io
from collections.abc import Callable, Sequence
from functools import cache

import av
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_sequence

from tests.unit.node.objects.ultrasound_object import (
    as_file,
    encapsulated,
    fragments,
    jpeg_frames,
    moving_picture,
    ultrasound_object,
)

_SIDE = 16
Encode = Callable[[], Sequence[bytes]]


def _picture(frames: int = 2) -> NDArray[np.uint8]:
    return moving_picture(frames, _SIDE, _SIDE)


def _region() -> Dataset:
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = _SIDE - 1, _SIDE - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    region.ReferencePixelX0, region.ReferencePixelY0 = 8, -1
    region.ReferencePixelPhysicalValueX, region.ReferencePixelPhysicalValueY = 0.0, 1.5
    return region


def _spectrum() -> Dataset:
    region = _region()
    region.RegionSpatialFormat, region.RegionDataType = 3, 3
    region.PhysicalUnitsXDirection, region.PhysicalUnitsYDirection = 4, 7
    region.PhysicalDeltaX, region.PhysicalDeltaY, region.DopplerCorrectionAngle = 0.004, -0.5, 20
    return region


def _described(dataset: Dataset) -> Dataset:
    """With all that the reader looks at in a header."""
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Synthetic^Heart", "PHANTOM-1", "19700101"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "0011"]
    dataset.FrameTime, dataset.FrameTimeVector, dataset.HeartRate = "33.3", ["0", "33.3"], "60"
    dataset.FrameIncrementPointer = 0x00181063
    dataset.RWaveTimeVector = [0.0, 900.0]
    dataset.SequenceOfUltrasoundRegions = [_region(), _spectrum()]
    return dataset


@cache
def whole_objects() -> Sequence[bytes]:
    """In each uncompressed syntax, deflated, RLE and JPEG, and one without preamble."""
    picture = _picture()
    native = [
        uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian,
    ]  # fmt: skip
    files = [as_file(_described(ultrasound_object(picture, syntax))) for syntax in native]
    for syntax, (_, parts) in ((uid.RLELossless, CODECS["rle"]), (uid.JPEGBaseline8Bit, CODECS["jpeg"])):
        frames = list(parts())[:1] * 2
        files.append(as_file(_described(ultrasound_object(encapsulated(frames), syntax, frames=2, Rows=_SIDE, Columns=_SIDE))))
    return [*files, files[0][132:]]


@cache
def region_sequences() -> Sequence[bytes]:
    """The items of a sequence of ultrasound regions, explicit little endian."""
    found = []
    for regions in ([_region()], [_region(), _spectrum()]):
        dataset = Dataset()
        dataset.SequenceOfUltrasoundRegions = regions
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_sequence(buffer, dataset["SequenceOfUltrasoundRegions"], ["iso8859"])
        found.append(buffer.getvalue())
    return found


def with_regions(items: bytes) -> bytes:
    """A valid object whose region sequence holds these bytes."""
    head, tail = _around_regions()
    return head + b"\x18\x00\x11\x60SQ\0\0" + len(items).to_bytes(4, "little") + items + tail


@cache
def _around_regions() -> tuple[bytes, bytes]:
    dataset = _described(ultrasound_object(_picture()))
    del dataset.SequenceOfUltrasoundRegions
    file = as_file(dataset)
    place = file.index(b"\x20\x00\x0d\x00UI")  # StudyInstanceUID comes next
    return file[:place], file[place:]


def wrapped(stream: bytes, syntax: str) -> bytes:
    """A whole object of one frame (a video: two) whose pixel data are these bytes."""
    frames = 2 if syntax in _VIDEOS else 1
    native = not uid.UID(syntax).is_encapsulated
    pixels = stream if native else fragments([stream])
    return as_file(ultrasound_object(pixels, syntax, frames=frames, Rows=_SIDE, Columns=_SIDE))


def _video(codec: str, pixel_format: str = "yuv420p") -> Encode:
    def encode() -> Sequence[bytes]:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=codec) as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 64, pixel_format
            for picture in moving_picture(2, 64, 64):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
            container.mux(stream.encode())
        return [buffer.getvalue()]

    return encode


def _each(encode: Callable[[NDArray[np.uint8]], bytes]) -> Encode:
    """In colours and in grey, which the header then does not say: that is one more fault to survive."""
    return lambda: [encode(np.ascontiguousarray(_picture(1)[0])), encode(np.ascontiguousarray(_picture(1)[0, ..., 0]))]


def _rle() -> Sequence[bytes]:
    """One segment for each colour (PS3.5 annex G), literal runs of one row."""
    found = []
    for planes in (np.moveaxis(_picture(1)[0], 2, 0), _picture(1)[0, None, ..., 0]):
        segments = [b"".join(bytes([_SIDE - 1]) + row.tobytes() for row in plane) for plane in planes]
        starts = [64 + sum(map(len, segments[:number])) for number in range(len(segments))]
        head = np.array([len(segments), *starts, *[0] * (15 - len(segments))], "<u4").tobytes()
        found.append(head + b"".join(segments))
    return found


# Name -> transfer syntax, valid streams.
CODECS: dict[str, tuple[str, Encode]] = {
    "native": (uid.ExplicitVRLittleEndian, lambda: [_picture(1).tobytes()]),
    "rle": (uid.RLELossless, _rle),
    "jpeg": (uid.JPEGBaseline8Bit, lambda: [*jpeg_frames(_picture(1)), *jpeg_frames(_picture(1)[..., 0])]),
    "jpeg_lossless": (uid.JPEGLosslessSV1, _each(lambda frame: imagecodecs.jpeg8_encode(frame, lossless=True))),
    "jpeg_ls": (uid.JPEGLSLossless, _each(imagecodecs.jpegls_encode)),
    "jpeg_2000": (uid.JPEG2000Lossless, _each(lambda frame: imagecodecs.jpeg2k_encode(frame, codecformat="j2k", level=0))),
    "htj2k": (uid.HTJ2KLossless, _each(imagecodecs.htj2k_encode)),
    "mpeg_2": (uid.MPEG2MPML, _video("mpeg2video")),
    "mpeg_4": (uid.MPEG4HP41, _video("h264")),
    "hevc": (uid.HEVCMP51, _video("hevc")),
}  # fmt: skip
_VIDEOS = frozenset({uid.MPEG2MPML, uid.MPEG4HP41, uid.HEVCMP51})
