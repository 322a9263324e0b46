"""Torch's tensors come in for every published model by the network's own names, whatever format its publisher chose."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.errors import ManifestError, WeightsFileError
from models.importers import import_weights, importer_of
from models.importers.exports import Format, export_model
from models.importers.torch.files import TorchFile
from models.library.manifest import SiteEvaluation, write_manifest
from models.library.own_models import stored_model
from models.library.registry import build, find_manifest, list_models, load_model, recipe_of
from models.training.registration import register
from tests.unit.models.training.test_registration import finished


def test_no_family_lacks_an_importer_of_torch_tensors() -> None:
    """Built without numbers: the names and shapes of the network itself are what is placed."""
    seen = set()
    for manifest in list_models():
        recipe = recipe_of(manifest)
        if manifest.publication is None or (recipe.family, recipe.task) in seen:
            continue
        seen.add((recipe.family, recipe.task))
        network = build(recipe, manifest, None, "meta")
        file = TorchFile(network.state_dict(), "plain")
        placed = importer_of(manifest, file).place(file, build(recipe, manifest, None, "meta"))
        assert placed.keys() == network.state_dict().keys(), manifest.name
    assert {"echo_motion", "echoforge_xception", "echoforge_keypoints", "echoforge_quality"} <= {family for family, _ in seen}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.slow
def test_torch_weights_of_a_network_that_nobody_publishes(home: Path, tmp_path: Path) -> None:
    name = "EchoForge_PLAX_keypoints"
    state = load_model(name).network.state_dict()
    torch.save({"state_dict": {f"module.{key}": tensor for key, tensor in state.items()}}, tmp_path / "mine.pt")
    manifest = import_weights(name, tmp_path / "mine.pt")
    assert manifest.trained
    brought = load_model(name, pretrained=True).network.state_dict()
    assert all(torch.equal(brought[key], tensor) for key, tensor in state.items())
    assert stored_model(name) == manifest


def test_phantom_weights_are_no_published_model_s(home: Path) -> None:
    """Bug prevented: the phantom rule left behind by giving the same file another name."""
    bundled = find_manifest("phantom_lv").weights_path
    with pytest.raises(WeightsFileError, match="trained on phantoms: they are no EchoLVSNet"):
        import_weights("EchoLVSNet", bundled)


def test_an_export_of_one_s_own_training_comes_in_elsewhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = register(finished(tmp_path / "run", started_from=""), "mine")
    export_model(first, tmp_path / "mine.safetensors", Format.SAFETENSORS)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "second"))
    second = import_weights("mine", tmp_path / "mine.safetensors")
    assert second.path == tmp_path / "second/manifests/mine.toml"
    assert find_manifest("mine").labels == first.labels
    images = torch.rand(1, 1, 128, 128)
    assert torch.equal(load_model("mine", pretrained=True)(images), load_model(str(first.path), pretrained=True)(images))
    with pytest.raises(WeightsFileError, match="is an export of mine"):
        import_weights("other", tmp_path / "mine.safetensors")


def test_an_evaluation_on_another_site_lifts_nothing_here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = register(finished(tmp_path / "run"), "mine")
    judged = SiteEvaluation("Ada Lovelace", "2026-11-30", "metrics.json", "0" * 64, "tte47", first.weights_sha256)
    lifted = replace(first, trained_on_phantoms=False, site_evaluation=judged)
    write_manifest(lifted, lifted.path)
    export_model(lifted, tmp_path / "mine.safetensors", Format.SAFETENSORS)
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "second"))
    assert import_weights("mine", tmp_path / "mine.safetensors").trained_on_phantoms


def test_an_export_of_a_bundled_model_takes_no_bundled_name(home: Path, tmp_path: Path) -> None:
    export_model(find_manifest("phantom_view"), tmp_path / "out.safetensors", Format.SAFETENSORS)
    with pytest.raises(ManifestError, match="comes with the library"):
        import_weights("phantom_view", tmp_path / "out.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "plain.safetensors")
    with pytest.raises(WeightsFileError, match="not a published model"):
        import_weights("phantom_view", tmp_path / "plain.safetensors")
