"""A data set laid out anew is read back as the same one: every VR, nested, private, of open length, and malformed values."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import UltrasoundImageStorage
from pynetdicom.dsutils import split_dataset

from node.egress.encodings import ENCODINGS, NotConvertible, converted
from node.egress.syntax_conversion import write_copy
from node.egress.transfer_syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, offered


def every_kind_of_value() -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = UltrasoundImageStorage
    dataset.SOPInstanceUID = "2.25.7"
    dataset.PatientName = "Müller^Jürgen"
    dataset.StudyDate = "20260304"
    dataset.PatientAge = "042Y"
    dataset.HeartRate = "61"
    dataset.FrameTime = "33.333"
    dataset.ReferencePixelX0 = -5
    dataset.PhysicalDeltaX = 0.03125
    dataset.TextValue = "long text " * 10_000  # longer than a length of two bytes can say in a short VR
    dataset.FrameIncrementPointer = 0x00181063
    dataset.PixelRepresentation = 1
    dataset.add_new("SmallestImagePixelValue", "SS", -3)
    dataset.add_new(0x00430010, "LO", "MAKER")
    dataset.add_new(0x00431001, "FL", 1.5)
    dataset.add_new(0x00431002, "UN", b"\x01\x02\x03\x04")
    region = Dataset()
    region.RegionDataType = 1
    region.RegionLocationMinX0 = 4_000_000_000
    region.add_new("PixelComponentMask", "UL", 7)
    inner = Dataset()
    inner.CodeValue = "1"
    region.ConceptNameCodeSequence = Sequence([inner])
    dataset.SequenceOfUltrasoundRegions = Sequence([region, Dataset()])
    dataset.BitsAllocated = 16
    dataset.Rows = dataset.Columns = 8
    dataset.add_new("PixelData", "OW", bytes(range(128)))
    return dataset


def encoded(dataset: Dataset, syntax: str) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = syntax != BIG_ENDIAN, syntax == IMPLICIT
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def decoded(data: bytes, syntax: str) -> Dataset:
    return read_dataset(BytesIO(data), syntax == IMPLICIT, syntax != BIG_ENDIAN)


def written(dataset: Dataset, syntax: str, folder: Path) -> Path:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(folder / "original.dcm", enforce_file_format=True)
    return folder / "original.dcm"


def convert(data: bytes, source: str, target: str) -> bytes:
    return b"".join(converted(data, ENCODINGS[source], ENCODINGS[target]))


@pytest.mark.parametrize("open_ended", [False, True])
@pytest.mark.parametrize(
    ("source", "target"), [(EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT), (BIG_ENDIAN, EXPLICIT), (BIG_ENDIAN, IMPLICIT)]
)
def test_equal_element_by_element(source: str, target: str, open_ended: bool) -> None:
    dataset = every_kind_of_value()
    regions = dataset["SequenceOfUltrasoundRegions"]
    regions.is_undefined_length = open_ended
    for item in regions.value:
        item.is_undefined_length_sequence_item = open_ended
    expected = encoded(dataset, target)
    if source == BIG_ENDIAN:  # pydicom writes words as it is given them
        dataset.PixelData = np.frombuffer(dataset.PixelData, dtype="<u2").astype(">u2").tobytes()
    there = convert(encoded(dataset, source), source, target)
    if source == IMPLICIT:  # says no VR of a private element, so its bytes arrive as UN
        assert decoded(there, EXPLICIT) == decoded(encoded(dataset, source), source)
    else:
        assert there == expected


def test_the_way_there_and_back_gives_the_same_bytes() -> None:
    plain = encoded(every_kind_of_value(), IMPLICIT)
    assert convert(convert(plain, IMPLICIT, EXPLICIT), EXPLICIT, IMPLICIT) == plain


def test_what_the_dictionary_leaves_open_follows_the_pixels() -> None:
    dataset = Dataset()
    dataset.BitsAllocated = 8
    dataset.PixelRepresentation = 0
    dataset.add_new("SmallestImagePixelValue", "US", 65_000)
    dataset.add_new("PixelData", "OB", b"\x01\x02")
    assert convert(encoded(dataset, IMPLICIT), IMPLICIT, EXPLICIT) == encoded(dataset, EXPLICIT)


def test_an_invalid_value_stays_as_it_is() -> None:
    """A ratio that is no number, a name in bytes of no declared character set: nothing is decoded on the way."""
    data = b"\x28\x00\x12\x21DS\x04\x0010:1" + b"\x10\x00\x10\x00PN\x02\x00\xff\xfe"
    assert convert(data, EXPLICIT, IMPLICIT) == b"\x28\x00\x12\x21\x04\0\0\x0010:1" + b"\x10\x00\x10\x00\x02\0\0\x00\xff\xfe"


def test_an_unknown_sequence_of_open_length_is_implicit_inside() -> None:
    """PS3.5 6.2.2 note 4."""
    inside = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\x08\x00\x00\x01\x02\0\0\x00AB" + b"\xfe\xff\x0d\xe0\0\0\0\0"
    data = b"\x09\x00\x01\x10UN\0\0\xff\xff\xff\xff" + inside + b"\xfe\xff\xdd\xe0\0\0\0\0"
    assert convert(data, EXPLICIT, IMPLICIT) == data[:4] + data[8:]
    assert convert(data, EXPLICIT, EXPLICIT) == data


def test_group_lengths_go_because_they_would_lie() -> None:
    data = b"\x08\x00\x00\x00UL\x04\x00\x0c\0\0\0" + b"\x08\x00\x60\x00CS\x02\x00US"
    assert convert(data, EXPLICIT, IMPLICIT) == b"\x08\x00\x60\x00\x02\0\0\x00US"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x08\x00\x60\x00CS\x04\x00US", "cut off"),
        (b"\x08\x00\x60", "cut off"),
        (b"\x08\x00\x60\x00??\x02\x00US", "no value representation"),
        (b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff\xfe\xff\xdd\xe0\0\0\0\0", "compressed"),
        (b"\x18\x00\x11\x60SQ\0\0\xff\xff\xff\xff", "does not end"),
        (b"\x18\x00\x11\x60SQ\0\0\x08\0\0\0\x08\x00\x60\x00CS\0\0", "no item"),
        (b"\xfe\xff\x00\xe0\0\0\0\0", "outside a sequence"),
    ],
)
def test_what_cannot_be_read_is_not_converted(data: bytes, words: str) -> None:
    with pytest.raises(NotConvertible, match=words):
        convert(data, EXPLICIT, IMPLICIT)


def test_sequences_without_bottom() -> None:
    data = b"".join([b"\x18\x00\x11\x60SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"] * 5000)
    with pytest.raises(NotConvertible, match="deep"):
        convert(data, EXPLICIT, IMPLICIT)


@pytest.mark.slow
@given(st.binary(max_size=40), st.integers(0, 2000), st.sampled_from((EXPLICIT, IMPLICIT, BIG_ENDIAN)))
@settings(max_examples=300)
def test_damage_is_told_never_a_crash(damage: bytes, at: int, source: str) -> None:
    data = bytearray(encoded(every_kind_of_value(), source))
    data[at : at + len(damage)] = damage
    for target in (EXPLICIT, IMPLICIT):
        try:
            convert(bytes(data), source, target)
        except NotConvertible:
            continue


@pytest.mark.parametrize(("source", "target"), [(EXPLICIT, IMPLICIT), (DEFLATED, IMPLICIT), (DEFLATED, EXPLICIT)])
def test_a_copy_is_a_file_of_the_same_instance(tmp_path: Path, source: str, target: str) -> None:
    path = written(every_kind_of_value(), source, tmp_path)
    copy = dcmread(write_copy(path, target, tmp_path))
    assert copy.file_meta.TransferSyntaxUID == target
    assert copy.file_meta.MediaStorageSOPInstanceUID == copy.SOPInstanceUID == "2.25.7"
    assert {e.tag: e.value for e in copy} == {e.tag: e.value for e in dcmread(path)} or target == IMPLICIT
    assert [e.tag for e in copy] == [e.tag for e in dcmread(path)]


def test_only_what_claims_to_be_small_is_inflated(tmp_path: Path) -> None:
    dataset = every_kind_of_value()
    path = written(dataset, DEFLATED, tmp_path)
    assert write_copy(path, EXPLICIT, tmp_path).read_bytes().endswith(encoded(dataset, EXPLICIT))
    start = split_dataset(path)[1]
    path.write_bytes(path.read_bytes()[: start + 200])
    with pytest.raises(NotConvertible, match="cut off"):
        write_copy(path, EXPLICIT, tmp_path)
    path.write_bytes(path.read_bytes()[:start] + b"\xff" * 100)
    with pytest.raises(NotConvertible, match="cannot be inflated"):
        write_copy(path, EXPLICIT, tmp_path)


def test_the_default_syntax_is_always_among_the_uncompressed_offers() -> None:
    """PS3.5 10.1."""
    for own in (IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN):
        assert IMPLICIT in offered(own)
        assert offered(own)[0] == own
    assert offered(DEFLATED, deflated=False) == (EXPLICIT, IMPLICIT)
