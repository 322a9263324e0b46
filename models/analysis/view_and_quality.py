"""What the classifiers say of a clip before it is measured: its view, its quality, its distance from the training data, and
whether it is one image or two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from models.analysis.adapters import as_probabilities, likeliest_view
from models.analysis.displays import is_known_to, told_by_region
from models.analysis.distribution import frames_looked_at, reference_features, verdict
from models.analysis.image_quality import grade_quality
from models.analysis.loaded_model import LoadedModel
from models.catalogue import DISPLAYS
from models.clip import Clip
from models.errors import ReadingError
from models.inputs.clip_input import network_input
from models.library.roles import DUAL
from models.results import DistributionVerdict, ModelUse, QualityGrade, ViewPrediction


@dataclass(frozen=True)
class SplitScreenVerdict:
    """Whether the screen shows two images: the probability that it does, and the model that says so."""

    dual_probability: float
    model: str

    @property
    def is_dual(self) -> bool:
        return self.dual_probability > 0.5


@dataclass(frozen=True)
class ViewAndQuality:
    """What the classifiers say about a clip; None where no network of the set can say it. `distribution_model` is the model
    that told the distance, `graded_by` the one that judged the quality.
    """

    view: ViewPrediction
    quality: QualityGrade | None
    distribution: DistributionVerdict | None
    models: tuple[ModelUse, ...]
    notes: tuple[str, ...] = ()
    distribution_model: str = ""
    screen: SplitScreenVerdict | None = None
    graded_by: LoadedModel | None = None


def find_view_and_quality(
    clip: Clip,
    of_view: LoadedModel,
    graders: Sequence[LoadedModel],
    of_phantoms: LoadedModel | None,
    *,
    of_distribution: LoadedModel | None = None,
    of_screen: LoadedModel | None = None,
) -> ViewAndQuality:
    """`of_distribution` tells the distance of every clip; without it the view's own network where it can. Where that cannot
    either, `of_phantoms` does, and of phantoms only. Of a display only a network answers that was taught on such displays.
    """
    chosen = frames_looked_at(clip)
    view, features, notes = _seen(clip, of_view, chosen)
    models = [of_view.use]
    distribution = screen = None
    reference = of_distribution or (
        of_view if of_view.model.knows_its_training_data else of_phantoms if clip.is_quality_control_subject else None
    )
    if reference is not None and not is_known_to(reference.manifest, view.view):
        reference = None
    if reference is not None:
        try:
            features = features if reference is of_view else reference_features(reference, clip, view.view, chosen)
            distribution = verdict(reference, features)
            models += [] if reference is of_view else [reference.use]
        except ReadingError as error:  # what it cannot look at, it has not compared
            notes += (f"{reference.manifest.name} cannot read this clip: {error}",)
    graded = grade_quality(graders, clip, view.view, chosen)
    models += [graded.by.use] if graded else []
    if of_screen is not None and view.view not in DISPLAYS:  # the small picture above a display makes no split screen
        screen = _screen_verdict(of_screen, clip, chosen)
        models.append(of_screen.use)
    told_by = reference.manifest.name if reference else ""
    quality, graded_by = (graded.grade, graded.by) if graded else (None, None)
    return ViewAndQuality(view, quality, distribution, tuple(models), notes, told_by, screen, graded_by)


def _seen(clip: Clip, of_view: LoadedModel, chosen: Sequence[int]) -> tuple[ViewPrediction, Any, tuple[str, ...]]:
    """The view, the features of the frames where the network gives such, and what is to be noted."""
    notes: tuple[str, ...] = ()
    try:
        outputs = of_view.run(network_input(clip, of_view.manifest, chosen))
    except ReadingError as error:  # then all views are as likely, and none is likely enough
        outputs = (torch.zeros(1, len(of_view.manifest.labels)),)
        notes = (f"{of_view.manifest.name} cannot read this clip: {error}",)
    probabilities = [float(value) for value in as_probabilities(outputs[0])]
    likeliest, probability = likeliest_view(of_view.manifest, probabilities)
    named = tuple(zip(of_view.manifest.labels, probabilities, strict=True))
    prediction = ViewPrediction(told_by_region(likeliest, clip), probability, named)
    return prediction, outputs[1] if len(outputs) > 1 else None, notes


def _screen_verdict(loaded: LoadedModel, clip: Clip, chosen: Sequence[int]) -> SplitScreenVerdict:
    logits = loaded.run(network_input(clip, loaded.manifest, chosen))[0]
    labels = [label.lower() for label in loaded.manifest.labels]
    return SplitScreenVerdict(float(as_probabilities(logits)[labels.index(DUAL)]), loaded.manifest.name)
