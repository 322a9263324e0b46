"""Small ultrasound objects in any photometric interpretation and transfer syntax, as bytes of a DICOM file."""

import io
from collections.abc import Sequence
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

ROWS, COLUMNS = 24, 32


def moving_picture(frames: int = 3, rows: int = ROWS, columns: int = COLUMNS) -> NDArray[np.uint8]:
    """Smooth colours that differ in every frame and every corner: shape (frames, rows, columns, 3)."""
    t, y, x = np.meshgrid(np.arange(frames), np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    return np.stack([200 * x + 20 * t, 180 * y, 120 * (1 - x) + 100 * y], axis=-1).astype(np.uint8)


def ultrasound_object(
    pixels: NDArray[Any] | bytes, syntax: str = uid.ExplicitVRLittleEndian, *, frames: int | None = None, **attributes: Any
) -> Dataset:
    """A clip whose stored samples are `pixels`: an array of all frames, or bytes as they stand in Pixel Data.

    The layout is that of an array (frames, rows, columns[, 3]); keyword arguments set or, with None, remove attributes.
    """
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.UltrasoundMultiFrameImageStorage, "1.2.826.0.1.3680043.8.498.77"
    dataset.Rows, dataset.Columns = ROWS, COLUMNS
    dataset.SamplesPerPixel, dataset.PlanarConfiguration, dataset.PhotometricInterpretation = 3, 0, "RGB"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.NumberOfFrames = frames or 3
    if isinstance(pixels, np.ndarray):
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = pixels.shape[:3]
        if pixels.ndim == 3:
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
            del dataset.PlanarConfiguration
        if pixels.dtype.itemsize == 2:
            dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
        pixels = pixels.tobytes()
    dataset.add_new("PixelData", "OW" if dataset.BitsAllocated == 16 else "OB", pixels + bytes(len(pixels) % 2))
    dataset["PixelData"].is_undefined_length = uid.UID(syntax).is_encapsulated
    for keyword, value in attributes.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def as_file(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def fragments(parts: Sequence[bytes], offset_table: bytes = b"") -> bytes:
    """Encapsulated pixel data with exactly this basic offset table, empty unless given; no delimiter, as pydicom keeps it."""
    items = [offset_table, *(part + bytes(len(part) % 2) for part in parts)]
    return b"".join(b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item for item in items)


def jpeg_frames(picture: NDArray[np.uint8], **options: Any) -> list[bytes]:
    return [imagecodecs.jpeg8_encode(np.ascontiguousarray(frame), level=95, **options) for frame in picture]


def encapsulated(parts: Sequence[bytes]) -> bytes:
    return encapsulate(list(parts))
