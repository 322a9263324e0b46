"""Frames of a picture as compressed pixel data: without loss, or as JPEG where its source was lossy already."""

from collections.abc import Iterable

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, RLELossless
from rle.utils import encode_pixel_data

_JPEG_QUALITY = 92  # thin lines and letters stay sharp, at a tenth of the pixels' bytes


def put_pixels(document: Dataset, frames: Iterable[NDArray[np.uint8]], *, lossy: bool) -> None:
    """Image Pixel Module (PS3.3 C.7.6.3) of these frames, each RGB (rows, columns, 3), 0 to 255, all of one size.

    They are taken one by one. `lossy` makes JPEG of them and adds its ratio and method to what is stated of earlier losses
    (PS3.3 C.7.6.1.1.5); else they are run-length encoded. Raises ValueError where there is none.
    """
    encoded: list[bytes] = []
    shape: tuple[int, ...] = ()
    for frame in frames:
        if frame.shape != (shape or frame.shape):
            raise ValueError("frames of several sizes")
        shape = frame.shape
        encoded.append(_jpeg(frame) if lossy else _run_lengths(frame))
    if not encoded:
        raise ValueError("a picture without a frame")
    document.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if lossy else RLELossless
    document.SamplesPerPixel = 3
    document.PhotometricInterpretation = "YBR_FULL_422" if lossy else "RGB"
    document.PlanarConfiguration = 0
    document.Rows, document.Columns = shape[:2]
    document.BitsAllocated = document.BitsStored = 8
    document.HighBit, document.PixelRepresentation = 7, 0
    document.add_new("PixelData", "OB", encapsulate(encoded))
    document["PixelData"].is_undefined_length = True
    if lossy:
        ratio = len(encoded) * shape[0] * shape[1] * 3 / sum(map(len, encoded))
        for keyword, value in (("LossyImageCompressionRatio", f"{ratio:.1f}"), ("LossyImageCompressionMethod", "ISO_10918_1")):
            setattr(document, keyword, [*_values(document, keyword), value])
        document.LossyImageCompression = "01"


def _values(document: Dataset, keyword: str) -> list[object]:
    if keyword not in document:
        return []
    element = document[keyword]
    return list(element.value) if element.VM > 1 else [element.value] if element.VM else []


def _jpeg(frame: NDArray[np.uint8]) -> bytes:
    coded = simplejpeg.encode_jpeg(np.ascontiguousarray(frame), _JPEG_QUALITY, colorspace="RGB", colorsubsampling="422")
    return _even(bytes(coded))


def _run_lengths(frame: NDArray[np.uint8]) -> bytes:
    rows, columns, samples = frame.shape
    size = {"rows": rows, "columns": columns, "samples_per_pixel": samples, "bits_allocated": 8}
    return _even(bytes(encode_pixel_data(frame.tobytes(), byteorder="<", **size)))


def _even(coded: bytes) -> bytes:
    """PS3.5 A.4: every fragment has an even number of bytes."""
    return coded + bytes(len(coded) % 2)
