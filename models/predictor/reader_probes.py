"""What is tried of a network that reads clips itself before an engine may compute it: which of its steps, on which input."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from models.clip import Clip
from models.families import echo_apex_sequences, pan_echo
from models.families.clip_squares import evenly
from models.families.echonet_clips import normalisation, squares
from models.families.echonet_quality import clip_squares
from models.families.reading import Decoding
from models.manifest import Manifest, ManifestError
from models.predictor.adapters import SEGMENTERS
from models.predictor.frames import ClipFrames, Fit, Preparation
from models.predictor.gate import Task


class Describing(nn.Module):
    """An encoder as the networks over whole clips ask it: a feature vector of each frame."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self._describe = type(encoder).describe  # its own method, also when the encoder's place is taken by an engine

    def forward(self, frames: Tensor) -> Tensor:
        described: Tensor = self._describe(self.encoder, frames)
        return described


@dataclass(frozen=True)
class ReaderProbe:
    """`step` is computed by the engine in place of `method` of `owner`; `batch` is an input of it."""

    owner: nn.Module
    method: str
    step: nn.Module
    task: Task
    batch: Tensor


def reader_probe(network: nn.Module, clip: Clip) -> ReaderProbe | None:
    """None for a network that only torch computes: its input has no fixed shape, or cannot be prepared."""
    manifest: Manifest = network.manifest  # type: ignore[assignment]
    if echo_apex_sequences.untrained(manifest):
        return None
    known = _PROBES.get((manifest.family, str(manifest.architecture.get("network") or manifest.architecture.get("task", ""))))
    return None if known is None else known(network, manifest, clip)


def _forward(task: Task, batch: Callable[[Clip, Manifest], Tensor | None]) -> "_Maker":
    def make(network: nn.Module, manifest: Manifest, clip: Clip) -> ReaderProbe | None:
        values = batch(clip, manifest)
        return None if values is None else ReaderProbe(network, "forward", network, task, values)

    return make


def _encoder(network: nn.Module, manifest: Manifest, clip: Clip) -> ReaderProbe:
    """Any number of frames enters the sequence model, so what is fixed in shape is one frame's way through the encoder."""
    encoder: nn.Module = network.encoder  # type: ignore[assignment]
    return ReaderProbe(encoder, "describe", Describing(encoder).eval(), Task.VALUES, _segmenter_frames(clip, manifest))


def _stretched(clip: Clip, manifest: Manifest) -> Tensor | None:
    if len(manifest.input_shape) != 3 or -1 in manifest.input_shape:
        return None
    channels, height, width = manifest.input_shape
    return ClipFrames(clip).batch(Preparation(Fit.STRETCH, height, width, channels=channels), range(clip.number_of_frames))


def _segmenter_frames(clip: Clip, manifest: Manifest) -> Tensor:
    return SEGMENTERS[manifest.family](clip, ClipFrames(clip), manifest).batch(range(clip.number_of_frames))


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


def _length(manifest: Manifest) -> int:
    if len(manifest.input_shape) != 4 or -1 in manifest.input_shape:
        raise ManifestError(f"model {manifest.name}: [input] shape is none of a clip")
    return manifest.input_shape[1]


def repeated(clip: Clip, frames: int) -> Clip:
    """The clip forwards over and over until it has this many frames, on a clock of 40 ms."""
    indices = [number % clip.number_of_frames for number in range(frames)]
    return replace(clip, frames=clip.take(indices), frame_times_ms=torch.arange(frames).double().numpy() * 40.0)


_Maker = Callable[[nn.Module, Manifest, Clip], ReaderProbe | None]

# Family and `[architecture] network` or `task` -> what is tried. All others stay with torch.
_PROBES: dict[tuple[str, str], _Maker] = {
    ("echonet_measurements", "linear"): _forward(Task.POINTS, _stretched),
    ("echonet_measurements", "area"): _forward(Task.MASK, _stretched),
    ("echonet_measurements", "plax_quality"): _forward(Task.VALUES, _quality_clip),
    ("echonet_dynamic", "deeplabv3_resnet50"): _forward(Task.MASK, _normalised_frames),
    ("echonet_dynamic", "r2plus1d_18"): _forward(Task.VALUES, _normalised_clip),
    ("echo_motion", "segmenter"): _forward(Task.MASK, _segmenter_frames),
    ("echo_motion", "bilstm"): _encoder,
    ("echo_motion", "transformer"): _encoder,
    ("echo_apex", "lvh"): _forward(Task.POINTS, _apex_frames),
    ("echo_apex", "ef"): _forward(Task.VALUES, _apex_clip),
    ("pan_echo", ""): _forward(Task.VALUES, _pan_echo_clip),
    ("echoforge_keypoints", ""): _forward(Task.POINTS, _grey_squares),
}
