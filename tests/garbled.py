"""A clip's file with one attribute removed or garbled: what other implementations send and pydicom would not write."""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.tag import BaseTag, Tag

from tests.factories import A4C_UID, source_file, source_header

# Text that is nothing of its kind, several values, too long, a path, markup, control characters, no whole number of values.
GARBAGE = [
    b"", b"A\\B", b"9" * 300, b"-1", b"NaN", b"../../x", b"[/X]%s{0}", b"\xff\xfe\x00\x01\x80", b"\x00", b"1e999", b"\\", b"0",
]  # fmt: skip
STEP = 7  # of all combinations in a quick run; each attribute meets some of them


def header(sop_instance_uid: str = A4C_UID, **changes: Any) -> Dataset:
    dataset = source_header(
        sop_instance_uid, frames=2, TransducerData=["S5-1", "", ""], PatientAge="050Y", PatientSize="1.8", PatientWeight="80",
        FrameTime="40", HeartRate="60", ImageType=["ORIGINAL", "PRIMARY", "TTE", "0001"], StageName="REST", StageNumber=1,
        StudyDescription="Echo", SeriesDescription="A4C", InstitutionName="Lab", IssuerOfPatientID="Lab",
        LossyImageCompression="01", LossyImageCompressionRatio="10", LossyImageCompressionMethod="ISO_10918_1",
        TimezoneOffsetFromUTC="+0100", FrameIncrementPointer=Tag("FrameTime"), ContrastBolusAgent="NONE", SeriesNumber=1,
        AcquisitionDate="20260304", ContentDate="20260304", ProtocolName="TTE", RWaveTimeVector=[0.0],
        UltrasoundColorDataPresent=0, RecommendedDisplayFrameRate=25, CineRate=25, TransducerType="SECTOR_PHASED",
    )  # fmt: skip
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 79, 59
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    dataset.SequenceOfUltrasoundRegions = [region]
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


KEYWORDS = [element.keyword for element in source_file(header())]


def variants(keyword: str, sop_instance_uid: str = A4C_UID, **changes: Any) -> Iterator[bytes]:
    """The file without the attribute, with a sequence in its place, and with each garbage for its value."""
    tag, whole = Tag(keyword), source_file(header(sop_instance_uid, **changes))
    vr = whole[keyword].VR.encode()
    start, encoded = _start(whole), {one.tag: _encoded(one) for one in whole}
    empty_item = element(tag, b"SQ", bytes.fromhex("feff00e000000000"))
    for instead in (b"", empty_item, *(element(tag, vr, value) for value in GARBAGE)):
        yield start + b"".join((encoded | {tag: instead}).values())


def some(keyword: str, number: int) -> bool:
    """Whether this variant of the attribute belongs to a quick run."""
    return number == 0 or (number + KEYWORDS.index(keyword)) % STEP == 0


def as_file(dataset: Dataset) -> bytes:
    """Explicit VR little endian; pydicom would refuse to write what others send."""
    return _start(dataset) + b"".join(map(_encoded, dataset))


def _start(dataset: Dataset) -> bytes:
    meta = BytesIO()
    write_file_meta_info(meta, dataset.file_meta)
    return bytes(128) + b"DICM" + meta.getvalue()


def element(tag: BaseTag, vr: bytes, value: bytes) -> bytes:
    padded = value + b" " * (len(value) % 2)
    length = struct.pack("<HL", 0, len(padded)) if vr in (b"OB", b"OW", b"SQ", b"UN", b"UT") else struct.pack("<H", len(padded))
    return struct.pack("<HH", tag.group, tag.element) + vr + length + padded


def _encoded(one: DataElement) -> bytes:
    alone, file = Dataset(), DicomBytesIO()
    alone.add(one)
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, alone)
    return file.getvalue()
