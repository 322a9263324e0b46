"""The training configuration: one TOML file per model in `config/`, changed by `table.key=value` on the command line."""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args


class TrainingConfigError(ValueError):
    """The training configuration cannot be used."""


Task = Literal["view", "quality", "lv", "echo_motion_lv"]


@dataclass(frozen=True)
class ModelPart:
    """What is trained: `task` decides family, labels and loss; `channels` the width of each stage or level."""

    name: str
    version: str
    task: Task
    size_px: int
    channels: list[int]


@dataclass(frozen=True)
class DataPart:
    """Half-open, disjoint ranges of heart seeds; `cache` keeps the generated frames of all trainings."""

    train_seeds: list[int]
    validation_seeds: list[int]
    test_seeds: list[int]
    cache: str
    processes: int


@dataclass(frozen=True)
class OptimiserPart:
    iterations: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int


@dataclass(frozen=True)
class OutputPart:
    """`folder` receives `manifests/<name>.toml` and `weights/<name>.safetensors`."""

    folder: str


@dataclass(frozen=True)
class TrainingConfig:
    model: ModelPart
    data: DataPart
    optimiser: OptimiserPart
    output: OutputPart
    command: str


_PARTS: dict[str, type] = {"model": ModelPart, "data": DataPart, "optimiser": OptimiserPart, "output": OutputPart}


def read_config(path: Path, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Raises TrainingConfigError for a missing file, an unknown, missing or mistyped key, or seed ranges that overlap."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for override in overrides:
            _apply(data, override)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingConfigError(f"{path}: {error}") from error
    if unknown := data.keys() - _PARTS.keys():
        raise TrainingConfigError(f"{path.name}: unknown table {', '.join(sorted(unknown))}")
    parts = {name: _part(kind, name, data.get(name, {})) for name, kind in _PARTS.items()}
    config = TrainingConfig(**parts, command=" ".join(["echonode train", str(path), *overrides]))
    _check_seeds(config.data)
    return config


def _apply(data: dict[str, Any], override: str) -> None:
    place, separator, text = override.partition("=")
    table, dot, key = place.partition(".")
    if not (separator and dot):
        raise TrainingConfigError(f"{override!r} is not of the form table.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is a string
    if not isinstance(data.setdefault(table, {}), dict):
        raise TrainingConfigError(f"[{table}] should be a table")
    data[table][key] = value


def _part(kind: type, name: str, values: dict[str, Any]) -> Any:
    expected: dict[str, Any] = {field.name: field.type for field in fields(kind)}
    if not isinstance(values, dict):
        raise TrainingConfigError(f"[{name}] should be a table")
    if wrong := expected.keys() ^ values.keys():
        raise TrainingConfigError(f"[{name}]: missing or unknown {', '.join(sorted(wrong))}")
    for key, value in values.items():
        if expected[key] is float and type(value) is int:
            values[key] = float(value)
        elif not _is(value, expected[key]):
            raise TrainingConfigError(
                f"[{name}] {key} should be a {'list of int' if expected[key] == list[int] else expected[key].__name__}"
            )
    if name == "model" and values["task"] not in get_args(Task):
        raise TrainingConfigError(f"[model] task {values['task']!r} is none of {', '.join(get_args(Task))}")
    return kind(**values)


def _is(value: object, kind: Any) -> bool:
    """A bool is an int by inheritance, but not here; infinity and NaN are no float that trains anything."""
    if kind == list[int]:
        return type(value) is list and all(type(item) is int for item in value)
    if kind not in (int, float, str):
        return True  # the task: looked at by name
    return type(value) is kind and (kind is not float or math.isfinite(value))  # type: ignore[arg-type]


def _check_seeds(data: DataPart) -> None:
    ranges = sorted([data.train_seeds, data.validation_seeds, data.test_seeds])
    if any(len(seeds) != 2 or seeds[0] >= seeds[1] for seeds in ranges):
        raise TrainingConfigError("[data] a seed range is [first, one past the last]")
    if ranges[0][1] > ranges[1][0] or ranges[1][1] > ranges[2][0]:
        raise TrainingConfigError("[data] train, validation and test seeds overlap: no heart may be in two of them")
