"""What a training is told: the groups of its configuration. `configuration` reads it, `configs/` has those we ship."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt, StrictBool, StrictInt

from models.library.manifest import Value
from models.training.augment import Augmentation

PHANTOM = "phantom"


def _half_open(seeds: tuple[int, int]) -> tuple[int, int]:
    if seeds[0] >= seeds[1]:
        raise ValueError("a seed range is [first, one past the last]")
    return seeds


def _shares(fractions: tuple[float, float, float]) -> tuple[float, float, float]:
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("the shares of train, val and test are not negative and sum to 1")
    return fractions


SeedRange = Annotated[tuple[StrictInt, StrictInt], AfterValidator(_half_open)]
_Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
_Positive = Annotated[FiniteFloat, Field(gt=0)]


class Part(BaseModel):
    """One group. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelPart(Part):
    """`start` is a name of the registry or a manifest's path; `weights`: its own, which are there or imported, or none.

    `trained`: all of it, as its architecture allows, or only the head; adapters belong to the head. `name` is that of the
    result. `architecture`, `size_px` and `frames` change what the manifest of `start` says. `licence` is that of the result.
    """

    start: str
    name: Annotated[str, Field(min_length=1)]
    weights: Literal["own", "none"] = "own"
    trained: Literal["all", "head"] = "all"
    new_head: StrictBool = False
    architecture: dict[str, Value] = {}
    size_px: PositiveInt | None = None
    frames: PositiveInt | None = None
    licence: str = ""


class PhantomPart(Part):
    """Half-open, disjoint ranges of heart seeds; `cache` keeps the generated frames of all trainings.

    `of`: the plain phantom's two apical views, every view of all generators that may teach, or their spectra or M-modes.
    """

    of: Literal["apical", "planes", "spectra", "m_modes"] = "apical"
    train_seeds: SeedRange = (100000, 101800)
    validation_seeds: SeedRange = (200000, 200100)
    test_seeds: SeedRange = (300000, 300200)
    cache: str = "runs/frames"
    processes: PositiveInt = 2


class DataPart(Part):
    """`layout` is one that `evaluate` reads, auto, or phantom, which has no `path`.

    `fractions` are the shares of patients in train, val and test where the data have no splits of their own, drawn by
    `split_seed`. `balance`: every class is drawn as often as any other. `random_start`: networks of clips see any part of a
    clip. `limit` keeps the first so many items of each split. `memory_mb` holds decoded clips; `workers` are processes that
    decode.
    """

    layout: str = "auto"
    path: str = ""
    fractions: Annotated[tuple[_Share, _Share, _Share], AfterValidator(_shares)] = (0.8, 0.1, 0.1)
    split_seed: StrictInt = 0
    balance: StrictBool = False
    random_start: StrictBool = True
    limit: PositiveInt | None = None
    memory_mb: Annotated[StrictInt, Field(ge=0)] = 2000
    workers: Annotated[StrictInt, Field(ge=0)] = 0
    phantom: PhantomPart = PhantomPart()
    augmentation: Augmentation = Augmentation()


class OptimiserPart(Part):
    """`warmup` is the share of the steps in which the learning rate rises. The rate of the backbone is `backbone_rate` of the
    head's; each layer has `layer_decay` of the rate of the next one.
    """

    name: Literal["adamw", "sgd"] = "adamw"
    learning_rate: _Positive
    weight_decay: Annotated[FiniteFloat, Field(ge=0)] = 0.01
    momentum: _Share = 0.9
    schedule: Literal["one_cycle", "constant"] = "one_cycle"
    warmup: _Share = 0.1
    largest_gradient: _Positive = 1.0
    backbone_rate: _Share = 1.0
    layer_decay: Annotated[FiniteFloat, Field(gt=0, le=1)] = 1.0


class RunPart(Part):
    """Of `steps` and `epochs` one is given. `patience` is how many validations without a better one end the training; none: it
    goes on to its end. `mlflow` is a SQLite file, "" for none.
    """

    folder: str
    steps: PositiveInt | None = None
    epochs: PositiveInt | None = None
    batch_size: PositiveInt
    seed: StrictInt = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "full", "bf16", "fp16"] = "auto"
    log_every: PositiveInt = 50
    validate_every: PositiveInt = 200
    checkpoint_every: PositiveInt = 200
    kept_checkpoints: PositiveInt = 2
    patience: PositiveInt | None = None
    mlflow: str = "runs/mlflow.db"


class Settings(Part):
    """The whole of it. What `task` may hold is the task's own, beside its `name`."""

    task: dict[str, Any]
    data: DataPart
    model: ModelPart
    optimiser: OptimiserPart
    run: RunPart
