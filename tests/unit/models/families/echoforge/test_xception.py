"""Where Keras' Xception and timm's differ: epsilon, pooling of an even side, scale of the input, order of a flattened map."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.errors import ManifestError
from models.families.echoforge.frame_classifier import KERAS_RESCALE
from models.families.echoforge.xception import EchoForgeXception, SameMaxPool, keras_xception
from models.library.registry import find_manifest, load_model
from models.networks.stored_weights import prepare
from models.networks.vision import legacy_xception


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def same_max_pool(maps: Tensor) -> Tensor:
    """TensorFlow's definition, window by window: of the padding needed, the smaller half comes before."""
    side = maps.shape[-1]
    out = -(-side // 2)
    first = -(max((out - 1) * 2 + 3 - side, 0) // 2)
    windows = [range(max(first + 2 * index, 0), min(first + 2 * index + 3, side)) for index in range(out)]
    rows = torch.stack([maps[:, :, window].amax(dim=2) for window in windows], dim=2)
    return torch.stack([rows[:, :, :, window].amax(dim=3) for window in windows], dim=3)


@pytest.mark.parametrize("side", [109, 55, 28, 14, 7, 6, 5])
def test_pooling_is_tensorflow_s_same(side: int) -> None:
    maps = torch.randn(1, 3, side, side) - 5  # negative: padding by zero instead of minus infinity would show
    assert torch.equal(SameMaxPool()(maps), same_max_pool(maps))


@pytest.mark.parametrize(("side", "differs"), [(109, False), (55, False), (28, True), (14, True)])
def test_torch_s_own_padding_is_wrong_for_even_sides(side: int, differs: bool) -> None:
    maps = torch.randn(1, 3, side, side)
    assert torch.equal(SameMaxPool()(maps), functional.max_pool2d(maps, 3, 2, padding=1)) is not differs


def test_height_and_width_are_padded_each_for_itself() -> None:
    maps = torch.randn(1, 1, 28, 55)
    expected = functional.max_pool2d(functional.pad(maps, (1, 1, 0, 1), value=float("-inf")), 3, 2)
    assert torch.equal(SameMaxPool()(maps), expected)
    assert expected.shape[-2:] == (14, 28)


def test_batch_norm_is_keras() -> None:
    with torch.device("meta"):
        norms = [module for module in keras_xception().modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 40
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


def test_every_pooling_is_replaced_and_they_see_the_sides_of_224() -> None:
    sides: list[int] = []
    with torch.device("meta"):
        backbone = keras_xception()
        assert not [module for module in backbone.modules() if isinstance(module, nn.MaxPool2d)]
        for module in backbone.modules():
            if isinstance(module, SameMaxPool):
                module.register_forward_pre_hook(lambda _, inputs: sides.append(inputs[0].shape[-1]))
        assert backbone(torch.empty(1, 3, 224, 224)).shape == (1, 2048, 7, 7)
    assert sides == [109, 55, 28, 14]


@pytest.mark.slow
def test_the_traps_change_the_embedding() -> None:
    """At 224 px, either alone moves what timm's own network computes with the same weights.

    The running statistics are those of the frames: with the initial ones the signal dies out and no fault would be noticed.
    """
    ours, theirs = keras_xception(), legacy_xception().eval()
    norms = [module for module in ours.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    frames = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        ours.train()(frames)
        expected = ours.eval()(frames)
        theirs.load_state_dict(ours.state_dict())
        for norm in norms:
            norm.eps = 1e-5
        other_epsilon = ours(frames)
        for module in theirs.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-3
        other_pooling = theirs(frames)
    largest = expected.abs().max()
    assert (other_epsilon - expected).abs().max() > 0.01 * largest
    assert (other_pooling - expected).abs().max() > 0.01 * largest


@pytest.mark.slow
def test_the_network_scales_bytes_itself_and_the_baseline_does_not() -> None:
    encoder = load_model("EchoView47_contrastive_encoder").network
    frames = torch.randint(0, 256, (1, 3, 224, 224)).float()
    with torch.inference_mode():
        embedding = encoder(frames)
        torch.testing.assert_close(embedding, encoder.backbone(frames / 255).mean(dim=(2, 3)))
        encoder.scale = load_model("Xception_TTE47_baseline", device="meta").network.scale
        assert not torch.allclose(encoder(frames), embedding)


def test_the_scale_is_keras_own() -> None:
    """1/255 in single precision, as Keras keeps it in double precision too."""
    encoder = load_model("EchoView47_contrastive_encoder", device="meta").network
    assert encoder.scale == KERAS_RESCALE == float(torch.tensor(1 / 255)) != 1 / 255


def test_a_flattened_map_is_in_keras_order() -> None:
    """Keras keeps channels last, so its Dense kernel counts channels fastest."""
    baseline = load_model("Xception_TTE47_baseline", device="meta").network
    maps = torch.arange(2048 * 49, dtype=torch.float32).view(1, 2048, 7, 7)
    baseline.backbone = nn.Identity()
    flat = baseline.embed(maps)
    assert flat.shape == (1, 100_352)
    assert flat[0, :2].tolist() == [maps[0, 0, 0, 0], maps[0, 1, 0, 0]]
    assert flat[0, 2048] == maps[0, 0, 0, 1]


def test_an_unknown_pooling_is_refused() -> None:
    manifest = find_manifest("EchoView47_classifier")
    odd = replace(manifest, architecture=dict(manifest.architecture) | {"pooling": "maximum"})
    with torch.device("meta"), pytest.raises(ManifestError, match="unknown pooling 'maximum'"):
        EchoForgeXception(odd)


@pytest.mark.slow
def test_it_trains() -> None:
    """Gradients reach the first layer through pooling and scaling."""
    network = prepare(EchoForgeXception(find_manifest("EchoView47_TMED2")), find_manifest("EchoView47_TMED2"), None, "cpu")
    network(torch.rand(1, 3, 96, 96) * 255)[0, 0].backward()
    gradient = network.get_parameter("backbone.conv1.weight").grad
    assert gradient is not None
    assert gradient.abs().max() > 0
