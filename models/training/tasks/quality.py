"""How good an image is, as a grade: a class of its own, or how many steps it is above the lowest."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.errors import TrainingConfigError
from models.evaluation.datasets.items import Item
from models.evaluation.metrics.agreement import quadratic_kappa
from models.library.model import Model
from models.library.recipe import Answer
from models.training.tasks.task import Labels, Scores, Shown, Targets, Task, TaskContext, TaskSettings


class QualitySettings(TaskSettings):
    """`grades` from the worst on, as the data call them. A network of classes has an output for each, others less."""

    grades: Labels = ("0", "1", "2", "3")


class Quality(Task):
    """Networks of classes answer with one logit a grade. Of others each logit asks whether the grade is above a step.

    A `network_answer` is logits (n, grades), float32, or of one output (n,); an `answer` has its second axis always.
    """

    name = "quality"
    counts_outputs = False
    settings_type = QualitySettings
    monitor, larger_is_better = "kappa", True

    def __init__(self, settings: QualitySettings, context: TaskContext) -> None:
        self.grades: tuple[str, ...] = settings.grades
        self.of_classes = context.recipe.answers is Answer.CLASSES
        super().__init__(settings, context)

    def usual_labels(self, context: TaskContext) -> tuple[str, ...]:
        if self.of_classes:
            return self.grades
        return context.start.labels if len(context.start.labels) == 1 else tuple(f"above_{grade}" for grade in self.grades[:-1])

    def fitted(self, model: Model) -> None:
        if self.of_classes and len(self.labels) != len(self.grades):
            raise TrainingConfigError(f"task.labels are {len(self.labels)}, task.grades {len(self.grades)}: one for each")

    def class_of(self, item: Item) -> str:
        return "" if item.truth.quality is None else str(item.truth.quality)

    def taught_by(self, item: Item) -> bool:
        return self.class_of(item) in self.grades

    def target(self, item: Item, shown: Shown) -> dict[str, Tensor]:
        return {"grade": torch.tensor(self.grades.index(self.class_of(item)))}

    def answer(self, network_answer: Tensor) -> Tensor:
        return network_answer[:, None] if network_answer.dim() == 1 else network_answer

    def loss(self, answer: Tensor, targets: Targets) -> Tensor:
        if self.of_classes:
            return functional.cross_entropy(answer, targets["grade"])
        steps = answer.shape[1]
        if steps == 1:
            wanted = targets["grade"][:, None].float() / (len(self.grades) - 1)
        else:
            wanted = (targets["grade"][:, None] > torch.arange(steps, device=answer.device)).float()
        return functional.binary_cross_entropy_with_logits(answer, wanted)

    def scores(self, answer: Tensor, targets: Targets) -> dict[str, Tensor]:
        """`score` is 0 for the worst grade, 100 for the best."""
        if self.of_classes:
            score = answer.softmax(dim=1) @ torch.linspace(0, 100, len(self.grades), device=answer.device)
        else:
            score = 100 * answer.sigmoid().mean(dim=1)
        return {"grade": targets["grade"], "score": score}

    def figures(self, scores: Scores) -> dict[str, float]:
        true = scores["grade"].astype(np.int64)
        found = np.rint(scores["score"] * (len(self.grades) - 1) / 100).astype(np.int64)
        return {"kappa": quadratic_kappa(true, found), "accuracy_percent": 100 * float((true == found).mean())}

    def thresholds(self, model: Model, scores: Scores) -> dict[str, float]:
        """Half-way between the mean scores of the worst grade and the next: the worst is what the limit is for."""
        means = [scores["score"][scores["grade"] == grade] for grade in (0, 1)]
        if not all(len(part) for part in means):
            return {}
        return {"adequate_quality": float(np.mean([part.mean() for part in means]))}
