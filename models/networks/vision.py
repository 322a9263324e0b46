"""Architectures of torchvision and timm: the only door to both, because neither can be imported everywhere as it comes.

The torchvision on PyPI is compiled against CUDA. Beside a CPU build of torch its extension does not load, and then its import
ends with "operator torchvision::nms does not exist", as does timm's: it describes two operators that nobody has declared.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from models.library.manifest import Manifest

_UNGUARDED = ("nms", "qnms")  # all other operators of the extension are described only where it has been loaded
_declarations: list[torch.library.Library] = []  # a declaration lasts as long as its library object


def make_importable() -> None:
    """Loads torchvision's extension; where that fails, declares the operators its import asks for. They stay without a body.

    The extension is tried first: a schema declared twice, by us and then by the extension, aborts the process.
    """
    package = find_spec("torchvision")  # looks for it and runs none of it
    if package is None or _declarations:
        return
    extension = PathFinder.find_spec("_C", package.submodule_search_locations)
    try:
        if extension is None or extension.origin is None:
            raise FileNotFoundError("torchvision was built without its extension")
        torch.ops.load_library(extension.origin)  # type: ignore[no-untyped-call]
    except OSError:
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for operator in _UNGUARDED:
            if not hasattr(torch.ops.torchvision, operator):
                schema = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                library.define(schema)  # type: ignore[no-untyped-call]
        _declarations.append(library)


class DeepLab(nn.Module):
    """torchvision's deeplabv3_resnet50 without auxiliary classifier.

    RGB `frames` (n, 3, h, w), float32 -> logits (n, outputs, h, w).
    """

    def __init__(self, manifest: Manifest) -> None:
        make_importable()
        from torchvision.models.segmentation import deeplabv3_resnet50  # type: ignore[import-untyped]

        super().__init__()
        self.manifest = manifest
        outputs = manifest.architecture["outputs"]
        self.network = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=outputs, aux_loss=False)

    def forward(self, frames: Tensor) -> Tensor:
        maps: Tensor = self.network(frames)["out"]
        return maps


def r2plus1d_18(outputs: int) -> nn.Module:
    """torchvision's R(2+1)D with 18 layers, freshly initialised: clips (n, 3, frames, h, w) -> (n, outputs)."""
    make_importable()
    from torchvision.models.video import r2plus1d_18 as build  # type: ignore[import-untyped]

    network: nn.Module = build(weights=None, num_classes=outputs)
    return network


def legacy_xception() -> nn.Module:
    """timm's Xception of Chollet's paper without pooling and head, freshly initialised."""
    make_importable()
    from timm import create_model

    network: nn.Module = create_model("legacy_xception", pretrained=False, num_classes=0, global_pool="")
    return network


def densenet121_features() -> nn.Module:
    """torchvision's DenseNet-121 until its last BatchNorm, freshly initialised: (n, 3, h, w) -> (n, 1024, h / 32, w / 32)."""
    make_importable()
    from torchvision.models import densenet121  # type: ignore[import-untyped]

    features: nn.Module = densenet121(weights=None).features
    return features


def convnext_features(variant: str) -> nn.Module:
    """torchvision's ConvNeXt "tiny" or "base" until its last stage, without dropped paths, freshly initialised."""
    make_importable()
    from torchvision import models  # type: ignore[import-untyped]

    build = {"tiny": models.convnext_tiny, "base": models.convnext_base}[variant]
    features: nn.Module = build(weights=None, stochastic_depth_prob=0.0).features
    return features


def convnext(variant: str, outputs: int) -> nn.Module:
    """torchvision's ConvNeXt "tiny" or "base", freshly initialised: (n, 3, h, w) -> (n, outputs).

    With 0 outputs: the pooled and normalised features that its last layer takes.
    """
    make_importable()
    from torchvision import models

    build = {"tiny": models.convnext_tiny, "base": models.convnext_base}[variant]
    network: nn.Module = build(weights=None, num_classes=max(outputs, 1), stochastic_depth_prob=0.0)
    if not outputs:
        network.get_submodule("classifier")[2] = nn.Identity()  # type: ignore[operator]
    return network


def mvit_v2_s(outputs: int) -> nn.Module:
    """torchvision's MViTv2-S, freshly initialised: clips (n, 3, 16, 224, 224) -> (n, outputs)."""
    make_importable()
    from torchvision.models.video import mvit_v2_s as build

    network: nn.Module = build(weights=None, num_classes=outputs)
    return network


@contextmanager
def whole_tensor_additions() -> Iterator[None]:
    """Within, torchvision's MViT adds to whole tensors what it adds to all but the class token: the same sums.

    It does so in place, on slices; OpenVINO makes of that a scatter by element, which took most of the network's time.
    """
    mvit: Any = sys.modules.get("torchvision.models.video.mvit")
    if mvit is None:
        yield
        return
    before = mvit._add_rel_pos, mvit._add_shortcut
    mvit._add_rel_pos, mvit._add_shortcut = _with_positions, _with_shortcut
    try:
        yield
    finally:
        mvit._add_rel_pos, mvit._add_shortcut = before


def _with_shortcut(tokens: Tensor, added: Tensor, with_class_token: bool) -> Tensor:
    return tokens.add_(added if with_class_token else nn.functional.pad(added[:, :, 1:], (0, 0, 1, 0)))


def _with_positions(
    scores: Tensor, queries: Tensor, asking: tuple[int, ...], asked: tuple[int, ...], *tables_hwt: Tensor
) -> Tensor:
    """Scores (n, heads, 1 + tokens, 1 + others) and what the distance of both in time, height and width adds to them.

    Li et al., MViTv2, CVPR 2022, decomposed relative positions. `asking` and `asked` are the (time, height, width) of both
    grids. What a query says of each place along an axis goes to the others there by a matrix of zeros and ones: a product in
    place of broadcast sums.
    """
    from torchvision.models.video.mvit import _interpolate  # type: ignore[import-untyped]

    number, heads, _, width = queries.shape
    grid = queries[:, :, 1:].reshape(number, heads, *asking, width)
    said, there = [], []
    for axis, table in enumerate((tables_hwt[2], *tables_hwt[:2])):
        own, other = asking[axis], asked[axis]
        distances = torch.arange(own)[:, None] * max(other / own, 1) + (other - 1 - torch.arange(other)) * max(own / other, 1)
        offsets = _interpolate(table, 2 * max(own, other) - 1)[distances.long()]
        letter = "thw"[axis]
        said.append(torch.einsum(f"nathwc,{letter}kc->nathwk", grid, offsets))
        places = torch.eye(other).view(other, *(other if index == axis else 1 for index in range(3)))
        there.append(places.expand(other, *asked).flatten(1))
    rows = nn.functional.pad(torch.cat(said, dim=-1).flatten(2, 4), (0, 0, 1, 0))
    return scores + rows @ nn.functional.pad(torch.cat(there), (1, 0)).to(rows)


def timm_network(name: str, **arguments: Any) -> nn.Module:
    """timm's network of this name, freshly initialised."""
    make_importable()
    from timm import create_model

    network: nn.Module = create_model(name, pretrained=False, **arguments)
    return network
