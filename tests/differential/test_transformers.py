"""EchoForge's transformers against the library that built them: what we compute is what it computes, and each fault shows."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from math import inf

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks import swin_v2
from models.networks.swin_v2 import PositionBias, WindowPlan, region_mask
from tests.differential.reference import FAULT, FLOAT32_BOUND, FLOAT64_BOUND, Reference, built, distance, ours

pytestmark = pytest.mark.slow

MODELS = {
    "vit_small": "ViT_TTE47_baseline",
    "vit_base": "ViT_TTE47_baseline",
    "swin_small": "SwinTransformerV2_TTE47_baseline",
    "swin_small_averaged": "SwinTransformerV2_TTE47_baseline",
    "swin_tiny": "SwinTransformerV2_TTE47_baseline",
}
Imported = Callable[[str], tuple[nn.Module, Reference]]
Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def imported(original: Callable[[str, str], Reference]) -> Imported:
    """builder -> the network of its file, with its weights, and the reference. Not to be changed: copy it."""
    kept: dict[str, tuple[nn.Module, Reference]] = {}

    def of(builder: str) -> tuple[nn.Module, Reference]:
        if builder not in kept:
            reference = original(f"tests.differential.builders_kecam:{builder}", "keras2_h5")
            kept[builder] = built(MODELS[builder], reference), reference
        return kept[builder]

    return of


@pytest.mark.parametrize("builder", MODELS)
def test_it_is_the_original(builder: str, imported: Imported) -> None:
    network, reference = imported(builder)
    assert distance(ours(network, reference, torch.float32).softmax(dim=1), reference.float32) <= FLOAT32_BOUND
    assert distance(ours(network, reference).softmax(dim=1), reference.float64) <= FLOAT64_BOUND


@pytest.mark.parametrize(
    ("builder", "expected"),
    [
        (
            "vit_small",
            {"patch_px": 16, "width": 48, "depth": 3, "heads": 6, "head_norm": True, "rescale": True, "pooling": "token"},
        ),
        (
            "swin_small",
            {
                "width": 32, "depths": [2, 2, 2, 1], "heads": [2, 4, 8, 16], "window": 8, "position_windows": [0, 6, 0, 3],
                "rescale": False, "pooling": "flatten",
            },
        ),
        ("swin_small_averaged", {"width": 32, "pooling": "average"}),
        ("vit_base", {"patch_px": 16, "width": 768, "depth": 12, "heads": 12, "head_norm": True, "pooling": "token"}),
        (
            "swin_tiny",
            {"width": 96, "depths": [2, 2, 6, 2], "heads": [3, 6, 12, 24], "window": 16, "position_windows": [0, 0, 0, 0]},
        ),
    ],
)  # fmt: skip
def test_the_file_itself_tells_sizes_heads_and_windows(builder: str, expected: dict[str, object], imported: Imported) -> None:
    network, _ = imported(builder)
    assert expected.items() <= network.manifest.architecture.items()


def _of(network: nn.Module, kind: type[nn.Module]) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, kind)]


def unscaled(network: nn.Module, _: Patch) -> None:
    network.scale = 1.0


def rescaled(network: nn.Module, _: Patch) -> None:
    network.scale = 1 / 255


def larger_epsilon(network: nn.Module, _: Patch) -> None:
    for norm in _of(network, nn.LayerNorm):
        norm.eps = 1e-5


def smaller_epsilon(network: nn.Module, _: Patch) -> None:
    for norm in _of(network, nn.LayerNorm):
        norm.eps = 1e-6


def gelu_by_tanh(network: nn.Module, _: Patch) -> None:
    for gelu in _of(network, nn.GELU):
        gelu.approximate = "tanh"


def half_the_heads(network: nn.Module, _: Patch) -> None:
    """As with timm's `vit_small`: no shape says it."""
    for block in network.backbone.blocks:
        block.attn.num_heads //= 2
        block.attn.head_dim *= 2
        block.attn.scale /= 2**0.5


def heads_first(network: nn.Module, _: Patch) -> None:
    """Query, key and value of each head together, where both libraries have all queries before all keys."""
    for block in network.backbone.blocks:
        for tensor in (block.attn.qkv.weight, block.attn.qkv.bias):
            tensor.data = tensor.data.unflatten(0, (block.attn.num_heads, 3, -1)).transpose(0, 1).flatten(0, 2)


def mean_of_tokens(network: nn.Module, _: Patch) -> None:
    network.backbone.global_pool = "avg"


def normalised_once(network: nn.Module, _: Patch) -> None:
    network.norm = nn.Identity()


def no_place_for_the_class_token(network: nn.Module, _: Patch) -> None:
    network.backbone.pos_embed.data[:, 0] = 0


def columns_before_rows(network: nn.Module, _: Patch) -> None:
    positions = network.backbone.pos_embed.data
    positions[:, 1:] = positions[:, 1:].unflatten(1, (4, 4)).transpose(1, 2).flatten(1, 2)


def padded_after_the_shift(_: nn.Module, patch: Patch) -> None:
    """timm's order."""

    def attend(block: nn.Module, maps: Tensor) -> Tensor:
        plan: WindowPlan = block.plan
        (rows, columns), (down, right) = plan.map_sides, plan.shift
        maps = maps.roll((-down, -right), dims=(1, 2))
        mask = region_mask(plan, maps) if down else None
        maps = functional.pad(maps, (0, 0, 0, plan.padded[1] - columns, 0, plan.padded[0] - rows))
        return block._within_windows(maps, mask)[:, :rows, :columns].roll((down, right), dims=(1, 2))

    patch.setattr(swin_v2.Block, "attend", attend)


def padding_is_not_looked_at(_: nn.Module, patch: Patch) -> None:
    def without_padding(block: nn.Module, maps: Tensor, mask: Tensor | None) -> Tensor:
        plan, shift = block.plan, block.plan.shift
        outside = torch.ones(plan.padded, dtype=torch.bool)
        outside[: plan.map_sides[0], : plan.map_sides[1]] = False
        (height, width), (rows, columns) = plan.window, plan.padded
        cut = outside.roll((-shift[0], -shift[1]), dims=(0, 1)).reshape(rows // height, height, columns // width, width)
        hidden = cut.transpose(1, 2).reshape(-1, 1, height * width).to(maps.dtype) * swin_v2.MASKED
        return within(block, maps, hidden if mask is None else mask + hidden)

    within = swin_v2.Block._within_windows
    patch.setattr(swin_v2.Block, "_within_windows", without_padding)


def unmasked(_: nn.Module, patch: Patch) -> None:
    patch.setattr(swin_v2, "MASKED", 0.0)


def shifted_though_one_window_covers_the_map(network: nn.Module, _: Patch) -> None:
    block = network.backbone.stages[2][2]
    block.plan = replace(block.plan, shift=(3, 3))


def not_shifted(network: nn.Module, _: Patch) -> None:
    for block in _of(network, swin_v2.Block):
        block.plan = replace(block.plan, shift=(0, 0))


def brought_to_length_one(_: nn.Module, patch: Patch) -> None:
    """However short: timm's way."""
    patch.setattr(swin_v2, "unit", lambda vectors: functional.normalize(vectors, dim=-1))


def scale_without_limit(_: nn.Module, patch: Patch) -> None:
    patch.setattr(swin_v2, "LARGEST_LOG_SCALE", inf)


def distances_by_the_own_window(network: nn.Module, _: Patch) -> None:
    for position in _of(network, PositionBias):
        position.reach = tuple(side - 1 for side in position.window)


def distances_by_the_largest_window(network: nn.Module, _: Patch) -> None:
    """As if the windows of the last maps were as large as the first."""
    for block in _of(network.backbone.stages[2], swin_v2.Block):
        block.attention.position.reach = (7, 7)


def distances_not_by_logarithms(network: nn.Module, patch: Patch) -> None:
    patch.setattr(PositionBias, "distances", lambda own, side, reach: torch.arange(1 - side, side).double() / reach)


def transposed_distances(network: nn.Module, _: Patch) -> None:
    for position in _of(network, PositionBias):
        position.hidden.weight.data = position.hidden.weight.data.flip(1)


def normalised_before(_: nn.Module, patch: Patch) -> None:
    def forward(block: nn.Module, maps: Tensor) -> Tensor:
        maps = maps + block.attend(block.attention_norm(maps))
        return maps + block.mlp(block.mlp_norm(maps))

    patch.setattr(swin_v2.Block, "forward", forward)


def neighbours_row_by_row(network: nn.Module, _: Patch) -> None:
    for merging in _of(network, swin_v2.Merging):
        weight = merging.reduction.weight
        weight.data = weight.data.unflatten(1, (2, 2, -1)).transpose(1, 2).flatten(1)


def torch_s_flattening(network: nn.Module, _: Patch) -> None:
    network.pool = lambda maps: maps.flatten(1)


FAULTS = {
    "vit_small": [
        unscaled,
        larger_epsilon,
        gelu_by_tanh,
        half_the_heads,
        heads_first,
        mean_of_tokens,
        normalised_once,
        no_place_for_the_class_token,
        columns_before_rows,
    ],
    "swin_small": [
        rescaled,
        smaller_epsilon,
        gelu_by_tanh,
        padded_after_the_shift,
        padding_is_not_looked_at,
        unmasked,
        shifted_though_one_window_covers_the_map,
        not_shifted,
        brought_to_length_one,
        scale_without_limit,
        distances_by_the_own_window,
        distances_by_the_largest_window,
        distances_not_by_logarithms,
        transposed_distances,
        normalised_before,
        neighbours_row_by_row,
        torch_s_flattening,
    ],
}


@pytest.mark.parametrize(
    ("builder", "plant"),
    [(builder, plant) for builder, faults in FAULTS.items() for plant in faults],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_planted_fault_exceeds_the_bound_a_hundredfold(
    builder: str, plant: Callable[[nn.Module, Patch], None], imported: Imported, monkeypatch: Patch
) -> None:
    network, reference = imported(builder)
    faulty = deepcopy(network).requires_grad_(False)
    plant(faulty, monkeypatch)
    found = distance(ours(faulty, reference).softmax(dim=1), reference.float64)
    assert FAULT < found < inf, f"{plant.__name__} moves {found:.1e} of the largest output"
