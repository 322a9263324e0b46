"""For those who write their own loop: any data set, as any model sees it, as a torch `Dataset`."""

from pathlib import Path
from typing import Any

from models.evaluation.datasets.truth_json import ClipSource
from models.training.clip_dataset import ClipDataset
from models.training.settings import DataPart, ModelPart
from models.training.starting_model import start_of
from models.training.tasks import TASKS
from models.training.tasks.task import TaskContext
from models.training.training_data import read_training_data, taught_data


def dataset(
    path: str | Path,
    model: str,
    task: str,
    *,
    split: str = "train",
    layout: str = "auto",
    source: ClipSource | None = None,
    seed: int = 0,
    data: dict[str, Any] | None = None,
    **told: Any,
) -> ClipDataset:
    """The items of one split ("train", "val", "test"), each with what `model` should answer at `task`.

    `told` are settings of the task, such as `labels`; `data` those of the configuration's group of that name. `source` reads a
    folder of DICOM objects (`node.objects.clip_folder.clips_to_open_again`). Samples have `inputs` and `targets`;
    `models.training.clip_dataset.collate` makes batches of them. Raises DatasetError, TrainingConfigError, ManifestError.
    """
    settings = DataPart.model_validate({"path": str(path), "layout": layout, **(data or {})})
    start, recipe = start_of(ModelPart(start=model, name=model), task)
    read = read_training_data(settings, source)
    rough = TASKS[task].of({"name": task, **told}, TaskContext(start, recipe, read.classes, read.items))
    items = taught_data(read, rough, settings).items
    made = TASKS[task].of(
        {"name": task, **told, "labels": rough.labels}, TaskContext(start, recipe, read.classes, items["train"])
    )
    return ClipDataset(items[split], start, made, random_start=settings.random_start, memory_mb=settings.memory_mb, seed=seed)
