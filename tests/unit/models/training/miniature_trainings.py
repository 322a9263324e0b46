"""Trainings of seconds: tiny data sets, tiny networks, and somebody who watches and stops them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.training.training_log import Unwatched
from tests.miniatures import Frames, box_trace, discs, echonet_dynamic, tte47

SIZE = 32


def dynamic(root: Path) -> Path:
    """Six videos of a beating disc, outlined at its largest and its smallest."""
    videos: dict[str, Frames] = {f"v{index}": discs(12, 12, SIZE, seed=index) for index in range(6)}
    splits = ["TRAIN", "TRAIN", "TRAIN", "TRAIN", "VAL", "TEST"]
    truth = {name: (40.0 + 5 * index, splits[index]) for index, name in enumerate(videos)}
    traces = {name: {0: box_trace(7, 7, 25, 25), 6: box_trace(11, 11, 21, 21)} for name in videos}
    return echonet_dynamic(root, videos, truth, traces)


def views(root: Path, classes: tuple[str, ...]) -> Path:
    """Eight images of the first two of these classes, one study each, told apart by their brightness."""
    random = np.random.default_rng(0)
    images = {}
    for index in range(8):
        label, split = classes[index % 2], ["train", "train", "train", "val"][index // 2]
        picture = random.integers(120 * (index % 2), 120 * (index % 2) + 80, (SIZE, SIZE, 3)).astype(np.uint8)
        images[f"{label}/01-{index:064x}-1.png"] = (picture, split)
    return tte47(root, classes, images)


def own_configuration(path: Path, data: Path, folder: Path, task: str, settings: str) -> str:
    """A user's own YAML, which takes its groups from those that are shipped; `settings` follow, indented by nothing."""
    text = f"""
defaults:
  - task: {task}
  - data: folder
  - model: own_weights
  - optimiser: adamw
  - run: usual
  - _self_
data: {{path: {data}, memory_mb: 100}}
run: {{folder: {folder}, mlflow: "", device: cpu, batch_size: 2, log_every: 2}}
"""
    path.write_text(text + settings, encoding="utf-8")
    return str(path)


class Stopper(Unwatched):
    """Does something after a step; keeps what it was told."""

    def __init__(self, at: int, do: Callable[[], None]) -> None:
        self._at, self._do = at, do
        self.lines: list[str] = []
        self.steps: list[int] = []

    def said(self, line: str) -> None:
        self.lines.append(line)

    def stepped(self, step: int, steps: int, loss: float) -> None:
        self.steps.append(step)
        if step == self._at:
            self._do()


class Asking(Unwatched):
    """Asks for the end after a step, as Ctrl-C does."""

    def __init__(self, at: int) -> None:
        self._at, self._step = at, 0

    def stepped(self, step: int, steps: int, loss: float) -> None:
        self._step = step

    def stop(self) -> bool:
        return self._step == self._at
