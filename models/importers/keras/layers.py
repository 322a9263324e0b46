"""From a Keras layer to a torch module: axes, names, and the settings that are no tensors but change every number.

Keras puts channels last and the outputs of a kernel behind its inputs. Its LSTM has the gates in torch's order (i, f, c, o are
torch's i, f, g, o) and one bias where torch adds two. A Dense layer behind a Flatten counts row, column, channel: a network
that takes its kernel must flatten in that order too.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.importers.keras.files import Array, KerasFile, KerasLayer
from models.importers.placement import checked
from models.networks.keras_lstm import KerasLstm

Tensors = dict[str, Tensor]
_Turn = Callable[[Array], Array]
# Keras' name of a weight -> torch's, and how its axes are turned.
Places = Mapping[str, tuple[str, _Turn]]


def place_layers(
    file: KerasFile,
    pairs: Iterable[tuple[KerasLayer, str]],
    network: nn.Module,
    own: Mapping[type[nn.Module], Places] | None = None,
) -> Tensors:
    """The state of `network` (it may be on the meta device) from `pairs` of a layer of `file` and the path of a torch module.

    A layer with weights that is in no pair is unexpected, a tensor of the network that none fills is missing. Epsilon, strides,
    dilation and padding of the file must be the module's. `own` says where weights go in modules of the family's own, by their
    class. Raises WeightsMismatch.
    """
    placed: Tensors = {}
    used: set[tuple[str, ...]] = set()
    unexpected: list[str] = []
    unlike: list[str] = []
    before = dict(zip((layer.path for layer in file.layers[1:]), file.layers, strict=False))
    modules = dict(network.named_modules())
    for layer, path in pairs:
        used.add(layer.path)
        if path not in modules:
            unexpected.append(f"{'/'.join(layer.path)} (no module {path})")
            continue
        tensors, surplus = _tensors(layer, modules[path], own or {})
        tensors = {f"{path}.{name}" if path else name: tensor for name, tensor in tensors.items()}
        unexpected += [f"{'/'.join(layer.path)} (a second {name})" for name in tensors if name in placed]
        placed |= tensors
        unexpected += [f"{'/'.join(layer.path)}/{name}" for name in surplus]
        unlike += [f"{layer.name}: {words}" for words in differences(layer, modules[path], before.get(layer.path))]
    left = [layer for layer in file.layers if layer.weights and layer.path not in used]
    unexpected += [f"{'/'.join(layer.path)}/{name}" for layer in left for name in layer.weights]
    return checked(placed, network, unexpected=unexpected, unlike=unlike)


def _tensors(layer: KerasLayer, module: nn.Module, own: Mapping[type[nn.Module], Places]) -> tuple[Tensors, list[str]]:
    """The layer's weights by the names they have in its module, and the names of those it has no place for."""
    placing = own[type(module)] if type(module) in own else _placing(module)
    tensors: Tensors = {}
    surplus = []
    for name, array in layer.weights.items():
        if name in placing:
            target, turned = placing[name]
            tensors[target] = torch.from_numpy(np.ascontiguousarray(turned(array)))
        else:
            surplus.append(name)
    if isinstance(module, nn.LSTM):
        return _lstm(layer, module, tensors), surplus
    if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm1d, nn.BatchNorm3d)) and layer.weights:
        shape = module.running_var.shape if module.running_var is not None else ()
        if layer.config.get("scale") is False:
            tensors["weight"] = torch.ones(shape)
        if layer.config.get("center") is False:
            tensors["bias"] = torch.zeros(shape)
    return tensors, surplus


def as_is(array: Array) -> Array:
    """`array`, weights of any shape, no unit, as they are: the same shape."""
    return array


def outputs_first(kernel: Array) -> Array:
    """`kernel` (..., inputs, outputs) -> (outputs, inputs, ...): of convolutions of any rank and of Dense layers; no unit.

    A transposed convolution has (..., outputs, inputs) in Keras and wants (inputs, outputs, ...): the same turn.
    """
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def depthwise(kernel: Array) -> Array:
    """`kernel` (rows, columns, channels, multiplier) -> (channels * multiplier, 1, rows, columns), channel by channel; no
    unit.
    """
    rows, columns, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)


_NORM: dict[str, tuple[str, _Turn]] = {"gamma": ("weight", as_is), "beta": ("bias", as_is)}
_STATISTICS: dict[str, tuple[str, _Turn]] = {
    "moving_mean": ("running_mean", as_is),
    "moving_variance": ("running_var", as_is),
}
_KERNEL: dict[str, tuple[str, _Turn]] = {
    "kernel": ("weight", outputs_first),
    "depthwise_kernel": ("weight", depthwise),
    "bias": ("bias", as_is),
}
_LSTM: dict[str, tuple[str, _Turn]] = {
    "kernel": ("weight_ih", outputs_first),
    "recurrent_kernel": ("weight_hh", outputs_first),
    "bias": ("bias_ih", as_is),
}


_KERAS_LSTM: dict[str, tuple[str, _Turn]] = {
    "kernel": ("kernel.weight", outputs_first),
    "recurrent_kernel": ("recurrent_kernel.weight", outputs_first),
    "bias": ("kernel.bias", as_is),
}


def _across_maps(values: Array) -> Array:
    """One factor per channel, as torchvision's ConvNeXt keeps them: (channels, 1, 1)."""
    return values[:, None, None]


def _placing(module: nn.Module) -> Places:
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
        return _NORM | _STATISTICS
    if isinstance(module, nn.LayerNorm):
        return _NORM
    if isinstance(module, nn.LSTM):
        return _LSTM
    if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)):
        return _KERNEL
    if isinstance(module, KerasLstm):
        return _KERAS_LSTM
    if isinstance(getattr(module, "layer_scale", None), nn.Parameter):
        return {"gamma": ("layer_scale", _across_maps)}
    return _separable(module)


def _separable(module: nn.Module) -> Places:
    """timm's SeparableConv2d: `conv1` filters each channel for itself, `pointwise` mixes them."""
    names = {name for name, _ in module.named_children()}
    if not {"conv1", "pointwise"} <= names:
        return {}
    return {
        "depthwise_kernel": ("conv1.weight", depthwise),
        "pointwise_kernel": ("pointwise.weight", outputs_first),
        "bias": ("pointwise.bias", as_is),
    }


def _lstm(layer: KerasLayer, module: nn.LSTM, tensors: Tensors) -> Tensors:
    end = "_l0_reverse" if module.bidirectional and layer.name.startswith("backward") else "_l0"
    named = {f"{name}{end}": tensor for name, tensor in tensors.items()}
    if f"bias_ih{end}" in named:
        named[f"bias_hh{end}"] = torch.zeros_like(named[f"bias_ih{end}"])
    return named


def differences(layer: KerasLayer, module: nn.Module, before: KerasLayer | None = None) -> list[str]:
    """What the file says of a layer and the torch module does otherwise, in words; nothing where the file is silent.

    `before` is the layer in front: where it is a ZeroPadding2D, a 'valid' convolution behind it may pad by itself in torch.
    """
    config = layer.config
    found = []
    epsilon, own = config.get("epsilon"), getattr(module, "eps", None)
    if epsilon is not None and isinstance(own, float) and not math.isclose(own, float(epsilon), rel_tol=1e-6):
        found.append(f"epsilon {epsilon:.4g} in the file, {own:.4g} in the network")
    if config.get("data_format") == "channels_first":
        found.append("channels first in the file")
    if isinstance(module, (nn.LSTM, KerasLstm)):
        wanted = {"activation": "tanh", "recurrent_activation": "sigmoid"}
        found += [f"{key} {config[key]}" for key, value in wanted.items() if config.get(key, value) != value]
        if config.get("go_backwards") and not layer.name.startswith("backward"):
            found.append("runs backwards")
    names = {name for name, _ in module.named_children()}
    core = module.get_submodule("conv1") if {"conv1", "pointwise"} <= names else module
    if isinstance(core, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        found += _of_convolution(config, core, before)
    elif isinstance(core, nn.ConvTranspose2d):
        found += _different(config, "strides", core.stride)
    return found


def _of_convolution(config: Mapping[str, Any], module: Any, before: KerasLayer | None) -> list[str]:
    found = _different(config, "strides", module.stride) + _different(config, "dilation_rate", module.dilation)
    if module.padding == "same" or "padding" not in config:
        return found
    ours: tuple[int, ...] = tuple(module.padding) if module.padding != "valid" else (0,) * len(module.stride)
    if config["padding"] == "valid":
        allowed = {(0,) * len(ours), _padded_before(before)}
    elif all(step == 1 for step in module.stride):
        sides = zip(module.kernel_size, module.dilation, strict=True)
        allowed = {tuple(spread * (size - 1) // 2 for size, spread in sides)}
    else:  # how much is padded, and where, depends on the input's side: the network must do it outside the convolution
        allowed = {(0,) * len(ours)}
    if ours not in allowed:
        found.append(f"padding {config['padding']!r} in the file, {ours} in the network")
    return found


def _padded_before(before: KerasLayer | None) -> tuple[int, ...]:
    if before is None or before.class_name != "ZeroPadding2D":
        return ()
    sides = before.config.get("padding", ())
    return tuple(first for first, last in sides) if all(first == last for first, last in sides) else ()


def _different(config: Mapping[str, Any], key: str, ours: tuple[int, ...]) -> list[str]:
    value = config.get(key, ours)
    theirs = tuple(value) if isinstance(value, (list, tuple)) else (value,) * len(ours)
    return [] if theirs == tuple(ours) else [f"{key} {theirs} in the file, {tuple(ours)} in the network"]
