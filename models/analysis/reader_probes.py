"""What is tried of a network that reads clips itself before an engine may compute it: which of its steps, on which input."""

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.clip import Clip
from models.engines.agreement import sides
from models.errors import ManifestError, ReadingError
from models.inputs.clip_input import input_of, network_input, takes_clips
from models.library.manifest import Manifest
from models.library.recipe import Answer, EngineStep
from models.library.registry import recipe_of
from models.networks.engine_slots import EngineSlots, Run, Slot, by_torch


class Step(nn.Module):
    """One method of a network as a module: the class's own, also when an engine has taken its place in the network.

    `batch` (n, ...), float32, is what the method takes; it gives logits, features or values (n, ...).
    """

    def __init__(self, owner: nn.Module, method: str) -> None:
        super().__init__()
        self.owner, self._name = owner, method
        self._method = by_torch(owner, method)

    def forward(self, batch: Tensor) -> Tensor:
        result: Tensor = self._method(self.owner, batch)
        return result

    def extra_repr(self) -> str:
        return self._name  # tells graphs of several methods of one network apart


@dataclass(frozen=True)
class ReaderProbe:
    """The engine computes `method` of `owner`; `batch` (n, ...), float32, is an input of it, in the unit that the network
    takes.

    `others` are inputs with other sides, where it takes any. They are tried too, and then the engine takes inputs of every
    size.
    """

    owner: EngineSlots
    method: str
    answers: Answer
    batch: Tensor
    others: tuple[Tensor, ...] = ()

    @property
    def step(self) -> nn.Module:
        return Step(self.owner, self.method).eval()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an input without the first axis; -1 for a free side."""
        return sides(self.batch, self.others)

    def takes(self, batch: Tensor) -> bool:
        """Whether `batch` (n, ...), of any dtype and any unit, has the sides that were tried."""
        found = tuple(batch.shape[1:])
        return len(found) == len(self.shape) and all(side in (-1, other) for side, other in zip(self.shape, found, strict=True))

    def hand_to(self, run: Run) -> None:
        """Inputs that were tried go to `run`, all others stay where they were.

        `run` takes such a batch (n, ...), float32, and gives all outputs: logits, features or values, each (n, ...).
        """
        self.owner.fill_slot(self.method, Slot(self.takes, run))


def reader_probes(network: nn.Module, clip: Clip) -> tuple[ReaderProbe, ...]:
    """The steps of `network` that an engine may compute, each with its input.

    There are none in a network that only torch computes: nobody taught it, or its input cannot be prepared.
    """
    manifest: Manifest = network.manifest  # type: ignore[assignment]
    recipe = recipe_of(manifest)
    step = recipe.engine
    if step is None or manifest.architecture.get("decoder") == "untrained":
        return ()
    try:
        batch = step_batch(clip, manifest, step)
    except ReadingError:
        return ()
    others = tuple(functional.interpolate(batch, sides, mode="bilinear", align_corners=False) for sides in step.other_sides)
    owners = (cast(EngineSlots, network.get_submodule(owner)) for owner in step.owners)
    return tuple(ReaderProbe(owner, step.method, recipe.answers, batch, others) for owner in owners)


def step_batch(clip: Clip, manifest: Manifest, step: EngineStep) -> Tensor:
    """What the network's own reader shows this step first of the clip, which is repeated where it is too short for that.

    Frames (n, channels, rows, columns) or clips (n, channels, frames, rows, columns), float32; the manifest's `input_values`
    says their unit or range.
    """
    if not step.frame_by_frame:
        return network_input(_long_enough(clip, manifest), manifest, range(clip.number_of_frames))
    return input_of(clip, manifest).batch(range(clip.number_of_frames))


def role_batch(clip: Clip, manifest: Manifest) -> Tensor:
    """What a network that the node runs itself is shown of the clip: frames (n, channels, rows, columns), or clips as
    `step_batch`.

    It is float32, in the unit that the manifest's `input_values` says. Raises ManifestError where the manifest does not state
    what it takes to prepare that.
    """
    try:
        return network_input(_long_enough(clip, manifest), manifest, range(clip.number_of_frames))
    except ReadingError as error:
        raise ManifestError(str(error)) from error


def kind(manifest: Manifest) -> tuple[str, str]:
    """Family and `[architecture] network` or `task`."""
    return manifest.family, str(manifest.architecture.get("network") or manifest.architecture.get("task", ""))


def _long_enough(clip: Clip, manifest: Manifest) -> Clip:
    needed = manifest.input_shape[1] if takes_clips(manifest) else 0
    return clip if clip.number_of_frames >= needed else repeated(clip, needed)


def repeated(clip: Clip, frames: int) -> Clip:
    """The clip forwards over and over until it has this many frames, on a clock of 40 ms."""
    indices = [number % clip.number_of_frames for number in range(frames)]
    return replace(clip, frames=clip.take(indices), frame_times_ms=torch.arange(frames).double().numpy() * 40.0)
