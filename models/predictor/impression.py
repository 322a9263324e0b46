"""What the classifiers say of a clip before it is measured: its view, its quality, its distance from the training data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from models.clip import Clip
from models.families.reading import ReadingError
from models.predictor.adapters import as_probabilities, classifier_input, likeliest_view
from models.predictor.frames import ClipFrames
from models.predictor.image_quality import grade_quality
from models.predictor.parts import Part
from models.results import DistributionVerdict, ModelUse, QualityGrade, ViewPrediction

_VIEW_FRAMES = 8  # spread over the clip, so that several phases of the beat vote


@dataclass(frozen=True)
class Impression:
    """What the classifiers say about a clip; None where no network of the set can say it. `distribution_judge` is the model
    that told the distance.
    """

    view: ViewPrediction
    quality: QualityGrade | None
    distribution: DistributionVerdict | None
    models: tuple[ModelUse, ...]
    notes: tuple[str, ...] = ()
    distribution_judge: str = ""


def look_at(clip: Clip, frames: ClipFrames, of_view: Part, of_quality: Part | None, gate: Part | None) -> Impression:
    """`gate` tells the distance where the view's own network cannot, and of phantoms only."""
    last = clip.number_of_frames - 1
    chosen = [int(index) for index in np.unique(np.linspace(0, last, _VIEW_FRAMES).round())]
    notes: tuple[str, ...] = ()
    try:
        outputs = of_view.run(classifier_input(clip, frames, of_view.manifest, chosen))
    except ReadingError as error:  # then all views are as likely, and none is likely enough
        outputs = (torch.zeros(1, len(of_view.manifest.labels)),)
        notes = (f"{of_view.manifest.name} cannot read this clip: {error}",)
    probabilities = [float(value) for value in as_probabilities(outputs[0])]
    view, probability = likeliest_view(of_view.manifest, probabilities)
    named = tuple(zip(of_view.manifest.labels, probabilities, strict=True))
    models = [of_view.use]
    quality = distribution = None
    judge = ""
    if of_view.knows_its_training_data:
        distribution, judge = _verdict(of_view, outputs[1]), of_view.manifest.name
    elif gate is not None and clip.is_quality_control_subject:
        squares = classifier_input(clip, frames, gate.manifest, chosen)
        distribution, judge = _verdict(gate, gate.run(squares)[1]), gate.manifest.name
        models.append(gate.use)
    if of_quality is not None:
        quality = grade_quality(of_quality, clip, frames, view, chosen)
        models.append(of_quality.use)
    return Impression(ViewPrediction(view, probability, named), quality, distribution, tuple(models), notes, judge)


def _verdict(part: Part, features: Any) -> DistributionVerdict:
    place = part.network.class_means.device
    distance = float(part.network.distance(features.to(place)).mean())
    threshold = part.manifest.threshold("out_of_distribution")
    return DistributionVerdict(distance, threshold, inside=distance <= threshold)
