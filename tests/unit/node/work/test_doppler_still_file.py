"""A Doppler still as a cart stores it, from the file to the number in the report, in the node's own path."""

from collections.abc import Iterator
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundImageStorage

from models.calibration import RegionCalibration
from models.catalogue import View
from models.derive.study import derive_study
from models.phantom.traces import ECG, ROWS, SECTOR, Spectrum, Wave
from models.registry import load_model
from models.results import Reason, StudyFindings
from node.egress.documents import build_all, read_evidence
from node.settings import ModelSettings, ResearchSettings, Settings
from node.work.clip_analysis import analyse_clip
from node.work.plan import plan_for, require_models
from sr_templates import codes
from tests.factories import STUDY_UID, identity, source_header
from tests.spectra import heat_map, logits
from tests.unit.models.families.drawn_traces import peaks_of
from tests.unit.node.study.ultrasound_object import as_file, ultrasound_object
from tests.unit.node.work.test_mixed_model_set import VIEW, stored, stored_sure_of

pytestmark = pytest.mark.slow

AVVMAX = "echonet_measurements/avvmax"
UID = "1.2.826.0.1.3680043.8.498.1.1.9"
JET = Spectrum((Wave(1.0, 0.32, -312.3),), RegionCalibration(0, 342, 1023, 691, 3, 4, 4, 7, 0.004, -2.5, 0, 175))


def region_item(region: RegionCalibration) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType = region.spatial_format, region.data_type
    item.RegionLocationMinX0, item.RegionLocationMinY0 = region.x0_px, region.y0_px
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = region.x1_px, region.y1_px
    item.PhysicalUnitsXDirection, item.PhysicalUnitsYDirection = region.physical_unit_x, region.physical_unit_y
    item.PhysicalDeltaX, item.PhysicalDeltaY = region.physical_delta_x, region.physical_delta_y
    if region.reference_pixel_y0_px is not None:
        item.ReferencePixelX0, item.ReferencePixelY0 = region.reference_pixel_x0_px or 0, region.reference_pixel_y0_px
        item.ReferencePixelPhysicalValueX, item.ReferencePixelPhysicalValueY = 0.0, 0.0
    return item


def still(path: Path) -> Path:
    """Of a patient: duplex screen with a picture in colour, its regions in the order a cart writes them."""
    header = {element.keyword: element.value for element in source_header(UID, frames=None, QualityControlSubject=None)}
    for keyword in ("Rows", "Columns", "Modality"):
        del header[keyword]
    coloured = RegionCalibration(*SECTOR.corners_px, 1, 2, 3, 3, 0.05, 0.05)
    regions = [region_item(region) for region in (SECTOR, coloured, JET.region, ECG)]
    written = ultrasound_object(
        JET.frame()[None], **header, Modality="US", UltrasoundColorDataPresent=1, SequenceOfUltrasoundRegions=regions
    )
    del written.NumberOfFrames
    written.SOPClassUID = written.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    path.write_bytes(as_file(written))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A view network that always says `doppler-av`, and the network of aortic peaks."""
    folder = tmp_path_factory.mktemp("models")
    stored_sure_of(folder, "doppler-av")
    stored(folder, AVVMAX, load_model(AVVMAX))
    return folder


def analysed(path: Path, *, override: bool) -> StudyFindings:
    models = ModelSettings(view=VIEW, measurements=("avvmax",), engine="torch")
    plan = plan_for(Settings(models=models, research=ResearchSettings(override=override)))
    require_models(plan)
    clip = analyse_clip(UID, path, plan)
    return derive_study(STUDY_UID, [clip], research_override=override, asked=plan.quantities_read())


def test_a_doppler_still_gives_its_quantities_to_the_report(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks = logits(heat_map(peaks_of(JET)))

    def answer(network: torch.nn.Module, frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        yield from (peaks[None, ROWS - len(frame) :] for frame in frames)

    monkeypatch.setattr("models.families.echonet_trace.logits", answer)
    monkeypatch.setenv("ECHONODE_MODELS", str(folder))
    path = still(tmp_path / "still.dcm")
    gated = analysed(path, override=False)
    assert gated.measurements == ()
    (vmax,) = [missing for missing in gated.not_measured if missing.key == "av_vmax"]
    assert vmax.reasons == (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)

    findings = analysed(path, override=True)
    found = {measurement.key: measurement for measurement in findings.measurements}
    assert found.keys() == {"av_vmax", "av_pg"}
    assert found["av_vmax"].value == pytest.approx(3.123, abs=0.005)
    assert found["av_vmax"].view is View.DOPPLER_AV_CW
    (report,) = (d.dataset for d in build_all(findings, read_evidence([path]), identity()) if d.template == "tid1500")
    read = hd.sr.ComprehensiveSR.from_dataset(report).content.get_image_measurement_groups()
    (item,) = [m for group in read for m in group.get_measurements(codes.QUANTITY_CODES["av_vmax"].concept)]
    assert (item.value, item.unit.value) == (round(found["av_vmax"].value, 2), "m/s")
    (image,) = item.referenced_images
    assert (image.referenced_sop_instance_uid, image.referenced_frame_numbers) == (UID, None)
