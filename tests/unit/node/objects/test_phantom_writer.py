"""Phantom studies as DICOM: what is written is read back by pydicom and equals the frames and the truth."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSNearLossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
)

from models.catalogue import OUTLINED, View
from models.phantom.anatomy import sample_heart
from models.phantom.truth import PhantomClip, render_clip
from node.objects.phantom_writer import (
    DEFAULT_CLIPS,
    ClipRequest,
    PhantomPatient,
    PhantomStudy,
    WrittenStudy,
    write_clip,
    write_study,
)

CREATED_AT = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)


def numbered_uids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"2.25.{next(numbers)}"


@pytest.fixture(scope="module")
def clip() -> PhantomClip:
    return render_clip(sample_heart(2), View.A4C, seed=2, quality=3, frames=4, rows=121, columns=161, polar=(96, 64))


def written(clip: PhantomClip, path: Path, syntax: str) -> pydicom.Dataset:
    uid = write_clip(
        clip,
        path,
        patient=PhantomPatient(),
        study=PhantomStudy("2.25.1", "2.25.2", CREATED_AT),
        instance_number=3,
        transfer_syntax_uid=syntax,
        new_uid=lambda: "2.25.77",
    )
    assert uid == "2.25.77"
    return pydicom.dcmread(path)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_lossless_syntaxes_keep_every_pixel(clip: PhantomClip, tmp_path: Path, syntax: str) -> None:
    dataset = written(clip, tmp_path / "clip.dcm", syntax)
    assert dataset.file_meta.TransferSyntaxUID == syntax
    assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID == "2.25.77"
    assert np.array_equal(dataset.pixel_array, clip.frames)
    assert dataset.LossyImageCompression == "00"


def test_jpeg_stays_close_and_says_it_is_lossy(clip: PhantomClip, tmp_path: Path) -> None:
    dataset = written(clip, tmp_path / "clip.dcm", JPEGBaseline8Bit)
    assert dataset.PhotometricInterpretation == "YBR_FULL_422"
    decoded = dataset.pixel_array[..., 0].astype(float)
    assert decoded.shape == clip.frames.shape
    assert np.abs(decoded - clip.frames).mean() < 4
    assert dataset.LossyImageCompression == "01"
    assert dataset.LossyImageCompressionMethod == "ISO_10918_1"
    assert float(dataset.LossyImageCompressionRatio) > 2


def test_another_syntax_is_refused(clip: PhantomClip, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not written in JPEG-LS Lossy"):
        written(clip, tmp_path / "clip.dcm", JPEGLSNearLossless)
    assert not (tmp_path / "clip.dcm").exists()


def test_header_tells_calibration_timing_and_that_it_is_no_patient(clip: PhantomClip, tmp_path: Path) -> None:
    dataset = written(clip, tmp_path / "clip.dcm", RLELossless)
    assert dataset.SOPClassUID == UltrasoundMultiFrameImageStorage
    assert dataset.QualityControlSubject == "YES"
    assert str(dataset.PatientName) == "PHANTOM^HEART"
    assert (dataset.StudyDate, dataset.StudyTime) == ("20260304", "143000")
    assert dataset.TimezoneOffsetFromUTC == "+0000"
    assert dataset.FrameIncrementPointer == 0x00181063
    assert float(dataset.FrameTime) == 40
    assert np.atleast_1d(dataset.RWaveTimeVector).tolist() == list(clip.r_wave_times_ms)  # one value reads as a number
    assert dataset.HeartRate == round(clip.heart_rate_bpm)
    (region,) = dataset.SequenceOfUltrasoundRegions
    assert (region.PhysicalDeltaX, region.PhysicalDeltaY) == (clip.region.physical_delta_x, clip.region.physical_delta_y)
    assert (region.RegionLocationMinX0, region.RegionLocationMaxY1) == (clip.region.x0_px, clip.region.y1_px)
    assert (region.PhysicalUnitsXDirection, region.RegionSpatialFormat, region.RegionDataType) == (3, 1, 1)
    assert not any(element.tag.is_private for element in dataset.iterall())


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    small: dict[str, Any] = {"rows": 120, "columns": 160, "polar": (96, 64)}
    clips = [
        ClipRequest(View.A4C, quality=3, beats=1.0, **small),
        ClipRequest(View.A2C, quality=0, beats=0.2, transfer_syntax_uid=RLELossless, **small),
        ClipRequest(View.PLAX, quality=2, beats=0.2, **small),
    ]
    folder = tmp_path_factory.mktemp("phantom") / "new"
    return write_study(folder, seed=9, clips=clips, new_uid=numbered_uids(), created_at=CREATED_AT, processes=1)


@pytest.mark.slow
def test_study_and_truth_name_the_same_objects(study: WrittenStudy) -> None:
    datasets = [pydicom.dcmread(path) for path in study.paths]
    assert {d.StudyInstanceUID for d in datasets} == {study.study_instance_uid} == {study.truth["study"]}
    assert len({d.SeriesInstanceUID for d in datasets}) == 1
    assert [d.SOPInstanceUID for d in datasets] == [c["sop_instance_uid"] for c in study.truth["clips"]]
    assert [d.NumberOfFrames for d in datasets] == [c["frames"] for c in study.truth["clips"]]
    assert [d.InstanceNumber for d in datasets] == [1, 2, 3]
    assert [c["quality"] for c in study.truth["clips"]] == [3, 0, 2]


def test_truth_file_is_what_was_returned_and_fits_its_schema(study: WrittenStudy) -> None:
    truth = json.loads((study.paths[0].parent / "truth.json").read_text(encoding="utf-8"))
    assert truth == json.loads(json.dumps(study.truth))
    schema = json.loads(files("node").joinpath("schemas/truth.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(truth, schema)
    broken = {**truth, "clips": [{**truth["clips"][0], "quality": 4}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_true_measurements_are_the_hearts_own(study: WrittenStudy) -> None:
    heart = sample_heart(9)
    rows = {row["key"]: row for row in study.truth["measurements"]}
    assert set(rows) == set(OUTLINED)
    assert all(rows[key]["unit"] == quantity.unit for key, quantity in OUTLINED.items())
    assert rows["ef_bp"]["value"] == heart.ef_percent
    assert rows["lvedv_bp"]["value"] == heart.edv_ml
    assert rows["lvesv_a2c"]["value"] == heart.esv_ml


def test_contours_lie_in_the_region_of_their_object_and_landmarks_on_them(study: WrittenStudy) -> None:
    clip = study.truth["clips"][0]
    (region,) = pydicom.dcmread(study.paths[0]).SequenceOfUltrasoundRegions
    assert [c["frame_index"] for c in clip["contours"]] == list(range(clip["frames"]))
    points = np.array(clip["contours"][0]["points_px"])
    low = (region.RegionLocationMinX0, region.RegionLocationMinY0)
    high = (region.RegionLocationMaxX1, region.RegionLocationMaxY1)
    assert np.all(points >= low)
    assert np.all(points <= high)
    ends = [mark["point_px"] for mark in clip["landmarks"] if mark["frame_index"] == 0]
    assert ends == [points[0].tolist(), points[-1].tolist()]
    assert study.truth["clips"][2]["contours"] == []


@pytest.mark.slow
def test_same_seed_and_uids_same_files(study: WrittenStudy, tmp_path: Path) -> None:
    request = ClipRequest(View.A4C, quality=3, beats=1.0, rows=120, columns=160, polar=(96, 64))
    uids = iter(["2.25.1", "2.25.2", "2.25.3"])
    again = write_study(tmp_path, seed=9, clips=[request], new_uid=lambda: next(uids), created_at=CREATED_AT, processes=1)
    assert again.paths[0].read_bytes() == study.paths[0].read_bytes()


def test_the_default_study_has_both_views_twice_one_poor_clip_and_two_syntaxes() -> None:
    assert sorted(request.view for request in DEFAULT_CLIPS) == [View.A2C, View.A2C, View.A4C, View.A4C]
    assert [request.quality for request in DEFAULT_CLIPS].count(0) == 1
    assert {request.transfer_syntax_uid for request in DEFAULT_CLIPS} == {JPEGBaseline8Bit, RLELossless}
