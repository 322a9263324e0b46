"""What is tried of a network that reads clips itself before an engine may compute it: which of its steps, on which input."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.analysis.adapters import placed_frames
from models.calibration import TraceChoice
from models.clip import Clip
from models.derive.displays.spectral_image import without_green_trace
from models.engines.agreement import Task, sides
from models.errors import ManifestError
from models.families.echo_apex import sequences as echo_apex_sequences
from models.families.echo_motion.frames import Preparation as EchoMotionPreparation
from models.families.echonet.clips import normalisation, squares
from models.families.echonet.quality import clip_squares
from models.families.echonet.trace import place_of
from models.families.echonet.vti import beat_squares
from models.families.pan_echo import networks as pan_echo
from models.inputs.clip_frames import ClipFrames, Fit, Preparation
from models.inputs.clip_squares import evenly
from models.library.manifest import Manifest
from models.library.reading import Decoding
from models.library.registry import recipe_of


class Step(nn.Module):
    """One method of a network as a module: the class's own, also when an engine has taken its place in the network."""

    def __init__(self, owner: nn.Module, method: str) -> None:
        super().__init__()
        self.owner, self._name = owner, method
        self._method = getattr(type(owner), method)

    def forward(self, batch: Tensor) -> Tensor:
        result: Tensor = self._method(self.owner, batch)
        return result

    def extra_repr(self) -> str:
        return self._name  # tells graphs of several methods of one network apart


@dataclass(frozen=True)
class ReaderProbe:
    """The engine computes `method` of `owner`; `batch` is an input of it. `others` are inputs with other sides, where it takes
    any: they are tried too, and then the engine takes inputs of every size.
    """

    owner: nn.Module
    method: str
    task: Task
    batch: Tensor
    others: tuple[Tensor, ...] = ()

    @property
    def step(self) -> nn.Module:
        return Step(self.owner, self.method).eval()

    @property
    def shape(self) -> tuple[int, ...]:
        """Without the first axis; -1 for a free side."""
        return sides(self.batch, self.others)

    def takes(self, batch: Tensor) -> bool:
        found = tuple(batch.shape[1:])
        return len(found) == len(self.shape) and all(side in (-1, other) for side, other in zip(self.shape, found, strict=True))

    def redirect(self, run: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        """Inputs that were tried go to `run`, all others stay where they were."""
        original = getattr(self.owner, self.method)

        def step(batch: Tensor, *more: Any) -> Any:
            if more or not self.takes(batch):
                return original(batch, *more)
            outputs = tuple(output.to(batch.device) for output in run(batch))
            return outputs[0] if len(outputs) == 1 else outputs

        setattr(self.owner, self.method, step)


def reader_probes(network: nn.Module, clip: Clip) -> tuple[ReaderProbe, ...]:
    """Empty for a network that only torch computes: nobody taught it, or its input cannot be prepared."""
    manifest: Manifest = network.manifest  # type: ignore[assignment]
    recipe = recipe_of(manifest)
    step = recipe.engine
    if step is None or echo_apex_sequences.untrained(manifest):
        return ()
    batches = _BATCHES[step.batch](clip, manifest)
    if batches is None:
        return ()
    first, *others = batches if isinstance(batches, tuple) else (batches,)
    task = Task(recipe.answers.value)
    return tuple(ReaderProbe(network.get_submodule(owner), step.method, task, first, tuple(others)) for owner in step.owners)


def kind(manifest: Manifest) -> tuple[str, str]:
    """Family and `[architecture] network` or `task`."""
    return manifest.family, str(manifest.architecture.get("network") or manifest.architecture.get("task", ""))


def _encoded(clip: Clip, manifest: Manifest) -> Tensor:
    """Any number of frames enters what follows the encoders, so what is fixed in shape is one frame's way through them."""
    return EchoMotionPreparation.of(manifest).squares(clip, list(range(clip.number_of_frames)))


def _screens(region: Callable[[Clip], TraceChoice], clip: Clip) -> tuple[Tensor, ...]:
    """The screen from the trace's upper edge down, whose sides differ from cart to cart."""
    below = without_green_trace(clip.take([0])[0])[place_of(region(clip), clip).first_row :]
    shown = ClipFrames(replace(clip, frames=below[None]))
    return tuple(shown.batch(Preparation(Fit.STRETCH, rows, columns, channels=3), [0]) for rows, columns in _SCREENS)


def _beats(clip: Clip, manifest: Manifest) -> Tensor | None:
    """None where no beat is found."""
    squares = beat_squares(clip, manifest)
    return torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 255 if squares else None


def _stretched(clip: Clip, manifest: Manifest) -> Tensor | None:
    if len(manifest.input_shape) != 3 or -1 in manifest.input_shape:
        return None
    channels, height, width = manifest.input_shape
    return ClipFrames(clip).batch(Preparation(Fit.STRETCH, height, width, channels=channels), range(clip.number_of_frames))


def _segmenter_frames(clip: Clip, manifest: Manifest) -> Tensor:
    return placed_frames(clip, ClipFrames(clip), manifest).batch(range(clip.number_of_frames))


def _normalised_frames(clip: Clip, manifest: Manifest) -> Tensor | None:
    """None where mean and deviation are not known: then nothing is read either."""
    return None if normalisation(manifest) is None else _segmenter_frames(clip, manifest)


def _normalised_clip(clip: Clip, manifest: Manifest) -> Tensor | None:
    rule = normalisation(manifest)
    return None if rule is None else rule.apply(squares(repeated(clip, _length(manifest)), Decoding.CORRECTED).frames)[None]


def _quality_clip(clip: Clip, manifest: Manifest) -> Tensor:
    return torch.from_numpy(clip_squares(clip)).permute(3, 0, 1, 2)[None].float() / 255


def _apex_clip(clip: Clip, manifest: Manifest) -> Tensor:
    long = repeated(clip, echo_apex_sequences.FRAMES)
    return echo_apex_sequences.shown(long, manifest, evenly(long.number_of_frames, echo_apex_sequences.FRAMES))[0][None]


def _apex_frames(clip: Clip, manifest: Manifest) -> Tensor:
    return echo_apex_sequences.shown(clip, manifest, range(clip.number_of_frames))[0].transpose(0, 1)


def _pan_echo_clip(clip: Clip, manifest: Manifest) -> Tensor:
    (run, *_) = pan_echo.frame_runs(pan_echo.FRAMES)
    return pan_echo.shown(repeated(clip, pan_echo.FRAMES), run, Decoding.CORRECTED)[None]


def _grey_squares(clip: Clip, manifest: Manifest) -> Tensor:
    _, height, width = manifest.input_shape
    return ClipFrames(clip).batch(Preparation(Fit.LETTERBOX, height, width, largest=255), range(clip.number_of_frames))


def _stretched_to_255(clip: Clip, manifest: Manifest) -> Tensor:
    height, width = manifest.input_shape[-2:]
    return ClipFrames(clip).batch(
        Preparation(Fit.STRETCH, height, width, channels=3, largest=255), range(clip.number_of_frames)
    )


def _length(manifest: Manifest) -> int:
    if len(manifest.input_shape) != 4 or -1 in manifest.input_shape:
        raise ManifestError(f"model {manifest.name}: [input] shape is none of a clip")
    return manifest.input_shape[1]


def repeated(clip: Clip, frames: int) -> Clip:
    """The clip forwards over and over until it has this many frames, on a clock of 40 ms."""
    indices = [number % clip.number_of_frames for number in range(frames)]
    return replace(clip, frames=clip.take(indices), frame_times_ms=torch.arange(frames).double().numpy() * 40.0)


_SCREENS = ((426, 1024), (300, 640))  # that of the published scripts, which is that of the drawn traces, and a smaller one

# What `Recipe.engine` calls an input -> its batch, or several where an engine takes inputs of every size; None where it cannot
# be prepared.
_BATCHES: dict[str, Callable[[Clip, Manifest], Tensor | tuple[Tensor, ...] | None]] = {
    "stretched": _stretched,
    "beats": _beats,
    "spectral_screen": lambda clip, manifest: _screens(Clip.spectral_region, clip),
    "m_mode_screen": lambda clip, manifest: _screens(Clip.m_mode_region, clip),
    "quality_clip": _quality_clip,
    "normalised_frames": _normalised_frames,
    "normalised_clip": _normalised_clip,
    "placed_frames": _segmenter_frames,
    "encoded_frames": _encoded,
    "apex_frames": _apex_frames,
    "apex_clip": _apex_clip,
    "pan_echo_clip": _pan_echo_clip,
    "grey_squares": _grey_squares,
    "stretched_to_255": _stretched_to_255,
}
