"""Models whose answers are known, tried on miniatures: the figures that come out are those computed by hand."""

import json
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.clip import Clip
from models.errors import EvaluationError, ReadingError
from models.evaluation.datasets import read_data
from models.evaluation.datasets.items import NOT_SURE, Caliper, DataSet, Item, Truth
from models.evaluation.tasks import TASKS, as_record, beside_published, run_task, tasks_of, write_result
from models.evaluation.tasks.evaluation_result import Options
from models.families.echonet.dynamic import BEAT_TO_BEAT
from models.library.reading import Decoding, Mark, Reading
from models.library.registry import find_manifest
from models.results import CaliperKind, ReadValue, Reason, of_frames
from tests import miniatures
from tests.loaded import as_model

CLASSES = ("PLAX", "PSAX", "A2C", "A4C", "A4CorA2CorOther")


def flat(level: int, size: int = 8) -> np.ndarray:
    return np.full((size, size, 3), level, np.uint8)


class LevelClassifier(nn.Module):
    """Of brightness 10, 20, 30, ...: class 0, 1, 2, ... as logits; an embedding is the brightness itself, and a constant."""

    def __init__(self, labels: Sequence[str], **changes: object) -> None:
        super().__init__()
        known = find_manifest("EchoView47_classifier")
        self.manifest = replace(known, labels=tuple(labels), input_shape=(3, 8, 8), **changes)
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, frames: Tensor) -> Tensor:
        level = frames.mean(dim=(1, 2, 3)) / 10 - 1
        return -self.gain * (level[:, None] - torch.arange(len(self.manifest.labels))).abs()

    def embed(self, frames: Tensor) -> Tensor:
        return torch.stack([frames.mean(dim=(1, 2, 3)), torch.ones(len(frames))], dim=1)


def test_four_views_among_five_and_among_four(tmp_path: Path) -> None:
    """An A4C that looks like "other" is wrong among five and right among four."""
    images = {
        "1s1_0.png": (flat(10), "PLAX", "test"),
        "1s1_1.png": (flat(20), "PSAX", "test"),
        "2s1_0.png": (flat(47), "A4C", "test"),
        "3s1_0.png": (flat(50), "A4CorA2CorOther", "test"),
        "4s1_0.png": (flat(30), "PLAX", "train"),
    }
    data = read_data(miniatures.tmed2(tmp_path, images))
    result = run_task(as_model(LevelClassifier(CLASSES)), data, Options())
    figures = result.figures
    assert (figures["n"], figures["accuracy_percent"]) == (4, 75)
    assert figures["four_views_n"] == 3
    assert figures["four_views_argmax_of_5_accuracy_percent"] == pytest.approx(200 / 3)
    assert figures["four_views_argmax_of_4_accuracy_percent"] == 100
    assert figures["balanced_accuracy_percent"] == pytest.approx(75)
    expected = torch.softmax(-(torch.tensor(3.7) - torch.arange(5)).abs(), dim=0).max().item()
    assert result.rows[2]["probability"] == pytest.approx(expected)
    assert [row["found"] for row in result.rows] == ["PLAX", "PSAX", "A4CorA2CorOther", "A4CorA2CorOther"]
    assert run_task(as_model(LevelClassifier(CLASSES)), data, Options(split="")).figures["n"] == 5


def tte47(folder: Path) -> Path:
    names = ["a2ch-full", "a4ch-full", "plax-tv"]
    images = {
        f"{name}/01-{str(index) * 64}-{split}.png": (flat(10 * (index + 1) + shift), split)
        for split, shift in (("train", 0), ("train", 1), ("test", 2))
        for index, name in enumerate(names)
    }
    tested = [entry for entry in images if entry.endswith("test.png")]
    experts = {tested[0]: (names[0], NOT_SURE, names[1]), tested[1]: (names[1],) * 3, tested[2]: (names[0],) * 3}
    return miniatures.tte47(folder, names, images, experts)


def test_clips_are_let_go_one_after_another() -> None:
    """Bug prevented: a folder of studies whose decoded clips all stay in memory until the last one is measured."""
    alive: weakref.WeakSet[Clip] = weakref.WeakSet()
    most = 0

    def clips() -> Iterator[Item]:
        nonlocal most
        for index in range(40):
            one = Clip(str(index), flat(10)[None].repeat(8, axis=0), None)
            alive.add(one)
            most = max(most, len(alive))
            yield Item(str(index), str(index), "", lambda clip=one: clip, Truth(label="PLAX"))

    result = run_task(as_model(LevelClassifier(CLASSES)), DataSet("test", clips()), Options())
    assert result.figures["n"] == 40
    assert most <= 8


def test_experts_are_asked_one_by_one(tmp_path: Path) -> None:
    data = read_data(tte47(tmp_path))
    result = run_task(as_model(LevelClassifier(data.classes)), data, Options())
    figures = result.figures
    assert figures["accuracy_percent"] == 100
    assert (figures["expert1_accuracy_percent"], figures["expert2_accuracy_percent"]) == (pytest.approx(200 / 3), 50)
    assert (figures["expert2_not_sure"], figures["majority_n"]) == (1, 2)
    assert result.rows[0]["answer_expert2"] == NOT_SURE


def test_other_names_are_compared_as_views(tmp_path: Path) -> None:
    """The network says a2c and a4c, the data a2ch-full and a4ch-full."""
    data = read_data(tte47(tmp_path))
    chosen = replace(data, items=[item for item in data.items if item.truth.label != "plax-tv"])
    result = run_task(as_model(LevelClassifier(("a2c", "a4c"))), chosen, Options())
    assert result.figures["accuracy_percent"] == 100
    assert "compared as views" in result.notes[0]
    with pytest.raises(EvaluationError, match="no class for plax-tv"):
        run_task(as_model(LevelClassifier(("a2c", "a4c"))), data, Options())
    with pytest.raises(EvaluationError, match=r"order of its classes is not known.*--labels"):
        run_task(as_model(LevelClassifier(())), data, Options())


def test_an_embedding_is_tried_by_neighbours_and_probe(tmp_path: Path) -> None:
    data = read_data(tte47(tmp_path))
    encoder = LevelClassifier((), architecture={"outputs": 0})
    assert tasks_of(encoder.manifest)[0] == "embedding"
    result = run_task(as_model(encoder), data, Options(neighbours=2))
    assert (result.figures["n_train"], result.figures["knn_n"]) == (3, 3)
    assert result.figures["linear_probe_accuracy_percent"] == 100
    with pytest.raises(EvaluationError, match="needs labelled items"):
        run_task(as_model(encoder), data, Options(split="train"))
    with pytest.raises(EvaluationError, match="exchange none"):
        run_task(as_model(encoder), data, Options(neighbours=2, label_noise_percent=20))


class BrightVentricle(nn.Module):
    """EchoNet-Dynamic's segmenter that finds whatever is brighter than the mean."""

    def __init__(self) -> None:
        super().__init__()
        known = find_manifest("echonet_dynamic/lv_deeplabv3_resnet50")
        self.manifest = replace(known, architecture={**known.architecture, "mean": 100.0, "std": 10.0})
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, frames: Tensor) -> Tensor:
        return self.gain * frames[:, :1]


def boxes(*sizes: int) -> np.ndarray:
    """Frames of 112 px, each with a bright box of this many rows and 20 columns, from (40, 30) on."""
    frames = np.zeros((len(sizes), 112, 112, 3), np.uint8)
    for frame, size in zip(frames, sizes, strict=True):
        frame[30 : 30 + size, 40:60] = 200
    return frames


def test_dice_of_every_traced_frame(tmp_path: Path) -> None:
    """Traced are boxes of 41 and 21 rows (to 70 and 50, both included); found are 41 and 31."""
    traces = {"a": {0: miniatures.box_trace(40, 30, 59, 70), 2: miniatures.box_trace(40, 30, 59, 50)}}
    videos = {"a": boxes(41, 50, 31), "b": boxes(41, 21)}
    root = miniatures.echonet_dynamic(tmp_path, videos, {"a": (50.0, "TEST"), "b": (50.0, "TRAIN")}, traces)
    result = run_task(as_model(BrightVentricle()), read_data(root), Options())
    figures = result.figures
    assert (figures["frames"], figures["items"]) == (2, 1)
    assert figures["ed_dice"] == 1
    assert figures["es_dice"] == pytest.approx(2 * 21 / (21 + 31))
    assert figures["dice"] == pytest.approx(2 * (41 + 21) / (41 + 41 + 21 + 31))
    assert figures["dice_mean"] == pytest.approx((1 + 2 * 21 / 52) / 2)
    assert figures["iou"] == pytest.approx((1 + 21 / 31) / 2)
    assert figures["surface_distance_mean_px"] > 0
    assert [(row["frame"], row["phase"], row["true_px"], row["found_px"]) for row in result.rows] == [
        (0, "ed", 41 * 20, 41 * 20), (2, "es", 21 * 20, 31 * 20),
    ]  # fmt: skip
    with pytest.raises(EvaluationError, match="no item of the split 'val' has a traced ventricle"):
        run_task(as_model(BrightVentricle()), read_data(root), Options(split="val"))


def test_masks_of_a_resized_video_lie_where_the_ventricle_is(tmp_path: Path) -> None:
    video = boxes(41, 21).repeat(2, axis=1).repeat(2, axis=2)
    traces = {"a": {0: miniatures.box_trace(80, 60, 119, 142), 1: miniatures.box_trace(80, 60, 119, 100)}}
    root = miniatures.echonet_dynamic(tmp_path, {"a": video}, {"a": (50.0, "TEST")}, traces)
    result = run_task(as_model(BrightVentricle()), read_data(root), Options())
    assert result.rows[0]["found_px"] == pytest.approx(82 * 40, rel=0.03)
    assert result.figures["dice_mean"] > 0.97


class KnownReader:
    """Reads what it was told, by the mean brightness of the clip."""

    def __init__(self, name: str, readings: dict[int, Reading | ReadingError]) -> None:
        self.manifest = find_manifest(name)
        self.readings = readings

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        found = self.readings[round(float(clip.frames.mean()))]
        if isinstance(found, ReadingError):
            raise found
        return found


def item(key: str, level: int, frames: int = 6, **truth: object) -> Item:
    clip = Clip(key, np.full((frames, 8, 8, 3), level, np.uint8), np.arange(frames) * 20.0, from_video_file=True)
    return Item(key, f"patient {key}", "test", lambda: clip, Truth(**truth))


def ef(percent: float | None) -> Reading:
    if percent is None:
        return Reading((ReadValue("ef_video_regression", "%", None, reasons=(Reason.NO_CARDIAC_CYCLE,)),))
    rows = ({"Filename": None, "Start_ms": 0.0, "EF": percent + 2}, {"Filename": None, "Start_ms": 40.0, "EF": percent - 2})
    return Reading((ReadValue("ef_video_regression", "%", percent),), ("Filename", "Start_ms", "EF"), rows)


def test_an_ejection_fraction_with_its_coverage() -> None:
    items = [item(str(level), level, ef_percent=float(level)) for level in (30, 40, 50, 60, 70)]
    readings = {30: ef(33), 40: ef(41), 50: ef(48), 60: ef(None), 70: ReadingError("5 frames are too few")}
    model = KnownReader("echonet_dynamic/ef_r2plus1d_18", readings)
    result = run_task(as_model(model), DataSet("test", items), Options())
    figures = result.figures
    assert (figures["items"], figures["coverage_percent"], figures["all_clips_n"]) == (5, 60, 3)
    assert figures["all_clips_mae_points"] == pytest.approx(2)
    assert figures["all_clips_bias_points"] == pytest.approx(2 / 3)
    assert figures["clip_mae_points"] == pytest.approx((5 + 3 + 0) / 3)
    assert figures["all_clips_auc_ef_40"] == 1
    assert result.notes == (
        "read: ef_video_regression, corrected",
        "not measured: 1 x no_cardiac_cycle", "not measured: 1 x unreadable: 5 frames are too few",
        "risk over coverage: by the spread over beats or clips, the least first, a single one last; "
        "what was not measured is not covered",
    )  # fmt: skip
    rows = {str(row["item"]): row for row in result.rows}
    assert rows["40"]["error"] == pytest.approx(1)
    assert rows["60"]["found"] is None
    assert set(result.plots) == {"scatter", "bland_altman", "risk_coverage"}


def test_beat_to_beat_has_a_name_of_its_own_and_draws_areas() -> None:
    rows = tuple({"Size": size, "ComputerSmall": int(size == 3)} for size in (9, 3, 8))
    readings = {level: replace(ef(level + more), rows=rows) for level, more in ((30, 1), (40, 3))}
    items = [item(str(level), level, ef_percent=float(level)) for level in (30, 40)]
    regressor = as_model(KnownReader("echonet_dynamic/ef_r2plus1d_18", readings))
    model = replace(regressor, recipe=replace(regressor.recipe, ef_figures=BEAT_TO_BEAT))
    result = run_task(model, DataSet("test", items), Options())
    assert result.figures["beat_to_beat_mae_points"] == pytest.approx(2)
    assert "clip_n" not in result.figures
    assert "area_curves" in result.plots


def line(frame: int, *ends: tuple[float, float], label: str = "lvid 4.20 cm") -> Mark:
    return Mark(frame, CaliperKind.LINE, ends, label)


def test_calipers_in_px_and_mm() -> None:
    """Traced from (1, 1) to (4, 5), 5 px of 0.2 cm; found the other way round and 1 px longer; on frame 3 nothing."""
    calipers = (
        Caliper("LVIDd", 2, ((1, 1), (4, 5)), 0.2),
        Caliper("LVIDs", 3, ((1, 1), (4, 5)), 0.1),
        Caliper("IVSd", 2, ((0, 0), (1, 0)), 0.1),
    )
    reading = Reading((), marks=(line(0, (4, 5), (0.4, 0.2)),))
    model = KnownReader("echonet_measurements/lvid", {9: reading})
    result = run_task(as_model(model), DataSet("test", [item("a", 9, calipers=calipers)]), Options())
    found, missed = result.rows
    assert (found["true_px"], found["found_px"], found["frame"]) == (5, pytest.approx(6), 2)
    assert (found["true_mm"], found["found_mm"]) == (pytest.approx(10), pytest.approx(12))
    assert found["end_error_px"] == pytest.approx(0.5)
    assert (missed["caliper"], missed["found_px"]) == ("LVIDs", None)
    assert result.figures["coverage_percent"] == 50
    assert result.figures["px_n"] == 1
    with pytest.raises(EvaluationError, match="a caliper on frame 7 of 6"):
        run_task(as_model(model), DataSet("test", [item("a", 9, calipers=(replace(calipers[0], frame_index=7),))]), Options())
    with pytest.raises(EvaluationError, match="has a caliper for lvid"):
        run_task(as_model(model), DataSet("test", [item("a", 9, calipers=calipers[2:])]), Options())


@pytest.mark.slow
def test_a_model_of_three_lines_is_measured_line_by_line() -> None:
    calipers = (Caliper("LVIDd", 2, ((0, 0), (0, 4)), 0.1), Caliper("IVSd", 2, ((0, 0), (0, 1)), 0.1))
    marks = (line(0, (0, 0), (0, 5), label="LVID"), line(0, (0, 0), (0, 2), label="IVS"))
    model = KnownReader("EchoApex_ViT-S_lvh", {9: Reading((), marks=marks)})
    items = [item(key, 9, calipers=calipers) for key in "ab"]
    figures = run_task(as_model(model), DataSet("test", items), Options()).figures
    assert (figures["LVIDd_mm_mae_mm"], figures["IVSd_mm_mae_mm"], figures["mm_mae_mm"]) == pytest.approx((1, 1, 1))
    assert figures["calipers"] == 4


def phases(*found: tuple[str, int]) -> Reading:
    return Reading(tuple(ReadValue(f"{phase}_time", "ms", 20.0 * frame, of_frames(frame)) for phase, frame in found))


def test_phases_in_frames_and_ms() -> None:
    """True are 2 and 12. Found: 3 and 10 (the nearest of two), nothing, 1 and 12."""
    items = [item(str(level), level, frames=30, ed_frame=2, es_frame=12) for level in (1, 2, 3)]
    readings = {1: phases(("ed", 3), ("ed", 20), ("es", 10)), 2: phases(), 3: phases(("ed", 1), ("es", 12))}
    model = KnownReader("EchoPDNet", readings)
    singles = item("4", 4, frames=2, ed_frame=0, es_frame=1)
    figures = run_task(as_model(model), DataSet("test", [*items, singles]), Options()).figures
    assert figures["items"] == 3
    assert figures["ed_coverage_percent"] == pytest.approx(200 / 3)
    assert (figures["ed_aafd_frames"], figures["ed_difference_mean_frames"]) == (1, 0)
    assert (figures["es_aafd_frames"], figures["es_aafd_ms"]) == (1, 20)


def test_a_model_is_not_tried_at_what_it_cannot() -> None:
    model = KnownReader("EchoPDNet", {})
    with pytest.raises(EvaluationError, match="cannot be evaluated at 'ef', but at phase"):
        run_task(as_model(model), DataSet("test", []), Options(), "ef")
    for name in ("plax_quality", "EchoApex_ViT-S_segmentation"):
        with pytest.raises(EvaluationError, match="no data set layout holds the truth of what it gives"):
            tasks_of(find_manifest(name))


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("EchoView47_contrastive_encoder", ("embedding", "classification")),
        ("EchoView47_TMED2", ("classification", "embedding")),
        ("ViT_TTE47_baseline", ("classification", "embedding")),
        ("EchoLVSNet", ("segmentation", "landmarks")),
        ("EchoPDNet", ("phase",)),
        ("phantom_lv", ("segmentation", "landmarks")),
        ("phantom_view", ("classification",)),
        ("lvid", ("linear", "values", "landmarks")),
        ("avvmax", ("values",)),
        ("vti_lvot", ("values",)),
        ("EchoForge_PLAX_keypoints", ("linear", "values", "landmarks")),
        ("EchoMotionNet_B0_SE", ("segmentation", "ef", "values", "landmarks")),
        ("EchoMotionNet_A4C_A2C", ("ef",)),
        ("EchoPrime_video_encoder", ("embedding",)),
        ("EchoPrime_view_classifier", ("classification",)),
        ("PanEcho", ("ef", "embedding")),
        ("EchoApex_ViT-S_views", ("classification", "embedding")),
        ("EchoApex_ViT-S_ef", ("ef",)),
        ("EchoApex_ViT-S_lvh", ("linear", "values", "landmarks")),
    ],
)
def test_the_task_follows_from_the_manifest(name: str, tasks: tuple[str, ...]) -> None:
    assert tasks_of(find_manifest(name)) == tasks
    assert set(tasks) <= set(TASKS)


def test_published_figures_stand_beside_and_those_of_the_data_set_first() -> None:
    known = find_manifest("EchoLVSNet")
    on_camus = {one.key: (one.found, one.published) for one in beside_published(known, {"dice": 0.9, "frames": 3}, "camus")}
    assert on_camus["dice"] == (0.9, 0.94)
    assert on_camus["frames"] == (3, None)
    assert on_camus["iou_echonet_dynamic"] == (None, 0.85)
    elsewhere = {one.key: (one.found, one.published) for one in beside_published(known, {"dice": 0.9}, "echonet_dynamic")}
    assert elsewhere["dice"] == (0.9, 0.91)
    assert "measured_on" not in elsewhere


@pytest.mark.slow
def test_everything_is_written_down(tmp_path: Path) -> None:
    items = [item(str(level), level, ef_percent=float(level)) for level in (30, 40)]
    model = KnownReader("echonet_dynamic/ef_r2plus1d_18", {30: ef(33), 40: ef(41)})
    data = DataSet("test", items, notes=("a note",))
    result = run_task(as_model(model), data, Options())
    written = write_result(result, model.manifest, data, tmp_path / "out")
    assert [path.name for path in written] == [
        "metrics.json", "items.csv", "scatter.png", "bland_altman.png", "risk_coverage.png",
    ]  # fmt: skip
    metrics = json.loads(written[0].read_text())
    assert metrics["figures"]["all_clips_mae_points"] == pytest.approx(2)
    assert metrics["published"]["clip_mae_points"] == 4.22
    assert metrics["notes"][0] == "a note"
    assert written[1].read_text().splitlines()[1].startswith("30,patient 30,test,30.0,33,3.0,35,")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written[2:])
    broken = replace(result, figures={"r2": float("nan"), "r2_95": [float("nan"), 1.0]})
    assert as_record(broken, model.manifest, data)["figures"] == {"r2": None, "r2_95": [None, 1.0]}
