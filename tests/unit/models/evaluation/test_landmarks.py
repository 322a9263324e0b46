"""Landmarks of a truth.json against the ends of calipers and the corners of outlines, in px and in mm."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.calibration import RegionCalibration
from models.clip import Clip
from models.errors import DatasetError, EvaluationError, ReadingError
from models.evaluation.datasets import read_data
from models.evaluation.datasets.items import DataSet, Item, TrueLandmark, Truth
from models.evaluation.tasks import run_task, tasks_of
from models.evaluation.tasks.evaluation_result import EvaluationResult, Options
from models.evaluation.tasks.landmarks import names_of
from models.library.reading import Decoding, Mark, Reading
from models.library.registry import find_manifest, list_models
from models.results import CaliperKind
from tests.loaded import as_model

SCALED = RegionCalibration(0, 0, 199, 199, 1, 1, 3, 3, 0.05, 0.05)  # 10 x 10 cm


def item(key: str, *landmarks: tuple[str, int, float, float], regions: tuple[RegionCalibration, ...] = (SCALED,)) -> Item:
    frames = np.zeros((4, 200, 200, 3), np.uint8)
    for frame, rows in zip(frames, (60, 60, 100, 60), strict=True):
        frame[50 : 50 + rows, 80:120] = 200  # a ventricle of 3 cm and, on the third frame, 5 cm
    clip = Clip(key, frames, None, regions)
    marked = tuple(TrueLandmark(name, frame, (x, y)) for name, frame, x, y in landmarks)
    return Item(key, key, "", lambda: clip, Truth(landmarks=marked))


class Caliper:
    """Draws these lines, numbered by the frames it was shown."""

    def __init__(self, name: str, *lines: tuple[str, int, tuple[float, float], tuple[float, float]]) -> None:
        self.manifest = find_manifest(name)
        self.lines = lines
        self.shown: list[int] = []

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        self.shown.append(clip.number_of_frames)
        if not self.lines:
            raise ReadingError("of another shape")
        return Reading((), marks=tuple(Mark(frame, CaliperKind.LINE, ends, label) for label, frame, *ends in self.lines))  # type: ignore[arg-type]


def tried(model: object, *items: Item) -> EvaluationResult:
    return run_task(as_model(model), DataSet("dicom", items), Options(), "landmarks")


def test_ends_of_a_caliper_by_where_they_lie_on_the_frames_marked() -> None:
    """On frames 1 and 3, shown as 0 and 1: 3 px across and 4 px down are 2.5 mm; the second line is not drawn."""
    model = Caliper("lvid", ("lvid 4.2 cm", 0, (103.0, 124.0), (100.0, 50.0)))
    marked = item("a", ("ivs_lv", 1, 100, 50), ("lvpw_lv", 1, 100, 120), ("ivs_lv", 3, 100, 50), ("aortic_valve", 1, 3, 3))
    result = tried(model, marked)
    figures = result.figures
    assert model.shown == [2]
    assert (figures["landmarks"], figures["coverage_percent"]) == (3, pytest.approx(200 / 3))
    assert figures["ivs_lv_coverage_percent"] == 50
    assert figures["lvpw_lv_distance_mean_px"] == pytest.approx(5)
    assert figures["lvpw_lv_distance_mean_mm"] == pytest.approx(2.5)
    assert figures["distance_mean_px"] == pytest.approx(2.5)
    assert [row["not_measured"] for row in result.rows] == [None, None, "no such point"]
    assert set(result.plots) == {"distance_px", "distance_mm"}


def test_lines_that_cross_the_image_otherwise_have_four_ends_to_name() -> None:
    model = Caliper("rv_base", ("rv_base", 0, (90.0, 60.0), (30.0, 80.0)))
    marked = item("a", ("rv_base_left", 0, 30, 80), ("rv_base_right", 0, 90, 60), ("rv_base_upper", 0, 90, 60))
    assert tried(model, marked).figures["distance_mean_px"] == 0


def test_without_a_scale_there_are_pixels_alone() -> None:
    model = Caliper(
        "EchoForge_PLAX_keypoints", ("ivs", 0, (100.0, 40.0), (100.0, 50.0)), ("lvid", 0, (100.0, 52.0), (100.0, 90.0))
    )
    points = ("ivs_rv", 0, 100.0, 40.0), ("ivs_lv", 0, 100.0, 53.0), ("lvpw_lv", 0, 100.0, 90.0)
    result = tried(model, item("a", *points, regions=()))
    assert "distance_mean_mm" not in result.figures
    assert [row["error_px"] for row in result.rows] == [0, 3, 0]  # the septum's own end


def test_a_clip_that_cannot_be_read_counts_against_coverage() -> None:
    result = tried(Caliper("ivs"), item("a", ("ivs_lv", 1, 100, 50)))
    assert result.figures["coverage_percent"] == 0
    assert result.notes == ("not measured: 1 x unreadable: of another shape",)
    with pytest.raises(EvaluationError, match="a marked ivs_rv or ivs_lv"):
        tried(Caliper("ivs"), item("a", ("apex", 1, 100, 50)))


class Bright(nn.Module):
    """EchoNet-Dynamic's segmenter that outlines whatever is bright."""

    def __init__(self) -> None:
        super().__init__()
        known = find_manifest("echonet_dynamic/lv_deeplabv3_resnet50")
        self.manifest = replace(known, architecture={**known.architecture, "mean": 100.0, "std": 10.0})
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.gain * frames[:, :1]


def test_annulus_and_apex_of_an_outline() -> None:
    """A box of 40 x 100 px, 2 x 5 cm, has its annulus at one of its short sides and its apex at the other."""
    bottom = ("mitral_annulus_left", 2, 80, 149), ("mitral_annulus_right", 2, 119, 149)
    result = tried(Bright(), item("a", *bottom, ("apex", 2, 100, 50), ("apex", 0, 100, 50)))
    assert result.figures["coverage_percent"] == 100
    found = {row["landmark"]: (row["found_x"], row["found_y"]) for row in result.rows if row["frame"] == 2}
    left, right = found["mitral_annulus_left"], found["mitral_annulus_right"]
    assert left[0] == pytest.approx(80, abs=4)
    assert right[0] == pytest.approx(119, abs=4)
    assert left[1] == pytest.approx(right[1], abs=4)
    assert abs(found["apex"][1] - left[1]) > 90
    errors = [row["error_px"] for row in result.rows]
    assert all(error is not None and error >= 0 for error in errors)


def test_nothing_outlined_is_said() -> None:
    dark = item("a", ("apex", 2, 100, 50))
    clip = replace(dark.load(), frames=np.zeros((4, 200, 200, 3), np.uint8))
    result = tried(Bright(), replace(dark, load=lambda: clip))
    assert (result.figures["coverage_percent"], result.notes) == (0, ("not measured: 1 x no such point",))


def test_a_truth_json_brings_them(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps({"clips": []}))
    clip = Clip("1.2", np.zeros((2, 8, 8, 3), np.uint8), None)
    entry = {"landmarks": [{"name": "apex", "frame_index": 1, "point_px": [3, 4.5]}]}
    (read,) = read_data(tmp_path, source=lambda path: iter([(clip, entry)])).items
    assert read.truth.landmarks == (TrueLandmark("apex", 1, (3.0, 4.5)),)
    for wrong in ({"frame_index": 2}, {"point_px": [3]}, {"point_px": [3, "x"]}, {"frame_index": "x"}):
        broken = {"landmarks": [entry["landmarks"][0] | wrong]}
        with pytest.raises(DatasetError, match=r"1\.2"):
            list(read_data(tmp_path, source=lambda path, broken=broken: iter([(clip, broken)])).items)


def test_every_model_that_gives_points_names_them() -> None:
    for manifest in list_models():
        try:
            tasks = tasks_of(manifest)
        except EvaluationError:
            continue
        if "landmarks" in tasks:
            assert names_of(manifest)
        assert ("landmarks" in tasks) == bool({"linear", "segmentation"} & set(tasks)), manifest.name
