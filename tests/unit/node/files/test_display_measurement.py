"""From a DICOM object of a spectral or M-mode display to the table and the overlay of `echonode measure`."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from models.calibration import RegionCalibration
from models.library.reading import Decoding
from models.phantom.displays import ECG, SECTOR, SPECTRAL, AnnulusTrace, Spectrum, Wave
from node.files.file_measurement import measure_file, write_table
from node.files.input_files import InputFile
from tests.unit.models.families.echonet.drawn_displays import peaks_of, reader_of, value_of
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object

JET = Spectrum((Wave(1.0, 0.32, -312.5),), replace(SPECTRAL, physical_delta_y=-2.5, data_type=4))
_KEYWORDS = {
    "x0_px": "RegionLocationMinX0", "y0_px": "RegionLocationMinY0",
    "x1_px": "RegionLocationMaxX1", "y1_px": "RegionLocationMaxY1",
    "spatial_format": "RegionSpatialFormat", "data_type": "RegionDataType", "physical_unit_x": "PhysicalUnitsXDirection",
    "physical_unit_y": "PhysicalUnitsYDirection", "physical_delta_x": "PhysicalDeltaX", "physical_delta_y": "PhysicalDeltaY",
    "reference_pixel_x0_px": "ReferencePixelX0", "reference_pixel_y0_px": "ReferencePixelY0",
    "reference_physical_value_y": "ReferencePixelPhysicalValueY", "doppler_correction_angle_deg": "DopplerCorrectionAngle",
}  # fmt: skip


def _item(region: RegionCalibration) -> Dataset:
    item = Dataset()
    item.RegionFlags = 0
    for name, keyword in _KEYWORDS.items():
        if getattr(region, name) is not None:
            setattr(item, keyword, getattr(region, name))
    return item


def _stored(path: Path, frame: np.ndarray, regions: tuple[RegionCalibration, ...], **attributes: Any) -> InputFile:
    items = [_item(region) for region in regions]
    path.write_bytes(as_file(ultrasound_object(frame[None], SequenceOfUltrasoundRegions=items, **attributes)))
    return InputFile(path, path.name)


def test_a_jet_becomes_a_row_and_an_image(tmp_path: Path) -> None:
    wanted = _stored(tmp_path / "jet.dcm", JET.frame(), (SECTOR, JET.region, ECG))
    measured = measure_file(reader_of("avvmax", peaks_of(JET)), wanted, Decoding.CORRECTED, tmp_path / "drawn")
    assert measured.error == ""
    assert measured.reading is not None
    assert value_of(measured.reading, "av_vmax").value == pytest.approx(3.125, abs=0.01)
    assert measured.overlay is not None
    assert measured.overlay.suffix == ".png"
    assert measured.overlay.stat().st_size > 1000
    write_table(tmp_path / "table.csv", [measured])
    with (tmp_path / "table.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row) == [
        "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present", "PhysicalDeltaY", "y0",
        "horizontal_line", "predicted_x", "predicted_y", "peak_velocity", "height", "width",
    ]  # fmt: skip
    assert (row["filename"], row["measurement_name"], row["PhotometricInterpretation"]) == ("jet.dcm", "avvmax", "RGB")
    assert float(row["peak_velocity"]) == pytest.approx(-312.5, abs=1)


def test_stored_as_ybr_the_networks_see_the_same_colours_once_converted(tmp_path: Path) -> None:
    """The green trace must be found, and it is gone after a second conversion or with Cb and Cr swapped."""
    frame = JET.frame().astype(np.float64)
    matrix = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])  # PS3.3 C.7.6.3.1.2
    stored = np.clip(np.round(frame @ matrix.T + np.array([0, 128, 128])), 0, 255).astype(np.uint8)
    ybr = _stored(tmp_path / "ybr.dcm", stored, (SECTOR, JET.region), PhotometricInterpretation="YBR_FULL")
    rgb = _stored(tmp_path / "rgb.dcm", JET.frame(), (SECTOR, JET.region))
    reader = reader_of("avvmax", peaks_of(JET))
    for wanted in (ybr, rgb):
        assert measure_file(reader, wanted, Decoding.CORRECTED, None).error == ""
    from_ybr, from_rgb = reader.network.crops
    np.testing.assert_allclose(from_ybr, from_rgb, atol=2.5 / 255)


def test_a_correction_angle_in_the_header_forbids_the_velocity(tmp_path: Path) -> None:
    region = replace(JET.region, doppler_correction_angle_deg=30.0)
    wanted = _stored(tmp_path / "angle.dcm", JET.frame(), (SECTOR, region))
    measured = measure_file(reader_of("avvmax", peaks_of(JET)), wanted, Decoding.CORRECTED, None)
    assert measured.reading is not None
    assert "30 degrees" in value_of(measured.reading, "av_vmax").detail


@pytest.mark.slow
def test_tapse_of_an_m_mode_object(tmp_path: Path) -> None:
    trace = AnnulusTrace(1.86)
    low, high = trace.ends_px(1)
    wanted = _stored(tmp_path / "tapse.dcm", trace.frame(), (SECTOR, trace.region, ECG))
    measured = measure_file(reader_of("tapse_2c", [high], [low]), wanted, Decoding.CORRECTED, tmp_path / "drawn.png")
    assert measured.reading is not None
    assert value_of(measured.reading, "tapse").value == pytest.approx(1.86, abs=0.01)
    assert measured.overlay == tmp_path / "drawn.png"


def test_what_the_published_scripts_refuse_is_an_error_of_that_file(tmp_path: Path) -> None:
    region = replace(JET.region, y0_px=300, y1_px=649)
    wanted = _stored(tmp_path / "high.dcm", JET.frame(), (SECTOR, region))
    reader = reader_of("mvpeak_2c", peaks_of(JET), peaks_of(JET))
    assert "row 300" in measure_file(reader, wanted, Decoding.PUBLISHED, None).error
