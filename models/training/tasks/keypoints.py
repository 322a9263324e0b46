"""Where points are on a frame: one heat map for each, for linear measurements and for peaks of Doppler and M-mode displays.

A caliper `lvid` of the data gives the points `lvid_1` and `lvid_2`, a landmark the point of its own name.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from models.errors import TrainingConfigError
from models.evaluation.datasets.items import Item
from models.evaluation.datasets.linear_csv import MODEL_OF_CALC
from models.results import Point
from models.training.tasks.task import Scores, Shown, Targets, Task, TaskContext, TaskSettings

_NEAR = 0.05  # of the input's diagonal


class KeypointsSettings(TaskSettings):
    """`sigma_px` is the width of a heat map's peak, in px of the input. `points` name those of the data that the labels stand
    for, in their order; none: they are called as the labels are.
    """

    sigma_px: Annotated[float, Field(gt=0)] = 3.0
    points: tuple[str, ...] = ()


class Keypoints(Task):
    """A point that nobody marked on a frame teaches nothing there.

    An `answer` is logits (n, points, h, w), float32; the loss of it is one number, its scores are (n, points).
    """

    name = "keypoints"
    settings_type = KeypointsSettings
    monitor = "distance_px"

    def __init__(self, settings: KeypointsSettings, context: TaskContext) -> None:
        super().__init__(settings, context)
        marked = {name for item in context.items for name, _, _ in points_of(item)}
        self.points: tuple[str, ...] = settings.points or self.labels
        if len(self.points) != len(self.labels):
            raise TrainingConfigError(f"task.points are {len(self.points)}, task.labels {len(self.labels)}: one for each")
        if absent := [point for point in self.points if point not in marked]:
            known = ", ".join(sorted(marked)) or "nothing"
            raise TrainingConfigError(f"task.points: the data mark no {', '.join(absent)}; they mark {known}")

    def usual_labels(self, context: TaskContext) -> tuple[str, ...]:
        """The model's own, where the data mark them or the settings say which points they are."""
        marked = sorted({name for item in context.items for name, _, _ in points_of(item)})
        wanted: tuple[str, ...] = self.settings.points or tuple(marked)
        return context.start.labels if self.settings.points or set(context.start.labels) <= set(marked) else wanted

    def taught_by(self, item: Item) -> bool:
        return any(name in self.points for name, _, _ in points_of(item))

    def frames(self, item: Item) -> Sequence[int]:
        return sorted({frame for name, frame, _ in points_of(item) if name in self.points})

    def target(self, item: Item, shown: Shown) -> dict[str, Tensor]:
        marked = {name: point for name, frame, point in points_of(item) if frame == shown.frames[0]}
        present = [name in marked for name in self.points]
        image_px = np.array([marked.get(name, (0.0, 0.0)) for name in self.points], np.float64)
        points = shown.placement.to_input(image_px)
        return {"points": torch.from_numpy(points).float(), "present": torch.tensor(present)}

    def loss(self, answer: Tensor, targets: Targets) -> Tensor:
        """Focal loss on Gaussian peaks (Law and Deng, CornerNet, ECCV 2018, eq. 1): nearly all of a map is background."""
        shown = self._shown(answer, targets)
        maps, wanted = answer[shown], self._peaks(targets["points"][shown], *answer.shape[-2:])
        wanted = torch.where(wanted >= wanted.amax(dim=(1, 2), keepdim=True), 1.0, wanted)
        probability = maps.sigmoid()
        peak = wanted == 1
        hit = -((1 - probability) ** 2) * functional.logsigmoid(maps) * peak
        miss = -((1 - wanted) ** 4) * probability**2 * functional.logsigmoid(-maps) * ~peak
        return (hit + miss).sum() / shown.sum().clamp(min=1)

    def _shown(self, answer: Tensor, targets: Targets) -> Tensor:
        """(n, points), true where the point is there and inside the map."""
        x, y = targets["points"].unbind(dim=-1)
        inside = (x >= -0.5) & (x <= answer.shape[-1] - 0.5) & (y >= -0.5) & (y <= answer.shape[-2] - 0.5)
        return targets["present"] & inside

    def _peaks(self, points: Tensor, height: int, width: int) -> Tensor:
        """A Gaussian (m, h, w) around each of `points` (m, 2), (x, y) px."""
        x, y = points[:, 0, None], points[:, 1, None]
        across = -((torch.arange(width, device=points.device) - x) ** 2) / (2 * self.settings.sigma_px**2)
        down = -((torch.arange(height, device=points.device) - y) ** 2) / (2 * self.settings.sigma_px**2)
        return torch.exp(down[:, :, None] + across[:, None, :])

    def scores(self, answer: Tensor, targets: Targets) -> dict[str, Tensor]:
        height, width = answer.shape[-2:]
        highest = answer.flatten(2).argmax(dim=2)
        found = torch.stack([highest % width, highest // width], dim=2)
        distance = (found - targets["points"]).norm(dim=2).masked_fill(~targets["present"], torch.nan)
        return {
            "distance_px": distance,
            "near": torch.where(distance.isnan(), torch.nan, (distance < _NEAR * float(np.hypot(height, width))).float()),
        }

    def figures(self, scores: Scores) -> dict[str, float]:
        """Of the input's pixels. `near`: within a twentieth of its diagonal."""
        distance = scores["distance_px"]
        figures = {"distance_px": float(np.nanmean(distance)), "near_percent": 100 * float(np.nanmean(scores["near"]))}
        seen = np.asarray(np.isfinite(distance).any(axis=0))
        return figures | {
            f"distance_px_{label}": float(np.nanmean(distance[:, index]))
            for index, label in enumerate(self.labels)
            if seen[index]
        }


def points_of(item: Item) -> list[tuple[str, int, Point]]:
    """Name, frame and place, (x, y) px of the image, of every point that the truth of the item marks."""
    found = [(mark.name, mark.frame_index, mark.point_px) for mark in item.truth.landmarks]
    for caliper in item.truth.calipers:
        key = MODEL_OF_CALC.get(caliper.key, caliper.key)
        found += [(f"{key}_{number}", caliper.frame_index, end) for number, end in enumerate(caliper.ends_px, start=1)]
    return found
