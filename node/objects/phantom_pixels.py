"""Frames of synthetic objects in the transfer syntaxes that carts send."""

from typing import Any

import imagecodecs
import numpy as np
import simplejpeg
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)
from rle.utils import encode_pixel_data

Frames = np.ndarray[Any, np.dtype[np.uint8]]

JPEG_QUALITY = 90
UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
SYNTAXES = (*UNCOMPRESSED, RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGBaseline8Bit)
_SPIFF = b"\xff\xe8"  # a header of files, which has no place in DICOM (PS3.5 A.4.3)


def set_pixels(
    dataset: Dataset, frames: Frames, syntax: UID, *, jpeg_in_colour: bool = False, jpeg_quality: int = JPEG_QUALITY
) -> None:
    """Pixels and what the header says of them. `frames` is uint8 grey (frames, rows, columns) or RGB (frames, rows, columns,
    3), 0 to 255. With `jpeg_in_colour`, grey becomes a colour JPEG, as many carts write it.

    Raises ValueError for a transfer syntax not in `SYNTAXES`.
    """
    if syntax not in SYNTAXES:
        raise ValueError(f"the phantom is not written in {syntax.name}")
    if syntax == JPEGBaseline8Bit and jpeg_in_colour and frames.ndim == 3:
        frames = np.repeat(frames[..., None], 3, axis=3)
    colour = frames.ndim == 4
    dataset.Rows, dataset.Columns = frames.shape[1:3]
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation, dataset.LossyImageCompression = 7, 0, "00"
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = _interpretation(syntax) if colour else "MONOCHROME2"
    if colour:  # PS3.3 C.8.5.6.1.16: by plane in RLE, by pixel elsewhere
        dataset.PlanarConfiguration = int(syntax == RLELossless)
    if syntax in UNCOMPRESSED:
        dataset.PixelData = frames.tobytes() + bytes(frames.size % 2)
    else:
        coded = [_coded(frame, syntax, jpeg_quality) for frame in frames]
        dataset.PixelData = encapsulate(coded)
        if syntax == JPEGBaseline8Bit:
            dataset.LossyImageCompression = "01"
            dataset.LossyImageCompressionMethod = "ISO_10918_1"
            dataset.LossyImageCompressionRatio = f"{frames.size / sum(map(len, coded)):.2f}"
    # In implicit little endian OW is the one there is (PS3.5 A.1).
    dataset["PixelData"].VR = "OW" if syntax == ImplicitVRLittleEndian else "OB"


def _interpretation(syntax: UID) -> str:
    return {JPEGBaseline8Bit: "YBR_FULL_422", JPEG2000Lossless: "YBR_RCT"}.get(syntax, "RGB")


def _coded(frame: Frames, syntax: UID, jpeg_quality: int) -> bytes:
    colour = frame.ndim == 3
    if syntax == JPEGBaseline8Bit:
        if colour:
            return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(frame), jpeg_quality, "RGB", "422"))
        return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(frame[..., None]), jpeg_quality, "GRAY", "Gray"))
    if syntax == RLELossless:
        rows, columns = frame.shape[:2]  # PS3.5 Annex G
        samples = 3 if colour else 1
        return encode_pixel_data(
            frame.tobytes(), rows=rows, columns=columns, samples_per_pixel=samples, bits_allocated=8, byteorder="<"
        )
    if syntax == JPEGLSLossless:
        return _without_spiff(bytes(imagecodecs.jpegls_encode(frame, out=bytearray(2 * frame.size + 1024))))
    return bytes(imagecodecs.jpeg2k_encode(frame, codecformat="j2k", reversible=True, level=0, mct=colour))


def _without_spiff(coded: bytes) -> bytes:
    rest = coded[2:]
    while rest.startswith(_SPIFF):
        rest = rest[2 + int.from_bytes(rest[2:4], "big") :]
    return coded[:2] + rest
