import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

import models
from models.errors import ManifestError, WeightsError
from models.families.phantom.classifier import PhantomClassifier
from models.library.manifest import write_manifest
from models.library.registry import (
    FAMILIES,
    broken_manifests,
    find_manifest,
    list_models,
    load_model,
    recipe_of,
    recipes_of,
)
from models.library.stored_manifests import MANIFESTS

NETWORK_LIBRARIES = ("torch", "torchvision", "timm", "safetensors")


@pytest.mark.slow
def test_listing_models_imports_no_network_library() -> None:
    """Listing models once took seconds, because the registry imported every family."""
    code = f"import sys, models; models.list_models(); print([m for m in {NETWORK_LIBRARIES} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_models_lists_and_loads() -> None:
    assert [manifest.name for manifest in models.list_models()] == [manifest.name for manifest in list_models()]
    assert models.load_model is load_model


BUNDLED = [manifest for manifest in list_models() if manifest.weights_file]


def test_bundled_weights_load_and_match_their_hash() -> None:
    assert {manifest.name for manifest in BUNDLED} == {"phantom_lv", "phantom_quality", "phantom_spectra", "phantom_view"}
    for manifest in BUNDLED:
        network = load_model(manifest.name, pretrained=True).network
        assert not network.training
        assert network.manifest == manifest


def test_bundled_weights_are_small() -> None:
    assert sum(manifest.weights_path.stat().st_size for manifest in BUNDLED) < 6_000_000


def test_an_unknown_model_names_those_that_exist() -> None:
    with pytest.raises(ManifestError, match=r"no model 'phantom_nose'.*phantom_view.*models list"):
        find_manifest("phantom_nose")


def test_an_unknown_model_gets_the_names_closest_to_it() -> None:
    """It once named all 73 models."""
    for given, meant in (("echoview47_clasifier", "EchoView47_classifier"), ("LVIDD", "lvid"), ("panech", "PanEcho")):
        with pytest.raises(ManifestError, match=rf"no model '{given}'; close to it: .*\b{meant}\b") as refused:
            find_manifest(given)
        assert len(str(refused.value)) < 250
    with pytest.raises(ManifestError, match=r"no model 'xyzzy'; `echonode models list` shows all \d+$"):
        find_manifest("xyzzy")


def test_a_path_is_as_good_as_a_name(tmp_path: Path) -> None:
    copy = tmp_path / "manifests" / "mine.toml"
    write_manifest(replace(find_manifest("phantom_view"), name="mine"), copy)
    assert find_manifest(str(copy)).name == "mine"
    with pytest.raises(WeightsError, match="no weights"):
        load_model(str(copy), pretrained=True)
    original = find_manifest("phantom_view").weights_path
    assert isinstance(load_model(str(copy), weights=original).network, PhantomClassifier)
    assert isinstance(load_model(str(copy), weights=str(original)).network, PhantomClassifier)  # once an AttributeError


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    manifest = find_manifest("phantom_view")
    altered = bytearray(manifest.weights_path.read_bytes())
    altered[-1] ^= 1
    (tmp_path / manifest.weights_file).write_bytes(altered)
    with pytest.raises(WeightsError, match="not what its manifest describes"):
        load_model("phantom_view", weights=tmp_path / manifest.weights_file)


def test_without_pretrained_no_weights_are_read(tmp_path: Path) -> None:
    copy = tmp_path / "manifests" / "fresh.toml"
    write_manifest(replace(find_manifest("phantom_view"), name="fresh"), copy)
    assert isinstance(load_model(str(copy)).network, PhantomClassifier)


def test_every_name_and_alias_means_one_model() -> None:
    named = [name for manifest in list_models() for name in (manifest.name, *manifest.aliases)]
    assert len(named) == len(set(named))
    for manifest in list_models():
        for name in (manifest.name, *manifest.aliases):
            assert find_manifest(name) == manifest
    assert find_manifest("lvid").name == "echonet_measurements/lvid"


def test_published_weights_are_not_there_and_the_error_says_what_to_bring(tmp_path: Path) -> None:
    sha256 = "0a7b56274cddbc6ed33d05abc0004a9462ab213431c498be08f14212eb4e53a1"
    words = rf"lvid_weights\.ckpt from github\.com/echonet/measurements.*{sha256}.*models import echonet_measurements/lvid FILE"
    with pytest.raises(WeightsError, match=words):
        load_model("lvid", True)
    with pytest.raises(WeightsError, match=r"TTE47_Classifier_Model\.h5 from huggingface.*states no SHA-256"):
        load_model("EchoView47_classifier", pretrained=True)
    file = tmp_path / "lvid_weights.ckpt"
    with pytest.raises(WeightsError, match=rf"{file} is not opened.* models import echonet_measurements/lvid {file}`, then"):
        load_model("lvid", weights=file)
    with pytest.raises(WeightsError, match="nobody has published weights for it"):
        load_model("EchoMotionNet_B0_SE", weights=file)


# What nobody has published, and what every result depends on: the import asks for it.
UNPUBLISHED = {
    "EchoView47_TMED2": " --labels NAME,...",
    **{f"EchoFine_TMED2_fold{fold}": " --labels NAME,..." for fold in range(3)},
    "EchoSDNet": " --labels NAME,...",
    "echonet_dynamic/ef_r2plus1d_18": " --set mean=... --set std=...",
    "echonet_dynamic/lv_deeplabv3_resnet50": " --set mean=... --set std=...",
}


def test_every_model_whose_weights_are_missing_says_so() -> None:
    """Which file, from where, and by which whole command; or that nobody has published one.

    Bug prevented: a printed command that is always refused for want of labels or of mean and standard deviation.
    """
    published = [manifest for manifest in list_models() if manifest.publication and not manifest.weights_file]
    assert len(published) >= 70
    for manifest in published:
        source = manifest.publication
        assert source is not None
        with pytest.raises(WeightsError) as refused:
            load_model(manifest.name, pretrained=True)
        words = str(refused.value)
        assert words.startswith(f"model {manifest.name}: ")
        if source.weights_file:
            needed = (source.weights_file, source.weights_origin, source.weights_sha256, manifest.licence)
            assert all(part in words for part in needed)
            assert source.weights_origin
            assert words.endswith(f"`echonode models import {manifest.name} FILE{UNPUBLISHED.get(manifest.name, '')}`")
        else:
            assert "nobody has published weights for it" in words


def test_imported_weights_load_by_the_path_of_their_manifest(tmp_path: Path) -> None:
    """What the error asks for works: the tensors of one network arrive in another of the same manifest."""
    origin = load_model("phantom_quality").network
    content = save({name: tensor.contiguous() for name, tensor in origin.state_dict().items()})
    imported = replace(
        origin.manifest, trained=True, weights_file="lv.safetensors", weights_sha256=hashlib.sha256(content).hexdigest()
    )
    path = tmp_path / "manifests" / "lv.toml"
    write_manifest(imported, path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "lv.safetensors").write_bytes(content)
    network = load_model(str(path), pretrained=True).network
    assert not network.training
    assert all(torch.equal(tensor, origin.state_dict()[name]) for name, tensor in network.state_dict().items())


def _broken_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(folder))
    manifests = folder / "manifests"
    write_manifest(replace(find_manifest("phantom_lv"), name="own_lv"), manifests / "own_lv.toml")
    (manifests / "cut.toml").write_text('name = "echonet_measurements/ivs"\nlabels = [')
    (manifests / "flat.toml").write_text('version = "1"\noutput = 3\n')
    (manifests / "phantom_quality.toml").write_bytes(b"\xff\xfe")
    (manifests / "folder.toml").mkdir()
    return manifests


def test_a_broken_manifest_takes_no_other_model_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug prevented: one file cut short in the model folder, and no model could be listed or loaded."""
    known = {manifest.name for manifest in list_models()}
    manifests = _broken_folder(tmp_path, monkeypatch)
    assert {manifest.name for manifest in list_models()} == known | {"own_lv"}
    assert isinstance(load_model("phantom_view", pretrained=True).network, PhantomClassifier)
    problems = {one.path.name: one.problem for one in broken_manifests()}
    assert list(problems) == ["cut.toml", "flat.toml", "folder.toml", "phantom_quality.toml"]
    assert problems["flat.toml"] == "flat.toml: output should be a table"
    assert problems["cut.toml"].startswith("cut.toml: ")
    with pytest.raises(ManifestError, match=rf"no model 'phantom_nose'.*; {manifests / 'cut.toml'} cannot be read: "):
        find_manifest("phantom_nose")


@pytest.mark.parametrize("name", ["ivs", "echonet_measurements/ivs", "phantom_quality"])
def test_the_bundled_one_does_not_stand_in_for_a_broken_manifest(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose weights it would be is not what the model folder says."""
    _broken_folder(tmp_path, monkeypatch)
    with pytest.raises(ManifestError, match=r"\.toml cannot be read: "):
        find_manifest(name)


def test_an_unknown_family_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifests" / "odd.toml"
    write_manifest(replace(find_manifest("phantom_view"), family="oracle"), path)
    with pytest.raises(ManifestError, match="unknown family 'oracle'"):
        load_model(str(path))


def test_every_family_stands_where_the_table_says() -> None:
    """Bug prevented: a recipe whose network, or whose importer, is found missing only when somebody loads it."""
    for family in FAMILIES:
        assert recipes_of(family), family
        for module in (path for recipe in recipes_of(family) for path in (recipe.networks, recipe.importer) if path):
            path = MANIFESTS.parent.parent / Path(*module.split("."))
            assert path.with_suffix(".py").is_file() or path.is_dir(), module


def test_no_two_recipes_of_a_family_speak_of_the_same_networks() -> None:
    for family in FAMILIES:
        tasks = [recipe.task for recipe in recipes_of(family)]
        assert len(set(tasks)) == len(tasks), family


def test_every_model_of_the_library_has_a_recipe() -> None:
    """Bug prevented: a manifest of a task that its family does not know, which loads nowhere and takes no role."""
    for manifest in list_models():
        assert recipe_of(manifest) in recipes_of(manifest.family), manifest.name


@pytest.mark.slow
def test_reading_all_recipes_imports_no_torch() -> None:
    code = "import sys; from models.library import registry; [registry.recipes_of(one) for one in registry.FAMILIES]"
    code += "; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
