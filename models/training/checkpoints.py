"""Where a killed training goes on: all of its state in one file, written whole or not at all.

Random numbers are drawn by (seed, step), so the state is small: weights, moments of the optimiser, scale of the losses, and
what was counted. The files are safetensors: nothing that is read back can run.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from models.errors import TrainingRunError
from models.training.run import CHECKPOINTS

_STEM, _BEST = "step_", "best.safetensors"
_MODEL, _OPTIMISER = "model/", "optimiser/"


@dataclass(frozen=True)
class Progress:
    """How far a training is: `step` are done. `best` is the monitored figure of the best weights, None before a validation.

    `unimproved` counts the validations since. `loss_sum` is of the `loss_count` steps since the last row of the log. `ended`:
    nothing is left but to judge the best weights. `data_sha256` is that of what it learns from; `threads` are those that
    compute: more of them add in another order.
    """

    data_sha256: str
    threads: int
    step: int = 0
    best: float | None = None
    best_step: int = 0
    unimproved: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    ended: bool = False

    def but(self, **changes: Any) -> "Progress":
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Trained:
    """What a step changes: `tensors` are those of the network by name, without the frozen ones.

    `scaler` keeps half-precision gradients in range; it does nothing where it is not enabled.
    """

    tensors: Mapping[str, Tensor]
    optimiser: Optimizer
    scaler: torch.amp.GradScaler

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self.optimiser.param_groups for parameter in group["params"]]


def write_whole(path: Path, content: bytes) -> None:
    """Under its name only when it is complete and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def save_checkpoint(folder: Path, trained: Trained, progress: Progress, kept: int) -> None:
    tensors = {f"{_MODEL}{name}": tensor for name, tensor in trained.tensors.items()}
    for index, parameter in enumerate(trained.parameters):
        state = trained.optimiser.state.get(parameter, {})
        tensors |= {f"{_OPTIMISER}{index}/{name}": value for name, value in state.items() if isinstance(value, Tensor)}
    said = {"progress": asdict(progress), "scaler": trained.scaler.state_dict()}
    content = save({name: _plain(tensor) for name, tensor in tensors.items()}, metadata={"state": json.dumps(said)})
    write_whole(folder / CHECKPOINTS / f"{_STEM}{progress.step:08d}.safetensors", content)
    for old in _checkpoints(folder)[:-kept]:
        old.unlink()


def save_best(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    write_whole(folder / CHECKPOINTS / _BEST, save({name: _plain(tensor) for name, tensor in tensors.items()}))


def load_best(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raises TrainingRunError where the file is gone or damaged."""
    found, _ = _read(folder / CHECKPOINTS / _BEST)
    _fill(tensors, found)


def load_checkpoint(folder: Path, trained: Trained) -> Progress | None:
    """Sets everything back to the newest checkpoint; None where there is none. Raises TrainingRunError for a damaged one."""
    if not (found := _checkpoints(folder)):
        return None
    tensors, said = _read(found[-1])
    _fill(
        trained.tensors,
        {name.removeprefix(_MODEL): one for name, one in tensors.items() if name.startswith(_MODEL)},
    )
    for index, parameter in enumerate(trained.parameters):
        start = f"{_OPTIMISER}{index}/"
        state = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
        if state:
            trained.optimiser.state[parameter] = {name: _as_laid_out(tensor, parameter) for name, tensor in state.items()}
    if said["scaler"]:
        trained.scaler.load_state_dict(said["scaler"])
    return Progress(**said["progress"])


def _checkpoints(folder: Path) -> list[Path]:
    return sorted((folder / CHECKPOINTS).glob(f"{_STEM}*.safetensors"))


def _plain(tensor: Tensor) -> Tensor:
    """`tensor` of any shape in main memory, one of its own."""
    return tensor.detach().cpu().contiguous().clone()


def _as_laid_out(tensor: Tensor, parameter: nn.Parameter) -> Tensor:
    """`tensor`, of the parameter's shape, as it lay in memory: other strides may round otherwise. Counters stay as they are."""
    if tensor.shape != parameter.shape or tensor.dim() == 0:
        return tensor
    return torch.empty_like(parameter, dtype=tensor.dtype).copy_(tensor)


def _fill(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    if own.keys() != given.keys():
        raise TrainingRunError("the checkpoint is of another network")
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[name])


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
            said: dict[str, Any] = json.loads((file.metadata() or {}).get("state", "{}"))
    except (OSError, SafetensorError) as error:
        raise TrainingRunError(f"{path} cannot be read: {error}") from error
    return tensors, said
