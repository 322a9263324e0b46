"""A training from its configuration to a finished run: `echonode train`."""

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.errors import TrainingConfigError
from models.evaluation.datasets.truth_json import ClipSource
from models.training.batch_order import BatchOrder, class_balance
from models.training.checkpoints import Progress, load_best, write_whole
from models.training.clip_dataset import ClipDataset
from models.training.computation import chosen_device, chosen_precision
from models.training.configuration import command_of, read_configuration, read_yaml, yaml_of
from models.training.finished_run import write_run
from models.training.fitting import Fitting
from models.training.judgement import figures_of, scores_of
from models.training.preparation import prepared
from models.training.reference_limit import learnt_reference
from models.training.run import CONFIG_FILE, RUN_FILE, Run, read_run
from models.training.settings import PHANTOM, Settings
from models.training.starting_model import StartingModel
from models.training.tasks import Task
from models.training.training_data import TaughtData, TrainingData, read_training_data, without_unfit
from models.training.training_log import TrainingLog, Unwatched, Watcher
from models.training.value_range import ValueRange


def train(
    config: str, overrides: Sequence[str] = (), *, source: ClipSource | None = None, watcher: Watcher | None = None
) -> Run:
    """Trains what the configuration says, or goes on with it; a finished run is returned as it is.

    `source` reads the clips of a folder of DICOM objects. Raises TrainingConfigError, TrainingRunError, DatasetError,
    TrainingFailed, TrainingStopped. The same configuration, data and machine give the same weights.
    """
    settings, resolved = read_configuration(config, overrides)
    folder = Path(settings.run.folder)
    if (folder / RUN_FILE).is_file():
        _same_configuration(folder, resolved)
        return read_run(folder)
    _claim(folder, resolved)
    watcher = watcher or Unwatched()
    threads = torch.get_num_threads()
    try:
        return _Training(settings, resolved, command_of(config, overrides), folder, source, watcher).run()
    finally:
        torch.set_num_threads(threads)  # a training that goes on computes with those it began with


def _claim(folder: Path, resolved: Mapping[str, Any]) -> None:
    if (folder / CONFIG_FILE).is_file():
        _same_configuration(folder, resolved)
        return
    if folder.exists() and any(folder.iterdir()):
        raise TrainingConfigError(f"run.folder: {folder} holds other files: choose another folder")
    write_whole(folder / CONFIG_FILE, yaml_of(resolved).encode())


def _same_configuration(folder: Path, resolved: Mapping[str, Any]) -> None:
    """Where and how it is watched may change; what is trained may not."""
    before = read_yaml(folder / CONFIG_FILE)
    changed = sorted(_flat(before).items() ^ _flat(resolved).items())
    keys = sorted({key for key, _ in changed} - {"run.mlflow", "run.folder", "data.workers", "data.memory_mb"})
    if keys:
        raise TrainingConfigError(
            f"run.folder: {folder} is a training with another {', '.join(keys)}: choose another folder, or the same settings"
        )


def _flat(table: Any, above: str = "") -> dict[str, str]:
    if not isinstance(table, dict):
        return {above.removesuffix("."): repr(table)}
    return {key: value for name, part in table.items() for key, value in _flat(part, f"{above}{name}.").items()}


@dataclass(frozen=True, eq=False)
class _Training:
    settings: Settings
    resolved: Mapping[str, Any]
    command: str
    folder: Path
    source: ClipSource | None
    watcher: Watcher

    def run(self) -> Run:
        settings = self.settings
        data = read_training_data(settings.data, self.source)
        task, taught, starting = prepared(settings, data)
        if data.layout != PHANTOM:
            taught = self._shown(data, task, taught, starting)
        self.watcher.said(_summary(settings, task, taught, starting))
        device = chosen_device(settings.run.device)
        precision = chosen_precision(settings.run.precision, device)
        sets = {split: _dataset(settings, starting, task, taught, split) for split in taught.items}
        log = TrainingLog(self.folder, settings.run.mlflow, settings.model.name, self.resolved)
        fitting = self._fitting(task, taught, starting, sets, device, precision, log)
        progress = fitting.fit()
        load_best(self.folder, starting.changing(head_only=settings.model.trained == "head"))
        thresholds, metrics = self._judged(task, starting, sets, device)
        for split, figures in metrics.items():
            log.figures(progress.step, f"best_{split}", figures)
        log.ended()
        run = self._run(data, task, taught, starting, progress, metrics, thresholds, device, precision)
        return write_run(self.folder, run, starting.network)

    def _shown(self, data: TrainingData, task: Task, taught: TaughtData, starting: StartingModel) -> TaughtData:
        """Each item is opened once: a clip that cannot be read must not end a training after hours."""
        items = [item for members in taught.items.values() for item in members]
        self.watcher.said(f"opening {len(items)} items once")
        every = ClipDataset(items, starting.model.manifest, task, memory_mb=0)
        why = {id(item): every.why_unfit(index) for index, item in enumerate(items)}
        return without_unfit(taught, data, self.settings.data, lambda item: why[id(item)])

    def _fitting(
        self,
        task: Task,
        taught: TaughtData,
        starting: StartingModel,
        sets: Mapping[str, ClipDataset],
        device: str,
        precision: str,
        log: TrainingLog,
    ) -> Fitting:
        settings = self.settings
        classes = [task.class_of(item) for item in taught.items["train"]]
        weights = class_balance(classes) if settings.data.balance and any(classes) else None
        order = BatchOrder(len(sets["train"]), settings.run.batch_size, settings.run.seed, weights)
        return Fitting(
            starting, task, sets["train"], sets["val"], order, settings.data.augmentation, settings.optimiser, settings.run,
            _steps(settings, order), device, precision, settings.model.trained == "head", self.folder, taught.record.sha256,
            settings.data.workers, log, self.watcher, ValueRange.of(starting.model.manifest),
        )  # fmt: skip

    def _judged(
        self, task: Task, starting: StartingModel, sets: Mapping[str, ClipDataset], device: str
    ) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Limits, and the figures of the splits that nothing was learnt from."""
        scores = {
            split: scores_of(starting.network, task, sets[split], self.settings.run.batch_size, device)
            for split in ("val", "test")
            if len(sets[split])
        }
        limits = task.thresholds(starting.model, scores["val"]) | learnt_reference(starting.model, sets["train"], sets["val"])
        return limits, {split: figures_of(task, found) for split, found in scores.items()}

    def _run(
        self,
        data: TrainingData,
        task: Task,
        taught: TaughtData,
        starting: StartingModel,
        progress: Progress,
        metrics: dict[str, dict[str, float]],
        thresholds: Mapping[str, float],
        device: str,
        precision: str,
    ) -> Run:
        manifest, start = starting.model.manifest, starting.start
        return Run(
            name=self.settings.model.name, model=self.settings.model.start, task=task.name, family=manifest.family,
            architecture=dict(manifest.architecture), labels=manifest.labels, input_size_px=manifest.input_size_px,
            input_shape=manifest.input_shape, input_values=manifest.input_values,
            output_values=manifest.output_values if manifest.labels == start.labels else _outputs(task),
            thresholds=dict(manifest.thresholds) | dict(thresholds),
            licence=self.settings.model.licence or _licence(starting),
            trained_on_phantoms=data.of_phantoms or bool(starting.weights_sha256 and start.trained_on_phantoms),
            started_from=starting.weights_sha256, new_tensors=starting.new, generator=data.generator, data=taught.record,
            metrics=metrics, steps=progress.step, best_step=progress.best_step, seed=self.settings.run.seed, device=device,
            precision=precision, versions=_versions(), command=self.command, weights_sha256="",
        )  # fmt: skip


def _dataset(settings: Settings, starting: StartingModel, task: Task, taught: TaughtData, split: str) -> ClipDataset:
    told = settings.data
    return ClipDataset(
        taught.items[split], starting.model.manifest, task,
        random_start=told.random_start, memory_mb=told.memory_mb // 3, seed=settings.run.seed,
    )  # fmt: skip


def _steps(settings: Settings, order: BatchOrder) -> int:
    told = settings.run
    if (told.steps is None) == (told.epochs is None):
        raise TrainingConfigError("run.steps, run.epochs: give one of them")
    return told.steps or (told.epochs or 1) * order.steps_per_epoch


def _summary(settings: Settings, task: Task, taught: TaughtData, starting: StartingModel) -> str:
    counts = ", ".join(f"{count} {split}" for split, count in taught.record.items.items())
    patients = ", ".join(str(count) for count in taught.record.patients.values())
    begins = f"begins anew: {', '.join(starting.new)}" if starting.weights_sha256 and starting.new else ""
    first = f"{settings.model.name}: {task.name} of {', '.join(task.labels)}; items: {counts}; patients: {patients}"
    return "\n".join([first, *taught.record.notes, *([begins] if begins else [])])


def _outputs(task: Task) -> str:
    return f"{task.name}: {', '.join(task.labels)}"


def _licence(starting: StartingModel) -> str:
    """Weights that were learnt from others keep their licence."""
    return starting.start.licence if starting.weights_sha256 else "that of the data's owner"


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in ("torch", "numpy")}
    return found | {"python": platform.python_version()}
