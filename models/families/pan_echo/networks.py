"""PanEcho: 40 answers from one clip of any view, by one network over frames, one over time, and a layer for each answer.

Holste et al., medRxiv 2024.11.16.24317431. Its values are regressed from uncalibrated video: none is a measurement with a
caliper or of a spectrum. So only the ejection fraction has a key of the dictionary, all others `panecho_<task>`. Which frames
of a longer video are shown to it is not published. Here they are up to four runs of 16 consecutive frames, spread evenly. Their
values are averaged, as the authors average over the videos of a study.

The corrected way differs from the published one in four things. The global longitudinal strain has its sign (the network gives
its size). A DICOM object is cut to the calibrated region, not to the whole frame. A clip without a whole beat has no ejection
fraction, and impossible values are refused.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.clip import Clip
from models.errors import ManifestError
from models.families.pan_echo.inputs import FrameRuns
from models.families.pan_echo.tasks import TASKS, PanEchoTask, TaskKind
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.networks.positions import sinusoidal_positions
from models.networks.reading_network import ReadingNetwork, possible, without_a_beat
from models.networks.stored_weights import prepare
from models.networks.vision import convnext
from models.results import ReadValue

WIDTH = 768
_LAYERS, _ATTENTION_HEADS = 4, 8
_KEYS = {"EF": "ef_video_regression"}
_SIGNED_LIMITS = {f"panecho_{task.name}": task.limits for task in TASKS if task.negated}


class PanEcho(ReadingNetwork):
    """Normalised RGB `clips` (n, 3, frames, h, w), float32 -> raw `outputs` (n, heads), head after head in the order of TASKS.

    They are logits, or values in the unit of the task. `[architecture] classes`: the widths of the heads with several classes,
    in that order.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.widths = _widths(manifest)
        # Whichever sign the strain is given with.
        self.own_limits = {
            value.key: (task.limits[0], -task.limits[0]) if task.negated else task.limits
            for task in TASKS
            for value in _values(task, [0.0] * self.widths[task.name])
        }
        self.frames = convnext("tiny", outputs=0)
        layer = nn.TransformerEncoderLayer(WIDTH, _ATTENTION_HEADS, WIDTH, dropout=0.0, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.dropout = nn.Dropout(0.25)
        self.heads = nn.ModuleDict({name: nn.Linear(WIDTH, width) for name, width in self.widths.items()})

    def forward(self, clips: Tensor) -> Tensor:
        features = self.dropout(self.embed(clips))
        return torch.cat([head(features) for head in self.heads.values()], dim=1)

    def embed(self, clips: Tensor) -> Tensor:
        """What the heads take: features (n, 768) of `clips`."""
        number, _, frames = clips.shape[:3]
        features: Tensor = self.frames(clips.transpose(1, 2).flatten(0, 1)).unflatten(0, (number, frames))
        positions = sinusoidal_positions(frames, WIDTH, features.device).to(features.dtype)
        encoded: Tensor = self.transformer(features + positions)
        return encoded.mean(dim=1)

    def embed_clip(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> NDArray[np.float32]:
        """The mean embedding of the clip's runs, (768,): the backbone without heads, as its authors offer it too."""
        runs = FrameRuns(clip, self.manifest, decoding).runs()
        place = next(self.parameters())
        with torch.inference_mode():
            embeddings = self.embed(runs.to(place.device, place.dtype))
        return np.asarray(embeddings.mean(dim=0).float().cpu().numpy(), np.float32)

    def split(self, outputs: Tensor) -> Mapping[str, Tensor]:
        """Raw `outputs` (n, heads) by task, each (n, width), the width of its head."""
        return dict(zip(self.widths, torch.split(outputs, [*self.widths.values()], dim=1), strict=True))

    def predictions(self, outputs: Tensor) -> Mapping[str, Tensor]:
        """Raw `outputs` (n, heads) by task as the published model gives them, each (n, width).

        They are values, the probability of the finding, those of the classes.
        """
        raw = self.split(outputs)
        return {task.name: _activated(task, raw[task.name]) for task in TASKS}

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Every task's value with its unit; of a task with several classes the probability of each.

        Corrected, a clip too short for a whole beat has no ejection fraction, and what cannot be true is refused.
        """
        seen = FrameRuns(clip, self.manifest, decoding)
        runs = seen.runs()
        place = next(self.parameters())
        with torch.inference_mode():
            outputs = self(runs.to(place.device, place.dtype)).float().cpu()
        means = {name: values.mean(dim=0).tolist() for name, values in self.predictions(outputs).items()}
        read = (value for task in TASKS for value in _values(task, means[task.name], decoding))
        limits = {**self.own_limits, **({} if decoding is Decoding.PUBLISHED else _SIGNED_LIMITS)}
        values = tuple(possible(value, decoding, limits) for value in read)
        if decoding is Decoding.CORRECTED and (no_ef := without_a_beat(clip, _KEYS["EF"], "%")):
            values = tuple(no_ef if value.key == no_ef.key else value for value in values)
        rows = tuple({"Filename": None, "Task": value.key, "Value": value.value, "Unit": value.unit} for value in values)
        notes = (f"cut from {seen.note}, {seen.window}", f"mean over {len(runs)} runs of {runs.shape[2]} frames")
        return Reading(values, columns=("Filename", "Task", "Value", "Unit"), rows=rows, notes=notes)


def _activated(task: PanEchoTask, outputs: Tensor) -> Tensor:
    if task.kind is TaskKind.MULTI_CLASS:
        return outputs.softmax(dim=1)
    if task.kind is TaskKind.REGRESSION:
        return outputs
    return 1 - outputs.sigmoid() if task.inverted else outputs.sigmoid()


def _values(task: PanEchoTask, means: Sequence[float], decoding: Decoding = Decoding.PUBLISHED) -> Sequence[ReadValue]:
    key = _KEYS.get(task.name, f"panecho_{task.name}")
    if task.kind is TaskKind.MULTI_CLASS:
        known = len(means) == len(task.classes)  # a file's own width may be another: then nobody has said what its classes are
        names = task.classes if known else tuple(f"class {number}" for number in range(1, len(means) + 1))
        return [ReadValue(f"{key}/{name}", task.unit, mean) for name, mean in zip(names, means, strict=True)]
    if task.negated and decoding is Decoding.CORRECTED:
        return [ReadValue(key, task.unit, -means[0], detail="sign turned: the network gives the size of the shortening")]
    return [ReadValue(key, task.unit, means[0], detail=f"probability of: {task.finding}" if task.finding else "")]


def _widths(manifest: Manifest) -> dict[str, int]:
    several = [task.name for task in TASKS if task.kind is TaskKind.MULTI_CLASS]
    classes = manifest.architecture.get("classes", [])
    if not isinstance(classes, list) or len(classes) != len(several):
        raise ManifestError(f"model {manifest.name}: [architecture] classes is a list of {len(several)} widths")
    given = dict(zip(several, map(int, classes), strict=True))
    return {task.name: given.get(task.name, 1) for task in TASKS}


def load(manifest: Manifest, weights: Path | None, device: str) -> PanEcho:
    with torch.device(device):
        network = PanEcho(manifest)
    return prepare(network, manifest, weights, device)
