"""A run becomes a model; what phantoms had a part in stays under their rule until a person answers for it."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.errors import ManifestError, TrainingRunError, WeightsError, WeightsMismatch
from models.library.manifest import PHANTOM_ONLY, Manifest, write_manifest
from models.library.own_models import dependents_of
from models.library.registry import find_manifest, list_models, load_model
from models.training.registration import lift_phantom_rule, register
from models.training.run import Run
from tests.unit.models.training.test_run import run_of

BY, AT = "Ada Lovelace", datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


def finished(folder: Path, seed: int = 0, **changes: object) -> Run:
    """A run that fine-tuned phantom_view for four views: its weights are those of a fresh network."""
    labels = ("a4c", "a2c", "plax", "other")
    network = load_model("phantom_view", pretrained=True, num_classes=4, labels=labels, seed=seed).network
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, folder / "model.safetensors")
    sha256 = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    run = run_of(**{"labels": labels, "weights_sha256": sha256, "trained_on_phantoms": False} | changes)
    return run.model_copy(update={"folder": folder})


def test_a_registered_run_is_loaded_by_its_name(tmp_path: Path, home: Path) -> None:
    run = finished(tmp_path / "run")
    manifest = register(run, "my_views", intended_use="Sorting our own clips")
    assert find_manifest("MY_views") == manifest
    model = load_model("my_views", pretrained=True)
    assert model.trained
    assert model.manifest.labels == ("a4c", "a2c", "plax", "other")
    assert model.manifest.metrics == {"val_accuracy": 0.5}
    assert manifest.weights_path == home / "weights/my_views.safetensors"
    assert hashlib.sha256(manifest.weights_path.read_bytes()).hexdigest() == run.weights_sha256 == manifest.weights_sha256
    assert [one.name for one in list_models("my_*", pretrained=True)] == ["my_views"]


def test_phantoms_are_inherited_whatever_the_run_says(tmp_path: Path, home: Path) -> None:
    """Bug prevented: a fine-tune on a hospital's clips that puts numbers on patients by weights of the simulator."""
    first = register(finished(tmp_path / "a"), "mine")
    assert first.trained_on_phantoms
    assert first.intended_use == PHANTOM_ONLY
    second = register(finished(tmp_path / "b", seed=1, model="mine", started_from=first.weights_sha256), "mine_too")
    assert second.trained_on_phantoms
    assert second.started_from == first.weights_sha256
    assert find_manifest("mine_too").started_from == first.weights_sha256
    assert dependents_of(first.weights_sha256) == ("mine_too was trained from them",)
    fresh = register(finished(tmp_path / "c", seed=2, started_from=""), "fresh")
    assert not fresh.trained_on_phantoms
    assert fresh.intended_use == "Research. Not a medical device."


def test_phantom_data_make_phantom_weights(tmp_path: Path, home: Path) -> None:
    run = finished(tmp_path / "a", started_from="")
    taught = run.model_copy(update={"data": run.data.model_copy(update={"of_phantoms": True})})
    assert register(taught, "mine").trained_on_phantoms


def test_a_name_that_is_taken_or_none_is_refused(tmp_path: Path, home: Path) -> None:
    run = finished(tmp_path / "a")
    for name, why in (
        ("phantom_view", "comes with the library"), ("PHANTOM_VIEW", "with the library"), ("LVID", "with the library"),
        ("../up", "letters"), ("", "letters"), ("a b", "letters"), ("a/b/c", "letters"),
    ):  # fmt: skip
        with pytest.raises(ManifestError, match=why):
            register(run, name)
    register(run, "a/b")
    with pytest.raises(ManifestError, match="files would be those of a/b"):
        register(run, "a_b")
    assert register(run, "a/b").version == "2"


def test_weights_that_are_not_the_run_s_are_refused(tmp_path: Path, home: Path) -> None:
    run = finished(tmp_path / "a")
    with pytest.raises(WeightsError, match="not what its manifest describes"):
        register(run.model_copy(update={"weights_sha256": "1" * 64}), "mine")
    with pytest.raises(WeightsMismatch, match=r"misshaped: head\.1\.weight"):
        register(run.model_copy(update={"labels": ("a", "b")}), "mine")
    broken = load_model("phantom_view", num_classes=4).network.state_dict()
    broken["head.1.bias"][0] = torch.nan
    save_file({name: one.contiguous() for name, one in broken.items()}, run.weights)
    sha256 = hashlib.sha256(run.weights.read_bytes()).hexdigest()
    with pytest.raises(WeightsError, match=r"not a number in head\.1\.bias"):
        register(run.model_copy(update={"weights_sha256": sha256}), "mine")
    assert not home.exists(), "nothing is left of what was refused"


def figures(manifest: Manifest, path: Path, **changes: object) -> Path:
    record = {
        "model": manifest.name, "weights_sha256": manifest.weights_sha256, "layout": "tte47", "task": "classification",
        "phantom_clips": 0, "figures": {"n": 500, "accuracy_percent": 97.0},
    }  # fmt: skip
    path.write_text(json.dumps(record | changes), encoding="utf-8")
    return path


def test_an_evaluation_on_site_lifts_the_rule_for_these_weights_alone(tmp_path: Path, home: Path) -> None:
    before = register(finished(tmp_path / "a"), "mine", intended_use="Sorting")
    was, after = lift_phantom_rule("mine", figures(before, tmp_path / "metrics.json"), by=BY, at=AT)
    assert was == before
    assert not after.trained_on_phantoms
    assert after.intended_use == "Sorting"
    assert after.site_evaluation is not None
    assert (after.site_evaluation.by, after.site_evaluation.data) == (BY, "tte47, classification, 500 items")
    write_manifest(after, after.path)
    assert find_manifest("mine") == after
    with pytest.raises(ManifestError, match="under no phantom rule"):
        lift_phantom_rule("mine", tmp_path / "metrics.json", by=BY, at=AT)
    again = register(finished(tmp_path / "b", seed=1, model="mine", started_from=after.weights_sha256), "next")
    assert again.trained_on_phantoms, "it was never evaluated itself"
    assert register(finished(tmp_path / "c", seed=2), "mine").site_evaluation is None
    other = tmp_path / "other.toml"
    write_manifest(replace(after, weights_sha256="2" * 64), other)
    with pytest.raises(ManifestError, match="is of other weights"):
        find_manifest(str(other))


@pytest.mark.parametrize(
    ("changes", "by", "why"),
    [
        ({"weights_sha256": "3" * 64}, BY, "figures of the weights"),
        ({"phantom_clips": 2}, BY, "2 clips were phantoms"),
        ({"phantom_clips": None}, BY, "does not say how many clips were phantoms"),
        ({"figures": 3}, BY, "has no figures"),
        ({"figures": {"n": 0, "accuracy_percent": 97.0}}, BY, "on how many items it was measured, one or more, not 0"),
        ({"figures": {"accuracy_percent": 97.0}}, BY, "on how many items it was measured, one or more, not None"),
        ({}, "admin", "first and last name"),
    ],
)
def test_what_answers_for_nothing_lifts_nothing(
    tmp_path: Path, home: Path, changes: dict[str, object], by: str, why: str
) -> None:
    manifest = register(finished(tmp_path / "a"), "mine")
    with pytest.raises((ManifestError, TrainingRunError), match=why):
        lift_phantom_rule("mine", figures(manifest, tmp_path / "metrics.json", **changes), by=by, at=AT)


def test_bundled_weights_stay_under_the_rule(tmp_path: Path) -> None:
    bundled = find_manifest("phantom_view")
    with pytest.raises(ManifestError, match="comes with the library"):
        lift_phantom_rule("phantom_view", figures(bundled, tmp_path / "metrics.json"), by=BY, at=AT)
