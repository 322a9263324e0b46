"""One DICOM object in, one `Clip` out: pixels, times, calibration, exclusions. Tolerant, and says what it tolerated."""

import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

from models.calibration import RegionCalibration
from models.clip import Clip
from node.errors import Unparseable, UnreadableClip
from node.objects.element_walk import TooMuch
from node.objects.eligibility import known_exclusions
from node.objects.frame_times import frame_clock
from node.objects.header_numbers import numbers
from node.objects.loaded_header import load_header
from node.objects.pixels import EncodedFrames, open_frames
from node.objects.stored_object import opened
from node.objects.stored_pixels import StoredPixels, load_pixels
from sr_templates.copied_values import text_of

# What pydicom raises, depending on where a broken object breaks it.
_BROKEN = (
    BytesLengthException, InvalidDicomError, OSError, EOFError,
    ValueError, TypeError, LookupError, AttributeError, NotImplementedError,
    OverflowError, RecursionError, struct.error, zlib.error,
)  # fmt: skip

_REGION_FIELDS = {
    "x0_px": "RegionLocationMinX0",
    "y0_px": "RegionLocationMinY0",
    "x1_px": "RegionLocationMaxX1",
    "y1_px": "RegionLocationMaxY1",
    "spatial_format": "RegionSpatialFormat",
    "data_type": "RegionDataType",
    "physical_unit_x": "PhysicalUnitsXDirection",
    "physical_unit_y": "PhysicalUnitsYDirection",
}


def read_clip(source: Path | bytes) -> Clip:
    """Read and decode one image object, whatever its transfer syntax.

    `Clip.notes` tell what was tolerated. Raises UnreadableClip where there are no pixels, or a frame cannot be decoded; the
    message says what and where, and holds no value of the header. Raises OSError where the file itself cannot be read.
    """
    return _read(source, decode=True)


def open_clip(source: Path | bytes) -> Clip:
    """`read_clip`, but each frame is decoded when it is first asked for: that may raise UnreadableClip, too."""
    return _read(source, decode=False)


def _read(source: Path | bytes, *, decode: bool) -> Clip:
    notes: list[str] = []
    with _plainly() as caught:
        with opened(source) as found:
            dataset, pixels = load_header(found), load_pixels(found)
        notes += found.notes
        if pixels is None and found.breaks_off:
            raise UnreadableClip("the header breaks off before the pixels")
        clip, frames = _clip_of(dataset, pixels, found.stated, notes)
        if decode:
            frames.take(range(frames.shape[0]))
    if caught:  # pydicom's words may quote values, so they are counted, not repeated
        notes.append(f"{len(caught)} deviations from the standard in the header")
    return replace(clip, frames=clip.frames if decode else _LaterFrames(frames), notes=tuple(notes))


@contextmanager
def _plainly() -> Iterator[list[warnings.WarningMessage]]:
    """Takes down warnings, and turns what a broken object may raise into UnreadableClip without a value of its header."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield caught
        except UnreadableClip:
            raise
        except Unparseable as error:
            raise UnreadableClip(str(error)) from None
        except TooMuch as error:
            raise UnreadableClip(f"the object is not read: {error}") from None
        except _BROKEN as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's error, not the object's, which pydicom calls OSError, too: it says nothing about the clip
            raise UnreadableClip(f"the object cannot be parsed ({type(error).__name__})") from None


class _LaterFrames:
    """Decodes as quietly, and fails as plainly, as reading does."""

    def __init__(self, frames: EncodedFrames) -> None:
        self._frames = frames

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self._frames.shape

    def take(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        with _plainly():
            return self._frames.take(indices)


def _clip_of(dataset: Dataset, pixels: StoredPixels | None, syntax: str, notes: list[str]) -> tuple[Clip, EncodedFrames]:
    if not any(keyword in dataset for keyword in ("Rows", "NumberOfFrames")) and pixels is None:
        name = uid.UID(str(dataset.get("SOPClassUID", ""))).name or "no SOP class"
        raise UnreadableClip(f"no pixel data in the object: {name}" if "Image" in name else f"no image: {name}")
    if "SOPInstanceUID" not in dataset:
        if "MediaStorageSOPInstanceUID" not in dataset.file_meta:
            raise UnreadableClip("no SOP Instance UID in the object")
        notes.append("no SOP Instance UID in the data set: taken from the file meta information")
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    frames = open_frames(dataset, pixels, syntax, notes.append)
    heart_rate_bpm = next(iter(numbers(dataset, "HeartRate", notes)), 0.0)
    times_ms, clock_objection = frame_clock(dataset, frames.shape[0], notes)
    clip = Clip(
        sop_instance_uid=text_of(dataset, "SOPInstanceUID"),
        frames=frames,
        frame_times_ms=times_ms,
        clock_objection=clock_objection,
        regions=_regions(dataset, notes),
        r_wave_times_ms=tuple(numbers(dataset, "RWaveTimeVector", notes)),
        heart_rate_bpm=heart_rate_bpm if heart_rate_bpm > 0 else None,
        height_m=next(iter(numbers(dataset, "PatientSize", notes)), None),
        weight_kg=next(iter(numbers(dataset, "PatientWeight", notes)), None),
        is_quality_control_subject=str(dataset.get("QualityControlSubject") or "").strip() == "YES",
        known_exclusions=tuple(reason.value for reason in known_exclusions(dataset)),
        photometric_interpretation=str(dataset.get("PhotometricInterpretation") or ""),
        ultrasound_color_data_present=next(map(int, numbers(dataset, "UltrasoundColorDataPresent", notes)), None),
    )
    return clip, frames


def _regions(dataset: Dataset, notes: list[str]) -> tuple[RegionCalibration, ...]:
    """All regions as written; which one counts is decided by `models.calibration`."""
    regions = []
    for item in dataset.get("SequenceOfUltrasoundRegions") or ():
        try:
            regions.append(
                RegionCalibration(
                    **{name: int(item[keyword].value) for name, keyword in _REGION_FIELDS.items()},
                    physical_delta_x=float(item.PhysicalDeltaX),
                    physical_delta_y=float(item.PhysicalDeltaY),
                    reference_pixel_x0_px=_optional_int(item, "ReferencePixelX0"),
                    reference_pixel_y0_px=_optional_int(item, "ReferencePixelY0"),
                    reference_physical_value_x=float(item.get("ReferencePixelPhysicalValueX") or 0),
                    reference_physical_value_y=float(item.get("ReferencePixelPhysicalValueY") or 0),
                    doppler_correction_angle_deg=float(item.get("DopplerCorrectionAngle") or 0),
                )
            )
        except (AttributeError, LookupError, TypeError, ValueError, BytesLengthException):
            notes.append("an ultrasound region without location, format, units or deltas was passed over")
    return tuple(regions)


def _optional_int(item: Dataset, keyword: str) -> int | None:
    value = item.get(keyword)
    return None if value is None else int(value)
