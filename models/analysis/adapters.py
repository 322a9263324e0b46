"""What a family's networks need to take a role in the model set: how frames become their input, what their output means."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.catalogue import View
from models.clip import Clip
from models.errors import ManifestError, UnsuitableModel
from models.inputs.clip_input import ClipInput, input_of
from models.library.manifest import Manifest
from models.library.model_set import Role
from models.library.recipe import FITS, LV
from models.library.registry import recipe_of
from models.library.roles import image_of

_LIKELY_ENOUGH = 0.5  # a view, where the manifest states no `view_probability`
_INSIDE = 0.5  # probability of a cavity's border, where the manifest states no `contour_level`


def view_limit(manifest: Manifest) -> float:
    return float(manifest.thresholds.get("view_probability", _LIKELY_ENOUGH))


def likeliest_view(manifest: Manifest, probabilities: Sequence[float]) -> tuple[View, float]:
    """The view with the largest sum of its classes' probabilities; OTHER, with its own sum, where none is likely enough."""
    sums: dict[View, float] = {View.OTHER: 0.0}
    for label, probability in zip(manifest.labels, probabilities, strict=True):
        view = image_of(label)
        if view is None:
            raise ManifestError(f"model {manifest.name}: {label} is no view")
        sums[view] = sums.get(view, 0.0) + probability
    view, probability = max(sums.items(), key=lambda pair: pair[1])
    return (view, probability) if probability >= view_limit(manifest) else (View.OTHER, sums[View.OTHER])


def outlines_frames(manifest: Manifest) -> bool:
    """Whether it outlines a ventricle frame by frame."""
    return recipe_of(manifest).roles.get(Role.LV_SEGMENTATION) == FITS


def lv_output(manifest: Manifest) -> int:
    """Which of its maps is the left ventricle: by label, or the only one of a network whose labels name nothing."""
    return manifest.labels.index(LV) if LV in manifest.labels else 0


def placed_frames(clip: Clip, manifest: Manifest) -> ClipInput:
    """The clip as a segmenter takes it. Raises UnsuitableModel for one that outlines nothing."""
    if not outlines_frames(manifest):
        raise UnsuitableModel(f"model {manifest.name}: nothing says how its family {manifest.family} outlines a frame")
    return input_of(clip, manifest)


def border_probability(manifest: Manifest) -> float:
    return float(manifest.thresholds.get("contour_level", _INSIDE))


def border_logit(manifest: Manifest) -> float:
    level = border_probability(manifest)
    return math.log(level / (1 - level))


def as_probabilities(logits: Tensor) -> NDArray[np.float32]:
    """Probabilities (classes,), the mean over frames of what `logits` (n, classes), float32, say."""
    mean: NDArray[np.float32] = logits.softmax(dim=1).mean(dim=0).numpy()
    return mean
