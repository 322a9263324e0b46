"""What a family's networks need to take a part in the model set: how frames become their input, what their output means.

The tables here name the families whose recipes take such a role; a test keeps them equal.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.catalogue import View
from models.clip import Clip
from models.families.echo_apex import sequences as echo_apex_sequences
from models.families.echo_motion.frames import Preparation as EchoMotionPreparation
from models.families.echo_prime import networks as echo_prime
from models.families.echonet.clips import normalisation, squares
from models.families.phantom.classifier import PhantomClassifier
from models.inputs.clip_squares import evenly
from models.manifest import Manifest, ManifestError
from models.predictor.frames import ClipFrames, Fit, Preparation
from models.reading import Decoding
from models.roles import image_of

Points = NDArray[np.float64]

_LIKELY_ENOUGH = 0.5  # a view, where the manifest states no `view_probability`
_INSIDE = 0.5  # probability of a cavity's border, where the manifest states no `contour_level`


class Described(nn.Module):
    """A phantom classifier that gives its features as well as its logits: the distance from its training data needs them."""

    def __init__(self, classifier: PhantomClassifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        return self.classifier.describe(frames)


def classifier_preparation(manifest: Manifest) -> Preparation:
    """Of a classifier of single frames."""
    if manifest.family == "phantom_classifier":
        return Preparation(Fit.LETTERBOX, manifest.input_size_px, manifest.input_size_px)
    _, height, width = manifest.input_shape
    return Preparation(Fit.STRETCH, height, width, channels=3, largest=255)


# Family -> the input of its view classifiers from a clip: one of each of the frames that vote, or one of the whole clip.
CLASSIFIERS: dict[str, Callable[[Clip, ClipFrames, Manifest, Sequence[int]], Tensor]] = {
    "echo_prime": lambda clip, frames, manifest, indices: echo_prime.shown(clip, Decoding.CORRECTED)[:, 0][None],
    "echo_apex": lambda clip, frames, manifest, indices: echo_apex_sequences.shown(
        clip, manifest, evenly(clip.number_of_frames, echo_apex_sequences.FRAMES)
    )[0][None],
}


def classifier_input(clip: Clip, frames: ClipFrames, manifest: Manifest, indices: Sequence[int]) -> Tensor:
    """Raises ReadingError for a clip that the family cannot be asked about."""
    if manifest.family in CLASSIFIERS:
        return CLASSIFIERS[manifest.family](clip, frames, manifest, indices)
    return frames.batch(classifier_preparation(manifest), indices, keep=True)


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


class PlacedFrames(Protocol):
    """One clip as a segmenter takes it."""

    def batch(self, indices: Sequence[int]) -> Tensor: ...

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        """Points (n, 2) of the network's map in px of the whole image."""
        ...


@dataclass(frozen=True)
class _Letterboxed:
    frames: ClipFrames
    preparation: Preparation

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self.frames.batch(self.preparation, indices)

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        return _pairs(self.frames.letterbox(self.preparation.height_px).to_image(points_px))


@dataclass(frozen=True)
class _Stretched:
    frames: ClipFrames
    preparation: Preparation
    clip: Clip

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self.frames.batch(self.preparation, indices)

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        scale = np.array([self.clip.columns / self.preparation.width_px, self.clip.rows / self.preparation.height_px])
        return _pairs((points_px + 0.5) * scale - 0.5)


class _EchoNetSquares:
    """The cut of EchoNet-Dynamic's own reader, so that a ventricle is outlined on what the network was taught on."""

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        rule = normalisation(manifest)
        if rule is None:
            raise ManifestError(f"model {manifest.name}: its manifest does not state mean and std of its training clips")
        self._rule, self._cut = rule, squares(clip, Decoding.CORRECTED)

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self._rule.apply(self._cut.frames[list(indices)]).permute(1, 0, 2, 3)

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        return self._cut.placement.to_image(points_px)


class _EchoMotionSquares:
    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        self._clip, self._preparation = clip, EchoMotionPreparation.of(manifest)

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self._preparation.squares(self._clip, list(indices))

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        return _pairs(self._preparation.letterbox(self._clip).to_image(points_px))


def _letterboxed(clip: Clip, frames: ClipFrames, manifest: Manifest) -> PlacedFrames:
    return _Letterboxed(frames, Preparation(Fit.LETTERBOX, manifest.input_size_px, manifest.input_size_px))


def _stretched(clip: Clip, frames: ClipFrames, manifest: Manifest) -> PlacedFrames:
    channels, height, width = manifest.input_shape
    return _Stretched(frames, Preparation(Fit.STRETCH, height, width, channels=channels, largest=255), clip)


# Family -> the clip as its segmenters take it.
SEGMENTERS: dict[str, Callable[[Clip, ClipFrames, Manifest], PlacedFrames]] = {
    "phantom_segmenter": _letterboxed,
    "echonet_dynamic": lambda clip, frames, manifest: _EchoNetSquares(clip, manifest),
    "echoforge_unet": _stretched,
    "echo_motion": lambda clip, frames, manifest: _EchoMotionSquares(clip, manifest),
}


def on_map(placed: PlacedFrames, point_px: Points) -> Points:
    """A point (x, y) px of the whole image on the network's map, also where it lies outside it: `to_image` scales and moves."""
    origin, right, below = (np.array(point) for point in placed.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])))
    return np.asarray(np.linalg.solve(np.stack([right - origin, below - origin], axis=1), point_px - origin))


def border_probability(manifest: Manifest) -> float:
    return float(manifest.thresholds.get("contour_level", _INSIDE))


def border_logit(manifest: Manifest) -> float:
    level = border_probability(manifest)
    return math.log(level / (1 - level))


def _pairs(points_px: Points) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points_px)


def as_probabilities(logits: Tensor) -> NDArray[np.float32]:
    """Mean over frames of what logits (n, classes) say: (classes,)."""
    mean: NDArray[np.float32] = logits.softmax(dim=1).mean(dim=0).numpy()
    return mean
