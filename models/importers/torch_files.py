"""Tensors by name from a file of torch: a plain state dictionary, or one of the wrappings published checkpoints use.

`torch.load(weights_only=True)` runs nothing of the file. EchoNet-Measurements prefixes every name with `m.`, DataParallel with
`module.`; EchoNet-Dynamic keeps the dictionary under `state_dict` among the state of its training, PanEcho under `weights`.
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

_WRAPPERS = ("state_dict", "weights", "model_state_dict", "model")
_PREFIXES = ("module.", "model.", "m.")
# Numbers that a training loop keeps beside the weights: numpy's scalars, by the names that old and new numpy give them.
_SCALAR = np.float64(0).__reduce__()[0]
_NUMBERS: list[Any] = [
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("float64", "float32", "int64", "int32", "bool")),
]


class TorchFileError(ValueError):
    """The file is no dictionary of tensors that can be read without running what is in it."""


@dataclass(frozen=True)
class TorchFile:
    """`tensors` by their names without wrapping and prefix; `wrapping` says where they were, in words."""

    tensors: Mapping[str, Tensor]
    wrapping: str


def read_torch_file(path: Path) -> TorchFile:
    """Also reads safetensors. Raises TorchFileError for whole pickled modules, archives of code, and anything else."""
    if path.suffix == ".safetensors":
        try:
            return _unprefixed(load_file(path), "safetensors")
        except (SafetensorError, OSError) as error:
            raise TorchFileError(f"{path.name} is no safetensors file: {error}") from error
    try:
        with torch.serialization.safe_globals(_NUMBERS):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TorchFileError(f"no file {path}") from None
    except pickle.UnpicklingError as error:
        raise TorchFileError(
            f"{path.name} holds more than tensors, and is not opened because that would run its code: {_first_line(error)}. "
            "Its publisher can save the tensors alone: torch.save(model.state_dict(), file)"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise TorchFileError(f"{path.name} is no file of torch: {_first_line(error)}") from error
    return _unwrapped(content, path.name)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")


def _unwrapped(content: Any, file: str) -> TorchFile:
    wrapping = []
    while isinstance(content, Mapping) and not _are_tensors(content):
        keys = [key for key in _WRAPPERS if isinstance(content.get(key), Mapping)]
        if len(keys) != 1:
            break
        wrapping.append(keys[0])
        content = content[keys[0]]
    if not isinstance(content, Mapping) or not _are_tensors(content):
        kind = (
            f"a dictionary of {', '.join(map(str, list(content)[:6]))}"
            if isinstance(content, Mapping)
            else type(content).__name__
        )
        raise TorchFileError(f"{file} is {kind}: a dictionary of tensors is needed, or one under {', '.join(_WRAPPERS)}")
    return _unprefixed(dict(content), " in ".join(reversed(wrapping)) or "plain")


def _are_tensors(content: Mapping[Any, Any]) -> bool:
    return bool(content) and all(isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items())


def _unprefixed(tensors: dict[str, Tensor], wrapping: str) -> TorchFile:
    found = True
    while found:
        found = False
        for prefix in _PREFIXES:
            if all(name.startswith(prefix) for name in tensors):
                tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
                wrapping, found = f"{wrapping}, {prefix}", True
    return TorchFile(tensors, wrapping)
