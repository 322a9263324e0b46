"""The three things that are taught: which frames, which target, which loss, which limits and figures at the end."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.catalogue import View
from models.evaluation.metrics.agreement import quadratic_kappa
from models.library.manifest import Value
from models.library.model import Model
from models.library.protocols import DescribingClassifier
from models.training.augment import Augmentation
from models.training.phantom_source import VIEWS, FrameSet

_BATCH = 64
# The out-of-distribution limit refuses this share of the validation hearts' clips.
_FALSE_REFUSALS = 0.01


@dataclass(frozen=True)
class TrainingSummary:
    """What is known after training, from the validation hearts: limits for the manifest and figures."""

    thresholds: Mapping[str, float]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Objective:
    """`architecture` is what it needs of a network. `select` says which frames are used: (n,), true where a frame is one.

    `loss` compares logits (n, ...), float32, with a batch and gives one number, without axes. `finish` may change the network's
    buffers.
    """

    labels: tuple[str, ...]
    architecture: Mapping[str, Value]
    augmentation: Augmentation
    select: Callable[[FrameSet], NDArray[np.bool_]]
    loss: Callable[[Tensor, "Batch"], Tensor]
    finish: Callable[[Model, FrameSet, FrameSet], TrainingSummary]


@dataclass(frozen=True)
class Batch:
    """`images` and `masks` (n, 1, size, size), float32, 0 to 1; `views` and `qualities` (n,), int64 indices."""

    images: Tensor
    masks: Tensor
    views: Tensor
    qualities: Tensor


def batches(frames: FrameSet, size: int = _BATCH) -> Iterator[Batch]:
    """All frames in order."""
    for first in range(0, len(frames), size):
        yield batch_of(frames, np.arange(first, min(first + size, len(frames))))


def batch_of(frames: FrameSet, indices: NDArray[np.int64]) -> Batch:
    """The frames of these `indices` (n,)."""
    images, masks = (torch.from_numpy(a[indices]).float()[:, None] / 255 for a in (frames.images, frames.lv_masks))
    return Batch(images, masks, torch.from_numpy(frames.views[indices]), torch.from_numpy(frames.qualities[indices]))


def _finish_view(model: Model, train: FrameSet, validation: FrameSet) -> TrainingSummary:
    hearts, classifier = train.where(train.is_heart), model.describing
    model.learning_reference.learn_reference(_described(classifier, hearts)[1], torch.from_numpy(hearts.views))
    logits, features = _described(classifier, validation)
    with torch.inference_mode():
        distances = model.reference.distance(features).numpy()
    found = logits.argmax(dim=1).numpy()
    truly_heart = validation.is_heart
    clips = list(zip(validation.seeds[truly_heart].tolist(), validation.views[truly_heart].tolist(), strict=True))
    by_clip: dict[tuple[int, int], list[float]] = {}
    for clip, distance in zip(clips, distances[truly_heart], strict=True):
        by_clip.setdefault(clip, []).append(float(distance))
    limit = float(np.quantile([np.mean(values) for values in by_clip.values()], 1 - _FALSE_REFUSALS))
    return TrainingSummary(
        {"view_probability": 0.5, "out_of_distribution": limit},
        {
            "validation_view_accuracy_percent": 100 * float((found == validation.views).mean()),
            "validation_negative_refusal_percent": 100 * float((distances[~truly_heart] > limit).mean()),
        },
    )


def _described(classifier: DescribingClassifier, frames: FrameSet) -> tuple[Tensor, Tensor]:
    with torch.inference_mode():
        pairs = [classifier.describe(batch.images) for batch in batches(frames)]
    return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])


def _finish_quality(model: Model, train: FrameSet, validation: FrameSet) -> TrainingSummary:
    with torch.inference_mode():
        shares = torch.cat([model.classifier(batch.images).softmax(dim=1) for batch in batches(validation)]).numpy()
    scores = shares @ np.linspace(0, 100, shares.shape[1])
    # Half-way between the mean scores of the worst grade and the next: the worst is what the limit is for.
    limit = float(np.mean([scores[validation.qualities == grade].mean() for grade in (0, 1)]))
    kappa = quadratic_kappa(validation.qualities, np.rint(scores * (shares.shape[1] - 1) / 100).astype(int))
    right = (scores >= limit) == (validation.qualities > 0)
    return TrainingSummary(
        {"adequate_quality": limit},
        {"validation_kappa": kappa, "validation_adequacy_accuracy_percent": 100 * float(right.mean())},
    )


def _lv_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy, which keeps the half-probability line at the border, plus soft Dice, which weighs small cavities."""
    probability = logits.sigmoid()
    overlap = (probability * batch.masks).sum(dim=(1, 2, 3))
    total = probability.sum(dim=(1, 2, 3)) + batch.masks.sum(dim=(1, 2, 3))
    dice = (2 * overlap + 20) / (total + 20)
    return functional.binary_cross_entropy_with_logits(logits, batch.masks) + 0.3 * (1 - dice.mean())


def _finish_lv(model: Model, train: FrameSet, validation: FrameSet) -> TrainingSummary:
    dice, ratios = [], []
    with torch.inference_mode():
        for batch in batches(validation):
            found = model.segmenter(batch.images).sigmoid() >= 0.5
            truth = batch.masks >= 0.5
            areas, true_areas = found.sum(dim=(1, 2, 3)), truth.sum(dim=(1, 2, 3))
            dice.append(2 * (found & truth).sum(dim=(1, 2, 3)) / (areas + true_areas))
            ratios.append(areas / true_areas)
    ratio, overlap = torch.cat(ratios).numpy(), torch.cat(dice).numpy()
    return TrainingSummary(
        {"contour_level": 0.5},
        {"validation_dice": float(overlap.mean()), "validation_area_ratio": float(np.median(ratio))},
    )


def _shows_ventricle(frames: FrameSet) -> NDArray[np.bool_]:
    return np.asarray(frames.is_heart & (frames.views != VIEWS.index(View.OTHER)))


# What a recipe's `Training.objective` calls it.
OBJECTIVES: dict[str, Objective] = {
    "view": Objective(
        labels=tuple(view.value for view in VIEWS),
        architecture={"reference_classes": len(VIEWS)},
        augmentation=Augmentation(),
        select=lambda frames: np.ones(len(frames), dtype=bool),
        loss=lambda logits, batch: functional.cross_entropy(logits, batch.views, label_smoothing=0.02),
        finish=_finish_view,
    ),
    "quality": Objective(
        labels=("0", "1", "2", "3"),
        architecture={},
        augmentation=Augmentation(gain=0.1, gamma=0.1, blur=0.0, noise=0.0, shading=0.0, haze=0.0),
        select=lambda frames: frames.is_heart,
        loss=lambda logits, batch: functional.cross_entropy(logits, batch.qualities),
        finish=_finish_quality,
    ),
    "lv": Objective(
        labels=("lv",),
        architecture={},
        augmentation=Augmentation(),
        select=_shows_ventricle,
        loss=_lv_loss,
        finish=_finish_lv,
    ),
}
