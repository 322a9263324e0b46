"""Weights for EchoApex: a whole network of its own, or DINOv2's backbone alone as Meta and timm publish it.

The published positions are those of 518 px, 37 x 37 cells; a network of another size gets them interpolated as timm does it
(bicubic, antialiased), at its own size as they are. A backbone alone leaves adapters without effect and the decoder untrained:
whoever wants that says so (`--set decoder=untrained`), and nothing is read with it.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.errors import TorchFileError
from models.families.echo_apex.networks import EchoApex, load
from models.importers.importer import Importer
from models.importers.placement import checked
from models.importers.torch.files import TorchFile, single
from models.library.manifest import Manifest, Value

_WITHIN = "encoder.backbone."
_DROPPED = ("mask_token",)  # only training looks at it
_SEED = 0


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """Whether the decoder has been trained: that of a whole network is taken to be."""
    return {} if _is_backbone(_torch(file)) else {"decoder": "trained"}


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of an EchoApex, which may be on the meta device. Raises TorchFileError and WeightsMismatch."""
    tensors = {name: single(tensor) for name, tensor in _torch(file).tensors.items()}
    if not _is_backbone(_torch(file)):
        return checked(tensors, network)
    if not isinstance(network, EchoApex) or network.manifest.architecture.get("decoder") != "untrained":
        raise TorchFileError(
            "the file holds a backbone alone, and the decoder would stay untrained: say that this is meant by "
            "--set decoder=untrained"
        )
    backbone = {_WITHIN + name: tensor for name, tensor in tensors.items() if name not in _DROPPED}
    positions = _WITHIN + "pos_embed"
    if positions in backbone:
        backbone[positions] = resized_positions(backbone[positions], network.state_dict()[positions].shape[1])
    return checked(_fresh_decoder(network.manifest) | backbone, network)


def resized_positions(positions: Tensor, tokens: int) -> Tensor:
    """`positions` (1, 1 + cells, width) of a square grid, CLS first, as `tokens` of them: (1, tokens, width), of the same
    dtype.

    They are activations, float32 as a rule, and stay the same tensor where there are as many. Raises TorchFileError for a grid
    that is not square.
    """
    if positions.shape[1] == tokens:
        return positions
    old, new = math.isqrt(positions.shape[1] - 1), math.isqrt(tokens - 1)
    if old * old != positions.shape[1] - 1:
        raise TorchFileError(f"{positions.shape[1] - 1} positions are no square grid")
    grid = positions[:, 1:].transpose(1, 2).reshape(1, -1, old, old).float()
    resized = nn.functional.interpolate(grid, size=(new, new), mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([positions[:, :1], resized.flatten(2).transpose(1, 2).to(positions.dtype)], dim=1)


def _torch(file: object) -> TorchFile:
    if not isinstance(file, TorchFile):
        raise TorchFileError("this network's weights come in a file of torch, not of Keras")
    return file


def _is_backbone(file: TorchFile) -> bool:
    return "patch_embed.proj.weight" in file.tensors


def _fresh_decoder(manifest: Manifest) -> dict[str, Tensor]:
    """Adapters and decoder as initialised, the same every time; the rest must come from the file."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        state = load(manifest, None, "cpu").state_dict()
    return {name: tensor for name, tensor in state.items() if not name.startswith(_WITHIN)}


IMPORTER = Importer(architecture, place, settings=("decoder",))
