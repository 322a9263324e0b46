"""Every transfer syntax that the phantom is written in, in grey and in colour, read back by pydicom and by the node itself."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.uid import JPEGBaseline8Bit, RLELossless, UltrasoundMultiFrameImageStorage

from node.objects.clip_reader import read_clip
from node.objects.phantom_header import PhantomPatient, PhantomStudy, describe_patient_and_study, new_dataset
from node.objects.phantom_pixels import SYNTAXES, set_pixels
from tests.unit.node.objects.test_phantom_writer import CREATED_AT


def frames(colour: bool) -> NDArray[np.uint8]:
    """Two of odd size, not alike, smooth enough for JPEG."""
    y, x = np.mgrid[:45, :61]
    grey = np.stack([100 + 80 * np.sin(x / 9 + number) * np.cos(y / 7) for number in range(2)])
    shades = np.stack([grey, grey * 0.6 + 40, 230 - grey], axis=-1) if colour else grey
    return shades.astype(np.uint8)


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_what_is_written_is_read(syntax: str, colour: bool, tmp_path: Path) -> None:
    true = frames(colour)
    dataset = new_dataset(UltrasoundMultiFrameImageStorage, "2.25.7")
    describe_patient_and_study(dataset, PhantomPatient(), PhantomStudy("2.25.1", "2.25.2", CREATED_AT))
    dataset.NumberOfFrames, dataset.FrameTime, dataset.FrameIncrementPointer = 2, "40", 0x00181063
    set_pixels(dataset, true, syntax)  # type: ignore[arg-type]
    dataset.save_as(tmp_path / "clip.dcm", enforce_file_format=True)
    assert dcmread(tmp_path / "clip.dcm").file_meta.TransferSyntaxUID == syntax
    read = np.asarray(read_clip(tmp_path / "clip.dcm").take([0, 1]))
    if colour:
        assert read.shape == true.shape
        assert np.abs(read.astype(int) - true).mean() < (6 if syntax == JPEGBaseline8Bit else 1e-9)
    else:
        grey = read[..., 0] if read.ndim == 4 else read
        assert np.abs(grey.astype(int) - true).max() <= (24 if syntax == JPEGBaseline8Bit else 0)


def test_rle_is_by_plane_and_jpeg_says_it_is_lossy() -> None:
    dataset = new_dataset(UltrasoundMultiFrameImageStorage, "2.25.7")
    set_pixels(dataset, frames(True), RLELossless)
    assert (dataset.PlanarConfiguration, dataset.LossyImageCompression) == (1, "00")
    set_pixels(dataset, frames(True), JPEGBaseline8Bit)
    assert (dataset.PlanarConfiguration, dataset.LossyImageCompression) == (0, "01")
    assert float(dataset.LossyImageCompressionRatio) > 2
