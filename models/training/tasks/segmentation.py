"""Where a structure is on a frame: one map for each, learnt from the frames that somebody outlined."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from models.errors import TrainingConfigError
from models.evaluation.datasets.items import Item
from models.training.tasks.task import Scores, Shown, Targets, Task, TaskContext, TaskSettings

_SMOOTH_PX = 20  # keeps the Dice of a small structure from ruling


class SegmentationSettings(TaskSettings):
    """`dice_weight`: of soft Dice, beside cross-entropy, in the loss."""

    dice_weight: Annotated[float, Field(ge=0)] = 0.3


class Segmentation(Task):
    """A structure that nobody outlined on a frame teaches nothing there: it is not taken for absent.

    An `answer` is logits (n, structures, h, w), float32; the loss of it is one number, its scores are (n, structures).
    """

    name = "segmentation"
    settings_type = SegmentationSettings
    monitor, larger_is_better = "dice", True

    def __init__(self, settings: SegmentationSettings, context: TaskContext) -> None:
        super().__init__(settings, context)
        outlined = {structure for item in context.items for structure in item.truth.structures}
        if absent := [label for label in self.labels if label not in outlined]:
            known = ", ".join(sorted(outlined)) or "nothing"
            raise TrainingConfigError(f"task.labels: the data outline no {', '.join(absent)}; they outline {known}")

    def usual_labels(self, context: TaskContext) -> tuple[str, ...]:
        outlined = {structure for item in context.items for structure in item.truth.structures}
        return context.start.labels if set(context.start.labels) <= outlined else tuple(sorted(outlined))

    def taught_by(self, item: Item) -> bool:
        return not set(self.labels).isdisjoint(item.truth.structures)

    def frames(self, item: Item) -> Sequence[int]:
        masks = item.truth.masks()
        return sorted({frame for label in self.labels for frame in masks.get(label, ())})

    def target(self, item: Item, shown: Shown) -> dict[str, Tensor]:
        masks, frame = item.truth.masks(), shown.frames[0]
        drawn = [masks.get(label, {}).get(frame) for label in self.labels]
        empty = np.zeros((shown.height, shown.width), np.float32)
        maps = [empty if mask is None else shown.placement.mask(mask, shown.height, shown.width) for mask in drawn]
        return {"mask": torch.from_numpy(np.stack(maps)), "known": torch.tensor([mask is not None for mask in drawn])}

    def loss(self, answer: Tensor, targets: Targets) -> Tensor:
        """Cross-entropy keeps the half-probability line at the border; soft Dice weighs small structures."""
        known = targets["known"].float()
        number = known.sum().clamp(min=1)
        entropy = functional.binary_cross_entropy_with_logits(answer, targets["mask"], reduction="none").mean(dim=(2, 3))
        probability = answer.sigmoid()
        overlap = (probability * targets["mask"]).sum(dim=(2, 3))
        total = probability.sum(dim=(2, 3)) + targets["mask"].sum(dim=(2, 3))
        dice = (2 * overlap + _SMOOTH_PX) / (total + _SMOOTH_PX)
        loss: Tensor = ((entropy + self.settings.dice_weight * (1 - dice)) * known).sum() / number
        return loss

    def scores(self, answer: Tensor, targets: Targets) -> dict[str, Tensor]:
        found, true = answer > 0, targets["mask"] >= 0.5
        areas, true_areas = found.sum(dim=(2, 3)), true.sum(dim=(2, 3))
        either = areas + true_areas
        dice = torch.where(either > 0, 2 * (found & true).sum(dim=(2, 3)) / either.clamp(min=1), 1.0)
        unknown = ~targets["known"]
        return {
            "dice": dice.masked_fill(unknown, torch.nan),
            "area_ratio": (areas / true_areas.clamp(min=1)).masked_fill(unknown | (true_areas == 0), torch.nan),
        }

    def figures(self, scores: Scores) -> dict[str, float]:
        dice, ratio = scores["dice"], scores["area_ratio"]
        figures = {"dice": float(np.nanmean(dice)), "area_ratio": _median(ratio)}
        if len(self.labels) > 1:
            figures |= {f"dice_{label}": _mean(dice[:, index]) for index, label in enumerate(self.labels)}
        return figures


def _mean(values: NDArray[np.float64]) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _median(values: NDArray[np.float64]) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")
