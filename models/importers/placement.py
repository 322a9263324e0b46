"""Strictness: every tensor of the network gets one of its own shape and kind, and none of the file is left over."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from models.errors import WeightsMismatch


def checked(
    placed: Mapping[str, Tensor], network: nn.Module, *, unexpected: Iterable[str] = (), unlike: Iterable[str] = ()
) -> dict[str, Tensor]:
    """The whole state of `network`, which may live on torch's meta device, in its order; `placed` are the tensors by its names.

    The counters of batches (`num_batches_tracked`), which Keras does not have and inference does not read, start at 0.
    Raises WeightsMismatch.
    """
    expected = network.state_dict()
    counters = {name for name in expected if name.endswith("num_batches_tracked")}
    missing = [name for name in expected if name not in placed and name not in counters]
    surplus = [*unexpected, *(name for name in placed if name not in expected)]
    misshaped = [
        f"{name} {problem}"
        for name, tensor in expected.items()
        if name in placed and (problem := _unlike(name, placed[name], tensor))
    ]
    unlike = tuple(unlike)
    if missing or surplus or misshaped or unlike:
        raise WeightsMismatch(missing, surplus, misshaped, unlike)
    zero = torch.zeros((), dtype=torch.long)
    return {name: placed[name].contiguous() if name in placed else zero.clone() for name in expected}


def _unlike(name: str, found: Tensor, expected: Tensor) -> str:
    """How a tensor of the file differs from the network's in shape or kind, or which values it cannot have; else empty."""
    if found.layout is not torch.strided or found.is_quantized:
        return "is sparse or quantised in the file"
    if found.shape != expected.shape:
        return f"is {tuple(found.shape)} in the file, {tuple(expected.shape)} in the network"
    if _number_kind(found) != _number_kind(expected):
        return f"is {_type(found)} in the file, {_type(expected)} in the network"
    if name.endswith("running_var") and not found.is_meta and bool((found < 0).any()):
        return "is a variance, and below 0 in the file"
    return ""


def _number_kind(tensor: Tensor) -> tuple[bool, bool, bool]:
    return tensor.is_floating_point(), tensor.is_complex(), tensor.dtype is torch.bool


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
