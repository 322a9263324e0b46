"""The image quality of a clip, by whichever network of the model set judges it."""

from collections.abc import Sequence

import numpy as np

from models.analysis.adapters import as_probabilities, classifier_input
from models.analysis.loaded_model import Part
from models.catalogue import View
from models.clip import Clip
from models.errors import ReadingError
from models.families.phantom.classifier import PhantomClassifier
from models.inputs.clip_frames import ClipFrames
from models.library.roles import views_judged
from models.results import QualityGrade

_KEY = "image_quality"  # what a model that reads clips says of it, 0 to 100


def grade_quality(part: Part, clip: Clip, frames: ClipFrames, view: View, chosen: Sequence[int]) -> QualityGrade | None:
    """None for a view, or a clip, that the network does not judge."""
    if view not in views_judged(part.manifest):
        return None
    score = _expected_grade(part, clip, frames, chosen) if isinstance(part.network, PhantomClassifier) else _read(part, clip)
    if score is None:
        return None
    return QualityGrade(score, adequate=score >= part.manifest.threshold("adequate_quality"))


def _expected_grade(part: Part, clip: Clip, frames: ClipFrames, chosen: Sequence[int]) -> float:
    """The mean grade by its probabilities, the lowest 0, the highest 100."""
    grades = as_probabilities(part.run(classifier_input(clip, frames, part.manifest, chosen))[0])
    return float(grades @ np.linspace(0, 100, len(grades)))


def _read(part: Part, clip: Clip) -> float | None:
    try:
        values = part.network.read(clip).values
    except ReadingError:
        return None
    return next((value.value for value in values if value.key == _KEY), None)
