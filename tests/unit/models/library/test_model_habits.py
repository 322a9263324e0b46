"""How people load models elsewhere: with a new head, for features alone, by patterns of names."""

from pathlib import Path

import numpy as np
import pytest
import torch

import models
from models.errors import BackendError, ManifestError, UnsuitableModel, WeightsError
from models.library.recipe import Answer
from models.library.registry import build, find_manifest, list_models, load_model, recipe_of
from models.networks.new_head import manifest_with_outputs


def test_names_are_found_in_any_case_and_by_patterns() -> None:
    assert find_manifest("PHANTOM_view").name == "phantom_view"
    assert find_manifest("LVID").name == "echonet_measurements/lvid"
    named = {one.name for one in list_models("echoview47*")}
    assert {"EchoView47_classifier", "EchoView47_contrastive_encoder", "EchoView47_TMED2"} <= named
    assert [one.name for one in list_models("echonet_measurements/lvi?")] == ["echonet_measurements/lvid"]
    assert [one.name for one in list_models("lvid")] == ["echonet_measurements/lvid"], "an alias is a name"
    assert list_models("nothing*") == ()


def test_pretrained_are_those_whose_weights_are_here() -> None:
    here = list_models(pretrained=True)
    assert {"phantom_lv", "phantom_view", "phantom_quality"} <= {one.name for one in here}
    assert all(one.weights_path.is_file() for one in here)
    assert list_models("EchoView47*", pretrained=True) == ()


@pytest.mark.parametrize("device", ["cuda", "cuda:7", "tpu", "no device at all"])
def test_a_device_that_is_not_here_is_told_before_any_work(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(BackendError, match=r"'.*' is not here: torch sees cpu|no device '.*'; here are: cpu"):
        load_model("no model of this name, which would be told next", device=device)


def test_a_new_head_is_random_by_its_seed_and_all_else_is_the_model_s() -> None:
    plain = load_model("phantom_view", pretrained=True).network.state_dict()
    changed = load_model("phantom_view", pretrained=True, num_classes=5, labels=("a4c", "a2c", "plax", "psax", "other"))
    state = changed.network.state_dict()
    assert state["head.1.weight"].shape == (5, plain["head.1.weight"].shape[1])
    assert all(torch.equal(tensor, plain[name]) for name, tensor in state.items() if not name.startswith("head.1."))
    assert changed.new_head
    assert not changed.trained
    assert changed.manifest.labels == ("a4c", "a2c", "plax", "psax", "other")
    again, other = (load_model("phantom_view", pretrained=True, num_classes=5, seed=seed) for seed in (0, 1))
    assert torch.equal(again.network.state_dict()["head.1.weight"], state["head.1.weight"])
    assert not torch.equal(other.network.state_dict()["head.1.weight"], state["head.1.weight"])
    assert again.manifest.labels == ("class_1", "class_2", "class_3", "class_4", "class_5")
    assert tuple(changed(changed.preprocess(np.zeros((90, 120), np.uint8))).shape) == (1, 5)


def test_a_new_head_of_as_many_outputs_is_new_too() -> None:
    plain, changed = load_model("phantom_view", pretrained=True), load_model("phantom_view", pretrained=True, num_classes=3)
    assert not torch.equal(plain.network.state_dict()["head.1.weight"], changed.network.state_dict()["head.1.weight"])


def test_a_segmenter_gets_as_many_structures_as_are_asked_for() -> None:
    model = load_model("phantom_lv", pretrained=True, num_classes=3, labels=("lv", "lv_wall", "la"))
    assert tuple(model(model.preprocess(np.zeros((90, 120), np.uint8))).shape) == (1, 3, 160, 160)
    assert model.manifest.output_values == "3 logits per pixel"


def test_every_family_takes_a_new_head_or_says_why_not() -> None:
    """Bug prevented: a family that builds its old number of outputs whatever the manifest says."""
    taken, refused = set(), set()
    for manifest in list_models():
        recipe = recipe_of(manifest)
        if (recipe.family, recipe.task) in taken | refused:
            continue
        if not recipe.head:
            with pytest.raises(UnsuitableModel, match=f"model {manifest.name} takes no new head"):
                manifest_with_outputs(manifest, recipe, 4)
            refused.add((recipe.family, recipe.task))
            continue
        described = manifest_with_outputs(manifest, recipe, 4)
        taken.add((recipe.family, recipe.task))
        network = build(recipe, described, None, "meta")
        layers = [one for one in network.get_submodule(recipe.head).modules() if hasattr(one, "reset_parameters")]
        assert layers, manifest.name
        assert layers[-1].weight.shape[0] in (4, 16), manifest.name  # 16: 2 x 2 pixels are unfolded of channels
    assert len(taken) >= 15
    assert {recipe_of(one).answers for one in list_models() if recipe_of(one).head} >= {Answer.CLASSES, Answer.MASK}


@pytest.mark.parametrize(("number", "labels"), [(-1, None), (2, ("a",)), (2, ("a", "a")), (2, ("a", ""))])
def test_heads_without_sense_are_refused(number: int, labels: tuple[str, ...] | None) -> None:
    with pytest.raises(UnsuitableModel, match="phantom_view"):
        load_model("phantom_view", num_classes=number, labels=labels)


def test_weights_that_do_not_fit_before_the_head_are_refused(tmp_path: Path) -> None:
    other = find_manifest("phantom_quality")
    mine = find_manifest("phantom_view")
    path = tmp_path / mine.weights_file
    path.write_bytes(other.weights_path.read_bytes())
    with pytest.raises(WeightsError, match="not what its manifest describes"):
        load_model("phantom_view", weights=path, num_classes=2)


def test_features_of_an_encoder_are_what_its_head_takes() -> None:
    model = load_model("phantom_view", pretrained=True)
    features = load_model("phantom_view", pretrained=True, features_only=True)
    batch = features.preprocess(np.full((80, 100, 3), 90, np.uint8))
    assert torch.equal(features(batch), model.encoder.embed(batch))
    assert features.features_only
    with pytest.raises(UnsuitableModel, match="loaded for its features alone"):
        _ = features.classifier
    timm_s_way = load_model("phantom_view", pretrained=True, num_classes=0)
    assert torch.equal(timm_s_way(batch), features(batch))


def test_features_of_a_segmenter_are_its_last_maps() -> None:
    features = load_model("phantom_lv", pretrained=True, features_only=True)
    maps = features(features.preprocess(np.zeros((2, 80, 100), np.uint8)))
    assert tuple(maps.shape) == (2, 96, 10, 10)


def test_features_and_a_head_are_not_asked_for_together() -> None:
    with pytest.raises(UnsuitableModel, match="give one of them"):
        load_model("phantom_view", num_classes=2, features_only=True)


def test_a_close_name_is_told() -> None:
    with pytest.raises(ManifestError, match=r"close to it: .*phantom_view"):
        load_model("phantom_veiw")


def test_what_models_offers() -> None:
    assert {"load_model", "list_models", "preprocess", "Model"} <= set(models.__all__)
    assert models.preprocess("phantom_view", np.zeros((50, 60), np.uint8)).shape == (1, 1, 128, 128)
