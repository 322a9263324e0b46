"""What a configuration asks for, made: the task, what teaches it, the network it begins with."""

from collections.abc import Sequence
from dataclasses import replace

from models.errors import TrainingConfigError
from models.evaluation.datasets.items import Item
from models.library.manifest import Manifest
from models.training.settings import Settings
from models.training.starting_model import StartingModel, freeze, start_of, starting_model
from models.training.tasks import TASKS, Task
from models.training.tasks.task import TaskContext
from models.training.training_clips import estimate_normalisation
from models.training.training_data import TaughtData, TrainingData, taught_data

_CLIPS, _FRAMES = 128, 16  # of which mean and deviation are taken, as EchoNet-Dynamic's authors do


def prepared(settings: Settings, data: TrainingData) -> tuple[Task, TaughtData, StartingModel]:
    """All that a configuration can get wrong is said here. Raises TrainingConfigError, DatasetError, WeightsError."""
    name = str(settings.task.get("name", ""))
    if name not in TASKS:
        raise TrainingConfigError(f"task.name: no task {name!r}; there are {', '.join(TASKS)}")
    start, recipe = start_of(settings.model, name)
    # What is counted of the data is counted of the training patients alone, so the task is made twice.
    rough = TASKS[name].of(settings.task, TaskContext(start, recipe, data.classes, data.items))
    taught = taught_data(data, rough, settings.data)
    start = _normalised(start, taught.items["train"])
    said = settings.task | {"labels": list(rough.labels)}
    task = TASKS[name].of(said, TaskContext(start, recipe, data.classes, taught.items["train"]))
    starting = starting_model(settings.model, start, task.model_labels, task.outputs, settings.run.seed)
    task.fitted(starting.model)
    freeze(starting, settings.model)
    return task, taught, starting


def _normalised(start: Manifest, items: Sequence[Item]) -> Manifest:
    """With mean and deviation of the training clips, where the family takes them and nobody has stated them."""
    needed = start.publication.needed_settings if start.publication else ()
    if not {"mean", "std"} <= set(needed) or {"mean", "std"} <= set(start.architecture):
        return start
    step = max(len(items) // _CLIPS, 1)
    clips = (item.load() for item in items[::step][:_CLIPS])
    mean, deviation = estimate_normalisation([clip.take(range(min(_FRAMES, clip.number_of_frames))) for clip in clips])
    found = {"mean": [round(one, 3) for one in mean], "std": [max(round(one, 3), 1e-3) for one in deviation]}
    return replace(start, architecture=dict(start.architecture) | found)
