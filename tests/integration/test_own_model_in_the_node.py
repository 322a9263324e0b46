"""From a department's own data to numbers of the node: fine-tuned, killed, resumed, registered, taken by name."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from models.catalogue import View
from models.library.manifest import write_manifest
from models.library.registry import build, find_manifest, recipe_of
from models.training.run import Run
from models.training.train import train
from node.cli import app
from node.objects.phantom_writer import ClipRequest, write_study
from tests.unit.models.training.miniature_trainings import SIZE, dynamic, own_configuration, views
from tests.unit.models.training.test_resume import killed

pytestmark = pytest.mark.slow

STEPS = ["run.steps=4", "run.validate_every=2", "run.checkpoint_every=2"]
# So little changes that the result still outlines what the weights it started from outline.
SEGMENTER = "model: {start: phantom_lv, name: site_lv}\ntask: {labels: [lv]}\noptimiser: {learning_rate: 1e-7}\n"
CLASSIFIER = f"""
model: {{start: EchoView47_classifier, name: site_views, trained: head, size_px: {SIZE}}}
task: {{labels: [plax-full-lv, psax-av]}}
"""


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def fine_tuned(config: str, name: str) -> Run:
    """Killed by the system after a step, gone on with, registered."""
    killed(config, 3, *STEPS)
    run = train(config, STEPS)
    call("models", "register", run.folder, "--name", name)
    return run


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    clips = [ClipRequest(view, quality=3, rows=300, columns=400, polar=(256, 128)) for view in (View.A4C, View.A2C)]
    write_study(folder, seed=300003, clips=clips, processes=1)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


def analysed(study: Path, tmp_path: Path, models: str) -> dict[str, object]:
    """The findings of the study with these [models]."""
    config = tmp_path / "echonode.toml"
    config.write_text(f"[models]\n{models}\n", encoding="utf-8")
    call("analyse", study, "--out", tmp_path / "out", "--config", config)
    (findings,) = (tmp_path / "out").rglob("findings.json")
    found: dict[str, object] = json.loads(findings.read_text(encoding="utf-8"))
    return found


def test_a_fine_tuned_segmenter_outlines_the_node_s_clips(home: Path, study: Path, tmp_path: Path) -> None:
    data = dynamic(tmp_path / "data")
    run = fine_tuned(own_configuration(tmp_path / "lv.yaml", data, tmp_path / "lv", "segmentation", SEGMENTER), "site_lv")
    assert find_manifest("site_lv").trained_on_phantoms, "inherited from the weights it started from"
    found = analysed(study, tmp_path, 'view = "phantom_view"\nlv_segmentation = "site_lv"')
    used = {use["name"]: use["weights_sha256"] for use in found["models"]}  # type: ignore[attr-defined]
    assert used["site_lv"] == run.weights_sha256
    measured = {one["key"] for one in found["measurements"]}  # type: ignore[attr-defined]
    assert {"ef_bp", "lvedv_bp", "lvesv_bp"} <= measured


def test_a_fine_tuned_import_names_the_node_s_views(home: Path, study: Path, tmp_path: Path) -> None:
    """EchoView47's classifier with random weights, as an import leaves them, and a head of one's own."""
    published = find_manifest("EchoView47_classifier")
    torch.manual_seed(0)
    network = build(recipe_of(published), published, None, "cpu")
    (home / "weights").mkdir(parents=True)
    file = home / "weights/EchoView47_classifier.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    path = home / "manifests/EchoView47_classifier.toml"
    write_manifest(replace(published, weights_file=file.name, weights_sha256=sha256, trained=True, path=path), path)
    data = views(tmp_path / "tte47", ("plax-full-lv", "psax-av"))
    config = own_configuration(tmp_path / "views.yaml", data, tmp_path / "views", "classification", CLASSIFIER)
    run = fine_tuned(config, "site_views")
    found = analysed(study, tmp_path, 'view = "site_views"\nlv_segmentation = "phantom_lv"\nquality = "phantom_quality"')
    used = {use["name"]: use["weights_sha256"] for use in found["models"]}  # type: ignore[attr-defined]
    assert used["site_views"] == run.weights_sha256
    labels = {label for clip in found["clips"] for label, _ in clip["view"]["probabilities"]}  # type: ignore[attr-defined]
    assert labels == {"plax-full-lv", "psax-av"}
