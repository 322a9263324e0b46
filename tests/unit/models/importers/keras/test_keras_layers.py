"""From Keras' axes and names to torch's, checked against the arithmetic written out in numpy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from models.errors import WeightsMismatch
from models.importers.keras.files import KerasFile, KerasLayer
from models.importers.keras.layers import differences, place_layers

Array = NDArray[np.float32]
RANDOM = np.random.default_rng(5)


def drawn(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(np.float32)


def layer(class_name: str, weights: Mapping[str, Array], name: str = "layer", **config: Any) -> KerasLayer:
    return KerasLayer(name, class_name, (name,), config, weights)


def placed(network: nn.Module, *layers: KerasLayer) -> nn.Module:
    """The layers into a Sequential's modules, one after the other."""
    state = place_layers(KerasFile(None, layers), zip(layers, map(str, range(len(layers))), strict=True), network)
    network.load_state_dict(state)
    return network.eval()


def test_a_convolution_in_keras_axes() -> None:
    kernel, bias = drawn(3, 2, 4, 5), drawn(5)
    network = placed(nn.Sequential(nn.Conv2d(4, 5, (3, 2))), layer("Conv2D", {"kernel": kernel, "bias": bias}))
    image = drawn(3, 2, 4)  # exactly one window: a sum over all of it
    expected = np.einsum("hwi,hwio->o", image, kernel) + bias
    found = network(torch.from_numpy(image).permute(2, 0, 1)[None])[0, :, 0, 0]
    torch.testing.assert_close(found, torch.from_numpy(expected))


def test_a_depthwise_convolution_with_two_outputs_a_channel() -> None:
    kernel = drawn(3, 3, 4, 2)
    network = placed(
        nn.Sequential(nn.Conv2d(4, 8, 3, groups=4, bias=False)), layer("DepthwiseConv2D", {"depthwise_kernel": kernel})
    )
    image = drawn(3, 3, 4)
    expected = np.einsum("hwc,hwcm->cm", image, kernel).reshape(-1)  # channel by channel, as Keras orders them
    torch.testing.assert_close(network(torch.from_numpy(image).permute(2, 0, 1)[None])[0, :, 0, 0], torch.from_numpy(expected))


def test_a_transposed_convolution() -> None:
    kernel, bias = drawn(2, 2, 3, 4), drawn(3)  # rows, columns, outputs, inputs
    network = placed(
        nn.Sequential(nn.ConvTranspose2d(4, 3, 2, stride=2)),
        layer("Conv2DTranspose", {"kernel": kernel, "bias": bias}, strides=[2, 2]),
    )
    pixel = drawn(4)
    expected = np.einsum("hwoi,i->ohw", kernel, pixel) + bias[:, None, None]
    torch.testing.assert_close(network(torch.from_numpy(pixel)[None, :, None, None])[0], torch.from_numpy(expected))


def test_a_dense_layer_and_the_norms() -> None:
    kernel, bias, ones = drawn(3, 2), drawn(2), np.ones(2, np.float32)
    statistics = {"gamma": drawn(2), "beta": drawn(2), "moving_mean": drawn(2), "moving_variance": drawn(2) ** 2 + ones}
    network = placed(
        nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, eps=1e-3)),
        layer("Dense", {"kernel": kernel, "bias": bias}, "dense"),
        layer("BatchNormalization", statistics, "bn", epsilon=1e-3),
    )
    vector = drawn(3)
    deviation = np.sqrt(statistics["moving_variance"] + np.float32(1e-3))
    expected = (vector @ kernel + bias - statistics["moving_mean"]) / deviation * statistics["gamma"] + statistics["beta"]
    torch.testing.assert_close(network(torch.from_numpy(vector)[None])[0], torch.from_numpy(expected.astype(np.float32)))


def test_a_norm_without_gamma_multiplies_by_one() -> None:
    weights = {"beta": drawn(2), "moving_mean": drawn(2), "moving_variance": drawn(2) ** 2}
    network = placed(nn.Sequential(nn.BatchNorm1d(2)), layer("BatchNormalization", weights, scale=False))
    assert torch.equal(network.get_parameter("0.weight"), torch.ones(2))


def _sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)), np.float32)


def test_the_gates_of_an_lstm() -> None:
    """Keras: input, forget, candidate, output, with one bias; two steps written out."""
    kernel, recurrent, bias = drawn(3, 16), drawn(4, 16), drawn(16)
    network = nn.LSTM(3, 4, batch_first=True)
    keras = layer("LSTM", {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias})
    network.load_state_dict(place_layers(KerasFile(None, (keras,)), [(keras, "")], network))
    steps, hidden, cell = drawn(2, 3), np.zeros(4, np.float32), np.zeros(4, np.float32)
    for step in steps:
        enters, forgets, candidate, leaves = np.split(step @ kernel + hidden @ recurrent + bias, 4)
        cell = _sigmoid(forgets) * cell + _sigmoid(enters) * np.tanh(candidate)
        hidden = _sigmoid(leaves) * np.tanh(cell)
    torch.testing.assert_close(network(torch.from_numpy(steps)[None])[0][0, -1], torch.from_numpy(hidden), atol=1e-6, rtol=1e-5)
    assert not network.bias_hh_l0.any()


def test_both_directions_of_an_lstm() -> None:
    layers = [
        layer(
            "LSTM", {"kernel": drawn(3, 8), "recurrent_kernel": drawn(2, 8), "bias": drawn(8)}, f"{way}_lstm", go_backwards=back
        )
        for way, back in (("forward", False), ("backward", True))
    ]
    network = nn.LSTM(3, 2, batch_first=True, bidirectional=True)
    state = place_layers(KerasFile(None, tuple(layers)), [(item, "") for item in layers], network)
    assert np.array_equal(state["weight_ih_l0_reverse"].numpy(), layers[1].weights["kernel"].T)


def test_all_lists_of_what_does_not_fit() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2), nn.BatchNorm1d(2))
    layers = (
        layer("Dense", {"kernel": drawn(3, 4), "bias": drawn(2)}, "views"),
        layer("Dense", {"kernel": drawn(1, 1)}, "other"),
        layer("Dense", {"kernel": drawn(1, 1)}, "elsewhere"),
        layer("Dense", {"kernel": drawn(2, 2), "bias": drawn(2), "depth": drawn(1)}, "odd"),
    )
    pairs = [(layers[0], "0"), (layers[2], "nowhere"), (layers[3], "1")]
    with pytest.raises(WeightsMismatch) as refused:
        place_layers(KerasFile(None, layers), pairs, network)
    assert refused.value.missing == ("2.weight", "2.bias", "2.running_mean", "2.running_var")
    assert set(refused.value.unexpected) == {"other/kernel", "elsewhere (no module nowhere)", "odd/depth"}
    assert refused.value.misshaped == ("0.weight is (4, 3) in the file, (2, 3) in the network",)
    assert all(word in str(refused.value) for word in ("missing", "unexpected", "misshaped", "2.running_var", "other/kernel"))


def test_a_wrong_file_is_told_in_few_lines_and_all_names_are_kept() -> None:
    """Another network's file once printed 24,000 characters."""
    many = [f"block{number}" for number in range(1000)]
    refused = WeightsMismatch(missing=many, unexpected=["one"], unlike=many[:8])
    assert "missing (the network has them, the file does not): 1000, block0, " in str(refused)
    assert "block7, ...; unexpected (the file has them, the network does not): one; computed differently: block0" in str(
        refused
    )
    assert "block8" not in str(refused)
    assert refused.lists == {"missing": tuple(many), "unexpected": ("one",), "misshaped": (), "unlike": tuple(many[:8])}


def test_weights_may_be_placed_on_a_network_that_holds_no_memory() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.BatchNorm1d(2))
    norm = layer("BatchNormalization", {key: np.abs(drawn(2)) for key in ("gamma", "beta", "moving_mean", "moving_variance")})
    state = place_layers(KerasFile(None, (norm,)), [(norm, "0")], network)
    assert {tensor.device.type for tensor in state.values()} == {"cpu"}
    assert state["0.num_batches_tracked"] == 0


PADDED = layer("ZeroPadding2D", {}, padding=[[3, 3], [3, 3]])
UNEVEN = layer("ZeroPadding2D", {}, padding=[[0, 1], [0, 1]])


@pytest.mark.parametrize(
    ("class_name", "config", "module", "before", "words"),
    [
        ("BatchNormalization", {"epsilon": 1e-3}, nn.BatchNorm2d(2), None, ["epsilon 0.001, ours 1e-05"]),
        ("BatchNormalization", {"epsilon": 1.001e-5}, nn.BatchNorm2d(2), None, ["epsilon 1.001e-05, ours 1e-05"]),
        ("BatchNormalization", {"epsilon": 1.001e-5}, nn.BatchNorm2d(2, eps=1.001e-5), None, []),
        ("LayerNormalization", {"epsilon": 1e-6}, nn.LayerNorm(2), None, ["epsilon 1e-06, ours 1e-05"]),
        ("Conv2D", {"strides": [2, 2]}, nn.Conv2d(1, 1, 1), None, ["strides (2, 2), ours (1, 1)"]),
        ("Conv2D", {"dilation_rate": [2, 2]}, nn.Conv2d(1, 1, 3), None, ["dilation_rate (2, 2), ours (1, 1)"]),
        ("Conv2D", {"padding": "same"}, nn.Conv2d(1, 1, 3, padding=1), None, []),
        ("Conv2D", {"padding": "same"}, nn.Conv2d(1, 1, 3, padding="same"), None, []),
        ("Conv2D", {"padding": "same"}, nn.Conv2d(1, 1, 3), None, ["padding 'same', ours (0, 0)"]),
        ("Conv2D", {"padding": "valid"}, nn.Conv2d(1, 1, 3, padding=1), None, ["padding 'valid', ours (1, 1)"]),
        ("Conv2D", {"padding": "valid"}, nn.Conv2d(1, 1, 7, padding=3), PADDED, []),
        ("Conv2D", {"padding": "valid"}, nn.Conv2d(1, 1, 2, padding=1), UNEVEN, ["padding 'valid', ours (1, 1)"]),
        (
            "Conv2D",
            {"padding": "same", "strides": 2},
            nn.Conv2d(1, 1, 3, stride=2, padding=1),
            None,
            ["padding 'same', ours (1, 1)"],
        ),
        ("Conv2D", {"padding": "same", "strides": [2, 2]}, nn.Conv2d(1, 1, 1, stride=2), None, []),
        ("Conv2DTranspose", {"strides": [2, 2]}, nn.ConvTranspose2d(1, 1, 2), None, ["strides (2, 2), ours (1, 1)"]),
        ("LSTM", {"recurrent_activation": "hard_sigmoid"}, nn.LSTM(1, 1), None, ["recurrent_activation hard_sigmoid"]),
        ("LSTM", {"go_backwards": True}, nn.LSTM(1, 1), None, ["runs backwards"]),
        ("Dense", {"data_format": "channels_first"}, nn.Linear(1, 1), None, ["channels first in the file"]),
    ],
)  # fmt: skip
def test_settings_that_are_no_tensors(
    class_name: str, config: dict[str, Any], module: nn.Module, before: KerasLayer | None, words: list[str]
) -> None:
    found = differences(layer(class_name, {}, **config), module, before)
    assert [text.replace(" in the file,", ", ours").replace(" in the network", "") for text in found] == words


def test_another_epsilon_refuses_the_file() -> None:
    weights = {key: drawn(2) for key in ("gamma", "beta", "moving_mean", "moving_variance")}
    norm = layer("BatchNormalization", weights, "bn", epsilon=1e-3)
    with pytest.raises(WeightsMismatch, match=r"computed differently: bn: epsilon 0\.001 in the file, 1e-05 in the network"):
        place_layers(KerasFile(None, (norm,)), [(norm, "")], nn.BatchNorm1d(2))
