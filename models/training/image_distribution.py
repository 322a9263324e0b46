"""What a distribution reference learns from images: a mean for each class, one covariance for all, and a limit.

The limit is a quantile of the distances of clips whose patients were held out. No patient is ever on both sides: frames of one
patient are alike, and a limit set on frames of patients that were learnt from would refuse every new patient.

The covariance is shrunk towards its diagonal by Ledoit and Wolf's rule (J Multivariate Anal 2004;88:365-411). The rule asks for
independent samples. Frames of one patient are none, so the patient is its unit.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.errors import TooFewImages, UnsuitableModel
from models.networks.mahalanobis import nearest_class_distance

Matrix = NDArray[np.float64]

FOLDS = 5
FEWEST_PATIENTS = 5  # of a class: with fewer its mean is that of these patients
WIDEST = 4096  # features: their covariance is a square of it
# A channel that hardly varies in these images must not rule the distance: this share of the mean variance is added to each.
_VARIANCE_FLOOR = 0.01


@dataclass(frozen=True)
class SeenClip:
    """One clip in the features of the embedder, float32 (frames, width). `patient` is any word for whom, or what study, it is
    of; what is learnt holds neither.
    """

    features: NDArray[np.float32]
    label: str
    patient: str
    study: str = ""


@dataclass(frozen=True)
class Reference:
    """`class_means` (classes, width) in the order of `labels`; `precision` (width, width); `shrinkage` 0 to 1."""

    labels: tuple[str, ...]
    class_means: Matrix
    precision: Matrix
    shrinkage: float

    def distance(self, clip: SeenClip) -> float:
        """The mean over the clip's frames, as in the node."""
        tensors = (torch.from_numpy(part).float() for part in (clip.features, self.class_means, self.precision))
        return float(nearest_class_distance(*tensors).mean())


@dataclass(frozen=True)
class Learnt:
    """`held_out` (clips,) are the distances of clips of patients that their reference had not seen; they have no unit.

    `limit` is a quantile of them.
    """

    reference: Reference
    limit: float
    held_out: Matrix


def fewest_patients(quantile: float) -> int:
    """How many patients put one of them beyond the quantile, on average, when one more comes.

    >>> fewest_patients(0.95), fewest_patients(0.99)
    (19, 99)
    """
    return math.ceil(quantile / (1 - quantile) - 1e-9)


def classes_with_enough(clips: Sequence[SeenClip]) -> tuple[str, ...]:
    """The labels of at least FEWEST_PATIENTS patients, sorted."""
    patients = Counter(label for label, _ in {(clip.label, clip.patient) for clip in clips})
    return tuple(sorted(label for label, count in patients.items() if count >= FEWEST_PATIENTS))


def learn(clips: Sequence[SeenClip], quantile: float) -> Learnt:
    """The reference of all clips of classes with enough patients, and the limit that refuses a share `1 - quantile` of clips.

    Raises TooFewImages where the patients are too few for that limit, or no class has enough of them.
    """
    labels = classes_with_enough(clips)
    usable, clips = len({clip.patient for clip in clips}), [clip for clip in clips if clip.label in labels]
    patients = sorted({clip.patient for clip in clips})
    needed = max(fewest_patients(quantile), FEWEST_PATIENTS)
    if len(patients) < needed:
        in_classes = "" if usable == len(patients) else f", of {len(patients)} in classes of {FEWEST_PATIENTS} or more"
        raise TooFewImages(
            f"usable images of {usable} patients or studies{in_classes}: a limit at the quantile {quantile:g} of those held "
            f"out needs {needed} at least"
        )
    fold_of = {patient: number % FOLDS for number, patient in enumerate(patients)}
    held_out: list[float] = []
    for fold in range(FOLDS):
        reference = reference_of([clip for clip in clips if fold_of[clip.patient] != fold])
        out = (clip for clip in clips if fold_of[clip.patient] == fold)
        # A class whose patients all fell into this fold is unknown here, and known in the end.
        held_out += [reference.distance(clip) for clip in out if clip.label in reference.labels]
    distances = np.array(held_out)
    return Learnt(reference_of(clips), float(np.quantile(distances, quantile)), distances)


def reference_of(clips: Sequence[SeenClip]) -> Reference:
    """Every clip counts the same, however many frames it has. Raises UnsuitableModel for features too wide."""
    labels = tuple(sorted({clip.label for clip in clips}))
    width = clips[0].features.shape[1]
    if width > WIDEST:
        raise UnsuitableModel(f"{width} features of a frame are too many for a covariance ({WIDEST} at most)")
    features = np.concatenate([clip.features for clip in clips]).astype(np.float64)
    weights = np.concatenate([np.full(len(clip.features), 1 / len(clip.features)) for clip in clips]) / len(clips)
    classes = np.concatenate([np.full(len(clip.features), labels.index(clip.label)) for clip in clips])
    order = {patient: number for number, patient in enumerate(sorted({clip.patient for clip in clips}))}
    patients = np.concatenate([np.full(len(clip.features), order[clip.patient]) for clip in clips])
    means = np.stack([np.average(features[classes == at], axis=0, weights=weights[classes == at]) for at in range(len(labels))])
    residuals = features - means[classes]
    variances = weights @ residuals**2
    scale = np.sqrt(variances + _VARIANCE_FLOOR * variances.mean() + 1e-12)
    covariance, shrinkage = shrunk_covariance(residuals / scale, weights, patients)
    return Reference(labels, means, np.linalg.inv(covariance) / np.outer(scale, scale), shrinkage)


def shrunk_covariance(residuals: Matrix, weights: Matrix, patients: NDArray[np.int_]) -> tuple[Matrix, float]:
    """(1 - s) S + s m I, (width, width), of `residuals` (n, width) with `weights` (n,), which sum to 1; and s.

    S is the covariance of the features and m the mean variance. `patients` (n,) are numbers of whom each row is of. s = b2 /
    d2: how far S strays by chance, from patient to patient, over how far it is from m I.
    """
    width = residuals.shape[1]
    covariance = residuals.T @ (residuals * weights[:, None])
    level = float(np.trace(covariance)) / width
    size = float((covariance**2).sum())
    along = ((residuals @ covariance) * residuals).sum(axis=1) * weights  # <w x x', S> of each frame
    strayed = 0.0
    for patient in np.unique(patients):
        mine = patients == patient
        rows = residuals[mine] * np.sqrt(weights[mine])[:, None]
        share = float(weights[mine].sum())
        strayed += float(((rows @ rows.T) ** 2).sum()) - 2 * share * float(along[mine].sum()) + share**2 * size
    distance = size - width * level**2
    shrinkage = min(1.0, strayed / distance) if distance > 0 else 1.0
    shrunk = (1 - shrinkage) * covariance + shrinkage * level * np.eye(width)
    return shrunk, shrinkage
