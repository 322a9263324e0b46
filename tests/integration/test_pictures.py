"""Pictures and marks in software that nobody here wrote: validators, DCMTK's decoders, Orthanc."""

import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread

from models.results import Caliper, CaliperKind, StudyFindings
from node.egress.built_files import document_bytes
from node.egress.dicom_store import send_files
from node.objects.clip_reader import read_clip
from sr_templates import presentation_state, secondary_capture
from tests.factories import (
    A2C_UID,
    A4C_UID,
    POOR_UID,
    evidence,
    identity,
    measurement,
    source_file,
    source_header,
    study_findings,
)
from tests.peers.orthanc import Orthanc
from tests.peers.validators import dciodvfy_errors

LOSSY = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "10", "LossyImageCompressionMethod": "ISO_10918_1"}


def _findings() -> StudyFindings:
    line = Caliper(CaliperKind.LINE, A4C_UID, 4, ((20.0, 10.0), (25.0, 40.0)))
    findings = study_findings()
    return replace(findings, measurements=(*findings.measurements, measurement("lvidd_2d", 4.61, calipers=(line,))))


def _files(template: Any, folder: Path, **attributes: Any) -> dict[str, Path]:
    """Part of the document -> its file."""
    found = evidence(*(source_header(uid, **attributes) for uid in (A4C_UID, A2C_UID, POOR_UID)))
    files = {}
    for number, document in enumerate(template.build(_findings(), found, identity())):
        files[document.part] = folder / f"{number}.dcm"
        files[document.part].write_bytes(document_bytes(document))
    return files


@pytest.mark.validators
@pytest.mark.parametrize("attributes", [{}, LOSSY], ids=["lossless", "lossy"])
def test_dciodvfy_finds_no_error_in_captures(attributes: dict[str, str], tmp_path: Path) -> None:
    files = _files(secondary_capture, tmp_path, **attributes)
    assert {part.split()[1] for part in files} == {"frame", "loop"}
    assert {part: dciodvfy_errors(path) for part, path in files.items()} == {part: [] for part in files}


@pytest.mark.validators
@pytest.mark.dcmtk
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1", "RGB", "YBR_FULL_422", "PALETTE COLOR"])
def test_validators_take_a_state_of_either_kind(photometric: str, tmp_path: Path) -> None:
    stated = {"WindowCenter": "128", "WindowWidth": "256"} if photometric.startswith("MONO") else {}
    files = _files(presentation_state, tmp_path, PhotometricInterpretation=photometric, **stated)
    for path in files.values():
        assert dciodvfy_errors(path) == []
        checked = subprocess.run(["dcmpschk", path], capture_output=True, text=True, check=False)
        assert (checked.returncode, "Test passed" in checked.stderr + checked.stdout) == (0, True)


@pytest.mark.dcmtk
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_dcmtk_shows_a_grey_frame_under_a_state_as_it_is_without(photometric: str, tmp_path: Path) -> None:
    """`dcmp2pgm` renders what a viewer shows below the graphics."""
    stated = {"WindowCenter": "100", "WindowWidth": "120"}
    header = source_header(A4C_UID, **stated)
    image = source_file(header, (np.arange(20 * 60 * 80) % 251).astype(np.uint8).tobytes())
    image.PhotometricInterpretation = photometric
    image.save_as(tmp_path / "clip.dcm", enforce_file_format=True)
    state = next(
        iter(
            _files(
                presentation_state, tmp_path, PhotometricInterpretation=photometric, WindowCenter="100", WindowWidth="120"
            ).values()
        )
    )
    subprocess.run(["dcmp2pgm", "-f", "3", "-p", state, tmp_path / "clip.dcm", tmp_path / "with.pgm"], check=True)
    subprocess.run(["dcm2pnm", "+F", "3", "+Wi", "1", tmp_path / "clip.dcm", tmp_path / "without.pgm"], check=True)
    assert np.array_equal(*(np.asarray(Image.open(tmp_path / name)) for name in ("with.pgm", "without.pgm")))


@pytest.mark.orthanc
@pytest.mark.parametrize(
    ("attributes", "receiver", "syntax"),
    [
        ({}, {}, "RLE Lossless"),
        (LOSSY, {}, "JPEG Baseline (Process 1)"),
        ({}, {"RleTransferSyntaxAccepted": False}, "Explicit VR Little Endian"),
        (LOSSY, {"JpegTransferSyntaxAccepted": False}, "Explicit VR Little Endian"),
    ],
    ids=["lossless", "lossy", "no run lengths", "no JPEG"],
)
def test_orthanc_shows_the_pictures_that_were_drawn(
    attributes: dict[str, str], receiver: dict[str, bool], syntax: str, tmp_path: Path
) -> None:
    files = _files(secondary_capture, tmp_path, **attributes)
    with Orthanc(tmp_path / "orthanc", settings=receiver) as orthanc:
        answers = send_files(list(files.values()), "127.0.0.1", orthanc.dicom_port, orthanc.ae_title, "ECHONODE")
        assert [answer.answer.status for answer in answers] == [0] * len(files)
        for part, path in files.items():
            drawn, sent = read_clip(path).frames, dcmread(path, stop_before_pixels=True)
            (instance,) = orthanc.find("Instance", SOPInstanceUID=sent.SOPInstanceUID)
            arrived = dcmread(BytesIO(orthanc.get_bytes(f"/instances/{instance}/file")), stop_before_pixels=True)
            assert arrived.file_meta.TransferSyntaxUID.name == syntax
            assert arrived.LossyImageCompression == sent.LossyImageCompression
            for index in range(0, len(drawn), 7):
                assert _difference(_preview(orthanc, instance, index), drawn[index]) <= (3 if attributes else 0), part


def _preview(orthanc: Orthanc, instance: str, frame_index: int) -> NDArray[np.uint8]:
    """RGB (rows, columns, 3), 0 to 255, as Orthanc renders it."""
    png = orthanc.get_bytes(f"/instances/{instance}/frames/{frame_index}/preview")
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The mean one, of 255, where both are of one size."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())
