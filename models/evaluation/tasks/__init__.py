"""Trials of any model of the library on any data set: the task follows from the recipe, the figures from the task."""

import csv
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from models.errors import EvaluationError
from models.evaluation.datasets import DICOM
from models.evaluation.datasets.items import DataSet
from models.evaluation.tasks.classification import classify, embed
from models.evaluation.tasks.evaluation_result import EvaluationResult, Options, save_plots
from models.evaluation.tasks.landmarks import read_landmarks
from models.evaluation.tasks.reading import read_ef, read_lengths, read_phases
from models.evaluation.tasks.segmentation import segment
from models.evaluation.tasks.values import read_values
from models.library.manifest import Manifest, Value
from models.library.model import Model
from models.library.quantities import quantities_read
from models.library.registry import recipe_of

Task = Callable[[Model, DataSet, Options], EvaluationResult]

# By name, of a loaded model.
TASKS: dict[str, Task] = {
    "classification": classify,
    "embedding": embed,
    "segmentation": segment,
    "ef": read_ef,
    "linear": read_lengths,
    "phase": read_phases,
    "values": read_values,
    "landmarks": read_landmarks,
}

_NEEDED = ("sklearn", "matplotlib")  # of the extra `train`: figures and plots


def tasks_of(manifest: Manifest) -> tuple[str, ...]:
    """The tasks that a model can be evaluated at, the usual one first. Raises EvaluationError where nothing is known of it."""
    if not (tasks := recipe_of(manifest).evaluation):
        raise EvaluationError(f"model {manifest.name}: no data set layout holds the truth of what it gives")
    if recipe_of(manifest).needs and not quantities_read(manifest):
        tasks = tuple(task for task in tasks if task != "values")
    has_head = manifest.architecture.get("outputs") != 0
    return tasks if has_head else tasks[::-1]


def run_task(model: Model, data: DataSet, options: Options, task: str = "auto") -> EvaluationResult:
    """The result of `task`, or of the model's usual one. Raises EvaluationError where model and data do not fit.

    It also does where what counts and draws is not installed: before hours of computing, not after them.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise EvaluationError(f"{' and '.join(missing)} cannot be imported: pip install 'echonode[train]'")
    return TASKS[chosen_task(model.manifest, data, task)](model, data, options)


def chosen_task(manifest: Manifest, data: DataSet, task: str = "auto") -> str:
    """The task itself, or the usual one of this model on these data. Raises EvaluationError for one the model cannot do."""
    tasks = tasks_of(manifest)
    chosen = _usual(tasks, data) if task == "auto" else task
    if chosen not in tasks:
        raise EvaluationError(f"model {manifest.name} cannot be evaluated at {chosen!r}, but at {', '.join(tasks)}")
    return chosen


def _usual(tasks: tuple[str, ...], data: DataSet) -> str:
    """Lines with both ends have layouts of their own; a `truth.json` states lengths."""
    return "values" if tasks[0] == "linear" and data.layout == DICOM and "values" in tasks else tasks[0]


@dataclass(frozen=True)
class Compared:
    """One figure with what its publisher states of the same on the same data; either may be missing.

    `otherwise` is what they state of it in other circumstances, by what those were.
    """

    key: str
    found: Value | None
    published: Value | None
    otherwise: Mapping[str, Value] = field(default_factory=dict)


_ABOUT = ("measured_on", "measured_on_layout")  # the metrics that are no figures


def beside_published(manifest: Manifest, figures: Mapping[str, Value], layout: str) -> list[Compared]:
    """Every figure found, then what else is published.

    `<figure>_<layout>` is stated for that layout; `<figure>` alone for the manifest's `measured_on_layout` and no other.
    """
    published = {key: value for key, value in manifest.metrics.items() if key not in _ABOUT}
    here = manifest.metrics.get("measured_on_layout") == layout
    rows, used = [], set()
    for key, value in figures.items():
        names = [name for name in (f"{key}_{layout}", key if here else "") if name in published]
        circumstances = {f"{key}_internal": "internal", f"{key}_external": "external"}
        if here:
            circumstances[f"first_version_{key}"] = "first version"
        otherwise = {word: published[name] for name, word in circumstances.items() if name in published}
        used |= {*names, *circumstances}
        rows.append(Compared(key, value, published[names[0]] if names else None, otherwise))
    left = {key: value for key, value in published.items() if key not in used}
    return rows + [Compared(f"{key}, elsewhere" if key in figures else key, None, value) for key, value in left.items()]


def write_result(result: EvaluationResult, manifest: Manifest, data: DataSet, folder: Path) -> list[Path]:
    """metrics.json, items.csv and the plots. JSON knows no NaN: such a figure is null."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics, items = folder / "metrics.json", folder / "items.csv"
    metrics.write_text(json.dumps(as_record(result, manifest, data), indent=2), encoding="utf-8")
    with items.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(result.rows[0]))
        writer.writeheader()
        writer.writerows(result.rows)
    return [metrics, items, *save_plots(result.plots, folder)]


def as_record(result: EvaluationResult, manifest: Manifest, data: DataSet) -> dict[str, Any]:
    """What is written as metrics.json and printed as JSON."""
    return {
        "model": manifest.name,
        "version": manifest.version,
        "weights_sha256": manifest.weights_sha256,
        "layout": data.layout,
        "task": result.task,
        "phantom_clips": result.phantom_clips,
        "figures": {key: _plain(value) for key, value in result.figures.items()},
        "published": dict(manifest.metrics),
        "notes": [*data.notes, *result.notes],
    }


def _plain(value: Value) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
