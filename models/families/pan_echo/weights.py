"""PanEcho's file: a network over frames, one over time, a layer for each task, under names of which only their ends are known.

The three parts are told by tensors no other part has, the heads by the name of their task. Every name must be placed. The
file's own table of positions is not taken, but it must be the one that is computed.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.errors import TorchFileError, WeightsMismatch
from models.families.pan_echo.tasks import TASKS, TaskKind
from models.importers.importer import Importer
from models.importers.placement import checked
from models.importers.torch.files import TorchFile, single
from models.library.manifest import Manifest, Value
from models.networks.positions import sinusoidal_positions

_POSITIONS = re.compile(r"(.*\.)?time_encoder\.pe$")
# Our part -> the end of the name of one of its tensors.
_PARTS = {"frames": "features.0.0.weight", "transformer": "layers.0.self_attn.in_proj_weight"}


def architecture(file: object, manifest: Manifest) -> Mapping[str, Value]:
    """The widths of the heads with several classes. Raises WeightsMismatch for a file without one of them."""
    tensors = _torch(file).tensors
    widths: list[int] = []
    missing: list[str] = []
    for task in TASKS:
        if task.kind is TaskKind.MULTI_CLASS:
            found = [tensors[name] for name in tensors if _head_of(name, task.name) == "weight"]
            widths += [len(tensor) for tensor in found]
            missing += [] if len(found) == 1 else [f"the head of {task.name}"]
    if missing:
        raise WeightsMismatch(missing=missing)
    return {"classes": widths}


def place(file: object, network: nn.Module) -> dict[str, Tensor]:
    """The state of a PanEcho, which may be on the meta device. Raises TorchFileError and WeightsMismatch."""
    tensors = _torch(file).tensors
    prefixes = {part: _prefix(tensors, ending) for part, ending in _PARTS.items()}
    placed: dict[str, Tensor] = {}
    unexpected: list[str] = []
    unlike: list[str] = []
    for name, tensor in tensors.items():
        if _POSITIONS.fullmatch(name):
            unlike += _other_positions(name, tensor)
        elif (ours := _our_name(name, prefixes)) is not None and ours not in placed:
            placed[ours] = single(tensor)
        else:
            unexpected.append(name)
    return checked(placed, network, unexpected=unexpected, unlike=unlike)


def _torch(file: object) -> TorchFile:
    if not isinstance(file, TorchFile):
        raise TorchFileError("this network's weights come in a file of torch, not of Keras")
    return file


def _prefix(tensors: Mapping[str, Tensor], ending: str) -> str | None:
    """What stands before `ending`, where exactly one tensor ends so."""
    found = [name.removesuffix(ending) for name in tensors if name == ending or name.endswith(f".{ending}")]
    return found[0] if len(found) == 1 else None


def _our_name(name: str, prefixes: Mapping[str, str | None]) -> str | None:
    for task in TASKS:
        if kind := _head_of(name, task.name):
            return f"heads.{task.name}.{kind}"
    # The longer prefix first: one part may stand inside the name of the other.
    for part, prefix in sorted(prefixes.items(), key=lambda item: -len(item[1] or "")):
        if prefix is not None and name.startswith(prefix):
            return f"{part}.{name.removeprefix(prefix)}"
    return None


def _head_of(name: str, task: str) -> str:
    """`weight` or `bias` where the name is that of the task's layer, alone or in a Sequential; else nothing."""
    found = re.fullmatch(rf"(?:.*\.)?{re.escape(task)}(?:_head)?(?:\.\d+)?\.(weight|bias)", name)
    return found[1] if found else ""


def _other_positions(name: str, table: Tensor) -> list[str]:
    rows = table.float().reshape(-1, table.shape[-1]) if table.ndim else table.reshape(1, 1)
    if rows.shape[-1] % 2 == 0 and torch.allclose(rows, sinusoidal_positions(*rows.shape), atol=1e-4):
        return []
    return [f"{name} of shape {tuple(table.shape)} is not the table of sinusoidal positions"]


IMPORTER = Importer(architecture, place)
