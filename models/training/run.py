"""A finished training: a folder with the best weights, what made them, and how good they are.

    config.yaml         the whole configuration, as it was resolved
    model.safetensors   the best weights, in single precision
    run.json            what `Run` says
    log.csv             a row for each report of the training
    checkpoints/        where a killed training goes on

A folder without `run.json` is a training that is not finished.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import TrainingRunError
from models.library.manifest import Manifest, Value
from models.setting_errors import setting_errors

RUN_FILE, WEIGHTS_FILE, CONFIG_FILE, LOG_FILE, CHECKPOINTS = (
    "run.json", "model.safetensors", "config.yaml", "log.csv", "checkpoints",
)  # fmt: skip


class DataRecord(BaseModel):
    """What was learnt from. `sha256` is that of the keys, patients, splits and labels of all items, in their order.

    `items` and `patients` are counts by split. `patients_of` names the patients of each split by hashes, since names are
    nobody's business. `of_phantoms`: some of the images show synthetic hearts. `seeds` are half-open ranges of
    hearts, by split. `notes` tell what was left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: str
    path: str
    sha256: str
    items: dict[str, int]
    patients: dict[str, int]
    patients_of: dict[str, tuple[str, ...]]
    of_phantoms: bool
    description: str
    seeds: dict[str, tuple[int, int]] = {}
    notes: tuple[str, ...] = ()


class Run(BaseModel):
    """What `run.json` says. `model` is the name in the registry, or the manifest's path, of what the training started from.

    `started_from` is the SHA-256 of the weights it started from, "" for freshly initialised ones; `new_tensors` are those that
    were not taken from them. Family, labels, input, architecture and thresholds are those of a manifest, so that the registry
    builds the same network (`manifest_of_run`). `trained_on_phantoms`: the data are phantoms, or the weights it started from
    were trained on some. `metrics` are figures by split, of the best weights, which are those of `best_step`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    model: str
    task: str
    family: str
    architecture: dict[str, Value]
    labels: tuple[str, ...]
    input_size_px: int
    input_shape: tuple[int, ...]
    input_values: str
    output_values: str
    thresholds: dict[str, float]
    licence: str
    trained_on_phantoms: bool
    started_from: str
    new_tensors: tuple[str, ...]
    generator: str
    data: DataRecord
    metrics: dict[str, dict[str, float]]
    steps: int
    best_step: int
    seed: int
    device: str
    precision: str
    versions: dict[str, str]
    command: str
    weights_sha256: str
    folder: Path = Field(default=Path(), exclude=True)

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS_FILE


def read_run(folder: Path) -> Run:
    """The finished training in `folder`. Raises TrainingRunError for one that is not finished, or is no training."""
    path = folder / RUN_FILE
    try:
        run = Run.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        unfinished = (folder / CONFIG_FILE).is_file()
        what = "a training that is not finished: give the same command again" if unfinished else "no training: no run.json"
        raise TrainingRunError(f"{folder}: {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingRunError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise TrainingRunError(f"{path}: {setting_errors(error, Run)}") from error
    if not (folder / WEIGHTS_FILE).is_file():
        raise TrainingRunError(f"{folder}: no {WEIGHTS_FILE}")
    return run.model_copy(update={"folder": folder})


def figures(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """All figures of a run in one table, each with its split.

    >>> figures({"val": {"dice": 0.9}, "test": {"dice": 0.8}})
    {'val_dice': 0.9, 'test_dice': 0.8}
    """
    return {f"{split}_{name}": value for split, named in metrics.items() for name, value in named.items()}


def manifest_of_run(run: Run, start: Manifest) -> Manifest:
    """The manifest that builds the run's network: what of `start` holds for it too, and what the run says."""
    return replace(
        start,
        name=run.name,
        version="1",
        weights_file=WEIGHTS_FILE,
        family=run.family,
        licence=run.licence,
        labels=run.labels,
        label_names=(),
        aliases=(),
        input_size_px=run.input_size_px,
        input_shape=run.input_shape,
        input_values=run.input_values,
        output_values=run.output_values,
        architecture=run.architecture,
        thresholds=run.thresholds,
        gate={},  # calibrated on what the weights before drew
        metrics=figures(run.metrics),
        weights_sha256=run.weights_sha256,
        trained=True,
        trained_on_phantoms=run.trained_on_phantoms,
        training_data=run.data.description,
        generator=run.generator,
        train_seeds=run.data.seeds.get("train", (0, 0)),
        validation_seeds=run.data.seeds.get("val", (0, 0)),
        test_seeds=run.data.seeds.get("test", (0, 0)),
        command=run.command,
        source_file="",
        source_sha256="",
        publication=None,
    )
