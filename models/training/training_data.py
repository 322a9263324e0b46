"""What a training learns from: the items of a data set or of the phantom, split by patient."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import DatasetError, TrainingConfigError
from models.evaluation.datasets import DICOM, detect_layout, read_data
from models.evaluation.datasets.items import Item
from models.evaluation.datasets.truth_json import ClipSource
from models.training.patient_splits import SPLITS, split_by_patient
from models.training.phantom_samples import phantom_description, phantom_generator, phantom_samples, seeds_of
from models.training.run import DataRecord
from models.training.settings import PHANTOM, DataPart
from models.training.tasks import Task

_SHORT = 16  # characters of a patient's hash


@dataclass(frozen=True, eq=False)
class TrainingData:
    """`classes` are the labels of the data in their own order. `generator` made them, "" where none did."""

    layout: str
    path: str
    items: tuple[Item, ...]
    classes: tuple[str, ...]
    of_phantoms: bool
    generator: str
    description: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TaughtData:
    """What of the data teaches one task: the items of each split, and what is recorded of them."""

    items: Mapping[str, tuple[Item, ...]]
    record: DataRecord


def read_training_data(told: DataPart, source: ClipSource | None = None) -> TrainingData:
    """`source` reads the clips of a folder of DICOM objects. Raises DatasetError, TrainingConfigError."""
    if told.layout == PHANTOM:
        items = tuple(phantom_samples(told.phantom))
        return TrainingData(PHANTOM, "", items, (), True, phantom_generator(), phantom_description(told.phantom), ())
    if not told.path:
        raise TrainingConfigError("data.path is missing: the folder of the data set (data.path=FOLDER)")
    path = Path(told.path)
    if not path.exists():
        raise DatasetError(f"data.path: there is no {path}")
    layout = detect_layout(path) if told.layout == "auto" else told.layout
    data = read_data(path, layout, source, split="train")
    items = tuple(data.items)
    phantoms = layout == DICOM and any(item.load().is_quality_control_subject for item in items)
    described = f"{len(items)} items of layout {layout}" + (", synthetic hearts among them" if phantoms else "")
    return TrainingData(layout, str(path), items, data.classes, phantoms, "", described, data.notes)


def taught_data(data: TrainingData, task: Task, told: DataPart) -> TaughtData:
    """Raises DatasetError where nothing teaches the task, or not enough patients do."""
    taught = [item for item in data.items if task.taught_by(item)]
    if not taught:
        raise DatasetError(
            f"{data.path or data.layout}: none of {len(data.items)} items teaches {task.name} of {', '.join(task.labels)}"
        )
    split = split_by_patient(taught, told.fractions, told.split_seed)
    items = {name: split.items[name][: told.limit] for name in SPLITS}
    left = len(data.items) - len(taught)
    notes = (*data.notes, *split.notes, *((f"{left} items say nothing of the task",) if left else ()))
    return TaughtData(items, _record(data, told, items, notes))


def without_unfit(taught: TaughtData, data: TrainingData, told: DataPart, why_unfit: Callable[[Item], str]) -> TaughtData:
    """Less the items that the network cannot be shown, with a note of how many and why the first cannot. Raises DatasetError
    where nothing is left to learn from, or to validate on.
    """
    unfit = {id(item): why for members in taught.items.values() for item in members if (why := why_unfit(item))}
    if not unfit:
        return taught
    first = next(iter(unfit.values()))
    items = {split: tuple(item for item in members if id(item) not in unfit) for split, members in taught.items.items()}
    for split in SPLITS[:2]:
        if not items[split]:
            raise DatasetError(f"none of the items of {split} can be shown to the network: {first}")
    note = f"{len(unfit)} items cannot be shown to the network; the first: {first}"
    return TaughtData(items, _record(data, told, items, (*taught.record.notes, note)))


def _record(data: TrainingData, told: DataPart, items: Mapping[str, Sequence[Item]], notes: tuple[str, ...]) -> DataRecord:
    return DataRecord(
        layout=data.layout,
        path=data.path,
        sha256=_hash_of(items),
        items={name: len(items[name]) for name in SPLITS},
        patients={name: len({item.group for item in items[name]}) for name in SPLITS},
        patients_of={name: _patients(items[name]) for name in SPLITS},
        of_phantoms=data.of_phantoms,
        description=data.description,
        seeds=seeds_of(told.phantom) if data.layout == PHANTOM else {},
        notes=notes,
    )


def _patients(items: Iterable[Item]) -> tuple[str, ...]:
    groups = sorted({item.group for item in items})
    return tuple(hashlib.sha256(group.encode()).hexdigest()[:_SHORT] for group in groups)


def _hash_of(items: Mapping[str, Sequence[Item]]) -> str:
    """Of keys, patients, splits and what is stated: a data set that changed is not gone on with."""
    digest = hashlib.sha256()
    for split, members in items.items():
        for item in members:
            truth = replace(item.truth, masks=dict)
            stated = (truth.label, truth.ef_percent, truth.ed_frame, truth.es_frame, truth.structures, truth.quality)
            digest.update(repr((split, item.key, item.group, stated, len(truth.calipers), len(truth.landmarks))).encode())
    return digest.hexdigest()
