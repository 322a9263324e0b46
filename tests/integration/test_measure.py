"""`echonode measure` on DICOM objects and videos, with drawn heat maps and with stored random weights."""

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from safetensors.torch import save_file
from typer.testing import CliRunner, Result

from models.errors import ManifestError, WeightsError
from models.library.manifest import Manifest, write_manifest
from models.library.registry import find_manifest, load_manifest
from models.phantom.displays import SPECTRAL, Spectrum, Wave
from node.cli import app, measure
from node.errors import ConfigError, EchoNodeError
from node.files import file_measurement
from node.objects.video_file import read_video, write_video
from tests.factories import source_file, source_header
from tests.loaded import as_model
from tests.unit.models.families.drawn_maps import caliper_logits, drawn_reader
from tests.unit.models.families.echonet.drawn_displays import peaks_of, reader_of

ROWS, COLUMNS = 120, 160
SINGLE = ["frame_number", "pred_x1", "pred_y1", "pred_x2", "pred_y2", "diameter", "smooth_diameter", "unit"]
FOLDER = [
    "filename", "frame_number", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present",
    "pred_x1", "pred_y1", "pred_x2", "pred_y2", "coordinates", "predicted_diameter", "unit",
]  # fmt: skip


def _measure(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["measure", *(str(argument) for argument in arguments)])


def _dicom(path: Path, frames: int = 4, *, columns: int = COLUMNS, **attributes: Any) -> Path:
    """Grey, 25 frames a second, 0.05 cm a pixel; keyword arguments set or, with None, remove attributes."""
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = columns - 1, ROWS - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    attributes |= {"FrameTime": "40", "FrameIncrementPointer": 0x00181063}
    attributes["SequenceOfUltrasoundRegions"] = DicomSequence([region])
    header = source_header(frames=frames, Rows=ROWS, Columns=columns, **attributes)
    path.parent.mkdir(parents=True, exist_ok=True)
    source_file(header, bytes([90]) * (ROWS * columns * frames)).save_as(path, enforce_file_format=True)
    return path


def _video(path: Path, frames: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, [np.full((ROWS, COLUMNS, 3), 90, np.uint8)] * frames, 50.0)
    return path


def _table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        return list(table.fieldnames or ()), list(table)


Drawn = Callable[..., None]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """`lvid`, or another model, answers with a vertical line of 40 px of the 160 x 120 image on every frame."""

    def install(frames: int, name: str = "lvid") -> None:
        line = caliper_logits([((320.0, 161.5), (320.0, 321.5))])
        reader = drawn_reader(name, np.repeat(line, frames, axis=0))
        monkeypatch.setattr(measure, "open_reader", lambda *_: (as_model(reader), ("torch",)))

    return install


def test_a_dicom_clip_gives_the_authors_table_a_video_and_values(tmp_path: Path, drawn: Drawn) -> None:
    drawn(4, "ivc")
    clip, out, table = _dicom(tmp_path / "clip.dcm"), tmp_path / "overlay.mp4", tmp_path / "out.csv"
    result = _measure("--model", "ivc", clip, "--out", out, "--csv", table)
    assert result.exit_code == 0, result.output
    columns, rows = _table(table)
    assert columns == SINGLE
    assert [row["frame_number"] for row in rows] == ["0", "1", "2", "3"]
    assert [float(row["diameter"]) for row in rows] == pytest.approx([2.0] * 4, abs=0.005)
    assert "ivc_diam" in result.output
    assert "4 rows in" in result.output
    assert "Research use only" in result.output
    overlay = read_video(out)
    assert (overlay.number_of_frames, overlay.columns) == (4, COLUMNS)
    assert overlay.rows > ROWS  # the words stand below the image, and cover nothing of it
    assert overlay.frame_times_ms == pytest.approx(np.arange(4) * 40.0, abs=0.5)
    yellow = overlay.frames[:, 60, 80].astype(int)
    assert (yellow[:, 0] - yellow[:, 2] > 60).all()


def test_a_video_gives_pixels_and_no_centimetres(tmp_path: Path, drawn: Drawn) -> None:
    drawn(3)
    out, table = tmp_path / "overlay.avi", tmp_path / "out.csv"
    result = _measure("--model", "lvid", _video(tmp_path / "video.avi"), "--out", out, "--csv", table, "--json")
    assert result.exit_code == 0, result.output
    (file,) = json.loads(result.output)["files"]
    values = {(value["key"], value["unit"]): value for value in file["values"]}
    assert values["lvid", "px"]["value"] == pytest.approx(40, abs=0.1)
    assert values["lvidd_2d", "cm"]["value"] is None
    assert values["lvidd_2d", "cm"]["reasons"] == ["no_calibration", "no_cardiac_cycle"]
    assert file["rows"] == len(_table(table)[1]) == 3
    overlay = read_video(out)
    assert len(overlay.frames) == 3
    assert overlay.frame_times_ms == pytest.approx([0, 20, 40], abs=0.5)


def test_a_folder_gives_the_folder_table_and_a_video_for_each(tmp_path: Path, drawn: Drawn) -> None:
    drawn(4 + 1 + 3)
    folder = tmp_path / "study"
    _dicom(folder / "a" / "1.2.840")  # named by its UID
    _dicom(folder / "b" / "1.2.840", frames=1)
    _video(folder / "video.mp4")
    (folder / "notes.txt").write_text("no image")
    out, table = tmp_path / "overlays", tmp_path / "out.csv"
    result = _measure("--model", "lvid", folder, "--out", out, "--csv", table)
    assert result.exit_code == 0, result.output
    columns, rows = _table(table)
    assert columns == FOLDER
    assert [row["filename"] for row in rows] == ["a/1.2.840"] * 4 + ["b/1.2.840"] + ["video.mp4"] * 3
    assert rows[0]["measurement_name"] == "lvid"
    assert rows[0]["PhotometricInterpretation"] == "MONOCHROME2"
    assert float(rows[0]["predicted_diameter"]) == pytest.approx(2.0, abs=0.005)
    assert rows[0]["coordinates"].count(":") == 3
    assert sorted(path.name for path in out.iterdir()) == ["a_1_2_840.mp4", "b_1_2_840.png", "video.mp4"]
    assert len(read_video(out / "a_1_2_840.mp4").frames) == 4


def test_a_spectrum_gives_its_authors_table_and_a_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command for every reader. Over a folder the published script passes over a region at row 100."""
    spectrum = Spectrum((Wave(1.0, 0.32, -110.0),), replace(SPECTRAL, y0_px=100, y1_px=449), beside=())
    reader = reader_of("lvotvmax", peaks_of(spectrum))
    monkeypatch.setattr(measure, "open_reader", lambda *_: (as_model(reader), ("torch",)))
    monkeypatch.setattr(file_measurement, "clip_of_file", lambda _: spectrum.clip())
    still, table, out = _dicom(tmp_path / "study" / "still.dcm", 1), tmp_path / "out.csv", tmp_path / "still.png"
    for decoding, velocity in (("published", 110), ("corrected", -110)):
        result = _measure("--model", "lvotvmax", still, "--csv", table, "--out", out, "--decoding", decoding)
        assert result.exit_code == 0, result.output
        ((columns, (row,)),) = [_table(table)]
        assert columns[:2] == ["filename", "measurement_name"]
        assert row["filename"] == "still.dcm"
        assert float(row["peak_velocity"]) == pytest.approx(velocity, abs=1)
    x, y = (round(value) for value in spectrum.peak_px(spectrum.waves[0]))
    drawn = np.asarray(Image.open(out))
    rows, columns, _ = spectrum.frame().shape
    assert drawn.shape[1] == columns
    assert drawn.shape[0] > rows  # the words stand below
    assert drawn[y, x].tolist() == [255, 220, 0]
    result = _measure("--model", "lvotvmax", still.parent, "--decoding", "published", "--json")
    assert "row 100" in json.loads(result.output)["files"][0]["error"]


def test_without_cuda_no_cuda_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = _measure("--model", "lvid", _video(tmp_path / "a.avi"), "--device", "cuda")
    assert isinstance(result.exception, ConfigError)


@pytest.mark.parametrize("device", ["foo", "cuda:x", "cuda:7", "meta"])
def test_an_unknown_device_is_used_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    result = _measure("--model", "lvid", _video(tmp_path / "a.avi"), "--device", device)
    assert isinstance(result.exception, ConfigError)
    assert f"--device {device}" in str(result.exception)


def test_a_table_that_cannot_be_written_is_told_before_measuring(tmp_path: Path, drawn: Drawn) -> None:
    drawn(0)  # nothing may be read
    (tmp_path / "file").touch()
    for table in (tmp_path, tmp_path / "file" / "out.csv"):
        result = _measure("--model", "lvid", _video(tmp_path / "a.avi"), "--csv", table)
        assert isinstance(result.exception, ConfigError)
        assert f"--csv {table}" in str(result.exception)


def test_a_list_of_frames_measures_those_frames(tmp_path: Path, drawn: Drawn) -> None:
    drawn(3)
    _dicom(tmp_path / "clips" / "clip.dcm", frames=9)
    listed = tmp_path / "clips" / "frames.csv"
    listed.write_text("video_path,frame_number\nclip.dcm,7\nclip.dcm,2\nclip.dcm,8\n")
    table = tmp_path / "out.csv"
    result = _measure("--model", "lvid", listed, "--csv", table)
    assert result.exit_code == 0, result.output
    assert [row["frame_number"] for row in _table(table)[1]] == ["7", "2", "8"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("video_path\nclip.dcm\n", "no column frame_number"), ("video_path,frame_number\nclip.dcm,x\n", "line 2")],
)
def test_a_broken_list_is_used_wrong(tmp_path: Path, drawn: Drawn, content: str, message: str) -> None:
    drawn(1)
    (tmp_path / "frames.csv").write_text(content)
    result = _measure("--model", "lvid", tmp_path / "frames.csv")
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)


def test_one_broken_file_does_not_stop_the_others(tmp_path: Path, drawn: Drawn) -> None:
    drawn(4)
    (tmp_path / "broken.avi").write_bytes(b"no video")
    (tmp_path / "frames.csv").write_text("video_path,frame_number\nclip.dcm,4\n")
    clip = _dicom(tmp_path / "clip.dcm")
    result = _measure("--model", "lvid", tmp_path / "broken.avi", clip, tmp_path / "frames.csv", "--json")
    assert isinstance(result.exception, EchoNodeError)
    assert "2 of 3 files" in str(result.exception)
    broken, good, outside = json.loads(result.output)["files"]
    assert "no video" in broken["error"]
    assert good["rows"] == 4
    assert "no frame 4" in outside["error"]


def test_the_published_decoding_refuses_other_shapes_and_says_the_way_out(tmp_path: Path, drawn: Drawn) -> None:
    drawn(2)
    wide = _dicom(tmp_path / "wide.dcm", columns=200)
    result = _measure("--model", "lvid", wide, "--decoding", "published", "--json")
    assert result.exit_code == 1
    assert "the corrected one any" in json.loads(result.output)["files"][0]["error"]


def test_phantom_trained_weights_measure_no_patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = drawn_reader("lvid", caliper_logits([((320.0, 161.5), (320.0, 321.5))] * 2))
    reader.manifest = replace(reader.manifest, trained_on_phantoms=True)
    monkeypatch.setattr(measure, "open_reader", lambda *_: (as_model(reader), ("torch",)))
    phantom, patient = _dicom(tmp_path / "phantom.dcm", 2), _dicom(tmp_path / "patient.dcm", 2, QualityControlSubject=None)
    result = _measure("--model", "lvid", phantom, patient, "--json")
    assert result.exit_code == 1
    measured, refused = json.loads(result.output)["files"]
    assert measured["rows"] == 2
    assert "phantoms only" in refused["error"]


def test_what_the_header_says_against_measuring_is_told(tmp_path: Path, drawn: Drawn) -> None:
    drawn(2)
    result = _measure("--model", "lvid", _dicom(tmp_path / "clip.dcm", 2, StageName="PEAK STRESS"), "--json")
    assert "the header says stress_stage" in json.loads(result.output)["files"][0]["notes"]


@pytest.mark.parametrize("out", ["overlay.mp4", "overlay.gif"])
def test_an_overlay_for_several_files_needs_a_folder(tmp_path: Path, drawn: Drawn, out: str) -> None:
    drawn(2)
    result = _measure("--model", "lvid", _video(tmp_path / "a.avi"), _video(tmp_path / "b.avi"), "--out", tmp_path / out)
    assert isinstance(result.exception, ConfigError)


def test_several_frames_are_no_image(tmp_path: Path, drawn: Drawn) -> None:
    drawn(3)
    result = _measure("--model", "lvid", _video(tmp_path / "a.avi"), "--out", tmp_path / "a.png", "--json")
    assert "3 frames are no PNG" in json.loads(result.output)["files"][0]["overlay_error"]


def test_without_weights_the_way_to_bring_them_is_said(tmp_path: Path) -> None:
    result = _measure("--model", "lvid", _video(tmp_path / "a.avi"))
    assert isinstance(result.exception, WeightsError)
    assert "echonode models import echonet_measurements/lvid" in str(result.exception)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [("lvidd", ManifestError, "no model 'lvidd'"), ("phantom_view", ConfigError, "does not measure")],
)
def test_a_model_that_cannot_measure_is_used_wrong(tmp_path: Path, model: str, error: type, message: str) -> None:
    result = _measure("--model", model, _video(tmp_path / "a.avi"))
    assert isinstance(result.exception, error)
    assert message in str(result.exception)


def test_an_empty_folder_is_used_wrong(tmp_path: Path) -> None:
    assert isinstance(_measure("--model", "lvid", tmp_path).exception, ConfigError)


def _stored(folder: Path, manifest: Manifest, dtype: torch.dtype) -> Path:
    """A folder of imported models that holds random weights for this one."""
    (folder / "weights").mkdir(parents=True)
    torch.manual_seed(0)
    tensors = load_manifest(manifest).network.state_dict()
    stored = {key: value.to(dtype).contiguous() if value.is_floating_point() else value for key, value in tensors.items()}
    weights = folder / "weights" / "model.safetensors"
    save_file(stored, weights)
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    own = replace(manifest, trained=True, weights_file=weights.name, weights_sha256=sha256)
    write_manifest(own, folder / "manifests" / "model.toml")
    return folder


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`lvid` in half precision."""
    return _stored(tmp_path_factory.mktemp("models"), find_manifest("lvid"), torch.float16)


@pytest.mark.slow
@pytest.mark.origins
def test_every_engine_measures_the_same_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On frames of 64 px. Unasked, it is the quickest that agrees with torch."""
    pytest.importorskip("openvino")
    name = "EchoMotionNet_TemporalTransformer"
    published = find_manifest(name)
    manifest = replace(published, input_shape=(*published.input_shape[:-2], 64, 64), thresholds=_without_half(published))
    monkeypatch.setenv("ECHONODE_MODELS", str(_stored(tmp_path / "models", manifest, torch.float32)))
    video = tmp_path / "video.avi"
    speckle = np.random.default_rng(0).integers(0, 255, (32, ROWS, COLUMNS, 1), dtype=np.uint8)
    write_video(video, list(np.broadcast_to(speckle, (32, ROWS, COLUMNS, 3))), 25.0)
    found = {}
    for engine in ("torch", "openvino", "auto", ""):
        result = _measure("--model", name, video, *(("--engine", engine) if engine else ()), "--json")
        assert result.exit_code == 0, result.output
        found[engine] = json.loads(result.stdout)
    assert found["torch"]["engine"] == f"torch {torch.__version__} fp32"
    assert found[""] == found["auto"] == found["openvino"]
    assert found["auto"]["engine"].startswith("OpenVINO")
    (by_torch,), (by_auto,) = (found[engine]["files"] for engine in ("torch", "auto"))
    assert any(value["value"] is not None for value in by_torch["values"])
    for one, other in zip(by_torch["values"], by_auto["values"], strict=True):
        assert (one["key"], one["unit"], one["reasons"]) == (other["key"], other["unit"], other["reasons"])
        if one["value"] is None:
            assert other["value"] is None
        else:
            assert other["value"] == pytest.approx(one["value"], rel=2e-3)


def _without_half(manifest: Manifest) -> dict[str, float]:
    """Random weights tell nothing about half precision."""
    return {key: value for key, value in manifest.thresholds.items() if not key.startswith("bf16_")}


def test_an_engine_of_no_such_name_is_used_wrong(tmp_path: Path) -> None:
    assert _measure("--model", "lvid", _video(tmp_path / "a.avi"), "--engine", "abacus").exit_code == 2


@pytest.mark.slow
@pytest.mark.origins
def test_stored_weights_measure_in_both_decodings(imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights mark no peak: the published centroid falls near the middle, the corrected decoding gives no point."""
    monkeypatch.setenv("ECHONODE_MODELS", str(imported))
    folder = tmp_path / "study"
    _dicom(folder / "clip.dcm", frames=2)
    video = _video(folder / "video.avi", frames=2)
    out, table = tmp_path / "published", tmp_path / "published.csv"
    torch_alone = "--engine", "torch"  # converting it would take longer than all else
    asked = "--model", "lvid", *torch_alone, folder, "--out", out, "--csv", table, "--decoding", "published", "--json"
    result = _measure(*asked)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.output)
    assert summary["weights_sha256"] == find_manifest("lvid").weights_sha256
    assert "Research use only" in summary["statement"]
    columns, rows = _table(table)
    assert (columns, len(rows)) == (FOLDER[:-1], 4)
    assert [len(read_video(out / name).frames) for name in ("clip.mp4", "video.mp4")] == [2, 2]
    assert all(250 < int(row["pred_x1"]) < 390 for row in rows[:2])  # of 640
    assert all(60 < int(row["pred_x1"]) < 100 for row in rows[2:])  # of 160: videos are not resized
    result = _measure("--model", "lvid", *torch_alone, video, "--out", tmp_path / "corrected.avi", "--json")
    assert result.exit_code == 0, result.output
    (file,) = json.loads(result.output)["files"]
    assert {value["reasons"][-1] for value in file["values"]} == {"quality"}
    assert len(read_video(tmp_path / "corrected.avi").frames) == file["rows"] == 2
