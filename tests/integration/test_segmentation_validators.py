"""Segmentations against validators that nobody here wrote: with outlines on every frame and on two, calibrated and not."""

from pathlib import Path

import pytest
from pydicom import dcmread

from models.results import ClipFindings
from node.egress.built_files import document_bytes
from sr_templates import segmentation
from tests.factories import clip_findings, evidence, identity, lv_contours, study_findings
from tests.peers.validators import dciodvfy_errors, pixelmed_instance_errors

pytestmark = pytest.mark.validators

CLIPS = {
    "every frame": clip_findings(),
    "end-diastole and end-systole": clip_findings(contours=lv_contours([0, 10])),
    "no scale": clip_findings(cm_per_px=None),
}


def written(folder: Path, clip: ClipFindings) -> Path:
    (document,) = segmentation.build(study_findings(clips=(clip,), measurements=()), evidence(), identity())
    path = folder / "seg.dcm"
    path.write_bytes(document_bytes(document))
    return path


@pytest.mark.parametrize("name", CLIPS)
def test_no_validator_finds_an_error(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, CLIPS[name])
    assert dciodvfy_errors(path) == []
    assert pixelmed_instance_errors(path, "Segmentation") == []


@pytest.mark.parametrize("keyword", ["SegmentationType", "PatientID", "PerFrameFunctionalGroupsSequence"])
def test_pixelmed_would_notice_what_is_missing(keyword: str, tmp_path: Path) -> None:
    path = written(tmp_path, clip_findings(contours=lv_contours([0, 10])))
    dataset = dcmread(path)
    del dataset[keyword]
    dataset.save_as(path)
    assert pixelmed_instance_errors(path, "Segmentation")
