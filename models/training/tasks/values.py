"""Numbers of a frame or a clip: ejection fraction, volumes, whatever the truth states."""

from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from models.errors import TrainingConfigError
from models.evaluation.datasets.items import Item, Truth
from models.library.model import Model
from models.training.tasks.task import Scores, Shown, Targets, Task, TaskContext, TaskSettings


class ValuesSettings(TaskSettings):
    """`values` name those of the data that the labels stand for, in their order; none: they are called as the labels are."""

    values: tuple[str, ...] = ()
    error: Literal["squared", "absolute", "huber"] = "squared"
    huber: Annotated[float, Field(gt=0)] = 1.0


class Values(Task):
    """The loss is of errors in standard deviations of the training data, so that several values weigh alike.

    An `answer` is (n, values), float32, in their unit; so are its scores, and the loss is one number. A `network_answer` of one
    value is (n,).
    """

    name = "values"
    counts_outputs = False
    settings_type = ValuesSettings
    monitor = "mae"

    def __init__(self, settings: ValuesSettings, context: TaskContext) -> None:
        super().__init__(settings, context)
        self.values: tuple[str, ...] = settings.values or self.labels
        if len(self.values) != len(self.labels):
            raise TrainingConfigError(f"task.values are {len(self.values)}, task.labels {len(self.labels)}: one for each")
        stated = [[value_of(item.truth, name) for name in self.values] for item in context.items]
        known = np.array([[np.nan if value is None else value for value in row] for row in stated], np.float64)
        if absent := [name for name, column in zip(self.values, known.T, strict=True) if not np.isfinite(column).any()]:
            raise TrainingConfigError(f"task.values: the data state no {', '.join(absent)}")
        deviation = np.nanstd(known, axis=0)
        self.scale = torch.from_numpy(np.where(deviation > 0, deviation, 1.0)).float()
        self.columns: list[int] = list(range(len(self.labels)))

    def usual_labels(self, context: TaskContext) -> tuple[str, ...]:
        """Of the model's own, those that the data state."""
        names: tuple[str, ...] = self.settings.values or context.start.labels
        stated = [name for name in names if any(value_of(item.truth, name) is not None for item in context.items)]
        return tuple(stated) or tuple(names)

    @property
    def model_labels(self) -> tuple[str, ...]:
        """A network of several values keeps its own names; one of a single value may be taught another."""
        named = self.recipe.heat_map is not None and self.recipe.heat_map.labels is not None
        return self.start.labels if named or len(self.start.labels) != len(self.labels) else self.labels

    def taught_by(self, item: Item) -> bool:
        return any(value_of(item.truth, name) is not None for name in self.values)

    def fitted(self, model: Model) -> None:
        """A network that gives more values than are taught is asked for those of the labels' names."""
        explained = model.recipe.heat_map
        names = tuple(explained.labels(model.network)) if explained and explained.labels else model.manifest.labels
        if missing := [label for label in self.labels if label not in names]:
            raise TrainingConfigError(
                f"task.labels: model {model.manifest.name} gives no {', '.join(missing)}; it gives {', '.join(names)}"
            )
        self.columns = [names.index(label) for label in self.labels]

    def target(self, item: Item, shown: Shown) -> dict[str, Tensor]:
        stated = [value_of(item.truth, name) for name in self.values]
        known = torch.tensor([value is not None for value in stated])
        return {"values": torch.tensor([0.0 if value is None else float(value) for value in stated]), "known": known}

    def answer(self, network_answer: Any) -> Tensor:
        outputs = self.recipe.heat_map.outputs if self.recipe.heat_map else None
        found: Tensor = outputs(network_answer) if outputs else network_answer
        return found[:, None] if found.dim() == 1 else found[:, self.columns]

    def loss(self, answer: Tensor, targets: Targets) -> Tensor:
        errors = (answer - targets["values"]) / self.scale.to(answer.device)
        known = targets["known"].float()
        each = {
            "squared": errors**2,
            "absolute": errors.abs(),
            "huber": functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=self.settings.huber),
        }[self.settings.error]
        return (each * known).sum() / known.sum().clamp(min=1)

    def scores(self, answer: Tensor, targets: Targets) -> dict[str, Tensor]:
        true = targets["values"].masked_fill(~targets["known"], torch.nan)
        return {"error": answer - true, "true": true}

    def figures(self, scores: Scores) -> dict[str, float]:
        figures: dict[str, float] = {}
        for index, label in enumerate(self.labels):
            errors, true = scores["error"][:, index], scores["true"][:, index]
            errors, true = errors[np.isfinite(true)], true[np.isfinite(true)]
            if not len(errors):
                continue
            spread = float(((true - true.mean()) ** 2).sum())
            figures |= {
                f"mae_{label}": float(np.abs(errors).mean()),
                f"bias_{label}": float(errors.mean()),
                f"rmse_{label}": float(np.sqrt((errors**2).mean())),
                f"r2_{label}": 1 - float((errors**2).sum()) / spread if spread else float("nan"),
            }
        scaled = np.abs(scores["error"]) / self.scale.numpy()
        single = len(self.labels) == 1
        return {"mae": figures[f"mae_{self.labels[0]}"] if single else float(np.nanmean(scaled))} | figures


def value_of(truth: Truth, name: str) -> float | None:
    """What the truth states under a name of ours, or of its own fields: ef, edv, esv."""
    direct = {"ef": truth.ef_percent, "ef_video_regression": truth.ef_percent, "edv": truth.edv_ml, "esv": truth.esv_ml}
    if name in truth.values:
        return truth.values[name].value
    return direct.get(name.lower())
