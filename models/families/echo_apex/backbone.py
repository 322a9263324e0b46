"""EchoApex' backbone: DINOv2's vision transformer, and small adapters that a task trains in its stead.

The abstract names DINOv2 and adapters; which blocks have one, and how wide it is, is not published: here every block has two,
after its attention and after its MLP, 64 wide (Houlsby et al., ICML 2019). The frames' size, 224 px, is ours too.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.errors import ManifestError
from models.library.manifest import Manifest
from models.networks.vision import timm_network

PATCH_PX = 14
_VARIANTS = ("small", "base", "large")
# What a manifest may say otherwise, for networks of the same kind in another size: [architecture] key -> timm's argument.
_SIZES = {"width": "embed_dim", "blocks": "depth", "attention_heads": "num_heads"}
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # what DINOv2 was trained with


class Adapter(nn.Module):
    """x + up(gelu(down(x))), `up` zero at first: a fresh adapter changes nothing.

    `tokens` (n, count, width) -> (n, count, width), float32 activations.
    """

    def __init__(self, width: int, bottleneck: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        added: Tensor = self.up(nn.functional.gelu(self.down(tokens)))
        return tokens + added


class AdaptedBackbone(nn.Module):
    """RGB `frames` (n, 3, h, w), float32, 0 to 1, h = w = the manifest's -> normalised tokens (n, 1 + cells * cells, width).

    CLS comes first, then the cells row by row. `[architecture]`: `backbone` small, base or large; `bottleneck` of the adapters,
    0 for none; `freeze_backbone`, whether only adapters (and decoder) are trained. `backbone` below has timm's names, so that
    DINOv2's weights fit. `mean` and `deviation` (3, 1, 1) are ImageNet's, 0 to 1.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        settings = manifest.architecture
        variant = str(settings.get("backbone"))
        if variant not in _VARIANTS:
            raise ManifestError(f"model {manifest.name}: unknown backbone {variant!r}")
        sizes = {argument: int(str(settings[key])) for key, argument in _SIZES.items() if key in settings}
        size_px = manifest.input_shape[-1]
        vit: Any = timm_network(f"vit_{variant}_patch14_dinov2", num_classes=0, img_size=size_px, **sizes)
        self.backbone = vit
        self.width, self.blocks, self.cells = int(vit.embed_dim), len(vit.blocks), size_px // PATCH_PX
        if settings.get("freeze_backbone", True):
            vit.requires_grad_(False)
        bottleneck = int(str(settings.get("bottleneck", 0)))
        pairs = [_pair(self.width, bottleneck) for _ in range(self.blocks)] if bottleneck else []
        self.adapters = nn.ModuleList(pairs)
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_IMAGENET_STD)[:, None, None], persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        tokens, _ = self.with_maps(frames, ())
        return tokens

    def with_maps(self, frames: Tensor, blocks: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
        """The tokens of `frames`, and the normalised outputs of `blocks` as maps (n, width, cells, cells), float32
        activations.
        """
        vit: Any = self.backbone
        tokens = vit.patch_embed((frames - self.mean) / self.deviation)
        tokens = torch.cat([vit.cls_token.expand(tokens.shape[0], -1, -1), tokens], dim=1) + vit.pos_embed
        maps = []
        for index, block in enumerate(vit.blocks):
            attended = block.ls1(block.attn(block.norm1(tokens)))
            tokens = tokens + self._adapted(attended, index, "attention")
            transformed = block.ls2(block.mlp(block.norm2(tokens)))
            tokens = tokens + self._adapted(transformed, index, "mlp")
            if index in blocks:
                maps.append(self.as_map(vit.norm(tokens)))
        return vit.norm(tokens), maps

    def as_map(self, tokens: Tensor) -> Tensor:
        """`tokens` (n, 1 + cells * cells, width) without CLS, as (n, width, cells, cells), float32."""
        number = tokens.shape[0]  # not len(): tracing would make of it a constant
        return tokens[:, 1:].transpose(1, 2).reshape(number, self.width, self.cells, self.cells)

    def _adapted(self, tokens: Tensor, block: int, place: str) -> Tensor:
        if not len(self.adapters):
            return tokens
        adapted: Tensor = self.adapters.get_submodule(f"{block}.{place}")(tokens)
        return adapted


def _pair(width: int, bottleneck: int) -> nn.ModuleDict:
    return nn.ModuleDict({place: Adapter(width, bottleneck) for place in ("attention", "mlp")})
