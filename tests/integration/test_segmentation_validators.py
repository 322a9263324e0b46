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


MISSING = ("SegmentationType", "PatientID", "PerFrameFunctionalGroupsSequence")


def _written(path: Path, clip: ClipFindings) -> Path:
    (document,) = segmentation.build(study_findings(clips=(clip,), measurements=()), evidence(), identity())
    path.write_bytes(document_bytes(document))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A segmentation of each clip, and one without each of `MISSING`."""
    folder = tmp_path_factory.mktemp("segmentations")
    files = {name: _written(folder / f"{number}.dcm", clip) for number, (name, clip) in enumerate(CLIPS.items())}
    for keyword in MISSING:
        dataset = dcmread(files["end-diastole and end-systole"])
        del dataset[keyword]
        files[keyword] = folder / f"{keyword}.dcm"
        dataset.save_as(files[keyword])
    return files


@pytest.fixture(scope="module")
def pixelmed_finds(files: dict[str, Path]) -> dict[str, list[str]]:
    """All in one Java machine: it takes longer to compile its rules than to judge by them."""
    return dict(zip(files, pixelmed_instance_errors(tuple(files.values()), "Segmentation"), strict=True))


@pytest.mark.parametrize("name", CLIPS)
def test_no_validator_finds_an_error(name: str, files: dict[str, Path], pixelmed_finds: dict[str, list[str]]) -> None:
    assert dciodvfy_errors(files[name]) == []
    assert pixelmed_finds[name] == []


@pytest.mark.parametrize("keyword", MISSING)
def test_pixelmed_would_notice_what_is_missing(keyword: str, pixelmed_finds: dict[str, list[str]]) -> None:
    assert pixelmed_finds[keyword]
