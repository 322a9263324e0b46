"""Real objects of five vendors: each ends in a clip or in a clear reason."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_color_lut

from models.calibration import RegionProblem
from node.errors import UnreadableClip
from node.objects.clip_reader import read_clip
from node.objects.report_file import read_report_file
from sr_templates.conformance.deviations import Severity
from sr_templates.conformance_check import check_document
from sr_templates.reading.measured_values import measured_values

# File: (frames, rows, columns), problem of the calibration, exclusions.
CLIPS: dict[str, tuple[tuple[int, int, int], RegionProblem | None, tuple[str, ...]]] = {
    "dcm4che_US-PAL-8-10x-echo": ((10, 430, 600), RegionProblem.ABSENT, ()),
    "dcm4che_US-RGB-8-epicard": ((1, 480, 640), RegionProblem.ABSENT, ()),
    "dcm4che_US-RGB-8-esopecho": ((1, 120, 256), RegionProblem.ABSENT, ("transoesophageal", "colour_doppler")),
    "dcm4che_jpegls_palette_10f": ((10, 430, 600), RegionProblem.ABSENT, ()),
    "fodicom_DIRW0007_acuson_sequoia_65f": ((65, 456, 576), None, ()),
    "pydicom_examples_ybr_color_30f": ((30, 240, 320), RegionProblem.OUTSIDE_IMAGE, ()),
    "pydicomdata_OBXXXX1A_rle_2frame": ((2, 600, 800), None, ("non_cardiac_probe",)),
    "pydicomdata_US1_J2KR": ((1, 480, 640), RegionProblem.ABSENT, ("non_cardiac_probe",)),
    "pydicomdata_color-pl": ((1, 120, 256), RegionProblem.ABSENT, ("transoesophageal", "colour_doppler")),
    "pydicomdata_gdcm-US-ALOKA-16": ((1, 480, 640), RegionProblem.SEVERAL, ()),
}
DOCUMENTS = ("dcm4che_report_dfl_sr", "dcmqi_sr1500", "highdicom_sr1500_groups", "pydicom_test-SR")


def test_every_sample_is_listed_here(samples: Path) -> None:
    assert {path.stem for path in samples.glob("*.dcm")} == {*CLIPS, *DOCUMENTS}


# What is wrong with them by the standard itself: units of a maker's own scheme, coordinates of no image.
ERRORS = {"pydicom_test-SR": 3}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_report_of_another_maker_is_read_whole_and_has_no_error_that_it_does_not_have(samples: Path, name: str) -> None:
    report = read_report_file(samples / f"{name}.dcm")
    numbers = [item for item in report.root.walk() if item.number is not None]
    found = measured_values(report)
    assert len(found) == len(numbers)
    assert [value.key for value in found if value.key] == [], "none of them is of a heart"
    deviations = check_document(pydicom.dcmread(samples / f"{name}.dcm"))
    assert sum(one.severity is Severity.ERROR for one in deviations) == ERRORS.get(name, 0)


@pytest.mark.parametrize("name", CLIPS)
def test_clip(samples: Path, name: str) -> None:
    shape, problem, exclusions = CLIPS[name]
    clip = read_clip(samples / f"{name}.dcm")
    assert clip.frames.shape == (*shape, 3)
    assert clip.b_mode_region().problem == problem
    assert clip.known_exclusions == exclusions
    assert not clip.is_quality_control_subject


@pytest.mark.parametrize("name", CLIPS)
def test_pixels_are_those_of_pydicom(samples: Path, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(samples / f"{name}.dcm")
        reference = dataset.pixel_array
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            reference = apply_color_lut(reference, dataset)
    if reference.dtype == np.uint16:
        reference = (reference >> 8).astype(np.uint8)
    frames = read_clip(samples / f"{name}.dcm").frames
    assert np.abs(frames.astype(int) - reference.reshape(frames.shape)).max() <= 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_refused_with_its_class(samples: Path, name: str) -> None:
    with pytest.raises(UnreadableClip, match=r"no image: .* SR Storage"):
        read_clip(samples / f"{name}.dcm")


def test_acuson_clip_is_calibrated_and_timed(samples: Path) -> None:
    """A null region first, a negative Physical Delta X, a frame time vector that starts with an interval."""
    clip = read_clip(samples / "fodicom_DIRW0007_acuson_sequoia_65f.dcm")
    region = clip.b_mode_region().region
    assert region is not None
    assert region is clip.regions[1]
    assert region.physical_delta_x < 0
    assert region.cm_per_px == pytest.approx((0.05248, 0.05248), rel=1e-3)
    assert clip.heart_rate_bpm == 61
    assert clip.frame_times_ms is not None
    assert clip.frame_times_ms[:4] == pytest.approx([0, 33.333, 83.333, 116.666])
    assert len(clip.frame_times_ms) == 65


def test_sonosite_clip_says_no_heart_rate(samples: Path) -> None:
    clip = read_clip(samples / "pydicom_examples_ybr_color_30f.dcm")
    assert clip.heart_rate_bpm is None
    assert clip.frame_times_ms is not None
    assert clip.frame_times_ms[1] == pytest.approx(33.333)
