"""What a classifier with a reference learns last: the means of its features, and how far from them an image may lie."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from models.catalogue import View
from models.evaluation.datasets.items import Item
from models.library.model import Model
from models.training.clip_dataset import ClipDataset

_FALSE_REFUSALS = 0.01  # the limit refuses this share of the validation's patients and classes
_AT_ONCE = 64


def learnt_reference(model: Model, train: ClipDataset, validation: ClipDataset) -> dict[str, float]:
    """Sets the network's means and gives the limit; nothing for a network without a reference, or without an image of a heart.

    A class may have none: that of no heart at all, or one too rare for the split.
    """
    if not (model.describes and model.manifest.architecture.get("reference_classes")):
        return {}
    if not (_hearts(train) and _hearts(validation)):
        return {}
    features, items = _described(model, train)
    classes = torch.tensor([train.task.labels.index(train.task.class_of(item)) for item in items])
    model.learning_reference.learn_reference(features, classes)
    features, items = _described(model, validation)
    place = next(model.network.parameters()).device
    with torch.inference_mode():
        distances = model.reference.distance(features.to(place)).cpu().tolist()
    of_patient: dict[tuple[str, str], list[float]] = {}
    for item, distance in zip(items, distances, strict=True):
        of_patient.setdefault((item.group, validation.task.class_of(item)), []).append(distance)
    means = [np.mean(values) for values in of_patient.values()]
    return {"out_of_distribution": float(np.quantile(means, 1 - _FALSE_REFUSALS))}


def _described(model: Model, data: ClipDataset) -> tuple[Tensor, list[Item]]:
    """Features (n, width), float32, of every image that shows a heart, and the items that they are of."""
    place = next(model.network.parameters()).device
    model.network.eval()
    features, items = [], []
    for inputs, batch in _batches(data):
        with torch.inference_mode():
            features.append(model.describing.describe(inputs.to(place))[1].float().cpu())
        items += batch
    return torch.cat(features), items


def _batches(data: ClipDataset) -> Iterator[tuple[Tensor, list[Item]]]:
    hearts = _hearts(data)
    for first in range(0, len(hearts), _AT_ONCE):
        shown = [
            (sample.inputs, data.items[index]) for index in hearts[first : first + _AT_ONCE] for sample in data.shown(index)
        ]
        yield torch.stack([inputs for inputs, _ in shown]), [item for _, item in shown]


def _hearts(data: ClipDataset) -> list[int]:
    return [index for index, item in enumerate(data.items) if item.truth.view or item.truth.label != View.OTHER.value]
