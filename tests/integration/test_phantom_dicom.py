"""dciodvfy checks the phantom's DICOM objects; a second process makes them."""

import subprocess
from pathlib import Path

import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from models.catalogue import View
from node.objects.phantom_writer import ClipRequest, WrittenStudy, write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    clips = [
        ClipRequest(view, quality=quality, beats=0.3, rows=240, columns=320, polar=(96, 64), transfer_syntax_uid=syntax)
        for view, quality, syntax in (
            (View.A4C, 3, JPEGBaseline8Bit),
            (View.A2C, 0, RLELossless),
            (View.A4C, 1, ExplicitVRLittleEndian),
        )
    ]
    return write_study(tmp_path_factory.mktemp("phantom"), seed=21, clips=clips)


@pytest.mark.validators
@pytest.mark.parametrize("index", range(3))
def test_dciodvfy_finds_no_error_and_no_warning(study: WrittenStudy, index: int) -> None:
    verdict = subprocess.run(["dciodvfy", str(study.paths[index])], capture_output=True, text=True, check=False)
    assert verdict.returncode == 0
    assert (verdict.stdout + verdict.stderr).strip() == "USMultiFrameImage"


def test_two_processes_make_what_one_makes(study: WrittenStudy, tmp_path: Path) -> None:
    request = ClipRequest(View.A4C, quality=3, beats=0.3, rows=240, columns=320, polar=(96, 64))
    alone = write_study(tmp_path, seed=21, clips=[request], processes=1)
    assert alone.truth["clips"][0]["contours"] == study.truth["clips"][0]["contours"]
    assert alone.truth["measurements"] == study.truth["measurements"]
