"""The network that a training begins with: built as the result will be built, with what fits of the weights it starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import torch
from torch import Tensor, nn

from models.errors import TrainingConfigError, WeightsMismatch
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.recipe import Answer, Recipe
from models.library.registry import all_recipes, build, find_manifest, recipe_of
from models.networks.new_head import manifest_with_outputs
from models.networks.stored_weights import read_weights
from models.training.batch_order import Drawing, seed_of
from models.training.settings import ModelPart, OptimiserPart

_SIZED = (Answer.CLASSES, Answer.MASK, Answer.POINTS)  # an output for each label; values are what the family gives
_REFERENCE = ("class_means", "precision")  # buffers that are learnt at the end


@dataclass(frozen=True, eq=False)
class StartingModel:
    """`start` is the manifest it started from, that of `model` builds the result. `new` are the tensors that were not
    taken over.

    `weights_sha256` is that of the weights it started from, "" for none.
    """

    model: Model
    start: Manifest
    weights_sha256: str
    new: tuple[str, ...]

    @property
    def network(self) -> nn.Module:
        return self.model.network

    def is_backbone(self, name: str) -> bool:
        """Whether a tensor of this name belongs to what a fine-tune may freeze."""
        return name.startswith(tuple(f"{path}." for path in self.model.recipe.backbone))

    def changing(self, *, head_only: bool) -> dict[str, Tensor]:
        """The tensors of the network that a training changes, by name: of a frozen backbone none."""
        frozen = {name for name, one in self.network.named_parameters() if not one.requires_grad}
        tensors = self.network.state_dict().items()
        return {name: one for name, one in tensors if name not in frozen and not (head_only and self.is_backbone(name))}

    def train(self, *, head_only: bool) -> None:
        """Training mode; a frozen backbone stays in inference mode, since its running statistics are frozen, too."""
        self.network.train()
        if head_only:
            for path in self.model.recipe.backbone:
                self.network.get_submodule(path).eval()


def start_of(told: ModelPart, task: str) -> tuple[Manifest, Recipe]:
    """The manifest to start from. Raises ManifestError for an unknown model, TrainingConfigError for an unfit one."""
    start = _changed(find_manifest(told.start), told)
    recipe = recipe_of(start)
    if task not in recipe.taught:
        able = dict.fromkeys(one.family for one in all_recipes() if task in one.taught)
        can = f"it can learn {', '.join(recipe.taught)}" if recipe.taught else "it can be taught nothing here"
        raise TrainingConfigError(
            f"model.start: {told.start} cannot be taught {task}: {can}; families that can learn {task}: {', '.join(able)}"
        )
    return start, recipe


def _changed(start: Manifest, told: ModelPart) -> Manifest:
    shape, side = start.input_shape, told.size_px
    if side and shape:
        shape = (*shape[:-2], side, side)
    if told.frames:
        if len(shape) != 4:
            raise TrainingConfigError(f"model.frames: {told.start} is shown single frames")
        shape = (shape[0], told.frames, *shape[2:])
    architecture = dict(start.architecture) | told.architecture
    if architecture.get("decoder") == "untrained":  # it will be trained now
        del architecture["decoder"]
    return replace(
        start, architecture=architecture, input_shape=shape, input_size_px=0 if shape else side or start.input_size_px
    )


def starting_model(told: ModelPart, start: Manifest, labels: Sequence[str], outputs: int, seed: int) -> StartingModel:
    """Fresh weights are drawn by `seed`. Raises WeightsMismatch where other tensors than those of the head do not fit."""
    recipe = recipe_of(start)
    draft = replace(start, name=told.name, labels=tuple(labels))
    if recipe.answers in _SIZED and (tuple(labels) != start.labels or start.architecture.get("outputs", outputs) != outputs):
        draft = manifest_with_outputs(replace(start, name=told.name), recipe, outputs, labels)
    if start.architecture.get("reference_classes"):
        draft = replace(draft, architecture=dict(draft.architecture) | {"reference_classes": outputs})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, Drawing.NETWORK))
        network = build(recipe, draft, None, "cpu")
    model = Model(network, recipe, draft)
    if told.weights == "none":
        return StartingModel(model, start, "", ())
    if not start.weights_file:
        raise TrainingConfigError(
            f"model.weights: {told.start} has no weights here: `echonode models import` them, or say model.weights=none"
        )
    given = read_weights(start.weights_path, start.weights_sha256)
    same_head = tuple(labels) == start.labels and not told.new_head
    new = _take_over(model, given, same_head=same_head)
    return StartingModel(model, start, start.weights_sha256, new)


def _take_over(model: Model, given: Mapping[str, Tensor], *, same_head: bool) -> tuple[str, ...]:
    """Fills in what fits, and says what was left as it was. With other labels the last layer means something else."""
    network = model.network
    own = network.state_dict()
    fits = {name for name, tensor in given.items() if name in own and own[name].shape == tensor.shape}
    backbone = tuple(f"{path}." for path in model.recipe.backbone)
    if not same_head:
        fits -= {name for name in fits if name.startswith(last_layer(network, backbone))}
    fits -= {name for name in _REFERENCE if not same_head}
    wrong = [name for name in own if name not in fits and name.startswith(backbone)]
    if wrong or not fits:
        missing = [name for name in wrong if name not in given]
        misshaped = [f"{name}: {tuple(given[name].shape)}, not {tuple(own[name].shape)}" for name in wrong if name in given]
        raise WeightsMismatch(missing=missing, misshaped=misshaped)
    with torch.no_grad():
        for name in fits:
            own[name].copy_(given[name])
    return tuple(name for name in own if name not in fits)


def last_layer(network: nn.Module, backbone: tuple[str, ...]) -> str:
    """What the names of the last parameters outside the backbone begin with."""
    heads = [name for name, _ in network.named_parameters() if not name.startswith(backbone)]
    return heads[-1].rpartition(".")[0] + "." if heads else ""


def freeze(starting: StartingModel, told: ModelPart) -> None:
    """Raises TrainingConfigError where nothing would be left to train."""
    if told.trained == "head":
        for name, parameter in starting.network.named_parameters():
            parameter.requires_grad_(not starting.is_backbone(name))
    if not any(parameter.requires_grad for parameter in starting.network.parameters()):
        raise TrainingConfigError(f"model.trained: nothing of {told.start} is left to train")


@dataclass(frozen=True, eq=False)
class RateGroup:
    """Parameters that share a rate: `rate` of the head's."""

    rate: float
    parameters: tuple[nn.Parameter, ...]


def rate_groups(starting: StartingModel, told: OptimiserPart) -> list[RateGroup]:
    """Layers in the order in which the network names them, each with `layer_decay` of the rate of the next; the head with 1."""
    trained = [(name, one) for name, one in starting.network.named_parameters() if one.requires_grad]
    layers = list(dict.fromkeys(_layer(name) for name, _ in trained if starting.is_backbone(name)))
    rates: dict[float, list[nn.Parameter]] = {}
    for name, parameter in trained:
        rate = 1.0
        if starting.is_backbone(name):
            rate = told.backbone_rate * told.layer_decay ** (len(layers) - layers.index(_layer(name)))
        rates.setdefault(rate, []).append(parameter)
    if set(rates) == {0.0}:
        raise TrainingConfigError("optimiser.backbone_rate: with 0 nothing is trained")
    return [RateGroup(rate, tuple(parameters)) for rate, parameters in rates.items() if rate > 0]


def _layer(name: str) -> str:
    """Up to the first number of its name, as of a block in a list; without one, all but its last part.

    >>> _layer("encoder.blocks.3.attn.qkv.weight"), _layer("conv1.weight")
    ('encoder.blocks.3', 'conv1')
    """
    steps = name.split(".")
    before = list(takewhile(lambda step: not step.isdigit(), steps))
    return ".".join(steps[: len(before) + 1]) if len(before) < len(steps) else name.rpartition(".")[0]
