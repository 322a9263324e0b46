"""Which class a frame or a clip is of: views, modes, whatever the labels say."""

from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field, StrictBool
from torch import Tensor
from torch.nn import functional

from models.catalogue import ECHOVIEW47
from models.evaluation.datasets.items import Item
from models.training.tasks.task import Scores, Shown, Targets, Task, TaskContext, TaskSettings

_MODES = {known.name: known.mode.value for known in ECHOVIEW47 if known.mode}


class ClassificationSettings(TaskSettings):
    """`of` is what is told: the data's own label, our name of the view, or the mode of the class of EchoView47.

    `class_weights`: rare classes weigh more in the loss.
    """

    of: Literal["label", "view", "mode"] = "label"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    class_weights: StrictBool = False


class Classification(Task):
    """An `answer` is logits (n, classes), float32; the loss of it is one number, its scores are (n,)."""

    name = "classification"
    settings_type = ClassificationSettings
    monitor, larger_is_better = "balanced_accuracy_percent", True

    def __init__(self, settings: ClassificationSettings, context: TaskContext) -> None:
        super().__init__(settings, context)
        found = [self.labels.index(label) for item in context.items if (label := self.class_of(item)) in self.labels]
        counts = np.bincount(found, minlength=len(self.labels)).astype(np.float64)
        weights = counts.sum() / np.maximum(counts, 1) / len(self.labels)
        self.weights = torch.from_numpy(weights).float() if settings.class_weights else None

    def usual_labels(self, context: TaskContext) -> tuple[str, ...]:
        """The model's own order where it knows all classes, so that its head stays; else the data's."""
        found = {label for item in context.items if (label := self.class_of(item))}
        wanted = set(context.classes) or found
        if found <= set(context.start.labels) and wanted <= set(context.start.labels):
            return context.start.labels
        return context.classes if self.settings.of == "label" and context.classes else tuple(sorted(found))

    def class_of(self, item: Item) -> str:
        if self.settings.of == "view":
            return item.truth.view.value if item.truth.view else ""
        label = item.truth.label or ""
        return _MODES.get(label, "") if self.settings.of == "mode" else label

    def taught_by(self, item: Item) -> bool:
        return self.class_of(item) in self.labels

    def target(self, item: Item, shown: Shown) -> dict[str, Tensor]:
        return {"class": torch.tensor(self.labels.index(self.class_of(item)))}

    def loss(self, answer: Tensor, targets: Targets) -> Tensor:
        weight = None if self.weights is None else self.weights.to(answer.device)
        return functional.cross_entropy(answer, targets["class"], weight, label_smoothing=self.settings.label_smoothing)

    def scores(self, answer: Tensor, targets: Targets) -> dict[str, Tensor]:
        return {"true": targets["class"], "found": answer.argmax(dim=1), "probability": answer.softmax(dim=1).amax(dim=1)}

    def figures(self, scores: Scores) -> dict[str, float]:
        true, found = scores["true"].astype(np.int64), scores["found"].astype(np.int64)
        recalls = [float((found[true == index] == index).mean()) for index in np.unique(true)]
        return {
            "accuracy_percent": 100 * float((true == found).mean()),
            "balanced_accuracy_percent": 100 * float(np.mean(recalls)),
        }
