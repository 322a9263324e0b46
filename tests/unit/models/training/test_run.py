import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import TrainingRunError
from models.library.registry import find_manifest, load_manifest
from models.training.run import CONFIG_FILE, RUN_FILE, WEIGHTS_FILE, DataRecord, Run, manifest_of_run, read_run

DATA = DataRecord(
    layout="tte47", path="/data", sha256="0" * 64, items={"train": 2}, patients={"train": 2},
    patients_of={"train": ("aa", "bb")}, of_phantoms=False, description="2 images",
)  # fmt: skip


def run_of(**changes: object) -> Run:
    start = find_manifest("phantom_view")
    said: dict[str, object] = {
        "name": "mine", "model": "phantom_view", "task": "classification", "family": start.family,
        "architecture": dict(start.architecture), "labels": ("a4c", "a2c", "other"), "input_size_px": 128, "input_shape": (),
        "input_values": "", "output_values": "", "thresholds": dict(start.thresholds), "licence": "ours",
        "trained_on_phantoms": True, "started_from": start.weights_sha256, "new_tensors": (), "generator": "2", "data": DATA,
        "metrics": {"val": {"accuracy": 0.5}}, "steps": 3, "best_step": 2, "seed": 1, "device": "cpu", "precision": "full",
        "versions": {"torch": "2"}, "command": "echonode train mine", "weights_sha256": "0" * 64,
    }  # fmt: skip
    return Run.model_validate(said | changes)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    run = run_of()
    (tmp_path / RUN_FILE).write_text(run.model_dump_json(), encoding="utf-8")
    (tmp_path / WEIGHTS_FILE).touch()
    read = read_run(tmp_path)
    assert read.model_copy(update={"folder": Path()}) == run
    assert read.weights == tmp_path / WEIGHTS_FILE


def test_a_run_builds_the_network_that_was_trained() -> None:
    start = replace(find_manifest("phantom_view"), gate={"constant": 1.0, "largest_error_points": 5.0})
    manifest = manifest_of_run(run_of(labels=("x", "y"), architecture={"channels": [4, 8]}), start)
    assert manifest.trained_on_phantoms
    assert not manifest.gate, "it was calibrated on other weights"
    assert manifest.metrics == {"val_accuracy": 0.5}
    network = load_manifest(manifest, device="meta").network
    assert network.get_parameter("head.1.weight").shape == (2, 16)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no training"),
        ({CONFIG_FILE: ""}, "not finished: give the same command again"),
        ({RUN_FILE: "{"}, "Invalid JSON"),
        ({RUN_FILE: run_of().model_dump_json()}, "no model.safetensors"),
        ({RUN_FILE: json.dumps(json.loads(run_of().model_dump_json()) | {"sped": 1})}, "unknown sped, did you mean seed"),
    ],
)
def test_what_is_no_finished_training_is_said(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TrainingRunError, match=message):
        read_run(tmp_path)
