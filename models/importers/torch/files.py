"""Tensors by name from a file of torch: a plain state dictionary, or one of the wrappings published checkpoints use.

`torch.load(weights_only=True)` runs nothing of the file. EchoNet-Measurements prefixes every name with `m.`, DataParallel with
`module.`; EchoNet-Dynamic keeps the dictionary under `state_dict` among the state of its training, PanEcho under `weights`.
"""

import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from models.errors import TorchFileError

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


@dataclass(frozen=True)
class TorchFile:
    """`tensors` by their names without wrapping and prefix; `wrapping` says where they were, in words."""

    tensors: Mapping[str, Tensor]
    wrapping: str


def read_torch_file(path: Path) -> TorchFile:
    """The tensors of a file of torch or safetensors, by name.

    Raises TorchFileError for whole pickled modules, archives of code, and anything else that is not tensors by name. A damaged
    file also raises whatever torch makes of it.
    """
    if path.suffix == ".safetensors":
        try:
            return _unprefixed(load_file(path), "safetensors")
        except SafetensorError as error:
            raise TorchFileError(f"{path.name} is damaged, or is no safetensors file: {said_by(error)}") from error
    try:
        with torch.serialization.safe_globals(_NUMBERS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles and archives unlike torch's own, which are refused below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise TorchFileError(_of_pickle(path.name, str(error))) from error
    except RuntimeError as error:
        if "TorchScript" in str(error):
            raise TorchFileError(f"{path.name} is a program of TorchScript{_NOT_RUN}") from error
        raise
    return _unwrapped(content, path.name)


_NOT_RUN = (
    ", and is not opened because that would run its code. Its publisher can save the tensors alone: "
    "torch.save(model.state_dict(), file)"
)


def _of_pickle(file: str, said: str) -> str:
    """What is wrong with a pickle, without torch's own advice, which is to run what is in it."""
    code = re.search(r"GLOBAL (\S+)", said)
    if code:
        return f"{file} holds more than tensors ({code[1]}){_NOT_RUN}"
    return f"{file} is damaged, or is no file of Keras or torch: no tensors can be told in it"


def said_by(error: Exception) -> str:
    """The kind of an error, and the first sentence of what the library says.

    >>> said_by(EOFError()), said_by(OSError("no end. Ask somebody."))
    ('EOFError', 'OSError: no end')
    """
    sentence = str(error).strip().split("\n")[0].split(". ")[0].rstrip(".")
    return f"{type(error).__name__}: {sentence}" if sentence else type(error).__name__


def _unwrapped(content: Any, file: str) -> TorchFile:
    wrapping = []
    while isinstance(content, Mapping) and not _are_tensors(content):
        keys = [key for key in _WRAPPERS if isinstance(content.get(key), Mapping)]
        if len(keys) != 1:
            break
        wrapping.append(keys[0])
        content = content[keys[0]]
    if not isinstance(content, Mapping) or not _are_tensors(content):
        raise TorchFileError(
            f"{file} holds {_kind(content)}: a dictionary of tensors is needed, or one under {', '.join(_WRAPPERS)}"
        )
    return _unprefixed(dict(content), " in ".join(reversed(wrapping)) or "plain")


def _kind(content: Any) -> str:
    """
    >>> _kind({}), _kind({"epoch": 1}), _kind([])
    ('an empty dictionary', 'a dictionary of epoch', 'an object of the type list')
    """
    if not isinstance(content, Mapping):
        return f"an object of the type {type(content).__name__}"
    return f"a dictionary of {', '.join(map(str, list(content)[:6]))}" if content else "an empty dictionary"


def single(tensor: Tensor) -> Tensor:
    """`tensor` of any shape, float16 or float64, as float32 of the same shape; no unit.

    What is no such number stays what it is, for `placing` to decide.
    """
    return tensor.float() if tensor.is_floating_point() else tensor


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
