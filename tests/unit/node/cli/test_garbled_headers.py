"""Each attribute of a clip removed or garbled in turn: documents or a reason, never an error that nobody foresaw."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.tag import BaseTag, Tag

from models.clip import Clip
from models.results import ClipFindings, Reason
from node.cli.analysis import AnalysedStudy, analyse_files
from node.cli.found_files import PassedOver
from node.egress import building
from node.settings import Settings
from node.work import clip_analysis
from tests.factories import clip_findings, source_file, source_header

# Text that is nothing of its kind, several values, too long, a path, markup, control characters, no whole number of values.
GARBAGE = [
    b"", b"A\\B", b"9" * 300, b"-1", b"NaN", b"../../x", b"[/X]%s{0}", b"\xff\xfe\x00\x01\x80", b"\x00", b"1e999", b"\\", b"0",
]  # fmt: skip
STEP = 7  # of all combinations in a quick run; each attribute meets several of them


def header() -> Dataset:
    dataset = source_header(
        frames=2, TransducerData=["S5-1", "", ""], PatientAge="050Y", PatientSize="1.8", PatientWeight="80",
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
    return dataset


KEYWORDS = [element.keyword for element in source_file(header())]


def variants(keyword: str) -> Iterator[bytes]:
    """The file without the attribute, with a sequence in its place, and with each garbage for its value."""
    tag, whole = Tag(keyword), source_file(header())
    vr = whole[keyword].VR.encode()
    yield as_file(whole, {tag: b""})
    yield as_file(whole, {tag: element(tag, b"SQ", bytes.fromhex("feff00e000000000"))})  # one empty item
    for value in GARBAGE:
        yield as_file(whole, {tag: element(tag, vr, value)})


def as_file(dataset: Dataset, instead: dict[BaseTag, bytes]) -> bytes:
    """Explicit VR little endian; pydicom would refuse to write what others send."""
    elements = [instead[one.tag] if one.tag in instead else _encoded(one) for one in dataset]
    meta = BytesIO()
    write_file_meta_info(meta, dataset.file_meta)
    return bytes(128) + b"DICM" + meta.getvalue() + b"".join(elements)


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


class Looking:
    """Networks that decode every frame and outline the same ventricle."""

    def analyse(self, clip: Clip, *, research_override: bool) -> ClipFindings:
        frames = clip.frames
        found = clip_findings(clip.sop_instance_uid, contours=(), beats=(), frame_times_ms=(0.0, 40.0))
        reasons = tuple(Reason(reason) for reason in clip.known_exclusions)
        return replace(found, rows=frames.shape[1], columns=frames.shape[2], number_of_frames=len(frames), gates=reasons)


@pytest.fixture(autouse=True)
def _without_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_analysis, "predictor_for", lambda plan: Looking())
    monkeypatch.setattr(building, "TEMPLATES", {"tid1500": building.TEMPLATES["tid1500"]})


def judge(results: list[Any], what: str) -> None:
    assert results, what
    for one in results:
        if isinstance(one, PassedOver):
            assert one.reason, what
            continue
        assert isinstance(one, AnalysedStudy)
        said = "; ".join(one.problems)
        assert one.documents or one.withheld or said, what
        for unforeseen in ("fault of this program", "broke off", "not built"):
            assert unforeseen not in said, f"{what}: {said}"


def _analyse(folder: Path, content: bytes, what: str) -> None:
    folder.mkdir()
    (folder / "a.dcm").write_bytes(content)
    judge(list(analyse_files([folder], folder / "out", Settings())), what)
    for document in (folder / "out").rglob("*.dcm"):
        assert "StudyInstanceUID" in dcmread(document)
    assert all(path.name.isdecimal() for path in folder.parent.iterdir()), what


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_garbled_attribute_has_documents_or_a_reason(tmp_path: Path, keyword: str) -> None:
    start = KEYWORDS.index(keyword)
    for number, content in enumerate(variants(keyword)):
        if number < 2 or (number + start) % STEP == 0:
            _analyse(tmp_path / str(number), content, f"{keyword}, variant {number}")


@pytest.mark.further
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_an_attribute_garbled_in_every_way_has_documents_or_a_reason(tmp_path: Path, keyword: str) -> None:
    for number, content in enumerate(variants(keyword)):
        _analyse(tmp_path / str(number), content, f"{keyword}, variant {number}")


def test_the_header_itself_has_documents(tmp_path: Path) -> None:
    """The test's own footing."""
    _analyse(tmp_path / "0", as_file(source_file(header()), {}), "nothing")
    assert list((tmp_path / "0" / "out").rglob("tid1500-*.dcm"))
