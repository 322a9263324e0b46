"""EchoForge's transformers from files of keras_cv_attention_models: what a file may say, and what is refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models import load_model
from models.errors import KerasFileError, WeightsMismatch
from models.families.echoforge.weights import swin as swin_importer
from models.families.echoforge.weights import transformer as vision_transformer
from models.importers import import_weights
from models.importers.keras.files import KerasFile, KerasLayer
from models.library.registry import find_manifest
from tests.unit.models.importers.keras.kecam_files import dense, layer, norm, operation, swin, vit
from tests.unit.models.importers.keras.keras_writer import Layer, write_hdf5

VIT, SWIN = "ViT_TTE47_baseline", "SwinTransformerV2_TTE47_baseline"


def imported(name: str, layers: Sequence[Layer], folder: Path) -> Any:
    """The network that `load_model` gives after the import of a file of these layers."""
    file = write_hdf5(folder / "model_run..h5", layers)
    manifest = import_weights(name, file, folder=folder)
    return load_model(str(manifest.path), pretrained=True).network


def changed(layers: Sequence[Layer], name: str, **config: Any) -> list[Layer]:
    """With other settings of one layer."""
    assert name in [own for own, *_ in layers]
    return [(own, kind, {**old, **config} if own == name else old, weights) for own, kind, old, weights in layers]


def without(layers: Sequence[Layer], *names: str) -> list[Layer]:
    return [one for one in layers if one[0] not in names]


def placed(layers: Sequence[Layer], name: str) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(array) for own, _, _, weights in layers for key, array in weights.items() if own == name}


def test_a_vit_has_the_file_s_heads_which_no_tensor_tells(tmp_path: Path) -> None:
    for heads in (4, 6):
        network = imported(VIT, vit(heads=heads), tmp_path)
        assert [block.attn.num_heads for block in network.backbone.blocks] == [heads]
        assert network.manifest.architecture["heads"] == heads


def test_every_weight_of_a_vit_finds_its_place(tmp_path: Path) -> None:
    layers = vit()
    network = imported(VIT, layers, tmp_path)
    stem, token = placed(layers, "stem_conv"), placed(layers, "cls_token")
    assert torch.equal(network.backbone.patch_embed.proj.weight, stem["kernel"].permute(3, 2, 0, 1))
    assert torch.equal(network.backbone.cls_token, token["tokens"])
    assert torch.equal(network.backbone.pos_embed, placed(layers, "positional_embedding")["positional_embedding"])
    assert torch.equal(network.norm.weight, placed(layers, "layer_normalization")["gamma"])
    assert torch.equal(network.backbone.norm.weight, placed(layers, "out_ln")["gamma"])
    assert network(torch.zeros(2, 3, 224, 224)).shape == (2, 47)


def test_a_vit_without_the_second_norm(tmp_path: Path) -> None:
    network = imported(VIT, vit(head_norm=False), tmp_path)
    assert isinstance(network.norm, torch.nn.Identity)


def test_a_swin_has_the_file_s_sizes_and_windows(tmp_path: Path) -> None:
    layers = swin()
    network = imported(SWIN, layers, tmp_path)
    expected = {"width": 8, "depths": [2, 1, 1, 1], "heads": [2, 2, 2, 2], "window": 16, "position_windows": [0, 0, 0, 0]}
    assert expected.items() <= network.manifest.architecture.items()
    block = network.backbone.stages[0][2]
    assert (block.plan.window, block.plan.padded, block.plan.shift) == ((16, 16), (64, 64), (8, 8))
    assert torch.equal(block.attention.scale.log_scale, placed(layers, "stack1_block2_attn_scale")["gamma"][0])
    distances = placed(layers, "stack1_block2_attn_pos_emb")
    assert torch.equal(block.attention.position.hidden.weight, distances["hidden_weight"].T)
    assert network(torch.zeros(2, 3, 224, 224)).shape == (2, 47)


@pytest.mark.parametrize(
    ("pos_scale", "reach"), [(-1, [15, 13, 6]), (12, [11, 11, 11]), ([12, 12], [11, 11, 11])], ids=["own", "one", "both sides"]
)
def test_distances_count_as_in_the_training_that_the_file_names(pos_scale: Any, reach: list[int], tmp_path: Path) -> None:
    network = imported(SWIN, swin(pos_scale=pos_scale), tmp_path)
    assert [network.backbone.stages[stage][1].attention.position.reach[0] for stage in (0, 2, 3)] == reach


def test_a_swin_that_averages(tmp_path: Path) -> None:
    network = imported(SWIN, swin(pool="GlobalAveragePooling2D"), tmp_path)
    assert network.head.in_features == 64


OTHER_SIDES = {"batch_input_shape": [None, 256, 256, 3]}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (changed(vit(), "input_1", **OTHER_SIDES), "frames of .256, 256. px; ViT_TTE47_baseline takes .224, 224."),
        (changed(vit(), "block0_mlp_gelu", activation="gelu_quick"), "computes gelu_quick; GELU by the error function"),
        (changed(vit(), "block0_attn_output", activation="relu"), "block0_attn_output .Dense. computes relu, where nothing"),
        (changed(vit(), "dense", activation="sigmoid"), "layer dense .Dense. computes sigmoid; this network has softmax there"),
        ([operation("nn.gelu") if one[0] == "block0_mlp_gelu" else one for one in vit()], r"not known: .*nn\.gelu"),
        (without(vit(), "block0_mlp_gelu"), r"0 layers \.\.\._mlp_gelu in 1 blocks"),
        ([layer("rope", "PositionalEncodingFourierRot"), *vit()], "not known: rope .PositionalEncodingFourierRot"),
        ([one if one[0] != "token" else layer("mean", "GlobalAveragePooling1D") for one in vit()], "behind the encoder"),
        (without(vit(), "token"), "the class token is not taken out"),
        (without(vit(), "reshape_3"), "not cut into heads in a known way"),
        (without(vit(), "dense"), "no Dense layer behind"),
        ([*vit(), norm("late", 47, 1e-6)], "normalises behind a Dense layer"),
        ([*vit(), ("end", "Activation", {"activation": "sigmoid"}, {})], "not known: end .sigmoid"),
        (without(vit(), "out_ln"), "0 layers called out_ln"),
        (swin(), "0 layers called out_ln"),
    ],
)
def test_another_vit_is_refused(layers: list[Layer], message: str, tmp_path: Path) -> None:
    with pytest.raises(KerasFileError, match=message):
        imported(VIT, layers, tmp_path)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (changed(swin(), "input_1", **OTHER_SIDES), "takes .224, 224."),
        (changed(swin(), "stack1_block1_mlp_Dense_0", activation="gelu"), "mlp_Dense_0 .Dense. computes gelu, where nothing"),
        (
            changed(swin(), "dense", activation="sigmoid"),
            "layer dense .Dense. computes sigmoid; this network has softmax there",
        ),
        (changed(swin(), "mask", shift_height=4), "windows are shifted in the file as .*in the network as"),
        (without(swin(), "mask"), "windows are shifted in the file as"),
        (changed(swin(), "stack3_block1_attn_pos_emb", attn_height=7), "windows of .* places in the file, of"),
        (changed(swin(), "stack1_block1_attn_scale", max_value=np.log(10)), "largest scale exp.*; 100 is known"),
        (changed(swin(), "stack4_block1_attn_pos_emb", is_deploy_mode=True), "finished biases"),
        (changed(swin(), "stack1_block1_attn_pos_emb", pos_scale=12), "distances in several ways: -1, 12"),
        (swin(pos_scale=[12, 6]), "distances in several ways"),
        ([one if one[0] != "pool" else layer("pool", "GlobalMaxPooling2D") for one in swin()], "behind the encoder"),
        (vit(), "0 layers called pre_output_ln"),
    ],
)
def test_another_swin_is_refused(layers: list[Layer], message: str, tmp_path: Path) -> None:
    with pytest.raises(KerasFileError, match=message):
        imported(SWIN, layers, tmp_path)


@pytest.mark.parametrize(
    ("name", "layers", "message"),
    [
        (VIT, changed(vit(), "block0_mlp_ln", epsilon=1e-5), "epsilon 1e-05 in the file, 1e-06 in the network"),
        (VIT, [*vit()[:-1], norm("surplus", 24, 1e-6), vit()[-1]], r"unexpected .*surplus .a second norm\.weight"),
        (VIT, [dense("further", 24, 24), *vit()], "unexpected .*dense/kernel.*misshaped: head.weight"),
        (SWIN, changed(swin(), "stack2_block1_attn_ln", epsilon=1e-6), "epsilon 1e-06 in the file, 1e-05 in the network"),
        (SWIN, without(swin(), "stack2_block1_attn_value_bias"), "missing .*value_bias.bias"),
        (SWIN, [layer("gamma", "BiasLayer", bias=(8,)), *swin()], "unexpected .*gamma/bias"),
    ],
)
def test_what_has_no_place_and_what_is_missing_is_listed(name: str, layers: list[Layer], message: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsMismatch, match=message):
        imported(name, layers, tmp_path)


@pytest.mark.parametrize(
    ("name", "importer", "layers"),
    [(VIT, vision_transformer, vit()), (SWIN, swin_importer, swin())],
    ids=["ViT", "Swin"],
)
def test_weights_alone_are_placed_by_name_and_of_the_manifest_s_sizes(
    name: str, importer: Any, layers: list[Layer], tmp_path: Path
) -> None:
    """As `save_weights` leaves them: nothing says how many heads there are but the manifest."""
    network = imported(name, layers, tmp_path)
    nameless = (KerasLayer(own, "", ("encoder", own), {}, weights) for own, _, _, weights in layers)
    file = KerasFile(None, tuple(nameless))
    assert importer.architecture(file, network.manifest) == {}
    state = importer.place(file, network)
    assert all(torch.equal(state[key], tensor) for key, tensor in network.state_dict().items())
    assert find_manifest(VIT).architecture["heads"] == 12
