"""Which items make which batch: a pure function of the seed and the step, so that nothing of it need be stored."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Dataset

from models.training.clip_dataset import ClipDataset, Sample, SampleBatch, collate


class Drawing(IntEnum):
    """What random numbers are drawn for: each use has a stream of its own."""

    ORDER = 1
    SAMPLE = 2
    AUGMENTATION = 3
    NETWORK = 4


def stream(seed: int, use: Drawing, *place: int) -> np.random.Generator:
    return np.random.default_rng([seed, use, *place])


def seed_of(seed: int, use: Drawing, *place: int) -> int:
    """For a torch generator."""
    return int(stream(seed, use, *place).integers(2**62))


@dataclass(frozen=True, eq=False)
class BatchOrder:
    """`weights` (items,), float64, sum to 1: how often each is drawn; None: each once an epoch."""

    items: int
    batch_size: int
    seed: int
    weights: Sequence[float] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """What does not fill a batch is left to another epoch, unless there is no more."""
        return max(self.items // self.batch_size, 1)

    def batch(self, step: int) -> Sequence[int]:
        """The items of the batch of this step, 0-based."""
        epoch, place = divmod(step, self.steps_per_epoch)
        random = stream(self.seed, Drawing.ORDER, epoch)
        if self.weights is None:
            order = random.permutation(self.items)
        else:
            order = random.choice(self.items, self.items, p=np.asarray(self.weights))
        return [int(index) for index in order[place * self.batch_size : (place + 1) * self.batch_size]]


def class_balance(classes: Sequence[str]) -> Sequence[float]:
    """A weight for each item, by which every class is drawn as often as any other."""
    counts = Counter(classes)
    return [1 / counts[name] / len(counts) for name in classes]


class _Drawn(Dataset[Sample]):
    """Asked for (step, place in the batch, item)."""

    def __init__(self, dataset: ClipDataset, seed: int) -> None:
        self._dataset, self._seed = dataset, seed

    def __getitem__(self, asked: Any) -> Sample:
        step, place, index = asked
        return self._dataset.draw(index, stream(self._seed, Drawing.SAMPLE, step, place))


def training_batches(dataset: ClipDataset, order: BatchOrder, steps: range, workers: int) -> Iterator[SampleBatch]:
    """The batches of these steps, the same in whatever number of processes."""
    asked = ([(step, place, index) for place, index in enumerate(order.batch(step))] for step in steps)
    drawn = _Drawn(dataset, order.seed)
    if not workers:
        return (collate([drawn[one] for one in batch]) for batch in asked)
    loader: DataLoader[Any] = DataLoader(drawn, batch_sampler=list(asked), num_workers=workers, collate_fn=collate)
    return iter(loader)


def judged_batches(dataset: ClipDataset, batch_size: int) -> Iterator[SampleBatch]:
    """All that a split is judged by, in order."""
    waiting: list[Sample] = []
    for index in range(len(dataset)):
        for sample in dataset.shown(index):
            waiting.append(sample)
            if len(waiting) == batch_size:
                yield collate(waiting)
                waiting = []
    if waiting:
        yield collate(waiting)
