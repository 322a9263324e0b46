"""The same object is recognised however it was encoded; another one is not, however alike."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from node.errors import Unparseable
from node.objects.content_hash import Content, read_content, same_decoded_pixels
from tests.arrivals import clip, rle, write_file


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Content]:
    def read(dataset: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> Content:
        return read_content(write_file(tmp_path / "object.dcm", dataset, transfer_syntax_uid))

    return read


def test_the_uids_and_the_patient_are_read(read: Callable[..., Content]) -> None:
    content = read(clip(IssuerOfPatientID="Lab"))
    assert (content.sop_instance_uid, content.study_instance_uid) == ("2.25.200.0", "2.25.100")
    assert (content.series_instance_uid, content.sop_class_uid) == ("2.25.150", "1.2.840.10008.5.1.4.1.1.3.1")
    assert content.patient.identifier == "SECRET-ID\\Lab"
    assert content.note == ""


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_the_encoding_of_the_same_pixels_does_not_matter(read: Callable[..., Content], syntax: str) -> None:
    assert read(clip(), syntax) == read(clip())


def test_compression_changes_the_pixel_bytes_alone(read: Callable[..., Content]) -> None:
    compressed = rle(clip())
    compressed.PhotometricInterpretation = "RGB"
    compressed.LossyImageCompression = "00"
    plain, encoded = read(clip()), read(compressed, RLELossless)
    assert plain.content_hash == encoded.content_hash
    assert plain.pixel_hash != encoded.pixel_hash


def test_an_offset_table_does_not_matter(read: Callable[..., Content]) -> None:
    without = rle(clip())
    value = without.PixelData
    with_table = rle(clip())
    with_table.PixelData = b"\xfe\xff\x00\xe0\x08\x00\x00\x00" + bytes(4) + (98).to_bytes(4, "little") + value[8:]
    with_table["PixelData"].is_undefined_length = True
    assert read(without, RLELossless) == read(with_table, RLELossless)


def test_an_undefined_sequence_length_does_not_matter(read: Callable[..., Content]) -> None:
    undefined = clip()
    undefined["SequenceOfUltrasoundRegions"].is_undefined_length = True
    undefined.SequenceOfUltrasoundRegions[0].is_undefined_length_sequence_item = True
    assert read(undefined) == read(clip())


def test_group_lengths_do_not_matter(read: Callable[..., Content]) -> None:
    with_length = clip()
    with_length.add_new(0x00080000, "UL", 123)
    assert read(with_length).content_hash == read(clip()).content_hash


CHANGES: dict[str, dict[str, Any]] = {
    "another name": {"PatientName": "Other^Name"},
    "an element less": {"StudyDate": None},
    "an element more": {"StudyDescription": "Stress"},
    "another value in a sequence": {"SequenceOfUltrasoundRegions": [Dataset()]},
    "another number": {"NumberOfFrames": 1},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_another_header_is_another_content(read: Callable[..., Content], change: dict[str, Any]) -> None:
    ours, theirs = read(clip()), read(clip(**change))
    assert ours.content_hash != theirs.content_hash
    assert ours.pixel_hash == theirs.pixel_hash


def test_items_are_not_confused_with_their_neighbours(read: Callable[..., Content]) -> None:
    """One item with two elements is not two items with one each."""
    first, second, both = Dataset(), Dataset(), Dataset()
    first.PhysicalDeltaX = both.PhysicalDeltaX = 1.0
    second.PhysicalDeltaY = both.PhysicalDeltaY = 1.0
    together = read(clip(SequenceOfUltrasoundRegions=[both]))
    apart = read(clip(SequenceOfUltrasoundRegions=[first, second]))
    assert together.content_hash != apart.content_hash


def test_one_other_pixel_is_other_pixels(read: Callable[..., Content]) -> None:
    pixels = bytearray(clip().PixelData)
    pixels[-1] ^= 1
    ours, theirs = read(clip()), read(clip(pixels=bytes(pixels)))
    assert ours.content_hash == theirs.content_hash
    assert ours.pixel_hash != theirs.pixel_hash


def test_the_pixel_hash_is_over_the_value(read: Callable[..., Content]) -> None:
    assert read(clip()).pixel_hash == hashlib.sha256(clip().PixelData).hexdigest()


@pytest.mark.parametrize("missing", [clip(PixelData=None), clip(pixels=b"")], ids=["absent", "empty"])
def test_no_pixels_no_hash(read: Callable[..., Content], missing: Dataset) -> None:
    assert read(missing).pixel_hash is None


def test_big_endian_objects_are_read(read: Callable[..., Content]) -> None:
    content = read(clip(), ExplicitVRBigEndian)
    assert (content.study_instance_uid, content.note) == ("2.25.100", "")
    assert content.pixel_hash == read(clip()).pixel_hash


def test_an_unknown_transfer_syntax_is_read_as_explicit(tmp_path: Path) -> None:
    """JPEG XL, which pydicom does not know: same length, so that only the UID in the file meta changes."""
    path = write_file(tmp_path / "object.dcm", rle(clip()), JPEGLSLossless)
    known = read_content(path)
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.112"[:22]))
    assert read_content(path) == known


def test_a_header_broken_behind_the_uids_is_noted(tmp_path: Path) -> None:
    path = write_file(tmp_path / "object.dcm", clip())
    content = path.read_bytes()
    rows = content.index(b"\x28\x00\x10\x00US")
    path.write_bytes(content[: rows + 4] + b"SQ\x00\x00\xff\xff\xff\xff" + b"\x01\x02\x03\x04\x05\x06\x07\x08" * 4)
    broken = read_content(path)
    assert broken.study_instance_uid == "2.25.100"
    assert "cannot be read to its end" in broken.note
    assert broken.pixel_hash is None
    assert broken != replace(read_content(write_file(path, clip())), note=broken.note)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:132] + b"no file meta",
        lambda content: content[: content.index(b"\x08\x00\x16\x00UI")] + b"\xff" * 64,
        lambda content: content.replace(b"2.25.100", b"2.25.1\xff0"),
    ],
    ids=["no file meta", "no elements", "not a UID"],
)
def test_what_cannot_be_parsed_says_so_without_values(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = write_file(tmp_path / "object.dcm", clip())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Unparseable) as error:
        read_content(path)
    assert "SECRET" not in str(error.value)


def test_a_uid_longer_than_its_column_is_refused(tmp_path: Path, read: Callable[..., Content]) -> None:
    path = write_file(tmp_path / "object.dcm", clip())
    long = b"2." + b"1" * 66
    content = path.read_bytes()
    start = content.index(b"\x20\x00\x0d\x00UI")
    path.write_bytes(content[: start + 6] + len(long).to_bytes(2, "little") + long + content[start + 16 :])
    with pytest.raises(Unparseable):
        read_content(path)


def test_a_deflated_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.objects.stored_object.LARGEST_INFLATED_BYTES", 10_000)
    path = write_file(tmp_path / "object.dcm", clip(pixels=bytes(1 << 20)), DeflatedExplicitVRLittleEndian)
    with pytest.raises(Unparseable):
        read_content(path)


def test_a_deflated_object_that_does_not_inflate_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "object.dcm", clip(), DeflatedExplicitVRLittleEndian)
    start = path.read_bytes().index(b"1.2.840.10008.1.2.1.99")
    path.write_bytes(path.read_bytes()[: start + 22] + b"\xff" * 200)
    with pytest.raises(Unparseable):
        read_content(path)


def test_a_failing_disk_is_not_the_senders_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_content(tmp_path / "absent.dcm")


def _report(observer_uid: str) -> Dataset:
    name, observer, container = Dataset(), Dataset(), Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "121012", "DCM", "Device Observer UID"
    observer.ValueType, observer.UID, observer.ConceptNameCodeSequence = "UIDREF", observer_uid, [name]
    container.ValueType, container.ContentSequence = "CONTAINER", [observer]
    report = clip(PixelData=None, SequenceOfUltrasoundRegions=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33")
    report.ContentSequence = [container]
    return report


def test_the_device_observers_of_a_report_are_found(read: Callable[..., Content]) -> None:
    assert read(_report("2.25.42")).observer_uids == {"2.25.42"}


def test_other_uids_of_a_report_are_no_observers(read: Callable[..., Content]) -> None:
    report = _report("2.25.42")
    report.ContentSequence[0].ContentSequence[0].ConceptNameCodeSequence[0].CodeValue = "112040"  # tracking UID
    assert read(report).observer_uids == frozenset()


def test_decoded_frames_are_compared(tmp_path: Path) -> None:
    plain = write_file(tmp_path / "plain.dcm", clip())
    compressed = write_file(tmp_path / "rle.dcm", rle(clip()), RLELossless)
    assert same_decoded_pixels(plain, compressed)
    other = write_file(tmp_path / "other.dcm", rle(clip(3)), RLELossless)
    assert not same_decoded_pixels(plain, other)


def test_fewer_frames_are_other_pixels(tmp_path: Path) -> None:
    two = write_file(tmp_path / "two.dcm", clip())
    one = write_file(tmp_path / "one.dcm", clip(NumberOfFrames=1, pixels=clip().PixelData[:24]))
    assert not same_decoded_pixels(two, one)
    assert not same_decoded_pixels(one, two)


def test_what_cannot_be_decoded_is_not_the_same(tmp_path: Path) -> None:
    plain = write_file(tmp_path / "plain.dcm", clip())
    broken = write_file(tmp_path / "broken.dcm", rle(clip()), JPEGLSLossless)
    assert not same_decoded_pixels(plain, broken)


def test_real_objects_are_read_to_their_end(samples: Path) -> None:
    for path in sorted(samples.glob("*.dcm")):
        content = read_content(path)
        assert content.note == "", path.name
        assert content.sop_instance_uid, path.name
        assert content.study_instance_uid, path.name
