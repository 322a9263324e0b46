"""What all tasks share: which items teach them, what a network should answer, how far it is from that."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ValidationError
from torch import Tensor

from models.errors import TrainingConfigError
from models.evaluation.datasets.items import Item
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.recipe import Recipe
from models.setting_errors import setting_errors
from models.training.placement import Placement
from models.training.settings import Part

Targets = Mapping[str, Tensor]
Scores = Mapping[str, NDArray[np.float64]]


def _once(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) != len(labels):
        raise ValueError("a label stands there twice")
    return labels


Labels = Annotated[tuple[str, ...], AfterValidator(_once)]


class TaskSettings(Part):
    """`labels` name the outputs in order; none: those of the data, or of the model that the training starts from."""

    name: str
    labels: Labels = ()


@dataclass(frozen=True, eq=False)
class Shown:
    """What a network is shown of a clip: the `frames`, 0-based, -1 where it is filled up, at `height` and `width` px."""

    frames: Sequence[int]
    placement: Placement
    height: int
    width: int


@dataclass(frozen=True, eq=False)
class TaskContext:
    """What a task is made from: the model that training starts from, the classes and the items of the training split."""

    start: Manifest
    recipe: Recipe
    classes: tuple[str, ...]
    items: Sequence[Item]


class Task:
    """`monitor` is the figure that chooses the best weights, `larger_is_better` or not.

    Targets are tensors without a batch axis; "mask" (structures, h, w) and "points" (points, 2) move with the image when it is
    augmented. An `answer` is (n, ...), float32, of any unit: logits or values.
    """

    name: ClassVar[str]
    settings_type: ClassVar[type[TaskSettings]] = TaskSettings
    monitor: ClassVar[str] = "loss"
    counts_outputs: ClassVar[bool] = True  # the second axis of an answer has an entry for each label
    larger_is_better: ClassVar[bool] = False

    def __init__(self, settings: Any, context: TaskContext) -> None:
        self.settings = settings
        self.start, self.recipe = context.start, context.recipe
        self.labels: tuple[str, ...] = settings.labels or self.usual_labels(context)
        if not self.labels:
            raise TrainingConfigError(f"task.labels: neither the data nor {context.start.name} says what {self.name} answers")

    @classmethod
    def of(cls, told: Mapping[str, Any], context: TaskContext) -> Self:
        """Raises TrainingConfigError for settings that the task does not have."""
        try:
            return cls(cls.settings_type.model_validate(told), context)
        except ValidationError as error:
            raise TrainingConfigError(setting_errors(error, cls.settings_type, below=("task",))) from error

    def usual_labels(self, context: TaskContext) -> tuple[str, ...]:
        return context.start.labels

    @property
    def outputs(self) -> int:
        """How many outputs, or maps, the network has to have."""
        return len(self.labels)

    @property
    def model_labels(self) -> tuple[str, ...]:
        """The labels of the manifest."""
        return self.labels

    @abstractmethod
    def taught_by(self, item: Item) -> bool:
        """Whether the truth of the item says anything of this task."""

    def frames(self, item: Item) -> Sequence[int] | None:
        """The frames of which the truth speaks; None: any."""
        return None

    def starts(self, item: Item, span: int, slack: int) -> range:
        """At which frames what a network of clips sees may start, `span` frames long."""
        return range(slack + 1)

    def class_of(self, item: Item) -> str:
        """What items are balanced by."""
        return ""

    @abstractmethod
    def target(self, item: Item, shown: Shown) -> dict[str, Tensor]:
        """What the network should answer of what it is `shown`."""

    def answer(self, network_answer: Any) -> Tensor:
        """The tensor (n, ...) that loss and scores look at, of whatever the network gives."""
        found: Tensor = network_answer
        return found

    @abstractmethod
    def loss(self, answer: Tensor, targets: Targets) -> Tensor:
        """One number, without axes, of an `answer` (n, ...), any shape beyond the first axis."""

    @abstractmethod
    def scores(self, answer: Tensor, targets: Targets) -> dict[str, Tensor]:
        """By name, (n, ...), float: what `figures` is made of, for each sample of `answer` (n, ...), float32."""

    @abstractmethod
    def figures(self, scores: Scores) -> dict[str, float]:
        """How good it is, from the `scores` (n, ...) of all samples of a split, of any unit."""

    def fitted(self, model: Model) -> None:
        """Called once with the fresh network, before it is trained. Raises TrainingConfigError where it does not fit."""

    def thresholds(self, model: Model, scores: Scores) -> dict[str, float]:
        """Limits for the manifest, from the validation's `scores` (n, ...), of any unit."""
        return {}
