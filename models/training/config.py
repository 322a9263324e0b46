"""The training configuration: one TOML file per model in `config/`, changed by `table.key=value` on the command line."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, FiniteFloat, Strict, StrictInt, ValidationError, model_validator

from models.errors import TrainingConfigError
from models.setting_errors import bracketed, setting_errors

TaskName = Literal["view", "quality", "lv", "echo_motion_lv"]


def _half_open(seeds: list[int]) -> list[int]:
    if len(seeds) != 2 or seeds[0] >= seeds[1]:
        raise ValueError("a seed range is [first, one past the last]")
    return seeds


SeedRange = Annotated[list[StrictInt], AfterValidator(_half_open)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelPart(_Part):
    """What is trained: `task` decides family, labels and loss; `channels` the width of each stage or level."""

    name: str
    version: str
    task: TaskName
    size_px: StrictInt
    channels: list[StrictInt]


class DataPart(_Part):
    """Half-open, disjoint ranges of heart seeds; `cache` keeps the generated frames of all trainings."""

    train_seeds: SeedRange
    validation_seeds: SeedRange
    test_seeds: SeedRange
    cache: str
    processes: StrictInt

    @model_validator(mode="after")
    def _disjoint(self) -> "DataPart":
        ranges = sorted([self.train_seeds, self.validation_seeds, self.test_seeds])
        if ranges[0][1] > ranges[1][0] or ranges[1][1] > ranges[2][0]:
            raise ValueError("train, validation and test seeds overlap: no heart may be in two of them")
        return self


class OptimiserPart(_Part):
    iterations: StrictInt
    batch_size: StrictInt
    learning_rate: Annotated[FiniteFloat, Strict()]
    weight_decay: Annotated[FiniteFloat, Strict()]
    seed: StrictInt


class OutputPart(_Part):
    """`folder` receives `manifests/<name>.toml` and `weights/<name>.safetensors`."""

    folder: str


class TrainingConfig(_Part):
    model: ModelPart
    data: DataPart
    optimiser: OptimiserPart
    output: OutputPart
    command: str


def read_config(path: Path, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Raises TrainingConfigError for a missing file, an unknown, missing or mistyped key, or seed ranges that overlap."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingConfigError(f"{path}: {error}") from error
    for override in overrides:
        _apply(data, override)
    data["command"] = " ".join(["echonode train", str(path), *overrides])
    try:
        return TrainingConfig.model_validate(data)
    except ValidationError as error:
        raise TrainingConfigError(f"{path.name}: {setting_errors(error, TrainingConfig, written=bracketed)}") from error


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
