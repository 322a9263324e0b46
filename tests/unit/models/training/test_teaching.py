"""Each task on a few samples: what is taught, that it is learnt, what comes out."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models.clip import Clip
from models.errors import DatasetError, TrainingConfigError, TrainingFailed, WeightsMismatch
from models.library.manifest import write_manifest
from models.library.registry import build, find_manifest, load_manifest, load_model, recipe_of
from models.networks.stored_weights import read_weights
from models.training.registration import register
from models.training.run import Run, manifest_of_run
from models.training.train import train
from tests.miniatures import LVH_HEADER, camus_patient, discs, write_csv, write_video
from tests.unit.models.training.miniature_trainings import SIZE, dynamic, own_configuration, views
from tests.unit.models.training.test_resume import killed

pytestmark = pytest.mark.slow  # trains

TINY_APEX = "size_px: 28, architecture: {width: 24, blocks: 4, attention_heads: 2, bottleneck: 4, freeze_backbone: false}"
NO_CHANGE = [
    f"data.augmentation.{kind}=0"
    for kind in (
        "rotation_degrees", "zoom", "aspect", "shift", "flip", "gain", "gamma", "blur", "noise", "shading", "haze", "overlay",
    )
]  # fmt: skip


def taught(place: Path, data: Path, task: str, settings: str, *overrides: str, source: Any = None) -> Run:
    config = own_configuration(place / "own.yaml", data, place / "run", task, settings)
    return train(config, ["run.steps=4", "run.validate_every=4", *overrides], source=source)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def imported_view47(home: Path) -> None:
    """EchoView47's classifier with random weights, as an import leaves them."""
    published = find_manifest("EchoView47_classifier")
    torch.manual_seed(0)
    network = build(recipe_of(published), published, None, "cpu")
    (home / "weights").mkdir(parents=True)
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, home / "weights/EchoView47_classifier.safetensors")
    sha256 = hashlib.sha256((home / "weights/EchoView47_classifier.safetensors").read_bytes()).hexdigest()
    path = home / "manifests/EchoView47_classifier.toml"
    file = "EchoView47_classifier.safetensors"
    write_manifest(replace(published, weights_file=file, weights_sha256=sha256, trained=True, path=path), path)


def test_an_imported_classifier_gets_a_new_head_is_killed_goes_on_and_is_registered(
    imported_view47: None, home: Path, tmp_path: Path
) -> None:
    """The proof of the whole way: head only on a miniature TTE47, ended by the system, resumed, used by its name."""
    data = views(tmp_path / "tte47", ("plax-full-lv", "psax-av", "apex"))
    settings = f"""
model: {{start: EchoView47_classifier, name: mine, trained: head, size_px: {SIZE}}}
task: {{labels: [plax-full-lv, psax-av]}}
optimiser: {{learning_rate: 1e-2}}
"""
    steps = ["run.steps=6", "run.validate_every=3", "run.checkpoint_every=2"]
    whole = train(own_configuration(tmp_path / "whole.yaml", data, tmp_path / "whole", "classification", settings), steps)
    config = own_configuration(tmp_path / "own.yaml", data, tmp_path / "run", "classification", settings)
    killed(config, 3, *steps)
    kept = tmp_path / "run/checkpoints/step_00000002.safetensors"
    assert kept.stat().st_size < 100_000  # nothing of a frozen backbone
    run = train(config, steps)
    assert run.weights_sha256 == whole.weights_sha256
    assert set(run.new_tensors) == {"head.weight", "head.bias"}
    before, after = read_weights(home / "weights/EchoView47_classifier.safetensors", run.started_from), load_file(run.weights)
    assert all(torch.equal(before[name], after[name]) for name in before if not name.startswith("head."))
    assert not run.trained_on_phantoms
    assert run.licence == find_manifest("EchoView47_classifier").licence
    register(run, "my_views")
    model = load_model("my_views", pretrained=True)
    assert model.manifest.labels == ("plax-full-lv", "psax-av")
    shown = Clip("1", np.zeros((2, SIZE, SIZE, 3), np.uint8), None)
    assert len(model.reader.read(shown).rows) == 2


def test_labels_of_the_model_keep_its_head(imported_view47: None, tmp_path: Path) -> None:
    """EchoView47's own order of classes, of which the data have two: nothing begins anew."""
    classes = find_manifest("EchoView47_classifier").labels
    data = views(tmp_path / "tte47", classes)
    settings = f"model: {{start: EchoView47_classifier, name: mine, trained: head, size_px: {SIZE}}}\n"
    run = taught(tmp_path, data, "classification", settings, "run.steps=1", "run.batch_size=2", "data.balance=true")
    assert run.labels == classes
    assert run.new_tensors == ()


def test_weights_of_another_backbone_are_refused(imported_view47: None, tmp_path: Path) -> None:
    data = views(tmp_path / "tte47", ("a", "b"))
    settings = "model: {start: phantom_view, name: mine, architecture: {channels: [4, 8]}}\n"
    with pytest.raises(WeightsMismatch, match="stages"):
        taught(tmp_path, data, "classification", settings)


def test_clips_are_classified_with_adapters(tmp_path: Path) -> None:
    """EchoApex, tiny: with `trained: head` the adapters and the head are taught, the vision transformer is not."""
    data = dynamic(tmp_path / "data")
    settings = f"model: {{start: EchoApex_ViT-S_ef, name: mine, weights: none, trained: head, frames: 3, {TINY_APEX}}}\n"
    run = taught(tmp_path, data, "values", settings, "model.architecture.freeze_backbone=true", "optimiser.learning_rate=1e-2")
    manifest = manifest_of_run(run, find_manifest(run.model))
    fresh = build(recipe_of(manifest), manifest, None, "cpu")
    after = load_file(run.weights)
    assert after.keys() == fresh.state_dict().keys()
    adapters = [one for name, one in after.items() if "adapters" in name and "up.weight" in name]
    assert any(bool(one.abs().sum() > 0) for one in adapters)  # zero at first
    assert {"mae", "mae_ef", "bias_ef"} <= run.metrics["val"].keys()


def test_values_of_clips_are_learnt(tmp_path: Path) -> None:
    data = dynamic(tmp_path / "data")
    settings = """
model: {start: EchoMotionNet_BiLSTM, name: mine, weights: none, size_px: 32, architecture: {width: 8, layers: 1}}
task: {labels: [ef], error: huber}
"""
    run = taught(tmp_path, data, "values", settings, "run.steps=2", "run.validate_every=2")
    assert run.labels == ("ef",)
    assert np.isfinite(run.metrics["test"]["mae_ef"])


def test_a_value_that_the_data_do_not_state_is_refused(tmp_path: Path) -> None:
    data = dynamic(tmp_path / "data")
    settings = "model: {start: EchoMotionNet_BiLSTM, name: mine, weights: none}\ntask: {labels: [gls]}\n"
    with pytest.raises(TrainingConfigError, match=r"task\.values: the data state no gls"):
        taught(tmp_path, data, "values", settings)


def camus(root: Path) -> Path:
    """Six patients without splits: a bright ventricle in a ring of wall above an atrium; some atria are not outlined."""
    y, x = np.mgrid[:40, :20]
    for patient in range(6):
        pictures = {}
        for view in ("2CH", "4CH"):
            for phase, radius in (("ED", 8), ("ES", 6)):
                distance = np.hypot(y - 14, 2 * (x - 10))
                labels = np.where(distance < radius, 1, np.where(distance < radius + 4, 2, 0)).astype(np.uint8)
                labels[30:36, 6:14] = 3
                picture = np.array([20, 200, 90, 250], np.uint8)[labels]
                pictures[f"{view}_{phase}"] = (picture, labels)
        camus_patient(root, f"patient{patient:04d}", pictures, "LVef: 55\n")
    return root


def test_several_structures_are_learnt_from_two_frames(tmp_path: Path) -> None:
    settings = """
model: {start: phantom_lv, name: mine, weights: none, size_px: 32, architecture: {channels: [12, 16]}}
task: {labels: [lv, myocardium, la]}
optimiser: {learning_rate: 2e-2, schedule: constant, warmup: 0}
"""
    steps = ("run.steps=100", "run.validate_every=100", "run.batch_size=4", *NO_CHANGE)
    run = taught(tmp_path, camus(tmp_path / "data"), "segmentation", settings, *steps)
    assert run.metrics["val"]["dice"] > 0.9
    assert {"dice_lv", "dice_myocardium", "dice_la"} <= run.metrics["val"].keys()
    model = load_manifest(manifest_of_run(run, find_manifest(run.model)), weights=run.weights)
    assert model.network(torch.zeros(1, 1, 32, 32)).shape == (1, 3, 32, 32)
    assert run.data.patients == {"train": 4, "val": 1, "test": 1}
    assert not set(run.data.patients_of["train"]) & set(run.data.patients_of["val"])


def test_a_structure_that_the_data_do_not_outline_is_refused(tmp_path: Path) -> None:
    settings = "model: {start: phantom_lv, name: mine, weights: none}\ntask: {labels: [lv, rv]}\n"
    with pytest.raises(TrainingConfigError, match="the data outline no rv; they outline la, lv, myocardium"):
        taught(tmp_path, camus(tmp_path / "data"), "segmentation", settings)


def lines(root: Path) -> Path:
    rows = []
    for index, split in enumerate(["train", "train", "train", "val", "test"]):
        write_video(root / "Batch1" / f"v{index}.avi", discs(3, 3, SIZE, seed=index))
        rows.append((f"v{index}", "LVIDd", 4.0, 1, 10, 22, 16, 16, 3, 50, SIZE, SIZE, split))
        rows.append((f"v{index}", "IVSd", 1.0, 1, 10, 10, 6, 10, 3, 50, SIZE, SIZE, split))
    write_csv(root / "MeasurementsList.csv", LVH_HEADER, rows)
    return root


def test_ends_of_lines_are_learnt_and_what_is_not_marked_is_left_alone(tmp_path: Path) -> None:
    data = lines(tmp_path / "data")
    settings = f"""
model: {{start: EchoApex_ViT-S_lvh, name: mine, weights: none, {TINY_APEX}}}
task: {{labels: [ivs_1, ivs_2, lvid_1, lvid_2]}}
optimiser: {{learning_rate: 3e-3}}
"""
    run = taught(tmp_path, data, "keypoints", settings)
    assert {"distance_px", "near_percent", "distance_px_lvid_2"} <= run.metrics["test"].keys()
    with pytest.raises(TrainingConfigError, match="the data mark no lvpw_1; they mark ivs_1, ivs_2, lvid_1, lvid_2"):
        taught(tmp_path / "run", data, "keypoints", settings.replace("ivs_1", "lvpw_1"))


def stated(quality: bool = True) -> Any:
    """A source of DICOM clips, one a patient: bright ones have a landmark on the left and quality 1, dark ones neither."""

    def clips(folder: Path) -> Iterator[tuple[Clip, Mapping[str, Any]]]:
        random = np.random.default_rng(1)
        for index in range(10):
            bright = index % 2
            frames = random.integers(100 * bright, 100 * bright + 60, (2, SIZE, SIZE, 3)).astype(np.uint8)
            clip = Clip(f"1.{index}", frames, None, is_quality_control_subject=index == 0)
            entry = {"study": f"s{index}", "view": "a4c", "quality": bright} if quality else {"study": f"s{index}"}
            yield clip, entry

    return clips


@pytest.mark.parametrize(("start", "channels"), [("phantom_quality", "architecture: {channels: [4, 8]}")])
def test_quality_is_learnt_from_truth_beside_dicom_objects(start: str, channels: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/truth.json").touch()
    settings = f"""
model: {{start: {start}, name: mine, weights: none, size_px: 32, {channels}}}
task: {{grades: ["0", "1"]}}
optimiser: {{learning_rate: 1e-2}}
"""
    steps = ("run.steps=30", "run.validate_every=30", *NO_CHANGE, "data.fractions=[0.6,0.4,0]")
    run = taught(tmp_path, tmp_path / "data", "quality", settings, *steps, source=stated())
    assert run.metrics["val"]["accuracy_percent"] == 100
    assert set(run.metrics) == {"val"}
    assert "adequate_quality" in run.thresholds
    assert run.trained_on_phantoms  # one of the clips is a phantom's
    with pytest.raises(DatasetError, match="none of 10 items teaches quality"):
        taught(tmp_path / "run", tmp_path / "data", "quality", settings, *steps, source=stated(quality=False))


def test_a_task_that_a_model_cannot_learn_is_refused(tmp_path: Path) -> None:
    settings = "model: {start: EchoLVSNet, name: mine, weights: none}\n"
    with pytest.raises(TrainingConfigError, match="EchoLVSNet cannot be taught classification: it can learn segmentation; fam"):
        taught(tmp_path, views(tmp_path / "d", ("a", "b")), "classification", settings)


def test_a_model_without_weights_here_is_said(tmp_path: Path) -> None:
    settings = "model: {start: EchoView47_classifier, name: mine}\n"
    with pytest.raises(TrainingConfigError, match="has no weights here: `echonode models import` them"):
        taught(tmp_path, views(tmp_path / "d", ("a", "b")), "classification", settings)


def test_a_loss_that_is_no_number_stops_with_step_and_items(tmp_path: Path) -> None:
    settings = """
model: {start: phantom_view, name: mine, weights: none, size_px: 32, architecture: {channels: [4, 8]}}
optimiser: {learning_rate: 1e30, largest_gradient: 1e30, warmup: 0}
"""
    with pytest.raises(TrainingFailed, match=r"loss is (nan|inf) at step [23], from answers of the network; the items were "):
        taught(tmp_path, views(tmp_path / "d", ("a", "b")), "classification", settings, "run.precision=full")
