"""A new head on a network: the layer that answers is random, all before it has the weights of the model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from models.errors import UnsuitableModel, WeightsError
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.recipe import Recipe
from models.library.registry import build
from models.networks.stored_weights import read_weights


def with_new_head(
    manifest: Manifest,
    recipe: Recipe,
    weights: Path | None,
    device: str,
    outputs: int,
    labels: Sequence[str] | None = None,
    seed: int = 0,
) -> Model:
    """The model with `outputs` random outputs, the same ones for the same `seed`; all else from `weights`, where given.

    Its manifest has their number and `labels`, "class_1" and so on where none are given, and none of the old one's figures.
    Raises UnsuitableModel for a network whose answer is of one kind alone, WeightsError for weights that do not fit.
    """
    described = manifest_with_outputs(manifest, recipe, outputs, labels)
    network = build(recipe, described, None, "cpu")
    answering = _answering(network, recipe, described)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        answering.reset_parameters()  # type: ignore[operator]
    if weights is not None:
        _load_rest(network, answering, read_weights(weights, manifest.weights_sha256), weights.name)
    return Model(network.to(device), recipe, described, trained=False, new_head=True)


def manifest_with_outputs(manifest: Manifest, recipe: Recipe, outputs: int, labels: Sequence[str] | None = None) -> Manifest:
    """As `with_new_head`, the manifest alone: whoever trains the head writes it with the weights."""
    if not recipe.head:
        kind = recipe.task or recipe.family
        raise UnsuitableModel(f"model {manifest.name} takes no new head: what {kind} answers is of one kind and number")
    if outputs < 1:
        raise UnsuitableModel(f"model {manifest.name}: a head has at least one output, not {outputs}")
    names = tuple(labels) if labels is not None else tuple(f"class_{number}" for number in range(1, outputs + 1))
    if len(names) != outputs or len(set(names)) != len(names) or "" in names:
        raise UnsuitableModel(f"model {manifest.name}: {outputs} outputs need as many labels, each another: {', '.join(names)}")
    return replace(
        manifest,
        labels=names,
        label_names=(),
        output_values=f"{outputs} logits" + (" per pixel" if recipe.per_pixel else ""),
        architecture={**manifest.architecture, "outputs": outputs, "new_head": True},
        metrics={},
    )


def _answering(network: nn.Module, recipe: Recipe, manifest: Manifest) -> nn.Module:
    """The last layer of the head that has weights."""
    layers = [module for module in network.get_submodule(recipe.head).modules() if hasattr(module, "reset_parameters")]
    if not layers:
        raise UnsuitableModel(f"model {manifest.name} takes no new head: its network has none of {manifest.architecture}")
    return layers[-1]


def _load_rest(network: nn.Module, answering: nn.Module, tensors: dict[str, Tensor], file: str) -> None:
    (name,) = (name for name, module in network.named_modules() if module is answering)
    new = {f"{name}.{parameter}" for parameter, _ in answering.named_parameters(recurse=False)}
    kept = {key: tensor for key, tensor in tensors.items() if key not in new}
    try:
        missing, surplus = network.load_state_dict(kept, strict=False)
    except RuntimeError as error:
        raise WeightsError(f"{file} does not fit the network: {error}") from error
    if unfit := sorted({*missing} - new) + sorted(surplus):
        raise WeightsError(f"{file} does not fit the network before its head: {', '.join(unfit[:8])}")
