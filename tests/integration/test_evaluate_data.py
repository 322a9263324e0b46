"""`echonode evaluate MODEL --data PATH` from files to figures, against the same figures computed another way."""

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.ndimage import map_coordinates
from torch import nn
from typer.testing import CliRunner, Result

from models.clip import Clip
from models.errors import DatasetError, SetupError, WeightsError
from models.evaluation.datasets.items import Item, Truth
from models.inputs.letterbox import Letterbox
from models.library.manifest import write_manifest
from models.library.model_set import ModelSet
from models.library.registry import find_manifest, load_model
from node.cli import app, evaluate
from node.errors import ConfigError, EchoNodeError
from tests import miniatures
from tests.unit.node.objects.ultrasound_object import as_file, moving_picture, ultrasound_object

EF, LV, TMED2 = "echonet_dynamic/ef_r2plus1d_18", "echonet_dynamic/lv_deeplabv3_resnet50", "EchoView47_TMED2"
MEAN, STD = 33.0, 51.0


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three published networks with random weights, as an import leaves them."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    rule = {"mean": [MEAN] * 3, "std": [STD] * 3}
    labels = ("A2C", "A4C", "A4CorA2CorOther", "PLAX", "PSAX")
    for name, changes in ((EF, {"architecture": rule}), (LV, {"architecture": rule}), (TMED2, {"labels": labels})):
        manifest = find_manifest(name)
        network = load_model(name).network
        if name == LV:  # so that about half of the pixels are found
            frames = torch.from_numpy(miniatures.discs(1)).float().permute(0, 3, 1, 2)
            with torch.inference_mode():
                network.network.classifier[4].bias -= network((frames - MEAN) / STD).median()
        store(
            folder,
            replace(manifest, **{**changes, "architecture": {**manifest.architecture, **changes.get("architecture", {})}}),
            network,
        )
    return folder


def store(folder: Path, manifest: Any, network: nn.Module) -> None:
    file = f"{manifest.name.replace('/', '_')}.safetensors"
    (folder / "weights").mkdir(exist_ok=True)
    tensors = {key: tensor.contiguous() for key, tensor in network.state_dict().items()}
    save_file(tensors, folder / "weights" / file)
    sha256 = hashlib.sha256((folder / "weights" / file).read_bytes()).hexdigest()
    path = folder / "manifests" / f"{manifest.name.replace('/', '_')}.toml"
    write_manifest(replace(manifest, trained=True, weights_file=file, weights_sha256=sha256), path)


@pytest.fixture(autouse=True)
def _models(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "brought" in request.fixturenames:
        monkeypatch.setenv("ECHONODE_MODELS", str(request.getfixturevalue("brought")))
    torch.set_num_threads(2)


SIZE = 64  # px: small videos are quick, and the published way takes them as they are


@pytest.fixture
def dynamic(tmp_path: Path) -> Path:
    videos = {name: miniatures.discs(40, 20, SIZE, seed) for seed, name in enumerate("abc")}
    traces = {name: {0: miniatures.box_trace(12, 12, 50, 50), 10: miniatures.box_trace(18, 20, 46, 46)} for name in "ab"}
    truth = {"a": (62.0, "TEST"), "b": (45.0, "TEST"), "c": (30.0, "TRAIN")}
    return miniatures.echonet_dynamic(tmp_path / "dynamic", videos, truth, traces)


@pytest.fixture
def full_size(tmp_path: Path) -> Path:
    videos = {name: miniatures.discs(12, 20, seed=seed) for seed, name in enumerate("ab")}
    traces = {name: {0: miniatures.box_trace(20, 20, 90, 90), 10: miniatures.box_trace(30, 36, 80, 82)} for name in "ab"}
    return miniatures.echonet_dynamic(tmp_path / "full", videos, {"a": (62.0, "TEST"), "b": (45.0, "TEST")}, traces)


@pytest.mark.slow
@pytest.mark.origins
def test_outlines_on_echonet_dynamic(brought: Path, full_size: Path, tmp_path: Path) -> None:
    result = run(LV, "--data", full_size, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.output)
    network = load_model(LV, pretrained=True).network
    shared = either = 0
    for seed in (0, 1):
        frames = miniatures.discs(12, 20, seed=seed)
        for frame, (left, top, right, bottom) in ((0, (20, 20, 90, 90)), (10, (30, 36, 80, 82))):
            true = np.zeros((112, 112), dtype=bool)
            true[top : bottom + 1, left : right + 1] = True
            with torch.inference_mode():
                values = torch.from_numpy(frames[frame]).float().permute(2, 0, 1)[None]
                found = (network((values - MEAN) / STD)[0, 0] > 0).numpy()
            shared, either = shared + (true & found).sum(), either + (true | found).sum()
    dice = 2 * shared / (shared + either)
    assert 0.1 < dice < 0.9
    assert record["figures"]["dice"] == pytest.approx(dice, abs=1e-4)
    assert record["published"]["dice_echonet_dynamic"] == 0.92
    assert (record["layout"], record["task"], record["figures"]["frames"]) == ("echonet_dynamic", "segmentation", 4)
    assert record["weights_sha256"] == find_manifest(LV).weights_sha256
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == record
    with (tmp_path / "out" / "items.csv").open() as file:
        assert [row["item"] for row in csv.DictReader(file)] == ["a", "a", "b", "b"]


@pytest.mark.slow
@pytest.mark.origins
def test_ejection_fraction_on_echonet_dynamic_as_published(brought: Path, dynamic: Path, tmp_path: Path) -> None:
    """40 frames, padded to 64: two clips a video."""
    result = run(EF, "--data", dynamic, "--decoding", "published", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    network = load_model(EF, pretrained=True).network
    found = []
    for seed in (0, 1):
        frames = torch.from_numpy(miniatures.discs(40, 20, SIZE, seed)).float()
        video = torch.zeros(64, SIZE, SIZE, 3)
        video[:40] = (frames - MEAN) / STD
        clips = torch.stack([video[start : start + 63 : 2].permute(3, 0, 1, 2) for start in (0, 1)])
        with torch.inference_mode():
            found.append(network(clips).numpy())
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())["figures"]
    errors = np.array([clips.mean() for clips in found]) - [62, 45]
    assert figures["all_clips_mae_points"] == pytest.approx(np.abs(errors).mean(), abs=1e-3)
    assert figures["all_clips_bias_points"] == pytest.approx(errors.mean(), abs=1e-3)
    first = np.array([clips[0] for clips in found]) - [62, 45]
    assert figures["clip_rmse_points"] == pytest.approx(np.sqrt((first**2).mean()), abs=1e-3)
    assert figures["coverage_percent"] == 100
    (line,) = [line for line in result.output.splitlines() if line.split()[:1] == ["clip_mae_points"]]
    assert line.split()[-1] == "4.22"  # the published figure stands beside
    low, high = figures["clip_mae_points_95"]
    assert f"({low:.4g} to {high:.4g})" in line
    assert "EchoNet-Dynamic test; as published" in result.output
    plots = {"scatter.png", "bland_altman.png", "risk_coverage.png"}
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == plots


@pytest.mark.slow
@pytest.mark.origins
def test_beats_are_found_by_the_segmenter(brought: Path, dynamic: Path) -> None:
    """A random segmenter finds beats or none: either way the one video of the split is accounted for."""
    result = run(EF, "--data", dynamic, "--beats-by", LV, "--decoding", "published", "--split", "train", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)["figures"]
    assert figures["items"] == 1
    assert figures["beat_to_beat_n"] == figures["coverage_percent"] / 100


def test_views_of_tmed2(brought: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = find_manifest(TMED2).labels
    images = {
        f"{index}s1_0.png": (random.integers(0, 256, (112, 112, 3), dtype=np.uint8), label, "test")
        for index, label in enumerate(labels)
    }
    result = run(TMED2, "--data", miniatures.tmed2(tmp_path, images), "--json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.output)
    network = load_model(TMED2, pretrained=True).network
    inputs = np.stack([cv2.resize(picture, (224, 224)) for picture, _, _ in images.values()]).astype(np.float32)
    with torch.inference_mode():
        logits = network(torch.from_numpy(inputs).permute(0, 3, 1, 2)).numpy()
    expected = 100 * np.mean(logits.argmax(axis=1) == np.arange(5))
    assert record["figures"]["accuracy_percent"] == pytest.approx(expected)
    four = np.array([0, 1, 3, 4])
    of_four = 100 * np.mean(four[logits[four][:, four].argmax(axis=1)] == four)
    assert record["figures"]["four_views_argmax_of_4_accuracy_percent"] == pytest.approx(of_four)
    assert (record["layout"], record["published"]["four_views_argmax_of_4_accuracy_percent"]) == ("tmed2", 98.03)


def test_the_bundled_segmenter_on_camus_in_mm(tmp_path: Path) -> None:
    image = np.zeros((120, 100), np.uint8)
    image[30:90, 30:70] = 90
    labels = np.zeros_like(image)
    labels[35:85, 35:65] = 1
    pictures = {f"{view}_{phase}": (image, labels) for view in ("2CH", "4CH") for phase in ("ED", "ES")}
    miniatures.camus_patient(tmp_path, "patient0001", pictures, "EF: 50\n", mm=(1.2, 1.2))
    result = run("phantom_lv", "--data", tmp_path, "--split", "all", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)["figures"]
    network = load_model("phantom_lv", pretrained=True).network
    box = Letterbox(0, 0, 100, 120, network.manifest.input_size_px)
    with torch.inference_mode():
        frames = torch.from_numpy(box.apply(image[None]))[:, None]
        probability = network(frames).sigmoid()[0, 0].numpy()
    y, x = np.mgrid[:120, :100]
    on_map = box.to_square(np.stack([x.ravel(), y.ravel()], axis=1).astype(float))
    level = network.manifest.threshold("contour_level")
    found = map_coordinates(np.log(probability / (1 - probability)), on_map[:, ::-1].T, order=1, mode="nearest") > np.log(
        level / (1 - level)
    )
    true = labels.ravel() == 1
    dice = 2 * (found & true).sum() / max(found.sum() + true.sum(), 1)
    assert figures["dice"] == pytest.approx(dice, abs=2e-3)
    assert figures["frames"] == 4
    assert ("surface_distance_mean_mm" in figures) == bool(found.any())


def test_a_folder_of_dicom_with_its_truth(tmp_path: Path) -> None:
    """The clips come through the node's own reader; the class of the truth is EchoView47's, that of the network ours."""
    outline = [[8.0, 5.0], [24.0, 5.0], [24.0, 18.0], [8.0, 18.0]]
    clips = []
    for uid, view in (("1.2.1", "a4ch-full"), ("1.2.2", "a2ch-lv")):
        (tmp_path / f"{uid}.dcm").write_bytes(as_file(ultrasound_object(moving_picture(3), SOPInstanceUID=uid)))
        contours = [{"structure": "lv", "frame_index": 1, "points_px": outline}]
        clips.append({"sop_instance_uid": uid, "view": "x", "echoview47": view, "contours": contours, "ed_frames": [1]})
    (tmp_path / "truth.json").write_text(json.dumps({"study": "1.2", "clips": clips, "measurements": []}))
    outlines = run("phantom_lv", "--data", tmp_path, "--json", "--out", tmp_path / "out")
    assert outlines.exit_code == 0, outlines.output
    record = json.loads(outlines.output)
    assert (record["layout"], record["figures"]["frames"]) == ("dicom", 2)
    with (tmp_path / "out" / "items.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["item"], row["group"], row["phase"], row["true_px"]) for row in rows] == [
        (uid, "1.2", "ed", str(17 * 14)) for uid in ("1.2.1", "1.2.2")
    ]
    assert record["notes"][-1] == f"computed by torch {torch.__version__} fp32"
    nowhere = tmp_path / "truth.json" / "out"  # below a file: the figures are printed all the same
    views = run("phantom_view", "--data", tmp_path, "--json", "--engine", "auto", "--out", nowhere)
    assert isinstance(views.exception, EchoNodeError)
    assert json.loads(views.output)["notes"][-1].startswith("computed by ")
    assert json.loads(views.output)["figures"]["n"] == 2
    assert "compared as views" in json.loads(views.output)["notes"][0]


def test_on_a_terminal_each_item_is_told_when_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    item = Item("a", "a", "test", lambda: Clip("a", miniatures.discs(1), None), Truth())
    others = [replace(item, key=f"b{number}") for number in range(49)]
    for on_terminal, told in ((True, ["item 1: a", "item 2: b0"]), (False, [])):
        monkeypatch.setattr("sys.stderr.isatty", lambda on_terminal=on_terminal: on_terminal)
        given = list(evaluate._with_progress([item, *others]))
        for one in given[:2]:
            assert one.load() is not one.load()
        assert capsys.readouterr().err.splitlines() == told
    for one in given[2:]:
        one.load()
    assert capsys.readouterr().err == "50 items\n"


def test_what_is_used_wrong_is_said(brought: Path, dynamic: Path) -> None:
    for arguments, error, message in (
        ((LV,), ConfigError, "belong together"),
        (("--data", dynamic), ConfigError, "belong together"),
        (("nothing", "--data", dynamic), SetupError, "no model 'nothing'"),
        (("lvid", "--data", dynamic), WeightsError, "its weights are not shipped"),
        ((EF, "--data", dynamic, "--task", "phase"), SetupError, "cannot be evaluated at 'phase', but at ef"),
        ((TMED2, "--data", dynamic, "--beats-by", LV), SetupError, "EchoView47_TMED2 reads no beats that a segmenter finds"),
        ((TMED2, "--data", dynamic), SetupError, "no item of the split 'test' has a label"),
        ((LV, "--data", dynamic, "--device", "gpu"), ConfigError, "--device gpu: cpu or cuda"),
        ((LV, "--data", dynamic, "--split", "tests"), ConfigError, "--split is train, val, test or all"),
        ((LV, "--data", dynamic, "--layout", "camuz"), ConfigError, "no layout 'camuz'; there are: auto, echonet_dynamic"),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, error), result.output
        assert message in str(result.exception)


def test_a_broken_data_set_is_something_found_wrong(brought: Path, dynamic: Path) -> None:
    table = dynamic / "FileList.csv"
    table.write_text(table.read_text().replace("45.0", "??"))
    result = run(LV, "--data", dynamic)
    assert isinstance(result.exception, DatasetError)
    assert "FileList.csv line 3: EF is '??'" in str(result.exception)
    other = run(LV, "--data", dynamic, "--layout", "camus")
    assert isinstance(other.exception, DatasetError)
    assert "is not laid out as camus: patient*/patient*_4CH_ED.nii.gz is missing" in str(other.exception)


def test_without_a_model_the_bundled_networks_are_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.evaluation import phantom_evaluation
    from tests.unit.models.evaluation.test_evaluate import NEGATIVES, heart

    asked: dict[str, object] = {}

    def on_hearts(models: ModelSet, **options: object) -> phantom_evaluation.Evaluation:
        asked.update(options, models=models)
        return phantom_evaluation.summarise([heart(seed, 1.0) for seed in range(4)], NEGATIVES)

    monkeypatch.setattr(evaluate, "evaluate_ef", on_hearts)
    result = run("--hearts", 3, "--json")
    assert result.exit_code == 0, result.output
    assert asked["hearts"] == 3
    assert asked["models"] == ModelSet(engine="torch")
    assert json.loads(result.output)["phantom_lv"]["ef_mae_points"] == pytest.approx(1.0)
    assert run("--engine", "auto").exit_code == 0
    assert asked["models"] == ModelSet()
    refused = run("--engine", "auto", "--write").exception
    assert isinstance(refused, ConfigError)
    assert "in single precision" in str(refused)
