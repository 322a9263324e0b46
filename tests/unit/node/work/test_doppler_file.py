"""A Doppler frame or clip as a cart stores it, from the file to the number in the report, in the node's own path."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundImageStorage

from models.calibration import RegionCalibration
from models.catalogue import View
from models.derive.study.quantities import derive_study
from models.inputs.clip_input import ClipInput
from models.library.quantities import quantities_of
from models.library.registry import load_model
from models.phantom.displays import ECG, ROWS, SECTOR, Spectrum, Wave
from models.results import Reason, StudyFindings
from node.egress.building import build_templates, read_evidence
from node.settings import ModelSettings, ResearchSettings, Settings
from node.work.clip_analysis import analyse_clip
from node.work.model_check import require_models
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.content_items import drawn_and_other_groups
from tests.factories import STUDY_UID, identity, source_header
from tests.spectra import heat_map, logits
from tests.sweeps import written
from tests.unit.models.families.echonet.drawn_displays import peaks_of
from tests.unit.node.objects.ultrasound_object import as_file, ultrasound_object
from tests.unit.node.work.test_mixed_model_set import VIEW, stored, stored_sure_of

pytestmark = pytest.mark.slow

AVVMAX = "echonet_measurements/avvmax"
UID = "1.2.826.0.1.3680043.8.498.1.1.9"
JET = Spectrum((Wave(1.0, 0.32, -312.3),), RegionCalibration(0, 342, 1023, 691, 3, 4, 4, 7, 0.004, -2.5, 0, 175))
OTHERS = ((1, 2.0, -400.0), (2, 0.4, -210.0))  # seed, onset, peak


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


def single(path: Path) -> Path:
    written = recorded(JET.frame()[None])
    del written.NumberOfFrames
    written.SOPClassUID = written.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    path.write_bytes(as_file(written))
    return path


def cine(path: Path, fronts: tuple[float, ...]) -> Path:
    """A sweep with a faster jet, then one with `JET`, then a third."""
    sweeps = [replace(JET, waves=(Wave(onset, 0.32, peak),), seed=seed).frame() for seed, onset, peak in OTHERS]
    path.write_bytes(as_file(recorded(written([sweeps[0], JET.frame(), sweeps[1]], JET.region, fronts))))
    return path


def recorded(frames: NDArray[np.uint8]) -> Dataset:
    """Of a patient: duplex screen with a picture in colour, its regions in the order a cart writes them."""
    header = {element.keyword: element.value for element in source_header(UID, frames=None, QualityControlSubject=None)}
    for keyword in ("Rows", "Columns", "Modality"):
        del header[keyword]
    coloured = RegionCalibration(*SECTOR.corners_px, 1, 2, 3, 3, 0.05, 0.05)
    regions = [region_item(region) for region in (SECTOR, coloured, JET.region, ECG)]
    return ultrasound_object(frames, **header, Modality="US", UltrasoundColorDataPresent=1, SequenceOfUltrasoundRegions=regions)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A view network that always says `doppler-av`, and the network of aortic peaks."""
    folder = tmp_path_factory.mktemp("models")
    stored_sure_of(folder, "doppler-av")
    stored(folder, AVVMAX, load_model(AVVMAX).network)
    return folder


def analysed(path: Path, *, override: bool) -> StudyFindings:
    models = ModelSettings(view=VIEW, measurements=("avvmax",), engine="torch")
    plan = Settings(models=models, research=ResearchSettings(override=override)).model_set
    require_models(plan)
    clip = analyse_clip(UID, path, plan)
    return derive_study(STUDY_UID, [clip], research_override=override, asked=quantities_of(plan))


@pytest.fixture
def sees_the_jet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = logits(heat_map(peaks_of(JET)))

    def answer(network: torch.nn.Module, seen: ClipInput, frames: Sequence[int], at_once: int) -> Iterator[torch.Tensor]:
        yield from (torch.from_numpy(peaks[None, ROWS - screen.shape[1] :]) for screen in seen.batch(frames))

    monkeypatch.setattr("models.families.echonet.display_reader.frame_answers", answer)
    monkeypatch.setenv("ECHONODE_MODELS", str(folder))


def frames_reported(findings: StudyFindings, path: Path, value: float) -> list[int] | None:
    """Those that the report refers to at the velocity."""
    (report,) = (d.dataset for d in build_templates(findings, read_evidence([path]), identity()) if d.template == "tid1500")
    read = drawn_and_other_groups(report)
    (item,) = [m for group in read for m in group.get_measurements(QUANTITY_CODES["av_vmax"].concept)]
    assert (item.value, item.unit.value) == (round(value, 2), "m/s")
    (image,) = item.referenced_images
    assert image.referenced_sop_instance_uid == UID
    numbers: list[int] | None = image.referenced_frame_numbers
    return numbers


@pytest.mark.usefixtures("sees_the_jet")
def test_a_doppler_frame_gives_its_quantities_to_the_report(tmp_path: Path) -> None:
    path = single(tmp_path / "still.dcm")
    stopped = analysed(path, override=False)
    assert stopped.measurements == ()
    (vmax,) = [missing for missing in stopped.not_measured if missing.key == "av_vmax"]
    assert vmax.reasons == (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)

    findings = analysed(path, override=True)
    found = {measurement.key: measurement for measurement in findings.measurements}
    assert found.keys() == {"av_vmax", "av_pg"}
    assert found["av_vmax"].value == pytest.approx(3.123, abs=0.005)
    assert found["av_vmax"].view is View.DOPPLER_AV_CW
    assert frames_reported(findings, path, found["av_vmax"].value) is None


@pytest.mark.usefixtures("sees_the_jet")
def test_a_doppler_clip_is_reported_with_the_frame_of_its_last_whole_sweep(tmp_path: Path) -> None:
    path = cine(tmp_path / "cine.dcm", (0.9, 0.96, 0.99, 1.02, 1.08))
    findings = analysed(path, override=True)
    found = {measurement.key: measurement for measurement in findings.measurements}
    assert found["av_vmax"].value == pytest.approx(3.123, abs=0.005)
    assert [source.frame_number for source in found["av_vmax"].sources] == [3]
    assert frames_reported(findings, path, found["av_vmax"].value) == [3]


@pytest.mark.usefixtures("sees_the_jet")
def test_a_doppler_clip_without_a_whole_sweep_gives_the_reason(tmp_path: Path) -> None:
    findings = analysed(cine(tmp_path / "cine.dcm", (0.5, 0.6, 0.7)), override=True)
    assert findings.measurements == ()
    (vmax,) = [missing for missing in findings.not_measured if missing.key == "av_vmax"]
    assert vmax.reasons[0] is Reason.NO_CARDIAC_CYCLE
    assert "each holds parts of two" in vmax.detail
