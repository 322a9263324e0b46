"""Times, calibration, beats and exclusions as a header states them, and what is tolerated or refused."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from models.calibration import RegionCalibration
from models.clip import Clip
from node.errors import UnreadableClip
from node.objects import clip_reader
from node.objects.clip_reader import read_clip
from tests.unit.node.objects.ultrasound_object import as_file, fragments, jpeg_frames, moving_picture, ultrasound_object

PICTURE = moving_picture()
FRAME_TIME, FRAME_TIME_VECTOR, CINE_RATE = 0x00181063, 0x00181065, 0x00180040


def read(pixels: Any = PICTURE, syntax: str = uid.ExplicitVRLittleEndian, **attributes: Any) -> Clip:
    return read_clip(as_file(ultrasound_object(pixels, syntax, **attributes)))


def times(clip: Clip) -> list[float] | None:
    return None if clip.frame_times_ms is None else clip.frame_times_ms.tolist()


def test_path_and_bytes_give_the_same_clip(tmp_path: Path) -> None:
    data = as_file(ultrasound_object(PICTURE))
    (tmp_path / "clip.dcm").write_bytes(data)
    one, other = read_clip(data), read_clip(tmp_path / "clip.dcm")
    np.testing.assert_array_equal(one.frames, other.frames)
    assert one.sop_instance_uid == other.sop_instance_uid == "1.2.826.0.1.3680043.8.498.77"
    assert (one.rows, one.columns, one.frames.dtype, one.notes) == (24, 32, np.uint8, ())


def test_frame_time_by_pointer() -> None:
    clip = read(FrameIncrementPointer=FRAME_TIME, FrameTime=40, ActualFrameDuration=20)
    assert times(clip) == [0, 40, 80]


def test_frame_time_vector_by_pointer_starts_at_the_first_frame() -> None:
    """Real carts write an interval, not 0, before the first frame."""
    for first in (0, 33.3):
        clip = read(FrameIncrementPointer=FRAME_TIME_VECTOR, FrameTimeVector=[first, 30, 50], FrameTime=40)
        assert times(clip) == [0, 30, 80]
        assert clip.notes == ()


@pytest.mark.parametrize("vector", [[0, 40, 80], [0, 33, 67], [0, 33.333, 66.667, 100]])
def test_a_vector_of_times_is_taken_as_times_and_noted(vector: list[float]) -> None:
    clip = read(FrameIncrementPointer=FRAME_TIME_VECTOR, FrameTimeVector=vector)
    assert times(clip) == vector[:3]
    assert clip.notes == ("Frame Time Vector holds times, not increments",)


@pytest.mark.parametrize("vector", [[0, 30], [0, 30, 0], [0, -30, 30], None])
def test_a_vector_that_does_not_fit_falls_back_and_is_noted(vector: list[float] | None) -> None:
    given = {} if vector is None else {"FrameTimeVector": vector}
    clip = read(FrameIncrementPointer=FRAME_TIME_VECTOR, ActualFrameDuration=25, **given)
    assert times(clip) == [0, 25, 50]
    assert clip.notes == ("Frame Time Vector does not fit the frames",)


@pytest.mark.parametrize(
    ("pointer", "notes"),
    [
        (None, 1),
        (CINE_RATE, 1),
        (FRAME_TIME, 1),
        ([FRAME_TIME_VECTOR, 0x00200013], 0),
        ([0x00200013, FRAME_TIME_VECTOR], 0),
    ],
)
def test_a_vector_that_no_pointer_or_a_list_points_to_is_used(pointer: int | list[int] | None, notes: int) -> None:
    given = {} if pointer is None else {"FrameIncrementPointer": pointer}
    clip = read(FrameTimeVector=[0, 30, 50], **given)
    assert times(clip) == [0, 30, 80]
    assert len(clip.notes) == notes


def test_a_pointer_list_that_starts_with_the_frame_time() -> None:
    clip = read(FrameIncrementPointer=[FRAME_TIME, 0x00200013], FrameTime=40, ActualFrameDuration=20)
    assert times(clip) == [0, 40, 80]
    assert clip.notes == ()


def test_actual_frame_duration_where_the_pointer_says_nothing() -> None:
    assert times(read(ActualFrameDuration=25, FrameTime=40)) == [0, 25, 50]


def test_frame_time_without_pointer_is_used_and_noted() -> None:
    clip = read(FrameTime=40)
    assert times(clip) == [0, 40, 80]
    assert len(clip.notes) == 1


def test_display_rates_are_never_times() -> None:
    assert times(read(CineRate=30, RecommendedDisplayFrameRate=30, FrameIncrementPointer=CINE_RATE)) is None


@pytest.mark.parametrize("frame_time", [0, -40])
def test_a_frame_time_that_is_none(frame_time: float) -> None:
    assert times(read(FrameIncrementPointer=FRAME_TIME, FrameTime=frame_time)) is None


def test_r_waves_and_heart_rate() -> None:
    clip = read(RWaveTimeVector=[12.5, 990.25], HeartRate=61)
    assert (clip.r_wave_times_ms, clip.heart_rate_bpm) == ((12.5, 990.25), 61)
    absent = read(HeartRate=0)
    assert (absent.r_wave_times_ms, absent.heart_rate_bpm) == ((), None)
    assert read(RWaveTimeVector=125.0).r_wave_times_ms == (125.0,)


def region(**changes: Any) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 2
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 1, 2, 30, 20
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = -0.45, 0.5
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


def test_regions_come_as_written() -> None:
    null = region(RegionSpatialFormat=0, RegionDataType=0, PhysicalUnitsXDirection=0, PhysicalUnitsYDirection=0)
    clip = read(SequenceOfUltrasoundRegions=[null, region(ReferencePixelX0=-3, ReferencePixelY0=7)])
    assert clip.regions == (
        RegionCalibration(1, 2, 30, 20, 0, 0, 0, 0, -0.45, 0.5),
        RegionCalibration(1, 2, 30, 20, 1, 1, 3, 3, -0.45, 0.5, -3, 7),
    )
    chosen = clip.b_mode_region().region
    assert chosen is clip.regions[1]
    assert chosen.cm_per_px == (0.45, 0.5)


def test_what_a_velocity_needs_comes_with_the_region() -> None:
    stated = region(
        ReferencePixelPhysicalValueX=0.25, ReferencePixelPhysicalValueY=-20.0, DopplerCorrectionAngle=30.0, ReferencePixelY0=7
    )
    silent, spectral = read(SequenceOfUltrasoundRegions=[region(), stated]).regions
    assert (spectral.reference_physical_value_x, spectral.reference_physical_value_y) == (0.25, -20.0)
    assert spectral.doppler_correction_angle_deg == 30.0
    assert (silent.reference_physical_value_y, silent.doppler_correction_angle_deg) == (0.0, 0.0)


def test_a_region_without_deltas_is_passed_over() -> None:
    broken = region()
    del broken.PhysicalDeltaX
    clip = read(SequenceOfUltrasoundRegions=[broken, region()])
    assert len(clip.regions) == 1
    assert len(clip.notes) == 1


@pytest.mark.parametrize(("value", "expected"), [("YES", True), ("NO", False), ("", False), (None, False)])
def test_only_yes_makes_a_quality_control_subject(value: str | None, expected: bool) -> None:
    given = {} if value is None else {"QualityControlSubject": value}
    assert read(**given).is_quality_control_subject is expected


def test_exclusions_are_values_of_reason() -> None:
    assert read(TransducerData=["C5-1", "", ""], PatientAge="012Y").known_exclusions == ("non_cardiac_probe", "paediatric")


def test_fewer_frames_than_announced_are_read_and_noted() -> None:
    clip = read(PICTURE.tobytes(), frames=5, FrameIncrementPointer=FRAME_TIME, FrameTime=40)
    assert clip.frames.shape[0] == len(times(clip) or ()) == 3
    assert clip.notes == ("cut short: 3 frames in the object, 5 by its Number of Frames",)


def test_a_number_of_frames_beyond_all_memory_costs_none() -> None:
    assert len(read(PICTURE.tobytes(), frames=2**31 - 1).frames) == 3


def test_without_number_of_frames_there_is_one() -> None:
    assert len(read(PICTURE[0].tobytes(), NumberOfFrames=None).frames) == 1


def test_an_object_without_transfer_syntax_is_read_by_its_encoding() -> None:
    dataset = ultrasound_object(PICTURE)
    data = as_file(dataset)
    without = data.replace(b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00", b"\x02\x00\x10\x00UI\x00\x00")
    length = int.from_bytes(data[140:144], "little") - 20
    without = without[:140] + length.to_bytes(4, "little") + without[144:]
    clip = read_clip(without)
    np.testing.assert_array_equal(clip.frames, PICTURE)
    assert any("transfer syntax" in note for note in clip.notes)


class TestFragments:
    coded = jpeg_frames(PICTURE)

    def frames(self, data: bytes) -> int:
        clip = read(data, uid.JPEGBaseline8Bit, PhotometricInterpretation="YBR_FULL_422")
        assert np.abs(clip.frames.astype(int) - PICTURE[: len(clip.frames)]).max() <= 16
        return len(clip.frames)

    def test_missing_wrong_and_right_offset_tables(self) -> None:
        wrong = np.array([0, 4, 8], "<u4").tobytes()
        for data in (fragments(self.coded), fragments(self.coded, wrong), encapsulate(self.coded, has_bot=True)):
            assert self.frames(data) == 3

    def test_frames_in_several_fragments(self) -> None:
        parts = [part for frame in self.coded for part in (frame[:200], frame[200:])]
        assert self.frames(fragments(parts)) == 3
        assert self.frames(encapsulate(self.coded, fragments_per_frame=2, has_bot=True)) == 3

    def test_a_missing_frame_is_noted(self) -> None:
        assert self.frames(fragments(self.coded[:2])) == 2

    def test_a_broken_frame_is_named(self) -> None:
        broken = [self.coded[0], b"\xff\xd8" + bytes(60), self.coded[2]]
        with pytest.raises(UnreadableClip, match="frame 2 of 3 cannot be decoded"):
            self.frames(fragments(broken))

    def test_fragments_that_nothing_tells_apart(self) -> None:
        with pytest.raises(UnreadableClip, match="nothing tells them apart"):
            self.frames(fragments([b"\x00" * 8] * 5))

    def test_no_fragment(self) -> None:
        with pytest.raises(UnreadableClip, match="without a fragment"):
            self.frames(fragments([]))

    def test_a_frame_of_another_size(self) -> None:
        other = jpeg_frames(moving_picture(1, 16, 16))
        with pytest.raises(UnreadableClip, match=r"frame 3 has shape \(16, 16, 3\)"):
            self.frames(fragments([*self.coded[:2], *other]))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"PixelData": None}, "no pixel data"),
        ({"Rows": None}, "Rows, Columns"),
        ({"Rows": 0}, "without rows"),
        ({"PhotometricInterpretation": None}, "Photometric Interpretation"),
        ({"PhotometricInterpretation": "CMYK"}, "Photometric Interpretation"),
        ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, "32 in 32 bits"),
        ({"BitsStored": 12, "HighBit": 11}, "12 in 8 bits"),
        ({"SamplesPerPixel": 2}, "2 samples"),
        ({"Rows": 4000, "Columns": 4000}, "one whole frame"),
    ],
)
def test_what_is_refused_says_why(attributes: dict[str, Any], message: str) -> None:
    dataset = ultrasound_object(PICTURE)
    for keyword, value in attributes.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    with pytest.raises(UnreadableClip, match=message):
        read_clip(as_file(dataset))


def test_a_document_is_no_image() -> None:
    dataset = ultrasound_object(PICTURE, SOPClassUID=uid.ComprehensiveSRStorage)
    for keyword in ("PixelData", "Rows", "Columns", "NumberOfFrames"):
        del dataset[keyword]
    with pytest.raises(UnreadableClip, match="no image: Comprehensive SR Storage"):
        read_clip(as_file(dataset))


@pytest.mark.parametrize("data", [b"", b"no DICOM at all, only words", bytes(1000)])
def test_what_is_no_dicom(data: bytes) -> None:
    with pytest.raises(UnreadableClip):
        read_clip(data)


def test_a_file_the_system_cannot_read_is_no_finding_about_the_clip(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_clip(tmp_path / "gone.dcm")


def test_a_disk_error_in_the_middle_of_a_file_is_no_finding_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> Dataset:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(clip_reader, "opened", fails)
    with pytest.raises(OSError, match="Input/output error"):
        read_clip(tmp_path)


def test_a_data_set_that_ends_too_early_is_unreadable_although_it_is_called_an_os_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ends(*_: object, **__: object) -> Dataset:
        raise OSError("unexpected end of file")

    monkeypatch.setattr(clip_reader, "opened", ends)
    with pytest.raises(UnreadableClip, match="cannot be parsed"):
        read_clip(b"")


def test_broken_objects_are_unreadable_and_nothing_else() -> None:
    """Cut anywhere and damaged anywhere, an object ends in a clip or in UnreadableClip."""
    random = np.random.default_rng(11)
    rle = ultrasound_object(PICTURE)
    rle.compress(uid.RLELossless, generate_instance_uid=False)
    jpeg = ultrasound_object(encapsulate(jpeg_frames(PICTURE)), uid.JPEGBaseline8Bit, SequenceOfUltrasoundRegions=[region()])
    outcomes = set()
    for data in (as_file(rle), as_file(jpeg), as_file(ultrasound_object(PICTURE, FrameTime=40, HeartRate=60))):
        for attempt in range(40):
            damaged = bytearray(data[: random.integers(len(data))] if attempt % 4 == 0 else data)
            for at in random.integers(0, max(1, len(damaged)), 8):
                damaged[at % max(1, len(damaged)) : at + 1] = bytes([random.integers(256)])
            try:
                outcomes.add(type(read_clip(bytes(damaged))))
            except UnreadableClip:
                outcomes.add(UnreadableClip)
    assert outcomes == {Clip, UnreadableClip}


def test_messages_hold_no_value_of_the_header() -> None:
    """Values of a broken header may be a name; pydicom's own words quote them."""
    secret = "SECRET^NAME"
    clip_notes = read(PatientName=secret, PatientID="SECRET", FrameTime=40).notes
    dataset = ultrasound_object(PICTURE, PatientName=secret)
    dataset.add_new("NumberOfFrames", "LO", secret)
    with pytest.raises(UnreadableClip) as caught:
        read_clip(as_file(dataset))
    assert "SECRET" not in str(caught.value) + str(caught.value.__cause__) + "".join(clip_notes)


def test_a_uid_that_only_the_file_meta_information_has_is_taken_and_noted() -> None:
    dataset = ultrasound_object(PICTURE)
    del dataset.SOPInstanceUID
    clip = read_clip(as_file(dataset))
    assert clip.sop_instance_uid == "1.2.826.0.1.3680043.8.498.77"
    assert any("SOP Instance UID" in note for note in clip.notes)
