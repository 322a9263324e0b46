"""EchoForge's transformers: their weights counted by hand, how maps are cut into windows, and what the head sees."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from models.errors import ManifestError
from models.families.echoforge import swin as echoforge_swin
from models.families.echoforge import transformer as echoforge_transformer
from models.library.manifest import Value
from models.library.registry import find_manifest
from models.networks.stored_weights import count_weights
from models.networks.swin_v2 import MASKED, Merging, PositionBias, SwinV2, WindowPlan, map_sides, region_mask, window_plan

VIT, SWIN = "ViT_TTE47_baseline", "SwinTransformerV2_TTE47_baseline"


def built(name: str, device: str = "meta", **architecture: Value) -> Any:
    manifest = find_manifest(name)
    family = {VIT: echoforge_transformer, SWIN: echoforge_swin}[name]
    return family.load(replace(manifest, architecture={**manifest.architecture, **architecture}), None, device)


@pytest.mark.parametrize(("width", "heads"), [(768, 12), (384, 12), (384, 6)])
def test_vit_has_the_weights_that_arithmetic_gives(width: int, heads: int) -> None:
    stem = width * (16 * 16 * 3 + 1)
    tokens = width + 197 * width
    blocks = 12 * (12 * width**2 + 13 * width)  # 4 w^2 of attention, 8 w^2 of the net; biases 9 w; norms 4 w
    counted = stem + tokens + blocks + 2 * width + 2 * width + 47 * (width + 1)
    assert count_weights(built(VIT, width=width, heads=heads)).total == counted
    assert counted == {768: 85_836_335, 384: 21_684_527}[width]


@pytest.mark.parametrize(
    ("width", "depths", "heads", "encoder"),
    [(96, [2, 2, 6, 2], [3, 6, 12, 24], 27_578_154), (128, [2, 2, 18, 2], [4, 8, 16, 32], 86_893_816)],
    ids=["Tiny", "Base"],
)
def test_swin_has_the_weights_that_arithmetic_gives(width: int, depths: list[int], heads: list[int], encoder: int) -> None:
    counted = width * (4 * 4 * 3 + 1) + 2 * width + 2 * (8 * width)
    for stage, (depth, count) in enumerate(zip(depths, heads, strict=True)):
        own = width << stage
        position = 3 * 512 + 512 * count
        counted += depth * (12 * own**2 + 12 * own + count + position)  # keys have no bias
        counted += 2 * own**2 + 2 * own if stage else 0  # halving before it: 4 w / 2 -> w without bias, and a norm
    network = built(SWIN, width=width, depths=depths, heads=heads)
    assert count_weights(network.backbone).total == counted == encoder
    assert count_weights(network).total == encoder + 47 * (7 * 7 * 8 * width + 1)


def test_maps_of_224_px_are_padded_or_are_one_window() -> None:
    plans = [window_plan(sides, 16, shifted=True) for sides in map_sides((224, 224), 4)]
    assert [plan.window for plan in plans] == [(16, 16), (16, 16), (14, 14), (7, 7)]
    assert [plan.padded for plan in plans] == [(64, 64), (32, 32), (14, 14), (7, 7)]
    assert [plan.shift for plan in plans] == [(8, 8), (8, 8), (0, 0), (0, 0)]


def test_a_map_that_is_one_window_one_way_only_is_shifted_both_ways() -> None:
    assert window_plan((4, 8), 4, shifted=True) == WindowPlan((4, 8), (4, 4), (4, 8), (2, 2))


def test_after_the_shift_only_former_neighbours_see_each_other() -> None:
    """Of a row of six places in windows of four, padded to eight and shifted by two."""
    mask = region_mask(WindowPlan((1, 6), (1, 4), (1, 8), (1, 2)), torch.zeros(1))
    assert mask.shape == (2, 4, 4)
    assert not mask[0].any()
    ahead, wrapped = mask[1, :2], mask[1, 2:]
    assert ahead.tolist() == [[0, 0, MASKED, MASKED]] * 2
    assert wrapped.tolist() == [[MASKED, MASKED, 0, 0]] * 2


def test_of_four_neighbours_the_lower_left_comes_second() -> None:
    merging = Merging(1)
    merging.norm = torch.nn.Identity()  # type: ignore[assignment]
    merging.reduction.weight.data = torch.tensor([[1.0, 10, 100, 1000], [0, 0, 0, 0]])
    maps = torch.tensor([[1.0, 3], [2, 4]])[None, :, :, None]
    assert merging(maps)[0, 0, 0].tolist() == [4321, 0]


def test_an_odd_map_is_padded_before_it_is_halved() -> None:
    assert Merging(2)(torch.zeros(1, 7, 5, 2)).shape == (1, 4, 3, 4)


def test_distances_by_logarithms_and_biases_from_0_to_16() -> None:
    position = PositionBias(heads=3, window=(4, 4), position_window=0)
    distances = position.distances(4, 3)
    assert distances[3] == 0
    assert distances[-1] == pytest.approx(1.05664, abs=1e-5)  # log2(9) / 3
    assert torch.allclose(distances, -distances.flip(0))
    biases = position().detach()
    assert biases.shape == (3, 16, 16)
    assert 0 < float(biases.min()) <= float(biases.max()) < 16
    assert torch.equal(biases[:, 0, 1], biases[:, 4, 5]), "the same distance, the same bias"
    assert not torch.equal(biases[:, 0, 1], biases[:, 0, 4]), "a column apart is not a row apart"


def test_a_training_on_other_windows_stretches_distances() -> None:
    own, trained = (PositionBias(1, (4, 4), window).reach for window in (0, 12))
    assert (own, trained) == ((3, 3), (11, 11))


def test_a_swin_gives_maps_one_32nd_as_large_and_frames_do_not_mix() -> None:
    network = SwinV2((64, 96), 8, [2, 2, 2, 2], [1, 2, 4, 8], 4, [0, 0, 0, 0]).eval()
    frames = torch.rand(3, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        maps = network(frames)
        alone = network(frames[1:2])
    assert maps.shape == (3, 64, 2, 3)
    assert torch.allclose(maps[1:2], alone, atol=1e-5)


def test_a_vit_s_embedding_is_the_class_token_normalised_twice() -> None:
    network = built(VIT, "cpu", width=24, depth=1, heads=2)
    token = network.embed(torch.full((2, 3, 224, 224), 255.0))
    assert token.shape == (2, 24)
    assert token.mean(dim=1).abs().max() < 1e-5
    assert torch.equal(network(torch.full((2, 3, 224, 224), 255.0)), network.head(token)), "no dropout when it judges"


@pytest.mark.parametrize(
    ("name", "architecture", "message"),
    [
        (VIT, {"network": "DeiT"}, "unknown network 'DeiT'"),
        (VIT, {"pooling": "average"}, "unknown pooling 'average'"),
        (SWIN, {"depths": [2, 2, 6]}, "depths is a list of four numbers"),
        (SWIN, {"heads": 3}, "heads is a list of four numbers"),
    ],
)
def test_an_architecture_that_cannot_be_built_is_refused(name: str, architecture: dict[str, Value], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        built(name, **architecture)
