"""Clips of any data set as a network sees them, with what it should answer: a torch `Dataset`, also for loops of one's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from models.clip import Clip
from models.errors import DatasetError, ModelError, ReadingError
from models.evaluation.datasets.items import Item
from models.inputs.clip_input import PADDING, as_clip, input_of, takes_clips
from models.library.manifest import Manifest
from models.training.placement import Placement
from models.training.tasks import Task
from models.training.tasks.task import Shown

_MB = 2**20


@dataclass(frozen=True, eq=False)
class Sample:
    """`inputs` is a frame (channels, h, w) or a clip (channels, frames, h, w), float32, in its unit.

    `targets` are the task's tensors, without a batch axis; `key` says which item it is.
    """

    inputs: Tensor
    targets: Mapping[str, Tensor]
    key: str


class ClipDataset(Dataset[Sample]):
    """One sample an item: of the frames that teach, or of the windows of a clip, one is drawn.

    `dataset[index]` draws by (`seed`, epoch, index), so the same call gives the same sample; `set_epoch` moves on. What of a
    clip is shown, and how, is the model's own business, the same as when it measures.
    """

    def __init__(
        self,
        items: Sequence[Item],
        manifest: Manifest,
        task: Task,
        *,
        random_start: bool = True,
        memory_mb: int = 2000,
        seed: int = 0,
    ) -> None:
        self.items, self.manifest, self.task = list(items), manifest, task
        self.of_clips = takes_clips(manifest)
        self._random_start, self._seed, self._epoch = random_start, seed, 0
        self._room, self._clips = memory_mb * _MB, dict[int, Clip]()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Sample:
        return self.draw(index, np.random.default_rng([self._seed, self._epoch, index]))

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def draw(self, index: int, random: np.random.Generator) -> Sample:
        """The item's sample that `random` chooses. Raises DatasetError where the network cannot be shown the clip."""
        item, clip = self.items[index], self._clip(index)
        try:
            if self.of_clips:
                starts = self._starts(item, clip)
                start = int(random.integers(len(starts))) if self._random_start else 0
                return self._of_clip(item, clip, starts[start])
            frames = self._frames(item, clip)
            return self._of_frame(item, clip, frames[int(random.integers(len(frames)))])
        except ReadingError as error:
            raise DatasetError(f"{item.key}: {error}") from error

    def shown(self, index: int) -> Iterator[Sample]:
        """What an item is judged by: each frame that teaches, the middle one where any does, a clip from its start."""
        item, clip = self.items[index], self._clip(index)
        try:
            if self.of_clips:
                yield self._of_clip(item, clip, self._starts(item, clip)[0])
                return
            frames = self._frames(item, clip)
            for frame in frames if self.task.frames(item) is not None else [frames[len(frames) // 2]]:
                yield self._of_frame(item, clip, frame)
        except ReadingError as error:
            raise DatasetError(f"{item.key}: {error}") from error

    def why_unfit(self, index: int) -> str:
        """Why an item cannot be shown to the network, "" where it can."""
        try:
            next(iter(self.shown(index)))
        except DatasetError as error:
            return str(error)
        return ""

    def _clip(self, index: int) -> Clip:
        if index in self._clips:
            return self._clips[index]
        try:
            clip = self.items[index].load()
        except ModelError as error:
            raise DatasetError(f"{self.items[index].key}: {error}") from error
        size = 3 * clip.number_of_frames * clip.rows * clip.columns
        if size <= self._room:
            self._room -= size
            self._clips[index] = clip
        return clip

    def _frames(self, item: Item, clip: Clip) -> Sequence[int]:
        frames = self.task.frames(item)
        if frames is not None and not frames:
            raise ReadingError("none of its frames has a truth")
        return range(clip.number_of_frames) if frames is None else frames

    def _starts(self, item: Item, clip: Clip) -> range:
        wanted = input_of(clip, self.manifest).chosen(())
        span = max(wanted) + 1
        starts = self.task.starts(item, span, max(clip.number_of_frames - span, 0))
        if not len(starts):
            raise ReadingError(f"what is to be learnt does not fit into the {span} frames that the network sees")
        return starts

    def _of_frame(self, item: Item, clip: Clip, frame: int) -> Sample:
        seen = input_of(clip, self.manifest)
        chosen = list(seen.chosen([frame]))[:1]
        inputs = seen.batch(chosen)[0]
        shown = Shown(chosen, Placement.of(seen), *inputs.shape[-2:])
        return Sample(inputs.contiguous(), self.task.target(item, shown), item.key)

    def _of_clip(self, item: Item, clip: Clip, start: int) -> Sample:
        part = _from_frame(clip, start)
        seen = input_of(part, self.manifest)
        chosen = list(seen.chosen(()))
        inputs = as_clip(seen.batch(chosen))[0]
        frames = [frame if frame == PADDING else frame + start for frame in chosen]
        shown = Shown(frames, Placement.of(seen), *inputs.shape[-2:])
        return Sample(inputs.contiguous(), self.task.target(item, shown), item.key)


def _from_frame(clip: Clip, start: int) -> Clip:
    """The clip from this frame on, as a network of clips sees it that begins there."""
    if not start:
        return clip
    times = clip.frame_times_ms
    return Clip(
        clip.sop_instance_uid,
        clip.take(range(start, clip.number_of_frames)),
        None if times is None else times[start:] - times[start],
        clip.regions,
        from_video_file=clip.from_video_file,
        is_quality_control_subject=clip.is_quality_control_subject,
    )


@dataclass(frozen=True, eq=False)
class SampleBatch:
    """`inputs` are frames (n, channels, h, w) or clips (n, channels, frames, h, w), float32, in its unit.

    `targets` have a first axis of n each; `keys` are those of the items.
    """

    inputs: Tensor
    targets: Mapping[str, Tensor]
    keys: tuple[str, ...]

    def to(self, device: str) -> "SampleBatch":
        moved = {name: target.to(device) for name, target in self.targets.items()}
        return SampleBatch(self.inputs.to(device), moved, self.keys)


def collate(samples: Sequence[Sample]) -> SampleBatch:
    """Screens of several sizes, and the masks on them, are filled up with zeros at their right and lower ends."""
    inputs = _stacked([sample.inputs for sample in samples])
    height, width = inputs.shape[-2:]
    targets = {}
    for name in samples[0].targets:
        parts = [sample.targets[name] for sample in samples]
        targets[name] = _stacked(parts, height, width) if name == "mask" else torch.stack(parts)
    return SampleBatch(inputs, targets, tuple(sample.key for sample in samples))


def _stacked(parts: Sequence[Tensor], height: int = 0, width: int = 0) -> Tensor:
    height, width = (max(size, *(part.shape[axis] for part in parts)) for size, axis in ((height, -2), (width, -1)))
    whole = [torch.nn.functional.pad(part, (0, width - part.shape[-1], 0, height - part.shape[-2])) for part in parts]
    return torch.stack(whole)
